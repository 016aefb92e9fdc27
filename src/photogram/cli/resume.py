"""`photogram resume`: carry on with what ended processes left, and say how each image of it ended."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..display.words import cost_text, count_text
from .generate import describe, print_ends
from .options import add_common, seconds
from .output import plain, print_json
from .waiting import how_to_go_on, wait_for

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from ..domain.records import TaskRecord
    from ..studio import Batch, Studio


def add_to(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    parser = commands.add_parser("resume", help="carry on with what was left", description=resume.__doc__)
    parser.add_argument("--discard", action="store_true", help="cancel what was left unsent instead of sending it")
    parser.add_argument("--timeout", type=seconds, metavar="S", help="wait at most S seconds")
    add_common(parser)
    parser.set_defaults(run=resume)


def resume(options: argparse.Namespace) -> int:
    """Sends what an ended process left unsent, and stays until that, and what it had sent, has ended."""
    from .. import Studio
    from ..studio.resuming import batches_of, discard, pick_up, take_stock

    def say_wait(hosts: Sequence[str]) -> None:
        _say(f"Looking, for 30 s at most, whether {plain(', '.join(hosts))} still works on some of it.")

    with Studio(options.workspace) as studio:
        take_stock(studio, say_wait)
        _announce(studio, discards=options.discard)
        changed, taken = (discard if options.discard else pick_up)(studio)
        if taken:
            _say(f"{count_text(len(taken), 'image')} had been sent already: carrying on.")
        kept = taken if options.discard else [*changed, *taken]
        batches = batches_of(studio, kept)
        try:
            in_time = wait_for(batches, timeout_s=options.timeout)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"Interrupted. {how_to_go_on(batches)}") from None
        code = _tell(studio, batches_of(studio, [*changed, *taken]), [*changed, *taken], kept, as_json=options.json)
        if not in_time:
            _say(f"photogram: the wait of {options.timeout:g} s ran out. {how_to_go_on(batches)}")
        return code


def _announce(studio: Studio, *, discards: bool) -> None:
    """Says what is about to be sent, and what it may cost, before anything is."""
    unsent = studio.unsent()
    if unsent is None:
        return
    cost = cost_text(round((unsent.total_usd or 0) * 1e6), source=unsent.cost_source)
    were = "image was" if unsent.n == 1 else "images were"
    _say(f"{unsent.n:,} {were} not sent ({cost}): {'discarding' if discards else 'sending'} now.")


def _tell(
    studio: Studio,
    batches: Sequence[Batch],
    tasks: Sequence[TaskRecord],
    awaited: Sequence[TaskRecord],
    *,
    as_json: bool,
) -> int:
    """Prints how each image ended; returns the exit code: 0 if every one that was carried on with is made."""
    ours, needed = ({task.generation_id for task in some} for some in (tasks, awaited))
    described: list[dict[str, Any]] = []
    all_made = True
    for batch in batches:
        images = [image for image in batch if image.id in ours]
        described.append(describe(batch, images))
        all_made &= all(image.status == "success" for image in images if image.id in needed)
        if not as_json:
            print(f"{batch.id}  {plain(batch.prompt[:60])}")
            print_ends(images)
    if as_json:
        print_json(described)
    elif not batches:
        print("Nothing was left to do.")
    return 0 if all_made else 1


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
