"""Housekeeping: which files are still named by a row, what no longer fits together, and whose workspace it is."""

from __future__ import annotations

from datetime import datetime

from .files import BROKEN, FileStore, Folder
from .holds import OPEN, move_holds
from .rows import Cursor

YOUNG_S = 3600.0
"""A file younger than this is never removed as unnamed."""


def _without(table: str, where: str) -> str:
    """Returns an anti-join: ids of `child c` for which no parent row `p` is there."""
    child, parent = table.split(" of ")
    return f"SELECT c.id FROM {child} c WHERE NOT EXISTS (SELECT 1 FROM {parent} p WHERE {where})"


HOLDS_OF_NOTHING = "open holds without a task under way or lost"
"""What `wallet.settle` puts right; the ids are the tasks'."""

_ORPHANS = {
    "batches without a topic": _without("batches of topics", "p.id = c.topic_id"),
    "images without a batch": _without("generations of batches", "p.id = c.batch_id"),
    "images without a task": _without("generations of tasks", "p.id = c.task_id"),
    "tasks without an image": _without("tasks of generations", "p.id = c.generation_id"),
    "images whose file has no row": (
        _without("generations of assets", "p.sha256 = c.asset_sha256") + " AND c.asset_sha256 IS NOT NULL"
    ),
    "successes without an image": "SELECT id FROM tasks WHERE status = 'success' AND asset_sha256 IS NULL",
    "images that forgot their file": """
        SELECT g.id FROM generations g
        WHERE g.asset_sha256 IS NULL
          AND EXISTS (SELECT 1 FROM tasks k WHERE k.generation_id = g.id AND k.status = 'success')
    """,
    "references without a row": (
        "SELECT batch_id FROM batch_refs c WHERE NOT EXISTS (SELECT 1 FROM refs p WHERE p.sha256 = c.sha256)"
    ),
    "wallets that do not add up": """
        SELECT w.user_id FROM wallets w
        WHERE w.balance_micros <> (SELECT coalesce(sum(l.amount_micros), 0) FROM ledger l WHERE l.user_id = w.user_id)
    """,
    HOLDS_OF_NOTHING: f"""
        SELECT o.task_id FROM ({OPEN}) o
        WHERE NOT EXISTS (SELECT 1 FROM tasks k WHERE k.id = o.task_id AND k.user_id = o.user_id
                          AND k.status IN ('pending', 'processing', 'lost'))
    """,
    "releases without a hold of the same user": """
        SELECT r.id FROM ledger r WHERE r.kind = 'release' AND NOT EXISTS (
            SELECT 1 FROM ledger h WHERE h.kind = 'hold' AND h.task_id = r.task_id AND h.user_id = r.user_id)
    """,
    "images whose cost does not add up": """
        SELECT g.id FROM generations g
        WHERE g.cost_micros <> (SELECT coalesce(sum(k.cost_micros), 0) FROM tasks k WHERE k.generation_id = g.id)
    """,
}


def find_orphans(cur: Cursor) -> dict[str, list[str]]:
    """Returns rows that point nowhere or do not add up, by what is wrong; empty when all is well."""
    found = {what: [row[0] for row in cur.execute(sql).fetchall()] for what, sql in _ORPHANS.items()}
    return {what: ids for what, ids in found.items() if ids}


def named_files(cur: Cursor) -> list[tuple[Folder, str, str, int]]:
    """Returns (kind, sha256, mime, bytes) of every file that a row names; kind is images or references."""
    tables: tuple[tuple[Folder, str], ...] = (("images", "assets"), ("references", "refs"))
    return [
        (folder, *row)
        for folder, table in tables
        for row in cur.execute(f"SELECT sha256, mime, bytes FROM {table}").fetchall()
    ]


