"""Animals and people, as small silhouettes with a little light on them."""

from __future__ import annotations

import math

from .canvas import Brush, Point
from .palettes import mix
from .reading import Colour
from .spot import Figure, Spot


def _leg(brush: Brush, spot: Spot, across: float, top: float, lean: float, colour: Colour, width: float) -> None:
    brush.line(spot.points((across, top), (across + lean, 0.0)), width * spot.size, colour)


def _oval(brush: Brush, spot: Spot, across: float, up: float, half: float, tall: float, colour: Colour) -> None:
    x, y = spot.at(across, up)
    brush.ellipse(x, y, half * spot.size, tall * spot.size, colour)


def draw_bird(brush: Brush, spot: Spot) -> None:
    """Draws a gull on the wing."""
    feather = spot.colour or mix((246, 246, 246), (52, 56, 72), 0.0 if spot.palette.lamps < 0.3 else 0.7)
    dark = spot.dark(mix(feather, (40, 44, 60), 0.35))
    beat = spot.dice.between(-0.15, 0.5)
    for way in (-1, 1):
        wing = [(0.0, 0.30), (way * 0.38, 0.42 + beat * 0.5), (way * 0.72, 0.36 + beat * 0.35), (way, 0.2 + beat * 0.1),
                (way * 0.66, 0.28 + beat * 0.32), (way * 0.34, 0.26 + beat * 0.38), (way * 0.1, 0.14)]  # fmt: skip
        brush.polygon(spot.points(*wing), spot.lit(feather) if way == spot.side * spot.facing else dark)
    brush.polygon(spot.points((-0.26, 0.2), (-0.1, 0.3), (0.16, 0.3), (0.3, 0.22), (0.14, 0.13), (-0.12, 0.14)), dark)


def draw_cat(brush: Brush, spot: Spot) -> None:
    """Draws a sitting cat, seen from behind, its tail curled."""
    fur = spot.colour or spot.dice.pick(((58, 54, 62), (196, 120, 60), (150, 140, 136)))
    dark, light = spot.dark(fur), spot.lit(fur)
    body = [
        (-0.24, 0.0),
        (-0.3, 0.16),
        (-0.2, 0.46),
        (-0.1, 0.62),
        (0.12, 0.62),
        (0.2, 0.44),
        (0.28, 0.16),
        (0.24, 0.0),
    ]
    tail = [(0.2, 0.05), (0.42, 0.06), (0.5, 0.2), (0.42, 0.36), (0.46, 0.48)]
    brush.line(spot.points(*tail), spot.size * 0.075, dark)
    brush.polygon(spot.points(*body), dark)
    _oval(brush, spot, 0.0, 0.16, 0.28, 0.17, dark)
    _oval(brush, spot, 0.0, 0.72, 0.18, 0.155, dark)
    for way in (-1, 1):
        brush.polygon(spot.points((way * 0.17, 0.74), (way * 0.155, 1.0), (way * 0.03, 0.85)), dark)
    edge = spot.side * spot.facing
    brush.line(spot.points((edge * 0.25, 0.14), (edge * 0.17, 0.46), (edge * 0.1, 0.6)), spot.size * 0.035, light)
    brush.line(spot.points((edge * 0.165, 0.68), (edge * 0.15, 0.8), (edge * 0.14, 0.96)), spot.size * 0.03, light)


