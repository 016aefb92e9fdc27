"""Tasks on their way out: the mark before the send, the handle before the poll, and how fast a user may send.

Every move between statuses is a compare-and-set, so that no two processes make the same one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate

from ..domain.task import RemoteHandle, TaskStatus
from .gathered import AMONG, columns, gathered, pick, rounds
from .rows import Cursor, write_handle

WINDOW_S = 60.0
"""The window in which presses of Generate and submits are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendLimits:
    """How much may leave within 60 s; counted from rows, so that it holds across kernels and restarts.

    Attributes:
        presses: Batches of this user that may start, or None for no limit.
        submits: Submits to the task's provider, or None for no limit; those of every user, as most share one key. A
            task that was sent again counts with all its sends, at the time of the last: the row keeps no others, and to
            count one too early only waits a little.
    """

    presses: int | None = None
    submits: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """That a task is about to be sent.

    Attributes:
        task_id: The task.
        owner: The process that sends it.
        now: UTC.
        limits: How much may leave, or None for no limit.
    """

    task_id: str
    owner: str
    now: datetime
    limits: SendLimits | None = None


_LOOK = f"SELECT id, status, owner, sent_at FROM tasks WHERE {AMONG}"

_MARK = f"""
    UPDATE tasks SET status = 'processing', owner = {pick("owners", "VARCHAR")}, sent_at = {pick("times", "TIMESTAMP")},
        sends = sends + 1, progress = NULL, queue_position = NULL, note = NULL, revision = nextval('revision')
    WHERE {AMONG} AND status = 'pending'
"""


@gathered
def mark_sent(cur: Cursor, marks: Sequence[Mark]) -> list[float | None]:
    """Moves tasks from pending to processing: the mark that is committed before the first byte leaves.

    Owner and time tell one call from another: run again because nobody knew whether it was saved, it says the same.

    Returns:
        For each 0 if this call made the move; seconds to wait where a limit is reached; None if nothing may be sent
        (any more).
    """
    made: dict[int, float | None] = {}
    for part in rounds([mark for mark in marks if mark.limits is None], lambda mark: mark.task_id):
        made |= _mark(cur, part)
    for mark in marks:  # one by one, because each that goes counts for the next
        if mark.limits is not None:
            made |= _mark(cur, [mark])
    return [made[id(mark)] for mark in marks]


def _mark(cur: Cursor, marks: Sequence[Mark]) -> dict[int, float | None]:
    """Marks tasks, no two of them the same; returns by mark what `mark_sent` says of it."""
    rows = {row[0]: row[1:] for row in cur.execute(_LOOK, {"ids": [mark.task_id for mark in marks]}).fetchall()}
    made: dict[int, float | None] = {}
    due = []
    for mark in marks:
        status, owner, sent_at = rows.get(mark.task_id, (None, None, None))
        made[id(mark)] = 0.0 if (status, owner, sent_at) == ("processing", mark.owner, mark.now) else None
        if status == "pending":
            made[id(mark)] = _wait_s(cur, mark.task_id, mark.now, mark.limits) if mark.limits else 0.0
            due += [] if made[id(mark)] else [mark]
    if due:
        ids, owners, times = columns(due, lambda m: m.task_id, lambda m: m.owner, lambda m: m.now)
        cur.execute(_MARK, {"ids": ids, "owners": owners, "times": times})
    return made


def _wait_s(cur: Cursor, task_id: str, now: datetime, limits: SendLimits) -> float:
    """Returns how long until the task may be sent under these limits."""
    found = cur.execute("SELECT batch_id, user_id, provider FROM tasks WHERE id = ?", [task_id]).fetchone()
    if found is None:
        return 0.0
    batch_id, user_id, provider = found
    window, waits = timedelta(seconds=WINDOW_S), [0.0]
    since, until = now - window, now + window  # what is sent later than that was sent before the clock was put back
    if limits.submits is not None:
        sent = cur.execute(
            "SELECT sent_at, sends FROM tasks WHERE provider = ? AND sent_at > ? AND sent_at <= ? "
            "ORDER BY sent_at DESC LIMIT ?",
            [provider, since, until, limits.submits],
        ).fetchall()
        for (sent_at, _), so_far in zip(sent, accumulate(sends for _, sends in sent), strict=True):
            if so_far >= limits.submits:
                waits.append((sent_at + window - now).total_seconds())
                break
    if limits.presses is not None:
        begun = cur.execute(
            "SELECT batch_id, min(sent_at) FROM tasks WHERE user_id = ? AND sent_at IS NOT NULL AND NOT local "
            "GROUP BY batch_id HAVING (min(sent_at) > ? AND min(sent_at) <= ?) OR batch_id = ? ORDER BY 2 DESC",
            [user_id, since, until, batch_id],
        ).fetchall()
        if batch_id not in [row[0] for row in begun] and len(begun) >= limits.presses:
            waits.append((begun[limits.presses - 1][1] + window - now).total_seconds())
    return max(waits)


def still_mine(cur: Cursor, task_id: str, owner: str) -> bool:
    """Tells whether the task is still processing and this process's to send."""
    row = cur.execute("SELECT status, owner FROM tasks WHERE id = ?", [task_id]).fetchone()
    return row == ("processing", owner)


