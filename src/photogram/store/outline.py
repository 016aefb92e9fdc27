"""What a panel reads: a topic's outline (thousands of batches, a line each), and what changed since it last looked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..domain.params import read_ratio
from ..domain.records import BatchRecord, GenerationRecord
from ..domain.size import pixels_of
from .rows import (
    BATCH_COLUMNS,
    GENERATION_COLUMNS,
    GENERATION_TABLES,
    Cursor,
    marks,
    plain,
    read_batches,
    read_generation,
)

SQUARE = (1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which batches an outline lists.

    Attributes:
        topic_id: Only this topic's; None for all.
        search: Text that the prompt contains, ignoring case.
        model: `provider:model`.
        status: Only batches with an image of this status.
        starred: Only batches with a starred image.
    """

    topic_id: str | None = None
    search: str = ""
    model: str = ""
    status: str = ""
    starred: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlineRow:
    """As much of a batch as a list needs to know how high it is.

    Attributes:
        id: `bat_…`.
        topic_id: `top_…`.
        images: How many images it has that are not deleted; with none it is not shown.
        references: How many input images.
        size: (width, height) its images have or will have; only the quotient is meant.
        created_at: UTC, naive.
    """

    id: str
    topic_id: str
    images: int
    references: int
    size: tuple[int, int]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A list of batches, newest first, and the revision it was read at."""

    revision: int
    rows: Sequence[OutlineRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What is different from a revision on.

    Attributes:
        revision: The newest there is.
        rows: The outline rows of every batch in which something changed; one without images is gone.
        batches: New or changed batches, with all their images.
        images: Changed images of other batches, deleted ones too.
    """

    revision: int
    rows: Sequence[OutlineRow] = ()
    batches: Sequence[BatchRecord] = ()
    images: Sequence[GenerationRecord] = ()


def read_revision(cur: Cursor) -> int:
    """Returns the newest revision of any row; it grows with every commit, in whichever process."""
    tables = ("topics", "batches", "generations", "tasks")
    newest = ", ".join(f"(SELECT coalesce(max(revision), 0) FROM {table})" for table in tables)
    row = cur.execute(f"SELECT greatest({newest})").fetchone()
    assert row is not None
    return int(row[0])


def read_outline(cur: Cursor, user_id: str, wanted: Wanted) -> Outline:
    """Returns the outline of these batches, newest first."""
    where: list[str] = ["b.deleted_at IS NULL", "t.deleted_at IS NULL"]
    values: list[Any] = []
    if wanted.topic_id:
        where, values = [*where, "b.topic_id = ?"], [*values, wanted.topic_id]
    if wanted.search:
        where, values = [*where, "contains(lower(b.prompt), lower(?))"], [*values, plain(wanted.search)]
    if wanted.model:
        where, values = [*where, "b.provider || ':' || b.model = ?"], [*values, plain(wanted.model)]
    having = ["count(g.id) FILTER (g.deleted_at IS NULL) > 0"]
    if wanted.status:
        having.append("bool_or(k.status = ? AND g.deleted_at IS NULL)")
    if wanted.starred:
        having.append("bool_or(g.starred AND g.deleted_at IS NULL)")
    asked = [plain(wanted.status)] if wanted.status else []
    rows = _rows(cur, user_id, " AND ".join(where), values, having=" AND ".join(having), asked=asked)
    return Outline(revision=read_revision(cur), rows=rows)


def load_batches(cur: Cursor, user_id: str, batch_ids: Sequence[str]) -> list[BatchRecord]:
    """Returns those of these batches that are there and this user's, in the order asked for."""
    if not batch_ids:
        return []
    rows = cur.execute(
        f"SELECT {BATCH_COLUMNS} FROM batches WHERE user_id = ? AND deleted_at IS NULL AND id IN ({marks(batch_ids)})",
        [user_id, *map(plain, batch_ids)],
    ).fetchall()
    place = {batch_id: at for at, batch_id in enumerate(batch_ids)}
    return read_batches(cur, sorted(rows, key=lambda row: place[row[0]]))


