"""`studio.form`: what the panel's form holds, for cells to read and to set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from numbers import Integral
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ..display.form import FormSummary, render_form
from ..domain.asset import Asset
from ..domain.card import ModelCard
from ..domain.params import show
from ..domain.prompt import clean_prompt
from ..domain.size import SIZE_NAMES
from ..errors import BadParams, UnknownModel
from .form import COUNT, IMAGES, MAX_DRAFT, Form, find_form_problems, settle
from .kept_form import KeptForm, find_form
from .references import Reference, list_references, measure_references, read_reference, store_references

if TYPE_CHECKING:
    from .studio import Studio

UNSET: Any = object()


class StudioForm:
    """What the next press of Generate asks for. What a cell sets, every open panel shows at once. Any thread.

    ```python
    studio.form.prompt = "a lighthouse at dusk"
    studio.form.update(model="sketch:scene", n=4, style="ink", seed=7)
    studio.form.images = ["sketch.png", batch[0]]
    batch = studio.generate(**studio.form.settings())
    ```
    """

    __slots__ = ("_studio",)

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    # ── Reading ─────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def model(self) -> str:
        """The chosen model, `provider:model`. Another one keeps every parameter that it takes too."""
        return self._kept.value.model

    @model.setter
    def model(self, model: str) -> None:
        self.update(model=model)

    @property
    def prompt(self) -> str:
        """The prompt as it was left; it may be empty."""
        return self._kept.value.prompt

    @prompt.setter
    def prompt(self, prompt: str) -> None:
        self.update(prompt=prompt)

    @property
    def n(self) -> int:
        """How many images, 1–50."""
        return self._kept.value.n

    @n.setter
    def n(self, n: int) -> None:
        self.update(n=n)

    @property
    def params(self) -> Mapping[str, Any]:
        """The parameters that were set, defaults left out. Read-only: set all of it, or some with `update`."""
        return MappingProxyType(dict(self._kept.value.params))

    @params.setter
    def params(self, params: Mapping[str, Any]) -> None:
        if not isinstance(params, Mapping):
            raise BadParams([f"params must be a mapping of names and values, not {show(params)}"])
        self._set(UNSET, UNSET, UNSET, UNSET, {str(name): params[name] for name in params}, whole=True)

    @property
    def images(self) -> list[Path]:
        """The reference images: paths of the stored copies. Set it to whatever `generate(images=…)` takes."""
        return [self._path(asset) for asset in self._kept.value.references]

    @images.setter
    def images(self, images: Reference | Sequence[Reference] | None) -> None:
        self.update(images=images)

    @property
    def problems(self) -> list[str]:
        """What is wrong with it for its model, a sentence each; with none it can be sent."""
        form = self._kept.value
        try:
            return list(find_form_problems(self._kept.card, form).values())
        except UnknownModel as error:
            return [error.message]

    @property
    def cost_usd(self) -> float | None:
        """What it may cost in US dollars; None where the price is unknown, or something is wrong."""
        card = self._card()
        micros = settle(card, self._kept.value)[0] if card else None
        return None if micros is None else micros / 1e6

    def settings(self) -> dict[str, Any]:
        """Returns the arguments of the call that it makes: `studio.generate(**studio.form.settings())`."""
        form = self._kept.value
        images = {"images": [self._path(asset) for asset in form.references]} if form.references else {}
        return {"prompt": form.prompt, "model": form.model, "n": form.n, **form.params, **images}

    # ── Setting ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def update(
        self, *, model: str = UNSET, prompt: str = UNSET, n: int = UNSET,
        images: Reference | Sequence[Reference] | None = UNSET, **params: Any,
    ) -> StudioForm:  # fmt: skip
        """Changes what is named and leaves the rest; `form.update(**batch.settings())` takes a batch's.

        Args:
            model: `provider:model`; parameters that were set before and that it does not take are left out.
            prompt: May be empty.
            n: How many images, 1–50.
            images: Reference images: paths, bytes, PIL images, generations; None or [] takes all of them out.
            params: What else the model takes; None takes one out, so that its default is meant.

        Returns:
            The form.

        Raises:
            BadParams: With every problem at once.
            UnknownModel: There is no such model.
            BadReference: An image cannot be read, or the model does not take its type.
            StoreBusy, StorageFailed: It is changed, but not remembered.
        """
        return self._set(model, prompt, n, images, params, whole=False)

    def clear(self) -> None:
        """Takes out prompt, parameters and images; the model stays, and one image is asked for."""
        self._kept.change(lambda form: Form(model=form.model))

    def __setattr__(self, name: str, value: Any) -> None:
        if not hasattr(type(self), name):  # a slip of the pen would be kept, and do nothing
            raise AttributeError(f"The form has no {name!r}; studio.form.update({name}=…) sets a parameter.")
        object.__setattr__(self, name, value)

    def _set(
        self, model: Any, prompt: Any, n: Any, images: Any, params: Mapping[str, Any], *, whole: bool
    ) -> StudioForm:
        """Checks everything that is given, and then changes all of it at once."""
        engine, kept = self._studio._engine, self._kept
        card = engine.registry.card(_check_model(model)) if model is not UNSET else self._card()
        if card is None and (params or images is not UNSET):
            card = kept.card  # says that the model is gone
        given = list_references(images) if images is not UNSET else None
        named = {name: value for name, value in params.items() if name not in IMAGES}
        problems = [f"the form keeps no {name}: give it to studio.generate" for name in params if name not in named]
        problems += _check_prompt(card, prompt)
        if n is not UNSET:
            n, problem = COUNT.check(n)
            problems += [problem] if problem else []
        if card is not None:
            problems += _check_params(card, kept.value, named, given, whole=whole)
            named = {name: _as_kept(card, name, value) for name, value in named.items()}
        if problems:
            raise BadParams(problems, model=card.address if card else "")
        places = enumerate(given or (), 1)
        read = [read_reference(engine, one, card, f"Reference {place}") for place, one in places] if card else []
        stored = tuple(store_references(engine, read, measure_references(read)))

        def make(form: Form) -> Form:
            if model is not UNSET and card is not None and card.address != form.model:
                form, _ = form.switch(card)
            merged = {**({} if whole else form.params), **named}
            form = replace(form, params={name: value for name, value in merged.items() if value is not None})
            changes = {"prompt": prompt, "n": n, "references": stored if images is not UNSET else UNSET}
            return replace(form, **{name: value for name, value in changes.items() if value is not UNSET})

        kept.change(make)
        return self

    # ── Showing ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _repr_html_(self) -> str:
        form, card = self._kept.value, self._card()
        cost, size = settle(card, form) if card else (None, None)
        return render_form(FormSummary(
            model=form.model, title=card.title if card else "", prompt=form.prompt, n=form.n, params=form.params,
            references=form.references, thumbs=self._studio._thumbs([], form.references), size=size, cost_micros=cost,
            problems=self.problems,
        ))  # fmt: skip

    def __repr__(self) -> str:
        form = self._kept.value
        set_ = [f"{name}={show(value)}" for name, value in form.params.items()]
        images = [f"{len(form.references)} image{'s' * (len(form.references) > 1)}"] if form.references else []
        said = form.prompt if len(form.prompt) <= 60 else form.prompt[:59] + "…"
        return f"<Form {', '.join([f'{form.n} × {form.model}', repr(said), *set_, *images])}>"

    # ── Inside ──────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def _kept(self) -> KeptForm:
        return find_form(self._studio)

    def _card(self) -> ModelCard | None:
        try:
            return self._kept.card
        except UnknownModel:
            return None

    def _path(self, asset: Asset) -> Path:
        return self._studio._files.path(asset.sha256, extension=asset.extension, folder="references")


def _check_model(model: Any) -> str:
    if not isinstance(model, str):
        raise BadParams([f"model must be text such as 'sketch:scene', not {show(model)}"])
    return model


def _check_prompt(card: ModelCard | None, prompt: Any) -> list[str]:
    """Returns what is wrong with a draft; an empty one is fine."""
    if prompt is UNSET or prompt == "":
        return []
    if not isinstance(prompt, str):
        return [f"prompt must be text, not {show(prompt)}"]
    try:
        if prompt.strip():
            clean_prompt(prompt, max_length=card.max_prompt if card else MAX_DRAFT)
    except BadParams as error:
        return list(error.problems)
    return []


def _check_params(
    card: ModelCard, form: Form, named: Mapping[str, Any], given: Sequence[Any] | None, *, whole: bool
) -> list[str]:
    """Returns what is wrong with what is given; what was wrong before, such as a value typed in a panel, is left."""
    kept = {} if whole else form.switch(card)[0].params
    others = {name: value for name, value in kept.items() if name not in named}
    before, now = (0, len(given)) if given is not None else (len(form.references), len(form.references))
    known = _list_problems(card, others, before)
    return [problem for problem in _list_problems(card, {**others, **named}, now) if problem not in known]


def _list_problems(card: ModelCard, params: Mapping[str, Any], references: int) -> tuple[str, ...]:
    try:
        card.check({**params, **({"images": [None] * references} if references else {})})
    except BadParams as error:
        return error.problems
    return ()


def _as_kept(card: ModelCard, name: str, value: Any) -> Any:
    """Returns a checked param as a plain value, in its own type."""
    spec = card.specs.get(name)
    if value is None or (spec and not (card.sizes and name in SIZE_NAMES)):
        return value if value is None or spec is None else spec.check(value)[0]
    return int(value) if isinstance(value, Integral) else str(value)
