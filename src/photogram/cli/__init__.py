"""The command line: `photogram generate | resume | history | sql | models | topics | keys | wallet | doctor | lab`.

Exit codes: 0 all is well, 1 something did not work out (an image failed, a wait ran out, a finding of `doctor`),
2 the call itself was wrong, 130 interrupted, 143 terminated.
"""

from __future__ import annotations

import argparse
import io
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Sequence
from types import FrameType

from ..errors import PhotogramError, UserError, WaitTimeout
from . import doctor, generate, keys, lab, lists, resume, topics, wallet
from .output import legible

Command = Callable[[argparse.Namespace], int]


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of all commands; each command sets `run` to the function that carries it out."""
    parser = argparse.ArgumentParser(
        prog="photogram",
        description="Make pictures from prompts, and keep every one of them in a workspace you can query.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {_version()}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for group in (generate, resume, lists, topics, keys, wallet, doctor, lab):
        group.add_to(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code.

    Args:
        arguments: What follows `photogram` on the command line; None takes it from there.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a prompt may hold what a terminal's encoding lacks
    try:
        options = build_parser().parse_args(arguments)
    except SystemExit as wrong:  # argparse has printed what is wrong
        return wrong.code if isinstance(wrong.code, int) else 2
    _leave_cleanly_on_sigterm()
    warnings.showwarning = _show_warning
    run: Command = options.run
    try:
        return run(options)
    except KeyboardInterrupt as stopped:
        print(f"\n{legible(stopped)}" if str(stopped) else "\nInterrupted.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `photogram history | head`
        sys.stderr.close()
        return 0
    except PhotogramError as error:
        print(f"photogram: {legible(error)}", file=sys.stderr)
        return 2 if isinstance(error, UserError) and not isinstance(error, WaitTimeout) else 1


def _show_warning(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
    """Prints what the studio warns of (such as a retired model) without the line of code that it points at."""
    name = "photogram" if category is UserWarning else category.__name__
    print(f"{name}: {legible(message)}", file=sys.stderr)


def _leave_cleanly_on_sigterm() -> None:
    """Makes SIGTERM take the way out that closes the studio: its engine stops, what runs stays resumable."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _terminate)


def _terminate(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(143)


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("photogram")
    except PackageNotFoundError:  # run from a source tree that was not installed
        return "(not installed)"
