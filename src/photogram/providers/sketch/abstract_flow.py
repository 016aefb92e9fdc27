"""Flow: ribbons that follow a field of directions and never touch each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .abstract_canvas import Sheet, Watch, add_grain, cosine, sine, swell, to_image, to_surface
from .abstract_ribbons import STEP, Ribbon, draw_ribbons
from .colours import word_set
from .noise import generator, stable_seed

if TYPE_CHECKING:
    from PIL import Image

    from .abstract_plan import Plan

_CELL = 0.0035
"""Side of a cell of the grid in which ribbons look for room."""

_SWIRLS = word_set(
    "swirl swirls swirling spiral spirals espiral espirais redemoinho vortex circle circles circulo circulos"
)


def paint_flow(plan: Plan, watch: Watch) -> Image.Image:
    """Returns ribbons along a smooth field: wide ones first, then ever finer ones in the gaps."""
    rng = generator(stable_seed(plan.seed, "flow"))
    across, down = plan.width / plan.short, plan.height / plan.short
    margin = (0.0, 0.0, 0.06)[rng.integers(3)] if "chaotic" not in plan.moods else 0.0
    widths = _choose_widths(plan, across * down)
    x, y = _trace(plan, widths, rng)
    watch.at(0.2)
    runs = _find_room(plan, x, y, widths, margin, watch)
    watch.at(0.55)
    sheet = Sheet(plan, plan.palette.ground)
    ribbons = [
        Ribbon(x=x[place, first:last], y=y[place, first:last], width=float(widths[place]))
        for place, first, last in runs
    ]
    draw_ribbons(sheet, plan, ribbons, watch)
    surface = to_surface(sheet.finish())
    watch.at(0.9)
    add_grain(surface, 0.035, plan.seed)
    return to_image(surface)


def _choose_widths(plan: Plan, area: float) -> NDArray[np.float64]:
    """Returns the width of every ribbon that will be tried, widest first."""
    rng = generator(stable_seed(plan.seed, "widths"))
    boldness = 0.3 + 1.1 * rng.random()
    if plan.count:
        return np.full(plan.count * 3, min(0.12, 0.4 / plan.count + 0.01))
    tried = int((1400 + 4200 * plan.density) * min(area, 2.5))
    wide = 0.046 * boldness * (1.3 - 0.6 * plan.density)
    fine = 0.0022 + 0.005 * (1.0 - plan.density)
    rest = 1.0 - np.sort(rng.random(tried))
    widths = fine + (wide - fine) * rest * rest * rest * rest
    if plan.fine:  # and finer ones still, in the gaps that are left
        widths = np.concatenate((widths, np.full(tried // 2, 0.6 * fine)))
    return np.asarray(widths)


def _trace(
    plan: Plan, widths: NDArray[np.float64], rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Returns the path through every starting point, (ribbons, steps), to both sides."""
    across, down = plan.width / plan.short, plan.height / plan.short
    vx, vy = _build_field(plan)
    rows, columns = vx.shape
    reach = 70 + int(50 * (1.0 - 0.5 * plan.movement))
    starts = rng.random((2, len(widths)))
    x = np.empty((len(widths), 2 * reach + 1))
    y = np.empty_like(x)
    x[:, reach], y[:, reach] = starts[0] * across, starts[1] * down
    for sign in (1, -1):
        for step in range(reach):
            here, there = reach + sign * step, reach + sign * (step + 1)
            column = np.clip(x[:, here] * (columns / across), 0, columns - 1).astype(np.intp)
            row = np.clip(y[:, here] * (rows / down), 0, rows - 1).astype(np.intp)
            x[:, there] = x[:, here] + vx[row, column] * (sign * STEP)
            y[:, there] = y[:, here] + vy[row, column] * (sign * STEP)
    return x, y


