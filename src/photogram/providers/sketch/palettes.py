"""Palettes, picked by hand: one light for every time of day, and what weather, season, mood and tint do to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .reading import Colour, Scene

Light = tuple[float, float, float]
"""How much of red, green and blue falls on things; 1 is broad daylight."""


def hexed(text: str) -> Colour:
    """Returns the colour of six hex digits."""
    return int(text[:2], 16), int(text[2:4], 16), int(text[4:6], 16)


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Returns a colour between two: `first` at 0, `second` at 1."""
    return (
        round(first[0] + (second[0] - first[0]) * share),
        round(first[1] + (second[1] - first[1]) * share),
        round(first[2] + (second[2] - first[2]) * share),
    )


def shine(colour: Colour, light: Light) -> Colour:
    """Returns a colour as it looks under a light."""
    return (
        min(255, round(colour[0] * light[0])),
        min(255, round(colour[1] * light[1])),
        min(255, round(colour[2] * light[2])),
    )


def luma(colour: Colour) -> float:
    """Returns how bright a colour is, 0–255."""
    return 0.3 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2]


def ramp_of(colours: Sequence[Colour], levels: int = 256) -> NDArray[np.uint8]:
    """Returns `levels` colours that pass evenly through the given ones, (levels, 3)."""
    stops = np.asarray(colours, dtype=np.float64)
    places = np.arange(levels) * ((len(stops) - 1) / (levels - 1))
    before = np.minimum(places.astype(np.intp), len(stops) - 2)
    share = (places - before)[:, None]
    return np.asarray(np.floor(stops[before] + (stops[before + 1] - stops[before]) * share + 0.5).astype(np.uint8))


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """The light of one picture.

    Attributes:
        sky: From the zenith to the horizon.
        light: What falls on things.
        haze: What distance turns into.
        shade: What shadows turn into.
        cloud_light: Clouds towards the sun.
        cloud_dark: Clouds away from it.
        sun: The disc of the sun or the moon.
        glow: The air around it.
        water: Deep water, near us.
        altitude: Lowest and highest place of the sun, 0 at the horizon, 1 at the top.
        lamps: Whether windows are lit, 0–1.
        stars: How many stars show, 0–1.
        moonlit: Whether the light in the sky is the moon.
    """

    sky: tuple[Colour, ...]
    light: Light
    haze: Colour
    shade: Colour
    cloud_light: Colour
    cloud_dark: Colour
    sun: Colour
    glow: Colour
    water: Colour
    altitude: tuple[float, float]
    lamps: float = 0.0
    stars: float = 0.0
    moonlit: bool = False

    def lit(self, colour: Colour, depth: float = 0.0) -> Colour:
        """Returns a thing's colour in this light, `depth` (0 near, 1 far) into the haze."""
        return mix(shine(colour, self.light), self.haze, depth)

    def mid_of(self, colour: Colour, depth: float = 0.0) -> Colour:
        """Returns the colour of a thing between light and shadow."""
        return self.shaded(colour, depth, 0.25)

    def shaded(self, colour: Colour, depth: float = 0.0, share: float = 0.5) -> Colour:
        """Returns the colour of a thing's shadow side."""
        return mix(mix(shine(colour, self.light), self.shade, share), self.haze, depth)


def _sky(*stops: str) -> tuple[Colour, ...]:
    return tuple(hexed(stop) for stop in stops)


