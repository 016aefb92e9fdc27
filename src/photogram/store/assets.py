"""Housekeeping: which files are still named by a row, what no longer fits together, and whose workspace it is."""

from __future__ import annotations

from datetime import datetime

from .rows import Cursor

_ORPHANS = {
    "batches without a topic": "SELECT id FROM batches b WHERE NOT EXISTS (SELECT 1 FROM topics t WHERE t.id = b.topic_id)",
    "images without a batch": "SELECT id FROM generations g WHERE NOT EXISTS (SELECT 1 FROM batches b WHERE b.id = g.batch_id)",
    "images without a task": "SELECT id FROM generations g WHERE NOT EXISTS (SELECT 1 FROM tasks k WHERE k.id = g.task_id)",
    "tasks without an image": (
        "SELECT id FROM tasks k WHERE NOT EXISTS (SELECT 1 FROM generations g WHERE g.id = k.generation_id)"
    ),
    "images whose file has no row": (
        "SELECT id FROM generations g WHERE asset_sha256 IS NOT NULL "
        "AND NOT EXISTS (SELECT 1 FROM assets a WHERE a.sha256 = g.asset_sha256)"
    ),
    "successes without an image": (
        "SELECT g.id FROM generations g JOIN tasks k ON k.id = g.task_id WHERE k.status = 'success' AND g.asset_sha256 IS NULL"
    ),
    "references without a row": (
        "SELECT batch_id FROM batch_refs b WHERE NOT EXISTS (SELECT 1 FROM refs r WHERE r.sha256 = b.sha256)"
    ),
    "wallets that do not add up": (
        "SELECT w.user_id FROM wallets w WHERE w.balance_micros <> "
        "(SELECT coalesce(sum(amount_micros), 0) FROM ledger l WHERE l.user_id = w.user_id)"
    ),
    "images whose cost does not add up": (
        "SELECT g.id FROM generations g WHERE g.cost_micros <> (SELECT sum(k.cost_micros) FROM tasks k WHERE k.generation_id = g.id)"
    ),
}


def find_orphans(cur: Cursor) -> dict[str, list[str]]:
    """Returns rows that point nowhere or do not add up, by what is wrong; empty when all is well."""
    found = {what: [row[0] for row in cur.execute(sql).fetchall()] for what, sql in _ORPHANS.items()}
    return {what: ids for what, ids in found.items() if ids}


def named_files(cur: Cursor) -> list[tuple[str, str, str, int]]:
    """Returns (kind, sha256, mime, bytes) of every file that a row names; kind is images or references."""
    return [
        (kind, *row)
        for kind, table in (("images", "assets"), ("references", "refs"))
        for row in cur.execute(f"SELECT sha256, mime, bytes FROM {table}").fetchall()
    ]


def purge_deleted(cur: Cursor, before: datetime) -> int:
    """Forgets for good what was deleted before this time; ledger rows stay. Returns how many images that were."""
    cur.execute(
        "CREATE OR REPLACE TEMP TABLE gone AS SELECT g.id, g.batch_id FROM generations g JOIN batches b ON b.id = g.batch_id "
        "JOIN topics t ON t.id = b.topic_id WHERE least(g.deleted_at, b.deleted_at, t.deleted_at) < ?",
        [before],
    )
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
    return int(row[0])


def other_users(cur: Cursor, user_id: str) -> list[str]:
    """Returns who else has rows in this workspace."""
    rows = cur.execute("SELECT DISTINCT user_id FROM topics WHERE user_id <> ? ORDER BY user_id", [user_id]).fetchall()
    return [row[0] for row in rows]


def adopt_workspace(cur: Cursor, user_id: str) -> list[str]:
    """Makes every row this user's (a workspace copied from elsewhere), and returns whose they were.

    Wallets are not merged: the others' ledgers stay theirs.
    """
    others = other_users(cur, user_id)
    for table in ("topics", "batches", "generations", "tasks", "batch_refs"):
        cur.execute(f"UPDATE {table} SET user_id = ? WHERE user_id <> ?", [user_id, user_id])
    return others
