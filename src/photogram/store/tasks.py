"""Tasks: every move between statuses is a compare-and-set, so that no two processes make the same one."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import datetime

from ..domain.asset import Asset
from ..domain.records import BatchRecord, TaskRecord
from ..domain.task import RemoteHandle, TaskError, TaskStatus, sources_of
from ..errors import StorageFailed
from . import batches, ledger
from .rows import Cursor, marks, owned, read_handle, read_references, write_handle

_SELECT = """
    SELECT k.id, k.generation_id, k.batch_id, b.topic_id, k.user_id, k.provider, b.model, b.prompt, k.status, k.attempt,
           k.sends, k.params_sent, g.seed, k.handle, k.owner, k.sent_at, k.hold_micros
    FROM tasks k JOIN generations g ON g.id = k.generation_id JOIN batches b ON b.id = k.batch_id
"""


def load_tasks(cur: Cursor, task_ids: Sequence[str]) -> list[TaskRecord]:
    """Returns these tasks, oldest first; missing ones are left out."""
    return _load(cur, f"WHERE k.id IN ({marks(task_ids)})", list(task_ids)) if task_ids else []


def unfinished_tasks(cur: Cursor, user_id: str) -> list[TaskRecord]:
    """Returns the user's tasks that are pending or processing, oldest first."""
    return _load(cur, "WHERE k.user_id = ? AND k.status IN ('pending', 'processing')", [user_id])


def others_of_owner(cur: Cursor, owner: str, user_id: str) -> int:
    """Returns how many unfinished tasks of other users that process left."""
    row = cur.execute(
        "SELECT count(*) FROM tasks WHERE owner = ? AND user_id <> ? AND status IN ('pending', 'processing')",
        [owner, user_id],
    ).fetchone()
    return int(row[0]) if row else 0


def _load(cur: Cursor, where: str, values: list[str]) -> list[TaskRecord]:
    rows = cur.execute(f"{_SELECT} {where} ORDER BY k.id", values).fetchall()
    references = read_references(cur, sorted({row[2] for row in rows})) if rows else {}
    return [
        TaskRecord(
            id=row[0], generation_id=row[1], batch_id=row[2], topic_id=row[3], user_id=row[4], provider=row[5],
            model=row[6], prompt=row[7], status=TaskStatus(row[8]), attempt=row[9], sends=row[10],
            params=json.loads(row[11]), seed=row[12], handle=read_handle(row[13]), owner=row[14], sent_at=row[15],
            hold_micros=row[16], references=tuple(references.get(row[2], ())),
        )
        for row in rows
    ]  # fmt: skip


def start_batch(cur: Cursor, user_id: str, batch: batches.NewBatch) -> tuple[BatchRecord, list[TaskRecord]]:
    """Writes a batch (see `create_batch`) and returns it with its tasks, ready to be sent."""
    record = batches.create_batch(cur, user_id, batch)
    return record, load_tasks(cur, [task.id for task in batch.tasks])


def mark_sent(cur: Cursor, task_id: str, owner: str, now: datetime) -> bool:
    """Moves a task from pending to processing: the mark that is committed before the first byte leaves.

    Returns:
        Whether this call made the move; if not, nothing may be sent.
    """
    row = cur.execute(
        "UPDATE tasks SET status = 'processing', owner = ?, sent_at = ?, sends = sends + 1, progress = NULL, "
        "queue_position = NULL, revision = nextval('revision') WHERE id = ? AND status = 'pending' RETURNING id",
        [owner, now, task_id],
    ).fetchone()
    return row is not None


def still_mine(cur: Cursor, task_id: str, owner: str) -> bool:
    """Tells whether the task is still processing and this process's to send."""
    row = cur.execute("SELECT status, owner FROM tasks WHERE id = ?", [task_id]).fetchone()
    return row == ("processing", owner)


