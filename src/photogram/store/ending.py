"""How tasks end: asset, status, cost, hold and cover in one transaction."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ..domain.asset import Asset
from ..domain.task import TaskError, TaskStatus, sources_of
from ..errors import NotFound, NotYours, StorageFailed
from . import ledger
from .gathered import columns, gathered, rounds
from .rows import Cursor

NO_ERROR = "error_kind = NULL, error_message = NULL, error_next_step = NULL, error_detail = NULL"
SAY = "UPDATE tasks SET note = ?, revision = nextval('revision') WHERE id = ?"
"""Parts of statements: what a row forgets of an error, and what it says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """An image that is made and stored.

    Attributes:
        task_id: The task that made it.
        asset: The stored image.
        path: Its file, which must exist.
        now: UTC.
        seed: The seed the provider says it used, or None to keep the one that was sent.
        cost_micros: What it cost.
        cost_source: How we know.
    """

    task_id: str
    asset: Asset
    path: str
    now: datetime
    seed: int | None = None
    cost_micros: int = 0
    cost_source: str = "free"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ended:
    """A task that has just become a success, and what it is booked with."""

    made: Made
    generation_id: str
    batch_id: str
    user_id: str
    sends: int
    held_micros: int
    cost_micros: int
    cost_source: str
    booked_micros: int = 0


@gathered
def finish_success(cur: Cursor, made: Sequence[Made]) -> list[bool]:
    """Books made images. Evidence is never fenced: one that comes for a lost, failed or cancelled task counts as well.

    What was booked for a task before (its image could not be stored at first) is not booked again.

    Returns:
        Of each, whether its task has become a success by this call.

    Raises:
        StorageFailed: A file is not there.
    """
    for one in made:
        if not os.path.exists(one.path):
            raise StorageFailed(f"The image file {one.path} is missing.")
    booked: set[int] = set()
    for part in rounds(made, lambda one: one.task_id):
        ended = _end(cur, part)
        if ended:
            _add_assets(cur, ended)
            ended = _settle(cur, ended)
            for alone in rounds(ended, lambda one: one.generation_id):  # two attempts at one image
                _show_image(cur, alone)
            _show_cover(cur, ended)
        booked |= {id(one.made) for one in ended}
    return [id(one) in booked for one in made]


def _end(cur: Cursor, made: Sequence[Made]) -> list[_Ended]:
    """Moves tasks, no two of them the same, to success; returns those that could make that move."""
    values = columns(
        made, lambda m: m.task_id, lambda m: m.asset.sha256, lambda m: m.now, lambda m: m.cost_micros,
        lambda m: m.cost_source,
    )  # fmt: skip
    rows = cur.execute(
        "UPDATE tasks SET status = 'success', finished_at = n.at, progress = NULL, queue_position = NULL, note = NULL, "
        f"{NO_ERROR}, asset_sha256 = n.sha256, revision = nextval('revision'), "
        "cost_micros = CASE WHEN tasks.cost_micros = 0 THEN n.cost ELSE tasks.cost_micros END, "
        "cost_source = CASE WHEN tasks.cost_micros = 0 THEN n.source ELSE tasks.cost_source END "
        "FROM (SELECT unnest(?::VARCHAR[]) AS id, unnest(?::VARCHAR[]) AS sha256, unnest(?::TIMESTAMP[]) AS at, "
        "unnest(?::BIGINT[]) AS cost, unnest(?::VARCHAR[]) AS source) n "
        f"WHERE tasks.id = n.id AND status IN ({quoted_sources(TaskStatus.SUCCESS)}) "
        "RETURNING tasks.id, generation_id, batch_id, user_id, sends, hold_micros, tasks.cost_micros, "
        "tasks.cost_source",
        values,
    ).fetchall()
    found = {row[0]: row[1:] for row in rows}
    return [
        _Ended(made=one, generation_id=row[0], batch_id=row[1], user_id=row[2], sends=row[3], held_micros=row[4],
               cost_micros=row[5], cost_source=row[6])
        for one in made
        if (row := found.get(one.task_id))
    ]  # fmt: skip


def _add_assets(cur: Cursor, ended: Sequence[_Ended]) -> None:
    distinct = list({one.made.asset.sha256: one.made for one in reversed(ended)}.values())
    cur.execute(
        "INSERT INTO assets SELECT unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), unnest(?::INTEGER[]), "
        "unnest(?::INTEGER[]), unnest(?::BIGINT[]), unnest(?::TIMESTAMP[]) ON CONFLICT DO NOTHING",
        columns(
            distinct, lambda m: m.asset.sha256, lambda m: m.asset.mime, lambda m: m.asset.width,
            lambda m: m.asset.height, lambda m: m.asset.size_bytes, lambda m: m.now,
        ),
    )  # fmt: skip


