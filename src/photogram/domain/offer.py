"""Sizes of a model that makes only certain ones: a list of them, or proportions at certain resolutions."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .params import ParamKind, ParamSpec, read_ratio, show

MOST_NAMED = 24
"""Sizes that a message names at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """One size that a model makes.

    Attributes:
        params: What is sent for it: `size`, or `aspect_ratio` (and `resolution`).
        pixels: (width, height), or None where the provider does not state them.
        ratio: Its proportion in lowest terms, or None for a size in words such as `auto`.
    """

    params: Mapping[str, str]
    pixels: tuple[int, int] | None
    ratio: tuple[int, int] | None

    def __str__(self) -> str:
        named = " ".join(self.params.values())
        if self.pixels is None or "size" in self.params:
            return named
        return f"{named} ({self.pixels[0]}x{self.pixels[1]})"


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeOffer:
    """All sizes that a model makes; the first is its default.

    Attributes:
        offered: Each of them.
        specs: The same as parameters, for a form and for `models()`.
    """

    offered: tuple[Offered, ...]
    specs: tuple[ParamSpec, ...] = field(default=(), repr=False)

    @classmethod
    def of_sizes(cls, sizes: Sequence[str]) -> SizeOffer:
        """Returns the offer of a model that takes `size` from a list of `WxH` and words (`auto`)."""
        offered = []
        for size in sizes:
            sides = re.fullmatch(r"(\d+)x(\d+)", size)
            pixels = (int(sides[1]), int(sides[2])) if sides else None
            offered.append(Offered(params={"size": size}, pixels=pixels, ratio=_lowest(pixels)))
        spec = ParamSpec(
            name="size", kind=ParamKind.CHOICE, default=sizes[0], choices=tuple(sizes), help="Size of the picture."
        )
        return cls(offered=tuple(offered), specs=(spec,))

    @classmethod
    def of_ratios(cls, ratios: Mapping[str, str], resolutions: Mapping[str, float] | None = None) -> SizeOffer:
        """Returns the offer of a model that takes `aspect_ratio`, and maybe `resolution`.

        Args:
            ratios: Each proportion and its `WxH` at the first resolution ("" where the provider does not state it); a
                word such as `auto` leaves it to the model.
            resolutions: Each resolution's name and how many times as long its sides are.
        """
        offered = []
        for resolution, factor in (resolutions or {"": 1}).items():
            for ratio, size in ratios.items():
                sides = [round(int(side) * factor) for side in size.split("x")] if size else []
                params = {"aspect_ratio": ratio} | ({"resolution": resolution} if resolution else {})
                pixels = (sides[0], sides[1]) if sides else None
                offered.append(Offered(params=params, pixels=pixels, ratio=read_ratio(ratio)))
        specs = [
            ParamSpec(
                name="aspect_ratio", kind=ParamKind.RATIO, default=next(iter(ratios)), choices=tuple(ratios),
                help="Proportion of the picture.",
            )
        ]  # fmt: skip
        if resolutions:
            specs.append(
                ParamSpec(
                    name="resolution", kind=ParamKind.CHOICE, default=next(iter(resolutions)),
                    choices=tuple(resolutions), help="How large the picture is.",
                )
            )  # fmt: skip
        return cls(offered=tuple(offered), specs=tuple(specs))

    def resolve(self, given: Mapping[str, Any]) -> tuple[Mapping[str, str], list[str]]:
        """Returns what is sent for the size that the user asked for, exactly, and every problem found.

        Args:
            given: Those of size, width, height, aspect_ratio and resolution that the user gave.
        """
        left = str(given.get("aspect_ratio")).strip().lower()  # `auto`, where the model may choose the proportion
        asked = dict(given)
        if left in {one.params.get("aspect_ratio") for one in self.offered if one.ratio is None}:
            del asked["aspect_ratio"]
        else:
            left = ""
        width, height, ratio, word, problems = _wanted(asked, {one.params.get("size") for one in self.offered})
        if problems:
            return {}, problems
        resolution = str(given["resolution"]).casefold() if "resolution" in given else None
        found = [
            one
            for one in self.offered
            if (word is None or one.params.get("size") == word)
            and (not left or one.params.get("aspect_ratio") == left)
            and (width is None or (one.pixels is not None and one.pixels[0] == width))
            and (height is None or (one.pixels is not None and one.pixels[1] == height))
            and (ratio is None or ratio in (one.ratio, _lowest(one.pixels)))
            and (resolution is None or one.params.get("resolution", "").casefold() == resolution)
        ]
        if not found:
            return {}, [self._refusal(given)]
        usual = self.offered[0].pixels
        if word is None and ratio is not None and usual and all(one.pixels for one in found):
            found.sort(key=lambda one: abs(math.log(math.prod(one.pixels or usual) / math.prod(usual))))
        return found[0].params, []

    def _refusal(self, given: Mapping[str, Any]) -> str:
        wanted = " and ".join(f"{name} {show(value)}" for name, value in given.items())
        names = [str(one) for one in self.offered]
        shown = ", ".join(names[:MOST_NAMED]) + (f" and {len(names) - MOST_NAMED} more" if names[MOST_NAMED:] else "")
        return f"it makes {shown}; not {wanted}"


def _wanted(
    given: Mapping[str, Any], words: set[str | None]
) -> tuple[int | None, int | None, tuple[int, int] | None, str | None, list[str]]:
    """Reads what was asked for as (width, height, ratio, word, problems)."""
    if "size" in given:
        others = [name for name in ("width", "height", "aspect_ratio", "resolution") if name in given]
        problems = [f"size conflicts with {' and '.join(others)}: give one or the other"] if others else []
        text = given["size"].strip().lower() if isinstance(given["size"], str) else ""
        if text in words:
            return None, None, None, text, problems
        sides = re.fullmatch(r"(\d{1,6})\s*[x×*]\s*(\d{1,6})", text)
        if not sides:
            problems.append(f"size is written WIDTHxHEIGHT, such as 1024x768, not {show(given['size'])}")
            return None, None, None, None, problems
        return int(sides[1]), int(sides[2]), None, None, problems
    problems, numbers = [], []
    for name in ("width", "height"):
        spec = ParamSpec(name=name, kind=ParamKind.INT, min=1, max=100_000)
        value, problem = spec.check(given[name]) if name in given else (None, None)
        problems += [problem] if problem else []
        numbers.append(value)
    ratio = None
    if "aspect_ratio" in given:
        ratio = read_ratio(given["aspect_ratio"])
        if ratio is None:
            problems.append(f"aspect_ratio is written W:H, such as 16:9, not {show(given['aspect_ratio'])}")
        elif None not in numbers:
            problems.append("aspect_ratio conflicts with width and height together: give one or the other")
    return numbers[0], numbers[1], ratio, None, problems


def _lowest(pixels: tuple[int, int] | None) -> tuple[int, int] | None:
    if pixels is None:
        return None
    shared = math.gcd(*pixels)
    return pixels[0] // shared, pixels[1] // shared
