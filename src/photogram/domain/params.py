"""One parameter of a model, as data: the same spec checks a call, draws a form and documents the model."""

from __future__ import annotations

import math
import operator
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from numbers import Integral, Real
from typing import Any

MAX_SHOWN = 80
"""Characters of a wrong value that a message repeats."""


class ParamKind(StrEnum):
    """The type of a parameter's value."""

    INT = "int"
    FLOAT = "float"
    CHOICE = "choice"
    TEXT = "text"
    BOOL = "bool"
    RATIO = "ratio"
    """A proportion written `W:H`."""
    IMAGES = "images"
    """Reference images."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParamSpec:
    """One parameter.

    Attributes:
        name: The ecosystem's name for it (`width`, `guidance_scale`, …).
        kind: Type of its value.
        default: Value where the user gives none; None means that it is left out.
        min: Smallest value (int, float), or fewest images.
        max: Largest value (int, float), most characters (text) or most images.
        step: Values must be `min + k·step`.
        unit: Unit of the value, for people ("px").
        choices: Allowed values of a choice.
        required: Whether it must be given.
        only: Goes only with these values of other parameters: (name, values) each.
        needs_images: Goes only with reference images.
        help: One sentence for people.
    """

    name: str
    kind: ParamKind
    default: Any = None
    min: float | None = None
    max: float | None = None
    step: float | None = None
    unit: str = ""
    choices: tuple[str, ...] = ()
    required: bool = False
    only: tuple[tuple[str, tuple[str, ...]], ...] = ()
    needs_images: bool = False
    help: str = ""

    def check(self, value: Any) -> tuple[Any, str | None]:
        """Checks one value.

        Args:
            value: What the user gave; text as a shell gives it ("1024", "true") is read.

        Returns:
            The value in its own type and None; or the value and a sentence that says what is wrong.
        """
        match self.kind:
            case ParamKind.INT | ParamKind.FLOAT:
                return self._check_number(value)
            case ParamKind.CHOICE:
                return self._check_choice(value)
            case ParamKind.TEXT:
                return self._check_text(value)
            case ParamKind.BOOL:
                return self._check_bool(value)
            case ParamKind.RATIO:
                return self._check_ratio(value)
            case ParamKind.IMAGES:
                return self._check_images(value)

    def _check_number(self, value: Any) -> tuple[Any, str | None]:
        whole = self.kind is ParamKind.INT
        wanted = f"{self.name} must be {'a whole number' if whole else 'a number'}"
        try:
            number = _number(value, whole=whole)
        except (ValueError, OverflowError, TypeError):
            return value, f"{wanted}, not {show(value)}"
        unit = f" {self.unit}" if self.unit else ""
        if (self.min is not None and number < self.min) or (self.max is not None and number > self.max):
            return value, f"{self.name} must be {self.range_text()}{unit}, not {number:.15g}"
        if self.step and self.min is not None:
            steps = (Decimal(str(number)) - Decimal(str(self.min))) / Decimal(str(self.step))
            if steps != steps.to_integral_value():
                below = float(Decimal(str(self.min)) + int(steps) * Decimal(str(self.step)))
                above = below + self.step
                near = f"{below:g}" if self.max is not None and above > self.max else f"{below:g} or {above:g}"
                return (
                    value,
                    f"{self.name} goes in steps of {self.step:g} from {self.min:g}: {number:g} is between, try {near}",
                )
        return number, None

    def _check_choice(self, value: Any) -> tuple[Any, str | None]:
        for choice in self.choices:
            if isinstance(value, str) and value.strip().casefold().replace("-", "_") == choice.casefold().replace(
                "-", "_"
            ):
                return choice, None
        near = _near(value, self.choices) if isinstance(value, str) else ""
        return value, f"{self.name} must be one of {', '.join(self.choices)}, not {show(value)}{near}"

    def _check_text(self, value: Any) -> tuple[Any, str | None]:
        if not isinstance(value, str):
            return value, f"{self.name} must be text, not {type(value).__name__}"
        value = value.strip()
        if self.max is not None and len(value) > 2 * self.max:  # before each character is looked at: that takes seconds
            return value, f"{self.name} has {len(value):,} characters, and the model takes {self.max:,.0f}"
        value = "".join(
            char for char in value if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cs")
        ).strip()
        if self.max is not None and len(value) > self.max:
            return value, f"{self.name} has {len(value):,} characters, and the model takes {self.max:,.0f}"
        return value, None

    def _check_bool(self, value: Any) -> tuple[Any, str | None]:
        if isinstance(value, bool):
            return value, None
        read = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
        if isinstance(value, str) and value.strip().lower() in read:
            return read[value.strip().lower()], None
        return value, f"{self.name} must be true or false, not {show(value)}"

    def _check_ratio(self, value: Any) -> tuple[Any, str | None]:
        sides = read_ratio(value)
        if sides is None:
            return value, f"{self.name} is written W:H, such as 16:9, not {show(value)}"
        text = f"{sides[0]}:{sides[1]}"
        if self.choices and text not in self.choices:
            return value, f"{self.name} must be one of {', '.join(self.choices)}, not {text}"
        return text, None

    def _check_images(self, value: Any) -> tuple[Any, str | None]:
        if not isinstance(value, (list, tuple)):
            return value, f"{self.name} must be a list of images, not {show(value)}"
        given = len(value)
        if self.max is not None and given > self.max:
            return value, f"{self.name} takes {self.max:g} at most, not {given}"
        if self.min is not None and given < self.min:
            return value, f"{self.name} takes {self.min:g} at least, not {given}"
        return value, None

    def range_text(self) -> str:
        """Returns the range in words: "64–2048", "at least 1", "at most 1"."""
        if self.min is not None and self.max is not None:
            return f"{self.min:g}–{self.max:.15g}"
        return f"at least {self.min:g}" if self.min is not None else f"at most {self.max:.15g}"


def read_ratio(value: Any) -> tuple[int, int] | None:
    """Reads "W:H" (also W/H or WxH) as two whole numbers in lowest terms; None if it is no ratio."""
    if not isinstance(value, str):
        return None
    parts = value.strip().lower().replace("/", ":").replace("x", ":").split(":")
    if len(parts) != 2 or not all(part.strip().isascii() and part.strip().isdigit() for part in parts):
        return None
    width, height = (int(part) for part in parts)
    if not (0 < width <= 10_000 and 0 < height <= 10_000):
        return None
    shared = math.gcd(width, height)
    return width // shared, height // shared


def show(value: Any) -> str:
    """Returns a value as a message shows it: its repr, cut where it is long. Never raises."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001  a number of over 4300 digits, or any foreign __repr__
        return f"this {type(value).__name__}"
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 1]}…"


def _number(value: Any, *, whole: bool) -> int | float:
    """Reads a number, also NumPy's and as a shell writes it.

    Raises:
        ValueError, TypeError, OverflowError: It is none, is not finite, or fits in no database.
    """
    if isinstance(value, bool):
        raise TypeError
    if not whole:
        number = float(value)
        if not isinstance(value, (Real, str)) or not math.isfinite(number):
            raise ValueError
        return number
    if isinstance(value, str):
        found = int(value.strip())
    elif isinstance(value, Real) and not isinstance(value, Integral):
        found = int(float(value))
        if found != value:
            raise ValueError
    else:
        found = operator.index(value)
    if abs(found) >= 2**63:
        raise OverflowError
    return found


def _near(value: str, names: tuple[str, ...]) -> str:
    import difflib

    found = difflib.get_close_matches(value, names, n=1, cutoff=0.6)
    return f" (did you mean {found[0]}?)" if found else ""
