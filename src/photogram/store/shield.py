"""What a checkpoint overwrites in place is kept beside the file until it is done.

DuckDB (2.0.0) writes a checkpoint's data to free places, but its blocks of metadata where they were, and then the
header that makes it all count. Each block has a checksum over its 256 KiB. A process that is killed within that write,
or a machine that loses power, leaves a block half old and half new: the file cannot be opened any more, although all
that the old header means is there. So these blocks are copied to `….safe` first. As long as the headers are those of
then, whoever opens the file next puts the blocks back: what they were is what the old header means, and the WAL has the
rest. With another header the checkpoint had come to its end. Not on Windows, where nobody else may read the file.
"""

from __future__ import annotations

import hashlib
import os
import struct
import sys
from contextlib import suppress
from pathlib import Path

from .db import CATALOG, Cursor
from .files import sync_folder

if sys.platform != "win32":
    import fcntl

HEADERS_AT, BLOCKS_AT = 4096, 12288
"""Where DuckDB's two changing headers begin, and its blocks."""

BLOCK_BYTES = 256 * 1024
"""The size of a block in a file that was made without another one being asked for."""

_DIGEST_BYTES = hashlib.sha256().digest_size
_OFFSET = struct.Struct("<Q")


class Shield:
    """The copy of what a checkpoint overwrites. Only in our turn.

    Args:
        database: The database file.
    """

    def __init__(self, database: Path) -> None:
        self._database = database
        self._kept = database.with_name(f"{database.name}.safe")
        self._fd = -1

    def keep(self, cursor: Cursor) -> None:
        """Copies what the next checkpoint overwrites, and makes sure that the copy is on the disk.

        Raises:
            OSError: It cannot be copied; the checkpoint should wait.
        """
        if sys.platform == "win32":
            return
        if self._fd < 0:  # closed after DETACH only: to close any descriptor of the file drops DuckDB's own lock on it
            self._fd = os.open(self._database, os.O_RDONLY)
        parts = [os.pread(self._fd, BLOCKS_AT - HEADERS_AT, HEADERS_AT)]
        for (number,) in cursor.execute(f"SELECT block_id FROM pragma_metadata_info('{CATALOG}')").fetchall():
            at = BLOCKS_AT + number * BLOCK_BYTES
            block = os.pread(self._fd, BLOCK_BYTES, at)
            if len(block) == BLOCK_BYTES:  # else it is not on the disk yet
                parts += [_OFFSET.pack(at), block]
        body = b"".join(parts)
        is_new = not self._kept.exists()
        fd = os.open(self._kept, os.O_WRONLY | os.O_CREAT, 0o666)
        try:
            with open(fd, "wb", closefd=False) as file:
                file.write(hashlib.sha256(body).digest() + body)
            os.ftruncate(fd, _DIGEST_BYTES + len(body))
            os.fsync(fd)  # macOS has no fdatasync
        finally:
            os.close(fd)
        if is_new:
            sync_folder(self._kept.parent)

    def drop(self) -> None:
        """Makes the copy mean nothing: the checkpoint is done. The file stays, so that its name is synced only once."""
        with suppress(OSError), self._kept.open("r+b") as file:
            file.write(bytes(_DIGEST_BYTES))

    @property
    def is_up(self) -> bool:
        """Whether there is a copy that means something: whoever made it did not come to the end of its checkpoint."""
        try:
            with self._kept.open("rb") as file:
                return any(file.read(_DIGEST_BYTES))
        except OSError:
            return False

    def mend(self) -> None:
        """Puts back what an interrupted checkpoint overwrote, unless another program has the file.

        The file must not be attached.
        """
        said = self._kept.read_bytes()
        body = said[_DIGEST_BYTES:]
        if hashlib.sha256(body).digest() == said[:_DIGEST_BYTES]:  # else it died before the checkpoint
            try:
                with self._database.open("r+b") as file:
                    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the lock that DuckDB itself takes
                    _put_back(file.fileno(), body)
            except BlockingIOError:
                return
        self.drop()

    def release(self) -> None:
        """Closes the file. Only after DETACH."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _put_back(fd: int, body: bytes) -> None:
    headers, at = body[: BLOCKS_AT - HEADERS_AT], BLOCKS_AT - HEADERS_AT
    if os.pread(fd, len(headers), HEADERS_AT) != headers:
        return
    while at < len(body):
        (offset,) = _OFFSET.unpack_from(body, at)
        at += _OFFSET.size
        os.pwrite(fd, body[at : at + BLOCK_BYTES], offset)
        at += BLOCK_BYTES
    os.fsync(fd)
