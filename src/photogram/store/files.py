"""The bytes of a workspace: images and references named by their sha256, thumbnails, and what could not be stored."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Literal, Protocol

from ..errors import StorageFailed

Folder = Literal["images", "references"]

BROKEN = "broken-"
"""What stands before the task's id in the name of spilled bytes that are no image we can read: no retry stores them."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_EXTENSION = re.compile(r"[a-z0-9]{1,8}")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")


class FileStore(Protocol):
    """Where bytes are kept. Content-addressed: what is there never changes. Any thread; every call may take a while."""

    def put(self, data: bytes, *, extension: str, folder: Folder = "images") -> str:
        """Stores bytes unchanged, durably, and returns their sha256; storing the same again costs nothing."""

    def read(self, sha256: str, *, extension: str, folder: Folder = "images") -> bytes:
        """Returns the bytes."""

    def open(self, sha256: str, *, extension: str, folder: Folder = "images") -> BinaryIO:
        """Returns them as an open file, to be closed by the caller."""

    def path(self, sha256: str, *, extension: str, folder: Folder = "images") -> Path:
        """Returns where they lie (or would)."""

    def exists(self, sha256: str, *, extension: str, folder: Folder = "images") -> bool:
        """Returns whether they are there."""

    def delete(self, sha256: str, *, extension: str, folder: Folder = "images") -> None:
        """Removes them; nothing happens where they are not. Only while holding the store's turn, with no row left."""

    def put_thumb(self, sha256: str, data: bytes, *, size_px: int) -> Path:
        """Stores a WebP thumbnail of that image; it can always be made again, so it is not made durable."""

    def read_thumb(self, sha256: str, *, size_px: int) -> bytes | None:
        """Returns the thumbnail, or None where there is none yet."""

    def thumb_path(self, sha256: str, *, size_px: int) -> Path:
        """Returns where the thumbnail lies (or would)."""

    def spill(self, task_id: str, data: bytes, *, extension: str) -> Path:
        """Keeps paid bytes that could not be stored properly, until a retry stores them."""

    def read_spilled(self, task_id: str) -> bytes | None:
        """Returns what was spilled for that task, or None."""

    def delete_spilled(self, task_id: str) -> None:
        """Removes what was spilled for that task, once it is stored."""

    def spilled(self, *, older_than_s: float = 0.0) -> list[str]:
        """Returns the names (task ids, or `BROKEN` and a task id) of what was spilled longer ago than that."""

    def stored(self, *, older_than_s: float = 0.0) -> list[tuple[Folder, str, str]]:
        """Returns (folder, sha256, extension) of every image and reference last put longer ago than that."""

    def free_bytes(self) -> int:
        """Returns how much room is left."""


