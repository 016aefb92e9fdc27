"""Bringing a workspace up to date: numbered SQL files, each applied once, in one transaction with its record."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

import duckdb

from ..errors import SchemaTooNew
from .db import CATALOG, Cursor

_NAME = re.compile(r"(\d{4})_\w+\.sql")


@cache
def list_migrations() -> tuple[tuple[int, str], ...]:
    """Returns (number, SQL) of every migration, in order."""
    folder = resources.files(__package__).joinpath("migrations")
    found = [(match, file) for file in folder.iterdir() if (match := _NAME.fullmatch(file.name))]
    return tuple(sorted((int(match[1]), file.read_text(encoding="utf-8")) for match, file in found))


def read_version(cursor: Cursor) -> int:
    """Returns the number of the newest migration this file has had; 0 for a new file."""
    try:
        # fetchall, because a result that is not drained keeps its transaction open, and then no CHECKPOINT is possible.
        ((version,),) = cursor.execute("SELECT coalesce(max(version), 0) FROM schema_version").fetchall()
    except duckdb.CatalogException:
        return 0
    return int(version)


def migrate(cursor: Cursor, migrations: tuple[tuple[int, str], ...] | None = None, catalog: str = CATALOG) -> None:
    """Applies what is missing; one query where nothing is.

    Args:
        cursor: A cursor outside any transaction, in our turn.
        migrations: (number, SQL) in order; the package's own by default.
        catalog: What the file is attached as.

    Raises:
        SchemaTooNew: A newer Photogram has written this file.
    """
    known = list_migrations() if migrations is None else migrations
    newest = known[-1][0] if known else 0
    version = read_version(cursor)
    if version > newest:
        raise SchemaTooNew(f"This workspace has schema {version}; this Photogram knows {newest}.")
    if version == newest:
        return
    for number, sql in known:
        if number > version:
            _apply(cursor, number, sql)
    cursor.execute(f"CHECKPOINT {catalog}")  # DDL in a WAL is where replay has gone wrong before


def _apply(cursor: Cursor, number: int, sql: str) -> None:
    cursor.execute("BEGIN TRANSACTION")
    try:
        cursor.execute(
            "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY, applied_at TIMESTAMP NOT NULL)"
        )
        cursor.execute(sql)
        cursor.execute("INSERT INTO schema_version VALUES (?, now()::TIMESTAMP)", [number])
        cursor.execute("COMMIT")
    except BaseException:
        cursor.execute("ROLLBACK")
        raise
