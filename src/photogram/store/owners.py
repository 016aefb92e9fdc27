"""Who is alive: every process holds a lock for as long as it lives, and writes down the handles it was given.

A lock that can be taken belongs to a process that is gone. No clock, no pid and no heartbeat decides that: but for a
process on another computer, whose lock a network file system may not show here (see `beats`).

A workspace may come from a download, its rows and files forged: an owner's id that is none names no file, and what
cannot be read of a journal is passed over.
"""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import portalocker

from ..domain.ids import is_id, new_id
from ..domain.task import RemoteHandle
from .beats import OVER, SILENT_S, Beat, Host, read_sign
from .rows import read_handle, write_handle


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heard:
    """What was last seen of a process on another computer: its number, since when, and whether that ever changed."""

    host: str
    count: str
    since: float
    changed: bool


class Owner:
    """This process, as far as one workspace is concerned. Engine's thread, but for what says otherwise.

    Args:
        workspace: The folder.
        monotonic: Monotonic seconds.
        host: This computer.
    """

    def __init__(
        self, workspace: Path, *, monotonic: Callable[[], float] = time.monotonic, host: Host | None = None
    ) -> None:
        self.id = new_id("own")
        self._monotonic, self._host = monotonic, host or Host.here()
        self._heard: dict[str, _Heard] = {}
        self._folder = workspace / "owners"
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{self.id}.lock"
        unborn = path if os.name == "nt" else self._folder / f".{self.id}.new"  # Windows renames no open file
        self._lock = open(unborn, "w")  # noqa: SIM115  (held for life)
        portalocker.lock(self._lock, portalocker.LOCK_EX | portalocker.LOCK_NB)
        self._beat = Beat(self._folder / f"{self.id}.beat", self._host)
        unborn.replace(path)  # whoever sees the name finds it locked: a newborn is never taken for dead

    def beat(self) -> None:
        """Shows other computers that we live. Any one thread at a time."""
        self._beat.go_on()

    def journal(self, task_id: str, handle: RemoteHandle) -> None:
        """Writes a handle down, to the disk, before the database is asked: whoever takes over reads it.

        Raises:
            OSError: The disk refused. What it took of the line spoils no other one: each begins with an end of line.
        """
        line = "\n" + json.dumps({"task_id": task_id, "handle": write_handle(handle)}) + "\n"
        with open(self._folder / f"{self.id}.jsonl", "a") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())

    def is_dead(self, owner_id: str | None) -> bool:
        """Tells whether the process with this id is gone (also when it left no lock at all).

        On this computer that is known at once; on another, a process is gone that said so when it ended, or whose beat
        has not changed for 30 s since we first looked.
        """
        if owner_id == self.id:
            return False
        if owner_id is None or not _is_owner(owner_id):
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
        return self._is_silent(owner_id)

    def _is_silent(self, owner_id: str) -> bool:
        """Tells whether a process whose lock is free is gone: it is, unless it still beats on another computer."""
        sign = read_sign(self._folder / f"{owner_id}.beat")
        if sign is None or sign.count == OVER or sign.host.shares_locks_with(self._host):
            self._heard.pop(owner_id, None)
            return True
        before, now = self._heard.get(owner_id), self._monotonic()
        if before is None or before.count != sign.count:
            heard = _Heard(host=sign.host.name, count=sign.count, since=now, changed=before is not None)
            self._heard[owner_id] = heard
            return False
        return now - before.since >= SILENT_S

    def doubtful(self, owner_ids: Iterable[str]) -> list[str]:
        """Returns the names of computers of which it is not yet known whether these processes of theirs live."""
        unsure = {one: self._heard.get(one) for one in owner_ids if not self.is_dead(one)}
        return sorted({heard.host for heard in unsure.values() if heard and not heard.changed})

    def dead(self) -> list[str]:
        """Returns the ids of all processes that are gone and were not yet forgotten."""
        paths = (path for suffix in ("lock", "jsonl") for path in self._folder.glob(f"own_*.{suffix}"))
        ids = sorted({path.stem for path in paths})
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
        self._heard.pop(owner_id, None)
        for suffix in (".jsonl", ".beat", ".lock"):
            with suppress(IsADirectoryError, PermissionError):
                (self._folder / f"{owner_id}{suffix}").unlink(missing_ok=True)

    def close(self) -> None:
        """Lets go: from now on whoever is alive may take over what is left; then they remove the files."""
        self._beat.end()
        self._lock.close()

    def close_after_fork(self) -> None:
        """In a forked child: closes the inherited descriptor; the parent's lock stays, and ends with the parent."""
        self._lock.close()


def _is_owner(owner_id: str) -> bool:
    return is_id(owner_id, "own")