def adopt(
    cur: Cursor, task_id: str, dead_owner: str | None, owner: str, handle: RemoteHandle | None = None,
    *, status: TaskStatus = TaskStatus.PROCESSING,
) -> bool:  # fmt: skip
    """Takes over a task of a dead process, or one that was released; of two processes that try, one gets it.

    Args:
        cur: An open transaction.
        task_id: The task.
        dead_owner: The process that is gone; None for one that was released.
        owner: The one that takes over; a second call for it gives the same answer.
        handle: What the dead one wrote down; kept with the move, because its journal may be removed from then on.
        status: What it must be: processing, or lost where it is only asked about now and then.
    """
    row = cur.execute(
        "UPDATE tasks SET owner = ?, handle = coalesce(handle, ?), revision = nextval('revision') "
        "WHERE id = ? AND status = ? AND (owner IS NOT DISTINCT FROM ? OR owner = ?) RETURNING id",
        [owner, write_handle(handle) if handle else None, task_id, str(status), dead_owner, owner],
    ).fetchone()
    return row is not None


def release(cur: Cursor, task_id: str, owner: str, note: str) -> bool:
    """Frees a sent task that waits for the user, so that whichever process has what is missing may carry it.

    Args:
        cur: An open transaction.
        task_id: The task.
        owner: The process that asked about it.
        note: What the user has to do.

    Returns:
        Whether it still waits: not if it has ended, or another process carries it by now.
    """
    row = cur.execute("SELECT status, owner, note FROM tasks WHERE id = ?", [task_id]).fetchone()
    if row is None or row[0] != "processing" or row[1] not in (None, owner):
        return False
    if row[1:] != (None, note):
        cur.execute(
            "UPDATE tasks SET owner = NULL, note = ?, progress = NULL, queue_position = NULL, "
            "revision = nextval('revision') WHERE id = ?",
            [note, task_id],
        )
    return True


def carry_on(cur: Cursor, task_id: str, owner: str) -> bool:
    """Takes up again what waited for the user; returns False if it has ended, or another process carries it."""
    row = cur.execute(
        "UPDATE tasks SET owner = ?, note = NULL, revision = nextval('revision') "
        "WHERE id = ? AND status = 'processing' AND (owner IS NULL OR owner = ?) RETURNING id",
        [owner, task_id, owner],
    ).fetchone()
    return row is not None


def save_handle(cur: Cursor, task_id: str, handle: RemoteHandle) -> None:
    """Keeps what the provider gave us to ask by; committed before the first poll. Late ones are kept, too."""
    cur.execute(
        "UPDATE tasks SET handle = ?, status = CASE WHEN status = 'lost' THEN 'processing' ELSE status END, "
        "error_kind = CASE WHEN status = 'lost' THEN NULL ELSE error_kind END, "
        "finished_at = CASE WHEN status = 'lost' THEN NULL ELSE finished_at END, "
        "revision = nextval('revision') WHERE id = ?",
        [write_handle(handle), task_id],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How far a task is.

    Attributes:
        task_id: The task.
        progress: 0–1, or None where unknown.
        queue_position: Jobs before it at the provider, or None.
        note: Why it waits, for people, or None.
    """

    task_id: str
    progress: float | None = None
    queue_position: int | None = None
    note: str | None = None


def save_progress(cur: Cursor, reports: Sequence[Report]) -> None:
    """Keeps how far tasks are; one report of each."""
    cur.execute(
        "UPDATE tasks SET progress = n.progress, queue_position = n.place, note = n.note, "
        "revision = nextval('revision') FROM (SELECT unnest(?::VARCHAR[]) AS id, unnest(?::DOUBLE[]) AS progress, "
        "unnest(?::INTEGER[]) AS place, unnest(?::VARCHAR[]) AS note) n "
        "WHERE tasks.id = n.id AND status IN ('pending', 'processing')",
        columns(reports, lambda r: r.task_id, lambda r: r.progress, lambda r: r.queue_position, lambda r: r.note),
    )


def note_waiting(cur: Cursor, task_ids: Sequence[str], note: str | None) -> None:
    """Says of many tasks why they wait (or, with None, that they no longer do)."""
    cur.execute(
        "UPDATE tasks SET note = ?, revision = nextval('revision') "
        "WHERE status = 'pending' AND id IN (SELECT unnest(?::VARCHAR[]))",
        [note, list(task_ids)],
    )


def send_again_later(cur: Cursor, task_id: str, note: str | None = None, *, spends_try: bool = False) -> bool:
    """Moves a task back to pending: nothing ran at the provider (or it runs here and costs nothing).

    Args:
        cur: An open transaction.
        task_id: The task.
        note: Why it waits.
        spends_try: Whether this send counts against the three it has.
    """
    row = cur.execute(
        "UPDATE tasks SET status = 'pending', progress = NULL, queue_position = NULL, note = ?, tries = tries + ?, "
        "revision = nextval('revision') WHERE id = ? AND status = 'processing' RETURNING id",
        [note, int(spends_try), task_id],
    ).fetchone()
    return row is not None


def reopen(cur: Cursor, task_id: str, owner: str) -> bool:
    """Moves an ended task with a handle back to processing: Retry asks the provider before it pays again.

    One whose cost is booked is asked about only where the image was made, but did not arrive: it is not booked again.
    """
    row = cur.execute(
        "UPDATE tasks SET status = 'processing', owner = ?, finished_at = NULL, error_kind = NULL, "
        "error_message = NULL, error_next_step = NULL, error_detail = NULL, note = NULL, "
        "revision = nextval('revision') "
        "WHERE id = ? AND handle IS NOT NULL AND (status = 'processing' AND owner = ? OR "
        "status IN ('error', 'lost') AND (cost_micros = 0 OR error_kind IN ('bad_response', 'deadline', 'storage'))) "
        "RETURNING id",
        [owner, task_id, owner],
    ).fetchone()
    return row is not None