def _beast(brush: Brush, spot: Spot, fur: Colour, *, legs: float, neck: float, bulk: float) -> Point:
    """Draws a standing four-legged body and returns where its head is."""
    dark, light = spot.dark(fur), spot.mid(fur)
    top, middle = legs + bulk, legs + bulk * 0.5
    for across, lean, tone in ((-0.25, 0.04, dark), (0.22, -0.03, dark), (-0.34, -0.02, light), (0.31, 0.03, light)):
        thigh, knee, wide = middle - 0.02, legs * 0.5, bulk * 0.30
        hock = across + lean * 1.4
        foot = across + lean
        brush.polygon(
            spot.points((across - wide, thigh), (across + wide, thigh), (hock + 0.035, knee), (foot + 0.035, 0.0),
                        (foot - 0.03, 0.0), (hock - 0.03, knee)), tone)  # fmt: skip
    head = (0.38 + neck * 0.45, top + neck * 0.66)
    _oval(brush, spot, -0.27, middle, 0.19, bulk * 0.56, light)
    _oval(brush, spot, 0.24, middle, 0.18, bulk * 0.58, light)
    trunk = [
        (-0.3, top + 0.015),
        (0.0, top - 0.015),
        (0.26, top + 0.02),
        (0.3, legs + 0.0),
        (0.0, legs + 0.035),
        (-0.28, legs + 0.03),
    ]
    brush.polygon(spot.points(*trunk), light)
    throat = [(0.14, top), (head[0] - 0.09, head[1] + 0.03), (head[0] + 0.05, head[1] - 0.05), (0.41, middle)]
    brush.polygon(spot.points(*throat), light)
    belly = [
        (-0.4, middle - 0.02),
        (-0.1, legs + 0.07),
        (0.36, middle - 0.06),
        (0.28, legs),
        (0.0, legs + 0.03),
        (-0.3, legs),
    ]
    brush.polygon(spot.points(*belly), mix(dark, light, 0.3))
    return head


def draw_dog(brush: Brush, spot: Spot) -> None:
    """Draws a standing dog."""
    fur = spot.colour or spot.dice.pick(((150, 104, 66), (88, 74, 68), (206, 178, 140)))
    head = _beast(brush, spot, fur, legs=0.36, neck=0.26, bulk=0.26)
    brush.polygon(
        spot.points(
            (head[0] - 0.1, head[1] + 0.1),
            (head[0] + 0.08, head[1] + 0.1),
            (head[0] + 0.26, head[1] - 0.02),
            (head[0] + 0.04, head[1] - 0.1),
        ),
        spot.mid(fur),
    )
    brush.polygon(
        spot.points((head[0] - 0.1, head[1] + 0.1), (head[0] - 0.14, head[1] - 0.08), (head[0] - 0.02, head[1])),
        spot.dark(fur),
    )
    brush.line(spot.points((-0.42, 0.58), (-0.6, 0.72), (-0.62, 0.86)), spot.size * 0.05, spot.mid(fur))


def draw_horse(brush: Brush, spot: Spot) -> None:
    """Draws a standing horse."""
    fur = spot.colour or spot.dice.pick(((126, 82, 56), (92, 66, 56), (222, 210, 196)))
    head = _beast(brush, spot, fur, legs=0.42, neck=0.42, bulk=0.25)
    brush.polygon(
        spot.points(
            (head[0] - 0.1, head[1] + 0.06),
            (head[0] + 0.02, head[1] + 0.09),
            (head[0] + 0.2, head[1] - 0.1),
            (head[0] + 0.12, head[1] - 0.16),
            (head[0] - 0.04, head[1] - 0.06),
        ),
        spot.mid(fur),
    )
    mane = [(head[0] - 0.06, head[1] + 0.1), (0.2, 0.68), (0.3, 0.64), (head[0] - 0.02, head[1] + 0.02)]
    brush.polygon(spot.points(*mane), spot.dark((56, 42, 40)))
    brush.line(spot.points((-0.44, 0.62), (-0.54, 0.5), (-0.52, 0.24)), spot.size * 0.06, spot.dark((56, 42, 40)))


def draw_sheep(brush: Brush, spot: Spot) -> None:
    """Draws a woolly sheep."""
    wool = spot.colour or (240, 234, 222)
    for across in (-0.3, -0.16, 0.16, 0.28):
        _leg(brush, spot, across, 0.4, 0.0, spot.dark((70, 62, 62)), 0.08)
    for tone, up in ((spot.dark(wool), 0.5), (spot.lit(wool), 0.58)):
        for k in range(7):
            _oval(brush, spot, -0.36 + 0.12 * k, up + 0.06 * math.sin(k * 1.1), 0.17, 0.2 if up < 0.55 else 0.16, tone)
    brush.polygon(
        spot.points((0.36, 0.72), (0.52, 0.76), (0.64, 0.52), (0.54, 0.46), (0.38, 0.56)), spot.dark((70, 62, 62))
    )