def remove_unnamed(cur: Cursor, files: FileStore) -> int:
    """Removes files that no row names, and what was spilled for a task that is forgotten. Returns how many that were.

    It is a write, because it must hold the turn. A young file is left alone: its row may be on its way.
    """
    named = {(folder, sha256) for folder, sha256, _, _ in named_files(cur)}
    unnamed = [one for one in files.stored(older_than_s=YOUNG_S) if one[:2] not in named]
    for folder, sha256, extension in unnamed:
        files.delete(sha256, extension=extension, folder=folder)
    tasks = {row[0] for row in cur.execute("SELECT id FROM tasks").fetchall()}
    spilled = [name for name in files.spilled(older_than_s=YOUNG_S) if name.removeprefix(BROKEN) not in tasks]
    for name in spilled:
        files.delete_spilled(name)
    return len(unnamed) + len(spilled)


def purge_deleted(cur: Cursor, before: datetime) -> tuple[int, int]:
    """Forgets for good what was deleted before this time; ledger rows stay.

    An image with a task that is under way, or holds coins until it is settled, stays whole: nothing else would know
    whose coins those are.

    Returns:
        How many images were forgotten, and how many of those that were deleted stay.
    """
    cur.execute(
        "CREATE OR REPLACE TEMP TABLE gone AS "
        "SELECT g.id, g.batch_id FROM generations g JOIN batches b ON b.id = g.batch_id "
        "JOIN topics t ON t.id = b.topic_id WHERE least(g.deleted_at, b.deleted_at, t.deleted_at) < ?",
        [before],
    )
    kept = cur.execute(
        "DELETE FROM gone WHERE id IN (SELECT generation_id FROM tasks WHERE status IN ('pending', 'processing') "
        f"OR id IN (SELECT task_id FROM ({OPEN}))) RETURNING id"
    ).fetchall()
    row = cur.execute("SELECT count(*) FROM gone").fetchone()
    cur.execute("DELETE FROM tasks WHERE generation_id IN (SELECT id FROM gone)")
    cur.execute("DELETE FROM generations WHERE id IN (SELECT id FROM gone)")
    empty = "NOT EXISTS (SELECT 1 FROM generations g WHERE g.batch_id = batches.id)"
    cur.execute(f"DELETE FROM batches WHERE id IN (SELECT batch_id FROM gone) AND {empty}")
    cur.execute("DELETE FROM batch_refs WHERE NOT EXISTS (SELECT 1 FROM batches b WHERE b.id = batch_refs.batch_id)")
    cur.execute(
        "DELETE FROM topics WHERE deleted_at < ? AND NOT EXISTS (SELECT 1 FROM batches b WHERE b.topic_id = topics.id)",
        [before],
    )
    cur.execute(
        "DELETE FROM assets WHERE sha256 NOT IN (SELECT asset_sha256 FROM tasks WHERE asset_sha256 IS NOT NULL) "
        "AND sha256 NOT IN (SELECT cover_sha256 FROM topics WHERE cover_sha256 IS NOT NULL)"
    )
    cur.execute("DELETE FROM refs WHERE sha256 NOT IN (SELECT sha256 FROM batch_refs)")
    cur.execute("DROP TABLE gone")
    assert row is not None
    return int(row[0]), len(kept)


def other_users(cur: Cursor, user_id: str) -> list[str]:
    """Returns who else has rows in this workspace."""
    rows = cur.execute("SELECT DISTINCT user_id FROM topics WHERE user_id <> ? ORDER BY user_id", [user_id]).fetchall()
    return [row[0] for row in rows]


def adopt_workspace(cur: Cursor, user_id: str, now: datetime) -> list[str]:
    """Makes every row this user's (a workspace copied from elsewhere), and returns whose they were.

    Wallets are not merged: the others' ledgers stay theirs. Only what is held for tasks that are not over moves with
    them, so that whoever ends or settles one returns what is held for it.
    """
    others = other_users(cur, user_id)
    for table in ("topics", "batches", "generations", "tasks", "batch_refs"):
        cur.execute(f"UPDATE {table} SET user_id = ? WHERE user_id <> ?", [user_id, user_id])
    move_holds(cur, user_id, now)
    return others
