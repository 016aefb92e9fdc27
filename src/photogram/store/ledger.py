"""The wallet: signed entries that are never deleted, and one balance that is always their sum."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ..errors import InsufficientCoins
from .rows import Cursor

FIRST_GRANT_MICROS = 10_000_000
"""10,000 coins (US$ 10): what a new wallet is granted."""


def balance(cur: Cursor, user_id: str) -> int:
    """Returns what the wallet holds, in micro-dollars; one that was never used holds its first grant."""
    row = cur.execute("SELECT balance_micros FROM wallets WHERE user_id = ?", [user_id]).fetchone()
    return row[0] if row else FIRST_GRANT_MICROS


def open_wallet(cur: Cursor, user_id: str, now: datetime) -> None:
    """Makes the wallet with its first grant; does nothing where there is one."""
    if cur.execute("SELECT 1 FROM wallets WHERE user_id = ?", [user_id]).fetchone():
        return
    cur.execute("INSERT INTO wallets VALUES (?, 0, ?)", [user_id, now])
    book(cur, user_id, "grant", FIRST_GRANT_MICROS, now, key=f"led_{user_id}_first_grant", note="first grant")


def book(
    cur: Cursor, user_id: str, kind: str, amount_micros: int, now: datetime,
    *, key: str, task_id: str | None = None, attempt: int = 0, note: str = "",
) -> bool:  # fmt: skip
    """Writes one entry and moves the balance with it; an entry that is there already is not written again.

    Returns:
        Whether it was written now.
    """
    written = cur.execute(
        "INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING id",
        [key, user_id, task_id, attempt, kind, amount_micros, note, now],
    ).fetchone()
    if written:
        cur.execute(
            "UPDATE wallets SET balance_micros = balance_micros + ? WHERE user_id = ?",
            [amount_micros, user_id],
        )
    return written is not None


def hold(cur: Cursor, user_id: str, holds: Sequence[tuple[str, int]], now: datetime) -> None:
    """Holds what tasks may cost; free ones leave no entry.

    Raises:
        InsufficientCoins: The wallet holds less than all of them together.
    """
    open_wallet(cur, user_id, now)
    holds = [(task_id, micros) for task_id, micros in holds if micros]
    need, have = sum(micros for _, micros in holds), balance(cur, user_id)
    if need > have:
        raise InsufficientCoins(need_micros=need, have_micros=have)
    for task_id, micros in holds:
        book(cur, user_id, "hold", -micros, now, key=f"{task_id}:hold", task_id=task_id)


def settle(
    cur: Cursor, user_id: str, task_id: str, attempt: int, cost_micros: int, now: datetime, note: str = ""
) -> None:
    """Returns a task's whole hold and books what it really cost (even above the hold)."""
    held = cur.execute("SELECT -amount_micros FROM ledger WHERE id = ?", [f"{task_id}:hold"]).fetchone()
    if held and held[0]:
        book(cur, user_id, "release", held[0], now, key=f"{task_id}:release", task_id=task_id)
    if cost_micros:
        open_wallet(cur, user_id, now)
        book(cur, user_id, "capture", -cost_micros, now,
             key=f"{task_id}:{attempt}:capture", task_id=task_id, attempt=attempt, note=note)  # fmt: skip


def top_up(cur: Cursor, user_id: str, amount_micros: int, now: datetime, key: str) -> None:
    """Grants the user more; a second call with the same key does nothing."""
    open_wallet(cur, user_id, now)
    book(cur, user_id, "grant", amount_micros, now, key=key, note="top-up")