def draw_deer(brush: Brush, spot: Spot) -> None:
    """Draws a stag."""
    fur = spot.colour or (150, 102, 68)
    head = _beast(brush, spot, fur, legs=0.36, neck=0.36, bulk=0.2)
    brush.polygon(
        spot.points(
            (head[0] - 0.08, head[1] + 0.06),
            (head[0] + 0.04, head[1] + 0.06),
            (head[0] + 0.2, head[1] - 0.05),
            (head[0], head[1] - 0.08),
        ),
        spot.mid(fur),
    )
    for way in (-0.05, 0.05):
        root = (head[0] - 0.02 + way * 0.3, head[1] + 0.05)
        tip = (root[0] + way * 3.2 - 0.05, root[1] + 0.26)
        brush.line(
            spot.points(root, (root[0] + way * 2.6 - 0.06, root[1] + 0.12), tip),
            spot.size * 0.026,
            spot.dark((112, 84, 62)),
        )
        for share in (0.4, 0.75):
            start = (root[0] + (tip[0] - root[0]) * share + way, root[1] + (tip[1] - root[1]) * share)
            brush.line(
                spot.points(start, (start[0] + 0.09, start[1] + 0.09)), spot.size * 0.022, spot.dark((112, 84, 62))
            )


def draw_person(brush: Brush, spot: Spot) -> None:
    """Draws someone who stands and looks into the distance."""
    coat = spot.colour or spot.dice.pick(((166, 60, 52), (58, 82, 112), (206, 156, 72), (84, 96, 84)))
    dark = spot.dark((62, 58, 70))
    for across in (-0.055, 0.055):
        _leg(brush, spot, across * 0.8, 0.45, across * 0.4, dark, 0.085)
    brush.polygon(
        spot.points((-0.14, 0.36), (0.14, 0.36), (0.12, 0.8), (0.05, 0.85), (-0.05, 0.85), (-0.12, 0.8)), spot.mid(coat)
    )
    edge = spot.side * spot.facing
    brush.polygon(
        spot.points((edge * 0.14, 0.36), (edge * 0.03, 0.36), (edge * 0.04, 0.83), (edge * 0.12, 0.8)), spot.lit(coat)
    )
    for way in (-1, 1):
        brush.line(
            spot.points((way * 0.12, 0.78), (way * 0.17, 0.58), (way * 0.155, 0.42)), spot.size * 0.06, spot.dark(coat)
        )
    _oval(brush, spot, 0.0, 0.92, 0.068, 0.078, spot.mid((206, 158, 126)))
    _oval(brush, spot, -0.006, 0.945, 0.07, 0.06, spot.dark((70, 52, 46)))


def draw_fish(brush: Brush, spot: Spot) -> None:
    """Draws a dolphin or fish leaping out of the water."""
    skin = spot.colour or (92, 120, 146)
    back = [(-0.6 + 1.2 * k / 12, 0.1 + 0.75 * math.sin(math.pi * (k + 1) / 14)) for k in range(13)]
    belly = [(across * 0.86, up - 0.2 - 0.06 * math.sin(math.pi * k / 12)) for k, (across, up) in enumerate(back)]
    brush.polygon(spot.points(*back, (0.7, 0.1), *reversed(belly)), spot.dark(skin))
    brush.polygon(spot.points(*back[2:], (0.7, 0.1), *[(a, u - 0.1) for a, u in reversed(back[2:])]), spot.lit(skin))
    brush.polygon(spot.points((-0.05, 0.82), (-0.22, 1.05), (0.12, 0.84)), spot.dark(skin))
    brush.polygon(spot.points((-0.55, 0.14), (-0.85, 0.22), (-0.7, 0.0)), spot.dark(skin))


FIGURES: dict[str, Figure] = {
    "cat": Figure(draw=draw_cat, size=0.11, across=0.6, many=3),
    "dog": Figure(draw=draw_dog, size=0.1, across=0.85, many=3),
    "horse": Figure(draw=draw_horse, size=0.15, across=0.9, above=1.2, many=4),
    "sheep": Figure(draw=draw_sheep, size=0.07, across=0.75, many=7),
    "deer": Figure(draw=draw_deer, size=0.14, across=0.9, above=1.3, many=3),
    "person": Figure(draw=draw_person, size=0.13, across=0.3, many=2),
}
"""Who stands on land."""

BIRD = Figure(draw=draw_bird, size=0.034, across=1.1, above=0.9, many=7)
FISH = Figure(draw=draw_fish, size=0.09, across=1.0, many=2)
