"""Model cards: everything the house knows about one model, as data."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import BadParams
from .asset import DEFAULT_MAX_REFERENCE_BYTES, REFERENCE_MIMES, Asset, MaskOffer
from .offer import SizeOffer
from .params import ParamSpec
from .price import Price
from .prompt import DEFAULT_MAX_PROMPT
from .size import SIZE_NAMES, PixelBounds, resolve_size

ANY_MODEL = "*"
"""The model of a template card: it stands for every model of its provider that has no card of its own."""

_FOLDER = re.compile(r"[/~\\]|\.{1,2}(?:[/\\]|$)|[A-Za-z]:[/\\]")

DEFAULT_DEADLINE_S = 15 * 60.0
"""Seconds from the submit after which a task is given up, where the card states none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """One model.

    Attributes:
        provider: Short name of the provider.
        model: The model's id there; may contain `/`.
        title: Its name for people.
        about: One or two plain sentences: what it is and is not.
        params: What it takes besides the prompt.
        sizes: The sizes it makes, where only certain ones; their params come to `params` by themselves.
        bounds: What free sizes (a model that takes width and height) must keep to.
        seeded: Whether it takes a seed.
        local: Whether it runs on this machine (no key, no network).
        price_micros: Price of one image in micro-dollars; None if unknown.
        price: The price formula, where it depends on what is asked for; then `price_micros` is left out.
        max_prompt: Code points a prompt may have.
        max_reference_bytes: Largest reference image, in bytes.
        reference_mimes: Types of reference images it takes.
        mask: What it takes as a mask, or None.
        deadline_s: Seconds after the submit until a task is given up.
        concurrency: Tasks of this model that may run at once; the largest one of a provider is for all its models.
        submits_per_minute: Submits the provider takes within 60 s, or None where it states none.
        source: Where these facts were read.
        read_on: When (ISO date).
        deprecated_on: When the provider retires it (ISO date), or None.
        successor: Address of the model to use then, or None.
        wire: Quirks of the model that only its adapter understands, such as the name of a field.
    """

    provider: str
    model: str
    title: str
    about: str = ""
    params: tuple[ParamSpec, ...] = ()
    sizes: SizeOffer | None = None
    bounds: PixelBounds | None = None
    seeded: bool = True
    local: bool = False
    price_micros: int | None = None
    price: Price | None = None
    max_prompt: int = DEFAULT_MAX_PROMPT
    max_reference_bytes: int = DEFAULT_MAX_REFERENCE_BYTES
    reference_mimes: frozenset[str] = REFERENCE_MIMES
    mask: MaskOffer | None = None
    deadline_s: float = DEFAULT_DEADLINE_S
    concurrency: int = 4
    submits_per_minute: int | None = None
    source: str = ""
    read_on: str = ""
    deprecated_on: str | None = None
    successor: str | None = None
    wire: Mapping[str, Any] = field(default_factory=dict)
    specs: Mapping[str, ParamSpec] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.sizes:
            others = [spec for spec in self.params if spec not in self.sizes.specs]
            object.__setattr__(self, "params", (*self.sizes.specs, *others))
        object.__setattr__(self, "specs", {spec.name: spec for spec in self.params})

    def named(self, model: str) -> ModelCard:
        """Returns this template card for one model."""
        return replace(self, model=model, title=model)

    def estimate_micros(self, params: Mapping[str, Any], references: Sequence[Asset] = ()) -> int | None:
        """Returns what one image may cost at most, in micro-dollars; None if that is unknown.

        Args:
            params: As the model gets them (see `check`).
            references: The input images.
        """
        return self.price.estimate(params, references) if self.price else self.price_micros

    @property
    def usual_price_micros(self) -> int | None:
        """What one image costs with every default, in micro-dollars; None if unknown."""
        return self.estimate_micros(self.defaults())

    @property
    def free(self) -> bool:
        """Whether its images cost nothing."""
        return self.price is None and self.price_micros == 0

    def defaults(self) -> dict[str, Any]:
        """Returns the params of a call that gives none."""
        return {spec.name: spec.default for spec in self.params if spec.default is not None}

    @property
    def address(self) -> str:
        """`provider:model`, as users write it."""
        return f"{self.provider}:{self.model}"

    def takes(self, name: str) -> bool:
        """Whether it has a parameter of this name, or knows what it means: sizes can be written in several ways."""
        return name in self.specs or bool(self.sizes and name in SIZE_NAMES) or (name == "size" and self._is_sized)

    def check(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the params as the model will get them: checked, typed, sized, with defaults filled in.

        Args:
            params: What the user gave, by the ecosystem's names. None means "not given".

        Raises:
            BadParams: With one sentence for every problem there is: unknown name (and the near match), out of range,
                off-step, not in the choices, conflicting, missing.
        """
        given = {name: value for name, value in params.items() if value is not None}
        problems: list[str] = []
        checked: dict[str, Any] = {}
        for name, value in given.items():
            spec = self.specs.get(name)
            if self.sizes and name in SIZE_NAMES:
                continue  # settled together below
            if name == "size" and self._is_sized and not (spec and spec.check(value)[1] is None):
                continue  # written as width and height below
            if spec is None:
                problems.append(self._unknown(name))
                continue
            checked[name], problem = spec.check(value)
            if problem:
                problems.append(problem)
        if self.sizes:
            asked = {name: given[name] for name in (*SIZE_NAMES, "resolution") if name in given}
            sent, found = self.sizes.resolve(asked)
            problems += found
            checked |= sent
        elif self._is_sized and "size" not in checked:
            size, found = resolve_size({name: checked[name] for name in SIZE_NAMES if name in checked}
                                       | ({"size": given["size"]} if "size" in given else {}), self.specs)  # fmt: skip
            problems += [problem for problem in found if problem not in problems]
            if size:
                checked["width"], checked["height"] = size
                checked.pop("aspect_ratio", None)  # said in pixels now: a provider that got both would refuse it
                edits = bool(checked.get("images"))
                problems += self.bounds.check(*size, with_images=edits) if self.bounds and not found else []
        for spec in self.params:
            if spec.name in checked or spec.name in given:
                continue
            if spec.name in SIZE_NAMES and self._size_is_said(checked):
                continue  # such as the default of a size in words beside width and height
            if spec.required:
                problems.append(f"{spec.name} is missing")
            elif spec.default is not None:
                checked[spec.name] = spec.default
        problems += self._settle_dependent(checked, given)
        if problems:
            raise BadParams(problems, model=self.address)
        return {name: checked[name] for name in self.specs if name in checked}

    def _settle_dependent(self, checked: dict[str, Any], given: Mapping[str, Any]) -> list[str]:
        """Takes out defaults that go only with other params, or with references; names those that were given."""
        problems = []
        for spec in self.params:
            if spec.needs_images and not checked.get("images"):
                problem = f"{spec.name} does nothing without a reference image: give images=[…], or leave it out"
            elif not all(checked.get(name) in values for name, values in spec.only):
                wanted = " and ".join(f"{name} {' or '.join(values)}" for name, values in spec.only)
                problem = f"{spec.name} goes only with {wanted}"
            else:
                continue
            if spec.name in given and spec.name in checked:
                problems.append(problem)
            checked.pop(spec.name, None)
        return problems

    @property
    def _is_sized(self) -> bool:
        return "width" in self.specs and "height" in self.specs

    @staticmethod
    def _size_is_said(checked: Mapping[str, Any]) -> bool:
        return any(name in checked for name in SIZE_NAMES)

    def _unknown(self, name: str) -> str:
        known = [*self.specs, "prompt", "n", "topic", "model"] + (["size"] if self._is_sized else [])
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
        if near:
            return f"{name} is not a parameter of this model; did you mean {near[0]}?"
        return f"{name} is not a parameter of this model; it takes {', '.join(self.specs)}"


def names_folder(model: str) -> bool:
    """Returns whether a model's id begins like a path: with `/`, `~`, `./`, `../` or a drive."""
    return _FOLDER.match(model) is not None
