"""Skylines: towers behind towers, with windows that light up at night."""

from __future__ import annotations

import math

from .canvas import Brush, Canvas, Dice
from .palettes import mix
from .reading import Colour
from .spot import LAMPLIGHT

WALLS: tuple[Colour, ...] = (
    (150, 156, 172),
    (178, 164, 156),
    (126, 138, 160),
    (196, 178, 160),
    (140, 128, 140),
    (112, 124, 148),
)


def paint_skyline(canvas: Canvas, base: float, *, rows: int = 3, share: float = 1.0) -> None:
    """Paints rows of towers that stand on the row `base`.

    Args:
        canvas: Where.
        base: Row of their feet.
        rows: How many, the farthest first.
        share: How tall they are, 1 is usual.
    """
    for row in range(rows):
        depth = 0.62 * (1.0 - row / max(1, rows - 1)) + 0.06 if rows > 1 else 0.1
        dice = canvas.dice("skyline", row)
        tallest = canvas.unit * share * (0.40 - 0.06 * row)
        brush = canvas.brush((0, base - tallest * 1.25, canvas.width, base + 2), 2)
        x = -canvas.unit * dice.between(0.0, 0.1)
        middle = canvas.width * dice.between(0.3, 0.7)
        while x < canvas.width:
            width = canvas.unit * dice.between(0.05, 0.105) * (1.0 + 0.12 * row)
            crowd = max(0.0, 1.0 - abs(x + width / 2 - middle) / (canvas.unit * 0.75))
            height = tallest * (0.14 + 0.26 * dice.between(0, 1) + 0.62 * crowd * crowd * dice.between(0.4, 1.0))
            _tower(canvas, brush, dice, (x, base, width, height), depth)
            x += width * dice.between(0.86, 1.25)
        canvas.lay(brush)


def _tower(canvas: Canvas, brush: Brush, dice: Dice, place: tuple[float, float, float, float], depth: float) -> None:
    x, base, width, height = place
    top = base - height
    colour = canvas.scene.colour_of("city") or dice.pick(WALLS)
    lit, dark = canvas.palette.lit(colour, depth), canvas.palette.shaded(colour, depth, 0.5)
    side = 0.68 if canvas.sun[0] < x else 0.32
    split = x + width * side
    first, second = (lit, dark) if canvas.sun[0] < x else (dark, lit)
    crown = dice.pick(("flat", "flat", "step", "spire", "slant", "dome"))
    if crown == "step":
        inset = width * 0.2
        brush.rectangle(x + inset, top - height * 0.09, x + width - inset, top, dark)
        brush.rectangle(x + inset, top - height * 0.09, x + width * 0.5, top, first)
    elif crown == "spire":
        brush.polygon(((x + width * 0.2, top), (x + width * 0.8, top), (x + width * 0.5, top - height * 0.14)), dark)
        brush.line(((x + width / 2, top), (x + width / 2, top - height * 0.24)), width * 0.05, dark)
    elif crown == "slant":
        brush.polygon(((x, top), (x + width, top), (x + width, top - height * 0.08)), dark)
    elif crown == "dome":
        brush.ellipse(x + width / 2, top, width * 0.34, width * 0.3, dark)
    brush.rectangle(x, top, split, base, first)
    brush.rectangle(split, top, x + width, base, second)
    _windows(canvas, brush, dice, place, depth, (first, second, split))


def _windows(
    canvas: Canvas,
    brush: Brush,
    dice: Dice,
    place: tuple[float, float, float, float],
    depth: float,
    walls: tuple[Colour, Colour, float],
) -> None:
    x, base, width, height = place
    first, second, split = walls
    lamps = canvas.palette.lamps
    across = max(3, round(width / (canvas.unit * 0.0145)))
    floors = max(4, int(height / (canvas.unit * 0.021)))
    pitch_x, pitch_y = width / (across + 0.6), height / (floors + 0.6)
    lamp = mix(LAMPLIGHT, canvas.palette.haze, depth * 0.75)
    ribbons = dice.chance(0.25)
    for floor in range(floors):
        y = base - height + pitch_y * (floor + 0.55)
        if ribbons and lamps < 0.5:
            wall = mix(first, canvas.palette.shade, 0.22)
            brush.rectangle(x + pitch_x * 0.4, y, x + width - pitch_x * 0.4, y + pitch_y * 0.45, wall)
            continue
        for column in range(across):
            left = x + pitch_x * (column + 0.5)
            wall = first if left < split else second
            glow = dice.chance(0.42 * lamps) if lamps > 0.3 else False
            if canvas.flat and not (glow and column % 2):
                continue  # every pane would become an outline
            pane = lamp if glow else mix(wall, canvas.palette.shade, 0.26)
            if not glow and dice.chance(0.2):
                pane = mix(wall, canvas.palette.sky[-1], 0.3)
            brush.rectangle(left, y, left + pitch_x * 0.58, y + pitch_y * 0.56, pane)


def paint_bridge(canvas: Canvas, deck: float, foot: float, colour: Colour | None) -> None:
    """Paints a suspension bridge across the picture: its road at the row `deck`, its piers down to `foot`."""
    dice = canvas.dice("bridge")
    steel = colour or dice.pick(((186, 82, 62), (112, 122, 140), (150, 132, 116)))
    light, dark = canvas.palette.lit(steel, 0.15), canvas.palette.shaded(steel, 0.15, 0.5)
    unit, span = canvas.unit, canvas.width
    left, right = span * dice.between(0.16, 0.26), span * dice.between(0.74, 0.84)
    top = deck - unit * 0.24
    brush = canvas.brush((0, top - unit * 0.03, span, foot + 2), 3)
    thin = unit * 0.004
    for start, end, sag in (
        (left - (right - left), left, 0.0),
        (left, right, 1.0),
        (right, right + (right - left), 0.0),
    ):
        cable = []
        for k in range(41):
            share = k / 40
            x = start + (end - start) * share
            up = 4.0 * (share - 0.5) * (share - 0.5)
            y = deck - unit * 0.015 - (deck - top - unit * 0.015) * up
            cable.append((x, y))
            if k % 2 == 0 and 0 <= x <= span:
                brush.line(((x, y), (x, deck)), thin * 0.6, dark)
        brush.line(cable, thin * 2.2, light if sag else dark)
    brush.rectangle(0, deck, span, deck + unit * 0.018, light)
    brush.rectangle(0, deck + unit * 0.012, span, deck + unit * 0.026, dark)
    for x in (left, right):
        for way in (-1, 1):
            middle = x + way * unit * 0.017
            brush.rectangle(
                middle - unit * 0.009,
                top - unit * 0.02,
                middle + unit * 0.009,
                foot,
                dark if way * math.copysign(1, canvas.sun[0] - x) < 0 else light,
            )
        for up in (0.0, 0.33, 0.66):
            y = top + (deck - top) * up
            brush.rectangle(x - unit * 0.022, y, x + unit * 0.022, y + unit * 0.016, dark)
    canvas.lay(brush)
