"""Things that are built."""

from __future__ import annotations

import math

from .canvas import Brush
from .lighthouse import DARK, ROOF, WHITE, draw_lighthouse, draw_round_wall
from .reading import Colour
from .spot import LAMPLIGHT, Figure, Spot

STONE: Colour = (168, 158, 148)
SNOW: Colour = (246, 249, 253)


def draw_house(brush: Brush, spot: Spot) -> None:
    """Draws a house at an angle: a gable, a long wall, a roof, a chimney."""
    dice = spot.dice
    wall = spot.colour or dice.pick(
        ((240, 228, 204), (232, 206, 166), (214, 152, 120), (196, 208, 204), (238, 232, 222))
    )
    roof = dice.pick((ROOF, (150, 74, 62), (112, 92, 92), (92, 100, 116)))
    _gabled(brush, spot, wall, roof, long=dice.between(0.62, 0.9))


def draw_cabin(brush: Brush, spot: Spot) -> None:
    """Draws a log cabin."""
    wall = spot.colour or (146, 102, 70)
    _gabled(brush, spot, wall, (98, 74, 62), long=0.7, logs=True)


def _gabled(brush: Brush, spot: Spot, wall: Colour, roof: Colour, *, long: float, logs: bool = False) -> None:
    gable, long_wall = spot.faces(wall)[::-1] if spot.side == spot.facing else spot.faces(wall)
    left, corner, right = -long * 0.62, long * 0.62 - 0.30, long * 0.62 + 0.10
    eaves, ridge = 0.48, 0.90
    peak = (corner + right) / 2
    if spot.season == "winter":
        roof = SNOW
    chimney = left + 0.22
    brush.polygon(
        spot.points((chimney, 0.6), (chimney + 0.09, 0.6), (chimney + 0.09, 1.0), (chimney, 1.0)),
        spot.dark((150, 90, 74)),
    )
    brush.polygon(spot.points((left, 0), (corner, -0.02), (corner, eaves), (left, eaves)), long_wall)
    brush.polygon(spot.points((corner, -0.02), (right, 0), (right, eaves), (peak, ridge), (corner, eaves)), gable)
    if logs:
        for k in range(1, 6):
            up = eaves * k / 6
            brush.line(spot.points((left, up), (corner, up - 0.01), (right, up)), spot.size * 0.012, spot.dark(wall))
    slope = spot.lit(roof) if spot.side != spot.facing else spot.mid(roof)
    back = left + (peak - corner) * 0.9
    brush.polygon(
        spot.points((left - 0.05, eaves - 0.03), (corner + 0.01, eaves - 0.05), (peak, ridge + 0.02), (back, ridge)),
        slope,
    )
    brush.line(
        spot.points((corner - 0.0, eaves - 0.04), (peak, ridge + 0.01), (right + 0.05, eaves - 0.05)),
        spot.size * 0.04,
        spot.dark(roof),
    )
    count = 2 if long < 0.8 else 3
    for k in range(count):
        middle = left + (corner - left) * (k + 0.5) / count
        _pane(brush, spot, middle, 0.18, 0.055, 0.16)
    door = peak - 0.02
    brush.polygon(
        spot.points((door - 0.055, -0.01), (door + 0.055, 0.0), (door + 0.055, 0.27), (door - 0.055, 0.27)),
        spot.dark((112, 72, 56)),
    )
    _pane(brush, spot, peak, 0.44, 0.045, 0.14)


def _pane(brush: Brush, spot: Spot, across: float, up: float, half: float, tall: float) -> None:
    brush.polygon(
        spot.points((across - half, up), (across + half, up), (across + half, up + tall), (across - half, up + tall)),
        spot.window(),
    )


