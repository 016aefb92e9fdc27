"""How tasks end: asset, status, cost, hold and cover in one transaction."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ..domain.asset import Asset
from ..domain.task import RemoteHandle, TaskError, TaskStatus, sources_of
from ..errors import NotFound, NotYours, StorageFailed
from . import ledger
from .rows import Cursor, read_handle

_NO_ERROR = "error_kind = NULL, error_message = NULL, error_next_step = NULL, error_detail = NULL"
_SAY = "UPDATE tasks SET note = ?, revision = nextval('revision') WHERE id = ?"


def finish_success(
    cur: Cursor, task_id: str, asset: Asset, path: str, now: datetime,
    *, seed: int | None = None, cost_micros: int = 0, cost_source: str = "free",
) -> bool:  # fmt: skip
    """Books a made image. Evidence is never fenced: one that comes for a lost, failed or cancelled task counts as well.

    What was booked for the task before (its image could not be stored at first) is not booked again.

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
        "UPDATE tasks SET status = 'success', finished_at = ?, progress = NULL, queue_position = NULL, note = NULL, "
        f"{_NO_ERROR}, asset_sha256 = ?, revision = nextval('revision'), "
        "cost_micros = CASE WHEN cost_micros = 0 THEN ? ELSE cost_micros END, "
        "cost_source = CASE WHEN cost_micros = 0 THEN ? ELSE cost_source END "
        f"WHERE id = ? AND status IN ({_quoted(TaskStatus.SUCCESS)}) "
        "RETURNING generation_id, batch_id, user_id, sends, hold_micros, cost_micros, cost_source",
        [now, asset.sha256, cost_micros, cost_source, task_id],
    ).fetchone()
    if row is None:
        return False
    generation_id, batch_id, user_id, sends, held, cost_micros, cost_source = row
    cur.execute(
        "INSERT INTO assets VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        [asset.sha256, asset.mime, asset.width, asset.height, asset.size_bytes, now],
    )
    booked = ledger.settle(cur, user_id, task_id, sends, held, cost_micros, now)
    cur.execute(
        "UPDATE generations SET seed = coalesce(?, seed), cost_micros = cost_micros + ?, cost_source = ?, "
        "asset_sha256 = CASE WHEN task_id = ? OR asset_sha256 IS NULL THEN ? ELSE asset_sha256 END, "
        "revision = nextval('revision') WHERE id = ?",
        [seed, booked, cost_source, task_id, asset.sha256, generation_id],
    )
    cur.execute(
        "UPDATE topics SET cover_sha256 = coalesce(cover_sha256, ?), last_activity_at = greatest(last_activity_at, ?), "
        "revision = nextval('revision') WHERE id = (SELECT topic_id FROM batches WHERE id = ?)",
        [asset.sha256, now, batch_id],
    )
    return True


def _book(
    cur: Cursor, user_id: str, task_id: str, generation_id: str, sends: int, held: int, cost_micros: int,
    cost_source: str, now: datetime,
) -> None:  # fmt: skip
    """Returns the hold and books what an ended task cost all the same, in the ledger, the task and its image alike."""
    booked = ledger.settle(cur, user_id, task_id, sends, held, cost_micros, now)
    if booked:
        cur.execute(
            "UPDATE tasks SET cost_micros = ?, cost_source = ? WHERE id = ?", [cost_micros, cost_source, task_id]
        )
        cur.execute(
            "UPDATE generations SET cost_micros = cost_micros + ?, cost_source = ? WHERE id = ?",
            [booked, cost_source, generation_id],
        )


