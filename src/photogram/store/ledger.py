"""The wallet: signed entries that are never deleted, and one balance that is always their sum."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ..errors import CapExceeded, InsufficientCoins
from .rows import Cursor
from .settings import get_setting, set_setting

if TYPE_CHECKING:
    import pandas as pd

FIRST_GRANT_MICROS = 10_000_000
"""10,000 coins (US$ 10): what a new wallet is granted where nothing else is set."""

FIRST_GRANT, CAPS = "first_grant_micros", "caps"
"""Settings: what a new wallet is granted, and the caps {"day": micros, "topic": micros}."""


def balance(cur: Cursor, user_id: str) -> int:
    """Returns what the wallet holds, in micro-dollars; one that was never used holds its first grant."""
    row = cur.execute("SELECT balance_micros FROM wallets WHERE user_id = ?", [user_id]).fetchone()
    return row[0] if row else first_grant(cur, user_id)


def first_grant(cur: Cursor, user_id: str) -> int:
    """Returns what this user's wallet is granted when it is made."""
    chosen = get_setting(cur, user_id, FIRST_GRANT)
    return FIRST_GRANT_MICROS if chosen is None else int(chosen)


def choose_first_grant(cur: Cursor, user_id: str, micros: int) -> None:
    """Settles what a wallet that is not yet made is granted."""
    set_setting(cur, user_id, FIRST_GRANT, micros)


def open_wallet(cur: Cursor, user_id: str, now: datetime) -> None:
    """Makes the wallet with its first grant; does nothing where there is one."""
    if cur.execute("SELECT 1 FROM wallets WHERE user_id = ?", [user_id]).fetchone():
        return
    cur.execute("INSERT INTO wallets VALUES (?, 0, ?)", [user_id, now])
    book(cur, user_id, "grant", first_grant(cur, user_id), now, key=f"{user_id}:first grant", note="first grant")


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
            "UPDATE wallets SET balance_micros = balance_micros + ? WHERE user_id = ?", [amount_micros, user_id]
        )
    return written is not None


def hold(cur: Cursor, user_id: str, topic_id: str, holds: Sequence[tuple[str, int]], now: datetime) -> None:
    """Holds what tasks may cost; free ones leave no entry.

    Raises:
        InsufficientCoins: The wallet holds less than all of them together.
        CapExceeded: They would pass the cap of the day or of the topic.
    """
    open_wallet(cur, user_id, now)
    holds = [(task_id, micros) for task_id, micros in holds if micros]
    need, have = sum(micros for _, micros in holds), balance(cur, user_id)
    if not need:
        return
    if need > have:
        raise InsufficientCoins(need_micros=need, have_micros=have)
    _check_caps(cur, user_id, topic_id, need, now)
    for task_id, micros in holds:
        book(cur, user_id, "hold", -micros, now, key=f"{task_id}:hold", task_id=task_id)


def _check_caps(cur: Cursor, user_id: str, topic_id: str, need: int, now: datetime) -> None:
    caps = get_setting(cur, user_id, CAPS) or {}
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    for name, where, value in (
        ("day", "l.created_at >= ?", midnight),
        ("topic", "l.task_id IN (SELECT k.id FROM tasks k JOIN batches b ON b.id = k.batch_id WHERE b.topic_id = ?)",
         topic_id),
    ):  # fmt: skip
        cap = caps.get(name)
        if cap is None:
            continue
        row = cur.execute(
            "SELECT coalesce(-sum(amount_micros), 0) FROM ledger l "
            f"WHERE l.user_id = ? AND l.kind <> 'grant' AND {where}",
            [user_id, value],
        ).fetchone()
        spent = int(row[0]) if row else 0
        if spent + need > cap:
            said = (
                f"This needs {need / 1000:g} coins, {spent / 1000:g} of the {name}'s {cap / 1000:g} are spent or held."
            )
            again = f" The day ends at {midnight + timedelta(days=1):%H:%M} UTC." if name == "day" else ""
            raise CapExceeded(said + again, next_step=f"studio.wallet.set_caps({name}_coins=…) changes the cap.")


def settle(
    cur: Cursor, user_id: str, task_id: str, attempt: int, held_micros: int, cost_micros: int, now: datetime
) -> int:
    """Returns a task's whole hold and books what it really cost (even above the hold). Booking twice books once.

    Args:
        cur: An open transaction.
        user_id: Whose wallet.
        task_id: The task.
        attempt: Which of its sends is paid.
        held_micros: What was held for it.
        cost_micros: What it cost.
        now: UTC.

    Returns:
        What was captured by this call.
    """
    entries = [("release", held_micros, f"{task_id}:release", 0)] if held_micros else []
    if cost_micros:
        open_wallet(cur, user_id, now)
        entries.append(("capture", -cost_micros, f"{task_id}:{attempt}:capture", attempt))
    if not entries:
        return 0
    written = []
    for kind, micros, key, paid in entries:  # one by one: several rows at once would come in any order
        written += cur.execute(
            "INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, '', ?) ON CONFLICT DO NOTHING RETURNING kind, amount_micros",
            [key, user_id, task_id, paid, kind, micros, now],
        ).fetchall()
    moved = sum(micros for _, micros in written)
    cur.execute("UPDATE wallets SET balance_micros = balance_micros + ? WHERE user_id = ?", [moved, user_id])
    return -sum(int(micros) for kind, micros in written if kind == "capture")


def is_settled(cur: Cursor, task_id: str) -> bool:
    """Tells whether the task's hold was returned or its cost booked; a free one never held anything."""
    row = cur.execute(
        "SELECT count(*) FILTER (kind = 'hold'), count(*) FILTER (kind IN ('release', 'capture')) "
        "FROM ledger WHERE task_id = ?",
        [task_id],
    ).fetchone()
    return bool(row and (row[0] == 0 or row[1] > 0))


def top_up(cur: Cursor, user_id: str, amount_micros: int, now: datetime, key: str) -> None:
    """Grants the user more; a second call with the same key does nothing."""
    open_wallet(cur, user_id, now)
    book(cur, user_id, "grant", amount_micros, now, key=key, note="top-up")


def list_ledger(cur: Cursor, user_id: str) -> pd.DataFrame:
    """Returns the user's entries, oldest first, in coins, with the balance after each."""
    return cur.execute(
        """
        SELECT l.created_at, l.kind, l.amount_micros / 1000.0 AS coins,
               sum(l.amount_micros) OVER (ORDER BY l.created_at, l.rowid) / 1000.0 AS balance_coins,
               l.task_id, k.generation_id, k.provider, l.note
        FROM ledger l LEFT JOIN tasks k ON k.id = l.task_id WHERE l.user_id = ? ORDER BY l.created_at, l.rowid
        """,
        [user_id],
    ).df()
