"""`photogram wallet`: what may be spent, what was, and what lost images still hold."""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING, Any

from .options import add_common
from .output import plain, print_frame, print_json

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from ..studio import Studio

_LOST_SHOWN = ["task_id", "sent_at", "provider", "prompt", "held_coins"]
_ENTRIES_SHOWN = ["created_at", "kind", "coins", "balance_coins", "task_id", "note"]


def add_to(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command and what it can do."""
    parser = commands.add_parser(
        "wallet",
        help="see and change what may be spent",
        description="1 coin is US$ 0.001. " + str(show_balance.__doc__),
    )
    add_common(parser)
    parser.set_defaults(run=show_balance)
    actions = parser.add_subparsers(metavar="ACTION")

    balance = actions.add_parser("balance", help="say what it holds (the default)", description=show_balance.__doc__)
    balance.set_defaults(run=show_balance)

    more = actions.add_parser("top-up", help="add coins", description=top_up.__doc__)
    more.add_argument("coins", type=coins, metavar="COINS", help="how many (1 coin is US$ 0.001)")
    more.set_defaults(run=top_up)

    entries = actions.add_parser("ledger", help="list every entry", description=show_ledger.__doc__)
    entries.set_defaults(run=show_ledger)

    caps = actions.add_parser("caps", help="show and set the most that may be spent", description=change_caps.__doc__)
    for name, where in (("day", "a day (UTC)"), ("topic", "one topic")):
        caps.add_argument(
            f"--{name}", type=cap, metavar="COINS", default=argparse.SUPPRESS,
            help=f"the most that may be spent in {where}; none takes this cap off",
        )  # fmt: skip
    caps.set_defaults(run=change_caps)

    lost = actions.add_parser("lost", help="list lost images that still hold coins", description=show_lost.__doc__)
    lost.set_defaults(run=show_lost)

    settle = actions.add_parser("settle", help="settle a lost image", description=settle_lost.__doc__)
    settle.add_argument(
        "task", metavar="TASK", help="the task's id, as `photogram wallet lost` shows it, or the image's"
    )
    outcome = settle.add_mutually_exclusive_group(required=True)
    outcome.add_argument("--billed", dest="billed", action="store_true", help="the provider billed it: book it")
    outcome.add_argument("--not-billed", dest="billed", action="store_false", help="it did not: free the coins")
    settle.set_defaults(run=settle_lost)

    for action in (balance, more, entries, caps, lost, settle):
        add_common(action, nested=True)


def coins(text: str) -> float:
    """Reads a number of coins above 0."""
    number = cap(text)
    if not number:
        raise argparse.ArgumentTypeError(f"must be a number of coins above 0, not {text}")
    return number


def cap(text: str) -> float | None:
    """Reads a number of coins from 0 on, or `none`."""
    if text.strip().lower() == "none":
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number >= 0):
        raise argparse.ArgumentTypeError(f"must be a number of coins, not {text}")
    return number


def show_balance(options: argparse.Namespace) -> int:
    """Says what the wallet holds, and what is held for images under way and for lost ones."""
    from .. import Studio

    with Studio(options.workspace) as studio:
        return _print_balance(studio, options)


def top_up(options: argparse.Namespace) -> int:
    """Adds coins to the wallet."""
    from .. import Studio

    with Studio(options.workspace) as studio:
        studio.wallet.top_up(coins=options.coins)
        return _print_balance(studio, options)


def show_ledger(options: argparse.Namespace) -> int:
    """Lists every entry of the ledger, oldest first: grants, holds, releases and what was paid (captures)."""
    from .. import Studio

    with Studio(options.workspace) as studio:
        frame = studio.wallet.ledger()
    shown = frame if options.json else frame[_ENTRIES_SHOWN]
    print_frame(shown, as_json=options.json, empty="No entries yet: the first picture makes the first grant.")
    return 0


def change_caps(options: argparse.Namespace) -> int:
    """Shows the most that may be spent in a day and in one topic; with --day or --topic sets it first."""
    from .. import Studio

    given: dict[str, Any] = {f"{name}_coins": getattr(options, name) for name in ("day", "topic") if name in options}
    with Studio(options.workspace) as studio:
        caps = studio.wallet.set_caps(**given) if given else studio.wallet.caps()
    if options.json:
        print_json({f"{name}_coins": caps.get(name) for name in ("day", "topic")})
    else:
        for name in ("day", "topic"):
            print(f"{name:<5}  {f'{caps[name]:,g} coins' if name in caps else 'no cap'}")
    return 0


def show_lost(options: argparse.Namespace) -> int:
    """Lists lost images whose coins are still held: settle them once you know what their provider billed."""
    from .. import Studio

    with Studio(options.workspace) as studio:
        frame = studio.wallet.lost()
    shown = frame if options.json else frame[_LOST_SHOWN]
    print_frame(shown, as_json=options.json, empty="Nothing is lost.")
    return 0


def settle_lost(options: argparse.Namespace) -> int:
    """Settles a lost image as you found out at its provider."""
    from .. import Studio

    with Studio(options.workspace) as studio:
        studio.wallet.settle(options.task, billed=options.billed)
        return _print_balance(studio, options)


def _print_balance(studio: Studio, options: argparse.Namespace) -> int:
    wallet = studio.wallet
    balance, held, lost = wallet.balance_coins, wallet.held_coins, len(wallet.lost())
    if options.json:
        print_json({"balance_coins": balance, "held_coins": held, "lost": lost})
        return 0
    print(f"{balance:,g} coins (US$ {balance / 1000:,.2f})")
    if held:
        print(f"{held:,g} more are held for images under way or lost.")
    if lost:
        print(f"{plain(lost)} lost: `photogram wallet lost` lists them, `photogram wallet settle` settles them.")
    return 0
