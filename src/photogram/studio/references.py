"""Reference images: what a user may give, and what is kept of it."""

from __future__ import annotations

import io
import itertools
import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ..domain.asset import EXTENSIONS, TRANSPARENT, Asset, MaskOffer, sniff_mime
from ..domain.card import ModelCard
from ..domain.ids import is_id
from ..domain.params import show
from ..errors import BadReference, ProviderError
from .waiting import wait_for

if TYPE_CHECKING:
    from PIL import Image

    from ..engine.engine import Engine
    from .generation import Generation
    from .studio import Studio

Reference: TypeAlias = "str | os.PathLike[str] | bytes | Image.Image | Generation"
"""A path, a URL, the bytes of a file, a PIL image, or a generation whose image is there."""


MOST_LISTED = 100
"""References looked at, at most; no model takes as many."""


def list_references(images: Any) -> list[Any]:
    """Returns the references as a list, whether one or several were given."""
    if images is None:
        return []
    if isinstance(images, (str, os.PathLike, bytes, bytearray, memoryview)) or not isinstance(images, Iterable):
        return [images]
    if hasattr(images, "tobytes") and hasattr(images, "save"):  # a PIL image; those are iterable in no useful way
        return [images]
    return list(itertools.islice(images, MOST_LISTED))  # a generator may never end


def take_from_browser(studio: Studio, given: Sequence[object]) -> list[bytes | Generation]:
    """Returns what a browser's message gives as references, or as a mask, for `generate`.

    Everything that comes from a browser goes through here: what a person may write in a cell (a path, a URL) a message
    may not, since a page could send it.

    Args:
        studio: Whose.
        given: The bytes of files, or ids of generations (`gen_…`).

    Raises:
        BadReference: One is anything else, a path above all.
        NotFound, NotYours: There is no such generation, or it is another user's.
    """
    taken: list[bytes | Generation] = []
    for place, one in enumerate(given, 1):
        if isinstance(one, (bytes, bytearray, memoryview)):
            taken.append(bytes(one))
        elif isinstance(one, str) and is_id(one, "gen"):
            taken.append(studio.generation(one))
        else:
            raise BadReference(f"Reference {place} is not the bytes of a file.", next_step="Choose the file again.")
    return taken


def read_reference(engine: Engine, image: Any, card: ModelCard, named: str) -> tuple[bytes, str]:
    """Returns the bytes of a reference and their type, by content and not by name.

    Args:
        engine: Downloads what is given as a URL.
        image: What the user gave.
        card: The model, for the types it takes and its limit in bytes.
        named: What messages call it: "Reference 1".

    Raises:
        BadReference: It cannot be read, is of no type that the model takes, or is too large.
    """
    limit = card.max_reference_bytes
    data = _read_url(engine, image, named) if is_url(image) else _read_bytes(image, named, limit)
    if len(data) > limit:
        raise BadReference(
            f"{named} has more than the {limit / 1048576:.3g} MB that {card.address} takes.",
            next_step="Give a smaller one.",
        )
    mime = sniff_mime(data)
    if mime is None or mime not in card.reference_mimes:
        what = {None: "is not an image", "image/svg+xml": "is an SVG"}.get(mime, f"is {mime}")
        taken = sorted(EXTENSIONS[one].upper().replace("JPG", "JPEG") for one in card.reference_mimes)
        raise BadReference(f"{named} {what}.", next_step=f"{card.address} takes {', '.join(taken)}.")
    return data, mime


def read_mask(engine: Engine, mask: Any, card: ModelCard) -> tuple[bytes, str]:
    """Returns the bytes of a mask and their type, within the model's limits of masks.

    Raises:
        BadReference: As `read_reference`.
    """
    offer = card.mask or MaskOffer()
    most, mimes = offer.max_bytes or card.max_reference_bytes, offer.mimes or card.reference_mimes
    return read_reference(engine, mask, replace(card, max_reference_bytes=most, reference_mimes=mimes), "The mask")


def is_url(image: Any) -> bool:
    """Tells whether a reference is given as a URL."""
    return isinstance(image, str) and image.lower().startswith(("http://", "https://"))


def _read_url(engine: Engine, url: str, named: str) -> bytes:
    """Downloads a reference; only from public addresses, whatever its host or a redirect says."""
    try:
        return wait_for(engine.download(url))
    except ProviderError as error:
        step = "Download it yourself, and give the file's path or bytes."
        raise BadReference(f"{named} cannot be downloaded: {error.message}", next_step=step) from error


