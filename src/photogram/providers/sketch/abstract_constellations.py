"""Constellations: points of light, the lines that bind them, and the haze behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageChops, ImageFilter

from .abstract_canvas import Point, Sheet, Watch, add_grain, circle_point, colour_table, look_up, to_image, to_surface
from .abstract_palette import by_lightness, darken_ground, lightness_of, mix, shade
from .noise import fbm, generator, ramp, stable_seed

if TYPE_CHECKING:
    from .abstract_plan import Plan
    from .colours import RGB

_BLACK = (0, 0, 0)


def paint_constellations(plan: Plan, watch: Watch) -> Image.Image:
    """Returns a sky of dust, orbits and bound stars; always by night."""
    rng = generator(stable_seed(plan.seed, "constellations"))
    palette = darken_ground(plan.palette)
    inks = by_lightness(palette.inks)
    sky = _paint_haze(plan, palette.ground, inks)
    watch.at(0.4)
    light = Sheet(plan, _BLACK)
    _scatter_dust(light, plan, inks, rng)
    _draw_orbits(light, plan, inks, rng)
    watch.at(0.5)
    _bind_stars(light, plan, inks, rng)
    stars = light.finish()
    watch.at(0.65)
    halo = _glow(stars, plan)
    surface = to_surface(ImageChops.screen(ImageChops.screen(sky, halo), stars))
    watch.at(0.85)
    add_grain(surface, 0.045, plan.seed)
    return to_image(surface)


def _paint_haze(plan: Plan, ground: RGB, inks: tuple[RGB, ...]) -> Image.Image:
    """A band of nebula through the night."""
    cells = 2.0 + 2.0 * plan.movement
    columns, rows = (plan.width + 1) // 2, (plan.height + 1) // 2
    cloud = fbm(columns, rows, cells, 4, stable_seed(plan.seed, "cloud"))
    hue = fbm(columns, rows, 1.6, 2, stable_seed(plan.seed, "hue"))
    veil = ramp(cloud, 0.42, 0.85) * (0.35 + 0.5 * plan.density)
    bright = look_up(colour_table([mix(ink, ground, 0.15) for ink in inks[:-1] or inks]), ramp(hue, 0.25, 0.78))
    deep = look_up(colour_table((shade(ground, -0.05), ground, mix(ground, inks[0], 0.4))), cloud * 0.6 + hue * 0.4)
    haze = deep + (bright - deep) * veil.astype(np.float32)[..., None]
    return to_image(haze).resize((plan.width, plan.height), Image.Resampling.BILINEAR)


def _scatter_dust(light: Sheet, plan: Plan, inks: tuple[RGB, ...], rng: np.random.Generator) -> None:
    area = min(3.0, plan.width * plan.height / plan.short**2)
    for x, y, size, tone in rng.random((int((260 + 900 * plan.density) * area * (2 if plan.fine else 1)), 4)).tolist():
        radius = plan.short * (0.0005 + 0.0016 * size * size * size)
        colour = mix(_BLACK, inks[-1 - int(tone * 2.99) % len(inks)], 0.35 + 0.6 * size)
        light.disc((x * plan.width, y * plan.height), radius, colour)


def _draw_orbits(light: Sheet, plan: Plan, inks: tuple[RGB, ...], rng: np.random.Generator) -> None:
    """Thin circles around one place, with a body on some of them."""
    hub = (plan.width * (0.25 + 0.5 * float(rng.random())), plan.height * (0.3 + 0.4 * float(rng.random())))
    line = max(0.6, plan.short * 0.0012)
    for orbit in range(2 + int(4 * plan.density)):
        radius = plan.short * (0.14 + 0.11 * orbit + 0.03 * float(rng.random()))
        light.ring(hub, radius, line, mix(_BLACK, inks[-1 - orbit % len(inks)], 0.3))
        if rng.random() < 0.7:
            body = circle_point(hub, radius - line / 2, float(rng.random()))
            light.disc(body, plan.short * (0.006 + 0.008 * float(rng.random())), inks[-1 - (orbit + 1) % len(inks)])
    light.ring(hub, plan.short * 0.034, line, mix(_BLACK, inks[-1], 0.6))
    light.disc(hub, plan.short * 0.019, mix(_BLACK, inks[-1 - int(rng.integers(len(inks)))], 0.8))


def _bind_stars(light: Sheet, plan: Plan, inks: tuple[RGB, ...], rng: np.random.Generator) -> None:
    """Groups of stars, each bound by the shortest tree through it."""
    groups = plan.count or 2 + int(4 * plan.density)
    line = max(0.7, plan.short * 0.0018)
    hubs = _spread_hubs(plan, groups, rng)
    for group, hub in enumerate(hubs):
        reach = plan.short * (0.36 / (groups**0.5) + 0.06)
        stars: list[Point] = []
        for turns, far in rng.random((6 + int(rng.integers(4)), 2)).tolist():
            stars.append(circle_point(hub, reach * (0.15 + 0.85 * far), turns))
        ink = inks[-1 - group % max(1, len(inks) - 1)]
        for one, other in _shortest_tree(stars):
            light.bar(one, other, line, mix(_BLACK, ink, 0.6))
        for star in stars:
            radius = plan.short * (0.0035 + 0.007 * float(rng.random()) ** 2)
            light.disc(star, radius, mix(ink, (255, 255, 250), 0.55 if lightness_of(ink) > 0.5 else 0.75))


def _spread_hubs(plan: Plan, groups: int, rng: np.random.Generator) -> list[Point]:
    hubs: list[Point] = []
    for _ in range(groups):
        tries = [
            (plan.width * (0.12 + 0.76 * a), plan.height * (0.12 + 0.76 * b)) for a, b in rng.random((12, 2)).tolist()
        ]
        hubs.append(max(tries, key=lambda at: min([(at[0] - x) ** 2 + (at[1] - y) ** 2 for x, y in hubs] or [1.0])))
    return hubs


def _shortest_tree(stars: list[Point]) -> list[tuple[Point, Point]]:
    """Returns the lines of a minimum spanning tree (Prim)."""
    bound, free, lines = [stars[0]], stars[1:], []
    while free:
        one, other = min(
            ((inside, outside) for inside in bound for outside in free),
            key=lambda pair: (pair[0][0] - pair[1][0]) ** 2 + (pair[0][1] - pair[1][1]) ** 2,
        )
        lines.append((one, other))
        bound.append(other)
        free.remove(other)
    return lines


def _glow(stars: Image.Image, plan: Plan) -> Image.Image:
    """Returns the light that spills around the stars, near and far."""
    small = 2 if plan.short >= 256 else 1
    near = stars.reduce(small)
    halo = near.filter(ImageFilter.BoxBlur(max(1, round(plan.short * 0.004 / small))))
    far = halo.filter(ImageFilter.BoxBlur(max(1, round(plan.short * 0.014 / small))))
    far = far.filter(ImageFilter.BoxBlur(max(1, round(plan.short * 0.014 / small))))
    both = ImageChops.add(halo, ImageChops.add(far, far))
    return both.resize((plan.width, plan.height), Image.Resampling.BILINEAR)
