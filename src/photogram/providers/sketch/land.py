"""Land: mountain ranges, hills and dunes, each a line and what lies below it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .canvas import Canvas, to_mask
from .noise import Field, fbm, profile, ramp, ridges
from .palettes import mix
from .reading import Colour


def paint_range(
    canvas: Canvas, name: str, *, base: float, height: float, depth: float, rock: Colour, snow: float
) -> None:
    """Paints one range of mountains.

    Args:
        canvas: Where.
        name: Names its dice.
        base: Row of its foot.
        height: Of its highest peak, in pixels.
        depth: 0 near, 1 lost in the haze.
        rock: Its colour in daylight.
        snow: How far down the snow lies, 0–1.
    """
    dice = canvas.dice("range", name)
    span = canvas.width / canvas.unit
    wide, tall = max(64, canvas.width // 2), max(32, int((canvas.height - base + height) / 2))
    outline = ridges(canvas.width, 1, (span * dice.between(1.1, 1.9), 1.0), 6, dice.seed)[0]
    outline = (outline - outline.min()) / max(1e-9, float(outline.max() - outline.min()))
    crest = base - height * (0.15 + 0.85 * outline)
    relief = ridges(wide, tall, (span * 7.0, 7.0 * tall * 2 / canvas.unit), 4, dice.seed + 1)
    towards = 1 if canvas.sun[0] > canvas.width / 2 else -1
    step = max(1, int(canvas.unit * 0.006))
    slope = relief - np.roll(relief, -towards * step, axis=1)
    near = crest[np.minimum(np.arange(wide) * 2, canvas.width - 1)]
    below = (np.arange(tall) * 2.0 + float(crest.min()))[:, None] - near[None, :]
    face = np.clip(0.45 + slope * 2.6, 0.0, 1.0)
    face = face * (1.0 - ramp(below / height, 0.2, 1.1) * 0.5)
    colours = [canvas.palette.shaded(rock, depth, 0.62), canvas.palette.lit(rock, depth)]
    canvas.ground(crest, to_mask(face), colours)
    if snow > 0:
        cap = ramp(relief * 0.5 + 0.2 + snow - below / height - (1.0 - (base - near) / height) * 0.9, 0.28, 0.36)
        _cover(canvas, crest, cap, face, depth)
    fade = np.clip((below - height * 0.35) / (height * 0.9), 0.0, 1.0)
    haze = to_mask(fade * 0.75).resize((canvas.width, canvas.height - max(0, int(crest.min()) - 1)))
    top = max(0, int(crest.min()) - 1)
    rows = np.arange(top, canvas.height)[:, None] + 0.5
    cover = to_mask(np.clip(rows - crest[None, :] + 0.5, 0.0, 1.0))
    from PIL import ImageChops

    canvas.fill(canvas.palette.haze, ImageChops.multiply(haze, cover), (0, top))


def _cover(canvas: Canvas, crest: Field, cap: Field, face: Field, depth: float) -> None:
    from PIL import ImageChops

    from .canvas import toned

    top = max(0, int(crest.min()) - 1)
    size = canvas.width, canvas.height - top
    rows = np.arange(top, canvas.height)[:, None] + 0.5
    cover = to_mask(np.clip(rows - crest[None, :] + 0.5, 0.0, 1.0))
    white = (250, 250, 252)
    colours = [canvas.palette.shaded(white, depth * 0.6, 0.38), canvas.palette.lit(white, depth * 0.4)]
    mask = ImageChops.multiply(to_mask(cap).resize(size), cover)
    canvas.image.paste(toned(to_mask(face), size, colours), (0, top), mask)


def paint_hill(
    canvas: Canvas, name: str, *, base: float, height: float, depth: float, colours: Sequence[Colour], waves: float = 1.2
) -> Field:
    """Paints one rolling hill or dune and returns its crest (row of every column).

    Args:
        canvas: Where.
        name: Names its dice.
        base: Row of its lowest point.
        height: Of its highest point above that, in pixels.
        depth: 0 near, 1 lost in the haze.
        colours: In daylight, from shadow to light.
        waves: Hills across one unit.
    """
    dice = canvas.dice("hill", name)
    span = canvas.width / canvas.unit
    crest = base - height * profile(canvas.width, span * waves, 3, dice.seed)
    wide, tall = max(64, canvas.width // 3), max(16, int((canvas.height - float(crest.min())) / 3))
    texture = fbm(wide, tall, (span * 9.0, 26.0 * tall * 3 / canvas.unit), 4, dice.seed + 1)
    below = (np.arange(tall) * 3.0 + float(crest.min()))[:, None] - crest[np.minimum(np.arange(wide) * 3, canvas.width - 1)]
    tone = 0.78 - ramp(below / (canvas.unit * 0.35), 0.0, 1.0) * 0.45 + (texture - 0.5) * (0.0 if canvas.flat else 0.55)
    lit = [canvas.palette.shaded(colours[0], depth, 0.4), *(canvas.palette.lit(c, depth) for c in colours)]
    canvas.ground(crest, to_mask(tone), lit)
    return crest


GRASS: dict[str, tuple[Colour, ...]] = {
    "spring": ((74, 128, 62), (128, 176, 84), (172, 204, 108)),
    "summer": ((66, 118, 58), (112, 158, 74), (160, 188, 96)),
    "autumn": ((140, 92, 48), (196, 138, 62), (222, 178, 94)),
    "winter": ((168, 182, 202), (214, 224, 236), (242, 246, 250)),
    "": ((70, 120, 62), (118, 160, 78), (164, 192, 100)),
}
"""Season → grass from shadow to light."""

SAND: tuple[Colour, ...] = ((190, 146, 100), (222, 184, 132), (242, 214, 166))
ROCK: Colour = (134, 130, 132)


def sea_mist(canvas: Canvas, row: float, strength: float) -> None:
    """Lays a band of haze around a row."""
    band = max(4, int(canvas.unit * 0.10))
    steps = (np.arange(band) + 0.5) / band * 2.0 - 1.0
    fade = (1.0 - steps * steps) ** 2
    mask = to_mask(np.repeat(fade[:, None] * strength, 2, axis=1)).resize((canvas.width, band))
    canvas.fill(mix(canvas.palette.haze, canvas.palette.sky[-1], 0.4), mask, (0, int(row - band / 2)))
