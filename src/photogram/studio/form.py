"""The form: what the next press of Generate would ask for. A plain value; what it may hold, the model's card says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from ..domain.asset import EXTENSIONS, Asset
from ..domain.card import ModelCard
from ..domain.params import ParamKind, ParamSpec, read_ratio
from ..domain.size import SIZE_NAMES, pixels_of
from ..errors import BadParams
from .prepare import MAX_IMAGES

MAX_DRAFT = 100_000
"""Characters of a prompt draft that are remembered."""

MAX_REFERENCES = 16

MAX_PARAMS = 100

IMAGES = frozenset({"images", "mask"})
"""Parameters that are no plain values: as a text each would be a path, and a browser names none."""

COUNT = ParamSpec(name="n", kind=ParamKind.INT, min=1, max=MAX_IMAGES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What the user has set.

    Attributes:
        model: `provider:model`.
        params: What the user set; defaults are left out.
        prompt: The draft.
        n: Images, 1–50.
        references: The input images, stored already.
    """

    model: str
    params: Mapping[str, Any] = field(default_factory=dict)
    prompt: str = ""
    n: int = 1
    references: tuple[Asset, ...] = ()

    def change(self, given: Mapping[str, Any]) -> Form:
        """Returns the form with what a browser (or a cell) says of it; what makes no sense is left as it was.

        Args:
            given: Those of params, prompt, n and references (shas of some of its own, in order) that changed. Of params
                only those that did (None takes one out), and `without` names references to take out: what others set
                or added meanwhile stays.
        """
        form = self
        if isinstance(given.get("params"), Mapping):
            named = {
                str(name): value for name, value in given["params"].items() if name not in IMAGES and _is_plain(value)
            }
            params = {name: value for name, value in {**form.params, **named}.items() if value is not None}
            form = replace(form, params=dict(list(params.items())[:MAX_PARAMS]))
        if isinstance(given.get("prompt"), str):
            form = replace(form, prompt=given["prompt"][:MAX_DRAFT])
        n, problem = COUNT.check(given.get("n"))
        if not problem:
            form = replace(form, n=n)
        if isinstance(without := given.get("without"), list):
            form = replace(form, references=tuple(one for one in form.references if one.sha256 not in without))
        if isinstance(given.get("references"), list):
            mine = {asset.sha256: asset for asset in self.references}
            kept = tuple(mine[sha] for sha in given["references"] if isinstance(sha, str) and sha in mine)
            form = replace(form, references=kept)
        return form

    def switch(self, card: ModelCard) -> tuple[Form, list[str]]:
        """Returns the form for another model, and the names of the params that it does not take, or not so.

        Prompt, count and references stay.
        """
        kept = {name: value for name, value in self.params.items() if name in card.specs}
        problems = find_problems(card, kept, _fitting_references(card, self))
        kept = {name: value for name, value in kept.items() if name not in problems}
        if "" in problems:  # each is right, and together they are not: such as a size over the model's pixels
            kept = {name: value for name, value in kept.items() if name not in SIZE_NAMES}
        return replace(self, model=card.address, params=kept), [name for name in self.params if name not in kept]

    def undo(self, before: Form, after: Form) -> Form:
        """Returns the form with what a step from one form to another changed as it was, unless it was changed since."""
        changed = [one.name for one in fields(Form) if getattr(self, one.name) == getattr(after, one.name)]
        return replace(self, **{name: getattr(before, name) for name in changed})

    def fit(self, card: ModelCard) -> tuple[Form, list[str]]:
        """Returns the form without what the model has no control for, and its names: nobody could take it out.

        A whole number that a browser can only hold as a text becomes one again.
        """
        kept = {
            name: _as_number(value, card.specs.get(name)) for name, value in self.params.items() if card.takes(name)
        }
        return replace(self, params=kept), [name for name in self.params if name not in kept]

    def add(self, reference: Asset, most: int) -> Form:
        """Returns the form with one more reference; for a model that takes one, instead of it."""
        others = [asset for asset in self.references if asset.sha256 != reference.sha256]
        if most == 1 and len(others) == 1:
            others = []
        return replace(self, references=(*others, reference)[-MAX_REFERENCES:])

    def as_json(self) -> dict[str, Any]:
        """Returns it as its setting keeps it, and as a browser gets it."""
        return {
            "model": self.model, "params": dict(self.params), "prompt": self.prompt, "n": self.n,
            "references": [
                {
                    "sha": one.sha256, "width": one.width, "height": one.height, "mime": one.mime,
                    "bytes": one.size_bytes,
                }
                for one in self.references
            ],
        }  # fmt: skip


