"""Options that several commands share."""

from __future__ import annotations

import argparse
import math
from typing import Any


def add_common(parser: argparse.ArgumentParser, *, nested: bool = False) -> None:
    """Adds `--workspace` and `--json`.

    Args:
        parser: The command's parser.
        nested: Whether it is below a command that has them too; then it leaves that one's values alone.
    """
    where = "the workspace's folder (default: $PHOTOGRAM_HOME or ./photogram-data)"
    default: dict[str, Any] = {"default": argparse.SUPPRESS} if nested else {}
    parser.add_argument("--workspace", metavar="DIR", help=where, **default)
    parser.add_argument("--json", action="store_true", help="print JSON", **default)


def count(text: str) -> int:
    """Reads a whole number of at least 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, not {number}")
    return number


def seconds(text: str) -> float:
    """Reads a number of seconds above 0."""
    number = float(text)
    if not (math.isfinite(number) and number > 0):
        raise argparse.ArgumentTypeError(f"must be a number of seconds above 0, not {text}")
    return number


def named_value(text: str) -> tuple[str, str]:
    """Reads `name=value`."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise argparse.ArgumentTypeError(f"is written name=value, not {text!r}")
    return name.strip().replace("-", "_"), value


def text_or_stdin(text: str) -> str:
    """Returns the text; `-` reads it from stdin."""
    if text != "-":
        return text
    import sys

    return sys.stdin.read()