def adopt(cur: Cursor, task_id: str, dead_owner: str | None, owner: str) -> bool:
    """Takes over a processing task of a dead process; of two that try, one gets it."""
    row = cur.execute(
        "UPDATE tasks SET owner = ?, revision = nextval('revision') "
        "WHERE id = ? AND status = 'processing' AND owner IS NOT DISTINCT FROM ? RETURNING id",
        [owner, task_id, dead_owner],
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


def save_progress(cur: Cursor, reports: Sequence[tuple[str, float | None, int | None]]) -> None:
    """Keeps how far tasks are.

    Args:
        cur: An open transaction.
        reports: (task id, progress 0–1 or None, queue position or None).
    """
    for task_id, progress, queue_position in reports:
        cur.execute(
            "UPDATE tasks SET progress = ?, queue_position = ?, revision = nextval('revision') "
            "WHERE id = ? AND status = 'processing'",
            [progress, queue_position, task_id],
        )


def send_again_later(cur: Cursor, task_id: str) -> bool:
    """Moves a task back to pending: nothing ran at the provider (or it runs here and costs nothing)."""
    row = cur.execute(
        "UPDATE tasks SET status = 'pending', progress = NULL, queue_position = NULL, "
        "revision = nextval('revision') WHERE id = ? AND status = 'processing' RETURNING id",
        [task_id],
    ).fetchone()
    return row is not None


def finish_success(
    cur: Cursor, task_id: str, asset: Asset, path: str, now: datetime,
    *, seed: int | None = None, cost_micros: int = 0, cost_source: str = "free",
) -> bool:  # fmt: skip
    """Books a made image: asset, status, cost and the topic's cover, in one transaction.

    Evidence is never fenced: an image that comes for a lost, failed or cancelled task is taken as well.

    Args:
        cur: An open transaction.
        task_id: The task.
        asset: The stored image.
        path: Its file, which must exist.
        now: UTC.
        seed: The seed the provider says it used, or None to keep the one that was sent.
        cost_micros: What it cost.
        cost_source: How we know.

    Raises:
        StorageFailed: The file is not there.
    """
    if not os.path.exists(path):
        raise StorageFailed(f"The image file {path} is missing.")
    row = cur.execute(
        "UPDATE tasks SET status = 'success', finished_at = ?, progress = NULL, queue_position = NULL, "
        "error_kind = NULL, "
        "error_message = NULL, error_next_step = NULL, error_detail = NULL, asset_sha256 = ?, cost_micros = ?, "
        "cost_source = ?, "
        f"revision = nextval('revision') WHERE id = ? AND status IN ({_quoted(TaskStatus.SUCCESS)}) "
        "RETURNING generation_id, batch_id, user_id, sends",
        [now, asset.sha256, cost_micros, cost_source, task_id],
    ).fetchone()
    if row is None:
        return False
    generation_id, batch_id, user_id, sends = row
    cur.execute(
        "INSERT INTO assets VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        [asset.sha256, asset.mime, asset.width, asset.height, asset.size_bytes, now],
    )
    cur.execute(
        "UPDATE generations SET asset_sha256 = ?, seed = coalesce(?, seed), cost_micros = cost_micros + ?, "
        "cost_source = ?, revision = nextval('revision') WHERE id = ?",
        [asset.sha256, seed, cost_micros, cost_source, generation_id],
    )
    ledger.settle(cur, user_id, task_id, sends, cost_micros, now)
    cur.execute(
        "UPDATE topics SET cover_sha256 = coalesce(cover_sha256, ?), last_activity_at = greatest(last_activity_at, ?), "
        "revision = nextval('revision') WHERE id = (SELECT topic_id FROM batches WHERE id = ?)",
        [asset.sha256, now, batch_id],
    )
    return True


def finish_failed(
    cur: Cursor, task_id: str, status: TaskStatus, now: datetime,
    *, error: TaskError | None = None, cost_micros: int = 0, cost_source: str = "free",
) -> bool:  # fmt: skip
    """Ends a task without an image: error, cancelled or lost. A lost one keeps its hold until the user settles it.

    Returns:
        Whether the task could still make that move.
    """
    kind, message, next_step, detail = (
        (error.kind, error.message, error.next_step, error.detail) if error else (None, None, None, None)
    )
    row = cur.execute(
        "UPDATE tasks SET status = ?, finished_at = ?, progress = NULL, queue_position = NULL, error_kind = ?, "
        "error_message = ?, error_next_step = ?, error_detail = ?, cost_micros = ?, cost_source = ?, "
        f"revision = nextval('revision') WHERE id = ? AND status IN ({_quoted(status)}) "
        "RETURNING generation_id, user_id, sends",
        [str(status), now, kind, message, next_step, detail, cost_micros, cost_source, task_id],
    ).fetchone()
    if row is None:
        return False
    generation_id, user_id, sends = row
    if cost_micros:
        cur.execute(
            "UPDATE generations SET cost_micros = cost_micros + ?, cost_source = ?, revision = nextval('revision') "
            "WHERE id = ?",
            [cost_micros, cost_source, generation_id],
        )
    if status is not TaskStatus.LOST:
        ledger.settle(cur, user_id, task_id, sends, cost_micros, now)
    return True


def cancel_pending(cur: Cursor, user_id: str, task_ids: Sequence[str], now: datetime) -> list[str]:
    """Cancels those of the user's tasks that nothing was sent for, and returns their ids."""
    stopped = []
    for task_id in task_ids:
        row = cur.execute("SELECT user_id, status FROM tasks WHERE id = ?", [task_id]).fetchone()
        if row == (user_id, "pending") and finish_failed(cur, task_id, TaskStatus.CANCELLED, now):
            stopped.append(task_id)
    return stopped


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
        "SELECT k.id, k.status, k.attempt, k.batch_id, k.provider FROM generations g "
        "JOIN tasks k ON k.id = g.task_id WHERE g.id = ?", [task.generation_id]
    ).fetchone()  # fmt: skip
    assert row is not None
    newest, status, attempt, batch_id, provider = row
    if newest == task.id or not TaskStatus(status).finished:
        return str(newest)
    batches.insert_tasks(cur, user_id, batch_id, provider, [task], owner=owner, attempt=attempt + 1, now=now)
    cur.execute(
        "UPDATE generations SET task_id = ?, revision = nextval('revision') WHERE id = ?",
        [task.id, task.generation_id],
    )
    return task.id


def _quoted(target: TaskStatus) -> str:
    return ", ".join(f"'{source}'" for source in sources_of(target))