class LocalFiles:
    """Files in the workspace's folder; see `FileStore`.

    Args:
        workspace: The folder.
    """

    def __init__(self, workspace: Path) -> None:
        self._root = workspace

    def put(self, data: bytes, *, extension: str, folder: Folder = "images") -> str:
        """Stores bytes durably.

        Raises:
            StorageFailed: The disk refused; nothing half-written is left.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        path = self.path(sha256, extension=extension, folder=folder)
        if not _has_size(path, len(data)):
            _write(path, data, durable=True)
        else:
            with _storage_errors(path):
                os.utime(path)  # as young as a new one: its row may be on its way
        return sha256

    def read(self, sha256: str, *, extension: str, folder: Folder = "images") -> bytes:
        """Returns the bytes.

        Raises:
            StorageFailed: They are not there, or cannot be read.
        """
        with self.open(sha256, extension=extension, folder=folder) as file:
            return file.read()

    def open(self, sha256: str, *, extension: str, folder: Folder = "images") -> BinaryIO:
        """Opens them for reading.

        Raises:
            StorageFailed: They are not there, or cannot be read.
        """
        path = self.path(sha256, extension=extension, folder=folder)
        with _storage_errors(path):
            return path.open("rb")

    def path(self, sha256: str, *, extension: str, folder: Folder = "images") -> Path:
        """Returns `images/ab/abcd….png`."""
        _check(_SHA256, sha256)
        _check(_EXTENSION, extension)
        return self._root / folder / sha256[:2] / f"{sha256}.{extension}"

    def exists(self, sha256: str, *, extension: str, folder: Folder = "images") -> bool:
        """Returns whether they are there."""
        return self.path(sha256, extension=extension, folder=folder).is_file()

    def delete(self, sha256: str, *, extension: str, folder: Folder = "images") -> None:
        """Removes them."""
        path = self.path(sha256, extension=extension, folder=folder)
        with _storage_errors(path):
            path.unlink(missing_ok=True)

    def put_thumb(self, sha256: str, data: bytes, *, size_px: int) -> Path:
        """Stores a thumbnail."""
        path = self.thumb_path(sha256, size_px=size_px)
        _write(path, data, durable=False)
        return path

    def read_thumb(self, sha256: str, *, size_px: int) -> bytes | None:
        """Returns a thumbnail."""
        return _read_if_there(self.thumb_path(sha256, size_px=size_px))

    def thumb_path(self, sha256: str, *, size_px: int) -> Path:
        """Returns `thumbs/abcd…-384.webp`."""
        _check(_SHA256, sha256)
        return self._root / "thumbs" / f"{sha256}-{size_px:d}.webp"

    def spill(self, task_id: str, data: bytes, *, extension: str) -> Path:
        """Keeps paid bytes."""
        _check(_NAME, task_id)
        _check(_EXTENSION, extension)
        path = self._root / "spill" / f"{task_id}.{extension}"
        _write(path, data, durable=True)
        return path

    def read_spilled(self, task_id: str) -> bytes | None:
        """Returns what was spilled."""
        return next((data for path in self._spilled(task_id) if (data := _read_if_there(path)) is not None), None)

    def delete_spilled(self, task_id: str) -> None:
        """Removes what was spilled."""
        for path in self._spilled(task_id):
            with _storage_errors(path):
                path.unlink(missing_ok=True)

    def spilled(self, *, older_than_s: float = 0.0) -> list[str]:
        """Returns the names of what was spilled."""
        latest = time.time() - older_than_s
        paths = [path for path in sorted((self._root / "spill").glob("*tsk_*.*")) if _NAME.fullmatch(path.stem)]
        return [path.stem for path in paths if path.stat().st_mtime <= latest]

    def stored(self, *, older_than_s: float = 0.0) -> list[tuple[Folder, str, str]]:
        """Returns the images and references there are."""
        latest = time.time() - older_than_s
        folders: tuple[Folder, ...] = ("images", "references")
        return [
            (folder, path.stem, path.suffix[1:])
            for folder in folders
            for path in sorted((self._root / folder).glob("??/*.*"))
            if _SHA256.fullmatch(path.stem) and path.stat().st_mtime <= latest
        ]

    def free_bytes(self) -> int:
        """Returns how much room is left on the workspace's disk."""
        with _storage_errors(self._root):
            return shutil.disk_usage(self._root).free

    def _spilled(self, task_id: str) -> list[Path]:
        _check(_NAME, task_id)
        return sorted((self._root / "spill").glob(f"{task_id}.*"))


def _write(path: Path, data: bytes, *, durable: bool) -> None:
    """Writes beside, then renames: a file with its final name is always whole."""
    with _storage_errors(path):
        _make_folder(path.parent, durable=durable)
        beside = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}")
        try:
            with beside.open("xb") as file:
                file.write(data)
                file.flush()
                if durable:
                    os.fsync(file.fileno())
            beside.replace(path)
        except BaseException:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
            raise
        if durable:
            sync_folder(path.parent)


def _make_folder(folder: Path, *, durable: bool) -> None:
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        if durable:
            sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Makes a rename survive a power cut; Windows neither needs nor allows it."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _has_size(path: Path, size_bytes: int) -> bool:
    try:
        return path.stat().st_size == size_bytes
    except OSError:
        return False


def _read_if_there(path: Path) -> bytes | None:
    with _storage_errors(path):
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None


def _check(pattern: re.Pattern[str], value: str) -> None:
    """Refuses what could lead out of the workspace; such a value is a defect of the caller."""
    if not pattern.fullmatch(value):
        raise ValueError(f"{value!r} cannot be part of a file's name")


_NEXT_STEPS: dict[int, str] = {
    errno.ENOSPC: "Free some disk space, then retry.",
    errno.EDQUOT: "Your disk quota is used up: free some space, then retry.",
    errno.EROFS: "The disk is read-only: move the workspace to another.",
    errno.EACCES: "Check the folder's permissions.",
    errno.EPERM: "Check the folder's permissions.",
    errno.ENOENT: "The file was removed from outside; restore it, or delete its image in Photogram.",
}


@contextmanager
def _storage_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageFailed(
            f"{path}: {error.strerror or error}.", next_step=_NEXT_STEPS.get(error.errno or 0, "Check the disk.")
        ) from error


_: Callable[[Path], FileStore] = LocalFiles  # a type checker proves here that it is one
