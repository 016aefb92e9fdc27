"""Bauhaus: few forms, few colours, one strict order, and inks that overprint."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from .abstract_canvas import Point, Sheet, Watch, add_grain, circle_point, to_image, to_surface
from .abstract_modules import MODULES, Module
from .abstract_palette import by_lightness, lightness_of, mix
from .colours import word_set
from .noise import generator, stable_seed

if TYPE_CHECKING:
    from PIL import Image

    from .abstract_plan import Plan
    from .colours import RGB

_WHITE, _BLACK = (255, 255, 255), (0, 0, 0)
_CIRCLES = word_set("circle circles circulo circulos")
_TRIANGLES = word_set("triangle triangles triangulo triangulos")
_SQUARES = word_set("square squares quadrado quadrados block blocks bloco blocos")
_GRID = word_set("grid grade pattern padrao tiles azulejo azulejos geometric geometrico geometrica")


def paint_bauhaus(plan: Plan, watch: Watch) -> Image.Image:
    """Returns a grid of modules, or a poster of few great forms that overprint."""
    watch.at(0.15)
    forms = plan.words & (_CIRCLES | _TRIANGLES | _SQUARES)
    grid = bool(plan.words & _GRID) or (not forms and stable_seed(plan.seed, "order") % 2 == 0)
    grid = grid and not plan.count
    sheet = Sheet(plan, plan.palette.ground, light=not grid)
    (_lay_grid if grid else _compose_poster)(sheet, plan, watch)
    watch.at(0.75)
    surface = to_surface(sheet.finish())
    add_grain(surface, 0.03, plan.seed)
    watch.at(0.9)
    return to_image(surface)


# ── A grid of modules ───────────────────────────────────────────────────────────────────────────────────────────────


def _lay_grid(sheet: Sheet, plan: Plan, watch: Watch) -> None:
    rng = generator(stable_seed(plan.seed, "grid"))
    fewest = 3 + int(4 * plan.density) + int(rng.integers(2))
    margin = plan.short * (0.07 if rng.random() < 0.7 else 0.0)
    side = (plan.short - 2 * margin) / fewest
    columns = max(1, int((plan.width - 2 * margin) / side + 0.01))
    rows = max(1, int((plan.height - 2 * margin) / side + 0.01))
    left, top = (plan.width - columns * side) / 2, (plan.height - rows * side) / 2
    if not margin:  # a full bleed has no paper left at the rim
        columns, rows, left, top = columns + 2, rows + 2, left - side, top - side
    free = np.ones((rows, columns), dtype=bool)
    inks = _ordered_inks(plan)
    last = ""
    quiet = 0.1 + 0.3 * (1.0 - plan.density)
    for row in range(rows):
        watch.at(0.15 + 0.55 * row / rows)
        for column in range(columns):
            if not free[row, column]:
                continue
            span = 2 if rng.random() < 0.13 and _fits(free, row, column) else 1
            free[row : row + span, column : column + span] = False
            corner = (left + column * side, top + row * side)
            name = _choose_module(rng, last, plan)
            last = name
            ground, ink, accent = _choose_inks(rng, inks, plan.palette.ground, quiet)
            module = Module(corner=corner, side=side * span, ground=ground, ink=ink, accent=accent, rng=rng)
            sheet.rectangle(corner, (side * span, side * span), ground)
            if ground != ink and rng.random() > quiet * 0.4:
                MODULES[name](sheet, module)


def _fits(free: np.ndarray[tuple[int, int], np.dtype[np.bool_]], row: int, column: int) -> bool:
    block = free[row : row + 2, column : column + 2]
    return block.shape == (2, 2) and bool(block.all())


def _choose_module(rng: np.random.Generator, last: str, plan: Plan) -> str:
    names = [name for name in MODULES if name != last]
    asked = [
        name
        for name in names
        if (name in ("triangle", "hourglass") and plan.words & _TRIANGLES)
        or (name in ("disc", "quarter", "semi", "target") and plan.words & _CIRCLES)
    ]
    choices = asked if asked and rng.random() < 0.7 else names
    return choices[int(rng.integers(len(choices)))]


def _choose_inks(rng: np.random.Generator, inks: tuple[RGB, ...], paper: RGB, quiet: float) -> tuple[RGB, RGB, RGB]:
    """Returns a module's ground, ink and accent; the accent may be the paper."""
    weights = [1.0 / (1.0 + 0.35 * place) for place in range(len(inks))]
    ground = paper if rng.random() < 0.3 + quiet else _weighted(rng, inks, weights)
    left = [ink for ink in inks if abs(lightness_of(ink) - lightness_of(ground)) > 0.1] or [
        ink for ink in inks if ink != ground
    ]
    ink = _weighted(rng, left, weights) if left else paper
    if ground != paper and rng.random() < 0.3:
        ink = paper
    others = [colour for colour in (*inks, paper) if colour not in (ground, ink)]
    accent = others[int(rng.integers(len(others)))] if others else paper
    return ground, ink, accent


