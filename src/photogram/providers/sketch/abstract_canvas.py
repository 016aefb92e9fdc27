"""What all painters of forms share: the watch, exact tables, the supersampled sheet and the grain of the paper.

Arrays of pixels see only `+ - * /`, square roots, comparisons and look-ups, which IEEE 754 rounds the same everywhere;
sines are looked up in a table that Python's `math` fills once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw

from ..base import Stopped
from .abstract_palette import to_lab, to_rgb
from .noise import fbm, generator

if TYPE_CHECKING:
    from .abstract_plan import Plan
    from .colours import RGB

Floats = NDArray[np.float32]
"""Pixels or fields in single precision: enough for eight bits, and half the memory."""

Point = tuple[float, float]

_TURN = 4096
# Rounded, so that the last bit of a C library's sine does not matter.
_SINE = np.array([round(math.sin(2.0 * math.pi * step / _TURN), 9) for step in range(_TURN)])


class Watch:
    """Tells how far a picture is, and stops it when nobody wants it any more.

    Args:
        progress: Told 0–1 now and then.
        cancelled: Asked whenever progress is told.
    """

    def __init__(self, progress: Callable[[float], None], cancelled: Callable[[], bool]) -> None:
        self._progress = progress
        self._cancelled = cancelled

    def at(self, share: float) -> None:
        """Says that this share of the picture is done.

        Raises:
            Stopped: The picture was cancelled.
        """
        if self._cancelled():
            raise Stopped
        self._progress(share)


def sine(turns: NDArray[np.floating]) -> NDArray[np.float64]:
    """Returns the sine of angles given in turns (1 = the whole circle), from a table."""
    places = np.floor(turns * _TURN).astype(np.int64) & (_TURN - 1)
    return np.asarray(_SINE[places])


def cosine(turns: NDArray[np.floating]) -> NDArray[np.float64]:
    """Returns the cosine of angles given in turns, from a table."""
    return sine(turns + 0.25)


def circle_point(centre: Point, radius: float, turns: float) -> Point:
    """Returns the point of a circle at an angle given in turns, clockwise from the right."""
    angle = 2.0 * math.pi * turns
    return centre[0] + radius * math.cos(angle), centre[1] + radius * math.sin(angle)


def pixel_grid(plan: Plan) -> tuple[Floats, Floats]:
    """Returns the x of every column (1, width) and the y of every row (height, 1), in units of the shorter side."""
    x = (np.arange(plan.width, dtype=np.float32) + np.float32(0.5)) / np.float32(plan.short)
    y = (np.arange(plan.height, dtype=np.float32) + np.float32(0.5)) / np.float32(plan.short)
    return x[None, :], y[:, None]


def colour_table(inks: Sequence[RGB], steps: int = 1024) -> Floats:
    """Returns a smooth way through some inks, mixed in Oklab: (steps, 3) within 0–1."""
    labs = [to_lab(ink) for ink in inks] * (2 if len(inks) == 1 else 1)
    rows = []
    for step in range(steps):
        place = step / (steps - 1) * (len(labs) - 1)
        before = min(int(place), len(labs) - 2)
        share = place - before
        share = share * share * (3.0 - 2.0 * share) * 0.5 + share * 0.5
        one, other = labs[before], labs[before + 1]
        rows.append(to_rgb((*(low + (high - low) * share for low, high in zip(one, other, strict=True)),)))  # type: ignore[arg-type]
    return np.array(rows, dtype=np.float32) / np.float32(255.0)


def look_up(table: Floats, field: NDArray[np.floating]) -> Floats:
    """Returns the colour of every value of a field (0–1, clipped): (height, width, 3)."""
    places = np.clip(field * (len(table) - 1) + 0.5, 0, len(table) - 1).astype(np.int32)
    return np.asarray(table[places])


def as_floats(rgb: RGB) -> Floats:
    """Returns one colour as three numbers within 0–1."""
    return np.array(rgb, dtype=np.float32) / np.float32(255.0)


def swell(columns: int, rows: int, cells: float, rng_seed: int) -> NDArray[np.float64]:
    """Returns smooth hills, (rows, columns) within about 0–1, that run in no direction more than in another.

    A few plane waves, crossed at all angles: where a lattice's noise shows its rows and columns, this shows none.

    Args:
        columns: Points across.
        rows: Points down.
        cells: Hills and valleys along the longer side, about.
        rng_seed: Seed of the waves.
    """
    rng = generator(rng_seed)
    longer = max(columns, rows)
    x = ((np.arange(columns) + 0.5) / longer)[None, :]
    y = ((np.arange(rows) + 0.5) / longer)[:, None]
    waves = 7
    total: NDArray[np.float64] = np.zeros((rows, columns))
    for wave, (lean, pace, phase) in enumerate(rng.random((waves, 3)).tolist()):
        along, aside = circle_point((0.0, 0.0), cells * (0.22 + 0.36 * pace), (wave + lean) / waves * 0.5)
        total += sine(x * along + y * aside + phase) * (1.25 - pace * 0.7)
    return np.asarray(0.5 + total / (2.0 * 3.4))


def enlarge(field: NDArray[np.floating], width: int, height: int) -> Floats:
    """Returns a coarse field at full size, evenly interpolated."""
    rows, columns = field.shape
    down = np.clip((np.arange(height) + 0.5) * (rows / height) - 0.5, 0.0, rows - 1.001)
    across = np.clip((np.arange(width) + 0.5) * (columns / width) - 0.5, 0.0, columns - 1.001)
    top, left = down.astype(np.intp), across.astype(np.intp)
    tall = field[top] + (field[top + 1] - field[top]) * (down - top)[:, None]
    tall = tall.astype(np.float32)
    slopes = np.diff(tall, axis=1)
    return np.asarray(tall[:, left] + slopes[:, left] * (across - left).astype(np.float32))


def lay_over(surface: Floats, colour: Floats, cover: Floats) -> None:
    """Paints a colour (or a surface of colours) over a surface, in place, as opaque as `cover` (0–1) says."""
    surface += (colour - surface) * cover[..., None]


def add_grain(surface: Floats, amount: float, seed: int) -> None:
    """Adds the fine grain of a print, in place: tone that differs from pixel to pixel, the same in all channels.

    Args:
        surface: (height, width, 3) within 0–1.
        amount: Its greatest strength; 0.05 is felt, 0.15 is seen.
        seed: Seed of the grain.
    """
    height, width, _ = surface.shape
    dice = generator(seed).integers(0, 256, (2, height, width), dtype=np.uint8)
    tone = (dice[0].astype(np.float32) + dice[1] - np.float32(255.0)) * np.float32(amount / 255.0)
    surface += tone[..., None]


def add_mottle(surface: Floats, cells: float, amount: float, seed: int) -> None:
    """Adds the unevenness of paper or stone, in place: broad, soft tone.

    Args:
        surface: (height, width, 3) within 0–1.
        cells: Spots along the longer side, about.
        amount: How far the lightest spot is from the darkest.
        seed: Seed of the spots.
    """
    height, width, _ = surface.shape
    tone = enlarge(fbm((width + 1) // 2, (height + 1) // 2, cells, 2, seed) - 0.5, width, height)
    surface += (tone * np.float32(amount))[..., None]


def to_image(surface: Floats) -> Image.Image:
    """Returns a surface as an RGB image."""
    return Image.fromarray(np.clip(surface * 255.0 + 0.5, 0, 255).astype(np.uint8))


def to_surface(image: Image.Image) -> Floats:
    """Returns an RGB image as a surface, (height, width, 3) within 0–1."""
    return np.asarray(image, dtype=np.float32) / np.float32(255.0)


def to_field(mask: Image.Image) -> Floats:
    """Returns an L image as a field, (height, width) within 0–1."""
    return np.asarray(mask, dtype=np.float32) / np.float32(255.0)


class Sheet:
    """A sheet to draw on with Pillow, in the pixels of the picture; the smaller that is, the more samples to a pixel.

    Args:
        plan: Gives the size.
        ground: The colour it starts with.
        light: Whether to take few samples, for a picture that is overprinted from many sheets.
    """

    def __init__(self, plan: Plan, ground: RGB, *, light: bool = False) -> None:
        self.scale = 4 if plan.short < 400 else 3 if plan.short < (800 if light else 1300) else 2
        self.image = Image.new("RGB", (plan.width * self.scale, plan.height * self.scale), ground)
        self._draw = ImageDraw.Draw(self.image)

    def polygon(self, points: Iterable[Point], colour: RGB) -> None:
        """Draws a filled polygon."""
        scale = self.scale
        self._draw.polygon([(x * scale, y * scale) for x, y in points], fill=colour)

    def disc(self, centre: Point, radius: float, colour: RGB) -> None:
        """Draws a filled circle."""
        self._draw.ellipse(self._box(centre, radius), fill=colour)

    def slice(self, centre: Point, radius: float, turns: tuple[float, float], colour: RGB) -> None:
        """Draws a filled slice of a circle between two angles in turns, clockwise from the right."""
        start, end = turns
        steps = max(
            6, int(radius * self.scale * (end - start))
        )  # an edge of about six samples; nested slices share rims
        rim = [circle_point(centre, radius, start + (end - start) * step / steps) for step in range(steps + 1)]
        self.polygon([centre, *rim], colour)

    def ring(self, centre: Point, radius: float, width: float, colour: RGB) -> None:
        """Draws a circle's line, `width` pixels wide, within its radius."""
        self._draw.ellipse(self._box(centre, radius), outline=colour, width=max(1, round(width * self.scale)))

    def rectangle(self, corner: Point, size: Point, colour: RGB) -> None:
        """Draws a filled rectangle."""
        (x, y), (across, down) = corner, size
        scale = self.scale
        self._draw.rectangle(
            (round(x * scale), round(y * scale), round((x + across) * scale) - 1, round((y + down) * scale) - 1),
            fill=colour,
        )

    def bar(self, start: Point, end: Point, width: float, colour: RGB) -> None:
        """Draws a straight bar with square ends, `width` pixels wide."""
        across, down = end[0] - start[0], end[1] - start[1]
        length = math.sqrt(across * across + down * down) or 1.0
        aside, below = -down / length * width / 2.0, across / length * width / 2.0
        self.polygon(
            (
                (start[0] + aside, start[1] + below),
                (end[0] + aside, end[1] + below),
                (end[0] - aside, end[1] - below),
                (start[0] - aside, start[1] - below),
            ),
            colour,
        )

    def overprint(self, layer: Sheet, *, night: bool = False) -> None:
        """Prints another sheet on this one, as with transparent ink.

        Args:
            layer: White where nothing is to be printed (black on a `night`).
            night: Whether inks add up as light does, instead of darkening each other.
        """
        self.image = (ImageChops.screen if night else ImageChops.multiply)(self.image, layer.image)
        self._draw = ImageDraw.Draw(self.image)

    def finish(self) -> Image.Image:
        """Returns the picture at its own size."""
        return self.image.reduce(self.scale)

    def _box(self, centre: Point, radius: float) -> tuple[float, float, float, float]:
        scale = self.scale
        radius = max(radius, 0.75 / scale)
        return (
            (centre[0] - radius) * scale,
            (centre[1] - radius) * scale,
            (centre[0] + radius) * scale - 1.0,
            (centre[1] + radius) * scale - 1.0,
        )
