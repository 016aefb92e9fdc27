"""Things that float, fly and travel."""

from __future__ import annotations

import math

from .canvas import Brush, Point
from .palettes import mix
from .reading import Colour
from .spot import Figure, Spot

CREAM: Colour = (246, 240, 226)
DARK: Colour = (56, 54, 64)


def _hull(brush: Brush, spot: Spot, colour: Colour, half: float, deck: float, bow: float) -> None:
    """Fills a hull with a lighter strake along its edge."""
    shape = [(-half, deck), (half * 0.98, deck + bow), (half * 0.72, 0.0), (half * 0.4, -0.015), (-half * 0.72, -0.01)]
    brush.polygon(spot.points(*shape), spot.dark(colour))
    strake = [
        (-half, deck),
        (half * 0.98, deck + bow),
        (half * 0.9, deck * 0.62 + bow * 0.5),
        (-half * 0.92, deck * 0.58),
    ]
    brush.polygon(spot.points(*strake), spot.lit(colour))


def draw_boat(brush: Brush, spot: Spot) -> None:
    """Draws a small fishing boat with a wheelhouse and a mast."""
    hull = spot.colour or spot.dice.pick(((196, 72, 56), (52, 106, 140), (226, 170, 72), (70, 128, 110)))
    house = spot.lit(CREAM)
    brush.polygon(spot.points((-0.30, 0.2), (0.08, 0.2), (0.06, 0.52), (-0.28, 0.52)), house)
    brush.polygon(spot.points((-0.34, 0.5), (0.11, 0.5), (0.09, 0.57), (-0.32, 0.57)), spot.dark(hull))
    for across in (-0.2, -0.03):
        brush.polygon(
            spot.points((across - 0.05, 0.34), (across + 0.05, 0.34), (across + 0.05, 0.46), (across - 0.05, 0.46)),
            spot.window(),
        )
    brush.line(spot.points((0.2, 0.2), (0.2, 1.0)), spot.size * 0.028, spot.dark((110, 82, 60)))
    brush.line(spot.points((0.2, 0.98), (0.74, 0.34)), spot.size * 0.012, spot.dark(DARK))
    brush.line(spot.points((0.2, 0.98), (-0.28, 0.56)), spot.size * 0.012, spot.dark(DARK))
    _hull(brush, spot, hull, 0.78, 0.24, 0.12)


def draw_sailboat(brush: Brush, spot: Spot) -> None:
    """Draws a sailing boat, its mainsail and jib full of wind."""
    sail = spot.colour or spot.dice.pick((CREAM, CREAM, (238, 214, 168), (222, 120, 84)))
    hull = (116, 78, 60) if spot.colour else spot.dice.pick(((86, 62, 56), (48, 72, 104), (150, 60, 54)))
    lit, dark = spot.lit(sail), spot.mid(mix(sail, (150, 130, 130), 0.25))
    brush.line(spot.points((0.0, 0.1), (0.0, 1.0)), spot.size * 0.016, spot.dark((110, 82, 60)))
    main = [(-0.02, 0.98), (-0.02, 0.17), (-0.40, 0.19), (-0.33, 0.40), (-0.20, 0.68)]
    brush.polygon(spot.points(*main), lit)
    brush.polygon(spot.points((-0.02, 0.98), (-0.02, 0.17), (-0.12, 0.18), (-0.10, 0.6)), dark)
    brush.polygon(spot.points((0.025, 0.92), (0.03, 0.17), (0.33, 0.17), (0.24, 0.36)), lit)
    brush.polygon(spot.points((0.025, 0.92), (0.03, 0.17), (0.10, 0.17)), dark)
    _hull(brush, spot, hull, 0.42, 0.11, 0.03)


