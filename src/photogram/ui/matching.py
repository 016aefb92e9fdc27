"""Gives the picture the proportions of the first reference, as nearly as the model can make them."""

from __future__ import annotations

import math
from typing import Any

from ..domain.card import ModelCard
from ..domain.offer import Offered
from ..domain.params import ParamSpec, read_ratio
from ..domain.size import SIZE_NAMES
from ..errors import BadParams, BadReference
from ..studio.form import Form, settle

USUAL_PIXELS = 1024 * 1024
"""Pixels of a picture where neither the form nor the model says how many."""

SHAPE_WEIGHT = 10.0
"""How much more a wrong proportion counts than a wrong number of pixels."""

GRAIN = 8
"""Sides are multiples of this where the model takes any."""

MOST_TRIED = 20_000


class OneSizeOnly(BadParams):
    """There is no size to choose."""


class NoSuchProportions(BadParams):
    """No size that the model takes comes near."""


def match_size(card: ModelCard, form: Form) -> Form:
    """Returns the form with the size that comes nearest to the first reference's proportions.

    The number of pixels stays about what it was.

    Raises:
        BadReference: There is no reference.
        BadParams: The model has one size only.
    """
    if not form.references:
        raise BadReference("There is no reference whose proportions could be taken.", next_step="Add one first.")
    first = form.references[0]
    found = _find_size(card, form, first.width / first.height)
    return form.change({"params": dict.fromkeys(SIZE_NAMES) | found})


def can_match(card: ModelCard) -> bool:
    """Tells whether the model makes pictures of several proportions."""
    return bool(card.sizes) or "aspect_ratio" in card.specs or {"width", "height"} <= set(card.specs)


def _find_size(card: ModelCard, form: Form, shape: float) -> dict[str, Any]:
    if card.sizes:
        offered = _nearest_offered(card.sizes.offered, shape)
        return {name: value for name, value in offered.params.items() if name in SIZE_NAMES}
    if {"width", "height"} <= set(card.specs):
        _, size = settle(card, form)
        width, height = _nearest_free(card, shape, math.prod(size) if size else USUAL_PIXELS)
        return {"width": width, "height": height}
    spec = card.specs.get("aspect_ratio")
    if spec is None:
        raise OneSizeOnly([f"{card.title} makes one size only"])
    named = [one for one in spec.choices if read_ratio(one)]
    if not named:
        first = form.references[0]
        shared = math.gcd(first.width, first.height)
        return {"aspect_ratio": f"{first.width // shared}:{first.height // shared}"}
    return {"aspect_ratio": min(named, key=lambda one: _apart(_shape_of(read_ratio(one)), shape))}


def _nearest_offered(offered: tuple[Offered, ...], shape: float) -> Offered:
    shaped = [(one, one.pixels or one.ratio) for one in offered if one.pixels or one.ratio]
    return min(shaped, key=lambda pair: _apart(_shape_of(pair[1]), shape))[0] if shaped else offered[0]


def _nearest_free(card: ModelCard, shape: float, pixels: float) -> tuple[int, int]:
    """Returns the allowed width and height that are best in proportion, and then in their number of pixels."""
    width_spec, height_spec = card.specs["width"], card.specs["height"]
    best, least = None, math.inf
    for width in _allowed(width_spec):
        height = _to_step(height_spec, width / shape)
        if card.bounds and card.bounds.check(width, height):
            continue
        wrong = SHAPE_WEIGHT * _apart(width / height, shape) + _apart(width * height, pixels)
        if wrong < least:
            best, least = (width, height), wrong
    if best is None:
        raise NoSuchProportions([f"{card.title} makes no picture of these proportions"])
    return best


def _allowed(spec: ParamSpec) -> range:
    low, step = int(spec.min or 1), int(spec.step or 1)
    if step == 1:
        low, step = -(-low // GRAIN) * GRAIN, GRAIN
    return range(low, int(min(spec.max or 8192, low + MOST_TRIED * step)) + 1, step)


def _to_step(spec: ParamSpec, value: float) -> int:
    allowed = _allowed(spec)
    return allowed[max(0, min(len(allowed) - 1, round((value - allowed.start) / allowed.step)))]


def _shape_of(sides: tuple[int, int] | None) -> float:
    return sides[0] / sides[1] if sides else 1.0


def _apart(one: float, other: float) -> float:
    return abs(math.log(one / other))
