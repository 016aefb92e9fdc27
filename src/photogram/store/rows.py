"""Reading rows into records, and the rule that nobody reads or changes another user's."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any, TypeAlias

from duckdb import DuckDBPyConnection

from ..domain.asset import Asset
from ..domain.params import show
from ..domain.records import BatchRecord, GenerationRecord
from ..domain.task import RemoteHandle, TaskError, TaskStatus
from ..errors import NotFound, NotYours

Cursor: TypeAlias = DuckDBPyConnection

GENERATION_COLUMNS = """
    g.id, g.batch_id, g.idx, g.seed, k.status, g.task_id, k.attempt, k.created_at, k.sent_at, k.finished_at, k.progress,
    k.queue_position, k.note, k.error_kind, k.error_message, k.error_next_step, k.error_detail,
    a.sha256, a.mime, a.width, a.height, a.bytes, g.cost_micros, g.cost_source, g.starred, g.deleted_at IS NOT NULL
"""
GENERATION_TABLES = """
    generations g JOIN tasks k ON k.id = g.task_id LEFT JOIN assets a ON a.sha256 = g.asset_sha256
"""
BATCH_COLUMNS = "id, topic_id, user_id, provider, model, prompt, params_requested, n, created_at"


def owned(
    cur: Cursor, table: str, id_: str, user_id: str, what: str, *, deleted: bool = False, columns: str = "id"
) -> tuple[Any, ...]:
    """Makes sure that the row exists and is this user's, and returns its columns.

    Args:
        cur: An open transaction.
        table: topics, batches or generations.
        id_: The row's id.
        user_id: Who asks.
        what: The row's name for people ("topic").
        deleted: Whether a (softly) deleted row will do.
        columns: Which to return.

    Raises:
        NotFound: There is no such row.
        NotYours: It is another user's.
    """
    row = None
    if isinstance(id_, str):
        row = cur.execute(f"SELECT user_id, deleted_at, {columns} FROM {table} WHERE id = ?", [plain(id_)]).fetchone()
    if row is None:
        raise NotFound(f"There is no {what} {show(id_)}.")
    owner, deleted_at, *found = row
    if owner != user_id:
        raise NotYours(f"The {what} {id_} belongs to another user of this workspace.")
    if deleted_at is not None and not deleted:
        raise NotFound(f"The {what} {id_} was deleted.")
    return tuple(found)


def check_known(cur: Cursor, table: str, ids: Sequence[str], user_id: str, what: str) -> None:
    """Makes sure that these rows exist, deleted or not, and are this user's; see `owned`."""
    for one in ids:
        owned(cur, table, one, user_id, what, deleted=True)


def plain(text: str) -> str:
    """Returns a text that the database takes: half a surrogate pair, which no text holds, becomes "?"."""
    return text.encode("utf-8", "replace").decode()


def marks(values: Sequence[Any]) -> str:
    """Returns as many `?` as there are values, for an IN list."""
    return ", ".join("?" * len(values))


def read_generation(row: Sequence[Any]) -> GenerationRecord:
    """Reads one row of `GENERATION_COLUMNS`."""
    (
        id_, batch_id, idx, seed, status, task_id, attempt, created_at, sent_at, finished_at, progress,
        queue_position, note, error_kind, message, next_step, detail,
        sha256, mime, width, height, size, cost, source, starred, deleted,
    ) = row  # fmt: skip
    error = None
    if error_kind:
        error = TaskError(
            kind=error_kind, message=message or "", next_step=next_step or "", detail=detail or "", task_id=task_id
        )
    return GenerationRecord(
        id=id_, batch_id=batch_id, idx=idx, seed=seed, status=TaskStatus(status), task_id=task_id, attempts=attempt,
        created_at=created_at, sent_at=sent_at, finished_at=finished_at, progress=progress, note=note, error=error,
        queue_position=queue_position, starred=starred, deleted=deleted, cost_micros=cost, cost_source=source,
        asset=read_asset((sha256, mime, width, height, size)) if sha256 else None,
    )  # fmt: skip


def read_batches(cur: Cursor, rows: Iterable[Sequence[Any]], *, generation_id: str | None = None) -> list[BatchRecord]:
    """Reads rows of `BATCH_COLUMNS`, with their images (or only one) and references, in the order given."""
    rows = list(rows)
    if not rows:
        return []
    ids = [row[0] for row in rows]
    where, values = (f"g.batch_id IN ({marks(ids)})", ids) if generation_id is None else ("g.id = ?", [generation_id])
    images: dict[str, list[GenerationRecord]] = {}
    for row in sorted(
        cur.execute(
            f"SELECT {GENERATION_COLUMNS} FROM {GENERATION_TABLES} WHERE {where} AND g.deleted_at IS NULL", values
        ).fetchall(),
        key=lambda row: row[2],  # by its place in the batch; DuckDB takes half a millisecond more
    ):
        images.setdefault(row[1], []).append(read_generation(row))
    references, masks = read_references(cur, ids)
    return [
        BatchRecord(
            id=row[0], topic_id=row[1], user_id=row[2], provider=row[3], model=row[4], prompt=row[5],
            params=json.loads(row[6]), n=row[7], created_at=row[8],
            references=tuple(references.get(row[0], ())), mask=masks.get(row[0]),
            generations=tuple(images.get(row[0], ())),
        )
        for row in rows
    ]  # fmt: skip


def read_references(cur: Cursor, batch_ids: Sequence[str]) -> tuple[dict[str, list[Asset]], dict[str, Asset]]:
    """Returns the input images of these batches, in order, and their masks."""
    found: dict[str, list[Asset]] = {}
    masks: dict[str, Asset] = {}
    uses = cur.execute(
        f"SELECT batch_id, idx, sha256, is_mask FROM batch_refs WHERE batch_id IN ({marks(batch_ids)})", list(batch_ids)
    ).fetchall()
    if not uses:  # as for most batches: a join would cost three times as much
        return found, masks
    used = sorted({sha256 for _, _, sha256, _ in uses})
    kept = {
        row[0]: read_asset(row)
        for row in cur.execute(
            f"SELECT sha256, mime, width, height, bytes FROM refs WHERE sha256 IN ({marks(used)})", used
        ).fetchall()
    }
    for batch_id, _, sha256, is_mask in sorted(uses):
        asset = kept.get(sha256)
        if asset and is_mask:
            masks[batch_id] = asset
        elif asset:
            found.setdefault(batch_id, []).append(asset)
    return found, masks


def read_asset(row: Sequence[Any]) -> Asset:
    """Reads (sha256, mime, width, height, bytes)."""
    return Asset(sha256=row[0], mime=row[1], width=row[2], height=row[3], size_bytes=row[4])


def write_handle(handle: RemoteHandle) -> str:
    """Returns a handle as the JSON its row keeps."""
    return json.dumps(
        {name: value for name, value in asdict(handle).items() if value not in (None, "") or name == "remote_id"}
    )


def read_handle(text: str | None) -> RemoteHandle | None:
    """Reads a handle from its row's JSON; None for what is none, as a workspace that was tampered with may have."""
    try:
        said = json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or not isinstance(said.get("remote_id"), str):
        return None
    return RemoteHandle(**{name: said[name] for name, kind in _HANDLE.items() if isinstance(said.get(name), kind)})


_HANDLE: dict[str, type | tuple[type, ...]] = {
    "remote_id": str, "poll_url": str, "cancel_url": str, "result_url": str, "model": str, "expires_at": (int, float),
    "cost_micros": int, "cost_source": str, "image_url": str, "seed": int,
}  # fmt: skip
"""What a handle's JSON may hold, and of which kind."""
