"""Gradients: light that seems to come from within, with the grain of a good print."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .abstract_canvas import (
    Floats,
    Watch,
    add_grain,
    as_floats,
    colour_table,
    enlarge,
    lay_over,
    look_up,
    pixel_grid,
    sine,
    swell,
    to_image,
)
from .abstract_palette import by_lightness, lightness_of, mix
from .colours import word_set
from .noise import generator, ramp, stable_seed

if TYPE_CHECKING:
    from PIL import Image

    from .abstract_plan import Plan
    from .colours import RGB

_KINDS: dict[str, frozenset[str]] = {
    "folds": word_set("silk seda veil veu aurora folds dobras curtain cortina"),
    "orb": word_set("orb esfera sphere sun sol moon lua planet planeta circle circulo glow glowing"),
    "mesh": word_set("mesh blur blurred degrade"),
}


def paint_gradient(plan: Plan, watch: Watch) -> Image.Image:
    """Returns one of three kinds of gradient: a mesh of glowing colours, folds of silk, or an orb."""
    named = [kind for kind, words in _KINDS.items() if plan.words & words]
    kinds = named or ["mesh", "folds", "orb", "mesh", "folds"]
    kind = kinds[stable_seed(plan.seed, "kind") % len(kinds)]
    watch.at(0.1)
    surface = {"mesh": _mesh, "folds": _folds, "orb": _orb}[kind](plan, watch)
    watch.at(0.8)
    add_grain(surface, 0.055 + 0.03 * plan.movement, plan.seed)
    watch.at(0.9)
    return to_image(surface)


def _mesh(plan: Plan, watch: Watch) -> Floats:
    """Colours that stand in a warped plane and glow into each other, by squared inverse distance."""
    rng = generator(stable_seed(plan.seed, "mesh"))
    x, y = pixel_grid(plan)
    warp = np.float32(0.25 + 0.5 * plan.movement)
    u = x + _soft_noise(plan, 2.0, "u") * warp
    v = y + _soft_noise(plan, 2.0, "v") * warp
    watch.at(0.3)
    inks = _glowing(plan)
    lights = plan.count or 5 + int(3 * plan.density)
    across, down = plan.width / plan.short, plan.height / plan.short
    total = np.full((plan.height, plan.width), 0.02, dtype=np.float32)
    surface = np.empty((plan.height, plan.width, 3), dtype=np.float32)
    surface[:] = as_floats(plan.palette.ground) * as_floats(plan.palette.ground) * np.float32(0.02)
    places = _scatter(rng, lights, across, down)
    for number, (px, py) in enumerate(places):
        colour = as_floats(inks[number % len(inks)])
        reach = np.float32(0.25 + 0.75 * rng.random())
        du, dv = u - np.float32(px), v - np.float32(py)
        near = np.float32(1.0) / (du * du + dv * dv + np.float32(0.03))
        near = near * near * np.sqrt(near) * reach  # steep enough that colours stay themselves
        total += near
        surface += near[..., None] * (colour * colour)  # squares stand for light, so that mixtures stay luminous
        watch.at(0.3 + 0.45 * (number + 1) / lights)
    surface /= total[..., None]
    surface = np.sqrt(surface)
    grey = (surface[..., 0] + surface[..., 1] + surface[..., 2]) * np.float32(1.0 / 3.0)
    surface += (surface - grey[..., None]) * np.float32(0.16)  # what mixing took from the colours
    return surface


def _glowing(plan: Plan) -> list[RGB]:
    """Returns the inks in turn, with no more than one that is dark."""
    dark = [ink for ink in plan.palette.inks if lightness_of(ink) < 0.36]
    bright = [ink for ink in plan.palette.inks if ink not in dark] or dark
    return [*bright, dark[0]] if dark and plan.night else [*bright, *dark[:1], plan.palette.ground]


def _scatter(rng: np.random.Generator, many: int, across: float, down: float) -> list[tuple[float, float]]:
    """Returns places that keep away from each other: the best of a few tries each."""
    places: list[tuple[float, float]] = []
    for _ in range(many):
        tries = [(float(a) * across * 1.1 - 0.05, float(b) * down * 1.1 - 0.05) for a, b in rng.random((8, 2))]
        places.append(
            max(tries, key=lambda at: min([(at[0] - px) ** 2 + (at[1] - py) ** 2 for px, py in places] or [1]))
        )
    return places


def _folds(plan: Plan, watch: Watch) -> Floats:
    """Silk: bands of a warped plane, lit on one flank and shaded on the other."""
    rng = generator(stable_seed(plan.seed, "folds"))
    x, y = pixel_grid(plan)
    lean = (float(rng.random()) - 0.5) * 1.6
    folds = plan.count or 3.0 + 4.0 * plan.density
    bend = np.float32(0.35 + 0.8 * plan.movement)
    soft = _soft_noise(plan, 1.4, "u") * bend
    field = (x * np.float32(0.6 + 0.4 * lean) + y * np.float32(lean) + soft) * np.float32(folds * 0.6)
    watch.at(0.4)
    place = _soft_noise(plan, 1.7, "place") * np.float32(1.1) + np.float32(0.5)
    place = place + sine(field * np.float32(0.5)).astype(np.float32) * np.float32(0.22)
    surface = look_up(colour_table(by_lightness(plan.palette.inks)), place)
    watch.at(0.6)
    crest = field - np.floor(field)
    lit = crest * crest * crest  # slowly brighter, then the fold turns over into shadow
    rim = np.clip((np.float32(1.0) - crest) * np.float32(18.0), 0, 1)
    shadow = as_floats(mix(by_lightness(plan.palette.inks)[0], (10, 10, 24), 0.45))
    lay_over(surface, shadow, (np.float32(1.0) - crest) ** 2 * np.float32(0.55))
    surface += (np.float32(1.0) - surface) * surface * (lit * rim * np.float32(0.85))[..., None]
    lay_over(surface, shadow, (np.float32(1.0) - rim) * np.float32(0.5))
    return surface


def _orb(plan: Plan, watch: Watch) -> Floats:
    """A great disc of light that rises out of a still ground."""
    rng = generator(stable_seed(plan.seed, "orb"))
    x, y = pixel_grid(plan)
    across, down = plan.width / plan.short, plan.height / plan.short
    inks = by_lightness(plan.palette.inks)
    height = y / np.float32(down)
    haze = height + _soft_noise(plan, 1.5, "haze") * np.float32(0.2 + 0.3 * plan.movement)
    ground = (inks[0], mix(inks[0], inks[1], 0.6), mix(plan.palette.ground, inks[-2], 0.45)) if plan.night else (
        plan.palette.ground, mix(plan.palette.ground, inks[-1], 0.5), inks[-2])  # fmt: skip
    surface = look_up(colour_table(ground), haze)
    watch.at(0.4)
    many = min(plan.count or 1, 9)
    for number in range(many):
        radius = (0.3 + 0.08 * float(rng.random())) / many**0.5
        cx = across * ((number + 0.5) / many if many > 1 else 0.5 + 0.16 * (float(rng.random()) - 0.5))
        cy = down * (0.46 + (0.12 if many == 1 else 0.4) * (float(rng.random()) - 0.5))
        dx, dy = x - np.float32(cx), y - np.float32(cy)
        far = np.sqrt(dx * dx + dy * dy)
        glow = np.clip(np.float32(1.0) - far / np.float32(radius * 2.1), 0, 1)
        warm = as_floats(inks[-2 - number % 2])
        lay_over(surface, warm, glow * glow * np.float32(0.55))
        inner = (dy / np.float32(radius)) * np.float32(0.5) + np.float32(0.5)
        inner = inner + _soft_noise(plan, 2.2, f"orb {number}") * np.float32(0.25 * plan.movement)
        hot = (inks[-1], inks[-2], inks[len(inks) // 2], inks[max(0, len(inks) // 2 - 1)])
        disc = look_up(colour_table(hot), inner)
        edge = np.clip((np.float32(radius) - far) * np.float32(plan.short) + np.float32(0.5), 0, 1)
        sink = ramp(np.clip(1.0 - inner.astype(np.float64), 0, 1), 0.0, 0.45).astype(np.float32)
        lay_over(surface, disc, edge * (np.float32(0.25) + np.float32(0.75) * sink))
        watch.at(0.4 + 0.35 * (number + 1) / many)
    return surface


def _soft_noise(plan: Plan, cells: float, name: str) -> Floats:
    """Returns broad noise around 0 (±0.5)."""
    scale = min(1.0, 256.0 / max(plan.width, plan.height))
    columns, rows = max(8, int(plan.width * scale)), max(8, int(plan.height * scale))
    return enlarge(swell(columns, rows, cells, stable_seed(plan.seed, name)) - 0.5, plan.width, plan.height)
