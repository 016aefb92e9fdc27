"""The canvas every painter works on, and the brush that draws smooth-edged shapes on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from .noise import Field, generator, stable_seed
from .palettes import Palette, ramp_of
from .reading import Colour, Scene

Point = tuple[float, float]
Box = tuple[float, float, float, float]
T = TypeVar("T")
STRIP = 64
"""Columns of a brush that are laid together."""


class Dice:
    """Random choices for one part of the picture, from a PCG64 generator."""

    def __init__(self, *parts: object) -> None:
        self.seed = stable_seed(*parts)
        self._rng = generator(self.seed)

    def between(self, low: float, high: float) -> float:
        """Returns a number within low–high."""
        return low + (high - low) * float(self._rng.random())

    def whole(self, low: int, high: int) -> int:
        """Returns a whole number within low–high, both included."""
        return low + int(float(self._rng.random()) * (high - low + 1))

    def chance(self, odds: float) -> bool:
        """Returns whether something with these odds (0–1) happens."""
        return float(self._rng.random()) < odds

    def sign(self) -> int:
        """Returns -1 or 1."""
        return 1 if self.chance(0.5) else -1

    def pick(self, options: Sequence[T]) -> T:
        """Returns one of the options."""
        return options[int(float(self._rng.random()) * len(options))]


class Canvas:
    """A picture being painted, and what its painters agree on.

    Attributes:
        image: The RGB picture so far.
        width, height: Its size in pixels.
        unit: The length that objects are measured in, in pixels (about the shorter side).
        horizon: Row of the horizon.
        sun: Where the sun or moon stands, in pixels.
        focus: Column of what the picture is about.
        variant: The user's own seed: neighbours differ in their layout by rule, not by luck.
        season: A key of `words.SEASONS`, or "".
        scene: What to paint.
        palette: In which light.
        flat: Whether to leave out textures, for styles that draw outlines.
        seed: Seed of the composition.
    """

    def __init__(self, width: int, height: int, scene: Scene, palette: Palette, seed: int, *, flat: bool) -> None:
        self.image = Image.new("RGB", (width, height))
        self.width, self.height = width, height
        self.unit = float(min(width * 1.25, height))
        self.horizon = height * 0.6
        self.sun: Point = (width * 0.5, height * 0.3)
        self.focus = width * 0.64
        self.variant = 0
        self.season = scene.season or ("winter" if "snow" in scene.weather else "")
        self.scene, self.palette, self.seed, self.flat = scene, palette, seed, flat

    def dice(self, *parts: object) -> Dice:
        """Returns the dice of one part of the picture."""
        return Dice(self.seed, *parts)

    def fill(self, colour: Colour, mask: Image.Image, at: tuple[int, int] = (0, 0)) -> None:
        """Lays a colour where an L mask lets it."""
        self.image.paste(colour, at, mask)

    def glow(self, centre: Point, radius: float, colour: Colour, strength: float) -> None:
        """Lays soft light around a point."""
        side = max(4, int(radius * 2))
        small = min(side, 96)
        steps = (np.arange(small) + 0.5) * (2.0 / small) - 1.0
        near = np.clip(1.0 - (steps[:, None] * steps[:, None] + steps[None, :] * steps[None, :]), 0.0, 1.0)
        mask = to_mask(near * near * near * strength).resize((side, side), Image.Resampling.BICUBIC)
        self.fill(colour, mask, (round(centre[0] - side / 2), round(centre[1] - side / 2)))

    def ground(self, crest: Field, tone: Image.Image, colours: Sequence[Colour]) -> None:
        """Fills everything below a line with the colours that a tone picture picks.

        Args:
            crest: Row of the line in every column.
            tone: An L picture, stretched over the rows from the highest point of the line to the bottom.
            colours: From the darkest tone to the lightest.
        """
        top = max(0, int(crest.min()) - 1)
        if top >= self.height:
            return
        rows = np.arange(top, self.height)[:, None] + 0.5
        cover = to_mask(np.clip(rows - crest[None, :] + 0.5, 0.0, 1.0))
        self.image.paste(toned(tone, (self.width, self.height - top), colours), (0, top), cover)

    def brush(self, box: Box, fineness: int = 3) -> Brush:
        """Returns a brush for the part of the canvas within `box` (left, top, right, bottom)."""
        return Brush(box, fineness, (self.width, self.height))

    def lay(self, brush: Brush) -> None:
        """Lays what a brush drew onto the picture."""
        for drawn, corner in brush.pieces():
            self.image.paste(drawn, corner, drawn)


class Brush:
    """A finer, transparent piece of the canvas to draw on, in the canvas's own coordinates."""

    def __init__(self, box: Box, fineness: int, size: tuple[int, int]) -> None:
        left, top = max(0, int(box[0])), max(0, int(box[1]))
        right, bottom = min(size[0], int(box[2]) + 1), min(size[1], int(box[3]) + 1)
        self.corner, self.fineness = (left, top), fineness
        self.image: Image.Image | None = None
        if right > left and bottom > top:
            self.image = Image.new("RGBA", ((right - left) * fineness, (bottom - top) * fineness), (0, 0, 0, 0))
            self._draw = ImageDraw.Draw(self.image)
        strips = -(-max(0, right - left) // STRIP)
        self._highest, self._lowest = [bottom] * strips, [top] * strips  # rows drawn on, strip by strip

    def smooth(self) -> Image.Image:
        """Returns the drawing at the canvas's own resolution."""
        assert self.image is not None
        return self.image.reduce(self.fineness)

    def pieces(self) -> Iterator[tuple[Image.Image, tuple[int, int]]]:
        """Yields what was drawn, at the canvas's own resolution, with where it belongs; bare parts are left out."""
        if self.image is None:
            return
        left, top = self.corner
        fineness = self.fineness
        start, count = 0, len(self._highest)
        while start < count:
            above, below = self._highest[start], self._lowest[start]
            end = start + 1
            while end < count and abs(self._highest[end] - above) < STRIP and abs(self._lowest[end] - below) < STRIP:
                end += 1
            above, below = min(self._highest[start:end]), max(self._lowest[start:end])
            if below > above:
                right = min(end * STRIP, self.image.width // fineness)
                box = (start * STRIP * fineness, (above - top) * fineness, right * fineness, (below - top) * fineness)
                yield self.image.crop(box).reduce(fineness), (left + start * STRIP, above)
            start = end

    def _drawn(self, points: Sequence[tuple[int, int]], pad: int) -> None:
        """Notes where something was drawn, `pad` fine pixels around these places."""
        assert self.image is not None
        across, down = [x for x, _ in points], [y for _, y in points]
        fineness, top = self.fineness, self.corner[1]
        above = max(0, (min(down) - pad) // fineness) + top
        below = min(self.image.height, max(down) + pad + fineness) // fineness + top
        wide = STRIP * fineness
        first, last = max(0, (min(across) - pad) // wide), (max(across) + pad) // wide
        for strip in range(first, min(last + 1, len(self._highest))):
            self._highest[strip] = min(self._highest[strip], above)
            self._lowest[strip] = max(self._lowest[strip], below)

    def polygon(self, points: Iterable[Point], colour: Colour) -> None:
        """Fills a polygon."""
        if self.image is not None:
            places = self._places(points)
            self._drawn(places, 2)
            self._draw.polygon(places, fill=colour)

    def ellipse(self, x: float, y: float, across: float, down: float, colour: Colour) -> None:
        """Fills an ellipse around (x, y) with these half axes."""
        if self.image is not None:
            left, top = self._place((x - across, y - down))
            right, bottom = self._place((x + across, y + down))
            right, bottom = max(left, right), max(top, bottom)
            self._drawn(((left, top), (right, bottom)), 2)
            self._draw.ellipse((left, top, right, bottom), fill=colour)

    def rectangle(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        """Fills a rectangle."""
        self.polygon(((left, top), (right, top), (right, bottom), (left, bottom)), colour)

    def line(self, points: Iterable[Point], width: float, colour: Colour) -> None:
        """Draws a line of some width."""
        if self.image is not None:
            thick = max(1, round(width * self.fineness))
            places = self._places(points)
            self._drawn(places, thick * 2 + 2)
            self._draw.line(places, fill=colour, width=thick, joint="curve")

    def _places(self, points: Iterable[Point]) -> list[tuple[int, int]]:
        left, top = self.corner
        fineness = self.fineness
        return [
            (int((x - left) * fineness + 4096.5) - 4096, int((y - top) * fineness + 4096.5) - 4096) for x, y in points
        ]

    def _place(self, point: Point) -> tuple[int, int]:
        return (
            int((point[0] - self.corner[0]) * self.fineness + 4096.5) - 4096,
            int((point[1] - self.corner[1]) * self.fineness + 4096.5) - 4096,
        )


def to_mask(field: Field) -> Image.Image:
    """Returns a field within 0–1 as an L picture."""
    return Image.fromarray(as_bytes(field))


def as_bytes(field: Field) -> NDArray[np.uint8]:
    """Returns a field within 0–1 as bytes; snapped first, so that the last bit of a float never shows."""
    levels = np.clip(field, 0.0, 1.0)
    levels *= 255.0
    levels += 0.5
    return np.asarray(levels.astype(np.uint8))


def toned(tone: Image.Image, size: tuple[int, int], colours: Sequence[Colour]) -> Image.Image:
    """Returns a tone (L) picture at a size, coloured from the darkest tone to the lightest."""
    if tone.size != size:
        tone = tone.resize(size, Image.Resampling.BICUBIC)
    coloured = tone.copy()
    coloured.putpalette(ramp_of(colours).tobytes())
    return coloured.convert("RGB")
