"""Repaints reference images: their picture as a canvas, to be led towards the prompt and finished in a style."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageOps

from ...domain.request import ReferenceImage
from ...errors import BadRequest
from .canvas import Canvas, to_mask, toned
from .noise import fbm, ramp

WHOLE_REFERENCE = 0.35
"""Up to this strength some of the untouched reference shows through."""

PAINTED_FROM = 0.5
"""From this strength on the painted scene begins to take its place."""


def open_references(references: Sequence[ReferenceImage], size: tuple[int, int]) -> Image.Image:
    """Returns the references as one RGB picture of a size: side by side along the longer side, melting into each other.

    Raises:
        BadRequest: One of them is not an image that can be opened.
    """
    pictures = [_opened(reference, size) for reference in references]
    whole = pictures[0]
    wide = size[0] >= size[1]
    long = np.arange(size[0] if wide else size[1]) / (size[0] if wide else size[1])
    for index, picture in enumerate(pictures[1:], start=1):
        border, soft = index / len(pictures), 0.5 / len(pictures)
        share = ramp(long, border - soft / 2, border + soft / 2)
        field = np.repeat(share[None, :], 2, axis=0) if wide else np.repeat(share[:, None], 2, axis=1)
        whole.paste(picture, (0, 0), to_mask(field).resize(size))
    return whole


def _opened(reference: ReferenceImage, size: tuple[int, int]) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(reference.data))
        upright = ImageOps.exif_transpose(image).convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise BadRequest("A reference image cannot be opened.", next_step="Give a PNG, JPEG or WebP file.") from error
    sheet = Image.new("RGB", upright.size, (250, 246, 238))
    sheet.paste(upright, (0, 0), upright)
    return ImageOps.fit(sheet, size, Image.Resampling.LANCZOS)


def lead_towards_prompt(canvas: Canvas, reference: Image.Image, strength: float) -> None:
    """Puts the reference on a painted canvas: the scene shows through in patches, more of it the greater the strength.

    Args:
        canvas: With the prompt's scene already painted on it, or still blank where `strength` is small.
        reference: Of the canvas's size.
        strength: 0 stays with the reference, 1 forgets it.
    """
    scene = canvas.scene
    image = reference
    if scene.time or scene.tint or scene.weather or scene.moods:
        palette = canvas.palette
        tones = (palette.shade, palette.sky[0], palette.sky[2], palette.haze, palette.glow, palette.sun)
        image = Image.blend(image, toned(image.convert("L"), image.size, tones), min(0.6, 0.75 * strength))
    if strength > PAINTED_FROM:
        share = (strength - PAINTED_FROM) / (1.0 - PAINTED_FROM)
        small = max(16, canvas.width // 8), max(16, canvas.height // 8)
        patches = fbm(*small, 5.0, 3, canvas.dice("patches").seed)
        mask = to_mask(ramp(patches, 1.0 - 1.25 * share, 1.25 - 1.25 * share)).resize(
            image.size, Image.Resampling.BICUBIC
        )
        image = Image.composite(canvas.image, image, mask)
    canvas.image = image


def show_reference(image: Image.Image, reference: Image.Image, strength: float) -> Image.Image:
    """Returns a finished picture with the reference showing through where the strength is small."""
    if strength >= WHOLE_REFERENCE:
        return image
    if reference.size != image.size:
        reference = reference.resize(image.size, Image.Resampling.LANCZOS)
    return Image.blend(reference, image, strength / WHOLE_REFERENCE)
