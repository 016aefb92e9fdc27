"""Taking turns: DuckDB lets one process open a file, so processes hand it over, quickly and fairly.

Two kernel locks on two small files beside the database, and no marker files: what a dead process held is free at once.

- `.lock` is the turn itself. Who holds it may open the database, nobody else may.
- `.next` is the place of the one who waits. To get a turn: take `.next`, then `.lock`, then free `.next`.
  So *wanted* is simply: `.next` cannot be taken. And because also the one that has just given up must queue at `.next`,
  nobody can take two turns while another waits.

Both files also name who took them last. That note is only for messages; a lock is never decided by it.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import portalocker

from ..errors import StorageFailed

SLOWEST_POLL_S = 0.004
"""First pause between two tries of a lock."""

FASTEST_POLL_S = 0.0005
"""Pause after 0.2 s of waiting: older waits try more often (a fixed pause starved one of four processes for 1.5 s)."""

PATIENT_POLL_S = 0.01
"""Pause once a wait is so old that its holder is stopped or stuck, and only processor time is to be saved."""

PATIENT_AFTER_S = 5.0

_NOTE_BYTES = 512


def this_host() -> str:
    """Returns this computer's name, as notes carry it."""
    return socket.gethostname() or "localhost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who took a lock last, as its note says.

    Attributes:
        pid: Its process id.
        host: The name of its computer.
    """

    pid: int
    host: str

    @property
    def here(self) -> bool:
        """Whether it runs on this computer."""
        return self.host == this_host()

    @property
    def stopped(self) -> bool:
        """Whether its process is stopped (Ctrl-Z, SIGSTOP, a debugger); False where that cannot be known."""
        if not self.here:
            return False
        with suppress(OSError):
            # The state letter follows the command name, which stands in brackets and may hold brackets and spaces.
            state = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]
            return state in ("T", "t")
        return False

    def __str__(self) -> str:
        if self.here and self.pid == os.getpid():
            return "this very process"
        where = f"process {self.pid}" if self.here else f"process {self.pid} on {self.host}"
        return f"{where}, which is stopped" if self.stopped else where


class OsLock:
    """One exclusive lock of the operating system, on a small file whose descriptor is kept open.

    It belongs to the open file, not to the path: never unlink the file, and close the descriptor in a forked child.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise StorageFailed(
                f"The lock file {path} could not be opened: {error.strerror}.",
                next_step="Move the workspace to where you may write: Studio(path) or PHOTOGRAM_HOME.",
            ) from error
        self.path = path

    def take(self) -> bool:
        """Tries once, without waiting; returns whether the lock is ours now."""
        try:
            portalocker.lock(self._fd, portalocker.LockFlags.EXCLUSIVE | portalocker.LockFlags.NON_BLOCKING)
        except portalocker.AlreadyLocked:
            return False
        except portalocker.LockException as error:
            raise StorageFailed(
                f"The file system refused to lock {self.path}: {error}.",
                next_step="Put the workspace on a local disk.",
            ) from error
        return True

    def free(self) -> None:
        """Lets the lock go."""
        portalocker.unlock(self._fd)

    def sign(self) -> None:
        """Notes who we are in the file, for other processes' messages."""
        with suppress(OSError):  # a full disk must not cost the turn
            os.lseek(self._fd, 0, os.SEEK_SET)
            os.write(self._fd, f"{os.getpid()} {this_host()}\n".encode())

    def last_holder(self) -> Holder | None:
        """Returns who signed last, or None where nobody did or the note cannot be read."""
        try:
            note = self.path.read_bytes()[:_NOTE_BYTES]  # Windows refuses to read what another process locked
            pid, host = note.split(b"\n")[0].decode().split()
            return Holder(pid=int(pid), host=host)
        except (OSError, ValueError):
            return None

    def close(self) -> None:
        """Closes the descriptor, which frees the lock unless a forked parent or child has it open too."""
        with suppress(OSError):
            os.close(self._fd)


class Turn:
    """This process's place among all that use one database file. For one thread only, but for the two notes.

    Args:
        database: The database file; the lock files lie beside it.
        clock: Monotonic seconds.
        sleep: Waits that many seconds.
    """

    def __init__(
        self,
        database: Path,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._lock = OsLock(database.with_name(f"{database.name}.lock"))
        self._next = OsLock(database.with_name(f"{database.name}.next"))
        self._clock = clock
        self._sleep = sleep

    def take(self, go_on: Callable[[], bool]) -> bool:
        """Waits for the turn.

        Args:
            go_on: Asked after every pause; False ends the wait.

        Returns:
            Whether the turn is ours; if not, nothing is held.
        """
        started = self._clock()
        if not self._poll(self._next, started, go_on):
            return False
        try:
            self._next.sign()
            if not self._poll(self._lock, started, go_on):
                return False
        finally:
            self._next.free()
        self._lock.sign()
        return True

    def _poll(self, lock: OsLock, started: float, go_on: Callable[[], bool]) -> bool:
        while not lock.take():
            age = self._clock() - started
            pause = max(FASTEST_POLL_S, SLOWEST_POLL_S - 0.0175 * age)
            # Only the one at the head of the queue may become lazy: it has no rival for `.lock`.
            if lock is self._lock and age > PATIENT_AFTER_S:
                pause = PATIENT_POLL_S
            self._sleep(pause)
            if not go_on():
                return False
        return True

    def wanted(self) -> bool:
        """Returns whether another process waits for the turn we hold."""
        if not self._next.take():
            return True
        self._next.free()
        return False

    def give_up(self) -> None:
        """Lets the turn go. The database must be closed by now."""
        self._lock.free()

    def holder(self) -> Holder | None:
        """Returns who took the turn last. Any thread."""
        return self._lock.last_holder()

    def next_in_line(self) -> Holder | None:
        """Returns who queued last. Any thread."""
        return self._next.last_holder()

    def close(self) -> None:
        """Closes both descriptors; also what a forked child must do."""
        self._lock.close()
        self._next.close()
