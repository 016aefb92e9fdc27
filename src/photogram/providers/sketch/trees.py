"""Things that grow."""

from __future__ import annotations

import math
from itertools import pairwise

from .canvas import Brush, Point
from .palettes import mix
from .reading import Colour
from .spot import Figure, Spot

LEAVES: dict[str, tuple[Colour, ...]] = {
    "spring": ((236, 170, 190), (150, 190, 92), (244, 196, 206), (132, 176, 84)),
    "summer": ((84, 136, 66), (104, 150, 70), (72, 122, 66)),
    "autumn": ((206, 112, 48), (222, 160, 60), (178, 74, 48), (196, 138, 56)),
    "winter": ((206, 216, 228), (222, 230, 238)),
    "": ((88, 138, 70), (108, 152, 74), (74, 124, 70)),
}
"""Season → leaves."""

BARK: Colour = (104, 78, 62)
NEEDLES: Colour = (58, 98, 78)
SNOW: Colour = (244, 247, 252)


def draw_tree(brush: Brush, spot: Spot) -> None:
    """Draws a broad-leaved tree: a forked trunk, and a crown of lit and shaded tufts."""
    dice, size = spot.dice, spot.size
    lean = dice.between(-0.05, 0.05)
    bark = spot.dark(BARK)
    top = spot.at(lean, 0.55)
    brush.polygon(
        [spot.at(-0.045, 0.0), spot.at(0.045, 0.0), spot.at(lean + 0.018, 0.56), spot.at(lean - 0.018, 0.56)], bark
    )
    for _ in range(4):
        end = spot.at(lean + dice.between(-0.24, 0.24), dice.between(0.6, 0.8))
        brush.line([spot.at(lean * 0.5, dice.between(0.26, 0.4)), end], size * 0.022, bark)
    if spot.season == "winter" and dice.chance(0.6):
        return _bare(brush, spot, top)
    leaf = spot.colour or dice.pick(LEAVES[spot.season])
    round_, tall = dice.between(0.27, 0.36), dice.between(0.27, 0.34)
    number, fluff = (34, 1.0) if size < 240 else (78, 0.66)
    tufts = [
        (dice.between(0, 6.283), math.sqrt(dice.between(0, 1)), dice.between(0.07, 0.13) * fluff) for _ in range(number)
    ]
    turned = [(math.cos(angle), math.sin(angle), away, tuft) for angle, away, tuft in tufts]
    warm = spot.lit(mix(leaf, (255, 244, 170), 0.22))
    light = spot.side * spot.facing
    for shift, shrink, facing, colour in (
        (-0.03, 1.0, -9.0, spot.dark(leaf)),
        (0.01, 0.92, -0.45, spot.mid(leaf)),
        (0.035, 0.72, 0.05, mix(spot.mid(leaf), spot.lit(leaf), 0.7)),
        (0.055, 0.46, 0.42, warm),
    ):
        for cosine, sine, away, tuft in turned:
            towards = (cosine * light * 0.7 + sine * 0.7) * away
            if towards < facing:
                continue
            across = lean + cosine * away * round_ * 0.9 + shift * light
            x, y = spot.at(across, 0.67 + sine * away * tall + shift)
            brush.ellipse(x, y, tuft * shrink * size, tuft * shrink * size * 0.82, colour)
    return None


def _bare(brush: Brush, spot: Spot, top: tuple[float, float]) -> None:
    bark = spot.dark(BARK)
    for _ in range(16):
        angle = spot.dice.between(-1.25, 1.25)
        length = spot.size * spot.dice.between(0.2, 0.42)
        start = (top[0], top[1] + spot.size * spot.dice.between(-0.05, 0.25))
        bend = (start[0] + math.sin(angle) * length * 0.5, start[1] - math.cos(angle) * length * 0.42)
        end = (start[0] + math.sin(angle) * length, start[1] - math.cos(angle) * length)
        brush.line([start, bend, end], spot.size * 0.012, bark)


