"""What commands print: JSON for programs, aligned columns for people. Text of others never reaches a terminal raw."""

from __future__ import annotations

import json
import math
import shutil
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandas import DataFrame

_WIDEST_CELL = 60


def print_json(value: Any) -> None:
    """Prints one JSON document with real characters (no escapes) to stdout."""
    print(json.dumps(to_json(value), ensure_ascii=False, indent=2, allow_nan=False))


def print_frame(frame: DataFrame, *, as_json: bool, empty: str = "Nothing found.") -> None:
    """Prints a DataFrame as a list of JSON objects, or as a table.

    Args:
        frame: What to print.
        as_json: Whether a program reads it.
        empty: What to tell a person when there is no row.
    """
    rows = [dict(zip(map(str, frame.columns), row, strict=True)) for row in frame.itertuples(index=False, name=None)]
    if as_json:
        print_json(rows)
    elif rows:
        print_table(rows)
    else:
        print(empty)


def print_table(rows: Sequence[Mapping[str, Any]]) -> None:
    """Prints rows in aligned columns; cells are cut so that a line fits the terminal, and never cut in a pipe."""
    names = list(rows[0])
    heads = [plain(name) for name in names]  # of a query's columns, which may be called by anything (PIVOT)
    table = [heads, *([plain(row.get(name)) for name in names] for row in rows)]
    widths = [max(_columns(line[place]) for line in table) for place in range(len(names))]
    if sys.stdout.isatty():
        widths = _fit(widths, shutil.get_terminal_size().columns - 2 * (len(names) - 1))
    for line in table:
        print("  ".join(_pad(cell, width) for cell, width in zip(line, widths, strict=True)).rstrip())


def plain(value: Any) -> str:
    """Returns a value as one line of text without control characters (a prompt may hold terminal escapes)."""
    value = to_json(value)
    if value is None:
        return "–"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return "".join(" " if char.isspace() else char for char in text if char.isspace() or _is_visible(char))


def legible(text: object) -> str:
    """Returns a text of several lines without control characters: an error may repeat what a provider says."""
    return "\n".join(plain(line) for line in str(text).split("\n"))


def to_json(value: Any) -> Any:
    """Returns a value in JSON's own types: times in ISO 8601, not-a-number and missing as null."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else None
        case Mapping():
            return {str(name): to_json(item) for name, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [to_json(item) for item in value]
        case datetime() | date() | time():
            return None if value != value else value.isoformat()  # noqa: PLR0124  (pandas' NaT is a datetime)
        case timedelta():
            return value.total_seconds()
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case bytes() | bytearray() | memoryview():
            return bytes(value).hex()
    if hasattr(value, "tolist"):  # NumPy scalars and arrays
        return to_json(value.tolist())
    text = str(value)
    return None if text in ("<NA>", "NaT") else text  # pandas' own ways to say "missing"


def _is_visible(char: str) -> bool:
    return unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn")


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else not unicodedata.combining(char) for char in text)


def _fit(widths: list[int], room: int) -> list[int]:
    """Narrows the widest columns until all fit, none below 8."""
    widths = [min(width, _WIDEST_CELL) for width in widths]
    while sum(widths) > room and max(widths) > 8:
        widths[widths.index(max(widths))] -= 1
    return widths


def _pad(text: str, width: int) -> str:
    if _columns(text) > width:
        while text and _columns(text) > width - 1:
            text = text[:-1]
        text += "…"
    return text + " " * (width - _columns(text))
