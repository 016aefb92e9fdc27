"""Holds that are open: of tasks under way, and of lost ones until their user settles them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from .ledger import Entry, book
from .rows import Cursor

if TYPE_CHECKING:
    import pandas as pd

OPEN = """
    SELECT task_id, user_id, -sum(amount_micros)::BIGINT AS micros, count(*) AS entries FROM ledger
    WHERE kind IN ('hold', 'release') AND task_id IS NOT NULL GROUP BY task_id, user_id HAVING sum(amount_micros) < 0
"""
"""What is held, by task and user. A hold that moved to another user has several entries."""


def open_hold(cur: Cursor, user_id: str, task_id: str) -> int:
    """Returns what this user's wallet holds for a task, in micro-dollars."""
    row = cur.execute(f"SELECT micros FROM ({OPEN}) WHERE task_id = ? AND user_id = ?", [task_id, user_id]).fetchone()
    return int(row[0]) if row else 0


def list_lost(cur: Cursor, user_id: str) -> pd.DataFrame:
    """Returns the user's lost tasks that still hold coins, oldest first, also those that were retried or deleted."""
    return cur.execute(
        f"""
        SELECT k.id AS task_id, k.generation_id, k.batch_id, b.prompt, k.provider, b.model,
               o.micros / 1000.0 AS held_coins, k.sent_at, k.error_message AS error
        FROM tasks k JOIN batches b ON b.id = k.batch_id JOIN ({OPEN}) o ON o.task_id = k.id AND o.user_id = k.user_id
        WHERE k.user_id = ? AND k.status = 'lost' ORDER BY k.id
        """,
        [user_id],
    ).df()


def lost_of_generation(cur: Cursor, user_id: str, generation_id: str) -> list[str]:
    """Returns the ids of an image's lost tasks that still hold coins."""
    rows = cur.execute(
        f"SELECT k.id FROM tasks k JOIN ({OPEN}) o ON o.task_id = k.id AND o.user_id = k.user_id "
        "WHERE k.user_id = ? AND k.generation_id = ? AND k.status = 'lost' ORDER BY k.id",
        [user_id, generation_id],
    ).fetchall()
    return [row[0] for row in rows]


def move_holds(cur: Cursor, user_id: str, now: datetime) -> None:
    """Makes every open hold of another user's for a task of this user's this one's: who settles it returns it.

    Holding it is not refused for want of coins: the balance may go below zero, as when a cost is above its hold.
    """
    rows = cur.execute(
        f"SELECT o.task_id, o.user_id, o.micros, o.entries FROM ({OPEN}) o JOIN tasks k ON k.id = o.task_id "
        "WHERE o.user_id <> ? AND k.user_id = ? ORDER BY o.task_id",
        [user_id, user_id],
    ).fetchall()
    moves = []
    for task_id, other, micros, entries in rows:
        for owner, kind, amount, note in (
            (other, "release", micros, f"taken over by {user_id}"),
            (user_id, "hold", -micros, f"taken over from {other}"),
        ):
            key = f"{task_id}:{kind}:{other}:{entries}"  # it may come back, and go again
            moves.append(
                Entry(key=key, user_id=owner, kind=kind, amount_micros=amount, at=now, task_id=task_id, note=note)
            )
    book(cur, moves)