def draw_pine(brush: Brush, spot: Spot) -> None:
    """Draws a conifer: ragged tiers, lit on one side, snowed on in winter."""
    dice = spot.dice
    needle = spot.colour or mix(NEEDLES, (92, 122, 70), dice.between(0.0, 0.5))
    brush.polygon(spot.points((-0.025, 0.0), (0.025, 0.0), (0.015, 0.3), (-0.015, 0.3)), spot.dark(BARK))
    light, dark = spot.lit(needle), spot.dark(needle)
    snow, snow_shade = spot.lit(SNOW), spot.dark(SNOW)
    width, tiers = dice.between(0.17, 0.24), dice.whole(6, 8) if spot.size > 70 else dice.whole(4, 5)
    for tier in range(tiers):
        low = 0.08 + 0.86 * tier / tiers
        high = min(1.0, low + 0.30 - 0.014 * tier)
        reach = width * (1.0 - tier / (tiers + 0.6)) + 0.018
        left, right = -reach * dice.between(0.86, 1.1), reach * dice.between(0.86, 1.1)
        sag = low - 0.025
        outline = [
            (left, sag + dice.between(-0.01, 0.015)), (left * 0.55, low + 0.03), (left * 0.3, sag), (0.0, low + 0.025),
            (right * 0.3, sag), (right * 0.55, low + 0.03), (right, sag + dice.between(-0.01, 0.015)), (0.0, high),
        ]  # fmt: skip
        brush.polygon(spot.points(*outline), dark)
        edge = right if spot.side == spot.facing else left
        brush.polygon(spot.points((edge, sag), (edge * 0.5, low + 0.035), (edge * 0.1, low + 0.05), (0.0, high)), light)
        if spot.season == "winter":
            brush.polygon(spot.points((edge * 0.92, sag + 0.015), (edge * 0.4, low + 0.07), (0.0, high)), snow)
            shaded = spot.points((-edge * 0.7, sag + 0.03), (-edge * 0.3, low + 0.09), (0.0, high))
            brush.polygon(shaded, snow_shade)


def draw_palm(brush: Brush, spot: Spot) -> None:
    """Draws a palm: a bent trunk and a head of drooping fronds."""
    dice, size = spot.dice, spot.size
    bend = dice.between(0.10, 0.28)
    steps = 14
    spine = [(bend * (k / steps) ** 2, 0.84 * k / steps) for k in range(steps + 1)]
    for (x0, y0), (x1, y1) in pairwise(spine):
        brush.line([spot.at(x0, y0), spot.at(x1, y1)], size * (0.040 - 0.018 * y0), spot.dark((150, 112, 80)))
        light = 0.008 * spot.side * spot.facing
        brush.line([spot.at(x0 + light, y0), spot.at(x1 + light, y1)], size * 0.012, spot.lit((176, 136, 96)))
    leaf = spot.colour or mix((70, 128, 74), (128, 156, 70), dice.between(0, 0.6))
    head = spine[-1]
    count = dice.whole(10, 12)
    for frond in range(count):
        angle = -0.45 + (math.pi + 0.9) * (frond + dice.between(-0.2, 0.2)) / (count - 1)
        _frond(brush, spot, head, angle, dice.between(0.30, 0.40), leaf)
    for _ in range(3):
        x, y = spot.at(head[0] + dice.between(-0.03, 0.03), head[1] - 0.02)
        brush.ellipse(x, y, size * 0.02, size * 0.02, spot.dark((128, 88, 56)))


def _frond(brush: Brush, spot: Spot, head: Point, angle: float, length: float, leaf: Colour) -> None:
    """Draws one frond: a rib that rises and droops, with leaflets hanging from it."""
    out, up = math.cos(angle), math.sin(angle)
    tone = spot.lit(leaf) if (out > 0) == (spot.side == spot.facing) else spot.mid(leaf)
    under = spot.dark(leaf)
    rib = []
    for k in range(11):
        share = k / 10
        rise = (0.30 + 0.62 * up) * share - (0.55 + 0.18 * up) * share * share
        rib.append((head[0] + out * length * share, head[1] + rise * length))
    for k in range(1, 11):
        share = k / 10
        x, y = rib[k]
        hang = length * (0.36 - 0.22 * share) * (0.6 + 0.4 * share if share < 0.4 else 1.0)
        sweep = out * length * 0.13 + 0.01 * (1 if out >= 0 else -1)
        before = rib[k - 1]
        brush.polygon(spot.points(before, (x, y), (x + sweep, y - hang)), under)
        brush.polygon(spot.points(before, (x, y), (x + sweep * 1.5, y - hang * 0.45)), tone)
    brush.line(spot.points(*rib), spot.size * 0.011, tone)


def draw_cactus(brush: Brush, spot: Spot) -> None:
    """Draws a saguaro with one to three arms."""
    green = spot.colour or (92, 138, 92)
    light, dark = spot.lit(green), spot.dark(green)

    def limb(points: list[tuple[float, float]], width: float) -> None:
        brush.line(spot.points(*points), width * spot.size, dark)
        for across, up in (points[0], points[-1]):
            x, y = spot.at(across, up)
            brush.ellipse(x, y, width * spot.size / 2, width * spot.size / 2, dark)
        shift = width * 0.24 * spot.side * spot.facing
        brush.line(spot.points(*((across + shift, up) for across, up in points)), width * 0.34 * spot.size, light)

    limb([(0.0, 0.0), (0.0, 0.93)], 0.15)
    for side in (-1, 1)[: 2 if spot.dice.chance(0.8) else 1]:
        low, high = spot.dice.between(0.3, 0.5), spot.dice.between(0.66, 0.84)
        reach = side * spot.dice.between(0.19, 0.25)
        limb([(0.0, low), (reach, low + 0.03), (reach, high)], 0.095)


