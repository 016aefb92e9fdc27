"""Opening the database file: with which options, in which order, and what the errors mean."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import duckdb

from ..errors import StorageFailed

Cursor: TypeAlias = duckdb.DuckDBPyConnection
"""What a store operation is given: a cursor inside a transaction."""

BROKEN: tuple[type[duckdb.Error], ...] = (duckdb.FatalException, duckdb.IOException, duckdb.InternalException)
"""After these nothing about the connection is sure any more: close it, open it anew, and do the work again."""

CHECKPOINT_ABOVE_BYTES = 256 * 1024
"""A WAL above this is always folded in before the file is handed over: whoever opens it next must replay it."""

CHECKPOINT_TOOK_S = 0.01
"""What a checkpoint is taken to cost before the first was measured: 5 ms in a small file, 100 ms at a million rows."""

CHECKPOINT_WHILE_OPEN_BYTES = 4 * 1024 * 1024
"""While nobody else wants the file: bounds the replay after a kill."""

CHECKPOINT_ROOM_BYTES = 16 * 1024 * 1024
"""Free disk that a checkpoint wants besides twice the WAL; one that runs out of disk costs the connection."""

_DAMAGE = (
    "not a valid DuckDB database file",
    "Corrupt database file",
    "Could not read enough bytes",
    "Loading external extensions is disabled",  # it is another database's file (SQLite), which an extension would read
)
"""What DuckDB 2.0.0 says of a file that is no database of its own, overwritten in places, or cut short."""

CATALOG = "workspace"
"""Under this name the file is attached."""

USE = f"USE {CATALOG}"
"""Each cursor's first statement: it makes plain table names mean the file's."""

_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "threads": 2,
    "memory_limit": "512MB",
    # No checkpoint of its own accord: on a full disk it turns the commit before it into a FatalException, and every
    # later commit, too. Without it a commit that does not fit fails cleanly, and small ones go on (DuckDB 2.0.0).
    "checkpoint_threshold": "1TB",
}

_LOCK_DOWN = (
    "PRAGMA disable_checkpoint_on_shutdown",  # we decide by replay cost; a checkpoint at each close doubles a handover
    "SET GLOBAL TimeZone = 'UTC'",  # a plain SET does not reach the cursors
    "SET python_enable_replacements = false",  # SQL must not see Python's variables
    "SET allowed_paths = [{ours}]",
    "SET enable_external_access = false",
    "SET lock_configuration = true",  # last: afterwards nothing can be set any more
)


class HeldElsewhere(Exception):  # noqa: N818  a state of the world that is waited for, not an error
    """Something that does not take turns has the file open.

    Attributes:
        pid: Its process id as DuckDB says, or None.
    """

    def __init__(self, message: str) -> None:
        found = re.search(r"\(PID (\d+)\)", message)
        self.pid = int(found[1]) if found else None
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class FileState:
    """What `os.stat` says of the database and its WAL: changes whenever another process wrote."""

    database: tuple[int, int, int] | None
    wal: tuple[int, int, int] | None

    @classmethod
    def of(cls, database: Path) -> FileState:
        """Looks without opening: closing any descriptor of the file would drop DuckDB's own lock on it."""
        return cls(_stat(database), _stat(_wal(database)))


def start_instance(database: Path, spill: Path) -> duckdb.DuckDBPyConnection:
    """Starts DuckDB without any file, locked down so that it can touch this one database only.

    It is kept between turns: attaching the file takes 1 ms and detaching 0.5 ms, where connecting to the file takes
    20 ms and closing it 4 ms (DuckDB 2.0.0; most of that registers the built-in functions).
    """
    root = duckdb.connect(":memory:", config={**_CONFIG, "temp_directory": str(spill)})
    try:
        ours = ", ".join(_quoted(f"{database}{suffix}") for suffix in ("", ".wal", ".wal.checkpoint", ".wal.recovery"))
        for statement in _LOCK_DOWN:
            root.execute(statement.format(ours=ours))
    except BaseException:
        root.close()
        raise
    return root


def attach(root: duckdb.DuckDBPyConnection, database: Path) -> None:
    """Opens the file. Only in our turn.

    Raises:
        HeldElsewhere: Something that does not take turns has it open.
        duckdb.Error: Anything else.
    """
    try:
        root.execute(f"ATTACH {_quoted(str(database))} AS {CATALOG}")
    except duckdb.IOException as error:
        if "lock on file" in str(error):
            raise HeldElsewhere(str(error)) from error
        raise
    except duckdb.ResourceInUseException as error:  # the user's own duckdb.connect in this very process
        raise HeldElsewhere(f"{error} (PID {os.getpid()})") from error


def detach(root: duckdb.DuckDBPyConnection) -> None:
    """Closes the file. All cursors must be closed: DuckDB would go on holding its lock for one in a transaction."""
    root.execute(f"DETACH {CATALOG}")


def is_damage(error: BaseException) -> bool:
    """Tells whether an error says that the file itself is not, or no longer, a whole database."""
    return isinstance(error, duckdb.Error) and any(words in str(error) for words in _DAMAGE)


def storage_failed(database: Path, cause: BaseException) -> StorageFailed:
    """Returns what callers are told when the database cannot be used."""
    what = (str(cause).splitlines() or [repr(cause)])[0].rstrip(".!")
    if is_damage(cause):
        error = StorageFailed(
            f"{database} is damaged, or not a database of Photogram: {what}.",
            next_step=f"Bring it back from a backup, or move it and {_wal(database).name} away to begin anew (the "
            "pictures stay in images/); `photogram doctor` examines the workspace.",
        )
    else:
        error = StorageFailed(f"The workspace's database could not be used: {what}.", next_step="Check the disk.")
    error.__cause__ = cause
    return error


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def wal_bytes(database: Path) -> int:
    """Returns how much the next one to open the file must replay."""
    wal = _stat(_wal(database))
    return wal[1] if wal else 0


def checkpoint(cursor: Cursor, database: Path) -> bool:
    """Folds the WAL into the file if the disk has the room.

    Returns:
        False if it failed in a way that leaves the connection unusable. Nothing is lost: the WAL still holds all.
    """
    try:
        if shutil.disk_usage(database.parent).free < 2 * wal_bytes(database) + CHECKPOINT_ROOM_BYTES:
            return True
        cursor.execute(f"CHECKPOINT {CATALOG}")
    except (OSError, duckdb.TransactionException):  # another transaction is in the way: next time
        return True
    except duckdb.Error:
        return False
    return True


def _wal(database: Path) -> Path:
    return database.with_name(f"{database.name}.wal")


def _stat(path: Path) -> tuple[int, int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino
