"""Land: mountain ranges, headlands, mesas, hills, dunes and beaches; each is a line and what lies below it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from .canvas import Canvas, to_mask, toned
from .noise import Field, fbm, profile, ramp, ridges
from .palettes import mix
from .placing import Ground
from .reading import Colour

GRASS: dict[str, tuple[Colour, ...]] = {
    "spring": ((74, 128, 62), (128, 176, 84), (172, 204, 108)),
    "summer": ((66, 118, 58), (112, 158, 74), (160, 188, 96)),
    "autumn": ((128, 92, 50), (190, 142, 66), (222, 184, 100)),
    "winter": ((168, 182, 202), (214, 224, 236), (242, 246, 250)),
    "": ((70, 120, 62), (118, 160, 78), (164, 192, 100)),
}
"""Season → grass from shadow to light."""

SAND: tuple[Colour, ...] = ((190, 146, 100), (222, 184, 132), (242, 214, 166))
ROCK: Colour = (134, 130, 132)
SNOW: Colour = (250, 250, 252)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How far away some land is, and what it is made of.

    Attributes:
        depth: 0 near, 1 lost in the haze.
        rock: Its colour in daylight.
        snow: How far down snow lies, 0–1.
    """

    depth: float
    rock: Colour
    snow: float


def _cover(canvas: Canvas, crest: Field, top: int) -> Image.Image:
    rows = np.arange(top, canvas.height)[:, None] + 0.5
    return to_mask(np.clip(rows - crest[None, :] + 0.5, 0.0, 1.0))


def paint_range(canvas: Canvas, name: str, *, base: float, height: float, look: Look) -> Field:
    """Paints one range of mountains, lit from the sun's side, and returns its crest.

    Args:
        canvas: Where.
        name: Names its dice.
        base: Row of its foot.
        height: Of its highest peak, in pixels.
        look: Its distance, rock and snow.
    """
    dice = canvas.dice("range", name)
    span = canvas.width / canvas.unit
    crest = base - height * _peaks(canvas, dice.seed, span * dice.between(1.2, 1.8))
    top = max(0, int(crest.min()) - 1)
    bottom = min(canvas.height, int(base + canvas.unit * 0.22))
    wide, tall = max(64, canvas.width // 2), max(32, (bottom - top) // 2)
    near = crest[np.minimum(np.arange(wide) * canvas.width // wide, canvas.width - 1)]
    below = (np.arange(tall) * ((bottom - top) / tall) + top)[:, None] - near[None, :]
    relief = ridges(wide, tall, (span * 7.0, 7.0 * tall / wide * span), 4, dice.seed + 1)
    towards = 1 if canvas.sun[0] > canvas.width / 2 else -1
    face = _facets(canvas, near, below, relief, towards)
    palette, depth = canvas.palette, look.depth
    size = canvas.width, bottom - top
    tone = to_mask(face)
    picture = toned(tone, size, (palette.shaded(look.rock, depth, 0.66), palette.lit(look.rock, depth)))
    if look.snow > 0:
        level = (base - near) / height
        line = 0.10 + look.snow * 0.5
        cap = ramp(line - below / height + (level[None, :] - 0.7) * 0.9 + (relief - 0.55) * 0.75, -0.04, 0.06)
        white = toned(tone, size, (palette.shaded(SNOW, depth * 0.55, 0.42), palette.lit(SNOW, depth * 0.3)))
        picture.paste(white, (0, 0), to_mask(cap).resize(size, Image.Resampling.BICUBIC))
    fade = ramp(below, height * 0.25, height * 1.3) * 0.85
    picture.paste(palette.haze, (0, 0), to_mask(fade).resize(size, Image.Resampling.BILINEAR))
    canvas.image.paste(picture, (0, top), _cover(canvas, crest, top).crop((0, 0, *size)))
    return crest


def _facets(canvas: Canvas, near: Field, below: Field, relief: Field, towards: int) -> Field:
    """Returns how lit the flanks of a range are, 0–1: every ridge parts light from shadow, down a broken line.

    A point is lit as the crest above it is, but which part of the crest that is wanders more, the lower the point lies.
    """
    wide = len(near)
    reach = max(2, round(wide * canvas.unit / canvas.width * 0.016))
    padded = np.concatenate((np.full(reach, near[0]), near, np.full(reach, near[-1])))
    rise = (padded[2 * reach :] - padded[: -2 * reach]) * (towards * wide / canvas.width / (2.0 * reach))
    wander = (relief - 0.5) * np.clip(below, 0.0, None) * (1.5 * wide / canvas.width)
    columns = np.clip(np.arange(wide)[None, :] + wander, 0, wide - 1).astype(np.intp)
    step = max(1, reach // 2)
    beside = np.clip(np.arange(wide) + towards * step, 0, wide - 1)
    return ramp(0.5 + rise[columns] * 0.5 + (relief - relief[:, beside]) * 1.1, 0.22, 0.78)


def _peaks(canvas: Canvas, seed: int, cells: float) -> Field:
    """Returns the outline of a range, 0–1: a few great peaks with broken flanks."""
    great = 1.0 - np.abs(2.0 * fbm(canvas.width, 1, (cells, 1.0), 1, seed)[0] - 1.0)
    broken = ridges(canvas.width, 1, (cells * 3.0, 1.0), 5, seed + 7)[0]
    outline = great * 0.62 + broken * 0.38 * (0.45 + 0.55 * great)
    return np.asarray(0.12 + 0.88 * (outline - outline.min()) / max(1e-9, float(outline.max() - outline.min())))


def paint_headland(
    canvas: Canvas, name: str, *, foot: float, height: float, look: Look, middle: float, half: float
) -> Ground:
    """Paints a cliff with a green top that rises from the water, and returns where one can stand on it.

    Args:
        canvas: Where.
        name: Names its dice.
        foot: Row of the waterline.
        height: Of its top, in pixels.
        look: Its distance and rock.
        middle: Where its middle is, as a share of the width (it may lie outside).
        half: Half its length, as a share of the width.
    """
    dice = canvas.dice("headland", name)
    columns = (np.arange(canvas.width) + 0.5) / canvas.width
    away = np.clip(1.0 - np.abs(columns - middle) / half, 0.0, 1.0)
    rise = ramp(away, 0.0, 0.42) * 0.8 + away * 0.2
    bumps = profile(canvas.width, canvas.width / canvas.unit * 7.0, 4, dice.seed)
    crest = foot + 1.0 - height * rise * (0.74 + 0.26 * bumps) - (bumps - 0.3) * canvas.unit * 0.012 * (away > 0)
    crest = np.where(away > 0, np.minimum(crest, foot + 2.0), foot + 4.0)
    top, bottom = max(0, int(crest.min()) - 2), min(canvas.height, int(foot) + 2)
    size = canvas.width, bottom - top
    wide, tall = max(64, canvas.width // 2), max(8, (bottom - top) // 2)
    crags = ridges(wide, tall, (canvas.width / canvas.unit * 22.0, 4.0), 3, dice.seed + 1)
    towards = 1 if canvas.sun[0] > canvas.width / 2 else -1
    tone = np.clip(0.5 + (crags - np.roll(crags, -towards * 2, axis=1)) * 3.0, 0.0, 1.0)
    palette, depth = canvas.palette, look.depth
    picture = toned(
        to_mask(tone),
        size,
        (palette.shaded(look.rock, depth, 0.62), palette.mid_of(look.rock, depth), palette.lit(look.rock, depth)),
    )
    near = crest[np.minimum(np.arange(wide) * canvas.width // wide, canvas.width - 1)]
    below = (np.arange(tall) * ((bottom - top) / tall) + top)[:, None] - near[None, :]
    turf = ramp(
        height * (0.30 + 0.25 * bumps[np.minimum(np.arange(wide) * canvas.width // wide, canvas.width - 1)])[None, :]
        - below
        + (crags - 0.5) * height * 0.5,
        0.0,
        canvas.unit * 0.008,
    )
    grass = GRASS[canvas.season]
    greens = palette.shaded(grass[0], depth, 0.35), palette.lit(grass[1], depth), palette.lit(grass[2], depth)
    green = toned(to_mask(0.75 - below / (height * 0.5) + (tone - 0.5) * 0.25), size, greens)
    picture.paste(green, (0, 0), to_mask(turf).resize(size, Image.Resampling.BICUBIC))
    canvas.image.paste(picture, (0, top), _cover(canvas, crest, top).crop((0, 0, *size)))
    stand_on = np.nonzero(rise > 0.72)[0]
    left, right = (float(stand_on[0]), float(stand_on[-1])) if len(stand_on) else (0.0, float(canvas.width))
    return Ground(crest=crest, depth=depth * 0.6, scale=1.0, left=left, right=right, fall=0.010)


def paint_mesas(canvas: Canvas, horizon: float) -> None:
    """Paints flat-topped rocks on the horizon of a desert."""
    for row, depth in enumerate((0.62, 0.38)):
        dice = canvas.dice("mesas", row)
        crest = np.full(canvas.width, horizon + canvas.unit * 0.03)
        columns = np.arange(canvas.width) + 0.5
        rough = profile(canvas.width, canvas.width / canvas.unit * 16, 4, dice.seed)
        for _ in range(dice.whole(2, 3)):
            middle, half = canvas.width * dice.between(0, 1), canvas.unit * dice.between(0.05, 0.16)
            tall = canvas.unit * dice.between(0.06, 0.17)
            near = (half - np.abs(columns - middle)) / canvas.unit
            butte = np.clip(near * 9.0 + (rough - 0.5) * 0.5, 0.0, 1.0) * 0.72 + ramp(near, -0.12, 0.03) * 0.28
            crest = np.minimum(crest, horizon + canvas.unit * 0.03 - tall * butte)
        rock = (192, 112, 82)
        strata = fbm(64, 96, (3.0, 26.0), 2, dice.seed + 1)
        colours = (canvas.palette.shaded(rock, depth, 0.5), canvas.palette.lit(rock, depth))
        canvas.ground(crest, to_mask(ramp(strata, 0.2, 0.8)), colours)


def paint_hill(
    canvas: Canvas, name: str, *, base: float, height: float, look: Look, colours: Sequence[Colour], waves: float = 1.0,
    tilt: Field | None = None, dark: float = 0.0, dunes: bool = False, furrows: bool = False,
) -> Field:  # fmt: skip
    """Paints one rolling hill or dune and returns its crest (row of every column).

    Args:
        canvas: Where.
        name: Names its dice.
        base: Row of its lowest point.
        height: Of its highest point above that, in pixels.
        look: Its distance.
        colours: In daylight, from shadow to light.
        waves: Hills across one unit.
        tilt: Pixels to lift every column by, or None.
        dark: How much darker it is, 0–1; foregrounds are.
        dunes: Whether it has sharp crests with a lit and a shaded flank.
        furrows: Whether fields are drawn on it.
    """
    dice = canvas.dice("hill", name)
    span = canvas.width / canvas.unit
    rolling = profile(canvas.width, span * waves * 1.4, 2, dice.seed)
    if dunes:
        rolling = (1.0 - np.abs(2.0 * profile(canvas.width, span * waves * 1.6, 1, dice.seed) - 1.0)) ** 2
    crest = base - height * rolling - (0.0 if tilt is None else tilt)
    top = max(0, int(crest.min()) - 1)
    if top >= canvas.height - 1:
        return np.asarray(crest)
    wide, tall = max(64, canvas.width // 3), max(16, (canvas.height - top) // 3)
    picked = np.minimum(np.arange(wide) * canvas.width // wide, canvas.width - 1)
    near = crest[picked]
    below = ((np.arange(tall) * ((canvas.height - top) / tall) + top)[:, None] - near[None, :]) / canvas.unit
    texture = fbm(wide, tall, (span * 10.0, 40.0 * tall / wide * span), 4, dice.seed + 1) - 0.5
    towards = 1 if canvas.sun[0] > canvas.width / 2 else -1
    reach = max(1, wide // 40)
    padded = np.concatenate((np.full(reach, near[0]), near, np.full(reach, near[-1])))
    rise = (padded[: -2 * reach] - padded[2 * reach :]) / (canvas.unit * 0.1) * -towards
    tone = 0.74 - ramp(below, 0.0, 0.40) * 0.42 + rise[None, :] * 0.16 * (1.0 - ramp(below, 0.0, 0.30))
    if dunes:
        tone = (
            0.80
            - ramp(below, 0.0, 0.45) * 0.3
            + np.clip(rise * 1.6, -0.5, 0.12)[None, :] * (1.0 - ramp(below, 0.02, 0.22))
        )
        texture = (fbm(wide, tall, (span * 3.0, 70.0 * tall / wide * span), 3, dice.seed + 1) - 0.5) * 0.7
    if not canvas.flat:
        tone = tone + texture * 0.5
    if furrows:
        tone = tone + _furrows(canvas, dice.seed, wide, below) * (0.5 - look.depth * 0.5)
    palette, depth = canvas.palette, look.depth
    lit = [
        palette.shaded(colours[0], depth, 0.4 + dark),
        *(mix(palette.lit(c, depth), palette.shade, dark) for c in colours),
    ]
    canvas.ground(crest, to_mask(tone), lit)
    return np.asarray(crest)


def _furrows(canvas: Canvas, seed: int, wide: int, below: Field) -> Field:
    """Returns the stripes of ploughed fields, about -0.2–0.2, that follow a hill's fall."""
    columns = np.arange(wide)[None, :] / wide * canvas.width / canvas.unit
    plots = profile(wide, 5.0 * canvas.width / canvas.unit, 1, seed + 5)
    slope = np.floor(plots * 5.0)[None, :] - 2.0
    line = (columns * (slope * 3.0 + 8.0) + below * 9.0 * (slope + 2.5)) % 1.0
    stripes = np.abs(line - 0.5) * 2.0
    return np.asarray((stripes - 0.5) * 0.26 + (plots[None, :] - 0.5) * 0.3)


def paint_sand(canvas: Canvas, way: int) -> Ground:
    """Paints a beach that comes in from one side (-1 left, 1 right), with wet sand and foam along its edge."""
    dice, unit = canvas.dice("beach"), canvas.unit
    columns = (np.arange(canvas.width) + 0.5) / canvas.width
    share = columns if way > 0 else 1.0 - columns
    lobes = profile(canvas.width, canvas.width / unit * 3.0, 2, dice.seed) - 0.5
    room = canvas.height - canvas.horizon
    edge = canvas.height - room * (0.10 + 0.46 * share * share) - lobes * unit * 0.05
    palette = canvas.palette
    for lift, colour, strength in (
        (0.030, (255, 255, 255), 0.8),
        (0.018, (255, 255, 255), 0.4),
        (0.012, (168, 134, 104), 1.0),
    ):
        line = edge - unit * lift * (0.7 + lobes)
        tone = to_mask(np.full((2, 2), strength))
        shade = palette.lit(colour) if strength == 1.0 else mix(palette.water, palette.lit(colour), strength)
        canvas.ground(line, tone, (shade, shade))
        if lift == 0.030:
            back = line + unit * 0.006
            canvas.ground(back, tone, (mix(palette.water, palette.sky[-1], 0.45),) * 2)
    wide, tall = max(64, canvas.width // 3), max(16, (canvas.height - int(edge.min())) // 3)
    grain = fbm(wide, tall, (canvas.width / unit * 5, 30.0 * tall / wide), 4, dice.seed + 1)
    canvas.ground(
        edge, to_mask(0.35 + grain * 0.6), [palette.shaded(SAND[0], 0.0, 0.25), *(palette.lit(c) for c in SAND)]
    )
    low, high = (canvas.width * 0.45, canvas.width * 0.98) if way > 0 else (canvas.width * 0.02, canvas.width * 0.55)
    return Ground(crest=edge + unit * 0.02, depth=0.0, scale=1.2, left=low, right=high, fall=0.05)


def sea_mist(canvas: Canvas, row: float, strength: float) -> None:
    """Lays a band of haze around a row."""
    band = max(4, int(canvas.unit * 0.10))
    steps = (np.arange(band) + 0.5) / band * 2.0 - 1.0
    fade = (1.0 - steps * steps) ** 2
    mask = to_mask(np.repeat(fade[:, None] * strength, 2, axis=1)).resize((canvas.width, band))
    canvas.fill(mix(canvas.palette.haze, canvas.palette.sky[-1], 0.4), mask, (0, int(row - band / 2)))
