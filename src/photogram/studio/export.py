"""Taking pictures out: files, and ZIPs of them, with names that say which is which."""

from __future__ import annotations

import io
import re
import time
import zipfile
from pathlib import Path

from ..domain.asset import EXTENSIONS
from ..domain.params import show
from ..domain.records import BatchRecord, GenerationRecord
from ..domain.task import TaskStatus
from ..errors import BadParams, NotReady, StorageFailed
from ..store import FileStore

LONGEST_SLUG = 48


def save_zip(batch: BatchRecord, files: FileStore, path: str | Path | None) -> Path:
    """Writes the batch's images into a ZIP and returns where it is.

    Images are called `image_{i}_seed_{seed}.{extension}` (`image_{i}` without a seed), i counting from 1; missing ones
    are left out.

    Args:
        batch: The batch.
        files: Where the bytes are.
        path: A file or a folder; by default `batch_{id}_{time}.zip` in the current one, time in milliseconds of 1970.

    Raises:
        BadParams: `path` is no path.
        NotReady: It has no image.
        StorageFailed: It cannot be written there, or an image is missing from the workspace.
    """
    made = list_made(batch)
    if not made:
        raise NotReady(f"The batch {batch.id} has no image yet.", next_step="batch.wait() waits for them.")
    target = read_target(path, f"batch_{batch.id}_{time.time_ns() // 1_000_000}.zip")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:  # images are compressed already
        for generation in made:
            assert generation.asset
            data = files.read(generation.asset.sha256, extension=generation.asset.extension)
            archive.writestr(image_name(generation.idx, generation.seed, generation.asset.mime), data)
    return write_out(target, buffer.getvalue())


def read_target(path: str | Path | None, name: str) -> Path:
    """Returns the file to write to.

    Args:
        path: A file, or a folder; None is the current folder.
        name: What the file is called in a folder.

    Raises:
        BadParams: It is no path.
    """
    try:
        target = Path("." if path is None or path == "" else path).expanduser()
        return target / name if target.is_dir() else target
    except (TypeError, ValueError, RuntimeError) as error:
        raise BadParams([f"path must be a file or a folder, not {show(path)}"]) from error


def write_out(target: Path, data: bytes) -> Path:
    """Writes a file outside the workspace, and returns where it is.

    Raises:
        StorageFailed: It cannot be written there.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    except (OSError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise StorageFailed(f"{target} cannot be written: {why}.", next_step="Name another file or folder.") from error
    return target.absolute()


def image_name(idx: int, seed: int | None, mime: str) -> str:
    """Returns a picture's name in an export."""
    seeded = "" if seed is None else f"_seed_{seed}"
    return f"image_{idx + 1}{seeded}.{EXTENSIONS[mime]}"


def list_made(batch: BatchRecord) -> list[GenerationRecord]:
    """Returns those of a batch's images that are there."""
    return [one for one in batch.generations if one.asset and one.status is TaskStatus.SUCCESS]


def file_name(batch: BatchRecord, image: GenerationRecord) -> str:
    """Returns what an image is called that is taken out alone: `a-red-boat_seed_7_4k2m9x.png`."""
    assert image.asset
    seeded = "" if image.seed is None else f"_seed_{image.seed}"
    return f"{build_slug(batch.prompt)}{seeded}_{image.id[-6:]}.{EXTENSIONS[image.asset.mime]}"


def folder_name(batch: BatchRecord) -> str:
    """Returns what a batch is called among others: `a-red-boat_4k2m9x`."""
    return f"{build_slug(batch.prompt)}_{batch.id[-6:]}"


def build_slug(prompt: str) -> str:
    """Returns the beginning of a prompt as a part of a file's name that every system takes: letters, digits, "-"."""
    slug = re.sub(r"[\W_]+", "-", prompt[: 4 * LONGEST_SLUG].lower()).strip("-")
    if len(slug) > LONGEST_SLUG:
        slug = slug[:LONGEST_SLUG].rpartition("-")[0] or slug[:LONGEST_SLUG]
    return slug or "image"
