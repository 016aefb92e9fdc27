"""`photogram keys`: where the providers' keys come from, keeping one in the system's keyring, and trying one."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from ..errors import KeyringFailed, UserError
from .options import add_common
from .output import legible, print_json, print_table

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from ..providers.base import RemoteAdapter
    from ..providers.registry import Registry


def add_to(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command and what it can do."""
    parser = commands.add_parser("keys", help="show, keep and try the providers' keys", description=show_keys.__doc__)
    add_common(parser)
    parser.set_defaults(run=show_keys)
    actions = parser.add_subparsers(metavar="ACTION")
    for name, run, hint in (
        ("list", show_keys, "where each key comes from"),
        ("set", set_key, "keep a key in the system's keyring; it is asked for, or read from stdin"),
        ("delete", delete_key, "take a key out of the system's keyring"),
        ("test", try_key, "ask a provider whether its key is right"),
    ):
        action = actions.add_parser(name, help=hint, description=run.__doc__)
        if name != "list":
            action.add_argument("provider", metavar="PROVIDER", help="such as openai")
        if name == "set":
            action.add_argument("key", nargs="*", help=argparse.SUPPRESS)
        add_common(action, nested=True)
        action.set_defaults(run=run)


def show_keys(options: argparse.Namespace) -> int:
    """Lists where the key of each provider comes from; never the key."""
    from ..engine.keys import KeyBook
    from ..studio.keys import list_keys

    places = list_keys(_registry(options), KeyBook(), "")
    rows = [
        {
            "provider": place.provider,
            "source": place.source or None,
            "variables": list(place.variables),
            "required": place.required,
            "problem": place.problem or None,
        }
        for place in places
    ]
    if options.json:
        print_json(rows)
    else:
        print_table([{"provider": place.provider, "key": str(place)} for place in places])
    return 0


def set_key(options: argparse.Namespace) -> int:
    """Keeps a provider's key in the system's keyring. The key is asked for without showing it, or read from stdin."""
    from .. import config

    if options.key:
        raise UserError(
            "A key on the command line stays in the shell's history; nothing was kept.",
            next_step=f"Run `photogram keys set {options.provider}`, and give it when it is asked for.",
        )
    provider = _provider(options)
    variable = provider.key_variables[0]
    if provider.of_workspace:
        raise UserError(
            f"{provider.name} is one of this workspace's models.toml, which gets no key from the keyring.",
            next_step=f"Set the environment variable {variable}.",
        )
    key = config.check_key(_ask(provider.name), "what was typed")
    try:
        keyring = config.keep_key(provider.name, key)
    except KeyringFailed as error:
        step = f"{error.next_step}, or set" if error.next_step else "Set"
        raise KeyringFailed(
            f"{error.message} The key was not kept.", next_step=f"{step} the environment variable {variable}."
        ) from None
    hidden_by = source if (source := _source(provider)) != "keyring" else None
    if options.json:
        print_json({"provider": provider.name, "kept_in": keyring, "hidden_by": hidden_by})
        return 0
    print(f"The key of {provider.name} is kept in {keyring}.")
    if hidden_by:
        print(f"{hidden_by} is set, and goes before it.")
    return 0


def delete_key(options: argparse.Namespace) -> int:
    """Takes a provider's key out of the system's keyring."""
    from .. import config

    provider = _provider(options)
    deleted = config.forget_key(provider.name)
    if options.json:
        print_json({"provider": provider.name, "deleted": deleted})
    else:
        print(f"The keyring {'no longer has' if deleted else 'had no'} key of {provider.name}.")
    return 0 if deleted else 1


def try_key(options: argparse.Namespace) -> int:
    """Asks a provider whether its key is right, with a request that costs nothing."""
    from ..engine.keys import try_key as ask

    found = ask(_provider(options))
    if options.json:
        print_json({
            "provider": found.provider, "verdict": found.verdict, "message": found.message, "source": found.source
        })  # fmt: skip
    else:
        print(f"{found.provider}: {found.verdict}{f' ({found.source})' if found.source else ''}")
        if found.message:
            print(legible(found.message))
    return 0 if found.verdict == "ok" else 1


def _registry(options: argparse.Namespace) -> Registry:
    """Returns the providers, without making a workspace where there is none."""
    from .. import config
    from ..providers.registry import default_registry

    registry = default_registry(config.models_path(), config.workspace(options.workspace) / "models.toml")
    for problem in registry.problems:
        print(f"photogram: {legible(problem)}", file=sys.stderr)
    return registry


def _provider(options: argparse.Namespace) -> RemoteAdapter:
    from ..studio.keys import keyed_provider

    return keyed_provider(_registry(options), options.provider)


def _source(provider: RemoteAdapter) -> str:
    from ..engine.keys import KeyBook

    found = KeyBook().find(provider, "")
    return found.source if found else "keyring"


def _ask(provider: str) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline()
    from getpass import getpass

    return getpass(f"Key of {provider} (is not shown): ")
