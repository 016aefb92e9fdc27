"""Line work: pen and ink, and blueprints."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter

from .canvas import Canvas
from .palettes import luma, mix
from .texture import add_grain, deckle, field_picture, grain, paper, spread, wobble

INK = (38, 34, 44)
CREAM = (249, 243, 228)
CYAN = (206, 236, 250)


def outlines(image: Image.Image, low: int, high: int, thick: float) -> Image.Image:
    """Returns the edges of a picture as an L picture: 0 where neighbours differ less than `low`, 255 from `high` on."""
    soft = image.filter(ImageFilter.BoxBlur(0.6))
    found = None
    for across, down in ((1, 0), (0, 1)):
        changed = ImageChops.difference(soft, ImageChops.offset(soft, across, down))
        red, green, blue = changed.split()
        most = ImageChops.lighter(ImageChops.lighter(red, green), blue)
        found = most if found is None else ImageChops.lighter(found, most)
    assert found is not None
    ImageDraw.Draw(found).rectangle((0, 0, found.width - 1, found.height - 1), outline=0)
    table = [max(0, min(255, round((tone - low) * 255 / (high - low)))) for tone in range(256)]
    lines = found.point(table)
    if thick > 1.2:
        lines = lines.filter(ImageFilter.BoxBlur(thick * 0.5)).point(
            [min(255, round(tone * thick * 1.15)) for tone in range(256)]
        )
    return lines


def hatching(tone: Image.Image, period: int, seed: int) -> Image.Image:
    """Returns hatch lines as an L picture: one direction in half shadow, more where it is darker.

    Args:
        tone: An L picture of how bright it is.
        period: Pixels between two lines.
        seed: Of how the lines stray.
    """
    width, height = tone.size
    stray = np.asarray(field_picture(tone.size, 9.0, 2, seed, shrink=6)).astype(np.int32) * period // 22
    columns, rows = np.arange(width, dtype=np.int32)[None, :] * 16, np.arange(height, dtype=np.int32)[:, None] * 16
    bright = np.asarray(tone).astype(np.int32)
    hatched = np.zeros((height, width), dtype=np.int32)
    wave = period * 16
    for slope, limit in (((1, 1), 150), ((-1, 1), 96), ((0, 1), 56)):
        phase = (columns * slope[0] + rows * slope[1] + stray * 16) % wave
        ridge = np.abs(phase - wave // 2)
        weight = np.clip(limit - bright, 0, 64)
        line = np.clip((wave * (8 + weight) // 340 - ridge + 8) * 16, 0, 255)
        np.maximum(hatched, np.where(weight > 0, line, 0), out=hatched)
    return Image.fromarray(hatched.astype(np.uint8))


def as_ink(canvas: Canvas) -> Image.Image:
    """Returns the picture as pen and ink with a light wash of its colours."""
    seed, unit = canvas.dice("ink").seed, canvas.unit
    size = canvas.image.size
    image = wobble(canvas.image, unit * 0.0026, 40.0, seed)
    grey = image.convert("L").filter(ImageFilter.BoxBlur(max(1, round(unit * 0.002))))
    tone = _exposed(grey)
    exposed = _exposed_colour(image, grey)
    lines = outlines(exposed, 8, 32, max(1.0, unit * 0.0017))
    hatch = hatching(tone, max(4, round(unit * 0.0085)), seed + 1)
    wash = ImageEnhance.Color(exposed).enhance(1.15).filter(ImageFilter.BoxBlur(max(1, round(unit * 0.004))))
    pools = field_picture(size, 6.0, 4, seed + 2).point([round(150 + tone * 0.28) for tone in range(256)])
    wash = ImageChops.invert(ImageChops.multiply(ImageChops.invert(wash), spread(pools)))
    wash = Image.blend(Image.new("RGB", size, (255, 255, 255)), wash, 0.66)
    sheet = paper(size, CREAM, 7, seed + 3)
    page = ImageChops.multiply(sheet, wash)
    page.paste(INK, (0, 0), hatch.point([round(value * 0.62) for value in range(256)]))
    page.paste(INK, (0, 0), lines.point([round(value * 0.92) for value in range(256)]))
    return deckle(page, sheet, unit * 0.026, unit * 0.007, seed + 4)


def _exposure(grey: Image.Image) -> list[int]:
    """Returns a table that lifts a dark picture, so that a night is drawn with light left for the paper."""
    counts = grey.reduce(4).histogram() if min(grey.size) > 64 else grey.histogram()
    total, seen, middle = sum(counts), 0, 128
    for value, count in enumerate(counts):
        seen += count
        if seen * 2 >= total:
            middle = value
            break
    lift = 128 + middle // 4
    return [round(value * lift / max(1, middle)) if value <= middle else
            round(lift + (value - middle) * (255 - lift) / max(1, 255 - middle)) for value in range(256)]  # fmt: skip


def _exposed(grey: Image.Image) -> Image.Image:
    return grey.point(_exposure(grey))


def _exposed_colour(image: Image.Image, grey: Image.Image) -> Image.Image:
    return image.point(_exposure(grey) * 3)


def as_blueprint(canvas: Canvas) -> Image.Image:
    """Returns the picture as a blueprint: pale lines, hatched shadows, a grid and a frame on blue."""
    seed, unit = canvas.dice("blueprint").seed, canvas.unit
    size = canvas.image.size
    grey = canvas.image.convert("L")
    lines = outlines(canvas.image, 9, 26, max(1.0, unit * 0.0015))
    ground = mix((14, 44, 94), (30, 82, 150), luma(canvas.palette.sky[-2]) / 255)
    if canvas.scene.tint:
        ground = mix(ground, canvas.scene.tint, 0.45)
    light = field_picture(size, 2.0, 3, seed, shrink=8)
    page = Image.composite(
        Image.new("RGB", size, mix(ground, (90, 150, 214), 0.22)), Image.new("RGB", size, ground), light
    )
    glow = grey.point([round(value * 0.15) for value in range(256)])
    page.paste((112, 170, 226), (0, 0), glow)
    hatch = hatching(
        grey.point([round(70 + value * 0.7) for value in range(256)]), max(5, round(unit * 0.011)), seed + 1
    )
    page.paste(CYAN, (0, 0), hatch.point([round(value * 0.16) for value in range(256)]))
    page.paste(CYAN, (0, 0), _grid(size, unit))
    page.paste((244, 251, 255), (0, 0), lines.point([round(value * 0.95) for value in range(256)]))
    page.paste((244, 251, 255), (0, 0), _frame(canvas))
    return add_grain(page, grain(size, 9, seed + 2, soft=0.7))


def _grid(size: tuple[int, int], unit: float) -> Image.Image:
    mask = Image.new("L", size, 0)
    draw = ImageDraw.Draw(mask)
    pitch = max(6.0, unit / 32)
    for k in range(1, int(max(size) / pitch) + 1):
        place, tone = round(k * pitch), 58 if k % 4 == 0 else 26
        draw.line((place, 0, place, size[1]), fill=tone)
        draw.line((0, place, size[0], place), fill=tone)
    return mask


def _frame(canvas: Canvas) -> Image.Image:
    """Returns a draughtsman's frame: a border, a scale, axes through what matters, circles of construction."""
    width, height, unit = canvas.width, canvas.height, canvas.unit
    mask = Image.new("L", (width, height), 0)
    draw = ImageDraw.Draw(mask)
    edge, thin = unit * 0.024, max(1, round(unit * 0.0014))
    draw.rectangle((edge, edge, width - edge, height - edge), outline=220, width=thin * 2)
    draw.rectangle((edge * 1.5, edge * 1.5, width - edge * 1.5, height - edge * 1.5), outline=130, width=thin)
    for k in range(1, 24):
        x, long = edge + (width - 2 * edge) * k / 24, unit * (0.014 if k % 4 == 0 else 0.008)
        draw.line((x, height - edge * 1.5, x, height - edge * 1.5 - long), fill=190, width=thin)
        y = edge + (height - 2 * edge) * k / 24
        draw.line((edge * 1.5, y, edge * 1.5 + long, y), fill=190, width=thin)
    x, y = canvas.focus, canvas.horizon
    dash = max(4.0, unit * 0.018)
    for k in range(int(max(width, height) / dash)):
        if k % 2 == 0:
            draw.line((k * dash, y, k * dash + dash * 0.9, y), fill=120, width=thin)
            draw.line((x, k * dash, x, k * dash + dash * 0.9), fill=120, width=thin)
    sun_x, sun_y = canvas.sun
    for share in (0.075, 0.12):
        radius = unit * share
        draw.ellipse((sun_x - radius, sun_y - radius, sun_x + radius, sun_y + radius), outline=130, width=thin)
    for across, down in ((0.15, 0.0), (0.0, 0.15)):
        draw.line(
            (sun_x - unit * across, sun_y - unit * down, sun_x + unit * across, sun_y + unit * down),
            fill=130,
            width=thin,
        )
    left, top = width - edge * 1.5 - unit * 0.24, height - edge * 1.5 - unit * 0.075
    draw.rectangle((left, top, width - edge * 1.5, height - edge * 1.5), outline=200, width=thin)
    for share in (0.33, 0.66):
        draw.line(
            (left, top + unit * 0.075 * share, width - edge * 1.5, top + unit * 0.075 * share), fill=150, width=thin
        )
    draw.line((left + unit * 0.08, top, left + unit * 0.08, height - edge * 1.5), fill=150, width=thin)
    return mask
