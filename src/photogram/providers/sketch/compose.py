"""Decides what goes where, and has it painted back to front."""

from __future__ import annotations

from collections.abc import Callable

from .canvas import Canvas
from .land import GRASS, ROCK, SAND, paint_hill, paint_range, sea_mist
from .sky import paint_sky
from .water import paint_water

Step = Callable[[float], None]


def compose(canvas: Canvas, step: Step) -> None:
    """Paints the whole scene onto the canvas."""
    dice = canvas.dice("layout")
    scene, palette = canvas.scene, canvas.palette
    canvas.horizon = canvas.height * dice.between(0.52, 0.66)
    side = dice.pick((0.24, 0.3, 0.34, 0.66, 0.72, 0.78))
    low, high = palette.altitude
    canvas.sun = canvas.width * side, canvas.horizon * (1.0 - dice.between(low, high))
    paint_sky(canvas)
    step(0.3)
    places = scene.places or ("sea",)
    if "mountains" in places or "lake" in places:
        for index, depth in enumerate((0.72, 0.45, 0.2)):
            paint_range(canvas, str(index), base=canvas.horizon, height=canvas.unit * (0.34 - index * 0.08), depth=depth,
                        rock=ROCK, snow=0.5)  # fmt: skip
        step(0.5)
    if {"sea", "coast", "beach", "island", "lake"} & set(places):
        sea_mist(canvas, canvas.horizon, 0.5)
        paint_water(canvas, canvas.horizon, calm=0.4)
    else:
        for index, depth in enumerate((0.6, 0.35, 0.1)):
            base = canvas.horizon + (canvas.height - canvas.horizon) * index * 0.33
            colours = SAND if "desert" in places else GRASS[scene.season]
            paint_hill(canvas, str(index), base=base + canvas.unit * 0.08, height=canvas.unit * 0.16, depth=depth, colours=colours)
    step(0.7)