def load_images(cur: Cursor, user_id: str, image_ids: Sequence[str]) -> list[GenerationRecord]:
    """Returns those of these images that are there and this user's, deleted ones too."""
    if not image_ids:
        return []
    rows = cur.execute(
        f"SELECT {GENERATION_COLUMNS} FROM {GENERATION_TABLES} "
        f"WHERE g.user_id = ? AND g.id IN ({marks(image_ids)}) ORDER BY g.id",
        [user_id, *map(plain, image_ids)],
    ).fetchall()
    return [read_generation(row) for row in rows]


def list_changes(cur: Cursor, user_id: str, topic_id: str | None, since: int) -> Changes:
    """Returns what changed in a topic (None: in all) after a revision."""
    revision = read_revision(cur)
    if revision <= since:
        return Changes(revision=revision)
    where, values = ("b.topic_id = ?", [topic_id]) if topic_id else ("true", [])
    whole = cur.execute(
        f"SELECT b.id FROM batches b WHERE b.user_id = ? AND {where} AND b.revision > ?", [user_id, *values, since]
    ).fetchall()
    images = cur.execute(
        f"SELECT g.id, b.id FROM {GENERATION_TABLES} JOIN batches b ON b.id = g.batch_id "
        f"WHERE b.user_id = ? AND {where} AND (g.revision > ? OR k.revision > ?)",
        [user_id, *values, since, since],
    ).fetchall()
    heads = [row[0] for row in whole]
    touched = list(dict.fromkeys([*heads, *(batch_id for _, batch_id in images)]))
    if not touched:
        return Changes(revision=revision)
    alone = [image_id for image_id, batch_id in images if batch_id not in set(heads)]
    return Changes(
        revision=revision,
        rows=_rows(cur, user_id, f"b.id IN ({marks(touched)})", touched),
        batches=load_batches(cur, user_id, heads),
        images=load_images(cur, user_id, alone),
    )


def _rows(
    cur: Cursor, user_id: str, where: str, values: Sequence[Any], *, having: str = "true", asked: Sequence[Any] = ()
) -> list[OutlineRow]:
    """Reads outline rows; in a deleted batch or topic nothing is left."""
    found = cur.execute(
        f"""
        SELECT b.id, b.topic_id, b.created_at,
               count(g.id) FILTER (g.deleted_at IS NULL AND b.deleted_at IS NULL AND t.deleted_at IS NULL),
               any_value(r.references), any_value(a.width), any_value(a.height), any_value(k.params_sent)
        FROM batches b JOIN topics t ON t.id = b.topic_id
        JOIN generations g ON g.batch_id = b.id JOIN tasks k ON k.id = g.task_id
        LEFT JOIN assets a ON a.sha256 = g.asset_sha256
        LEFT JOIN (SELECT batch_id, count(*) AS references FROM batch_refs WHERE NOT is_mask GROUP BY batch_id) r
               ON r.batch_id = b.id
        WHERE b.user_id = ? AND {where}
        GROUP BY b.id, b.topic_id, b.created_at
        HAVING {having}
        ORDER BY b.created_at DESC, b.id DESC
        """,
        [user_id, *values, *asked],
    ).fetchall()
    return [
        OutlineRow(
            id=row[0], topic_id=row[1], created_at=row[2], images=row[3], references=row[4] or 0,
            size=(row[5], row[6]) if row[5] else _asked_size(row[7]),
        )
        for row in found
    ]  # fmt: skip


def _asked_size(params: str | None) -> tuple[int, int]:
    """Returns the proportions that a task asks for; a square where it does not say."""
    sent = json.loads(params) if params else {}
    return pixels_of(sent) or read_ratio(sent.get("aspect_ratio")) or SQUARE
