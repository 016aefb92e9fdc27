"""`photogram doctor`: is everything in order, and if not, what to do."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from .options import add_common
from .output import plain, print_json

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_to(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    parser = commands.add_parser("doctor", help="check the installation and the workspace", description=doctor.__doc__)
    parser.add_argument("--adopt", action="store_true", help="take over a workspace that was copied from elsewhere")
    parser.add_argument("--purge", action="store_true", help="remove files that no image names any more")
    add_common(parser)
    parser.set_defaults(run=doctor)


def doctor(options: argparse.Namespace) -> int:
    """Checks versions, workspace, disk, keys and Jupyter; every finding says what to do."""
    from ..studio.doctor import examine

    findings = examine(options.workspace, None, adopt=options.adopt, purge=options.purge)
    if options.json:
        print_json([{"name": f.name, "ok": f.ok, "message": f.message, "next_step": f.next_step} for f in findings])
    else:
        for finding in findings:
            print(f"{'ok' if finding.ok else '!!'}  {finding.name}: {plain(finding.message)}")
            if finding.next_step and not finding.ok:
                print(f"    {plain(finding.next_step)}")
    return 0 if all(finding.ok for finding in findings) else 1
