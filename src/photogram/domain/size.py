"""Sizes: `size`, `width` + `height` and `aspect_ratio` are three ways to say one thing."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .params import ParamSpec, read_ratio, show

SIZE_NAMES = ("size", "width", "height", "aspect_ratio")


def resolve_size(given: Mapping[str, Any], specs: Mapping[str, ParamSpec]) -> tuple[tuple[int, int] | None, list[str]]:
    """Returns (width, height) in pixels for a model that takes both, and every problem found.

    A ratio alone keeps the default's number of pixels, on multiples of 8 (or of the model's step) that meet it exactly
    where they can; a ratio with one side computes the other. Where the specs have no default, a size that is not given
    is left to the model.

    Args:
        given: Those of `size` ("1024x768"), `width`, `height`, `aspect_ratio` that the user gave.
        specs: The model's specs of width and height.
    """
    width_spec, height_spec = specs["width"], specs["height"]
    width, height = given.get("width"), given.get("height")
    if "size" in given:
        others = [name for name in SIZE_NAMES[1:] if name in given]
        problems = [f"size conflicts with {' and '.join(others)}: give one or the other"] if others else []
        size = given["size"] if isinstance(given["size"], str) else ""
        sides = re.fullmatch(r"\s*(\d{1,6})\s*[xX×*]\s*(\d{1,6})\s*", size)
        if not sides:
            return None, [*problems, f"size is written WIDTHxHEIGHT, such as 1024x768, not {show(given['size'])}"]
        for spec, text in ((width_spec, sides[1]), (height_spec, sides[2])):
            _, problem = spec.check(int(text))
            problems += [problem] if problem else []
        return (int(sides[1]), int(sides[2])), problems
    ratio = read_ratio(given["aspect_ratio"]) if "aspect_ratio" in given else None
    if ratio and width is not None and height is not None:
        return None, ["aspect_ratio conflicts with width and height together: give the ratio and at most one side"]
    if not all(isinstance(side, int) for side in (width, height) if side is not None):
        return None, []  # already named as a problem of its own
    if width_spec.default is None or height_spec.default is None:
        if width is None and height is None:  # the model's own size, which is known only where it runs
            return None, ["aspect_ratio needs one side, too: this model's own size is not known here"] if ratio else []
        if not ratio and (width is None or height is None):
            return None, ["width and height go together: give both, or one of them and aspect_ratio"]
    if not ratio:
        return (width or width_spec.default, height or height_spec.default), []
    return _from_ratio(ratio, width, height, width_spec, height_spec)


def _from_ratio(
    ratio: tuple[int, int], width: int | None, height: int | None, width_spec: ParamSpec, height_spec: ParamSpec
) -> tuple[tuple[int, int] | None, list[str]]:
    across, down = ratio
    if width is not None:
        size = (width, round(width * down / across))
    elif height is not None:
        size = (round(height * across / down), height)
    else:
        pixels = width_spec.default * height_spec.default
        step = max(int(width_spec.step or 1), int(height_spec.step or 1))
        grain = step if step > 1 else 8
        unit = math.isqrt(pixels // (across * down))
        if unit >= grain:
            unit -= unit % grain
            size = (across * unit, down * unit)
        else:  # a ratio of large numbers, such as 1023:767
            scale = math.sqrt(pixels / (across * down))
            size = (_to_grain(across * scale, grain), _to_grain(down * scale, grain))
    problems = []
    for spec, side in ((width_spec, size[0]), (height_spec, size[1])):
        _, problem = spec.check(side)
        problems += [f"aspect_ratio {across}:{down} gives {size[0]}x{size[1]}: {problem}"] if problem else []
    return size, problems


def pixels_of(params: Mapping[str, Any]) -> tuple[int, int] | None:
    """Returns (width, height) that these params ask for, or None where they do not say it in pixels."""
    width, height = params.get("width"), params.get("height")
    if isinstance(width, int) and isinstance(height, int):
        return width, height
    sides = re.fullmatch(r"(\d+)[xX×*](\d+)", str(params.get("size", "")))
    return (int(sides[1]), int(sides[2])) if sides else None


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelBounds:
    """What a model's free sizes must keep to besides each side's own limits.

    Attributes:
        min_pixels: Fewest pixels of the picture.
        max_pixels: Most pixels of the picture, or None.
        max_pixels_with_images: The same where there are reference images, if that is another.
        max_ratio: How many times as long the longer side may be as the shorter, or None.
    """

    min_pixels: int = 1
    max_pixels: int | None = None
    max_pixels_with_images: int | None = None
    max_ratio: float | None = None

    def check(self, width: int, height: int, *, with_images: bool = False) -> list[str]:
        """Returns what is wrong with a size, in sentences."""
        pixels, size = width * height, f"{width}x{height}"
        problems = []
        if pixels < self.min_pixels:
            problems.append(f"{size} has {pixels:,} pixels, and the model makes {self.min_pixels:,} at least")
        if self.max_pixels is not None and pixels > self.max_pixels:
            problems.append(f"{size} has {pixels:,} pixels, and the model makes {self.max_pixels:,} at most")
        elif with_images and self.max_pixels_with_images is not None and pixels > self.max_pixels_with_images:
            most = f"{self.max_pixels_with_images:,} at most from reference images"
            problems.append(f"{size} has {pixels:,} pixels, and the model makes {most}")
        if self.max_ratio is not None and max(width, height) > self.max_ratio * min(width, height):
            problems.append(f"{size} is too long: the model goes up to {self.max_ratio:g}:1")
        return problems


def _to_grain(value: float, grain: int) -> int:
    return max(grain, round(value / grain) * grain)
