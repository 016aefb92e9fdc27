"""`docs/reliability.md` says what the code does, and names only tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

from photogram.engine.retry import decide

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "reliability.md").read_text("utf-8")


def table(text: str) -> list[str]:
    lines = [line.strip() for line in text.splitlines()]
    start = lines.index("| phase | what happened | action |")
    return [line for line in lines[start:] if line.startswith("|")]


def test_retry_table_on_the_page_is_the_one_the_code_carries() -> None:
    assert decide.__doc__
    rows = table(decide.__doc__)
    assert len(rows) > 6
    assert table(PAGE) == rows


def test_every_test_that_the_page_names_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE)
    assert len(named) > 30
    for path, name in named:
        text = (ROOT / path).read_text("utf-8")
        assert not name or re.search(rf"^def {name}\(", text, re.MULTILINE), f"{path}::{name}"


def test_every_promise_names_a_test() -> None:
    promises = PAGE.split("## Where it ends")[0].split("\n\n")
    for promise in promises:
        if promise.startswith("**"):
            assert "`tests/" in promise, promise[:80]