def recall(kept: Any, default_model: str) -> Form:
    """Returns the form that was remembered, as far as it can be read."""
    said = kept if isinstance(kept, Mapping) else {}
    model = said.get("model")
    form = Form(model=model if isinstance(model, str) and model else default_model)
    listed = said.get("references")
    references = tuple(filter(None, map(_recall_reference, listed if isinstance(listed, list) else [])))
    return replace(form.change({name: said.get(name) for name in ("params", "prompt", "n")}), references=references)


def find_problems(card: ModelCard, params: Mapping[str, Any], references: int = 0) -> dict[str, str]:
    """Returns what is wrong with these params, a sentence by each one's name ("" for what is wrong together)."""
    found: dict[str, str] = {}
    for name, value in params.items():
        spec = card.specs.get(name)
        if spec and value is not None and not (card.sizes and name in SIZE_NAMES):
            _, problem = spec.check(value)
            found |= {name: problem} if problem else {}
    if found:
        return found
    try:
        card.check({**params, **({"images": [None] * references} if references else {})})
    except BadParams as error:
        for problem in error.problems:
            name = problem.split(" ")[0]
            found.setdefault(name if name in card.specs else "", problem)
    return found


def find_form_problems(card: ModelCard, form: Form) -> dict[str, str]:
    """Returns everything that keeps the form from being sent, by what it is about; nothing of it is cut silently."""
    found = find_problems(card, form.params, _fitting_references(card, form))
    found.pop("images", None)
    problem = find_reference_problem(card, form.references)
    return found | ({"images": problem} if problem else {})


def find_reference_problem(card: ModelCard, references: Sequence[Asset]) -> str | None:
    """Returns what is wrong with these references for the model, in a sentence."""
    spec, given = card.specs.get("images"), len(references)
    most, least = (int(spec.max or 1), int(spec.min or spec.required)) if spec else (0, 0)
    if given > most == 0:
        return f"{card.title} takes no reference images: remove them, or choose another model"
    if given > most:
        return f"{card.title} takes {_count_images(most)}, not {given}: remove {given - most}, or choose another model"
    if given < least:
        return f"{card.title} needs {_count_images(least)}"
    if any(asset.mime not in card.reference_mimes for asset in references):
        return f"{card.title} takes {name_mimes(card)} as references only"
    if any(asset.size_bytes > card.max_reference_bytes for asset in references):
        return f"{card.title} takes references of {card.max_reference_bytes / 1048576:.3g} MB at most"
    return None


def name_mimes(card: ModelCard) -> str:
    """Returns the types of references that a model takes, for people: "JPEG, PNG"."""
    return ", ".join(sorted(EXTENSIONS[mime].upper().replace("JPG", "JPEG") for mime in card.reference_mimes))


def settle(card: ModelCard, form: Form) -> tuple[int | None, tuple[int, int] | None]:
    """Returns what the form's images may cost together in micro-dollars, and their size; None where unknown.

    Of a size whose pixels the provider does not state, its proportions in smallest numbers: (16, 9).
    """
    images = {"images": [None] * n} if (n := _fitting_references(card, form)) else {}
    try:
        checked = card.check({**form.params, **images})
    except BadParams:
        return None, None
    price = card.estimate_micros(checked, form.references)
    return None if price is None else price * form.n, pixels_of(checked) or _offered_size(card, checked)


def _fitting_references(card: ModelCard, form: Form) -> int:
    """Returns the nearest number of references that the model takes: a wrong one is a problem of its own."""
    spec = card.specs.get("images")
    return min(max(len(form.references), int(spec.min or spec.required)), int(spec.max or 1)) if spec else 0


def _offered_size(card: ModelCard, checked: Mapping[str, Any]) -> tuple[int, int] | None:
    for one in card.sizes.offered if card.sizes else ():
        if all(checked.get(name) == value for name, value in one.params.items()):
            return one.pixels or one.ratio
    return read_ratio(checked.get("aspect_ratio"))


def _count_images(n: int) -> str:
    return "1 reference image" if n == 1 else f"{n} reference images"


def _is_plain(value: Any) -> bool:
    return (
        value is None or isinstance(value, (bool, int, float)) or (isinstance(value, str) and len(value) <= MAX_DRAFT)
    )


def _as_number(value: Any, spec: ParamSpec | None) -> Any:
    if isinstance(value, str) and spec and spec.kind is ParamKind.INT:
        number, problem = spec.check(value)
        return value if problem else number
    return value


def _recall_reference(said: Any) -> Asset | None:
    try:
        sha256, mime = str(said["sha"]), str(said["mime"])
        if not re.fullmatch(r"[0-9a-f]{64}", sha256) or mime not in EXTENSIONS:
            return None
        sides = int(said["width"]), int(said["height"])
        return Asset(sha256=sha256, mime=mime, width=sides[0], height=sides[1], size_bytes=int(said["bytes"]))
    except (KeyError, TypeError, ValueError):
        return None