def _settle(cur: Cursor, ended: Sequence[_Ended]) -> list[_Ended]:
    dues = [
        ledger.Due(user_id=one.user_id, task_id=one.made.task_id, attempt=one.sends, held_micros=one.held_micros,
                   cost_micros=one.cost_micros, at=one.made.now)
        for one in ended
    ]  # fmt: skip
    booked = ledger.settle_all(cur, dues)
    return [replace(one, booked_micros=micros) for one, micros in zip(ended, booked, strict=True)]


def _show_image(cur: Cursor, ended: Sequence[_Ended]) -> None:
    """Gives images, no two of them the same, what their tasks made."""
    cur.execute(
        "UPDATE generations SET seed = coalesce(n.seed, generations.seed), "
        "cost_micros = generations.cost_micros + n.booked, cost_source = n.source, "
        "asset_sha256 = CASE WHEN generations.task_id = n.task_id OR asset_sha256 IS NULL THEN n.sha256 "
        "ELSE asset_sha256 END, revision = nextval('revision') "
        "FROM (SELECT unnest(?::VARCHAR[]) AS id, unnest(?::VARCHAR[]) AS task_id, unnest(?::BIGINT[]) AS seed, "
        "unnest(?::BIGINT[]) AS booked, unnest(?::VARCHAR[]) AS source, unnest(?::VARCHAR[]) AS sha256) n "
        "WHERE generations.id = n.id",
        columns(
            ended, lambda e: e.generation_id, lambda e: e.made.task_id, lambda e: e.made.seed,
            lambda e: e.booked_micros, lambda e: e.cost_source, lambda e: e.made.asset.sha256,
        ),
    )  # fmt: skip


def _show_cover(cur: Cursor, ended: Sequence[_Ended]) -> None:
    """Makes the first image of a topic that has no cover its cover, and marks the topics active."""
    first = {one.batch_id: one.made for one in reversed(ended)}
    latest = {one.batch_id: one.made.now for one in sorted(ended, key=lambda one: one.made.now)}
    batches = list(first)
    cur.execute(
        "UPDATE topics SET cover_sha256 = coalesce(cover_sha256, t.sha256), "
        "last_activity_at = greatest(last_activity_at, t.at), revision = nextval('revision') "
        "FROM (SELECT b.topic_id, arg_min(n.sha256, n.first_at) AS sha256, max(n.at) AS at "
        "FROM batches b JOIN (SELECT unnest(?::VARCHAR[]) AS id, unnest(?::VARCHAR[]) AS sha256, "
        "unnest(?::TIMESTAMP[]) AS first_at, unnest(?::TIMESTAMP[]) AS at) n ON b.id = n.id GROUP BY b.topic_id) t "
        "WHERE topics.id = t.topic_id",
        [batches, *([fact(batch) for batch in batches] for fact in (
            lambda batch: first[batch].asset.sha256, lambda batch: first[batch].now, latest.__getitem__))],
    )  # fmt: skip


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
        f"WHERE id = ? AND status IN ({quoted_sources(status)}) "
        "RETURNING generation_id, user_id, sends, hold_micros, cost_micros",
        [str(status), now, note, kind, message, next_step, detail, task_id],
    ).fetchone()
    if row is None:
        book_late(cur, task_id, cost_micros, cost_source, now)
        return False
    generation_id, user_id, sends, held, booked = row
    if status is not TaskStatus.LOST and not booked:
        _book(cur, user_id, task_id, generation_id, sends, held, cost_micros, cost_source, now)
    return True


def book_late(cur: Cursor, task_id: str, cost_micros: int, cost_source: str, now: datetime) -> None:
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
    cur.execute(SAY, ["It was billed all the same.", task_id])


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
        raise NotFound(f"There is no lost task {task_id}.", next_step="studio.wallet.lost() lists them.")
    if row[0] != user_id:
        raise NotYours(f"The task {task_id} belongs to another user of this workspace.")
    if ledger.is_settled(cur, task_id):
        raise NotFound(f"The task {task_id} is settled already.", next_step="studio.wallet.ledger() shows how.")
    _, _, generation_id, sends, held = row
    cost = held if billed else 0
    _book(cur, user_id, task_id, generation_id, sends, held, cost, "estimated" if cost else "free", now)
    note = "Settled: it was billed." if billed else "Settled: it was not billed."
    cur.execute(SAY, [note, task_id])


def quoted_sources(target: TaskStatus) -> str:
    """Returns the statuses from which `target` may be reached, for an IN list."""
    return ", ".join(f"'{source}'" for source in sources_of(target))
