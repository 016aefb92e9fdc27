"""Contours: a landscape seen from above, cut from layers of paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageChops, ImageFilter

from .abstract_canvas import Floats, Watch, add_grain, add_mottle, enlarge, look_up, swell, to_field, to_image
from .abstract_palette import by_lightness, spread
from .noise import Field, generator, stable_seed

if TYPE_CHECKING:
    from .abstract_plan import Plan
    from .colours import RGB


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
    lined = bool(rng.random() < 0.35)
    light: Floats = np.ones_like(height)
    layers: Floats = np.zeros_like(height)
    for layer, level in enumerate(_levels(height, many)):
        over = (height - np.float32(level)) / steepness  # distance from the cut, in pixels
        cover = np.clip(over + np.float32(0.5), 0, 1)
        layers += cover
        light *= np.float32(1.0) - _cast_shadow(plan, cover) * (np.float32(1.0) - cover)
        light += (_light_rim(plan, over, lined=lined) - light) * cover
        watch.at(0.3 + 0.45 * (layer + 1) / many)
    surface = look_up(_stair_table(colours), layers / np.float32(many))
    surface *= light[..., None]
    add_mottle(surface, 70.0, 0.035, stable_seed(plan.seed, "paper"))
    add_grain(surface, 0.03, plan.seed)
    watch.at(0.9)
    return to_image(surface)


def _stair_table(colours: list[RGB]) -> Floats:
    """Returns the layers' colours, with straight ways between them for the pixels that a cut divides."""
    steps = 32
    stops = np.array(colours, dtype=np.float32) / np.float32(255.0)
    share = (np.arange(steps, dtype=np.float32) / np.float32(steps))[None, :, None]
    rows = stops[:-1, None, :] + (stops[1:, None, :] - stops[:-1, None, :]) * share
    return np.concatenate((rows.reshape(-1, 3), stops[-1:]))


def _light_rim(plan: Plan, over: Floats, *, lined: bool) -> Floats:
    """Returns how light a layer is: brighter along its cut, darker on a line that follows it."""
    thick = max(1.2, plan.short * 0.002)
    rim = np.clip(np.float32(1.0) - np.abs(over - np.float32(1.2)) / np.float32(thick), 0, 1)
    light = np.float32(1.0) + rim * np.float32(0.14 if plan.night else 0.08)
    if lined:
        away = np.abs(over - np.float32(plan.short * 0.016))
        light = light - np.clip(np.float32(plan.short * 0.0012 + 0.5) - away, 0, 1) * np.float32(0.12)
    return np.asarray(light)


def _raise_land(plan: Plan) -> Floats:
    """Returns a smooth relief, warped by two others so that it winds."""
    scale = min(1.0, 400.0 / max(plan.width, plan.height))
    columns, rows = max(16, int(plan.width * scale)), max(16, int(plan.height * scale))
    longer = max(columns, rows)
    cells = 2.2 + 4.2 * plan.movement
    reach = int(0.17 * longer * (0.3 + plan.movement)) + 2
    wide, high = columns + 2 * reach, rows + 2 * reach  # so that the warp finds land beyond the rims
    land = swell(wide, high, cells * max(wide, high) / longer, stable_seed(plan.seed, "land"))
    bend, twist = (
        np.clip(swell(columns, rows, cells * 0.8, stable_seed(plan.seed, name)) * 2.0 - 1.0, -1.0, 1.0) * (reach - 2)
        for name in ("bend", "twist")
    )
    row = np.arange(reach, reach + rows)[:, None] + bend
    column = np.arange(reach, reach + columns)[None, :] + twist
    return enlarge(_sample(land, row, column), plan.width, plan.height)


def _sample(field: Field, row: Field, column: Field) -> Field:
    """Returns a field at places between its points."""
    top, left = row.astype(np.intp), column.astype(np.intp)
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


def _cast_shadow(plan: Plan, cover: Floats) -> Floats:
    """Returns how much a layer darkens what lies behind it: softly, a little to the lower right."""
    small = 2 if plan.short >= 512 else 1
    mask = Image.fromarray((cover * np.float32(255.0)).astype(np.uint8)).reduce(small)
    for share in (0.007, 0.005):
        mask = mask.filter(ImageFilter.BoxBlur(max(1, round(plan.short * share / small))))
    drop = max(1, round(plan.short * 0.009))
    soft = ImageChops.offset(mask.resize((plan.width, plan.height), Image.Resampling.BILINEAR), drop // 2, drop)
    soft.paste(0, (0, 0, plan.width, drop))
    soft.paste(0, (0, 0, drop // 2, plan.height))
    return to_field(soft) * np.float32(0.55 if plan.night else 0.36)
