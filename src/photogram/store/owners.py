"""Who is alive: every process holds a lock for as long as it lives, and writes down the handles it was given.

A lock that can be taken belongs to a process that is gone. No clock, no pid and no heartbeat decides that.

A workspace may come from a download, its rows and files forged: an owner's id that is none names no file, and what
cannot be read of a journal is passed over.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import portalocker

from ..domain.ids import is_id, new_id
from ..domain.task import RemoteHandle
from .rows import read_handle, write_handle


class Owner:
    """This process, as far as one workspace is concerned."""

    def __init__(self, workspace: Path) -> None:
        self.id = new_id("own")
        self._folder = workspace / "owners"
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{self.id}.lock"
        unborn = path if os.name == "nt" else self._folder / f".{self.id}.new"  # Windows renames no open file
        self._lock = open(unborn, "w")  # noqa: SIM115  (held for life)
        portalocker.lock(self._lock, portalocker.LOCK_EX | portalocker.LOCK_NB)
        unborn.replace(path)  # whoever sees the name finds it locked: a newborn is never taken for dead

    def journal(self, task_id: str, handle: RemoteHandle) -> None:
        """Writes a handle down, to the disk, before the database is asked: whoever takes over reads it."""
        line = json.dumps({"task_id": task_id, "handle": write_handle(handle)}) + "\n"
        with open(self._folder / f"{self.id}.jsonl", "a") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())

    def is_dead(self, owner_id: str | None) -> bool:
        """Tells whether the process with this id is gone (also when it left no lock at all)."""
        if owner_id == self.id:
            return False
        if not _is_owner(owner_id):
            return True
        path = self._folder / f"{owner_id}.lock"
        try:
            if not stat.S_ISREG(path.lstat().st_mode):  # no process of ours made that
                return True
            with open(path, "r+") as file:
                portalocker.lock(file, portalocker.LOCK_EX | portalocker.LOCK_NB)
                portalocker.unlock(file)
        except FileNotFoundError:
            return True
        except portalocker.exceptions.LockException:
            return False
        return True

    def dead(self) -> list[str]:
        """Returns the ids of all processes that are gone and were not yet forgotten."""
        ids = sorted({path.stem for path in self._folder.glob("own_*.*")})
        return [one for one in ids if one != self.id and _is_owner(one) and self.is_dead(one)]

    def handles_of(self, owner_id: str) -> Iterator[tuple[str, RemoteHandle]]:
        """Yields the (task id, handle) pairs that a process wrote down; a torn last line is left out."""
        path = self._folder / f"{owner_id}.jsonl"
        try:
            if not _is_owner(owner_id) or not stat.S_ISREG(path.lstat().st_mode):  # a pipe might never end
                return
            lines = path.read_text("utf-8", "replace").splitlines()
        except OSError:
            return
        for line in lines:
            try:
                entry = json.loads(line)
                task_id, handle = entry["task_id"], read_handle(entry["handle"])
            except (ValueError, KeyError, TypeError, RecursionError):
                continue
            if handle and isinstance(task_id, str):
                yield task_id, handle

    def forget(self, owner_id: str) -> None:
        """Removes the files of a process that is gone and left nothing behind."""
        if not _is_owner(owner_id):
            return  # it could lead anywhere
        for suffix in (".jsonl", ".lock"):
            with suppress(IsADirectoryError, PermissionError):
                (self._folder / f"{owner_id}{suffix}").unlink(missing_ok=True)

    def close(self) -> None:
        """Lets go: from now on whoever is alive may take over what is left; then they remove the files."""
        self._lock.close()

    def close_after_fork(self) -> None:
        """In a forked child: closes the inherited descriptor; the parent's lock stays, and ends with the parent."""
        self._lock.close()


def _is_owner(owner_id: str | None) -> bool:
    return owner_id is not None and is_id(owner_id, "own")
