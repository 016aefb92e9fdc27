"""Copies of pictures in a folder of the user's choice, under names a person can read."""

from __future__ import annotations

import re
import shutil
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import BadParams, StorageFailed

if TYPE_CHECKING:
    from ..studio import Batch

_LONGEST_NAME = 48


def copy_pictures(batch: Batch, folder: Path) -> dict[str, Path]:
    """Copies the finished pictures of a batch, unchanged, and returns where each went, by generation id.

    A file that is already there is never overwritten; the same picture is not copied twice.

    Args:
        batch: The batch.
        folder: Where to; made if it does not exist.

    Raises:
        BadParams: The folder is a file.
        StorageFailed: The disk refused.
    """
    if folder.exists() and not folder.is_dir():
        raise BadParams([f"--out {folder} is not a folder"])
    copies: dict[str, Path] = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for place, generation in enumerate(batch, 1):
            if generation.asset is None:
                continue
            seed = "" if generation.seed is None else f"_seed_{generation.seed}"
            stem = f"{slug(batch.prompt)}_{place}{seed}"
            copies[generation.id] = _copy(generation.path, folder, stem, generation.asset.extension)
    except OSError as error:
        raise StorageFailed(f"The pictures could not be copied to {folder}: {error.strerror or error}.") from error
    return copies


def slug(prompt: str) -> str:
    """Returns the start of a prompt as a file name: `a-lighthouse-at-dusk`; letters of every script stay."""
    words = re.findall(r"[^\W_]+", unicodedata.normalize("NFC", prompt).lower())
    name = ""
    for word in words:
        longer = f"{name}-{word}" if name else word
        if len(longer.encode()) > _LONGEST_NAME:
            break
        name = longer
    return name or "picture"


def _copy(source: Path, folder: Path, stem: str, extension: str) -> Path:
    for attempt in range(1, 10_000):
        target = folder / (f"{stem}.{extension}" if attempt == 1 else f"{stem}-{attempt}.{extension}")
        try:
            with source.open("rb") as original, target.open("xb") as copy:
                shutil.copyfileobj(original, copy)
        except FileExistsError:
            if target.is_file() and target.read_bytes() == source.read_bytes():
                return target
        else:
            return target
    raise StorageFailed(f"{folder} has thousands of pictures named {stem}.")
