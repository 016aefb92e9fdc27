"""A spot where a thing stands, with the light that falls there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .canvas import Brush, Canvas, Dice, Point
from .palettes import Palette, mix
from .reading import Colour

LAMPLIGHT: Colour = (255, 216, 132)
"""A lit window."""

GLASS: Colour = (62, 78, 98)
"""A dark one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where and how one thing is drawn.

    Attributes:
        x: Column of its middle.
        y: Row of its foot.
        size: Its height, in pixels.
        depth: 0 near, 1 lost in the haze.
        side: Where the light comes from: -1 left, 1 right.
        facing: Where it looks: -1 left, 1 right.
        dice: Its own.
        palette: The picture's.
        colour: The colour the prompt gives it, or None.
        season: The picture's.
    """

    x: float
    y: float
    size: float
    depth: float
    side: int
    facing: int
    dice: Dice
    palette: Palette
    colour: Colour | None = None
    season: str = ""

    def at(self, across: float, up: float) -> Point:
        """Returns the point that lies so many sizes across (towards where it faces) and up from its foot."""
        return self.x + across * self.size * self.facing, self.y - up * self.size

    def points(self, *places: Point) -> list[Point]:
        """Returns the points of a shape given in sizes."""
        wide = self.size * self.facing
        return [(self.x + across * wide, self.y - up * self.size) for across, up in places]

    def lit(self, colour: Colour) -> Colour:
        """Returns a colour on the side of the light."""
        return self.palette.lit(colour, self.depth)

    def mid(self, colour: Colour) -> Colour:
        """Returns a colour between light and shadow."""
        return self.palette.shaded(colour, self.depth, 0.2)

    def dark(self, colour: Colour) -> Colour:
        """Returns a colour on the side away from the light."""
        return self.palette.shaded(colour, self.depth, 0.48)

    def faces(self, colour: Colour) -> tuple[Colour, Colour]:
        """Returns a colour on a thing's own left and right (as it faces), by where the light comes from."""
        light, dark = self.lit(colour), self.dark(colour)
        return (dark, light) if self.side == self.facing else (light, dark)

    def window(self) -> Colour:
        """Returns the colour of a window: lit at night, sometimes."""
        if self.dice.chance(self.palette.lamps):
            return mix(LAMPLIGHT, self.palette.haze, self.depth * 0.5)
        return self.dark(GLASS)


Draw = Callable[[Brush, Spot], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """How a thing is drawn.

    Attributes:
        draw: Draws it.
        size: Its usual height, in units of the canvas.
        across: Half its width, in its own height.
        above: How far it reaches above its foot, in its own height.
        below: How far it reaches below.
        many: How many there are of a plural without a number.
        shines: Height of its lamp in its own height, or 0.
    """

    draw: Draw
    size: float
    across: float = 0.6
    above: float = 1.05
    below: float = 0.06
    many: int = 3
    shines: float = 0.0


def draw_figure(canvas: Canvas, figure: Figure, spot: Spot) -> None:
    """Draws one thing where it stands."""
    reach = figure.across * spot.size + 2
    box = (spot.x - reach, spot.y - figure.above * spot.size - 2, spot.x + reach, spot.y + figure.below * spot.size + 2)
    brush = canvas.brush(box, 4 if spot.size < canvas.unit * 0.12 else 3)
    figure.draw(brush, spot)
    if figure.shines and canvas.palette.lamps > 0.25:
        canvas.glow(spot.at(0.0, figure.shines), spot.size * 0.42, LAMPLIGHT, 0.75 * canvas.palette.lamps)
    canvas.lay(brush)
