"""Water: it mirrors what stands above it, broken by waves, and glitters below the sun."""

from __future__ import annotations

import numpy as np
from PIL import Image

from .canvas import Brush, Canvas, to_mask
from .noise import Field, fbm, ramp
from .palettes import mix
from .reading import Colour


def paint_water(canvas: Canvas, shore: float, *, calm: float, colour: Colour | None = None) -> None:
    """Paints water from the row `shore` down, mirroring what is above it.

    Args:
        canvas: Where.
        shore: First row of water.
        calm: 0 rough sea, 1 a mirror.
        colour: Its own colour, or None for the palette's.
    """
    top = int(shore)
    tall = canvas.height - top
    if tall < 4:
        return
    dice = canvas.dice("water")
    waves = _waves(canvas, tall, dice.seed)
    rows = np.arange(tall)
    depth = (rows + 0.5) / tall
    sway = (waves - 0.5) * ((0.5 + 1.5 * depth) * (1.4 - calm) * canvas.unit * 0.10)[:, None]
    mirrored = top - 1 - rows * min(1.0, max(0.35, 0.9 * top / tall))
    sway += mirrored[:, None]
    source = np.clip(sway, 0, top - 1, out=sway).astype(np.int32)
    source *= canvas.width
    source += np.arange(canvas.width, dtype=np.int32)[None, :]
    packed = np.asarray(canvas.image.convert("RGBX")).view(np.uint32).reshape(-1)
    mirror = Image.frombuffer("RGBX", source.shape[::-1], packed[source].tobytes(), "raw", "RGBX", 0, 1).convert("RGB")
    deep = canvas.palette.water if colour is None else mix(canvas.palette.water, canvas.palette.lit(colour), 0.8)
    share = (0.80 - 0.42 * calm) * (0.30 + 0.70 * depth)
    shade = (waves - 0.5) * 0.5 * (1.0 - 0.6 * calm)
    mirror.paste(deep, (0, 0), to_mask(np.clip(share[:, None] + shade, 0.0, 1.0)))
    canvas.image.paste(mirror, (0, top))
    _glitter(canvas, top, tall, waves, dice.seed)


def _waves(canvas: Canvas, tall: int, seed: int) -> Field:
    """Returns heights of waves that grow towards us, (tall, width), within 0–1."""
    wide, plane = max(64, canvas.width // 2), 256
    span = canvas.width / canvas.unit
    flat = fbm(wide, plane, (span * 5.0, 60.0), 3, seed)
    far = (np.arange(tall) + 1.0) / tall
    near = np.sqrt(far)
    rows = np.minimum((near * (plane - 1)).astype(np.intp), plane - 1)
    picture = to_mask(flat[rows]).resize((canvas.width, tall), Image.Resampling.BILINEAR)
    return np.asarray(np.asarray(picture) / 255.0)


def _glitter(canvas: Canvas, top: int, tall: int, waves: Field, seed: int) -> None:
    """Lays the path of light below the sun."""
    if canvas.scene.weather & {"storm", "rain", "fog"} or canvas.sun[1] > top:
        return
    columns = (np.arange(canvas.width) + 0.5 - canvas.sun[0]) / canvas.unit
    depth = ((np.arange(tall) + 0.5) / tall)[:, None]
    spread = 0.05 + 0.16 * depth
    away = columns[None, :] / spread
    path = 1.0 / (1.0 + away * away * away * away)
    sparks = ramp(waves + path * 0.16, 0.62, 0.74)
    canvas.fill(canvas.palette.glow, to_mask(sparks * path * (0.9 - 0.35 * depth)), (0, top))


def mirror_drawing(canvas: Canvas, brush: Brush, row: float, strength: float) -> None:
    """Lays the mirror image of a drawing below a row, broken into streaks by the waves."""
    if brush.image is None:
        return
    drawn = np.asarray(brush.smooth())
    foot = min(len(drawn), max(1, int(row) - brush.corner[1]))
    flipped = drawn[:foot][::-1]
    tall, wide = flipped.shape[:2]
    dice = canvas.dice("mirror", brush.corner)
    sway = fbm(4, tall, (1.0, max(2.0, tall * 22.0 / canvas.unit)), 2, dice.seed)[:, 1]
    shift = ((sway - 0.5) * canvas.unit * 0.035 * (0.3 + np.arange(tall) / max(1, tall))).astype(np.intp)
    columns = np.clip(np.arange(wide)[None, :] + shift[:, None], 0, wide - 1)
    picture = flipped[np.arange(tall)[:, None], columns].copy()
    streaks = ramp(fbm(wide, tall, (2.0, max(2.0, tall * 60.0 / canvas.unit)), 2, dice.seed + 1), 0.2, 0.55)
    fade = (1.0 - np.arange(tall) / tall)[:, None] * streaks * strength
    picture[..., 3] = (picture[..., 3] * fade).astype(np.uint8)
    image = Image.fromarray(picture)
    canvas.image.paste(image, (brush.corner[0], brush.corner[1] + foot), image)