PALETTES: dict[str, Palette] = {
    "dawn": Palette(
        sky=_sky("35497f", "6c7db3", "b79bbd", "efb3a6", "fcdcb8"), light=(0.80, 0.71, 0.76), haze=hexed("dbb6b8"),
        shade=hexed("3d4478"), cloud_light=hexed("ffd9c4"), cloud_dark=hexed("9d86ad"), sun=hexed("fff0d0"),
        glow=hexed("ffd9a8"), water=hexed("425f8c"), altitude=(0.04, 0.16), lamps=0.3, stars=0.12,
    ),
    "morning": Palette(
        sky=_sky("5c9fd0", "8abfe0", "b4dbea", "d9edee", "fbf2da"), light=(1.0, 0.97, 0.90), haze=hexed("cfe3e6"),
        shade=hexed("4a6a8c"), cloud_light=hexed("fffaf0"), cloud_dark=hexed("b4c8d8"), sun=hexed("fffbe2"),
        glow=hexed("fff1c4"), water=hexed("2f7f9f"), altitude=(0.35, 0.6),
    ),
    "noon": Palette(
        sky=_sky("2c84d0", "539fe0", "86c2ee", "b6dcf5", "e4f4f8"), light=(1.05, 1.05, 1.0), haze=hexed("c3dff0"),
        shade=hexed("3a6590"), cloud_light=hexed("ffffff"), cloud_dark=hexed("b7cee2"), sun=hexed("fffde8"),
        glow=hexed("fffbe0"), water=hexed("1779ab"), altitude=(0.66, 0.86),
    ),
    "afternoon": Palette(
        sky=_sky("4590cc", "74b0dc", "a9d0e4", "dce3d6", "fae8c2"), light=(1.05, 0.99, 0.86), haze=hexed("dcdccb"),
        shade=hexed("4b6482"), cloud_light=hexed("fff6e2"), cloud_dark=hexed("b3bfcb"), sun=hexed("fff6d2"),
        glow=hexed("ffeab4"), water=hexed("2c7c9c"), altitude=(0.4, 0.62),
    ),
    "golden": Palette(
        sky=_sky("5f86b2", "9bb0ba", "dcc39a", "f6bd70", "fee09a"), light=(1.06, 0.84, 0.58), haze=hexed("f0c58c"),
        shade=hexed("5a4f6e"), cloud_light=hexed("ffe4a8"), cloud_dark=hexed("b08f8c"), sun=hexed("fff3c4"),
        glow=hexed("ffd77e"), water=hexed("55788c"), altitude=(0.14, 0.28),
    ),
    "sunset": Palette(
        sky=_sky("2e3a6c", "74578c", "cb6c7c", "f4935c", "fed384"), light=(0.84, 0.58, 0.52), haze=hexed("e39a78"),
        shade=hexed("3a2f5c"), cloud_light=hexed("ffb27e"), cloud_dark=hexed("7c5580"), sun=hexed("fff0b8"),
        glow=hexed("ffb45e"), water=hexed("44466f"), altitude=(0.03, 0.14), lamps=0.35,
    ),
    "dusk": Palette(
        sky=_sky("1b2650", "394277", "6d5a92", "b5788f", "efab84"), light=(0.50, 0.45, 0.60), haze=hexed("94738f"),
        shade=hexed("1f2148"), cloud_light=hexed("d68f92"), cloud_dark=hexed("4f4673"), sun=hexed("ffd9a0"),
        glow=hexed("f59a6c"), water=hexed("2c3560"), altitude=(0.0, 0.04), lamps=0.85, stars=0.35,
    ),
    "night": Palette(
        sky=_sky("0a1233", "11214c", "1c3868", "315580", "56799a"), light=(0.32, 0.39, 0.58), haze=hexed("35567c"),
        shade=hexed("0a1230"), cloud_light=hexed("7c97b8"), cloud_dark=hexed("26406a"), sun=hexed("fdf6dc"),
        glow=hexed("a9c4dc"), water=hexed("122a52"), altitude=(0.5, 0.82), lamps=1.0, stars=1.0, moonlit=True,
    ),
    "midnight": Palette(
        sky=_sky("050920", "0a1434", "13254e", "203c66", "38587c"), light=(0.24, 0.31, 0.49), haze=hexed("213e64"),
        shade=hexed("060a1e"), cloud_light=hexed("5c769a"), cloud_dark=hexed("182c50"), sun=hexed("f6f4e4"),
        glow=hexed("86a4c8"), water=hexed("0b1c3c"), altitude=(0.6, 0.88), lamps=0.8, stars=1.0, moonlit=True,
    ),
}  # fmt: skip
"""One light for every time of day."""

