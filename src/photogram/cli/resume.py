"""`photogram resume`: carry on with what an ended process left."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from .generate import describe
from .options import add_common, seconds
from .output import print_json
from .waiting import how_to_go_on, wait_for

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_to(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    parser = commands.add_parser("resume", help="carry on with what was left unsent", description=resume.__doc__)
    parser.add_argument("--timeout", type=seconds, metavar="S", help="wait at most S seconds")
    add_common(parser)
    parser.set_defaults(run=resume)


def resume(options: argparse.Namespace) -> int:
    """Sends what an ended process left unsent, and waits for it."""
    from .. import Studio

    with Studio(options.workspace) as studio:
        batches = studio.resume()
        try:
            in_time = wait_for(batches, timeout_s=options.timeout)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"Interrupted. {how_to_go_on(batches)}") from None
        if options.json:
            print_json([describe(batch) for batch in batches])
        elif not batches:
            print("Nothing was left to do.")
        else:
            for batch in batches:
                made = sum(generation.status == "success" for generation in batch)
                print(f"{batch.id}  {made} of {len(batch)} images made")
        if not in_time:
            print(f"photogram: the wait of {options.timeout:g} s ran out. {how_to_go_on(batches)}", file=sys.stderr)
        return 0 if all(generation.status == "success" for batch in batches for generation in batch) else 1
