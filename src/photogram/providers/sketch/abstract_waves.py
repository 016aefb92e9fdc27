"""Waves: sheets of cut paper, one before the other, each with the shadow it throws."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .abstract_canvas import (
    Floats,
    Watch,
    add_grain,
    add_mottle,
    as_floats,
    colour_table,
    lay_over,
    look_up,
    pixel_grid,
    sine,
    to_image,
)
from .abstract_palette import by_lightness, mix, shade, spread
from .noise import generator, profile, stable_seed

if TYPE_CHECKING:
    from PIL import Image

    from .abstract_plan import Plan
    from .colours import RGB


def paint_waves(plan: Plan, watch: Watch) -> Image.Image:
    """Returns layered bands with wavy edges, far and pale at the top, near and deep at the bottom."""
    rng = generator(stable_seed(plan.seed, "waves"))
    many = plan.count or 5 + int(8 * plan.density) + int(rng.integers(3))
    inks = by_lightness(plan.palette.inks)
    order = inks if plan.night else tuple(reversed(inks))
    if rng.random() < 0.3 and len(inks) > 3:  # now and then every sheet has an ink of its own
        order = (*order[::2], *order[1::2])
    colours = spread(order, many)
    sky = float(0.16 + 0.16 * rng.random())
    surface = _paint_sky(plan, colours[0], rng, sky)
    watch.at(0.2)
    edges = _cut_edges(plan, many, sky, rng)
    etched = float(rng.random()) < 0.55
    for band in range(many):
        last = band == many - 1
        below = None if last else edges[band + 1]
        pattern = int(rng.integers(3, 6)) if etched and rng.random() < 0.4 else 0
        _lay_sheet(surface, plan, edges[band], below, colours[band], pattern)
        watch.at(0.2 + 0.6 * (band + 1) / many)
    add_mottle(surface, 60.0, 0.035, stable_seed(plan.seed, "paper"))
    add_grain(surface, 0.035, plan.seed)
    watch.at(0.9)
    return to_image(surface)


def _paint_sky(plan: Plan, nearest: RGB, rng: np.random.Generator, sky: float) -> Floats:
    _, y = pixel_grid(plan)
    ground = plan.palette.ground
    table = colour_table((ground, mix(ground, nearest, 0.35)))
    height = np.clip(y / np.float32(plan.height / plan.short * (sky + 0.25)), 0, 1)
    surface = np.empty((plan.height, plan.width, 3), dtype=np.float32)
    surface[:] = look_up(table, height)
    if rng.random() < 0.6 or plan.moods & {"sunset", "cosmic", "warm"}:
        _hang_sun(surface, plan, rng, sky)
    return surface


def _hang_sun(surface: Floats, plan: Plan, rng: np.random.Generator, sky: float) -> None:
    """A disc of paper with a soft shadow, that the first sheets may cover."""
    x, y = pixel_grid(plan)
    across, down = plan.width / plan.short, plan.height / plan.short
    radius = 0.09 + 0.09 * float(rng.random())
    cx = across * (0.25 + 0.5 * float(rng.random()))
    cy = max(down * sky * 0.9, radius + 0.05)
    warm = max(plan.palette.inks, key=lambda ink: (ink[0] - ink[2], ink))
    for drop, colour, soft, strength in ((0.012, (10, 10, 24), 0.03, 0.22), (0.0, warm, 0.0, 1.0)):
        dx, dy = x - np.float32(cx), y - np.float32(cy + drop)
        inside = (np.float32(radius) - np.sqrt(dx * dx + dy * dy)) * np.float32(plan.short)
        blur = max(1.0, soft * plan.short)
        cover = np.clip(inside / np.float32(blur) + np.float32(0.5), 0, 1) * np.float32(strength)
        lay_over(surface, as_floats(colour), cover)


def _cut_edges(plan: Plan, many: int, sky: float, rng: np.random.Generator) -> list[Floats]:
    """Returns the upper edge of every sheet, in pixels from the top, (width,)."""
    x = (np.arange(plan.width) + 0.5) / plan.short
    across = plan.width / plan.short
    swell = plan.height * (1.0 - sky) / (many + 0.6)
    length = 1.1 + 1.2 * float(rng.random()) - 0.5 * plan.movement
    height = swell * (0.35 + 0.75 * plan.movement) + 0.02 * plan.short * plan.movement
    lean = (float(rng.random()) - 0.5) * swell * plan.movement
    phase, drift = float(rng.random()), 0.1 + 0.25 * float(rng.random())
    edges = []
    for band in range(many):
        near = 0.75 + 0.5 * band / many
        rest = plan.height * sky + swell * (band + 0.3)
        turns = x / (length * near) + phase + drift * band
        wobble = profile(plan.width, 1.5 + 3.0 * plan.movement, 2, stable_seed(plan.seed, "edge", band)) - 0.5
        edge = rest + height * near * (0.55 * sine(turns + wobble * 0.5) + 0.9 * wobble)
        edge = edge + lean * (x / across - 0.5)
        edges.append(np.asarray(edge, dtype=np.float32))
    return edges


def _lay_sheet(surface: Floats, plan: Plan, edge: Floats, below: Floats | None, ink: RGB, pattern: int) -> None:
    """Lays one sheet over what lies behind it, down to where the next one covers it."""
    reach = 0.045 * plan.short
    top = max(0, int(edge.min() - reach) - 1)
    bottom = plan.height if below is None else min(plan.height, int(below.max()) + 2)
    if top >= bottom:
        return
    part = surface[top:bottom]
    y = np.arange(top, bottom, dtype=np.float32)[:, None] + np.float32(0.5)
    slope: Floats = np.gradient(edge).astype(np.float32)
    depth: Floats = (y - edge[None, :]) / np.sqrt(slope * slope + np.float32(1.0))[None, :]
    cover = np.clip(depth + np.float32(0.5), 0, 1)
    cast = np.clip(np.float32(1.0) + depth / np.float32(reach), 0, 1)
    strength = np.float32(0.5 if plan.night else 0.3)
    part *= (np.float32(1.0) - strength * cast * cast * (np.float32(1.0) - cover))[..., None]
    fade = np.clip(depth / np.float32(0.22 * plan.short), 0, 1)
    colour = look_up(colour_table((shade(ink, 0.045), ink, shade(ink, -0.02)), 256), fade)
    if pattern:  # fine lines that follow the edge, like the furrows of a woodcut
        pitch = np.float32(plan.short * 0.004 * pattern)
        furrow = depth / pitch
        furrow = np.abs(furrow - np.floor(furrow) - np.float32(0.5))
        line = np.clip((np.float32(0.13) - furrow) * pitch + np.float32(0.3), 0, 1) * (depth > pitch).astype(np.float32)
        lay_over(colour, as_floats(shade(ink, 0.1 if not plan.night else 0.13)), line * np.float32(0.75))
    rim = np.clip(np.float32(1.0) - np.abs(depth - np.float32(1.0)) / np.float32(max(1.0, plan.short * 0.0016)), 0, 1)
    lay_over(colour, as_floats(shade(ink, 0.1)), rim * np.float32(0.55))
    lay_over(part, colour, cover)
