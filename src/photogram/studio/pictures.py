"""The thumbnails a cell shows, and what the studio shows of itself without a widget."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from .. import config
from ..display.card import StudioSummary
from ..display.strip import PICTURE_BYTES, PICTURE_PX, StripPicture
from ..display.thumbs import make_thumb
from ..domain.asset import Asset, sniff_mime
from ..domain.records import GenerationRecord
from ..errors import StorageFailed
from ..store import FileStore, topics
from ..store import batches as batch_rows
from ..store.files import Folder

if TYPE_CHECKING:
    from .studio import Studio

SMALL_PX, LARGE_PX, MANY_IMAGES = 256, 384, 16
SMALL_BYTES, LARGE_BYTES = 15_000, 40_000
"""What a thumbnail may weigh in a cell: a grid of 100 must stay under 2.5 MB in the notebook's file."""

SVG_BYTES = 100_000
"""What an SVG may weigh there, of which no thumbnail is made."""

SHOWN_TOPICS = 12


def read_thumbs(
    files: FileStore, generations: Iterable[GenerationRecord], references: Iterable[Asset] = ()
) -> dict[str, bytes]:
    """Returns what a grid shows of these images and references, by sha256; one that cannot be read is left out."""
    made = [generation.asset for generation in generations if generation.asset]
    small = len(made) > MANY_IMAGES
    size_px, max_bytes = (SMALL_PX, SMALL_BYTES) if small else (LARGE_PX, LARGE_BYTES)
    wanted: list[tuple[Asset, Folder]] = [(asset, "images") for asset in made]
    wanted += [(asset, "references") for asset in references]
    thumbs: dict[str, bytes] = {}
    for asset, folder in wanted:
        kept = files.read_thumb(asset.sha256, size_px=size_px)
        if kept is None or len(kept) > max_bytes:
            try:
                data = files.read(asset.sha256, extension=asset.extension, folder=folder)
                if asset.mime == "image/svg+xml":  # shown as it is, inside <img>, where none of its scripts runs
                    thumbs |= {asset.sha256: data} if len(data) <= SVG_BYTES else {}
                    continue
                kept = make_thumb(data, max_px=size_px, max_bytes=max_bytes)
                files.put_thumb(asset.sha256, kept, size_px=size_px)
            except (StorageFailed, OSError, ValueError):
                continue
        thumbs[asset.sha256] = kept
    return thumbs


def read_newest(studio: Studio, most: int) -> tuple[int, list[StripPicture]]:
    """Returns how many images there are, and the last ones that can be shown, as tiny pictures, newest first."""
    images = sum(topic.images for topic in studio._read(topics.list_topics, studio.user))
    batches = studio._read(batch_rows.page_batches, studio.user, limit=most)
    made = [(one, image) for one in batches for image in one.generations if image.asset and not image.deleted][:most]
    pictures = []
    for batch, image in made:
        if image.asset and (data := _read_tiny(studio, image, image.asset)):
            sides = {"width": image.asset.width, "height": image.asset.height}
            pictures.append(StripPicture(data=data, prompt=batch.prompt, **sides))
    return images, pictures


def _read_tiny(studio: Studio, image: GenerationRecord, asset: Asset) -> bytes | None:
    """Returns a picture of the strip, made once; None for what none can be made of."""
    if kept := studio._files.read_thumb(asset.sha256, size_px=PICTURE_PX):
        return kept
    thumb = studio._thumbs([image]).get(asset.sha256)
    if thumb is None or sniff_mime(thumb) == "image/svg+xml":
        return None
    tiny = make_thumb(thumb, max_px=PICTURE_PX, max_bytes=PICTURE_BYTES)
    with suppress(StorageFailed, OSError):
        studio._files.put_thumb(asset.sha256, tiny, size_px=PICTURE_PX)
    return tiny


def summarise(studio: Studio) -> StudioSummary:
    """Returns the newest topics and the newest batch, with what is needed to show them."""
    shown = studio._read(topics.list_topics, studio.user, limit=SHOWN_TOPICS)
    newest = next(iter(studio._read(batch_rows.page_batches, studio.user, limit=1)), None)
    thumbs = {
        one.cover_sha256: cover
        for one in shown
        if one.cover_sha256 and (cover := studio._files.read_thumb(one.cover_sha256, size_px=LARGE_PX))
    }
    if newest:
        thumbs |= studio._thumbs(newest.generations, newest.references)
    active, unsent = studio.active_topic, studio.unsent()
    return StudioSummary(
        workspace=str(studio.workspace), user=studio.user, topics=shown, newest=newest, thumbs=thumbs,
        active_topic_id=active.id if active else None, model=config.default_model(),
        unsent=unsent.n if unsent else 0, unsent_source=unsent.cost_source if unsent else "free",
        unsent_micros=round((unsent.total_usd or 0) * 1e6) if unsent else 0,
    )  # fmt: skip
