"""Model cards: everything the house knows about one model, as data."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import BadParams
from .asset import DEFAULT_MAX_REFERENCE_BYTES
from .params import ParamSpec
from .prompt import DEFAULT_MAX_PROMPT
from .size import SIZE_NAMES, resolve_size

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
        seeded: Whether it takes a seed.
        local: Whether it runs on this machine (no key, no network).
        price_micros: Price of one image in micro-dollars; None if unknown.
        max_prompt: Code points a prompt may have.
        max_reference_bytes: Largest reference image, in bytes.
        deadline_s: Seconds after the submit until a task is given up.
        concurrency: Tasks of the provider that may run at once.
        submits_per_minute: Submits the provider takes within 60 s, or None where it states none.
        source: Where these facts were read.
        read_on: When (ISO date).
        deprecated_on: When the provider retires it (ISO date), or None.
        successor: Address of the model to use then, or None.
    """

    provider: str
    model: str
    title: str
    about: str = ""
    params: tuple[ParamSpec, ...] = ()
    seeded: bool = True
    local: bool = False
    price_micros: int | None = None
    max_prompt: int = DEFAULT_MAX_PROMPT
    max_reference_bytes: int = DEFAULT_MAX_REFERENCE_BYTES
    deadline_s: float = DEFAULT_DEADLINE_S
    concurrency: int = 4
    submits_per_minute: int | None = None
    source: str = ""
    read_on: str = ""
    deprecated_on: str | None = None
    successor: str | None = None
    specs: Mapping[str, ParamSpec] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "specs", {spec.name: spec for spec in self.params})

    @property
    def address(self) -> str:
        """`provider:model`, as users write it."""
        return f"{self.provider}:{self.model}"

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
            if name == "size" and self._is_sized:
                continue  # written as width and height below
            if spec is None:
                problems.append(self._unknown(name))
                continue
            checked[name], problem = spec.check(value)
            if problem:
                problems.append(problem)
        if self._is_sized:
            size, found = resolve_size({name: checked[name] for name in SIZE_NAMES if name in checked}
                                       | ({"size": given["size"]} if "size" in given else {}), self.specs)  # fmt: skip
            problems += [problem for problem in found if problem not in problems]
            if size:
                checked["width"], checked["height"] = size
        for spec in self.params:
            if spec.name in checked or spec.name in given:
                continue
            if spec.required:
                problems.append(f"{spec.name} is missing")
            elif spec.default is not None:
                checked[spec.name] = spec.default
        if problems:
            raise BadParams(problems, model=self.address)
        return {name: checked[name] for name in self.specs if name in checked}

    @property
    def _is_sized(self) -> bool:
        return "width" in self.specs and "height" in self.specs

    def _unknown(self, name: str) -> str:
        known = [*self.specs, "prompt", "n", "topic", "model"] + (["size"] if self._is_sized else [])
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
        if near:
            return f"{name} is not a parameter of this model; did you mean {near[0]}?"
        return f"{name} is not a parameter of this model; it takes {', '.join(self.specs)}"
