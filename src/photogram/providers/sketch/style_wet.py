"""Wet media: gouache and watercolour."""

from __future__ import annotations

from PIL import Image, ImageChops, ImageFilter

from .canvas import Canvas
from .texture import add_grain, deckle, field_picture, grain, paper, spread, wobble

PAPER = (252, 248, 239)


def as_painting(canvas: Canvas) -> Image.Image:
    """Returns the picture as gouache: hand-drawn edges, dabs of the brush, a little tooth."""
    seed = canvas.dice("gouache").seed
    image = wobble(canvas.image, canvas.unit * 0.0020, 34.0, seed)
    dabs = field_picture(image.size, 90.0, 2, seed + 2, shrink=2)
    dabs = dabs.point([128 + round((tone - 127.5) * 0.035) for tone in range(256)])
    image = add_grain(image, dabs)
    return add_grain(image, grain(image.size, 7, seed + 3, soft=0.6))


def as_watercolor(canvas: Canvas) -> Image.Image:
    """Returns the picture as watercolour: washes with dark wet edges, granulation, blooms, bare paper around."""
    seed = canvas.dice("watercolor").seed
    unit = canvas.unit
    size = canvas.image.size
    image = wobble(canvas.image, unit * 0.0075, 22.0, seed)
    image = Image.blend(image, image.filter(ImageFilter.BoxBlur(max(1, round(unit * 0.002)))), 0.55)
    absorbed = ImageChops.invert(image)
    wash = field_picture(size, 5.0, 5, seed + 2, shrink=4)
    blooms = field_picture(size, 3.0, 3, seed + 4, shrink=6)
    tooth = grain(size, 46, seed + 3, soft=max(0.8, unit * 0.0011))
    density = ImageChops.add(wash.point(_curve(0.70, 0.52)), blooms.point(_ring), 1, -20)
    density = ImageChops.add(density, tooth, 1, -128)
    absorbed = ImageChops.multiply(absorbed, spread(density))
    washed = ImageChops.subtract(ImageChops.invert(absorbed), spread(_wet_edges(image, unit)))
    sheet = paper(size, PAPER, 8, seed + 5)
    washed = ImageChops.multiply(washed, sheet)
    return deckle(washed, sheet, unit * 0.026, unit * 0.016, seed + 6)


def _wet_edges(image: Image.Image, unit: float) -> Image.Image:
    """Returns how much pigment gathers on the dark side of every edge, as an L picture."""
    grey = image.convert("L")
    half = grey.reduce(2)
    wide = half.filter(ImageFilter.BoxBlur(max(1.0, unit * 0.0022))).resize(grey.size, Image.Resampling.BILINEAR)
    return ImageChops.subtract(wide, grey).point([min(46, round(tone * 0.85)) for tone in range(256)])


def _curve(low: float, gain: float) -> list[int]:
    """Returns a table from noise to the share of pigment that stays."""
    return [max(0, min(255, round(255 * (low + gain * (tone / 255.0 - 0.18))))) for tone in range(256)]


def _ring(tone: int) -> int:
    """Returns the pigment at a bloom: it is pushed to the rim, so one narrow band of noise is darker."""
    away = abs(tone - 150)
    return 20 + (round((8 - away) * 1.5) if away < 8 else 0) - (6 if tone > 150 else 0)