def finish_failed(
    cur: Cursor, task_id: str, status: TaskStatus, now: datetime,
    *, error: TaskError | None = None, note: str | None = None, cost_micros: int = 0, cost_source: str = "free",
) -> bool:  # fmt: skip
    """Ends a task without an image: error, cancelled or lost. A lost one keeps its hold until the user settles it.

    Args:
        cur: An open transaction.
        task_id: The task.
        status: How it ends.
        now: UTC.
        error: What its row keeps of the failure.
        note: What else a person should know (a cancelled one may be billed).
        cost_micros: What was billed all the same.
        cost_source: How we know.

    Returns:
        Whether the task could still make that move.
    """
    kind, message, next_step, detail = (
        (error.kind, error.message, error.next_step, error.detail) if error else (None, None, None, None)
    )
    row = cur.execute(
        "UPDATE tasks SET status = ?, finished_at = ?, progress = NULL, queue_position = NULL, note = ?, "
        "error_kind = ?, error_message = ?, error_next_step = ?, error_detail = ?, revision = nextval('revision') "
        f"WHERE id = ? AND status IN ({_quoted(status)}) "
        "RETURNING generation_id, user_id, sends, hold_micros, cost_micros",
        [str(status), now, note, kind, message, next_step, detail, task_id],
    ).fetchone()
    if row is None:
        _book_late(cur, task_id, cost_micros, cost_source, now)
        return False
    generation_id, user_id, sends, held, booked = row
    if status is not TaskStatus.LOST and not booked:
        _book(cur, user_id, task_id, generation_id, sends, held, cost_micros, cost_source, now)
    return True


def _book_late(cur: Cursor, task_id: str, cost_micros: int, cost_source: str, now: datetime) -> None:
    """Books what was billed for a task that is over without an image. A bill is never fenced; one is booked once."""
    row = cur.execute(
        "SELECT generation_id, user_id, sends, hold_micros FROM tasks "
        "WHERE id = ? AND cost_micros = 0 AND status IN ('cancelled', 'error', 'lost')",
        [task_id],
    ).fetchone()
    if row is None or not cost_micros:
        return
    generation_id, user_id, sends, held = row
    _book(cur, user_id, task_id, generation_id, sends, held, cost_micros, cost_source, now)
    cur.execute(_SAY, ["It was billed all the same.", task_id])


def settle_lost(cur: Cursor, user_id: str, task_id: str, billed: bool, now: datetime) -> None:
    """Settles a lost task as its user found out: billed books what was held for it, not billed returns that.

    Raises:
        NotFound: There is no such lost task, or it is settled.
        NotYours: It is another user's.
    """
    row = cur.execute(
        "SELECT user_id, status, generation_id, sends, hold_micros FROM tasks WHERE id = ?", [task_id]
    ).fetchone()
    if row is None or (row[0] == user_id and row[1] != "lost"):
        raise NotFound(f"There is no lost task {task_id}.", next_step="studio.df(status='lost') lists them.")
    if row[0] != user_id:
        raise NotYours(f"The task {task_id} belongs to another user of this workspace.")
    if ledger.is_settled(cur, task_id):
        raise NotFound(f"The task {task_id} is settled already.", next_step="studio.wallet.ledger() shows how.")
    _, _, generation_id, sends, held = row
    cost = held if billed else 0
    _book(cur, user_id, task_id, generation_id, sends, held, cost, "estimated" if cost else "free", now)
    note = "Settled: it was billed." if billed else "Settled: it was not billed."
    cur.execute(_SAY, [note, task_id])


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

    Of one that is cancelled already only the note and the bill are taken: they may come late.

    Returns:
        The (task id, handle) of those that are cancelled now and whose provider may be told.
    """
    told: list[tuple[str, RemoteHandle]] = []
    for stop in stops:
        row = cur.execute(
            "SELECT status, local, handle FROM tasks WHERE id = ? AND user_id = ?", [stop.task_id, user_id]
        ).fetchone()
        if row is None:
            continue
        status, local, handle = row
        note = None if local or status == TaskStatus.PENDING else stop.note
        if status == TaskStatus.CANCELLED:
            if note:
                cur.execute(_SAY, [note, stop.task_id])
            _book_late(cur, stop.task_id, stop.cost_micros, stop.cost_source, now)
        elif not finish_failed(
            cur, stop.task_id, TaskStatus.CANCELLED, now,
            note=note, cost_micros=stop.cost_micros, cost_source=stop.cost_source,
        ):  # fmt: skip
            continue
        if found := read_handle(handle):
            told.append((stop.task_id, found))
    return told


def _quoted(target: TaskStatus) -> str:
    return ", ".join(f"'{source}'" for source in sources_of(target))
