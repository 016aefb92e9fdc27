"""Contours: a landscape seen from above, cut from layers of paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageFilter

from .abstract_canvas import Floats, Watch, add_grain, as_floats, lay_over, to_field, to_image
from .abstract_palette import by_lightness, shade, spread
from .noise import fbm, generator, stable_seed

if TYPE_CHECKING:
    from .abstract_plan import Plan


def paint_contours(plan: Plan, watch: Watch) -> Image.Image:
    """Returns layers of paper, each cut along one height of a soft relief, lit from the upper left."""
    rng = generator(stable_seed(plan.seed, "contours"))
    many = plan.count or 5 + int(5 * plan.density + 0.5)
    inks = by_lightness((*plan.palette.inks, plan.palette.ground))
    deep_first = bool(rng.random() < 0.6)
    colours = spread(inks if deep_first else tuple(reversed(inks)), many + 1)
    height = _raise_land(plan)
    steepness = _steepness(height)
    watch.at(0.3)
    levels = _levels(height, many)
    surface = np.empty((plan.height, plan.width, 3), dtype=np.float32)
    surface[:] = as_floats(colours[0])
    lines = bool(rng.random() < 0.35)
    for layer, level in enumerate(levels):
        over = (height - np.float32(level)) / steepness  # distance from the cut, in pixels
        cover = np.clip(over + np.float32(0.5), 0, 1)
        _cast_shadow(surface, plan, cover)
        colour = colours[layer + 1]
        rim = np.clip(np.float32(1.0) - np.abs(over - np.float32(1.2)) / np.float32(max(1.2, plan.short * 0.002)), 0, 1)
        lay_over(surface, as_floats(colour), cover)
        lay_over(surface, as_floats(shade(colour, 0.09)), rim * cover * np.float32(0.6))
        if lines:
            furrow = np.abs(over - np.float32(plan.short * 0.016))
            line = np.clip(np.float32(plan.short * 0.0012 + 0.5) - furrow, 0, 1)
            lay_over(surface, as_floats(shade(colour, -0.09)), line * np.float32(0.6))
        watch.at(0.3 + 0.5 * (layer + 1) / many)
    mottle = fbm(plan.width, plan.height, 70.0, 2, stable_seed(plan.seed, "paper")).astype(np.float32)
    surface += ((mottle - np.float32(0.5)) * np.float32(0.035))[..., None]
    add_grain(surface, 0.03, plan.seed)
    watch.at(0.9)
    return to_image(surface)


def _raise_land(plan: Plan) -> Floats:
    """Returns a smooth relief, warped by another so that it winds."""
    scale = min(1.0, 512.0 / max(plan.width, plan.height))
    columns, rows = max(16, int(plan.width * scale)), max(16, int(plan.height * scale))
    cells = 1.7 + 2.6 * plan.movement
    land = fbm(columns, rows, cells, 2, stable_seed(plan.seed, "land"))
    bend = (fbm(columns, rows, cells, 1, stable_seed(plan.seed, "bend")) - 0.5) * 0.3 * max(columns, rows) * plan.movement
    twist = (fbm(columns, rows, cells, 1, stable_seed(plan.seed, "twist")) - 0.5) * 0.3 * max(columns, rows) * plan.movement
    row = np.clip(np.arange(rows)[:, None] + bend, 0, rows - 1.001)
    column = np.clip(np.arange(columns)[None, :] + twist, 0, columns - 1.001)
    land = _sample(land, row, column)
    across = (np.arange(plan.width) + 0.5) / plan.width * (columns - 1)
    down = (np.arange(plan.height) + 0.5) / plan.height * (rows - 1)
    return _sample(land, down[:, None], across[None, :]).astype(np.float32)


def _sample(field: np.ndarray[tuple[int, ...], np.dtype[np.float64]], row: np.ndarray[tuple[int, ...], np.dtype[np.float64]], column: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Returns a field at places between its points."""
    top = np.minimum(row.astype(np.intp), field.shape[0] - 2)
    left = np.minimum(column.astype(np.intp), field.shape[1] - 2)
    down, across = row - top, column - left
    upper = field[top, left] * (1.0 - across) + field[top, left + 1] * across
    lower = field[top + 1, left] * (1.0 - across) + field[top + 1, left + 1] * across
    return np.asarray(upper * (1.0 - down) + lower * down)


def _steepness(height: Floats) -> Floats:
    """Returns how much the height changes per pixel."""
    down, across = np.gradient(height)
    return np.asarray(np.sqrt(down * down + across * across) + np.float32(2e-5))


def _levels(height: Floats, many: int) -> list[float]:
    """Returns heights that cut the land into layers of about the same area."""
    ranked = np.sort(height[::4, ::4], axis=None)
    return [float(ranked[int(len(ranked) * (layer + 0.8) / (many + 1.2))]) for layer in range(many)]


def _cast_shadow(surface: Floats, plan: Plan, cover: Floats) -> None:
    """Darkens what lies behind a layer, softly, a little to the lower right."""
    small = 2 if plan.short >= 512 else 1
    mask = Image.fromarray((cover * np.float32(255.0)).astype(np.uint8)).reduce(small)
    soft = mask.filter(ImageFilter.BoxBlur(max(1, round(plan.short * 0.007 / small)))).filter(
        ImageFilter.BoxBlur(max(1, round(plan.short * 0.005 / small)))
    )
    blurred = to_field(soft.resize((plan.width, plan.height), Image.Resampling.BILINEAR))
    drop = max(1, round(plan.short * 0.009))
    cast = np.zeros_like(blurred)
    cast[drop:, drop // 2 :] = blurred[:-drop, : blurred.shape[1] - drop // 2]
    strength = np.float32(0.55 if plan.night else 0.36)
    surface *= (np.float32(1.0) - strength * cast * (np.float32(1.0) - cover))[..., None]
