"""Tasks, read: what the engine needs to carry one on; and made: one more attempt at an image."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from ..domain.records import BatchRecord, TaskRecord
from ..domain.task import TaskStatus
from . import batches
from .rows import Cursor, marks, owned, read_handle, read_references

_SELECT = """
    SELECT k.id, k.generation_id, k.batch_id, b.topic_id, k.user_id, k.provider, b.model, b.prompt, k.status, k.attempt,
           k.sends, k.tries, k.params_sent, g.seed, k.handle, k.owner, k.sent_at, k.hold_micros,
           k.error_kind
    FROM tasks k JOIN generations g ON g.id = k.generation_id JOIN batches b ON b.id = k.batch_id
"""


def load_tasks(cur: Cursor, task_ids: Sequence[str]) -> list[TaskRecord]:
    """Returns these tasks, oldest first; missing ones are left out."""
    return _load(cur, f"WHERE k.id IN ({marks(task_ids)})", list(task_ids)) if task_ids else []


def unfinished_tasks(cur: Cursor, user_id: str) -> list[TaskRecord]:
    """Returns the user's tasks that are pending or processing, oldest first."""
    return _load(cur, "WHERE k.user_id = ? AND k.status IN ('pending', 'processing')", [user_id])


def late_tasks(cur: Cursor, user_id: str) -> list[TaskRecord]:
    """Returns the user's lost tasks whose jobs can still be asked about, oldest first."""
    return _load(cur, "WHERE k.user_id = ? AND k.status = 'lost' AND k.handle IS NOT NULL", [user_id])


def cancelled_among(cur: Cursor, task_ids: Sequence[str]) -> list[str]:
    """Returns those of these tasks that are cancelled."""
    rows = cur.execute(
        "SELECT id FROM tasks WHERE status = 'cancelled' AND id IN (SELECT unnest(?::VARCHAR[]))", [list(task_ids)]
    ).fetchall()
    return [row[0] for row in rows]


def open_of_batch(cur: Cursor, user_id: str, batch_id: str) -> list[tuple[str, str]]:
    """Returns (task id, status) of a batch's images that are pending or processing; deleted ones left out.

    Raises:
        NotFound: There is no such batch, or it was deleted.
        NotYours: It is another user's.
    """
    owned(cur, "batches", batch_id, user_id, "batch")
    return cur.execute(
        "SELECT k.id, k.status FROM generations g JOIN tasks k ON k.id = g.task_id "
        "WHERE g.batch_id = ? AND g.deleted_at IS NULL AND k.status IN ('pending', 'processing')",
        [batch_id],
    ).fetchall()


def others_of_owner(cur: Cursor, owner: str, user_id: str) -> int:
    """Returns how many unfinished tasks of other users that process left."""
    row = cur.execute(
        "SELECT count(*) FROM tasks WHERE owner = ? AND user_id <> ? AND status IN ('pending', 'processing')",
        [owner, user_id],
    ).fetchone()
    return int(row[0]) if row else 0


def newest_task(cur: Cursor, user_id: str, generation_id: str) -> TaskRecord:
    """Returns an image's newest task.

    Raises:
        NotFound: There is no such image.
        NotYours: It is another user's.
    """
    owned(cur, "generations", generation_id, user_id, "image")
    return _load(cur, "WHERE k.id = (SELECT task_id FROM generations WHERE id = ?)", [generation_id])[0]


def _load(cur: Cursor, where: str, values: list[str]) -> list[TaskRecord]:
    rows = cur.execute(f"{_SELECT} {where} ORDER BY k.id", values).fetchall()
    references, masks = read_references(cur, sorted({row[2] for row in rows})) if rows else ({}, {})
    return [
        TaskRecord(
            id=row[0], generation_id=row[1], batch_id=row[2], topic_id=row[3], user_id=row[4], provider=row[5],
            model=row[6], prompt=row[7], status=TaskStatus(row[8]), attempt=row[9], sends=row[10],
            tries=row[11], params=json.loads(row[12]), seed=row[13], handle=read_handle(row[14]), owner=row[15],
            sent_at=row[16], hold_micros=row[17], error_kind=row[18], references=tuple(references.get(row[2], ())),
            mask=masks.get(row[2]),
        )
        for row in rows
    ]  # fmt: skip


def start_batch(cur: Cursor, user_id: str, batch: batches.NewBatch) -> tuple[BatchRecord, list[TaskRecord]]:
    """Writes a batch (see `create_batch`) and returns it with its tasks, ready to be sent."""
    record = batches.create_batch(cur, user_id, batch)
    return record, load_tasks(cur, [task.id for task in batch.tasks])


def add_attempt(cur: Cursor, user_id: str, owner: str, task: batches.NewTask, now: datetime) -> str:
    """Makes one more task of an image (Retry), with a hold of its own, and returns its id.

    The image it had stays until there is a new one. A second call with the same id changes nothing; an image whose
    newest task is still under way gets no other: that one's id is returned.

    Raises:
        NotFound: There is no such image.
        NotYours: It is another user's.
        InsufficientCoins: The wallet holds less than it may cost.
    """
    owned(cur, "generations", task.generation_id, user_id, "image")
    row = cur.execute(
        "SELECT k.id, k.status, k.attempt, k.batch_id, k.provider, k.local, b.topic_id FROM generations g "
        "JOIN tasks k ON k.id = g.task_id JOIN batches b ON b.id = g.batch_id WHERE g.id = ?",
        [task.generation_id],
    ).fetchone()
    assert row is not None
    newest, status, attempt, batch_id, provider, local, topic_id = row
    if newest == task.id or not TaskStatus(status).finished:
        return str(newest)
    batches.insert_tasks(
        cur, user_id, [task], batch_id=batch_id, topic_id=topic_id, provider=provider, local=local, owner=owner,
        attempt=attempt + 1, now=now,
    )  # fmt: skip
    cur.execute(
        "UPDATE generations SET task_id = ?, revision = nextval('revision') WHERE id = ?",
        [task.id, task.generation_id],
    )
    return task.id
