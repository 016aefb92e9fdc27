"""Ribbons: how one path of a flow becomes paper, with its shadow, its drift of colour and its veins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .abstract_canvas import Point, Sheet, Watch
from .abstract_palette import lightness_of, mix, shade
from .abstract_plan import Plan
from .colours import RGB
from .noise import generator, stable_seed, value_noise

STEP = 0.006
"""Length of one step along a ribbon, in shorter sides (as all lengths of a ribbon)."""

_TILE = 4
"""Steps of one colour along a ribbon."""

_CAP = np.array((0.0, 0.38, 0.7, 0.92))
"""How wide a round end is, from its tip on, in shares of the ribbon."""

_REGIONS = 64
"""Cells, across and down, of the map that says which ink belongs where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ribbon:
    """One path that found room.

    Attributes:
        x: Where its middle line runs, step by step, in shorter sides.
        y: Likewise.
        width: How wide it is, in shorter sides.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    width: float


def draw_ribbons(sheet: Sheet, plan: Plan, ribbons: Sequence[Ribbon], watch: Watch) -> None:
    """Draws all shadows, then all ribbons: those of one region in kindred inks."""
    rng = generator(stable_seed(plan.seed, "ribbons"))
    inks = _seen(plan)
    regions = value_noise(_REGIONS, _REGIONS, 2.2, stable_seed(plan.seed, "regions"))
    shadow = mix(plan.palette.ground, (12, 12, 22), 0.5 if plan.night else 0.13)
    drop = 0.0045 * plan.short
    outlines = [_outline(ribbon, plan.short) for ribbon in ribbons]
    for left, right in outlines:
        sheet.polygon(((x + drop * 0.5, y + drop) for x, y in (*left, *reversed(right))), shadow)
    for number, (ribbon, (left, right)) in enumerate(zip(ribbons, outlines, strict=True)):
        if number % 200 == 0:
            watch.at(0.6 + 0.3 * number / len(ribbons))
        region = float(regions[_region_of(ribbon, plan)])
        luck = rng.random(4).tolist()
        wish = region * 1.5 - 0.25 + (luck[0] - 0.5) * (0.25 + 0.5 * plan.movement)
        place = min(len(inks) - 1, max(0, int(wish * len(inks))))
        if luck[1] < 0.07:  # a stranger now and then keeps a region alive
            place = int(luck[0] * len(inks))
        ink = inks[place]
        towards = inks[(place + 1) % len(inks)] if luck[2] < 0.3 else shade(ink, 0.09 if luck[2] < 0.7 else -0.07)
        colours = _drift(ink, towards, len(left) // _TILE)
        if plan.guide is not None:
            colours = [_guided(plan, left[tile * _TILE], luck[2]) for tile in range(len(colours))]
        for tile, colour in enumerate(colours):
            start = tile * _TILE
            stop = len(left) if tile == len(colours) - 1 else start + _TILE + 2  # overlaps the next: no seam shows
            sheet.polygon((*left[start:stop], *reversed(right[start:stop])), colour)
        if ribbon.width > 0.016 and luck[3] < 0.4:
            vein = shade(colours[len(colours) // 2], 0.13 if luck[1] < 0.6 else -0.1)
            _draw_veins(sheet, left, right, ribbon.width, vein)


def _region_of(ribbon: Ribbon, plan: Plan) -> tuple[int, int]:
    middle = len(ribbon.x) // 2
    column = int(ribbon.x[middle] * plan.short / plan.width * _REGIONS)
    row = int(ribbon.y[middle] * plan.short / plan.height * _REGIONS)
    return min(_REGIONS - 1, max(0, row)), min(_REGIONS - 1, max(0, column))


def _seen(plan: Plan) -> tuple[RGB, ...]:
    """Returns the inks that stand out from the ground."""
    ground = lightness_of(plan.palette.ground)
    seen = tuple(ink for ink in plan.palette.inks if abs(lightness_of(ink) - ground) > 0.06)
    return seen or plan.palette.inks


def _drift(ink: RGB, towards: RGB, tiles: int) -> list[RGB]:
    """Returns the colours along one ribbon; a short one keeps its first."""
    if tiles < 5:
        return [ink] * tiles
    return [mix(ink, towards, tile / (tiles - 1)) for tile in range(tiles)]


def _guided(plan: Plan, at: Point, luck: float) -> RGB:
    """Returns the reference's colour at a place, a little lighter or darker, so that ribbons stay ribbons."""
    return shade(plan.guide_at(at), (luck - 0.5) * 0.14)


def _draw_veins(sheet: Sheet, left: list[Point], right: list[Point], width: float, colour: RGB) -> None:
    """Draws fine lines along a wide ribbon, within it."""
    lines = 1 + int(width / 0.014)
    half = max(0.0009, 0.035 * width) / width  # of the ribbon's width
    for line in range(lines):
        share = (line + 1) / (lines + 1)
        rims: list[list[Point]] = []
        for place in (share - half, share + half):
            pairs = zip(left[4:-4], right[4:-4], strict=True)
            rims.append([(a + (c - a) * place, b + (d - b) * place) for (a, b), (c, d) in pairs])
        sheet.polygon((*rims[0], *reversed(rims[1])), colour)


def _outline(ribbon: Ribbon, short: int) -> tuple[list[Point], list[Point]]:
    """Returns the two sides of a ribbon with round ends, in pixels; each point faces its twin."""
    radius = ribbon.width / 2.0
    dx, dy = np.gradient(ribbon.x) / STEP, np.gradient(ribbon.y) / STEP
    ahead = np.sqrt(1.0 - _CAP * _CAP) * radius
    head, tail = slice(0, 1), slice(-1, None)
    x = np.concatenate((ribbon.x[head] - dx[head] * ahead, ribbon.x, ribbon.x[tail] + dx[tail] * ahead[::-1]))
    y = np.concatenate((ribbon.y[head] - dy[head] * ahead, ribbon.y, ribbon.y[tail] + dy[tail] * ahead[::-1]))
    half = np.concatenate((_CAP * radius, np.full(len(ribbon.x), radius), _CAP[::-1] * radius))
    dx, dy = (
        np.concatenate((along[head].repeat(len(_CAP)), along, along[tail].repeat(len(_CAP)))) for along in (dx, dy)
    )
    left = np.stack((x - dy * half, y + dx * half), axis=1) * short
    right = np.stack((x + dy * half, y - dx * half), axis=1) * short
    return [(across, down) for across, down in left.tolist()], [(across, down) for across, down in right.tolist()]
