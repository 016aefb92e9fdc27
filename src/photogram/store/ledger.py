"""The wallet: signed entries that are never deleted, and one balance that is always their sum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ..errors import CapExceeded, InsufficientCoins
from .gathered import AMONG, columns
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
    chosen = _read_amount(get_setting(cur, user_id, FIRST_GRANT))
    return FIRST_GRANT_MICROS if chosen is None else chosen


def choose_first_grant(cur: Cursor, user_id: str, micros: int) -> None:
    """Settles what a wallet that is not yet made is granted."""
    set_setting(cur, user_id, FIRST_GRANT, micros)


def open_wallet(cur: Cursor, user_id: str, now: datetime) -> None:
    """Makes the wallet with its first grant; does nothing where there is one."""
    if cur.execute("SELECT 1 FROM wallets WHERE user_id = ?", [user_id]).fetchone():
        return
    cur.execute("INSERT INTO wallets VALUES (?, 0, ?)", [user_id, now])
    grant = first_grant(cur, user_id)
    book(cur, [Entry(key=f"{user_id}:first grant", user_id=user_id, kind="grant", amount_micros=grant, at=now,
                     note="first grant")])  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the ledger.

    Attributes:
        key: Its id: the same key is written once.
        user_id: Whose wallet.
        kind: grant, hold, capture or release.
        amount_micros: Signed, in micro-dollars.
        at: UTC.
        task_id: The task it is for, or None.
        attempt: Which of the task's sends, where that matters.
        note: For people.
    """

    key: str
    user_id: str
    kind: str
    amount_micros: int
    at: datetime
    task_id: str | None = None
    attempt: int = 0
    note: str = ""


_BOOK = """
    INSERT INTO ledger
    SELECT unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), unnest(?::INTEGER[]), unnest(?::VARCHAR[]),
           unnest(?::BIGINT[]), unnest(?::VARCHAR[]), unnest(?::TIMESTAMP[])
"""
"""Rows keep their order; with ON CONFLICT they would come in any, and at three times the price (DuckDB 2.0.0)."""


def book(cur: Cursor, entries: Sequence[Entry]) -> list[Entry]:
    """Writes entries, in order, and moves the balances with them; what is there already is not written again.

    Returns:
        Those that were written now.
    """
    if not entries:
        return []
    there = {row[0] for row in cur.execute(f"SELECT id FROM ledger WHERE {AMONG}", {"ids": [e.key for e in entries]})
             .fetchall()}  # fmt: skip
    new = list({entry.key: entry for entry in entries if entry.key not in there}.values())
    if new:
        cur.execute(_BOOK, columns(
            new, lambda e: e.key, lambda e: e.user_id, lambda e: e.task_id, lambda e: e.attempt, lambda e: e.kind,
            lambda e: e.amount_micros, lambda e: e.note, lambda e: e.at,
        ))  # fmt: skip
        _move(cur, new)
    return new


def _move(cur: Cursor, written: Sequence[Entry]) -> None:
    """Moves balances by what was written; a wallet that there is none of yet is opened."""
    move = "UPDATE wallets SET balance_micros = balance_micros + ? WHERE user_id = ? RETURNING user_id"
    for user_id in sorted({entry.user_id for entry in written}):
        mine = [entry for entry in written if entry.user_id == user_id]
        change = [sum(entry.amount_micros for entry in mine), user_id]
        if not cur.execute(move, change).fetchone():
            open_wallet(cur, user_id, mine[0].at)
            cur.execute(move, change)


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
    book(cur, [
        Entry(key=f"{task_id}:hold", user_id=user_id, kind="hold", amount_micros=-micros, at=now, task_id=task_id)
        for task_id, micros in holds
    ])  # fmt: skip


def set_caps(cur: Cursor, user_id: str, changes: Mapping[str, int | None]) -> None:
    """Sets caps ("day", "topic") in micro-dollars; None takes one off, and one that is left out stays."""
    caps = {**read_caps(cur, user_id), **changes}
    set_setting(cur, user_id, CAPS, {name: micros for name, micros in caps.items() if micros is not None})


def read_caps(cur: Cursor, user_id: str) -> dict[str, int]:
    """Returns the caps that are set; what is no amount (in a workspace that was tampered with) caps nothing."""
    kept = get_setting(cur, user_id, CAPS)
    found = {name: _read_amount(kept.get(name)) for name in ("day", "topic")} if isinstance(kept, dict) else {}
    return {name: micros for name, micros in found.items() if micros is not None}


def _read_amount(kept: object) -> int | None:
    """Returns a setting that is an amount a balance can hold, or None."""
    return kept if isinstance(kept, int) and not isinstance(kept, bool) and 0 <= kept < 2**62 else None


def _check_caps(cur: Cursor, user_id: str, topic_id: str, need: int, now: datetime) -> None:
    caps = read_caps(cur, user_id)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    for name, where, value in (
        # Whenever a hold was made: what it returns today is nothing that today earned, and it may yet be booked today.
        ("day", "(l.kind <> 'capture' OR l.created_at >= ?)", midnight),
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
    due = Due(
        user_id=user_id, task_id=task_id, attempt=attempt, held_micros=held_micros, cost_micros=cost_micros, at=now
    )
    return settle_all(cur, [due])[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What is to be settled of one task; see `settle`."""

    user_id: str
    task_id: str
    attempt: int
    held_micros: int
    cost_micros: int
    at: datetime


def settle_all(cur: Cursor, dues: Sequence[Due]) -> list[int]:
    """Settles several tasks; returns what was captured now for each."""
    releases = [
        Entry(key=f"{due.task_id}:release", user_id=due.user_id, kind="release", amount_micros=due.held_micros,
              at=due.at, task_id=due.task_id)
        for due in dues if due.held_micros
    ]  # fmt: skip
    captures = [
        Entry(key=f"{due.task_id}:{due.attempt}:capture", user_id=due.user_id, kind="capture",
              amount_micros=-due.cost_micros, at=due.at, task_id=due.task_id, attempt=due.attempt)
        for due in dues if due.cost_micros
    ]  # fmt: skip
    written = book(cur, [*releases, *captures])
    captured = {entry.task_id: -entry.amount_micros for entry in written if entry.kind == "capture"}
    return [captured.get(due.task_id, 0) for due in dues]


def held(cur: Cursor, user_id: str) -> int:
    """Returns what is held for images under way and for lost ones, in micro-dollars."""
    row = cur.execute(
        "SELECT coalesce(-sum(amount_micros), 0) FROM ledger WHERE user_id = ? AND kind IN ('hold', 'release')",
        [user_id],
    ).fetchone()
    return int(row[0]) if row else 0


def top_up(cur: Cursor, user_id: str, amount_micros: int, now: datetime, key: str) -> None:
    """Grants the user more; a second call with the same key does nothing."""
    open_wallet(cur, user_id, now)
    book(cur, [Entry(key=key, user_id=user_id, kind="grant", amount_micros=amount_micros, at=now, note="top-up")])


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
