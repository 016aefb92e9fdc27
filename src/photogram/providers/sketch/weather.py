"""Weather: auroras and rainbows behind, fog between, rain, snow and lightning in front."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

from .canvas import Canvas, to_mask
from .noise import fbm, profile, ramp
from .palettes import mix
from .reading import Colour


def paint_sky_lights(canvas: Canvas) -> None:
    """Paints what shines in the sky: aurora, rainbow, meteors."""
    weather = canvas.scene.weather
    if "aurora" in weather:
        _aurora(canvas)
    if "rainbow" in weather:
        _rainbow(canvas)
    if canvas.scene.thing("meteor"):
        _meteors(canvas)


def paint_weather(canvas: Canvas) -> None:
    """Paints what falls or drifts in front of everything."""
    weather = canvas.scene.weather
    if "storm" in weather:
        _lightning(canvas)
    if "fog" in weather:
        _fog(canvas)
    if weather & {"rain", "storm"}:
        _rain(canvas)
    if "snow" in weather:
        _snow(canvas)


def _aurora(canvas: Canvas) -> None:
    dice = canvas.dice("aurora")
    wide, tall = max(48, canvas.width // 4), max(48, int(canvas.horizon) // 4)
    curtains: tuple[tuple[Colour, float], ...] = (
        ((92, 236, 166), 0.85),
        ((84, 200, 214), 0.6),
        ((182, 112, 222), 0.55),
    )
    for index, (colour, strength) in enumerate(curtains):
        foot = tall * (
            0.86 - 0.16 * index + 0.30 * (profile(wide, 2.2 * canvas.width / canvas.unit, 3, dice.seed + index) - 0.5)
        )
        rays = fbm(wide, 1, (26.0 * canvas.width / canvas.unit, 1.0), 3, dice.seed + 10 + index)[0]
        length = tall * (0.42 + 0.5 * rays)
        up = (foot[None, :] - np.arange(tall)[:, None]) / length[None, :]
        curtain = np.where(up < 0, np.clip(1.0 + up * 9.0, 0.0, 1.0), np.clip(1.0 - up, 0.0, 1.0) ** 2)
        light = curtain * (0.35 + 0.65 * ramp(rays, 0.25, 0.75))[None, :] * strength
        mask = to_mask(light).resize((canvas.width, int(canvas.horizon)), Image.Resampling.BICUBIC)
        canvas.fill(colour, mask)


def _rainbow(canvas: Canvas) -> None:
    dice = canvas.dice("rainbow")
    x, y = canvas.width - canvas.sun[0], canvas.horizon + canvas.unit * 0.1
    radius = canvas.unit * dice.between(0.42, 0.52)
    band = canvas.unit * 0.013
    colours: tuple[Colour, ...] = (
        (226, 84, 84),
        (240, 150, 78),
        (248, 214, 96),
        (120, 194, 112),
        (88, 160, 212),
        (116, 104, 190),
    )
    for index, colour in enumerate(colours):
        mask = Image.new("L", (canvas.width // 2 + 1, canvas.height // 2 + 1), 0)
        from PIL import ImageDraw

        outer = radius - band * index
        box = tuple(round(v / 2) for v in (x - outer, y - outer, x + outer, y + outer))
        ImageDraw.Draw(mask).ellipse(box, outline=105, width=max(1, round(band * 0.62)))
        smooth = mask.filter(ImageFilter.GaussianBlur(band * 0.3)).resize((canvas.width, canvas.height))
        canvas.fill(colour, smooth.crop((0, 0, canvas.width, int(canvas.horizon) + 1)))


def _meteors(canvas: Canvas) -> None:
    dice = canvas.dice("meteors")
    thing = canvas.scene.thing("meteor")
    number = (thing.count or (5 if thing.plural else 1)) if thing else 0
    brush = canvas.brush((0, 0, canvas.width, canvas.horizon), 2)
    for _ in range(number):
        x, y = canvas.width * dice.between(0.15, 0.85), canvas.horizon * dice.between(0.08, 0.5)
        length = canvas.unit * dice.between(0.12, 0.24)
        for k in range(12):
            share = k / 12
            thin = canvas.unit * 0.0042 * (1.0 - share)
            colour = mix((255, 252, 236), canvas.palette.sky[1], share)
            start = (x - length * share * 0.86, y - length * share * 0.46)
            end = (x - length * (share + 0.09) * 0.86, y - length * (share + 0.09) * 0.46)
            brush.line((start, end), thin, colour)
        brush.ellipse(x, y, canvas.unit * 0.004, canvas.unit * 0.004, (255, 254, 244))
    canvas.lay(brush)


def _fog(canvas: Canvas) -> None:
    dice = canvas.dice("fog")
    colour = mix(canvas.palette.haze, canvas.palette.sky[-1], 0.5)
    wide, tall = max(48, canvas.width // 6), max(48, canvas.height // 6)
    veil = fbm(wide, tall, (2.0 * canvas.width / canvas.unit, 6.0), 4, dice.seed)
    rows = (np.arange(tall) + 0.5) / tall - canvas.horizon / canvas.height
    band = np.clip(1.0 - np.abs(rows - 0.02) * 2.4, 0.0, 1.0)[:, None]
    mask = to_mask(np.clip(band * (0.35 + 1.0 * ramp(veil, 0.25, 0.75)), 0.0, 0.88))
    canvas.fill(colour, mask.resize(canvas.image.size, Image.Resampling.BICUBIC))


def _rain(canvas: Canvas) -> None:
    dice = canvas.dice("rain")
    heavy = "storm" in canvas.scene.weather
    brush = canvas.brush((0, 0, canvas.width, canvas.height), 1)
    mask = Image.new("L", canvas.image.size, 0)
    from PIL import ImageDraw

    draw = ImageDraw.Draw(mask)
    slant = dice.between(0.10, 0.22) * dice.sign() * (1.6 if heavy else 1.0)
    number = int((700 if heavy else 460) * canvas.width * canvas.height / (canvas.unit * canvas.unit))
    for _ in range(number):
        x, y = dice.between(-0.1, 1.1) * canvas.width, dice.between(-0.1, 1.0) * canvas.height
        length = canvas.unit * dice.between(0.02, 0.07)
        thick = 1 if dice.chance(0.75) else max(1, round(canvas.unit * 0.0022))
        draw.line((x, y, x + slant * length, y + length), fill=dice.whole(50, 130), width=thick)
    del brush
    canvas.fill(mix(canvas.palette.sky[-1], (255, 255, 255), 0.45), mask.filter(ImageFilter.BoxBlur(0.5)))


def _snow(canvas: Canvas) -> None:
    dice = canvas.dice("snowflakes")
    brush = canvas.brush((0, 0, canvas.width, canvas.height), 2)
    white = mix(canvas.palette.lit((255, 255, 255)), (255, 255, 255), 0.6)
    number = int(520 * canvas.width * canvas.height / (canvas.unit * canvas.unit))
    for _ in range(number):
        near = dice.between(0.0, 1.0)
        size = canvas.unit * (0.0010 + 0.0042 * near * near * near)
        brush.ellipse(dice.between(0, canvas.width), dice.between(0, canvas.height), size, size * 0.94, white)
    canvas.lay(brush)


def _lightning(canvas: Canvas) -> None:
    dice = canvas.dice("lightning")
    x, y = canvas.width * dice.between(0.2, 0.8), canvas.horizon * 0.12
    canvas.glow((x, canvas.horizon * 0.35), canvas.unit * 0.6, (214, 220, 255), 0.5)
    brush = canvas.brush((0, 0, canvas.width, canvas.horizon), 3)
    bolt = [(x, y)]
    while bolt[-1][1] < canvas.horizon * 0.97:
        px, py = bolt[-1]
        bolt.append((px + canvas.unit * dice.between(-0.035, 0.035), py + canvas.unit * dice.between(0.02, 0.045)))
        if dice.chance(0.28):
            fork = [(px, py)]
            way = dice.sign()
            for _ in range(dice.whole(2, 5)):
                fx, fy = fork[-1]
                fork.append(
                    (fx + way * canvas.unit * dice.between(0.008, 0.035), fy + canvas.unit * dice.between(0.012, 0.035))
                )
            brush.line(fork, canvas.unit * 0.0016, (226, 230, 255))
    brush.line(bolt, canvas.unit * 0.0042, (248, 248, 255))
    canvas.lay(brush)
