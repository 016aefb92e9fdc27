"""Prints: flat posters and pixel art, both from a handful of colours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter

from .canvas import Canvas
from .palettes import saturate
from .reading import Colour
from .texture import add_grain, grain, wobble

CREAM = (250, 243, 226)
BAYER = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], dtype=np.int16)
SHORTEST_CELLS = 144
"""Pixels of pixel art along the shorter side."""


def as_poster(canvas: Canvas, fine: bool) -> Image.Image:
    """Returns the picture as a screen print: crisp shapes in few colours, a little grain, a cream border."""
    seed, unit = canvas.dice("poster").seed, canvas.unit
    image = wobble(canvas.image, unit * 0.0016, 30.0, seed)
    image = image.filter(ImageFilter.BoxBlur(max(1, round(unit * 0.0016))))
    colours = _colours(canvas, 16, 1.16)
    large = image if fine else image.resize((image.width * 2, image.height * 2), Image.Resampling.BILINEAR)
    printed = nearest(np.asarray(large), colours)
    printed = printed if fine else printed.reduce(2)
    printed = add_grain(printed, grain(printed.size, 8, seed + 1, soft=0.5))
    edge = max(2, round(unit * 0.034))
    sheet = Image.new("RGB", printed.size, CREAM)
    inner = printed.width - 2 * edge, printed.height - 2 * edge
    if min(inner) > 16:
        sheet.paste(printed.crop((edge, edge, edge + inner[0], edge + inner[1])), (edge, edge))
        return sheet
    return printed


def cell_size(size: tuple[int, int]) -> int:
    """Returns how many pixels wide a pixel of pixel art is."""
    return max(2, round(min(size) / SHORTEST_CELLS))


def as_pixels(canvas: Canvas, size: tuple[int, int], fine: bool) -> Image.Image:
    """Returns the picture as pixel art: true square pixels, few colours, ordered dithering."""
    cell = cell_size(size)
    if fine:
        cell = max(2, cell * 2 // 3)
    grid = -(-size[0] // cell), -(-size[1] // cell)
    small = canvas.image.resize(grid, Image.Resampling.BOX).filter(ImageFilter.UnsharpMask(0.6, 60, 2))
    small = ImageEnhance.Color(small).enhance(1.18)
    pixels = np.asarray(small).astype(np.int16)
    tiled = np.tile(BAYER, (grid[1] // 4 + 1, grid[0] // 4 + 1))[: grid[1], : grid[0]]
    dithered = np.clip(pixels + (tiled - 7)[..., None], 0, 255).astype(np.uint8)
    few = nearest(dithered, _colours(canvas, 28, 1.15))
    return few.resize((grid[0] * cell, grid[1] * cell), Image.Resampling.NEAREST).crop((0, 0, *size))


def _colours(canvas: Canvas, number: int, vivid: float) -> list[Colour]:
    """Returns a picture's few colours: its most frequent, its rarest strong ones, and the sky's own."""
    small = canvas.image.resize((160, 160), Image.Resampling.BOX)
    counted = small.quantize(number, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).getpalette() or []
    colours = [(counted[k], counted[k + 1], counted[k + 2]) for k in range(0, min(len(counted), number * 3), 3)]
    colours += [canvas.palette.sun, canvas.palette.glow, canvas.palette.cloud_light, canvas.palette.shade]
    vivids = small.quantize(48, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).getpalette() or []
    rare = [(vivids[k], vivids[k + 1], vivids[k + 2]) for k in range(0, len(vivids), 3)]
    rare.sort(key=lambda colour: (min(colour) - max(colour), colour))
    colours += rare[:5]
    for thing in canvas.scene.things:
        if thing.colour:
            colours += [canvas.palette.lit(thing.colour), canvas.palette.shaded(thing.colour)]
    return [saturate(colour, vivid) for colour in dict.fromkeys(colours)]


def nearest(pixels: NDArray[np.uint8], colours: list[Colour]) -> Image.Image:
    """Returns an RGB picture in which every pixel is the nearest of the given colours."""
    levels = np.arange(32, dtype=np.int32) * 8 + 4
    table = np.asarray(colours, dtype=np.int32)
    red, green, blue = (
        weight * (levels[:, None] - table[None, :, channel]) ** 2 for channel, weight in ((0, 3), (1, 5), (2, 2))
    )
    away = red[:, None, None, :] + green[None, :, None, :] + blue[None, None, :, :]
    best = np.argmin(away.reshape(32 * 32 * 32, -1), axis=1).astype(np.uint8)
    index = (pixels[..., 0] >> 3).astype(np.uint16)
    index <<= 5
    index |= pixels[..., 1] >> 3
    index <<= 5
    index |= pixels[..., 2] >> 3
    picked = Image.fromarray(best[index])
    picture = Image.frombytes("P", picked.size, picked.tobytes())
    picture.putpalette(table.astype(np.uint8).tobytes())
    return picture.convert("RGB")
