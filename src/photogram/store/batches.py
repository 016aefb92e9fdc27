"""Batches and their images: made in one transaction, read whole, deleted softly."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..domain.asset import Asset
from ..domain.prompt import title_from_prompt
from ..domain.records import BatchRecord
from . import ledger, settings, topics
from .rows import BATCH_COLUMNS, Cursor, marks, owned, read_batches


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTask:
    """One image of a new batch, or one more attempt at an image.

    Attributes:
        id: `tsk_…`.
        generation_id: `gen_…`.
        idx: Place in the batch.
        seed: The seed to send, or None.
        params: The checked params, complete.
        hold_micros: What is held in the wallet for it.
    """

    id: str
    generation_id: str
    idx: int
    seed: int | None
    params: Mapping[str, Any]
    hold_micros: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBatch:
    """Everything one press of Generate writes; ids are made before the call, so that calling twice writes once.

    Attributes:
        id: `bat_…`.
        topic_id: The topic; with `new_topic` it is made in the same transaction.
        new_topic: Whether the topic is new.
        title: Title of a new topic; where it is empty, the prompt gives it.
        remember_as: The setting that names the topic from now on, written with it; none where it is empty.
        provider: Short name of the provider.
        model: Model id at the provider.
        prompt: Cleaned prompt.
        params: What the user asked for.
        references: Input images, already stored.
        mask: Where to change the first of them, already stored, or None.
        tasks: One per image.
        owner: Id of the process that will send them.
        local: Whether the model runs on this machine.
        created_at: UTC.
    """

    id: str
    topic_id: str
    new_topic: bool
    provider: str
    model: str
    prompt: str
    params: Mapping[str, Any]
    tasks: Sequence[NewTask]
    owner: str
    local: bool
    created_at: datetime
    references: Sequence[Asset] = field(default=())
    mask: Asset | None = None
    title: str = ""
    remember_as: str = ""


def create_batch(cur: Cursor, user_id: str, batch: NewBatch) -> BatchRecord:
    """Writes topic (if new), batch, images, tasks and holds; all or nothing.

    Raises:
        NotFound: The topic does not exist (any more).
        NotYours: The topic is another user's.
        InsufficientCoins: The wallet holds less than the batch may cost; nothing is written.
    """
    if cur.execute("SELECT 1 FROM batches WHERE id = ?", [batch.id]).fetchone():
        return get_batch(cur, user_id, batch.id)
    if batch.new_topic:
        title, source = (batch.title, "user") if batch.title else (title_from_prompt(batch.prompt), "rule")
        topics.create_topic(cur, user_id, batch.topic_id, title, source, batch.created_at)
    owned(cur, "topics", batch.topic_id, user_id, "topic")
    if batch.remember_as:
        settings.set_setting(cur, user_id, batch.remember_as, batch.topic_id)
    _touch_topic(cur, batch)
    cur.execute(
        "INSERT INTO batches (id, topic_id, user_id, provider, model, prompt, params_requested, n, created_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [batch.id, batch.topic_id, user_id, batch.provider, batch.model, batch.prompt,
         json.dumps(dict(batch.params)), len(batch.tasks), batch.created_at],
    )  # fmt: skip
    for idx, asset in enumerate([*batch.references, *([batch.mask] if batch.mask else [])]):
        cur.execute(
            "INSERT INTO refs VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [asset.sha256, asset.mime, asset.width, asset.height, asset.size_bytes, batch.created_at],
        )
        is_mask = idx == len(batch.references)
        cur.execute("INSERT INTO batch_refs VALUES (?, ?, ?, ?, ?)", [batch.id, idx, user_id, asset.sha256, is_mask])
    rows = ", ".join(["(?, ?, ?, ?, ?, ?)"] * len(batch.tasks))
    cur.execute(
        f"INSERT INTO generations (id, batch_id, user_id, idx, seed, task_id) VALUES {rows}",
        [
            value
            for task in batch.tasks
            for value in (task.generation_id, batch.id, user_id, task.idx, task.seed, task.id)
        ],
    )
    insert_tasks(
        cur, user_id, batch.tasks, batch_id=batch.id, topic_id=batch.topic_id, provider=batch.provider,
        local=batch.local, owner=batch.owner, attempt=1, now=batch.created_at,
    )  # fmt: skip
    return get_batch(cur, user_id, batch.id)


def _touch_topic(cur: Cursor, batch: NewBatch) -> None:
    """Marks the topic active; an empty topic that nobody named gets its title from its first prompt."""
    cur.execute(
        "UPDATE topics SET last_activity_at = greatest(last_activity_at, ?), revision = nextval('revision'), "
        "title = CASE WHEN title_source = 'rule' AND NOT EXISTS (SELECT 1 FROM batches WHERE topic_id = topics.id) "
        "THEN ? ELSE title END WHERE id = ?",
        [batch.created_at, title_from_prompt(batch.prompt), batch.topic_id],
    )


def insert_tasks(
    cur: Cursor, user_id: str, tasks: Sequence[NewTask],
    *, batch_id: str, topic_id: str, provider: str, local: bool, owner: str, attempt: int, now: datetime,
) -> None:  # fmt: skip
    """Writes tasks and their holds.

    Raises:
        InsufficientCoins: The wallet holds less than all their holds together.
        CapExceeded: They would pass a cap.
    """
    rows = ", ".join(["(?, ?, ?, ?, ?, ?, 'pending', ?, ?, ?, ?, ?)"] * len(tasks))
    cur.execute(
        "INSERT INTO tasks (id, generation_id, batch_id, user_id, provider, attempt, status, owner, local, "
        "params_sent, hold_micros, created_at) "
        f"VALUES {rows}",
        [value for task in tasks
         for value in (task.id, task.generation_id, batch_id, user_id, provider, attempt, owner, local,
                       json.dumps(dict(task.params)), task.hold_micros, now)],
    )  # fmt: skip
    ledger.hold(cur, user_id, topic_id, [(task.id, task.hold_micros) for task in tasks], now)


def get_batch(cur: Cursor, user_id: str, batch_id: str) -> BatchRecord:
    """Returns one batch with its images.

    Raises:
        NotFound: There is none, or it was deleted.
        NotYours: It is another user's.
    """
    return _get(cur, user_id, batch_id)


def _get(cur: Cursor, user_id: str, batch_id: str, *, generation_id: str | None = None) -> BatchRecord:
    row = owned(cur, "batches", batch_id, user_id, "batch", columns=BATCH_COLUMNS)
    _, topic_id, *_ = row
    owned(cur, "topics", topic_id, user_id, "topic")  # in a deleted one everything is deleted
    return read_batches(cur, [row], generation_id=generation_id)[0]


def page_batches(
    cur: Cursor,
    user_id: str,
    topic_id: str | None = None,
    *,
    before: tuple[datetime, str] | None = None,
    limit: int = 10,
) -> list[BatchRecord]:
    """Returns batches, newest first.

    Args:
        cur: An open transaction.
        user_id: Whose.
        topic_id: Only this topic's; None for all that are not in a deleted topic.
        before: (created_at, id) of the last one of the page before.
        limit: How many at most.
    """
    where = ["b.user_id = ?", "b.deleted_at IS NULL", "t.deleted_at IS NULL"]
    values: list[Any] = [user_id]
    if topic_id:
        where, values = [*where, "b.topic_id = ?"], [*values, topic_id]
    if before:
        where, values = [*where, "(b.created_at, b.id) < (?, ?)"], [*values, *before]
    columns = ", ".join(f"b.{column.strip()}" for column in BATCH_COLUMNS.split(","))
    rows = cur.execute(
        f"SELECT {columns} FROM batches b JOIN topics t ON t.id = b.topic_id "
        f"WHERE {' AND '.join(where)} ORDER BY b.created_at DESC, b.id DESC LIMIT ?",
        [*values, limit],
    ).fetchall()
    return read_batches(cur, rows)


def get_generation(cur: Cursor, user_id: str, generation_id: str) -> BatchRecord:
    """Returns the batch of an image, holding only that image.

    Raises:
        NotFound: There is none, or it was deleted.
        NotYours: It is another user's.
    """
    (batch_id,) = owned(cur, "generations", generation_id, user_id, "image", columns="batch_id")
    return _get(cur, user_id, batch_id, generation_id=generation_id)


def delete_batch(cur: Cursor, user_id: str, batch_id: str, now: datetime) -> None:
    """Deletes a batch (softly) with its images; the topic takes another cover if it lost its own."""
    batch = get_batch(cur, user_id, batch_id)
    cur.execute("UPDATE batches SET deleted_at = ?, revision = nextval('revision') WHERE id = ?", [now, batch_id])
    topics.choose_cover(cur, batch.topic_id)


def restore_batch(cur: Cursor, user_id: str, batch_id: str) -> None:
    """Undoes `delete_batch`."""
    owned(cur, "batches", batch_id, user_id, "batch", deleted=True)
    cur.execute("UPDATE batches SET deleted_at = NULL, revision = nextval('revision') WHERE id = ?", [batch_id])
    topics.choose_cover(cur, get_batch(cur, user_id, batch_id).topic_id)


def delete_generations(cur: Cursor, user_id: str, generation_ids: Sequence[str], now: datetime) -> None:
    """Deletes images (softly); a topic takes another cover if it lost its own."""
    _mark_generations(cur, user_id, generation_ids, now)


def restore_generations(cur: Cursor, user_id: str, generation_ids: Sequence[str]) -> None:
    """Undoes `delete_generations`."""
    _mark_generations(cur, user_id, generation_ids, None)


def _mark_generations(cur: Cursor, user_id: str, generation_ids: Sequence[str], deleted_at: datetime | None) -> None:
    if not generation_ids:
        return
    for generation_id in generation_ids:
        owned(cur, "generations", generation_id, user_id, "image", deleted=True)
    cur.execute(
        f"UPDATE generations SET deleted_at = ?, revision = nextval('revision') WHERE id IN ({marks(generation_ids)})",
        [deleted_at, *generation_ids],
    )
    touched = cur.execute(
        "SELECT DISTINCT b.topic_id FROM generations g JOIN batches b ON b.id = g.batch_id "
        f"WHERE g.id IN ({marks(generation_ids)})",
        list(generation_ids),
    ).fetchall()
    for (topic_id,) in touched:
        topics.choose_cover(cur, topic_id)


def star_generations(cur: Cursor, user_id: str, generation_ids: Sequence[str], starred: bool) -> None:
    """Stars images, or takes the stars off."""
    if not generation_ids:
        return
    for generation_id in generation_ids:
        owned(cur, "generations", generation_id, user_id, "image")
    cur.execute(
        f"UPDATE generations SET starred = ?, revision = nextval('revision') WHERE id IN ({marks(generation_ids)})",
        [starred, *generation_ids],
    )
