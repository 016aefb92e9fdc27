"""Reference images: what a user may give, and what is kept of it."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ..domain.asset import REFERENCE_MIMES, Asset, sniff_mime
from ..domain.card import ModelCard
from ..errors import BadReference

if TYPE_CHECKING:
    from PIL import Image

    from .generation import Generation

Reference: TypeAlias = "str | os.PathLike[str] | bytes | Image.Image | Generation"
"""A path, the bytes of a file, a PIL image, or a generation whose image is there."""


def list_references(images: Any) -> list[Any]:
    """Returns the references as a list, whether one or several were given."""
    if images is None:
        return []
    if isinstance(images, (str, os.PathLike, bytes, bytearray, memoryview)) or not isinstance(images, Iterable):
        return [images]
    if hasattr(images, "tobytes") and hasattr(images, "save"):  # a PIL image; those are iterable in no useful way
        return [images]
    return list(images)


def read_reference(image: Any, card: ModelCard, place: int) -> tuple[bytes, str]:
    """Returns the bytes of a reference and their type, by content and not by name.

    Args:
        image: What the user gave.
        card: The model, for its limit in bytes.
        place: Which one it is, from 1, for messages.

    Raises:
        BadReference: It cannot be read, is no PNG, JPEG, WebP or GIF, or is too large.
    """
    data = _read_bytes(image, place)
    limit = card.max_reference_bytes
    if len(data) > limit:
        raise BadReference(
            f"Reference {place} has {len(data) / 1048576:.1f} MB, and {card.address} takes {limit / 1048576:.0f} MB.",
            next_step="Give a smaller one.",
        )
    mime = sniff_mime(data)
    if mime not in REFERENCE_MIMES:
        what = {None: "is not an image", "image/svg+xml": "is an SVG"}.get(mime, f"is {mime}")
        raise BadReference(f"Reference {place} {what}.", next_step="Give a PNG, JPEG, WebP or GIF.")
    return data, mime


def _read_bytes(image: Any, place: int) -> bytes:
    if isinstance(image, (bytes, bytearray, memoryview)):
        return bytes(image)
    if isinstance(image, (str, os.PathLike)):
        path = Path(image).expanduser()
        try:
            return path.read_bytes()
        except OSError as error:
            raise BadReference(
                f"Reference {place}, {path}, cannot be read: {error.strerror}.", next_step="Check the path."
            ) from error
    if hasattr(image, "asset") and hasattr(image, "path"):  # a Generation
        return Path(image.path).read_bytes()
    if hasattr(image, "save") and hasattr(image, "mode"):  # a PIL image
        buffer = io.BytesIO()
        image.save(buffer, "PNG")
        return buffer.getvalue()
    raise BadReference(
        f"Reference {place} is a {type(image).__name__}.", next_step="Give a path, bytes, a PIL image or a Generation."
    )


def measure_reference(data: bytes, mime: str, sha256: str, place: int) -> Asset:
    """Returns what a row keeps of a reference.

    Raises:
        BadReference: It looks like an image but cannot be opened as one.
    """
    from ..display.thumbs import image_size

    try:
        width, height, _ = image_size(data)
    except ValueError as error:
        raise BadReference(f"Reference {place} cannot be opened: {error}", next_step="Give another file.") from error
    return Asset(sha256=sha256, mime=mime, width=width, height=height, size_bytes=len(data))
