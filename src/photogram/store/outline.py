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

MOST_BATCHES, MOST_IMAGES = 12, 300
"""Changed ones that are read at once: of a history that is copied in, nobody sees more at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which batches an outline lists, and which images of them.

    Attributes:
        topic_id: Only this topic's; None for all.
        search: Text that the prompt contains, ignoring case.
        model: `provider:model`.
        statuses: Only images of one of these statuses; all where there is none.
        starred: Only starred images.
    """

    topic_id: str | None = None
    search: str = ""
    model: str = ""
    statuses: Sequence[str] = ()
    starred: bool = False

    def of_batches(self) -> tuple[str, list[Any]]:
        """Returns the condition on a batch `b`, the topic left aside, and what is bound in it."""
        said: list[tuple[str, Any]] = []
        if self.search:
            said.append(("contains(lower(b.prompt), lower(?))", plain(self.search)))
        if self.model:
            said.append(("b.provider || ':' || b.model = ?", plain(self.model)))
        return " AND ".join(["true", *(condition for condition, _ in said)]), [value for _, value in said]

    def of_images(self) -> tuple[str, list[Any]]:
        """Returns the condition on an image `g` and its task `k`, and what is bound in it."""
        statuses = [plain(one) for one in self.statuses]
        some = f" AND k.status IN ({marks(statuses)})" if statuses else ""
        return f"g.deleted_at IS NULL{some}{' AND g.starred' if self.starred else ''}", statuses


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlineRow:
    """As much of a batch as a list needs to know how high it is.

    Attributes:
        id: `bat_…`.
        topic_id: `top_…`.
        images: How many images it has that are wanted and not deleted; with none it is not shown.
        made: How many of these are made.
        references: How many input images.
        size: (width, height) its images have or will have; only the quotient is meant.
        created_at: UTC, naive.
    """

    id: str
    topic_id: str
    images: int
    made: int
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
        rows: The outline rows of every batch in which something changed; one without images is gone, or not wanted.
        batches: New or changed batches, with all their images; the newest where there are many.
        images: Changed images of other batches, deleted ones too.
        others: Ids of the changed batches of which there were too many to be read here.
    """

    revision: int
    rows: Sequence[OutlineRow] = ()
    batches: Sequence[BatchRecord] = ()
    images: Sequence[GenerationRecord] = ()
    others: Sequence[str] = ()


def read_revision(cur: Cursor) -> int:
    """Returns the newest revision of any row; it grows with every commit, in whichever process."""
    tables = ("topics", "batches", "generations", "tasks")
    newest = ", ".join(f"(SELECT coalesce(max(revision), 0) FROM {table})" for table in tables)
    row = cur.execute(f"SELECT greatest({newest})").fetchone()
    assert row is not None
    return int(row[0])


def read_outline(cur: Cursor, user_id: str, wanted: Wanted) -> Outline:
    """Returns the outline of these batches, newest first."""
    condition, values = wanted.of_batches()
    where = f"b.deleted_at IS NULL AND t.deleted_at IS NULL AND {condition}"
    if wanted.topic_id:
        where, values = f"b.topic_id = ? AND {where}", [wanted.topic_id, *values]
    rows = _rows(cur, user_id, where, values, wanted)
    return Outline(revision=read_revision(cur), rows=[row for row in rows if row.images])


def open_outline(cur: Cursor, user_id: str, wanted: Wanted, first: int) -> tuple[Outline, list[BatchRecord]]:
    """Returns an outline with the details of its first batches, in one read."""
    outline = read_outline(cur, user_id, wanted)
    return outline, load_batches(cur, user_id, [row.id for row in outline.rows[:first]])


def list_used_models(cur: Cursor, user_id: str) -> list[str]:
    """Returns the address of every model that made a batch which is not deleted."""
    rows = cur.execute(
        "SELECT DISTINCT b.provider || ':' || b.model AS address FROM batches b JOIN topics t ON t.id = b.topic_id "
        "WHERE b.user_id = ? AND b.deleted_at IS NULL AND t.deleted_at IS NULL ORDER BY address",
        [user_id],
    ).fetchall()
    return [row[0] for row in rows]


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


def list_changes(cur: Cursor, user_id: str, wanted: Wanted, since: int) -> Changes:
    """Returns what changed among the wanted batches after a revision; what is wanted no more are rows of no images."""
    revision = read_revision(cur)
    if revision <= since:
        return Changes(revision=revision)
    topic_id = wanted.topic_id
    where, values = ("b.topic_id = ?", [topic_id]) if topic_id else ("true", [])
    changed = cur.execute(
        f"SELECT b.id FROM batches b WHERE b.user_id = ? AND {where} AND b.revision > ?", [user_id, *values, since]
    ).fetchall()
    images = cur.execute(
        f"SELECT g.id, b.id FROM {GENERATION_TABLES} JOIN batches b ON b.id = g.batch_id "
        f"WHERE b.user_id = ? AND {where} AND (g.revision > ? OR k.revision > ?)",
        [user_id, *values, since, since],
    ).fetchall()
    heads = [row[0] for row in changed]
    touched = list(dict.fromkeys([*heads, *(batch_id for _, batch_id in images)]))
    if not touched:
        return Changes(revision=revision)
    rows = _rows(cur, user_id, f"b.id IN ({marks(touched)})", touched, wanted)
    new = set(heads)
    whole = [row.id for row in rows if row.images and row.id in new]
    alone = [(image_id, batch_id) for image_id, batch_id in images if batch_id not in new]
    return Changes(
        revision=revision,
        rows=rows,
        batches=load_batches(cur, user_id, whole[:MOST_BATCHES]),
        images=load_images(cur, user_id, [image_id for image_id, _ in alone[:MOST_IMAGES]]),
        others=[*whole[MOST_BATCHES:], *dict.fromkeys(batch_id for _, batch_id in alone[MOST_IMAGES:])],
    )


def _rows(cur: Cursor, user_id: str, where: str, values: Sequence[Any], wanted: Wanted) -> list[OutlineRow]:
    """Reads outline rows; in a deleted batch or topic nothing is left, in one that is not wanted neither."""
    of_batches, batch_values = wanted.of_batches()
    of_images, image_values = wanted.of_images()
    passes = f"b.deleted_at IS NULL AND t.deleted_at IS NULL AND {of_batches} AND {of_images}"
    pass_values = [*batch_values, *image_values]
    found = cur.execute(
        f"""
        SELECT b.id, b.topic_id, b.created_at,
               count(g.id) FILTER ({passes}), count(g.id) FILTER ({passes} AND k.status = 'success'),
               any_value(r.references), any_value(a.width), any_value(a.height), any_value(k.params_sent)
        FROM batches b JOIN topics t ON t.id = b.topic_id
        JOIN generations g ON g.batch_id = b.id JOIN tasks k ON k.id = g.task_id
        LEFT JOIN assets a ON a.sha256 = g.asset_sha256
        LEFT JOIN (SELECT batch_id, count(*) AS references FROM batch_refs WHERE NOT is_mask GROUP BY batch_id) r
               ON r.batch_id = b.id
        WHERE b.user_id = ? AND {where}
        GROUP BY b.id, b.topic_id, b.created_at
        ORDER BY b.created_at DESC, b.id DESC
        """,
        [*pass_values, *pass_values, user_id, *values],
    ).fetchall()
    return [
        OutlineRow(
            id=row[0], topic_id=row[1], created_at=row[2], images=row[3], made=row[4], references=row[5] or 0,
            size=(row[6], row[7]) if row[6] else _asked_size(row[8]),
        )
        for row in found
    ]  # fmt: skip


def _asked_size(params: str | None) -> tuple[int, int]:
    """Returns the proportions that a task asks for; a square where it does not say."""
    sent = json.loads(params) if params else {}
    return pixels_of(sent) or read_ratio(sent.get("aspect_ratio")) or SQUARE
