"""The modules of a Bauhaus grid: one small figure in one square, each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .abstract_canvas import Point, Sheet, circle_point
from .colours import RGB


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One square of the grid.

    Attributes:
        corner: Its upper left corner, in pixels.
        side: Its side, in pixels.
        ground: What it is filled with already.
        ink: Colour of the figure.
        accent: A third colour.
        rng: Where chance comes from.
    """

    corner: Point
    side: float
    ground: RGB
    ink: RGB
    accent: RGB
    rng: np.random.Generator

    @property
    def centre(self) -> Point:
        """The middle of the square."""
        return self.at(0.5, 0.5)

    def at(self, across: float, down: float) -> Point:
        """Returns a point of the square, given as shares of its side."""
        return self.corner[0] + self.side * across, self.corner[1] + self.side * down

    def turn(self) -> int:
        """Returns 0, 1, 2 or 3 quarter turns, by chance."""
        return int(self.rng.integers(4))

    def chance(self, share: float) -> bool:
        """Returns True in about that share of all calls."""
        return bool(self.rng.random() < share)


_CORNERS = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))  # clockwise; slice `turn` opens into the square
_EDGES = ((0.5, 0.0), (1.0, 0.5), (0.5, 1.0), (0.0, 0.5))


def _quarter(sheet: Sheet, module: Module) -> None:
    turn = module.turn()
    hub, opening = module.at(*_CORNERS[turn]), (turn * 0.25, turn * 0.25 + 0.25)
    sheet.slice(hub, module.side, opening, module.ink)
    if module.chance(0.5):
        sheet.slice(hub, module.side * 0.5, opening, module.accent)


def _fan(sheet: Sheet, module: Module) -> None:
    turn = module.turn()
    hub, opening = module.at(*_CORNERS[turn]), (turn * 0.25, turn * 0.25 + 0.25)
    rings = 4 + module.turn()
    for ring in range(rings):
        sheet.slice(hub, module.side * (rings - ring) / rings, opening, module.ground if ring % 2 else module.ink)


def _semi(sheet: Sheet, module: Module) -> None:
    turn = module.turn()
    sheet.slice(module.at(*_EDGES[turn]), module.side / 2, (turn * 0.25, turn * 0.25 + 0.5), module.ink)
    if module.chance(0.6):
        middle = module.centre
        sheet.slice(middle, module.side / 2, (turn * 0.25, turn * 0.25 + 0.5), module.accent)


def _disc(sheet: Sheet, module: Module) -> None:
    sheet.disc(module.centre, module.side * 0.5, module.ink)
    if module.chance(0.5):
        turn = module.turn() * 0.25
        sheet.slice(module.centre, module.side * 0.5, (turn, turn + 0.5), module.accent)


def _target(sheet: Sheet, module: Module) -> None:
    for ring, colour in enumerate((module.ink, module.ground, module.accent)):
        sheet.disc(module.centre, module.side * (0.5 - 0.16 * ring), colour)


def _leaf(sheet: Sheet, module: Module) -> None:
    turn = module.turn()
    one, other = _CORNERS[turn], _CORNERS[(turn + 2) % 4]
    arc = [circle_point(module.at(*one), module.side, turn * 0.25 + step / 96) for step in range(25)]
    back = [circle_point(module.at(*other), module.side, turn * 0.25 + 0.5 + step / 96) for step in range(25)]
    sheet.polygon(arc + back, module.ink)
    if module.chance(0.4):
        sheet.disc(module.centre, module.side * 0.13, module.accent)


def _triangle(sheet: Sheet, module: Module) -> None:
    turn = module.turn()
    corners = [module.at(*_CORNERS[(turn + step) % 4]) for step in range(4)]
    sheet.polygon(corners[:3], module.ink)
    if module.chance(0.35):
        sheet.polygon((corners[0], corners[1], module.centre), module.accent)


def _hourglass(sheet: Sheet, module: Module) -> None:
    turn = module.turn()
    corners = [module.at(*_CORNERS[(turn + step) % 4]) for step in range(4)]
    sheet.polygon((corners[0], corners[1], module.centre), module.ink)
    sheet.polygon((corners[2], corners[3], module.centre), module.accent if module.chance(0.4) else module.ink)


def _stripes(sheet: Sheet, module: Module) -> None:
    lines = 3 + module.turn()
    width = module.side / (2 * lines)
    upright = module.chance(0.5)
    for line in range(lines):
        start = (2 * line + 0.5) / (2 * lines)
        corner = module.at(start, 0.0) if upright else module.at(0.0, start)
        sheet.rectangle(corner, (width, module.side) if upright else (module.side, width), module.ink)


def _dots(sheet: Sheet, module: Module) -> None:
    across = 3 + module.turn() // 2
    for dot in range(across * across):
        at = module.at((dot % across + 0.5) / across, (dot // across + 0.5) / across)
        sheet.disc(at, module.side * 0.26 / across, module.ink)


def _arch(sheet: Sheet, module: Module) -> None:
    turn = module.turn()
    for layer, colour in enumerate((module.ink, module.ground, module.accent)):
        radius = module.side * (0.5 - 0.17 * layer)
        hub = module.centre
        sheet.slice(hub, radius, (turn * 0.25, turn * 0.25 + 0.5), colour)
        along, aside = circle_point((0.0, 0.0), 1.0, turn * 0.25 - 0.25), circle_point((0.0, 0.0), 1.0, turn * 0.25)
        far = module.side / 2
        legs = [
            (hub[0] + aside[0] * radius * sign + along[0] * reach, hub[1] + aside[1] * radius * sign + along[1] * reach)
            for sign, reach in ((-1, 0.0), (1, 0.0), (1, far), (-1, far))
        ]
        sheet.polygon(legs, colour)


def _steps(sheet: Sheet, module: Module) -> None:
    turn, count = module.turn(), 4
    for step in range(count):
        width = (step + 1) / count
        across, down, wide, high = 0.0, step / count, width, 1 / count
        for _ in range(turn):
            across, down, wide, high = 1.0 - down - high, across, high, wide
        sheet.rectangle(module.at(across, down), (module.side * wide, module.side * high), module.ink)


MODULES: dict[str, Callable[[Sheet, Module], None]] = {
    "quarter": _quarter,
    "fan": _fan,
    "semi": _semi,
    "disc": _disc,
    "target": _target,
    "leaf": _leaf,
    "triangle": _triangle,
    "hourglass": _hourglass,
    "stripes": _stripes,
    "dots": _dots,
    "arch": _arch,
    "steps": _steps,
}
"""Every figure, by name."""