def draw_flower(brush: Brush, spot: Spot) -> None:
    """Draws one flower: a stem, two leaves, and petals that face us."""
    dice = spot.dice
    petal = spot.colour or dice.pick(((222, 76, 62), (244, 192, 72), (236, 236, 240), (206, 120, 186), (142, 112, 204)))
    lean = dice.between(-0.12, 0.12)
    stem = spot.mid((88, 134, 70))
    brush.line(spot.points((0.0, 0.0), (lean * 0.3, 0.45), (lean, 0.84)), spot.size * 0.05, stem)
    brush.polygon(spot.points((0.0, 0.1), (0.16, 0.42), (0.04, 0.3)), stem)
    brush.polygon(spot.points((0.0, 0.06), (-0.15, 0.34), (-0.04, 0.26)), spot.dark((88, 134, 70)))
    x, y = spot.at(lean, 0.84)
    for turn in range(6):
        angle = turn * 1.0472 + dice.between(-0.1, 0.1)
        tone = spot.lit(petal) if turn % 2 else spot.mid(petal)
        away = spot.size * 0.10
        brush.ellipse(x + math.cos(angle) * away, y + math.sin(angle) * away, away * 0.95, away * 0.85, tone)
    brush.ellipse(x, y, spot.size * 0.065, spot.size * 0.065, spot.lit((238, 186, 74)))


def draw_mushroom(brush: Brush, spot: Spot) -> None:
    """Draws a toadstool."""
    cap = spot.colour or (204, 62, 52)
    left, right = spot.faces((240, 228, 206))
    brush.polygon(spot.points((-0.13, 0.0), (0.0, -0.02), (0.0, 0.6), (-0.09, 0.6)), left)
    brush.polygon(spot.points((0.0, -0.02), (0.14, 0.0), (0.09, 0.6), (0.0, 0.6)), right)
    dome = [(0.46 * math.cos(k * math.pi / 16), 0.52 + 0.46 * math.sin(k * math.pi / 16)) for k in range(17)]
    brush.polygon(spot.points(*dome, (-0.3, 0.47), (0.0, 0.45), (0.3, 0.47)), spot.dark(cap))
    tilt = 0.05 * spot.side * spot.facing
    lit = [(tilt + 0.40 * math.cos(k * math.pi / 16), 0.57 + 0.39 * math.sin(k * math.pi / 16)) for k in range(17)]
    brush.polygon(spot.points(*lit), spot.lit(cap))
    for across, up, dot in ((-0.22, 0.68, 0.06), (0.02, 0.82, 0.07), (0.24, 0.66, 0.055), (0.04, 0.62, 0.045)):
        x, y = spot.at(across, up)
        brush.ellipse(x, y, dot * spot.size, dot * spot.size * 0.85, spot.lit((250, 244, 232)))


def draw_reeds(brush: Brush, spot: Spot) -> None:
    """Draws a tuft of reeds or tall grass."""
    dice = spot.dice
    green = spot.colour or (128, 140, 78)
    for _ in range(dice.whole(9, 14)):
        foot, tip = dice.between(-0.22, 0.22), dice.between(-0.5, 0.5)
        up = dice.between(0.5, 1.0)
        tone = spot.lit(green) if dice.chance(0.4) else spot.dark(green)
        brush.line(spot.points((foot, 0.0), (foot * 0.7 + tip * 0.3, up * 0.6), (tip, up)), spot.size * 0.022, tone)


FIGURES: dict[str, Figure] = {
    "tree": Figure(draw=draw_tree, size=0.26, across=0.55, many=5),
    "pine": Figure(draw=draw_pine, size=0.28, across=0.32, many=7),
    "palm": Figure(draw=draw_palm, size=0.36, across=0.75, many=3),
    "cactus": Figure(draw=draw_cactus, size=0.2, across=0.45, many=5),
    "flower": Figure(draw=draw_flower, size=0.075, across=0.35, many=40),
    "mushroom": Figure(draw=draw_mushroom, size=0.12, across=0.52, many=5),
    "reeds": Figure(draw=draw_reeds, size=0.1, across=0.6, many=12),
}
"""What grows, by its name in the lexicon."""