def draw_church(brush: Brush, spot: Spot) -> None:
    """Draws a church: a nave and a tower with a spire."""
    wall = spot.colour or (238, 230, 214)
    left, right = spot.faces(wall)
    roof = spot.mid((122, 80, 74))
    brush.polygon(spot.points((-0.42, 0), (0.06, 0), (0.06, 0.3), (-0.42, 0.3)), left)
    brush.polygon(spot.points((-0.46, 0.29), (0.08, 0.29), (0.04, 0.46), (-0.38, 0.46)), roof)
    for k in range(3):
        _pane(brush, spot, -0.34 + 0.13 * k, 0.09, 0.022, 0.13)
    brush.polygon(spot.points((0.02, -0.01), (0.13, -0.01), (0.13, 0.62), (0.02, 0.62)), left)
    brush.polygon(spot.points((0.13, -0.01), (0.24, 0), (0.24, 0.62), (0.13, 0.62)), right)
    brush.polygon(
        spot.points((0.0, 0.61), (0.13, 0.60), (0.13, 0.98)), spot.lit((122, 80, 74)) if spot.side < 0 else roof
    )
    brush.polygon(spot.points((0.13, 0.60), (0.26, 0.61), (0.13, 0.98)), spot.dark((122, 80, 74)))
    brush.line(spot.points((0.13, 0.97), (0.13, 1.05)), spot.size * 0.012, spot.dark(DARK))
    brush.line(spot.points((0.10, 1.015), (0.16, 1.015)), spot.size * 0.012, spot.dark(DARK))
    _pane(brush, spot, 0.13, 0.44, 0.03, 0.1)


def _battlements(brush: Brush, spot: Spot, left: float, right: float, up: float, colour: Colour) -> None:
    teeth = max(2, round((right - left) / 0.05))
    wide = (right - left) / (2 * teeth - 1)
    for k in range(teeth):
        start = left + 2 * k * wide
        brush.polygon(
            spot.points((start, up - 0.01), (start + wide, up - 0.01), (start + wide, up + 0.035), (start, up + 0.035)),
            colour,
        )


def draw_tower(brush: Brush, spot: Spot) -> None:
    """Draws a round stone tower with a pointed roof."""
    _turret(brush, spot, 0.0, 0.13, 0.72, 0.28)


def _turret(brush: Brush, spot: Spot, across: float, half: float, up: float, roof: float) -> None:
    stone = spot.colour or STONE
    light = spot.side * spot.facing
    for start, end, tone in ((-1.0, -0.4, 0), (-0.4, 0.2, 1), (0.2, 1.0, 2)):
        colour = (spot.lit(stone), spot.mid(stone), spot.dark(stone))[tone]
        first, last = (start, end) if light < 0 else (-end, -start)
        brush.polygon(
            spot.points(
                (across + first * half, 0),
                (across + last * half, 0),
                (across + last * half, up),
                (across + first * half, up),
            ),
            colour,
        )
    tiles = (112, 84, 104) if spot.season != "winter" else SNOW
    brush.polygon(
        spot.points((across - half * 1.25, up), (across + half * 1.25, up), (across, up + roof)), spot.dark(tiles)
    )
    edge = half * 1.25 * light
    brush.polygon(spot.points((across + edge, up), (across + edge * 0.1, up), (across, up + roof)), spot.lit(tiles))
    for k in range(max(1, int(up / 0.24))):
        _pane(brush, spot, across, 0.14 + 0.22 * k, half * 0.16, 0.06)


def draw_castle(brush: Brush, spot: Spot) -> None:
    """Draws a castle: walls, a keep, and turrets of different heights."""
    stone = spot.colour or STONE
    _turret(brush, spot, -0.16, 0.07, 0.62, 0.22)
    _turret(brush, spot, 0.20, 0.06, 0.56, 0.2)
    brush.polygon(spot.points((-0.14, 0), (0.16, 0), (0.16, 0.5), (-0.14, 0.5)), spot.mid(stone))
    _battlements(brush, spot, -0.14, 0.16, 0.5, spot.mid(stone))
    _turret(brush, spot, 0.03, 0.055, 0.74, 0.26)
    left, right = spot.faces(stone)
    brush.polygon(spot.points((-0.5, -0.02), (0.0, -0.02), (0.0, 0.28), (-0.5, 0.28)), left)
    brush.polygon(spot.points((0.0, -0.02), (0.5, -0.02), (0.5, 0.28), (0.0, 0.28)), right)
    _battlements(brush, spot, -0.5, 0.0, 0.28, left)
    _battlements(brush, spot, 0.0, 0.5, 0.28, right)
    _turret(brush, spot, -0.48, 0.075, 0.4, 0.2)
    _turret(brush, spot, 0.48, 0.08, 0.44, 0.22)
    gate = [(0.07 * math.cos(k * math.pi / 8), 0.1 + 0.07 * math.sin(k * math.pi / 8)) for k in range(9)]
    brush.polygon(spot.points((0.07, -0.02), *gate, (-0.07, -0.02)), spot.dark(DARK))


