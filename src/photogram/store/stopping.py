"""Tasks that their user stops: cancelled, whichever process carries them, or discarded before they were sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ..domain.task import RemoteHandle, TaskStatus
from . import ledger
from .ending import NO_ERROR, SAY, book_late, finish_failed, quoted_sources
from .rows import Cursor, read_handle

TOLD = "The provider was told to stop."
MAY_BE_BILLED = "It was sent, and may still be billed."


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """What is known of a task that its user stopped.

    Attributes:
        task_id: The task.
        note: Whether it may still be billed, for people; not kept of one that runs here, or that nothing was sent for.
        cost_micros: What the provider says it bills all the same.
        cost_source: How we know.
    """

    task_id: str
    note: str | None = None
    cost_micros: int = 0
    cost_source: str = "reported"


def cancel_tasks(cur: Cursor, user_id: str, stops: Sequence[Stop], now: datetime) -> list[tuple[str, RemoteHandle]]:
    """Cancels those of the user's tasks that are not over, whichever process carries them; it notices.

    Of one that is cancelled already two things are news, and may come late: that its provider was told, and a bill.

    Returns:
        The (task id, handle) of those that are cancelled now and whose provider may be told.
    """
    rows = cur.execute(
        "SELECT id, status, local, handle FROM tasks WHERE user_id = ? AND id IN (SELECT unnest(?::VARCHAR[]))",
        [user_id, [stop.task_id for stop in stops]],
    ).fetchall()
    found = {row[0]: row[1:] for row in rows}
    plain: list[tuple[str, str | None]] = []
    for stop in stops:
        if stop.task_id not in found:
            continue
        status, local, _ = found[stop.task_id]
        note = None if local or status == TaskStatus.PENDING else stop.note
        if not TaskStatus(status).finished and not stop.cost_micros:
            plain.append((stop.task_id, note))
        elif status == TaskStatus.CANCELLED:
            if note == TOLD:
                cur.execute(f"{SAY} AND note = ?", [TOLD, stop.task_id, MAY_BE_BILLED])
            book_late(cur, stop.task_id, stop.cost_micros, stop.cost_source, now)
        else:
            finish_failed(
                cur, stop.task_id, TaskStatus.CANCELLED, now,
                note=note, cost_micros=stop.cost_micros, cost_source=stop.cost_source,
            )  # fmt: skip
    _cancel_unbilled(cur, user_id, plain, now)
    stopped = [task_id for task_id, (status, *_) in found.items() if status in _STOPPABLE]
    return [(task_id, handle) for task_id in stopped if (handle := read_handle(found[task_id][2]))]


def discard_pending(cur: Cursor, user_id: str, task_ids: Sequence[str], now: datetime) -> list[str]:
    """Cancels those of the user's tasks that nothing was sent for, and returns all of them that are cancelled now."""
    rows = cur.execute(
        "SELECT id, status FROM tasks WHERE user_id = ? AND status IN ('pending', 'cancelled') "
        "AND id IN (SELECT unnest(?::VARCHAR[]))",
        [user_id, list(task_ids)],
    ).fetchall()
    _cancel_unbilled(cur, user_id, [(task_id, None) for task_id, status in rows if status == TaskStatus.PENDING], now)
    return [row[0] for row in rows]


_STOPPABLE = (TaskStatus.PENDING, TaskStatus.PROCESSING, TaskStatus.CANCELLED)


def _cancel_unbilled(cur: Cursor, user_id: str, notes: Sequence[tuple[str, str | None]], now: datetime) -> None:
    """Cancels tasks of which no bill is known, a thousand of them at the price of one."""
    if not notes:
        return
    rows = cur.execute(
        "UPDATE tasks SET status = 'cancelled', finished_at = ?, progress = NULL, queue_position = NULL, "
        f"note = n.note, {NO_ERROR}, revision = nextval('revision') "
        "FROM (SELECT unnest(?::VARCHAR[]) AS id, unnest(?::VARCHAR[]) AS note) n "
        f"WHERE tasks.id = n.id AND status IN ({quoted_sources(TaskStatus.CANCELLED)}) "
        "RETURNING tasks.id, sends, hold_micros, tasks.cost_micros",
        [now, [task_id for task_id, _ in notes], [note for _, note in notes]],
    ).fetchall()
    ledger.settle_all(cur, [
        ledger.Due(user_id=user_id, task_id=task_id, attempt=sends, held_micros=held, cost_micros=0, at=now)
        for task_id, sends, held, booked in sorted(rows)
        if not booked
    ])  # fmt: skip
