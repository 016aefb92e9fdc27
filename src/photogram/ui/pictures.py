"""Pictures on their way to the browser: small ones by what shows them, whole files in parts. Only a user's own."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..domain.asset import Asset
from ..domain.ids import is_id
from ..domain.records import GenerationRecord
from ..domain.task import TaskStatus
from ..errors import BadParams, NotReady
from ..store import topics
from ..store.batches import get_generation
from ..store.files import Folder
from ..store.outline import load_batches, load_images
from ..studio.export import file_name
from ..studio.pictures import MANY_IMAGES

if TYPE_CHECKING:
    from ..studio import Studio

PART_BYTES = 2 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Small:
    """Small pictures (WebP, 384 px), by the sha256 of what they show.

    Attributes:
        thumbs: Those that can be had.
        unread: Why others cannot: "missing", where the file is not in the workspace, or "unreadable".
    """

    thumbs: Mapping[str, bytes]
    unread: Mapping[str, str]


def read_small(studio: Studio, asked: Sequence[str], of_form: Sequence[Asset]) -> Small:
    """Returns the small pictures that a view asks for.

    Args:
        studio: Whose pictures.
        asked: Ids of images, of batches (their references), of topics (their covers); shas of the form's references.
        of_form: The form's references.
    """
    images = [
        one for one in studio._read(load_images, studio.user, [one for one in asked if is_id(one, "gen")]) if one.asset
    ]
    references = [one for one in of_form if one.sha256 in asked]
    for batch in studio._read(load_batches, studio.user, [one for one in asked if is_id(one, "bat")]):
        references += batch.references
    small = read_small_of(studio, images, references)
    covers: dict[str, bytes] = {}
    for cover in studio._read(topics.list_covers, studio.user, [one for one in asked if is_id(one, "top")]):
        kept = studio._files.read_thumb(cover, size_px=384)
        covers |= {cover: kept} if kept else {}
    return Small(thumbs={**small.thumbs, **covers}, unread=small.unread)


def read_small_of(studio: Studio, images: Sequence[GenerationRecord], references: Sequence[Asset] = ()) -> Small:
    """Returns the small pictures of these images and references."""
    thumbs = studio._thumbs((), references)
    for at in range(0, len(images), MANY_IMAGES):  # of more at once it makes smaller ones
        thumbs |= studio._thumbs(images[at : at + MANY_IMAGES])
    wanted: list[tuple[Asset, Folder]] = [(image.asset, "images") for image in images if image.asset]
    wanted += [(asset, "references") for asset in references]
    unread = {asset.sha256: _why(studio, asset, folder) for asset, folder in wanted if asset.sha256 not in thumbs}
    return Small(thumbs=thumbs, unread=unread)


def _why(studio: Studio, asset: Asset, folder: Folder) -> str:
    there = studio._files.exists(asset.sha256, extension=asset.extension, folder=folder)
    return "unreadable" if there else "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of an image's file, unchanged.

    Attributes:
        name: What the file is called when it is downloaded.
        mime: Its type.
        size_bytes: Length of the whole file.
        parts: How many parts it has.
        data: This part's bytes.
    """

    name: str
    mime: str
    size_bytes: int
    parts: int
    data: bytes


def read_part(studio: Studio, image_id: str, part: int) -> Part:
    """Returns one part of an image's file.

    Raises:
        NotFound, NotYours: There is none, or it is another user's.
        NotReady: It is not made yet.
        BadParams: It has no such part.
        StorageFailed: It is not in the workspace.
    """
    batch = studio._read(get_generation, studio.user, image_id)
    image = batch.generations[0]
    if image.asset is None or image.status is not TaskStatus.SUCCESS:
        raise NotReady(f"The image {image_id} is not there yet.", next_step="Wait until it is, then download it.")
    with studio._files.open(image.asset.sha256, extension=image.asset.extension) as file:
        size_bytes = file.seek(0, os.SEEK_END)
        parts = max(1, -(-size_bytes // PART_BYTES))
        if not 0 <= part < parts:
            raise BadParams([f"the image {image_id} has {parts} parts, counted from 0"])
        file.seek(part * PART_BYTES)
        data = file.read(PART_BYTES)
    name = file_name(batch, image)
    return Part(name=name, mime=image.asset.mime, size_bytes=size_bytes, parts=parts, data=data)
