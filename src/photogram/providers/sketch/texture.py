"""What a hand, a brush and paper do to a picture: wobbly edges, grain, tooth, deckled borders."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageChops, ImageFilter

from .canvas import to_mask
from .noise import Field, fbm, generator, ramp
from .reading import Colour

Size = tuple[int, int]


def wobble(image: Image.Image, amount: float, cells: float, seed: int) -> Image.Image:
    """Returns an RGB picture whose every point is moved up to `amount` pixels, so that edges look drawn by hand."""
    width, height = image.size
    packed = np.asarray(image.convert("RGBX")).view(np.uint32).reshape(-1)
    columns = _drift(image.size, amount, cells, seed)
    rows = _drift(image.size, amount, cells, seed + 1)
    columns += np.arange(width, dtype=np.int32)[None, :]
    rows += np.arange(height, dtype=np.int32)[:, None]
    np.clip(columns, 0, width - 1, out=columns)
    np.clip(rows, 0, height - 1, out=rows)
    rows *= width
    rows += columns
    moved = packed[rows].view(np.uint8).reshape(height, width, 4)
    return Image.frombuffer("RGBX", (width, height), moved.tobytes(), "raw", "RGBX", 0, 1).convert("RGB")


def _drift(size: Size, amount: float, cells: float, seed: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    """Returns how far every pixel is moved, in whole pixels."""
    picture = field_picture(size, cells, 3, seed, shrink=4)
    steps = ((np.arange(256) - 127.5) * (amount / 80.0)).round().astype(np.int32)
    return np.asarray(steps[np.asarray(picture)])


def field_picture(size: Size, cells: float, octaves: int, seed: int, shrink: int = 4) -> Image.Image:
    """Returns noise as an L picture of a size, computed `shrink` times smaller."""
    small = max(8, size[0] // shrink), max(8, size[1] // shrink)
    return to_mask(fbm(*small, cells, octaves, seed)).resize(size, Image.Resampling.BICUBIC)


def grain(size: Size, strength: int, seed: int, soft: float = 0.0) -> Image.Image:
    """Returns fine grain around mid-grey as an L picture; add it with an offset of -128.

    Args:
        size: Of the picture.
        strength: How far from mid-grey it goes, 0–127.
        seed: Of the grain.
        soft: Radius of a blur, in pixels.
    """
    side = 256
    speckles = generator(seed).integers(0, 256, (side, side), dtype=np.uint8)
    tile = Image.fromarray(speckles)
    if soft:
        tile = tile.filter(ImageFilter.BoxBlur(soft))
    picture = Image.new("L", size)
    for top in range(0, size[1], side):
        for left in range(0, size[0], side):
            picture.paste(tile, (left, top))
    return picture.point([128 + round((tone - 127.5) * strength / 127.5) for tone in range(256)])


def add_grain(image: Image.Image, grey: Image.Image) -> Image.Image:
    """Returns an RGB picture with grain on it."""
    return ImageChops.add(image, Image.merge("RGB", (grey, grey, grey)), 1, -128)


def spread(grey: Image.Image) -> Image.Image:
    """Returns an L picture as RGB."""
    return Image.merge("RGB", (grey, grey, grey))


def deckle(image: Image.Image, paper: Image.Image | Colour, margin: float, rough: float, seed: int) -> Image.Image:
    """Returns a picture whose edges fade out raggedly on paper.

    Args:
        image: The picture.
        paper: A picture of paper, or its colour.
        margin: Width of the bare paper, in pixels.
        rough: How far the edge strays, in pixels.
        seed: Of the edge.
    """
    small = max(16, image.width // 2), max(16, image.height // 2)
    columns = (np.arange(small[0]) + 0.5) * (image.width / small[0])
    rows = (np.arange(small[1]) + 0.5) * (image.height / small[1])
    across = np.minimum(columns, image.width - columns)[None, :]
    down = np.minimum(rows, image.height - rows)[:, None]
    stray: Field = fbm(*small, 26.0, 3, seed) - 0.5
    edge = ramp(np.minimum(across, down) + stray * rough * 2.0, margin, margin + max(1.5, rough * 0.25))
    mask = to_mask(edge).resize(image.size, Image.Resampling.BILINEAR)
    base = paper.copy() if isinstance(paper, Image.Image) else Image.new("RGB", image.size, paper)
    base.paste(image, (0, 0), mask)
    return base


def paper(size: Size, colour: Colour, strength: int, seed: int) -> Image.Image:
    """Returns a sheet of paper with some tooth."""
    sheet = Image.new("RGB", size, colour)
    return add_grain(sheet, grain(size, strength, seed, soft=1.0))