def _build_field(plan: Plan) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Returns the direction at every place of a coarse grid, as unit vectors."""
    rng = generator(stable_seed(plan.seed, "field"))
    scale = 360.0 / max(plan.width, plan.height)
    columns, rows = max(8, int(plan.width * scale)), max(8, int(plan.height * scale))
    cells = 1.4 + 3.6 * plan.movement * plan.movement
    bends = swell(columns, rows, cells, stable_seed(plan.seed, "bends")) - 0.5
    turns = float(rng.random()) + bends * (0.5 + 1.5 * plan.movement)
    if rng.random() < 0.22 * plan.movement * 2.0:  # now and then a field of straight runs and sharp corners
        turns = np.floor(turns * 12.0 + 0.5) / 12.0
    vx, vy = cosine(turns), sine(turns)
    if plan.words & _SWIRLS or rng.random() < 0.25:
        eye_x, eye_y = 0.3 + 0.4 * rng.random(2)
        dx = ((np.arange(columns) + 0.5) / columns - eye_x)[None, :] * columns
        dy = ((np.arange(rows) + 0.5) / rows - eye_y)[:, None] * rows
        far = np.sqrt(dx * dx + dy * dy) + 1.0
        inwards = 0.12 + 0.25 * float(rng.random())
        vx = 0.55 * vx + (-dy - dx * inwards) / far
        vy = 0.55 * vy + (dx - dy * inwards) / far
    length = np.sqrt(vx * vx + vy * vy) + 1e-6
    return vx / length, vy / length


def _find_room(
    plan: Plan,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    widths: NDArray[np.float64],
    margin: float,
    watch: Watch,
) -> list[tuple[int, int, int]]:
    """Returns (ribbon, first step, step after the last) of every ribbon that found room, widest first."""
    across, down = plan.width / plan.short, plan.height / plan.short
    rim = 0.12  # paths may leave the picture by this much before they end
    columns, rows = int((across + 2 * rim) / _CELL) + 2, int((down + 2 * rim) / _CELL) + 2
    taken = np.zeros((rows, columns), dtype=bool)
    edge = int((rim + margin if margin else 0.01) / _CELL)
    taken[:edge] = taken[-edge:] = True
    taken[:, :edge] = taken[:, -edge:] = True
    flat = taken.reshape(-1)
    gap = (0.0012 + 0.007 * (1.0 - plan.density)) if "chaotic" not in plan.moods else -0.003
    dx, dy = np.gradient(x, axis=1) / STEP, np.gradient(y, axis=1) / STEP
    half = widths[:, None] / 2.0
    lanes = []
    for side in (-1.0, 0.0, 1.0):
        column = np.clip((x - dy * half * side + rim) / _CELL, 0, columns - 1).astype(np.intp)
        row = np.clip((y + dx * half * side + rim) / _CELL, 0, rows - 1).astype(np.intp)
        lanes.append(row * columns + column)
    middle = x.shape[1] // 2
    blocked_at = np.empty(x.shape[1], dtype=bool)
    least = int(0.05 / STEP)
    runs: list[tuple[int, int, int]] = []
    for ribbon in range(len(widths)):
        if ribbon % 256 == 0:
            watch.at(0.2 + 0.35 * ribbon / len(widths))
        left, centre, right = (lane[ribbon] for lane in lanes)
        if flat[centre[middle]]:
            continue
        np.logical_or(flat[left], flat[centre], out=blocked_at)
        blocked_at |= flat[right]
        if blocked_at[middle]:
            continue
        after = blocked_at[middle:].argmax()
        before = blocked_at[middle::-1].argmax()
        cap = int(widths[ribbon] / 2.0 / STEP + 0.9)  # room for the round ends
        last = middle + int(after) - cap if after else x.shape[1]
        first = middle - int(before) + 1 + cap if before else 0
        if last - first < max(least, int(2.5 * widths[ribbon] / STEP)):
            continue
        runs.append((ribbon, first, last))
        radius = max(1, int((widths[ribbon] / 2.0 + gap) / _CELL + 0.5))
        stride = max(1, int(radius * _CELL / STEP * 0.6))
        places = np.clip(centre[first:last:stride, None] + _disc(radius, columns), 0, flat.size - 1)
        flat[places] = True
        if plan.count and len(runs) == plan.count:
            break
    return runs


def _disc(radius: int, columns: int) -> NDArray[np.intp]:
    span = np.arange(-radius, radius + 1)
    down, across = np.meshgrid(span, span, indexing="ij")
    inside = down * down + across * across <= radius * radius
    return np.asarray((down * columns + across)[inside], dtype=np.intp)
