"""Rings: discs of many colours, cut by shared axes, as Sonia Delaunay turned them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .abstract_canvas import Sheet, Watch, add_grain, add_mottle, to_image, to_surface
from .abstract_palette import by_lightness, lightness_of, mix
from .noise import generator, stable_seed

if TYPE_CHECKING:
    from PIL import Image

    from .abstract_plan import Plan
    from .colours import RGB


def paint_rings(plan: Plan, watch: Watch) -> Image.Image:
    """Returns packed discs of concentric rings, whose colours change along the axes that cut them."""
    rng = generator(stable_seed(plan.seed, "rings"))
    sheet = Sheet(plan, plan.palette.ground)
    axis = (0.0, 0.0, 0.125, 0.06)[int(rng.integers(4))] if plan.movement > 0.3 else 0.0
    discs = _pack(plan, rng)
    watch.at(0.2)
    for number, (x, y, radius) in enumerate(discs):
        watch.at(0.2 + 0.5 * number / len(discs))
        _turn_disc(sheet, plan, (x, y), radius, axis, rng)
    surface = to_surface(sheet.finish())
    watch.at(0.8)
    add_mottle(surface, 40.0, 0.04, stable_seed(plan.seed, "paper"))
    add_grain(surface, 0.035, plan.seed)
    watch.at(0.9)
    return to_image(surface)


def _pack(plan: Plan, rng: np.random.Generator) -> list[tuple[float, float, float]]:
    """Returns (x, y, radius) of discs that do not overlap, great ones first."""
    many = plan.count or 5 + int(34 * plan.density * plan.density)
    gap = plan.short * (0.012 if plan.density < 0.7 else 0.005)
    most = plan.short * (0.45 if many <= 2 else 0.19 + 0.2 * float(rng.random()))
    bleed = not plan.count and rng.random() < 0.6
    least = plan.short * 0.022
    discs: list[tuple[float, float, float]] = []
    for _ in range(many):
        best = (0.0, 0.0, 0.0)
        for across, down in rng.random((60 if discs else 5, 2)).tolist():
            x, y = across * plan.width, down * plan.height
            room = min([most, *(((x - ox) ** 2 + (y - oy) ** 2) ** 0.5 - other - gap for ox, oy, other in discs)])
            inside = min(x, y, plan.width - x, plan.height - y) - plan.short * 0.035
            room = min(room, max(inside, room * 0.75) if bleed else inside)
            if room > best[2]:
                best = (x, y, room)
        if best[2] < least:
            break
        discs.append(best)
    return discs


def _turn_disc(
    sheet: Sheet, plan: Plan, centre: tuple[float, float], radius: float, axis: float, rng: np.random.Generator
) -> None:
    ground = plan.palette.ground
    inks = [ink for ink in plan.palette.inks if abs(lightness_of(ink) - lightness_of(ground)) > 0.05]
    inks = inks or list(plan.palette.inks)
    rings = max(2, min(9, int(radius / plan.short * (14 + 12 * plan.density)) + 1))
    sectors = (1, 2, 2, 4)[int(rng.integers(4))]
    steps = np.sqrt(1.0 - np.arange(rings) / rings) if rng.random() < 0.3 else 1.0 - np.arange(rings) / rings
    before = [int(rng.integers(len(inks))) for _ in range(sectors)]
    turn = axis + 0.25 * int(rng.integers(4))
    for step in steps.tolist():
        for sector in range(sectors):
            moves = 1 + int(rng.integers(max(1, len(inks) - 1)))
            before[sector] = (before[sector] + moves) % len(inks)
            colour: RGB = inks[before[sector]]
            if rng.random() < 0.14:
                colour = mix(ground, colour, 0.12)
            if sectors == 1:
                sheet.disc(centre, radius * step, colour)
            else:
                start = turn + sector / sectors
                sheet.slice(centre, radius * step, (start, start + 1.0 / sectors), colour)
    if rng.random() < 0.5:
        sheet.disc(centre, radius / rings * 0.42, by_lightness(inks)[0 if not plan.night else -1])
