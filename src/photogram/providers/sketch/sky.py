"""The sky: its gradient, sun and moon, stars and clouds."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageFilter

from .canvas import Canvas, to_mask, toned
from .noise import Field, fbm, ramp, value_noise
from .palettes import mix


def paint_sky(canvas: Canvas) -> None:
    """Paints the whole sky, down to the horizon and a little beyond."""
    _gradient(canvas)
    palette = canvas.palette
    if palette.stars > 0.05 or canvas.scene.thing("stars"):
        _stars(canvas, max(palette.stars, 0.7 if canvas.scene.thing("stars") else 0.0))
    if not canvas.scene.absent & {"sun", "moon"}:
        _disc(canvas)
    if "space" not in canvas.scene.places and not canvas.scene.thing("rocket", "planet"):
        _clouds(canvas)


def _gradient(canvas: Canvas) -> None:
    rows = (np.arange(canvas.height) + 0.5) / max(1.0, canvas.horizon)
    steps = np.clip(rows, 0.0, 1.0)
    drift = (value_noise(32, 64, (1.5, 2.0), canvas.dice("sky").seed) - 0.5) * 0.10
    column = to_mask(np.repeat(steps[:, None], 32, axis=1) if canvas.flat else _stretched(steps, drift))
    canvas.image.paste(toned(column, (canvas.width, canvas.height), canvas.palette.sky))
    x, y = canvas.sun
    reach = max(canvas.width, canvas.height)
    if not canvas.flat:
        canvas.glow((x, y), reach * 0.62, canvas.palette.glow, 0.42)


def _stretched(steps: Field, drift: Field) -> Field:
    rows = np.minimum((steps * 63).astype(np.intp), 63)
    return np.asarray(np.clip(steps[:, None] + drift[rows], 0.0, 1.0))


def _disc(canvas: Canvas) -> None:
    x, y = canvas.sun
    radius = canvas.unit * (0.036 if canvas.palette.moonlit else 0.044)
    canvas.glow((x, y), radius * 7.0, canvas.palette.glow, 0.75)
    crescent = bool(canvas.scene.thing("crescent"))
    if not crescent:
        canvas.glow((x, y), radius * 2.6, canvas.palette.sun, 0.7)
    brush = canvas.brush((x - radius - 2, y - radius - 2, x + radius + 2, y + radius + 2), 4)
    if crescent:
        turns = [math.pi * (k / 24 - 0.5) for k in range(25)]
        outer = [(x + math.cos(turn) * radius, y + math.sin(turn) * radius) for turn in turns]
        inner = [(x + math.cos(turn) * radius * 0.45, y + math.sin(turn) * radius) for turn in reversed(turns)]
        brush.polygon([*outer, *inner], canvas.palette.sun)
    else:
        brush.ellipse(x, y, radius, radius, canvas.palette.sun)
    if not crescent and canvas.palette.moonlit:
        dice = canvas.dice("moon")
        grey = mix(canvas.palette.sun, canvas.palette.glow, 0.4)
        for _ in range(5):
            away, size = dice.between(-0.55, 0.55), dice.between(0.08, 0.22)
            brush.ellipse(x + away * radius, y + dice.between(-0.5, 0.5) * radius, size * radius, size * radius, grey)
    canvas.lay(brush)


def _stars(canvas: Canvas, share: float) -> None:
    dice = canvas.dice("stars")
    brush = canvas.brush((0, 0, canvas.width, canvas.horizon), 2)
    white = mix(canvas.palette.sun, (255, 255, 255), 0.5)
    for _ in range(int((90 if canvas.flat else 260) * share)):
        x, y = dice.between(0, canvas.width), dice.between(0, 1.0)
        y = y * y * canvas.horizon if dice.chance(0.6) else y * canvas.horizon
        size = canvas.unit * dice.between(0.0005, 0.0013) * (1.7 if dice.chance(0.1) else 1.0)
        brush.ellipse(x, y, size, size, mix(canvas.palette.sky[1], white, dice.between(0.4, 1.0)))
    canvas.lay(brush)


def _clouds(canvas: Canvas) -> None:
    scene = canvas.scene
    if {"clouds", "cloudy"} & scene.absent:
        return
    cover = 0.20
    if scene.weather & {"cloudy", "storm", "rain"} or scene.thing("clouds"):
        cover = 0.62
    elif scene.weather & {"clear"}:
        cover = 0.08
    dice = canvas.dice("clouds")
    cover += dice.between(-0.05, 0.12)
    wide, tall = max(32, canvas.width // 3), max(32, int(canvas.horizon) // 3)
    stretch = dice.between(2.6, 4.2)
    cells = 2.4 * canvas.width / canvas.unit
    field = fbm(wide, tall, (cells, cells * stretch * tall / wide), 5, dice.seed)
    rows = ((np.arange(tall) + 0.5) / tall)[:, None]
    dense = ramp(field + (rows - 0.5) * 0.06, 0.62 - cover * 0.32, 0.80 - cover * 0.22)
    step = max(1, tall // 40)
    light = np.clip(0.5 + (field - np.roll(field, -step, axis=0)) * 5.0, 0.0, 1.0)
    size = canvas.width, int(canvas.horizon)
    colours = (canvas.palette.cloud_dark, canvas.palette.cloud_light)
    fade = np.clip((1.0 - rows) * 6.0, 0.0, 1.0)
    mask = to_mask(dense * fade * 0.9).resize(size, Image.Resampling.BICUBIC)
    if canvas.flat:
        mask = mask.point(lambda tone: 255 if tone > 110 else 0).filter(ImageFilter.GaussianBlur(1))
    canvas.image.paste(toned(to_mask(light), size, colours), (0, 0), mask)