def _weighted(rng: np.random.Generator, inks: tuple[RGB, ...] | list[RGB], weights: list[float]) -> RGB:
    left = float(rng.random()) * sum(weights[: len(inks)])
    for ink, weight in zip(inks, weights, strict=False):
        left -= weight
        if left <= 0.0:
            return ink
    return inks[-1]


def _ordered_inks(plan: Plan) -> tuple[RGB, ...]:
    """Returns the inks, those that stand out from the ground first."""
    ground = lightness_of(plan.palette.ground)
    return tuple(sorted(plan.palette.inks, key=lambda ink: -round(abs(lightness_of(ink) - ground) * 4)))


# ── A poster ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _compose_poster(sheet: Sheet, plan: Plan, watch: Watch) -> None:
    rng = generator(stable_seed(plan.seed, "poster"))
    axis = (0.0, -0.125, -0.08, 0.09, 0.125)[int(rng.integers(5))] if plan.movement > 0.3 else 0.0
    inks = _ordered_inks(plan)
    dark, *bright = by_lightness(inks) if not plan.night else reversed(by_lightness(inks))
    bright = sorted(bright, key=inks.index)
    many = plan.count or 3 + int(3 * plan.density + 0.5)
    size = 0.34 if many < 4 else 0.68 / math.sqrt(many)
    centre = (plan.width * (0.5 + 0.06 * (rng.random() - 0.5)), plan.height * (0.5 + 0.06 * (rng.random() - 0.5)))
    reach = (plan.width * 0.5 - plan.short * 0.16, plan.height * 0.5 - plan.short * 0.16)
    kinds = _form_kinds(plan)
    asked = bool(plan.words & (_CIRCLES | _TRIANGLES | _SQUARES)) and bool(plan.count)
    if not asked:
        _print_bars(sheet, plan, rng, axis, centre, bright, dark)
    watch.at(0.35)
    turn = float(rng.random())
    for number in range(many):
        ink = bright[number % len(bright)]
        layer = Sheet(plan, _BLACK if plan.night else _WHITE, light=True)
        place = turn + number * 0.381966  # the golden angle spreads any number of forms
        far = math.sqrt((number + 0.35) / many)
        across, down = circle_point((0.0, 0.0), 1.0, place)
        at = (centre[0] + across * far * reach[0] * 0.9, centre[1] + down * far * reach[1] * 0.9)
        radius = plan.short * size * (1.0 - 0.55 * far) * (0.8 + 0.4 * float(rng.random()))
        _draw_form(layer, kinds[number % len(kinds)], at, radius, axis, ink)
        sheet.overprint(layer, night=plan.night)
        watch.at(0.35 + 0.35 * (number + 1) / many)
    if not asked:
        _print_accents(sheet, plan, rng, axis, centre, dark, bright)


