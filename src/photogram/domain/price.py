"""What a model costs, as data: a price per image, per megapixel or per token, and how it depends on the params."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .asset import Asset
from .size import pixels_of

MOST_MICROS = 10**12
"""What an image may be said to cost, at most: US$ 1,000,000. More is a mistake, or meant to empty the wallet."""


def read_micros(amount: Any) -> int | None:
    """Returns an amount in whole micro-dollars, or None for what is no number from 0 to `MOST_MICROS`.

    A negative one would fill the wallet.
    """
    number = isinstance(amount, (int, float)) and not isinstance(amount, bool)
    return round(amount) if number and 0 <= amount <= MOST_MICROS else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """A price formula. All amounts in micro-dollars (US$ 0.000001).

    Attributes:
        per_image: Price of one image whatever is asked for, or None.
        by: Names of the params that `table` goes by, such as ("quality", "size").
        table: Price of one image by the values of these params, joined by a space ("high 1024x1024"). Where a value is
            none of the table's (`auto`), the dearest that fits the others counts.
        growth: How much dearer each megapixel above 1024² makes what the table says, as a share of it.
        first_megapixel: Price of the first megapixel of the picture; None if it is as `per_megapixel`.
        per_megapixel: Price of each further, begun megapixel.
        per_step_megapixel: Price of a megapixel and step.
        per_reference: Price of one input image.
        per_reference_megapixel: Price of each begun megapixel of an input image.
        per_token: Price of one million tokens by kind ("text_in", "image_in", "image_out"), from which the real cost
            is computed once the provider has counted them.
    """

    per_image: int | None = None
    by: tuple[str, ...] = ()
    table: Mapping[str, int] = field(default_factory=dict)
    growth: float = 0.0
    first_megapixel: int | None = None
    per_megapixel: int | None = None
    per_step_megapixel: int | None = None
    per_reference: int = 0
    per_reference_megapixel: int = 0
    per_token: Mapping[str, int] = field(default_factory=dict)

    def estimate(self, params: Mapping[str, Any], references: Sequence[Asset] = ()) -> int | None:
        """Returns what one image may cost at most, in micro-dollars; None where that is unknown.

        Args:
            params: As the model gets them.
            references: The input images.
        """
        if self.table:
            found = self._from_table(params)
        elif self.per_megapixel is not None or self.per_step_megapixel is not None:
            found = self._from_pixels(params)
        else:
            found = self.per_image
        if found is None:
            return None
        begun = sum(_megapixels(one.width, one.height) for one in references)
        return found + self.per_reference * len(references) + self.per_reference_megapixel * begun

    def of_tokens(self, counted: Mapping[str, int]) -> int | None:
        """Returns the cost of these tokens in micro-dollars, or None where a kind has no price or a count is absurd.

        Args:
            counted: Tokens by kind, as in `per_token`.
        """
        used = {kind: tokens for kind, tokens in counted.items() if tokens}
        if not used or not used.keys() <= self.per_token.keys():
            return None
        if not all(0 < tokens < _MOST_TOKENS for tokens in used.values()):
            return None
        return read_micros(sum(tokens * self.per_token[kind] for kind, tokens in used.items()) / 1e6)

    def _from_table(self, params: Mapping[str, Any]) -> int | None:
        fitting = dict(self.table)
        for place, name in enumerate(self.by):
            value = str(_value(name, params))
            matching = {key: price for key, price in fitting.items() if key.split(" ")[place] == value}
            fitting = matching or fitting
        dearest = max(fitting.values(), default=None)
        size = pixels_of(params)
        if dearest is None or size is None:
            return dearest
        return math.ceil(dearest * (1 + self.growth * max(0.0, size[0] * size[1] / (1024 * 1024) - 1)))

    def _from_pixels(self, params: Mapping[str, Any]) -> int | None:
        size = pixels_of(params)
        if size is None:
            return self.per_image
        if self.per_step_megapixel is not None:
            return round(size[0] * size[1] / 1e6 * self.per_step_megapixel * int(params.get("steps") or 1))
        assert self.per_megapixel is not None
        first = self.per_megapixel if self.first_megapixel is None else self.first_megapixel
        return (self.per_image or 0) + first + self.per_megapixel * (_megapixels(*size) - 1)


_MOST_TOKENS = 10**12


def _megapixels(width: int, height: int) -> int:
    """Returns how many megapixels a picture begins; providers count 1024² as one."""
    return max(1, math.ceil(width * height / (1024 * 1024)))


def _value(name: str, params: Mapping[str, Any]) -> Any:
    if name == "size" and "size" not in params:
        size = pixels_of(params)
        return f"{size[0]}x{size[1]}" if size else ""
    return params.get(name, "")
