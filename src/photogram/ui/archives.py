"""ZIPs on their way to the browser: made a step at a time in a file without a name, and read in parts."""

from __future__ import annotations

import tempfile
import threading
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

from ..errors import BadParams, NotReady, StorageFailed
from ..store import FileStore

STEP_BYTES = 32 << 20
"""A step adds about so much and returns, so that neither the kernel nor its other answers wait for a large one."""

MOST_BYTES = 2 << 30
"""The largest ZIP: the browser holds all of it."""

MOST_OPEN, IDLE_S = 4, 120.0
"""ZIPs that are kept at once, and for how long after they were last asked for."""


class ZipTooLarge(BadParams):
    """More than a browser can hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One file of a ZIP.

    Attributes:
        name: Its name there, with folders.
        sha256: Which bytes.
        extension: Of the file in the workspace.
        size_bytes: Their length.
    """

    name: str
    sha256: str
    extension: str
    size_bytes: int


class Archive:
    """One ZIP in the making. The file behind it has no name: it goes with the process, whatever happens.

    Args:
        name: What the browser calls it.
        entries: Its files.
        files: Where their bytes are.

    Attributes:
        name: As given.
        entries: Likewise.
        made: How many of them are in it.
        size_bytes: Its length, once it is whole; until then 0.

    Raises:
        NotReady: It would be empty.
        ZipTooLarge: It would be larger than a browser can hold.
    """

    def __init__(self, name: str, entries: Sequence[Entry], files: FileStore) -> None:
        if not entries:
            raise NotReady("None of these images is there yet.", next_step="Wait until one is, then download it.")
        if sum(one.size_bytes for one in entries) > MOST_BYTES:
            raise ZipTooLarge(["these images are more than 2 GB together: choose fewer, or use batch.save_zip()"])
        self.name, self.entries, self.made, self.size_bytes = name, entries, 0, 0
        self.used_at = monotonic()
        self._files = files
        self._lock = threading.Lock()
        try:
            self._file = tempfile.TemporaryFile(prefix="photogram-")  # noqa: SIM115  closed by close()
        except OSError as error:
            raise _storage_failed(error) from error
        self._zip = zipfile.ZipFile(self._file, "w", zipfile.ZIP_STORED)  # images are compressed already

    def step(self) -> None:
        """Adds some more of its images. Once all are in it, nothing happens.

        Raises:
            StorageFailed: An image is missing from the workspace, or there is no room.
        """
        with self._lock:
            added = 0
            try:
                while self.made < len(self.entries) and added < STEP_BYTES:
                    entry = self.entries[self.made]
                    self._zip.writestr(entry.name, self._files.read(entry.sha256, extension=entry.extension))
                    added += entry.size_bytes
                    self.made += 1
                if self.made == len(self.entries) and not self.size_bytes:
                    self._zip.close()
                    self.size_bytes = self._file.seek(0, 2)
            except (OSError, ValueError) as error:  # ValueError: it was closed meanwhile
                raise _storage_failed(error) from error

    def read(self, at: int, size_bytes: int) -> bytes:
        """Returns a piece of the whole ZIP.

        Raises:
            StorageFailed: It was closed meanwhile.
        """
        with self._lock:
            try:
                self._file.seek(at)
                return self._file.read(size_bytes)
            except (OSError, ValueError) as error:
                raise _storage_failed(error) from error

    def close(self) -> None:
        """Throws it away."""
        with self._lock:
            with suppress(OSError, ValueError):
                self._zip.close()
            self._file.close()


class Archives:
    """The ZIPs that are being fetched, a few at a time. Any thread.

    Args:
        now: A monotonic clock, in seconds.
    """

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._open: OrderedDict[str, Archive] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, archive_id: str) -> Archive | None:
        """Returns a ZIP that was begun and is still kept."""
        with self._lock:
            archive = self._open.get(archive_id)
            if archive:
                archive.used_at = self._now()
                self._open.move_to_end(archive_id)
            return archive

    def begin(self, archive_id: str, build: Callable[[], Archive]) -> Archive:
        """Returns the ZIP of this id, built if need be; the oldest goes where there are too many."""
        with self._lock:
            archive = self._open.get(archive_id)
            if archive is None:
                archive = self._open[archive_id] = build()
            archive.used_at = self._now()
            gone = [self._open.popitem(last=False)[1] for _ in range(len(self._open) - MOST_OPEN)]
        for one in gone:
            one.close()
        return archive

    def forget(self, archive_id: str) -> None:
        """Throws a ZIP away."""
        with self._lock:
            archive = self._open.pop(archive_id, None)
        if archive:
            archive.close()

    def sweep(self) -> None:
        """Throws away what nobody has asked for in two minutes."""
        self._throw_away(lambda _, archive: self._now() - archive.used_at > IDLE_S)

    def leave(self, prefix: str) -> None:
        """Throws away all whose ids begin so."""
        self._throw_away(lambda archive_id, _: archive_id.startswith(prefix))

    def _throw_away(self, which: Callable[[str, Archive], bool]) -> None:
        if not self._open:  # as nearly always
            return
        with self._lock:
            gone = [self._open.pop(archive_id) for archive_id, one in [*self._open.items()] if which(archive_id, one)]
        for archive in gone:
            archive.close()


def _storage_failed(error: Exception) -> StorageFailed:
    why = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return StorageFailed(f"The ZIP cannot be made: {why}.", next_step="Make room for temporary files, and try again.")
