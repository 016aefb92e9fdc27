"""Titles that a text model gives: asked for once by itself, never in the place of one that a person typed."""

from __future__ import annotations

from datetime import datetime

from .ledger import Entry, book, open_wallet
from .rows import Cursor, owned
from .settings import get_setting
from .topics import rename_topic

AUTO_TITLES = "auto_titles"
"""Setting: true, false, or missing: then only the provider that was just used is asked."""


def first_prompt(cur: Cursor, user_id: str, topic_id: str) -> str | None:
    """Returns the prompt of a topic's first batch, or None where it has none.

    Raises:
        NotFound: There is no such topic.
        NotYours: It is another user's.
    """
    owned(cur, "topics", topic_id, user_id, "topic")
    row = cur.execute(
        "SELECT prompt FROM batches WHERE topic_id = ? ORDER BY created_at, id LIMIT 1", [topic_id]
    ).fetchone()
    return row[0] if row else None


def used_providers(cur: Cursor, user_id: str, topic_id: str) -> list[str]:
    """Returns the providers of a topic's batches, the last used first."""
    rows = cur.execute(
        "SELECT provider FROM batches WHERE topic_id = ? AND user_id = ? "
        "GROUP BY provider ORDER BY max(created_at) DESC",
        [topic_id, user_id],
    ).fetchall()
    return [row[0] for row in rows]


def wants_titles(cur: Cursor, user_id: str) -> bool | None:
    """Returns whether topics get their titles from a text model by themselves; None: where the key is in use anyway."""
    wanted = get_setting(cur, user_id, AUTO_TITLES)
    return None if wanted is None else bool(wanted)


def claim_title(cur: Cursor, user_id: str, topic_id: str) -> str | None:
    """Returns the prompt to name a topic by, the first time that is asked and while nobody has named it; else None."""
    claimed = cur.execute(
        "UPDATE topics SET title_asked = true WHERE id = ? AND user_id = ? AND title_source = 'rule' "
        "AND NOT title_asked AND deleted_at IS NULL RETURNING id",
        [topic_id, user_id],
    ).fetchone()
    return first_prompt(cur, user_id, topic_id) if claimed else None


def keep_title(
    cur: Cursor, user_id: str, topic_id: str, title: str | None, entry_id: str, cost_micros: int, now: datetime
) -> None:
    """Gives a topic the title of a text model, unless a person named it meanwhile, and books what it cost.

    Args:
        cur: The cursor.
        user_id: Whose topic.
        topic_id: Which one.
        title: The title, or None where there is none in the answer.
        entry_id: Id of the ledger's entry: the same one is booked once.
        cost_micros: What it cost, in micro-dollars.
        now: UTC.
    """
    if cost_micros:
        open_wallet(cur, user_id, now)
        entry = Entry(
            key=entry_id, user_id=user_id, kind="capture", amount_micros=-cost_micros, at=now,
            note=f"title of topic {topic_id}",
        )  # fmt: skip
        book(cur, [entry])
    if title is not None:
        rename_topic(cur, user_id, topic_id, title, "model")
