"""Images picked out of the history by their ids: thousands at once, so in a query each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..domain.records import BatchRecord
from .outline import Wanted, load_batches
from .rows import Cursor, plain


def list_made(cur: Cursor, user_id: str, batch_ids: Sequence[str], wanted: Wanted) -> dict[str, list[str]]:
    """Returns the ids of this user's images that are made, wanted and not deleted, in order, by their batch."""
    found: dict[str, list[str]] = {}
    condition, values = wanted.of_images()
    for batch_id, image_id in cur.execute(
        f"""
        SELECT g.batch_id, g.id FROM generations g JOIN tasks k ON k.id = g.task_id
        WHERE g.user_id = ? AND g.batch_id IN (SELECT unnest(?::VARCHAR[])) AND k.status = 'success'
              AND g.asset_sha256 IS NOT NULL AND {condition}
        ORDER BY g.batch_id, g.idx
        """,
        [user_id, [plain(one) for one in batch_ids], *values],
    ).fetchall():
        found.setdefault(batch_id, []).append(image_id)
    return found


def keep_present(cur: Cursor, user_id: str, image_ids: Sequence[str]) -> list[str]:
    """Returns those of these images that are there and this user's, in the order given."""
    if not image_ids:
        return []
    rows = cur.execute(
        """
        SELECT g.id FROM generations g JOIN batches b ON b.id = g.batch_id JOIN topics t ON t.id = b.topic_id
        WHERE g.user_id = ? AND g.id IN (SELECT unnest(?::VARCHAR[]))
              AND g.deleted_at IS NULL AND b.deleted_at IS NULL AND t.deleted_at IS NULL
        """,
        [user_id, [plain(one) for one in image_ids]],
    ).fetchall()
    there = {row[0] for row in rows}
    return [one for one in image_ids if one in there]


def load_picked(cur: Cursor, user_id: str, image_ids: Sequence[str]) -> list[BatchRecord]:
    """Returns the batches of those of these images that are there and this user's, each with only these.

    The batches are in the order of the first of their images.
    """
    wanted = set(image_ids)
    rows = cur.execute(
        "SELECT id, batch_id FROM generations WHERE user_id = ? AND id IN (SELECT unnest(?::VARCHAR[]))",
        [user_id, [plain(one) for one in image_ids]],
    ).fetchall()
    batch_of = dict(rows)
    batches = load_batches(cur, user_id, list(dict.fromkeys(batch_of[one] for one in image_ids if one in batch_of)))
    only = [
        replace(batch, generations=tuple(one for one in batch.generations if one.id in wanted)) for batch in batches
    ]
    return [batch for batch in only if batch.generations]
