"""How tasks end: asset, status, cost, hold and cover in one transaction."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ..domain.asset import Asset
from ..domain.task import TaskError, TaskStatus, sources_of
from ..errors import FileMissing, NotFound, NotYours
from . import ledger
from .gathered import AMONG, columns, gathered, pick, rounds
from .holds import open_hold
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
        FileMissing: A file is not there.
    """
    for one in made:
        if not os.path.exists(one.path):
            raise FileMissing(f"The image file {one.path} is missing.")
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
    rows = cur.execute(
        "SELECT id, generation_id, batch_id, user_id, sends, hold_micros, cost_micros, cost_source FROM tasks "
        f"WHERE {AMONG} AND status IN ({quoted_sources(TaskStatus.SUCCESS)})",
        {"ids": [one.task_id for one in made]},
    ).fetchall()
    found = {row[0]: row[1:] for row in rows}
    ended = [
        _Ended(made=one, generation_id=row[0], batch_id=row[1], user_id=row[2], sends=row[3], held_micros=row[4],
               cost_micros=row[5] or one.cost_micros, cost_source=row[6] if row[5] else one.cost_source)
        for one in made
        if (row := found.get(one.task_id))
    ]  # fmt: skip
    if ended:
        ids, shas, times, costs, sources = columns(
            ended, lambda e: e.made.task_id, lambda e: e.made.asset.sha256, lambda e: e.made.now,
            lambda e: e.cost_micros, lambda e: e.cost_source,
        )  # fmt: skip
        cur.execute(
            f"UPDATE tasks SET status = 'success', finished_at = {pick('times', 'TIMESTAMP')}, progress = NULL, "
            f"queue_position = NULL, note = NULL, {NO_ERROR}, asset_sha256 = {pick('shas', 'VARCHAR')}, "
            f"cost_micros = {pick('costs', 'BIGINT')}, cost_source = {pick('sources', 'VARCHAR')}, "
            f"revision = nextval('revision') WHERE {AMONG}",
            {"ids": ids, "shas": shas, "times": times, "costs": costs, "sources": sources},
        )
    return ended


def _add_assets(cur: Cursor, ended: Sequence[_Ended]) -> None:
    made = {one.made.asset.sha256: one.made for one in reversed(ended)}
    rows = cur.execute("SELECT sha256 FROM assets WHERE sha256 IN (SELECT unnest(?::VARCHAR[]))", [list(made)])
    there = {row[0] for row in rows.fetchall()}
    new = [one for sha256, one in made.items() if sha256 not in there]
    if new:
        cur.execute(
            "INSERT INTO assets SELECT unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), unnest(?::INTEGER[]), "
            "unnest(?::INTEGER[]), unnest(?::BIGINT[]), unnest(?::TIMESTAMP[])",
            columns(
                new, lambda m: m.asset.sha256, lambda m: m.asset.mime, lambda m: m.asset.width,
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
    ids, task_ids, seeds, booked, sources, shas = columns(
        ended, lambda e: e.generation_id, lambda e: e.made.task_id, lambda e: e.made.seed, lambda e: e.booked_micros,
        lambda e: e.cost_source, lambda e: e.made.asset.sha256,
    )  # fmt: skip
    cur.execute(
        f"UPDATE generations SET seed = coalesce({pick('seeds', 'BIGINT')}, seed), "
        f"cost_micros = cost_micros + {pick('booked', 'BIGINT')}, cost_source = {pick('sources', 'VARCHAR')}, "
        f"asset_sha256 = CASE WHEN task_id = {pick('task_ids', 'VARCHAR')} OR asset_sha256 IS NULL "
        f"THEN {pick('shas', 'VARCHAR')} ELSE asset_sha256 END, revision = nextval('revision') WHERE {AMONG}",
        {"ids": ids, "task_ids": task_ids, "seeds": seeds, "booked": booked, "sources": sources, "shas": shas},
    )


def _show_cover(cur: Cursor, ended: Sequence[_Ended]) -> None:
    """Makes the first image of a topic that has no cover its cover, and marks the topics active."""
    batches = {"ids": list({one.batch_id for one in ended})}
    topic_of = dict(cur.execute(f"SELECT id, topic_id FROM batches WHERE {AMONG}", batches).fetchall())
    covers: dict[str, str] = {}
    times: dict[str, datetime] = {}
    for one in ended:
        topic_id = topic_of.get(one.batch_id)
        if topic_id is not None:
            covers.setdefault(topic_id, one.made.asset.sha256)
            times[topic_id] = max(times.get(topic_id, one.made.now), one.made.now)
    if covers:
        cur.execute(
            f"UPDATE topics SET cover_sha256 = coalesce(cover_sha256, {pick('shas', 'VARCHAR')}), "
            f"last_activity_at = greatest(last_activity_at, {pick('times', 'TIMESTAMP')}), "
            f"revision = nextval('revision') WHERE {AMONG}",
            {"ids": list(covers), "shas": list(covers.values()), "times": [times[topic_id] for topic_id in covers]},
        )


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

    So does it with a hold whose task is gone, or over: whatever went wrong there, nothing else would return it.

    Raises:
        NotFound: There is no such lost task, or it is settled.
        NotYours: It is another user's.
    """
    row = cur.execute(
        "SELECT user_id, status, generation_id, sends, hold_micros FROM tasks WHERE id = ?", [task_id]
    ).fetchone()
    if row is not None and row[0] != user_id:
        raise NotYours(f"The task {task_id} belongs to another user of this workspace.")
    held = open_hold(cur, user_id, task_id)
    _, status, generation_id, sends, once_held = row or (user_id, "gone", "", 0, held)
    if status in ("pending", "processing") or not (held or status == "lost"):
        raise NotFound(f"There is no lost task {task_id}.", next_step="studio.wallet.lost() lists them.")
    if once_held and not held:
        raise NotFound(f"The task {task_id} is settled already.", next_step="studio.wallet.ledger() shows how.")
    cost = held if billed else 0
    _book(cur, user_id, task_id, generation_id, sends, held, cost, "estimated" if cost else "free", now)
    if billed and not held:  # nobody knew the price
        cur.execute("UPDATE tasks SET cost_source = 'unknown' WHERE id = ?", [task_id])
        cur.execute("UPDATE generations SET cost_source = 'unknown' WHERE id = ?", [generation_id])
    note = "Settled: it was billed." if billed else "Settled: it was not billed."
    cur.execute(SAY, [note, task_id])


def quoted_sources(target: TaskStatus) -> str:
    """Returns the statuses from which `target` may be reached, for an IN list."""
    return ", ".join(f"'{source}'" for source in sources_of(target))