def draw_windmill(brush: Brush, spot: Spot) -> None:
    """Draws a windmill with four latticed sails."""
    wall = spot.colour or (226, 214, 192)
    draw_round_wall(brush, spot, (0.0, 0.15), (0.58, 0.085), wall)
    cap = [(0.1 * math.cos(k * math.pi / 10), 0.58 + 0.12 * math.sin(k * math.pi / 10)) for k in range(11)]
    brush.polygon(spot.points(*cap), spot.dark(ROOF))
    for up in (0.16, 0.36):
        _pane(brush, spot, 0.0, up, 0.022, 0.07)
    turn = spot.dice.between(0.2, 1.3)
    hub = (0.0, 0.6)
    for blade in range(4):
        angle = turn + blade * math.pi / 2
        along, beside = (math.cos(angle), math.sin(angle)), (-math.sin(angle), math.cos(angle))
        tip = (hub[0] + along[0] * 0.4, hub[1] + along[1] * 0.4)
        start = (hub[0] + along[0] * 0.09, hub[1] + along[1] * 0.09)
        sail = [start, tip, (tip[0] + beside[0] * 0.085, tip[1] + beside[1] * 0.085),
                (start[0] + beside[0] * 0.075, start[1] + beside[1] * 0.075)]  # fmt: skip
        brush.polygon(spot.points(*sail), spot.lit((244, 236, 218)))
        brush.line(spot.points(hub, tip), spot.size * 0.014, spot.dark((96, 74, 60)))
        for k in range(1, 5):
            share = k / 5
            place = (start[0] + (tip[0] - start[0]) * share, start[1] + (tip[1] - start[1]) * share)
            brush.line(
                spot.points(place, (place[0] + beside[0] * 0.08, place[1] + beside[1] * 0.08)),
                spot.size * 0.005,
                spot.dark((120, 96, 78)),
            )


def draw_pyramid(brush: Brush, spot: Spot) -> None:
    """Draws a pyramid, one face in the light."""
    sand = spot.colour or (222, 184, 128)
    left, right = spot.faces(sand)
    brush.polygon(spot.points((-0.85, 0), (0.2, -0.04), (0.0, 1.0)), left)
    brush.polygon(spot.points((0.2, -0.04), (0.8, 0), (0.0, 1.0)), right)


def draw_tent(brush: Brush, spot: Spot) -> None:
    """Draws a tent, lit from within at night."""
    cloth = spot.colour or (214, 122, 62)
    left, right = spot.faces(cloth)
    inside = LAMPLIGHT if spot.palette.lamps > 0.5 else spot.dark(cloth)
    brush.polygon(spot.points((-0.8, 0), (0.1, 0), (-0.05, 0.92)), left)
    brush.polygon(spot.points((0.1, 0), (0.85, 0.03), (0.45, 0.86), (-0.05, 0.92)), right)
    brush.polygon(spot.points((-0.45, 0), (-0.12, 0), (-0.06, 0.62)), inside)


def draw_lantern(brush: Brush, spot: Spot) -> None:
    """Draws a street lamp."""
    iron = spot.dark(DARK)
    brush.line(spot.points((0, 0), (0, 0.84)), spot.size * 0.03, iron)
    brush.polygon(spot.points((-0.06, 0), (0.06, 0), (0.02, 0.1), (-0.02, 0.1)), iron)
    brush.polygon(
        spot.points((-0.04, 0.82), (0.04, 0.82), (0.065, 0.94), (-0.065, 0.94)),
        LAMPLIGHT if spot.palette.lamps else spot.lit((220, 226, 220)),
    )
    brush.polygon(spot.points((-0.08, 0.94), (0.08, 0.94), (0.0, 1.0)), iron)


