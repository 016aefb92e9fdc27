"""Pictures on their way to the browser: small ones by what shows them, whole files in parts. Only a user's own."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from ..domain.asset import Asset
from ..domain.ids import is_id
from ..errors import NotFound, NotYours
from ..store import topics
from ..store.outline import load_batches, load_images

if TYPE_CHECKING:
    from ..studio import Studio

PART_BYTES = 2 << 20


def read_small(studio: Studio, asked: Sequence[str], of_form: Sequence[Asset]) -> dict[str, bytes]:
    """Returns thumbnails (WebP, 384 px) by sha256.

    Args:
        studio: Whose pictures.
        asked: Ids of images, of batches (their references) and of topics (their covers); `form` for the form's.
        of_form: The form's references.
    """
    images = [
        one for one in studio._read(load_images, studio.user, [one for one in asked if is_id(one, "gen")]) if one.asset
    ]
    references = [*(of_form if "form" in asked else ())]
    for batch in studio._read(load_batches, studio.user, [one for one in asked if is_id(one, "bat")]):
        references += batch.references
    thumbs = studio._thumbs(images, references)
    for topic_id in (one for one in asked if is_id(one, "top")):
        with suppress(NotFound, NotYours):
            cover = studio._read(topics.get_topic, studio.user, topic_id).cover_sha256
            small = studio._files.read_thumb(cover, size_px=384) if cover else None
            thumbs |= {cover: small} if cover and small else {}
    return thumbs


def read_file(studio: Studio, image_id: str) -> tuple[str, str, list[bytes]]:
    """Returns (name, mime type, the file's bytes in parts) of an image, unchanged.

    Raises:
        NotFound, NotYours: There is none, or it is another user's.
        NotReady: It is not made yet.
    """
    image = studio.generation(image_id)
    path, asset = image.path, image.asset
    assert asset
    data = path.read_bytes()
    name = f"generation_{image_id}.{asset.extension}"
    return name, asset.mime, [data[at : at + PART_BYTES] for at in range(0, len(data), PART_BYTES)]