_OVERCAST = {
    "rain": (0.62, 0.80),
    "storm": (0.72, 0.56),
    "cloudy": (0.50, 0.94),
    "fog": (0.62, 1.02),
    "snow": (0.26, 1.02),
}
"""Weather → how grey it makes the light, and how bright that grey is."""


def palette_for(scene: Scene, time: str) -> Palette:
    """Returns the light of a scene at a time of day."""
    palette = PALETTES[time]
    for weather, (greyness, brightness) in _OVERCAST.items():
        if weather in scene.weather and not (weather == "cloudy" and {"rain", "storm"} & scene.weather):
            palette = _greyed(palette, greyness, brightness)
    for mood, (light, share) in _MOODS.items():
        if mood in scene.moods:
            palette = _all(palette, lambda colour, light=light, share=share: mix(colour, shine(colour, light), share))
    if "joyful" in scene.moods:
        palette = _all(palette, lambda colour: saturate(colour, 1.18))
    if "melancholic" in scene.moods:
        palette = _all(palette, lambda colour: saturate(colour, 0.62))
    accents = [thing.colour for thing in scene.things if thing.colour]
    accents += [colour for name, colour in scene.place_colours if name not in ("sea", "lake", "river")]
    if scene.tint:
        palette = tinted(palette, scene.tint, 0.5)
    elif accents:
        palette = tinted(palette, accents[0], 0.16)
    return palette


_MOODS: dict[str, tuple[Light, float]] = {
    "dramatic": ((0.86, 0.82, 0.88), 1.0),
    "melancholic": ((0.90, 0.94, 1.02), 1.0),
    "gloomy": ((0.68, 0.72, 0.76), 1.0),
    "dreamy": ((1.06, 0.98, 1.10), 1.0),
    "cozy": ((1.08, 0.98, 0.84), 1.0),
    "cold": ((0.88, 0.98, 1.10), 1.0),
}


def saturate(colour: Colour, amount: float) -> Colour:
    """Returns a colour `amount` times as colourful."""
    grey = luma(colour)
    red, green, blue = (max(0, min(255, round(grey + (channel - grey) * amount))) for channel in colour)
    return red, green, blue


def tinted(palette: Palette, tint: Colour, share: float) -> Palette:
    """Returns a palette drawn towards one colour, keeping its lights and darks."""

    def turn(colour: Colour) -> Colour:
        bright, own = luma(colour), max(20.0, luma(tint))
        if bright <= own:
            target = mix((0, 0, 0), tint, bright / own)
        else:
            target = mix(tint, (255, 255, 255), (bright - own) / (255.0 - own))
        return mix(colour, target, share)

    return _all(palette, turn)


def _greyed(palette: Palette, greyness: float, brightness: float) -> Palette:
    def grey(colour: Colour) -> Colour:
        tone = luma(colour)
        cool = (round(tone * 0.95), round(tone * 1.0), min(255, round(tone * 1.06)))
        return shine(mix(colour, cool, greyness), (brightness, brightness, brightness))

    greyed = _all(palette, grey)
    return replace(greyed, stars=0.0, lamps=max(palette.lamps, 0.5 if brightness < 0.9 else 0.0))


def _all(palette: Palette, turn: object) -> Palette:
    assert callable(turn)
    white = (235, 235, 235)
    light = turn(shine(white, palette.light))
    return replace(
        palette,
        sky=tuple(turn(colour) for colour in palette.sky),
        light=tuple(min(1.1, channel / 235.0) for channel in light),
        **{
            name: turn(getattr(palette, name))
            for name in ("haze", "shade", "cloud_light", "cloud_dark", "sun", "glow", "water")
        },
    )
