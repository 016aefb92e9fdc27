"""What an abstract picture takes from a reference image: its palette, and as much of itself as is asked for."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ...errors import BadRequest
from .abstract_canvas import to_image, to_surface
from .abstract_palette import PAPER, chroma_of, distance, lightness_of
from .colours import RGB
from .moods import Palette

_SAMPLE_PX = 96
_MOST_INKS = 6
_GUIDE_PX = 160


def open_reference(data: bytes) -> Image.Image:
    """Returns a reference image, upright, in RGB, with paper behind what is transparent.

    Raises:
        BadRequest: The bytes are not an image that Pillow can open.
    """
    try:
        image = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGBA")
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise BadRequest(
            "The reference image cannot be opened.", next_step="Give a PNG, JPEG or WebP file.", detail=repr(error)
        ) from error
    paper = Image.new("RGBA", image.size, (*PAPER, 255))
    return Image.alpha_composite(paper, image).convert("RGB")


def read_palette(image: Image.Image) -> Palette:
    """Returns the palette of an image: its most common light or dark as the ground, its liveliest colours as inks."""
    small = image.resize((_SAMPLE_PX, _SAMPLE_PX), Image.Resampling.BOX)
    boxes = small.quantize(16, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    table = boxes.getpalette() or []
    counts = boxes.histogram()
    found: list[tuple[int, RGB]] = [
        (counts[index], (table[3 * index], table[3 * index + 1], table[3 * index + 2]))
        for index in range(len(table) // 3)
        if counts[index]
    ]
    whole = sum(count for count, _ in found)

    def as_ground(entry: tuple[int, RGB]) -> float:
        count, rgb = entry
        return count / whole + abs(lightness_of(rgb) - 0.5) - chroma_of(rgb)

    ground = max(found, key=as_ground)[1]
    ranked = sorted(found, key=lambda entry: (-(0.3 * entry[0] / whole + chroma_of(entry[1])), entry[1]))
    inks: list[RGB] = []
    for apart in (0.12, 0.06, 0.02):
        for _, rgb in ranked:
            if len(inks) < _MOST_INKS and all(distance(rgb, other) > apart for other in (*inks, ground)):
                inks.append(rgb)
        if len(inks) >= 4:
            break
    return Palette(name="reference", ground=ground, inks=tuple(inks or [ranked[0][1]]))


def make_guide(reference: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Returns a reference cut to a picture's proportions, small and soft: colours to paint with, place by place."""
    longer = max(size)
    small = (max(1, round(_GUIDE_PX * size[0] / longer)), max(1, round(_GUIDE_PX * size[1] / longer)))
    return ImageOps.fit(reference, small, Image.Resampling.BOX)


def keep_reference(picture: Image.Image, reference: Image.Image, strength: float) -> Image.Image:
    """Returns the picture with the reference showing through.

    Args:
        picture: What was painted with the reference's palette.
        reference: Any size; it is cut to the picture's proportions.
        strength: 0 shows the reference alone, 1 the picture alone.
    """
    if strength >= 1.0:
        return picture
    below = to_surface(ImageOps.fit(reference, picture.size, Image.Resampling.BILINEAR))
    above = to_surface(picture)
    # Squares stand for light: mixed so, neither of the two turns the other grey.
    share = np.float32(max(0.0, strength))
    light = below * below * (np.float32(1.0) - share) + above * above * share
    return to_image(np.sqrt(light))