def _read_bytes(image: Any, named: str, limit: int) -> bytes:
    if isinstance(image, (bytes, bytearray, memoryview)):
        return bytes(image)
    if isinstance(image, (str, os.PathLike)):
        return _read_file(image, named, limit)
    if hasattr(image, "asset") and hasattr(image, "path"):  # a Generation
        return _read_file(image.path, named, limit)
    if hasattr(image, "save") and hasattr(image, "mode"):  # a PIL image
        buffer = io.BytesIO()
        try:
            (image if image.mode in _PNG_MODES else image.convert("RGB")).save(buffer, "PNG")
        except (OSError, ValueError, SystemError) as error:  # such as one of no pixels
            raise BadReference(
                f"{named} cannot be written as a PNG: {error}.", next_step="Give another image."
            ) from error
        return buffer.getvalue()
    raise BadReference(
        f"{named} is a {type(image).__name__}.",
        next_step="Give a path, a URL, bytes, a PIL image or a Generation.",
    )


def _read_file(name: str | os.PathLike[str], named: str, limit: int) -> bytes:
    """Returns a file's bytes, one more than the limit at most: nobody reads gigabytes to refuse them."""
    try:
        path = Path(name).expanduser()
        if not stat.S_ISREG(path.stat().st_mode):  # a folder; a pipe or a device might never end
            raise OSError(0, "it is not a file")
        with path.open("rb") as file:
            return file.read(limit + 1)
    except (OSError, ValueError, RuntimeError) as error:  # a NUL or a surrogate in the name; a home that is nobody's
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise BadReference(
            f"{named}, {show(os.fspath(name))}, cannot be read: {why}.", next_step="Check the path."
        ) from error


_PNG_MODES = frozenset({"1", "L", "LA", "I", "I;16", "P", "RGB", "RGBA"})


def measure_references(read: Sequence[tuple[bytes, str]], *, masked: bool = False) -> list[Asset]:
    """Returns what is known of references before they are stored.

    Args:
        read: The bytes and type of each.
        masked: Whether the last one is a mask.

    Raises:
        BadReference: One looks like an image but cannot be opened as one.
    """
    names = [f"Reference {place}" for place in range(1, len(read) + 1 - masked)] + ["The mask"] * masked
    return [measure_reference(data, mime, named) for named, (data, mime) in zip(names, read, strict=True)]


def store_references(engine: Engine, read: Sequence[tuple[bytes, str]], measured: Sequence[Asset]) -> list[Asset]:
    """Stores references by content, on the engine's workers, and returns what their rows keep.

    Raises:
        StorageFailed: The disk refused.
    """
    stored = []
    for (data, _), asset in zip(read, measured, strict=True):
        put = partial(engine.store.files.put, data, extension=asset.extension, folder="references")
        stored.append(replace(asset, sha256=wait_for(engine.workers.submit(put))))
    return stored


def check_mask(card: ModelCard, mask: Asset, reference: Asset, data: bytes) -> None:
    """Makes sure that a mask lies on its reference, and says what is to change in the way that the model reads it.

    Args:
        card: The model.
        mask: What is known of the mask.
        reference: What is known of the first reference.
        data: The mask's bytes.

    Raises:
        BadReference: It has another size, or no transparent part where just those change.
    """
    if (mask.width, mask.height) != (reference.width, reference.height):
        raise BadReference(
            f"The mask has {mask.width}x{mask.height} pixels, and the reference {reference.width}x{reference.height}.",
            next_step="Give a mask of the reference's size.",
        )
    if card.mask and card.mask.changes == TRANSPARENT and _is_opaque(data):
        raise BadReference(
            f"The mask has no transparent part, and {card.address} changes just what is transparent.",
            next_step="Give a PNG with an alpha channel, transparent (alpha 0) where the picture is to change.",
        )


def _is_opaque(data: bytes) -> bool:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as opened:
            least = opened.convert("RGBA").getchannel("A").getextrema()[0]
    except (OSError, ValueError, SyntaxError) as error:
        raise BadReference(f"The mask cannot be opened: {error}", next_step="Give another file.") from error
    return least == 255


def measure_reference(data: bytes, mime: str, named: str) -> Asset:
    """Returns what is known of a reference before it has its name.

    Raises:
        BadReference: It looks like an image but cannot be opened as one.
    """
    from ..display.thumbs import image_size

    try:
        width, height, _ = image_size(data)
    except ValueError as error:
        raise BadReference(f"{named} cannot be opened: {error}", next_step="Give another file.") from error
    return Asset(sha256="", mime=mime, width=width, height=height, size_bytes=len(data))
