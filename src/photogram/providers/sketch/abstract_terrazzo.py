"""Terrazzo: chips of stone, large ones first, then ever smaller ones, in a polished ground."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .abstract_canvas import Point, Sheet, Watch, add_grain, add_mottle, circle_point, to_image, to_surface
from .abstract_palette import mix, shade
from .colours import word_set
from .noise import generator, stable_seed

if TYPE_CHECKING:
    from PIL import Image

    from .abstract_plan import Plan

_CONFETTI = word_set("confetti confete confetes carnival carnaval party festa")
_PAPER = word_set("paper cutouts recortes")


def paint_terrazzo(plan: Plan, watch: Watch) -> Image.Image:
    """Returns chips that never touch, with a soft shadow where they are cut from paper."""
    rng = generator(stable_seed(plan.seed, "terrazzo"))
    chips = _scatter(plan, rng, watch)
    sheet = Sheet(plan, plan.palette.ground)
    paper = bool(plan.words & _PAPER) or rng.random() < 0.35
    drop = 0.006 * plan.short
    outlines = [_break_chip(plan, x, y, radius, rng) for x, y, radius in chips]
    if paper:
        shadow = mix(plan.palette.ground, (10, 10, 24), 0.45 if plan.night else 0.16)
        for outline in outlines:
            sheet.polygon([(x + drop * 0.6, y + drop) for x, y in outline], shadow)
    watch.at(0.55)
    inks = plan.palette.inks
    weights = [1.0, 0.9, 0.8, 0.8, 0.7, 0.6, 0.6][: len(inks)]
    for outline in outlines:
        chosen = float(rng.random()) * sum(weights)
        place = 0
        while place < len(inks) - 1 and chosen > weights[place]:
            chosen -= weights[place]
            place += 1
        ink = inks[place] if plan.guide is None else plan.guide_at(outline[0])
        sheet.polygon(outline, shade(ink, 0.05 * (float(rng.random()) - 0.5)))
    surface = to_surface(sheet.finish())
    watch.at(0.75)
    add_mottle(surface, 26.0, 0.07, stable_seed(plan.seed, "veins"))
    add_grain(surface, 0.045, plan.seed)
    watch.at(0.9)
    return to_image(surface)


def _scatter(plan: Plan, rng: np.random.Generator, watch: Watch) -> list[tuple[float, float, float]]:
    """Returns (x, y, radius) of every chip, in pixels; found on a coarse grid of what is taken."""
    across, down = plan.width / plan.short, plan.height / plan.short
    cell = 1.0 / 220.0
    columns, rows = int(across / cell) + 1, int(down / cell) + 1
    taken = np.zeros((rows, columns), dtype=bool)
    row_of, column_of = np.arange(rows)[:, None], np.arange(columns)[None, :]
    great = 0.085 + 0.05 * (1.0 - plan.density)
    if plan.words & _CONFETTI:
        great *= 0.45
    if plan.count:
        sizes = [(min(0.16, 0.42 / plan.count**0.5), plan.count)]
    else:
        area = min(3.0, across * down)
        sizes = [
            (great, int((20 + 60 * plan.density) * area)),
            (great * 0.5, int((60 + 260 * plan.density) * area)),
            (great * 0.24, int((120 + 900 * plan.density) * area)),
            (great * 0.1, int((180 + 1400 * plan.density) * area)),
        ]
        if plan.fine:
            sizes.append((great * 0.05, int((300 + 1600 * plan.density) * area)))
    chips: list[tuple[float, float, float]] = []
    for size, tries in sizes:
        watch.at(0.1 + 0.1 * len(chips) / (1 + len(chips)))
        for _ in range(tries * (30 if plan.count else 1)):
            a, b, c = rng.random(3).tolist()
            radius = size * (0.65 + 0.6 * c)
            x, y = a * across, b * down
            reach = int((radius * 1.02 + 0.002 + 0.012 * (1.0 - plan.density)) / cell) + 1
            row, column = int(y / cell), int(x / cell)
            top, left = max(0, row - reach), max(0, column - reach)
            window = (slice(top, row + reach + 1), slice(left, column + reach + 1))
            dy, dx = row_of[window[0]] - row, column_of[:, window[1]] - column
            near = dx * dx + dy * dy <= reach * reach
            if (taken[window] & near).any():
                continue
            taken[window] |= dx * dx + dy * dy <= (radius / cell) * (radius / cell)
            chips.append((x * plan.short, y * plan.short, radius * plan.short))
            if plan.count and len(chips) == plan.count:
                return chips
    return chips


def _break_chip(plan: Plan, x: float, y: float, radius: float, rng: np.random.Generator) -> list[Point]:
    """Returns a convex, angular outline: points in order around a stretched circle."""
    corners = 4 + int(rng.integers(4)) if radius > 0.02 * plan.short else 3 + int(rng.integers(3))
    tilt, flat = rng.random(2).tolist()
    flat = 0.55 + 0.45 * flat
    points = []
    for corner in range(corners):
        turns = (corner + 0.72 * (float(rng.random()) - 0.5)) / corners
        px, py = circle_point((0.0, 0.0), radius, turns)
        py *= flat
        cosine_x, sine_x = circle_point((0.0, 0.0), 1.0, tilt)
        points.append((x + px * cosine_x - py * sine_x, y + px * sine_x + py * cosine_x))
    return points
