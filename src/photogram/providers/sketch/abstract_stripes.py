"""Stripes: bands of ink on a cloth that bends, lit as cloth is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .abstract_canvas import Floats, Watch, add_grain, circle_point, pixel_grid, to_image
from .abstract_palette import lightness_of
from .noise import fbm, generator, stable_seed

if TYPE_CHECKING:
    from PIL import Image

    from .abstract_plan import Plan
    from .colours import RGB

_STEPS = 8192
"""Entries in the table of stripes; a stripe's edge is finer than a pixel at any size."""


def paint_stripes(plan: Plan, watch: Watch) -> Image.Image:
    """Returns parallel stripes of varied width, moved by soft hills in the cloth."""
    rng = generator(stable_seed(plan.seed, "stripes"))
    x, y = pixel_grid(plan)
    turns = (0.0, 0.25, 0.125, 0.0, 0.07)[int(rng.integers(5))]
    along, aside = circle_point((0.0, 0.0), 1.0, turns)
    bend = 0.02 + 0.55 * plan.movement * plan.movement
    cells = 1.2 + 1.6 * plan.movement
    cloth = (fbm(plan.width, plan.height, cells, 2, stable_seed(plan.seed, "cloth")) - 0.5).astype(np.float32)
    watch.at(0.3)
    place = x * np.float32(along) + y * np.float32(aside) + cloth * np.float32(bend)
    span = plan.width / plan.short * abs(along) + plan.height / plan.short * abs(aside) + bend
    place = (place + np.float32(bend / 2)) / np.float32(span)
    across, down = np.gradient(place, axis=1), np.gradient(place, axis=0)
    stretch = np.sqrt(across * across + down * down) + np.float32(1e-6)
    watch.at(0.5)
    surface = _print_stripes(plan, place, stretch, rng)
    watch.at(0.7)
    slope = (np.gradient(cloth, axis=1) + np.gradient(cloth, axis=0)) * np.float32(plan.short)
    light = np.clip(slope * np.float32(0.22 * (0.4 + bend)), -0.2, 0.2)
    surface += light[..., None] * (np.float32(0.35) + surface)
    add_grain(surface, 0.04, plan.seed)
    watch.at(0.9)
    return to_image(surface)


def _print_stripes(plan: Plan, place: Floats, stretch: Floats, rng: np.random.Generator) -> Floats:
    """Returns the colour of every place, with edges as wide as a pixel."""
    edges, colours = _plan_stripes(plan, rng)
    stripe_of = np.searchsorted(edges, (np.arange(_STEPS) + 0.5) / _STEPS).astype(np.int32)
    step = np.clip(place * np.float32(_STEPS), 0, _STEPS - 1).astype(np.int32)
    stripe = stripe_of[step]
    after = edges.astype(np.float32)[np.minimum(stripe, len(edges) - 1)]
    share = np.clip((place - after) / stretch + np.float32(0.5), 0, 1)
    before = edges.astype(np.float32)[np.maximum(stripe - 1, 0)]
    share_before = np.clip(np.float32(0.5) - (place - before) / stretch, 0, 1) * (stripe > 0)
    table = np.array(colours, dtype=np.float32) / np.float32(255.0)
    last = len(colours) - 1
    surface: Floats = table[stripe]
    surface += (table[np.minimum(stripe + 1, last)] - surface) * share[..., None]
    surface += (table[np.maximum(stripe - 1, 0)] - surface) * share_before[..., None]
    return surface


def _plan_stripes(
    plan: Plan, rng: np.random.Generator
) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], list[RGB]]:
    """Returns where each stripe ends (0–1, the last left out) and the stripes' colours."""
    many = plan.count or 12 + int(46 * plan.density)
    even = bool(plan.count) or rng.random() < 0.3
    widths = np.ones(many) if even else 0.25 + rng.random(many) * rng.random(many) * 3.0
    ends = np.cumsum(widths)
    inks = (*plan.palette.inks, plan.palette.ground)
    used = dict.fromkeys(inks, 0)
    colours: list[RGB] = []
    for _ in range(many):
        last = colours[-1] if colours else None
        apart = [ink for ink in inks if last is None or abs(lightness_of(ink) - lightness_of(last)) > 0.08]
        choices = apart or [ink for ink in inks if ink != last] or list(inks)
        luck = rng.random(len(choices)).tolist()
        wishes = [(used[ink] + 2.5 * chance, ink) for ink, chance in zip(choices, luck, strict=True)]
        colours.append(min(wishes)[1])  # a colour that was used seldom comes sooner
        used[colours[-1]] += 1
    return ends[:-1] / ends[-1], colours