def draw_fence(brush: Brush, spot: Spot) -> None:
    """Draws a piece of fence."""
    wood = spot.colour or (206, 190, 168)
    for k in range(7):
        across = -1.5 + k * 0.5
        brush.polygon(
            spot.points(
                (across - 0.06, 0), (across + 0.06, 0), (across + 0.06, 0.85), (across, 1.0), (across - 0.06, 0.85)
            ),
            spot.lit(wood),
        )
    for up in (0.3, 0.66):
        brush.line(spot.points((-1.6, up), (1.6, up)), spot.size * 0.09, spot.mid(wood))


def draw_umbrella(brush: Brush, spot: Spot) -> None:
    """Draws a beach umbrella in panels of two colours."""
    cloth = spot.colour or spot.dice.pick(((214, 72, 60), (62, 128, 160), (236, 172, 66)))
    brush.line(spot.points((0.05, 0.0), (-0.04, 0.9)), spot.size * 0.035, spot.dark((150, 120, 90)))
    edges = [-0.62 + 1.24 * k / 6 for k in range(7)]
    for k in range(6):
        colour = cloth if k % 2 else WHITE
        tone = spot.lit(colour) if (k > 2) == (spot.side == spot.facing) else spot.mid(colour)
        left, right = edges[k], edges[k + 1]
        lift = [0.58 + 0.30 * (1.0 - (edge / 0.62) ** 2) ** 0.5 * 0.2 for edge in (left, right)]
        brush.polygon(
            spot.points((-0.04, 0.98), (left * 0.72, 0.84), (left, lift[0]), (right, lift[1]), (right * 0.72, 0.84)),
            tone,
        )


def draw_rock(brush: Brush, spot: Spot) -> None:
    """Draws a boulder with a lit and a shaded face."""
    stone = spot.colour or STONE
    left, right = spot.faces(stone)
    brush.polygon(spot.points((-0.8, 0.0), (-0.62, 0.5), (-0.2, 0.94), (0.1, 0.62), (0.0, 0.0)), left)
    brush.polygon(spot.points((0.0, 0.0), (0.1, 0.62), (-0.2, 0.94), (0.34, 0.86), (0.7, 0.42), (0.82, 0.0)), right)
    brush.polygon(spot.points((-0.2, 0.94), (0.34, 0.86), (0.1, 0.62)), spot.lit(stone))


FIGURES: dict[str, Figure] = {
    "lighthouse": Figure(draw=draw_lighthouse, size=0.40, across=0.4, many=2, shines=0.84),
    "house": Figure(draw=draw_house, size=0.13, across=0.85, many=4),
    "cabin": Figure(draw=draw_cabin, size=0.13, across=0.85, many=3),
    "church": Figure(draw=draw_church, size=0.24, across=0.6, above=1.12, many=2),
    "castle": Figure(draw=draw_castle, size=0.34, across=0.75, many=2),
    "tower": Figure(draw=draw_tower, size=0.32, across=0.3, many=2),
    "windmill": Figure(draw=draw_windmill, size=0.3, across=0.6, above=1.1, many=3),
    "pyramid": Figure(draw=draw_pyramid, size=0.24, across=0.95, many=3),
    "tent": Figure(draw=draw_tent, size=0.09, across=1.0, many=3, shines=0.3),
    "lantern": Figure(draw=draw_lantern, size=0.2, across=0.2, many=4, shines=0.88),
    "umbrella": Figure(draw=draw_umbrella, size=0.13, across=0.7, many=4),
    "rock": Figure(draw=draw_rock, size=0.06, across=0.9, many=5),
    "fence": Figure(draw=draw_fence, size=0.05, across=1.8, many=3),
}
"""What is built, by its name in the lexicon."""
