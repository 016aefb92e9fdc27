"""Rivers and paths that wind from the distance to our feet."""

from __future__ import annotations

import math

import numpy as np

from .canvas import Canvas, Dice, to_mask
from .noise import Field
from .palettes import mix
from .water import paint_water


def _course(canvas: Canvas, dice: Dice, top: float, width: float) -> tuple[Field, Field]:
    """Returns the middle and the half width of a winding band, for every row from `top` down."""
    rows = max(2, canvas.height - int(top))
    bend, swing = dice.between(0.0, 6.28), dice.between(0.16, 0.26) * dice.sign()
    away = canvas.width * (-0.16 if canvas.focus > canvas.width / 2 else 0.16)
    start, end = canvas.width * dice.between(0.40, 0.60) + away * 0.6, canvas.width * dice.between(0.40, 0.60) + away
    middle, half = np.empty(rows), np.empty(rows)
    for row in range(rows):
        share = (row + 0.5) / rows
        turn = math.sin(bend + 5.2 * math.sqrt(share) * 1.25)
        middle[row] = start + (end - start) * share + turn * swing * canvas.unit * (0.12 + share)
        half[row] = canvas.unit * width * (0.03 + share * share)
    return middle, half


def _band(canvas: Canvas, middle: Field, half: Field, soft: float = 1.0) -> Field:
    columns = np.arange(canvas.width)[None, :] + 0.5
    return np.asarray(np.clip((half[:, None] - np.abs(columns - middle[:, None])) / soft + 0.5, 0.0, 1.0))


def paint_river(canvas: Canvas, top: float) -> tuple[Field, Field]:
    """Paints a river from the row `top` to the bottom and returns its middle and half width, for every row of it."""
    dice = canvas.dice("river")
    middle, half = _course(canvas, dice, top, 0.30)
    before = canvas.image.copy()
    paint_water(canvas, int(top), calm=0.8, colour=canvas.scene.colour_of("river"))
    water = canvas.image
    canvas.image = before
    bank = mix(canvas.palette.shade, canvas.palette.lit((122, 104, 78)), 0.55)
    soft = max(2.0, canvas.unit * 0.006)
    canvas.fill(bank, to_mask(_band(canvas, middle, half + half * 0.07 + 1.0, soft) * 0.8), (0, int(top)))
    region = water.crop((0, int(top), canvas.width, int(top) + len(middle)))
    canvas.image.paste(region, (0, int(top)), to_mask(_band(canvas, middle, half)))
    return middle, half


def paint_path(canvas: Canvas, crest: Field) -> None:
    """Paints a path from the last crest to the bottom."""
    dice = canvas.dice("path")
    column = int(canvas.width * 0.5)
    top = float(crest[column]) + 2
    if canvas.height - top < canvas.unit * 0.08:
        return
    middle, half = _course(canvas, dice, top, 0.13)
    rows = np.arange(len(middle))[:, None] + int(top)
    inside = np.clip(rows - crest[None, :], 0.0, 1.0)
    earth = canvas.palette.lit((214, 186, 142) if canvas.season != "winter" else (206, 212, 224))
    soft = max(2.0, canvas.unit * 0.008)
    canvas.fill(earth, to_mask(_band(canvas, middle, half, soft) * inside * 0.85), (0, int(top)))