def _form_kinds(plan: Plan) -> list[str]:
    named = [
        kind
        for kind, words in (("disc", _CIRCLES), ("triangle", _TRIANGLES), ("square", _SQUARES))
        if plan.words & words
    ]
    if named:
        return named
    rng = generator(stable_seed(plan.seed, "kinds"))
    orders = (["disc", "semi", "disc", "square"], ["disc", "triangle", "semi"], ["disc", "disc", "semi"],
              ["square", "disc", "triangle", "disc"])  # fmt: skip
    return orders[int(rng.integers(len(orders)))]


def _draw_form(layer: Sheet, kind: str, at: Point, radius: float, axis: float, ink: RGB) -> None:
    if kind == "disc":
        layer.disc(at, radius, ink)
    elif kind == "semi":
        layer.slice(at, radius * 1.15, (axis, axis + 0.5), ink)
    elif kind == "square":
        layer.polygon([circle_point(at, radius * 1.2, axis + 0.125 + 0.25 * side) for side in range(4)], ink)
    else:
        layer.polygon([circle_point(at, radius * 1.25, axis - 0.25 + side / 3) for side in range(3)], ink)


def _print_bars(
    sheet: Sheet, plan: Plan, rng: np.random.Generator, axis: float, centre: Point, bright: list[RGB], dark: RGB
) -> None:
    """A great tinted field, then bars along the axis."""
    long = plan.width + plan.height
    tint = mix(plan.palette.ground, bright[-1], 0.35)
    side = float(rng.random()) * 0.5
    if rng.random() < 0.6:
        start = circle_point(centre, long * 0.25 + plan.short * side * 0.4, axis + 0.25)
        sheet.bar(circle_point(start, long, axis), circle_point(start, long, axis + 0.5), long * 0.5, tint)
    for number in range(1 + int(2 * plan.density + 0.5)):
        offset = plan.short * (float(rng.random()) - 0.5) * 0.8
        at = circle_point(centre, offset, axis + 0.25)
        ahead, behind = plan.short * (0.2 + 0.7 * float(rng.random())), plan.short * (0.2 + 0.5 * float(rng.random()))
        width = plan.short * (0.018, 0.05, 0.09)[int(rng.integers(3))]
        across = axis + (0.25 if rng.random() < 0.3 else 0.0)
        layer = Sheet(plan, _BLACK if plan.night else _WHITE, light=True)
        ink = dark if number == 0 else bright[(number + 1) % len(bright)]
        layer.bar(circle_point(at, ahead, across), circle_point(at, behind, across + 0.5), width, ink)
        sheet.overprint(layer, night=plan.night)


def _print_accents(
    sheet: Sheet, plan: Plan, rng: np.random.Generator, axis: float, centre: Point, dark: RGB, bright: list[RGB]
) -> None:
    """Fine parallels, an arc of rings and one small full stop."""
    unit = plan.short
    at = circle_point(centre, unit * (0.18 + 0.2 * float(rng.random())), axis + 0.25 * int(rng.integers(4)))
    lines = 4 + int(rng.integers(6))
    for line in range(lines):
        start = circle_point(at, unit * 0.022 * (line - lines / 2), axis + 0.25)
        sheet.bar(start, circle_point(start, unit * 0.34, axis), max(1.0, unit * 0.0035), dark)
    if rng.random() < 0.7:
        hub = circle_point(centre, unit * 0.3, axis + 0.125 + 0.25 * int(rng.integers(4)))
        for ring in range(3 + int(rng.integers(3))):
            sheet.ring(hub, unit * (0.07 + 0.024 * ring), max(1.0, unit * 0.005), dark)
        sheet.disc(hub, unit * 0.028, bright[0])
    stop = circle_point(centre, unit * 0.4, axis + float(rng.random()))
    sheet.disc(stop, unit * (0.02 + 0.02 * float(rng.random())), dark)