def draw_ship(brush: Brush, spot: Spot) -> None:
    """Draws a steamer with two funnels and a plume of smoke."""
    hull = spot.colour or (62, 66, 84)
    smoke = mix(spot.palette.cloud_light, spot.palette.cloud_dark, 0.35)
    for k in range(9):
        x, y = spot.at(-0.12 - 0.1 * k, 0.98 + 0.035 * k)
        brush.ellipse(
            x,
            y,
            spot.size * (0.06 + 0.014 * k),
            spot.size * (0.045 + 0.008 * k),
            mix(smoke, spot.palette.sky[-2], k / 12),
        )
    left = spot.lit(CREAM)
    brush.polygon(spot.points((-0.8, 0.28), (0.72, 0.28), (0.66, 0.42), (-0.74, 0.42)), left)
    brush.polygon(spot.points((-0.6, 0.42), (0.52, 0.42), (0.48, 0.54), (-0.56, 0.54)), spot.mid(CREAM))
    for across in (-0.3, 0.12):
        brush.polygon(
            spot.points((across - 0.075, 0.54), (across + 0.075, 0.54), (across + 0.055, 0.9), (across - 0.095, 0.9)),
            spot.lit((200, 80, 60)),
        )
        brush.polygon(
            spot.points((across - 0.09, 0.82), (across + 0.06, 0.82), (across + 0.055, 0.9), (across - 0.095, 0.9)),
            spot.dark(DARK),
        )
    for k in range(13):
        x, y = spot.at(-0.7 + 0.11 * k, 0.34)
        brush.ellipse(x, y, spot.size * 0.018, spot.size * 0.018, spot.window())
    _hull(brush, spot, hull, 1.05, 0.26, 0.08)


def draw_balloon(brush: Brush, spot: Spot) -> None:
    """Draws a hot-air balloon in gores of two colours."""
    first = spot.colour or spot.dice.pick(
        ((206, 74, 58), (232, 164, 62), (62, 120, 150), (150, 86, 140), (84, 142, 110))
    )
    second = spot.dice.pick((CREAM, (246, 206, 120), mix(first, (255, 255, 255), 0.6)))
    gores = 8
    for gore in range(gores):
        start, end = -1.0 + 2.0 * gore / gores, -1.0 + 2.0 * (gore + 1) / gores
        colour = first if gore % 2 else second
        share = (gore + 0.5) / gores
        light = share if spot.side == spot.facing else 1.0 - share
        tone = mix(spot.dark(colour), spot.lit(colour), min(1.0, 0.25 + light))
        brush.polygon(spot.points(*_meridian(start), *reversed(_meridian(end))), tone)
    wood = spot.dark((140, 100, 66))
    for across in (-0.055, 0.055):
        brush.line(spot.points((across * 1.7, 0.27), (across, 0.1)), spot.size * 0.008, wood)
    brush.polygon(spot.points((-0.065, 0.0), (0.065, 0.0), (0.075, 0.11), (-0.075, 0.11)), spot.mid((160, 116, 74)))


def _meridian(turn: float) -> list[Point]:
    """Returns a line from a balloon's crown to its mouth."""
    line = []
    for k in range(15):
        angle = math.pi / 2 - k * (math.pi * 0.86) / 14
        line.append(
            (
                turn_across(turn) * 0.37 * max(0.14, math.cos(angle)),
                0.63 + 0.37 * math.sin(angle) * (1.0 if angle > 0 else 1.05),
            )
        )
    return line


def turn_across(turn: float) -> float:
    """Returns how far out a meridian lies that is `turn` of a quarter round, -1–1."""
    return math.sin(turn * math.pi / 2)


def draw_airplane(brush: Brush, spot: Spot) -> None:
    """Draws an airliner from the side."""
    body = spot.colour or CREAM
    brush.polygon(spot.points((-1.1, 0.62), (-0.85, 1.0), (-0.7, 1.0), (-0.66, 0.66)), spot.mid(body))
    brush.polygon(
        spot.points((-1.12, 0.6), (-0.9, 0.68), (0.85, 0.68), (1.1, 0.55), (1.05, 0.44), (0.8, 0.38), (-0.7, 0.42)),
        spot.lit(body),
    )
    brush.polygon(spot.points((-1.0, 0.5), (1.05, 0.46), (0.8, 0.38), (-0.7, 0.42)), spot.dark(body))
    brush.polygon(spot.points((0.2, 0.5), (-0.15, 0.5), (-0.55, 0.05), (-0.38, 0.05)), spot.dark(body))


def draw_rocket(brush: Brush, spot: Spot) -> None:
    """Draws a rocket with fins, a porthole and a flame."""
    body = spot.colour or CREAM
    fin = spot.colour or (200, 66, 56)
    brush.polygon(spot.points((-0.09, 0.1), (0.09, 0.1), (0.0, -0.28)), (255, 206, 110))
    brush.polygon(spot.points((-0.05, 0.1), (0.05, 0.1), (0.0, -0.13)), (255, 244, 206))
    brush.polygon(spot.points((-0.12, 0.3), (-0.26, 0.04), (-0.1, 0.12)), spot.dark(fin))
    brush.polygon(spot.points((0.12, 0.3), (0.26, 0.04), (0.1, 0.12)), spot.lit(fin))
    side = [(0.14 * math.sin(math.pi * (0.36 + 0.64 * k / 12)) ** 0.8, 0.1 + 0.8 * k / 12) for k in range(13)]
    left, right = spot.faces(body)
    brush.polygon(spot.points((0, 0.1), *[(-x, up) for x, up in side], (0, 0.95)), left)
    brush.polygon(spot.points((0, 0.1), *side, (0, 0.95)), right)
    x, y = spot.at(0, 0.6)
    brush.ellipse(x, y, spot.size * 0.058, spot.size * 0.058, spot.dark(DARK))
    brush.ellipse(x, y, spot.size * 0.04, spot.size * 0.04, spot.lit((140, 196, 216)))


