"""Nebulae and planets, some with rings."""

from __future__ import annotations

import numpy as np
from PIL import Image

from .canvas import Canvas, to_mask, toned
from .noise import fbm, ramp
from .palettes import mix
from .reading import Colour

WORLDS: tuple[tuple[Colour, Colour, Colour], ...] = (
    ((120, 58, 52), (206, 116, 78), (246, 198, 140)),
    ((52, 74, 120), (92, 144, 186), (206, 232, 236)),
    ((92, 62, 112), (172, 112, 158), (244, 196, 202)),
    ((116, 92, 62), (206, 172, 116), (250, 230, 186)),
    ((40, 92, 96), (84, 162, 142), (206, 236, 200)),
)
"""Planets, from their night side to the light."""


def paint_nebula(canvas: Canvas) -> None:
    """Lays two clouds of glowing gas across the sky."""
    dice = canvas.dice("nebula")
    wide, tall = max(48, canvas.width // 4), max(48, canvas.height // 4)
    for index, colour in enumerate(
        dice.pick(
            (((206, 92, 152), (78, 126, 206)), ((236, 142, 92), (146, 84, 176)), ((72, 186, 176), (110, 88, 190)))
        )
    ):
        gas = fbm(
            wide, tall, (2.2 * canvas.width / canvas.unit, 2.6 * canvas.height / canvas.unit), 5, dice.seed + index
        )
        slope = (np.arange(tall)[:, None] / tall - 0.5) - (np.arange(wide)[None, :] / wide - 0.5) * dice.sign() * 0.8
        lane = np.clip(1.0 - slope * slope * 7.0, 0.0, 1.0)
        mask = to_mask(ramp(gas, 0.42, 0.72) * lane * 0.62).resize(canvas.image.size, Image.Resampling.BICUBIC)
        canvas.fill(colour, mask)


def paint_planets(canvas: Canvas) -> None:
    """Hangs a great planet and one or two small ones in the sky."""
    dice = canvas.dice("planets")
    thing = canvas.scene.thing("planet")
    number = (thing.count or (3 if thing.plural else 1)) if thing else dice.whole(1, 3)
    for index in range(number):
        radius = canvas.unit * (dice.between(0.15, 0.23) if index == 0 else dice.between(0.025, 0.06))
        x = canvas.focus if index == 0 else canvas.width * dice.between(0.08, 0.92)
        y = canvas.horizon * (dice.between(0.34, 0.5) if index == 0 else dice.between(0.1, 0.8))
        world = dice.pick(WORLDS)
        if thing and thing.colour:
            world = mix(thing.colour, (16, 16, 40), 0.6), thing.colour, mix(thing.colour, (255, 250, 236), 0.55)
        _planet(canvas, (x, y, radius), world, rings=index == 0 and dice.chance(0.65), name=str(index))


def _planet(
    canvas: Canvas, place: tuple[float, float, float], world: tuple[Colour, ...], *, rings: bool, name: str
) -> None:
    x, y, radius = place
    dice = canvas.dice("planet", name)
    side = max(8, int(radius * 2))
    steps = (np.arange(side) + 0.5) * (2.0 / side) - 1.0
    across, down = steps[None, :], steps[:, None]
    square = across * across + down * down
    height = np.sqrt(np.clip(1.0 - square, 0.0, 1.0))
    towards = 1.0 if canvas.sun[0] > x else -1.0
    light = np.clip(0.62 * towards * across - 0.42 * down + 0.62 * height, 0.0, 1.0)
    bands = fbm(side, side, (2.0, 9.0), 4, dice.seed) - 0.5
    tone = np.clip(light * (0.92 + 0.55 * bands) + 0.02, 0.0, 1.0)
    disc = np.clip((1.0 - square) * radius * 0.5, 0.0, 1.0)
    if rings:
        _rings(canvas, place, world, front=False)
    canvas.glow((x, y), radius * 1.6, world[2], 0.25)
    dark = mix(world[0], (8, 10, 28), 0.72)
    at = (round(x - side / 2), round(y - side / 2))
    canvas.image.paste(toned(to_mask(tone), (side, side), (dark, world[0], world[1], world[2])), at, to_mask(disc))
    if rings:
        _rings(canvas, place, world, front=True)


def _rings(canvas: Canvas, place: tuple[float, float, float], world: tuple[Colour, ...], *, front: bool) -> None:
    x, y, radius = place
    reach = radius * 2.15
    brush = canvas.brush((x - reach, y - reach * 0.42, x + reach, y + reach * 0.42), 3)
    for share, colour in ((2.05, world[1]), (1.86, world[2]), (1.66, mix(world[1], world[0], 0.4)), (1.5, world[2])):
        for k in range(48):
            angles = (k / 48, (k + 1.2) / 48)
            (c0, s0), (c1, s1) = (_turn(angle) for angle in angles)
            if (s0 + s1 > 0) != front:
                continue
            start = (x + c0 * radius * share, y + s0 * radius * share * 0.24 - c0 * radius * 0.32)
            end = (x + c1 * radius * share, y + s1 * radius * share * 0.24 - c1 * radius * 0.32)
            brush.line(
                (start, end), radius * 0.045, mix(mix(colour, (255, 255, 255), 0.35), canvas.palette.sky[2], 0.35)
            )
    canvas.lay(brush)


def _turn(share: float) -> tuple[float, float]:
    import math

    return math.cos(share * 2 * math.pi), math.sin(share * 2 * math.pi)
