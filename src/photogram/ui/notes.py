"""What the engine notes on a task, as facts that another language can say. Only this reads its sentences."""

from __future__ import annotations

import re

from ..engine.progress import SLOW
from ..store.stopping import MAY_BE_BILLED, TOLD

CLOCK = r"(\d\d:\d\d:\d\d) UTC\."

SENTENCES = {
    "until": rf"Waiting until {CLOCK}",
    "again": rf"It is tried again at {CLOCK}",
    "since": rf"Check your connection; it has been so since {CLOCK}",
    "limit": r"A limit of sends per minute is reached\.",
    "resume": r"Then studio\.resume\(\) goes on\.",
    "billed": r"It was billed all the same\.",
    "billed_sent": r"It was billed when it was sent\.",
    "told": re.escape(TOLD),
    "may_be_billed": re.escape(MAY_BE_BILLED),
    "settled_billed": r"Settled: it was billed\.",
    "settled_free": r"Settled: it was not billed\.",
}
"""What the engine and the store write, by the text that says it (`note.…`); at most one time of day in each."""


def write_note(note: str | None) -> str | None:
    """Returns why an image waits; that it takes long, the browser sees by itself and says in its own words."""
    return (note or "").removeprefix(SLOW).strip() or None


def read_note(note: str | None) -> list[list[str]] | None:
    """Returns what a note says, each as [text's name] or [text's name, time of day]; None where it says nothing known.

    What a provider says itself stays in its own words, and is left out here.
    """
    found = [(match.start(), [name, *match.groups()]) for name, sentence in SENTENCES.items()
             if (match := re.search(sentence, note or ""))]  # fmt: skip
    return [said for _, said in sorted(found)] or None