def draw_kite(brush: Brush, spot: Spot) -> None:
    """Draws a kite and its tail."""
    first = spot.colour or spot.dice.pick(((214, 70, 60), (240, 176, 62), (70, 140, 160)))
    corners = [(0.0, 1.0), (0.32, 0.62), (0.0, 0.0), (-0.32, 0.62)]
    for k, (start, end) in enumerate(zip(corners, corners[1:] + corners[:1], strict=True)):
        brush.polygon(spot.points((0.0, 0.6), start, end), spot.lit(first) if k % 2 else spot.lit(CREAM))
    tail = [(0.1 * math.sin(k * 0.9), -0.1 * k) for k in range(10)]
    brush.line(spot.points(*tail), spot.size * 0.02, spot.dark(first))


def draw_train(brush: Brush, spot: Spot) -> None:
    """Draws a steam train with three coaches."""
    engine = spot.colour or (150, 54, 48)
    smoke = mix(spot.palette.cloud_light, spot.palette.haze, 0.3)
    for k in range(10):
        x, y = spot.at(1.9 - 0.22 * k, 1.12 + 0.04 * k)
        brush.ellipse(
            x, y, spot.size * (0.1 + 0.02 * k), spot.size * (0.08 + 0.012 * k), mix(smoke, spot.palette.sky[-2], k / 13)
        )
    for coach in range(3):
        left = -2.6 + 1.28 * coach
        brush.polygon(
            spot.points((left, 0.12), (left + 1.2, 0.12), (left + 1.2, 0.72), (left, 0.72)),
            spot.mid(mix(engine, (90, 60, 50), 0.4)),
        )
        brush.polygon(
            spot.points((left - 0.02, 0.7), (left + 1.22, 0.7), (left + 1.15, 0.8), (left + 0.05, 0.8)), spot.dark(DARK)
        )
        for k in range(4):
            x = left + 0.12 + 0.27 * k
            brush.polygon(spot.points((x, 0.4), (x + 0.17, 0.4), (x + 0.17, 0.62), (x, 0.62)), spot.window())
    brush.polygon(spot.points((1.3, 0.14), (2.5, 0.14), (2.5, 0.58), (1.3, 0.58)), spot.lit(engine))
    brush.polygon(spot.points((1.3, 0.14), (1.72, 0.14), (1.72, 0.9), (1.3, 0.9)), spot.mid(engine))
    brush.polygon(spot.points((2.1, 0.56), (2.3, 0.56), (2.34, 0.98), (2.06, 0.98)), spot.dark(DARK))
    for k in range(16):
        x, y = spot.at(-2.5 + 0.33 * k, 0.09)
        brush.ellipse(x, y, spot.size * 0.1, spot.size * 0.1, spot.dark(DARK))


FLOATING: dict[str, Figure] = {
    "boat": Figure(draw=draw_boat, size=0.115, across=0.9, many=3),
    "sailboat": Figure(draw=draw_sailboat, size=0.2, across=0.5, many=3),
    "ship": Figure(draw=draw_ship, size=0.13, across=1.35, above=1.5, many=2),
}
"""What lies on water."""

FLYING: dict[str, Figure] = {
    "balloon": Figure(draw=draw_balloon, size=0.2, across=0.45, many=5),
    "airplane": Figure(draw=draw_airplane, size=0.045, across=1.2, many=2),
    "rocket": Figure(draw=draw_rocket, size=0.22, across=0.3, below=0.32, many=2),
    "kite": Figure(draw=draw_kite, size=0.11, across=0.4, below=1.0, many=3),
}
"""What hangs in the air."""

RIDING: dict[str, Figure] = {"train": Figure(draw=draw_train, size=0.07, across=2.9, above=1.8, many=1)}
"""What travels over land."""
