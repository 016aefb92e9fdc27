"""How inks are mixed: in Oklab, where halfway between two colours looks like halfway."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from .colours import RGB
from .moods import Palette

Lab = tuple[float, float, float]
"""Oklab: lightness 0–1, then green–red and blue–yellow."""

PAPER: RGB = (246, 241, 230)
NIGHT: RGB = (18, 18, 26)

_FEWEST_INKS = 4


def to_lab(rgb: RGB) -> Lab:
    """Returns an sRGB colour in Oklab."""
    red, green, blue = (_to_linear(channel / 255.0) for channel in rgb)
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    medium = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


def to_rgb(lab: Lab) -> RGB:
    """Returns an Oklab colour in sRGB, each channel clipped to 0–255."""
    lightness, a, b = lab
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short
    return _to_byte(red), _to_byte(green), _to_byte(blue)


def mix(one: RGB, other: RGB, share: float) -> RGB:
    """Returns `one` with a share (0–1) of `other` in it."""
    return to_rgb(_between(to_lab(one), to_lab(other), share))


def shade(rgb: RGB, by: float) -> RGB:
    """Returns a colour lighter (`by` > 0) or darker (`by` < 0) by that much of the way from black to white.

    Yellows darken towards brown, as they do on a palette knife, not towards olive.
    """
    lightness, a, b = to_lab(rgb)
    if by < 0.0 and b > 0.06 and abs(a) < b:
        turn = -2.0 * math.pi * min(0.1, -0.4 * by) * (1.0 - abs(a) / b)
        a, b = a * math.cos(turn) - b * math.sin(turn), a * math.sin(turn) + b * math.cos(turn)
    lighter = min(0.97, max(0.08, lightness + by))
    fade = 1.0 - 0.5 * max(0.0, abs(lighter - 0.6) - 0.25) / 0.15  # very light and very dark inks hold less colour
    fade = max(0.45, min(1.0, fade))
    return to_rgb((lighter, a * fade, b * fade))


def rotate(rgb: RGB, turns: float) -> RGB:
    """Returns a colour with its hue turned by that share of the circle."""
    lightness, a, b = to_lab(rgb)
    cosine, sine = math.cos(2.0 * math.pi * turns), math.sin(2.0 * math.pi * turns)
    return to_rgb((lightness, a * cosine - b * sine, a * sine + b * cosine))


def lightness_of(rgb: RGB) -> float:
    """Returns how light a colour looks, 0–1."""
    return to_lab(rgb)[0]


def chroma_of(rgb: RGB) -> float:
    """Returns how colourful it is: 0 for a grey, about 0.3 at most."""
    _, a, b = to_lab(rgb)
    return math.hypot(a, b)


def distance(one: RGB, other: RGB) -> float:
    """Returns how unlike two colours look; 0.1 is clearly different."""
    return math.dist(to_lab(one), to_lab(other))


def alike(rgb: RGB, named: RGB) -> bool:
    """Returns whether one would call `rgb` by the name of `named` (same hue, or both black, white or grey)."""
    lightness, a, b = to_lab(rgb)
    named_lightness, named_a, named_b = to_lab(named)
    chroma, named_chroma = math.hypot(a, b), math.hypot(named_a, named_b)
    if named_chroma < 0.04:
        return chroma < 0.05 and abs(lightness - named_lightness) < 0.22
    if chroma < 0.03:
        return False
    nearness = (a * named_a + b * named_b) / (chroma * named_chroma)
    return nearness > 0.8 and abs(lightness - named_lightness) < 0.45


def by_lightness(inks: Iterable[RGB]) -> tuple[RGB, ...]:
    """Returns inks from dark to light."""
    return tuple(sorted(inks, key=lambda ink: (lightness_of(ink), ink)))


def spread(inks: Sequence[RGB], steps: int) -> list[RGB]:
    """Returns `steps` colours that lead evenly through `inks`, in their order."""
    labs = [to_lab(ink) for ink in inks]
    if len(labs) == 1 or steps == 1:
        return [inks[0]] * steps
    colours = []
    for step in range(steps):
        place = step / (steps - 1) * (len(labs) - 1)
        before = min(int(place), len(labs) - 2)
        one, other, share = labs[before], labs[before + 1], place - before
        mixed = _between(one, other, share)
        if one[1] * other[1] + one[2] * other[2] < 0.0:  # opposite hues would meet in mud: take the nearer one's
            mixed = (mixed[0], *(one if share < 0.5 else other)[1:])
        colours.append(to_rgb(mixed))
    return colours


def build_palette(named: Sequence[RGB], *, dark: bool) -> Palette:
    """Returns a palette made of the colours that a prompt names, with the tints and shades that they need.

    Args:
        named: One to many colours, in the prompt's order.
        dark: Whether the ground is to be a night rather than a paper.
    """
    colours = list(dict.fromkeys(named))
    ground, inks = _choose_ground(colours, dark=dark)
    base = inks[0]
    if len(inks) == 1:
        _, a, b = to_lab(base)
        kin = rotate(shade(base, 0.05), -0.045 if b > abs(a) else 0.045)  # golds lean to orange, never to green
        inks = [base, shade(base, -0.18), shade(base, 0.14), kin, shade(base, 0.25)]
    elif len(inks) == 2:
        darker, lighter = by_lightness(inks)
        between = mix(darker, lighter, 0.5)
        if chroma_of(between) < 0.6 * min(chroma_of(darker), chroma_of(lighter)):  # opposite hues would meet in mud
            between = shade(darker, 0.14)
        inks = [*inks, between, shade(darker, -0.14), shade(lighter, 0.12)]
    elif len(inks) <= 4:
        inks = [*inks, shade(by_lightness(inks)[0], -0.12), shade(by_lightness(inks)[-1], 0.1)]
    return Palette(name="named", ground=ground, inks=tuple(inks[:7]))


def _choose_ground(colours: list[RGB], *, dark: bool) -> tuple[RGB, list[RGB]]:
    """Returns the ground, and the colours left to be inks: a named white or black is the ground itself."""
    whites = [colour for colour in colours if lightness_of(colour) > 0.92 and chroma_of(colour) < 0.04]
    blacks = [colour for colour in colours if lightness_of(colour) < 0.3 and chroma_of(colour) < 0.03]
    others = [colour for colour in colours if colour not in whites + blacks]
    if not others:
        if blacks and (dark or not whites):
            return blacks[0], [shade(blacks[0], by) for by in (0.6, 0.45, 0.3, 0.16, 0.7)]
        inks = blacks or [(150, 148, 144)]
        return (whites or [PAPER])[0], [*inks, (98, 96, 94), (166, 164, 160), (214, 211, 205)]
    if blacks and whites:
        return (blacks[0], [*others, *whites]) if dark else (whites[0], [*others, *blacks])
    if blacks or dark:
        night = mix(blacks[0] if blacks else NIGHT, shade(others[0], -0.2), 0.15)
        return night, others
    return (whites[0] if whites else mix(PAPER, others[0], 0.05)), others


def darken_ground(palette: Palette) -> Palette:
    """Returns the palette on a night: its darkest ink becomes the ground, its paper an ink."""
    if lightness_of(palette.ground) < 0.4:
        return palette
    darkest, *others = by_lightness(palette.inks)
    night = mix(NIGHT, darkest, 0.35)
    lifted = tuple(ink if lightness_of(ink) > 0.42 else shade(ink, 0.12) for ink in palette.inks if ink != darkest)
    return Palette(
        name=f"{palette.name} by night",
        ground=night,
        inks=(*(lifted or tuple(others)), mix(palette.ground, darkest, 0.1)),
        moods=palette.moods,
    )


def adjust_contrast(palette: Palette, contrast: float) -> Palette:
    """Returns the palette with its inks drawn apart or together.

    Args:
        palette: What to adjust.
        contrast: 0 pulls all inks close to their mean and to the ground, 0.5 leaves them, 1 drives them apart.
    """
    if abs(contrast - 0.5) < 0.02:
        return palette
    labs = [to_lab(ink) for ink in palette.inks]
    middle = sum(lab[0] for lab in labs) / len(labs)
    ground = to_lab(palette.ground)
    push = 1.0 + (contrast - 0.5) * (0.9 if contrast > 0.5 else 1.3)
    vivid = 1.0 + (contrast - 0.5) * 0.3
    towards_ground = max(0.0, 0.5 - contrast) * 0.5
    inks = []
    for lightness, a, b in labs:
        moved = (min(0.96, max(0.1, middle + (lightness - middle) * push)), a * vivid, b * vivid)
        inks.append(to_rgb(_between(moved, ground, towards_ground)))
    return replace(palette, inks=tuple(inks))


def leave_out(palette: Palette, unwanted: Sequence[RGB]) -> Palette:
    """Returns the palette without anything that looks like the unwanted colours."""
    if not unwanted:
        return complete(palette)
    ground = palette.ground
    if any(alike(ground, colour) for colour in unwanted):
        away = 0.55 if lightness_of(ground) < 0.5 else -0.55
        ground = shade(ground, away)
        if any(alike(ground, colour) for colour in unwanted):
            ground = PAPER if lightness_of(ground) > 0.5 else NIGHT
    inks = [ink for ink in palette.inks if not any(alike(ink, colour) for colour in unwanted)]
    neutral = _between(to_lab(ground), (1.0 - lightness_of(ground), 0.0, 0.0), 0.5)
    return complete(replace(palette, ground=ground, inks=tuple(inks or [to_rgb(neutral)])), unwanted)


def complete(palette: Palette, unwanted: Sequence[RGB] = ()) -> Palette:
    """Returns the palette with at least four inks that are not its ground, for painters to count on."""
    inks = list(dict.fromkeys(ink for ink in palette.inks if ink != palette.ground))
    ground = lightness_of(palette.ground)
    steps = (0.16, -0.16, 0.3, -0.3, 0.08, -0.08, 0.5, -0.5)
    for tint in [shade(base, by) for by in steps for base in (*inks, palette.ground)]:
        if len(inks) >= _FEWEST_INKS:
            break
        seen = abs(lightness_of(tint) - ground) > 0.06 and tint not in inks
        if seen and not any(alike(tint, colour) for colour in unwanted):
            inks.append(tint)
    while len(inks) < _FEWEST_INKS:  # everything is unwanted: greys that differ from the ground by a trace
        inks.append(shade(palette.ground, (0.1 + 0.08 * len(inks)) * (1.0 if ground < 0.5 else -1.0)))
    return replace(palette, inks=tuple(inks))


def _between(one: Lab, other: Lab, share: float) -> Lab:
    return (
        one[0] + (other[0] - one[0]) * share,
        one[1] + (other[1] - one[1]) * share,
        one[2] + (other[2] - one[2]) * share,
    )


def _to_linear(channel: float) -> float:
    return float(channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4)


def _to_byte(linear: float) -> int:
    linear = min(1.0, max(0.0, linear))
    channel = 12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1.0 / 2.4) - 0.055
    return int(channel * 255.0 + 0.5)
