"""A lighthouse, and the round walls it shares with windmills."""

from __future__ import annotations

import math

from .canvas import Brush
from .palettes import mix
from .reading import Colour
from .spot import LAMPLIGHT, Spot

WHITE: Colour = (244, 238, 226)
ROOF: Colour = (176, 84, 62)
DARK: Colour = (58, 54, 62)


def draw_lighthouse(brush: Brush, spot: Spot) -> None:
    """Draws a banded lighthouse with its gallery, lantern and keeper's hut."""
    band = spot.colour or spot.dice.pick(((196, 62, 52), (196, 62, 52), (52, 88, 132)))
    _hut(brush, spot, 0.20, 0.15, 0.13)
    low, high, foot, neck = 0.0, 0.76, 0.112, 0.066
    bands = spot.dice.pick((4, 5, 5, 6))
    for index in range(bands):
        colour = band if (bands - index) % 2 else WHITE
        bottom, top = low + (high - low) * index / bands, low + (high - low) * (index + 1) / bands
        wide = foot + (neck - foot) * bottom / high
        narrow = foot + (neck - foot) * top / high
        draw_round_wall(brush, spot, (bottom, wide), (top, narrow), colour)
    for index in range(3):
        x, y = spot.at(0.012 * (1 - index), 0.16 + 0.2 * index)
        brush.rectangle(x - 0.011 * spot.size, y - 0.034 * spot.size, x + 0.011 * spot.size, y, spot.window())
    brush.polygon(spot.points((-0.10, 0.76), (0.10, 0.76), (0.088, 0.788), (-0.088, 0.788)), spot.dark(DARK))
    _rail(brush, spot, 0.788, 0.098)
    lamp = mix(LAMPLIGHT, (255, 255, 240), 0.5) if spot.palette.lamps > 0.2 else spot.lit((196, 216, 220))
    brush.polygon(spot.points((-0.05, 0.79), (0.05, 0.79), (0.05, 0.885), (-0.05, 0.885)), lamp)
    for across in (-0.05, -0.017, 0.017, 0.05):
        brush.line(spot.points((across, 0.79), (across, 0.885)), spot.size * 0.007, spot.dark(DARK))
    dome = [(0.066 * math.cos(k * math.pi / 12), 0.885 + 0.07 * math.sin(k * math.pi / 12)) for k in range(13)]
    brush.polygon(spot.points(*dome), spot.dark(band))
    shift, turns = 0.02 * spot.side * spot.facing, [k * math.pi / 12 for k in range(13)]
    lit = [(shift + 0.036 * math.cos(turn), 0.89 + 0.052 * math.sin(turn)) for turn in turns]
    brush.polygon(spot.points(*lit), spot.lit(band))
    brush.line(spot.points((0.0, 0.95), (0.0, 1.0)), spot.size * 0.008, spot.dark(DARK))


def draw_round_wall(
    brush: Brush, spot: Spot, low: tuple[float, float], high: tuple[float, float], colour: Colour
) -> None:
    """Fills a piece of a round tower in five strips from light to shadow."""
    (bottom, wide), (top, narrow) = low, high
    light = spot.side * spot.facing
    tones = [spot.mid(colour), spot.lit(colour), spot.lit(colour), spot.mid(colour), spot.dark(colour)]
    edges = (-1.0, -0.72, -0.35, 0.12, 0.55, 1.0)
    for tone, start, end in zip(tones, edges, edges[1:], strict=False):
        first, last = (start, end) if light < 0 else (-end, -start)
        brush.polygon(
            spot.points(
                (first * wide, bottom),
                (last * wide, bottom),
                (last * narrow, top + 0.004),
                (first * narrow, top + 0.004),
            ),
            tone,
        )


def _rail(brush: Brush, spot: Spot, up: float, half: float) -> None:
    for k in range(7):
        across = -half + 2 * half * k / 6
        brush.line(spot.points((across, up), (across, up + 0.034)), spot.size * 0.005, spot.dark(DARK))
    brush.line(spot.points((-half, up + 0.034), (half, up + 0.034)), spot.size * 0.006, spot.dark(DARK))


def _hut(brush: Brush, spot: Spot, across: float, width: float, height: float) -> None:
    light, half, eaves = spot.side == spot.facing, width / 2, height * 0.55
    wall = spot.lit(WHITE) if light else spot.mid(WHITE)
    brush.polygon(
        spot.points((across - half, 0), (across + half, 0), (across + half, eaves), (across - half, eaves)), wall
    )
    low, high = (eaves, width * 0.58), (height, width * 0.42)
    corners = (
        (across - low[1], low[0]),
        (across + low[1], low[0]),
        (across + high[1], high[0]),
        (across - high[1], high[0]),
    )
    brush.polygon(spot.points(*corners), spot.dark(ROOF))
    for step in (-0.25, 0.2):
        x, y = spot.at(across + width * step, height * 0.18)
        pane = width * 0.07 * spot.size
        brush.rectangle(x - pane, y - height * 0.26 * spot.size, x + pane, y, spot.window())
