"""Signs of life for other computers (why: docs/decisions/0009-owners-of-other-hosts.md).

Every process has a small file that says on which computer it runs, and a number in it that changes every 5 s while it
lives. What the number is, and by whose clock, matters to nobody: only whether it changes.
"""

from __future__ import annotations

import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .turn import this_host

BEAT_EVERY_S = 5.0
SILENT_S = 30.0
"""Whose number has not changed for so long, by the clock of the one who looks, is gone."""

OVER = "over"
"""In place of the number: the process has ended, and said so."""

_COUNT_BYTES, _MOST_BYTES = 12, 1_024


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A computer, as far as can be told.

    Attributes:
        name: Its name in the network.
        machine: Its machine id, which stays over a restart; empty where there is none.
        boot: The id of this start of its kernel, which containers on it share; empty where there is none.
    """

    name: str
    machine: str = ""
    boot: str = ""

    @classmethod
    def here(cls) -> Host:
        """Returns this computer."""
        boot = _read_word(Path("/proc/sys/kernel/random/boot_id"))
        return cls(name=this_host(), machine=_read_word(Path("/etc/machine-id")), boot=boot)

    def shares_locks_with(self, other: Host) -> bool:
        """Tells whether a lock on one is seen on the other: it is one kernel, or the same computer, started again."""
        same_kernel = bool(self.boot) and self.boot == other.boot
        return same_kernel or (self.name, self.machine) == (other.name, other.machine)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """What a beat file says.

    Attributes:
        host: Where its process runs.
        count: The number that changes, or `OVER`.
    """

    host: Host
    count: str


class Beat:
    """This process's beat file. Any one thread at a time."""

    def __init__(self, path: Path, host: Host) -> None:
        self._path, self._count = path, 0
        self._head = "\n".join((host.name, host.machine, host.boot, "")).encode()
        with suppress(OSError):  # no room for it: then only the lock says that we live
            path.write_bytes(self._head + self._number())

    def _number(self, word: str = "") -> bytes:
        return (word or str(self._count)).rjust(_COUNT_BYTES).encode()

    def go_on(self) -> None:
        """Changes the number, in its place: that needs no room on a full disk, and leaves no half-written name."""
        self._count += 1
        self._write(self._number())

    def end(self) -> None:
        """Says that the process has ended."""
        self._write(self._number(OVER))

    def _write(self, number: bytes) -> None:
        with suppress(OSError), open(self._path, "r+b") as file:
            file.seek(len(self._head))
            file.write(number)


def read_sign(path: Path) -> Sign | None:
    """Returns what a beat file says; None where it is missing, or none of ours."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):  # a pipe might never end
            return None
        with open(path, "rb") as file:  # opened afresh, which is when network file systems look whether it changed
            name, machine, boot, count = file.read(_MOST_BYTES).decode().split("\n")
    except (OSError, ValueError):
        return None
    return Sign(host=Host(name=name, machine=machine, boot=boot), count=count.strip())


def _read_word(path: Path) -> str:
    try:
        return path.read_text().strip()
    except (OSError, ValueError):
        return ""
