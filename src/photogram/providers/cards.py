"""What the house knows of each provider: the TOML file beside its adapter, read into model cards.

How one model is described there is read in `grammar.py`.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from ..domain.card import ANY_MODEL, ModelCard
from ..errors import BadParams, UnknownModel
from .grammar import FAULTS, read_card, read_prices


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatFacts:
    """The text model of a provider that is asked for titles.

    Attributes:
        model: Its id.
        per_token: Price of one million tokens in micro-dollars by kind ("text_in", "text_out"); empty if unknown.
    """

    model: str
    per_token: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Retired:
    """A model that its provider no longer has, so that there is no card of it.

    Attributes:
        model: Its id, or a pattern of such (`imagen-*`).
        on: When it ended (ISO date).
        successor: Address of the model to use now.
    """

    model: str
    on: str
    successor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderFacts:
    """What the house knows of one provider.

    Attributes:
        title: Its name for people.
        billing_url: Where an account is topped up.
        cards: Its models.
        chat: Its text model that is asked for titles, or None.
        retired: Models that it had.
    """

    title: str = ""
    billing_url: str = ""
    cards: tuple[ModelCard, ...] = ()
    chat: ChatFacts | None = None
    retired: tuple[Retired, ...] = ()


@cache
def load_data(provider: str, module: str = __name__) -> Mapping[str, Any] | None:
    """Returns `<provider>.toml` beside a module (beside the built-in adapters, if none is named), parsed, or None."""
    home = sys.modules[module]
    folder = files(home.__package__) if home.__package__ else Path(home.__file__ or "").parent
    file = folder.joinpath(f"{provider.replace('-', '_')}.toml")
    return tomllib.loads(file.read_text("utf-8")) if file.is_file() else None


@cache
def load_facts(provider: str, module: str = __name__) -> ProviderFacts:
    """Returns the facts in `<provider>.toml` beside a module; none where there is no such file."""
    data = load_data(provider, module)
    return ProviderFacts() if data is None else read_facts(data, provider)


def find_card(cards: Sequence[ModelCard], model: str) -> ModelCard:
    """Returns the card of a model, or the template card `*` made out to it.

    Raises:
        UnknownModel: There is neither.
    """
    for card in cards:
        if card.model == model:
            return card
    for card in cards:
        if card.model == ANY_MODEL:
            return card.named(model)
    raise UnknownModel(f"There is no model {model!r}.")


def read_facts(
    data: Mapping[str, Any], provider: str, *, base: Mapping[str, Any] | None = None, keep: bool = True
) -> ProviderFacts:
    """Reads a provider's TOML.

    Args:
        data: The parsed file: `title`, `billing_url`, `source`, `read_on`, `[retired]`, `[defaults]` and
            `[[model]]`s.
        provider: Short name of the provider.
        base: Another such file, whose models `data` may name in `like`, and corrects where it has the same id.
        keep: Whether those of its models that `data` does not have are the provider's, too.

    Raises:
        BadParams: With everything that is wrong in it; each problem begins with the model's id.
    """
    problems: list[str] = []
    below = _resolve(base, {}, problems) if base else {}
    at_once = {name: value for name, value in (base or {}).get("defaults", {}).items() if name == "concurrency"}
    own = _resolve({**data, "defaults": {**at_once, **data.get("defaults", {})}}, below, problems)
    cards = []
    for model, whole in ((below | own) if keep else own).items():
        try:
            cards.append(read_card({name: value for name, value in whole.items() if name != "like"}, provider))
        except FAULTS as error:
            problems.append(f"{model or 'a model without id'}: {error}")
    data = {**(base or {}), **data}
    chat = None
    try:
        if "chat" in data:
            tokens = data["chat"].get("tokens", {})
            chat = ChatFacts(model=str(data["chat"]["model"]), per_token=read_prices(tokens))
    except FAULTS as error:
        problems.append(f"chat: {error}")
    retired = []
    for model, said in data.get("retired", {}).items():
        try:
            retired.append(Retired(model=model, on=str(said["on"]), successor=str(said["successor"])))
        except FAULTS as error:
            problems.append(f"{model}: retired has no {error}")
    if problems:
        raise BadParams(_shared(problems), what=f"The models of {provider} are not described as they should be")
    return ProviderFacts(
        title=str(data.get("title", provider)), billing_url=str(data.get("billing_url", "")), cards=tuple(cards),
        chat=chat, retired=tuple(retired),
    )  # fmt: skip


def _shared(problems: Sequence[str]) -> list[str]:
    """Returns the problems, each once: one in `[defaults]` is every model's."""
    first: dict[str, str] = {}
    for problem in problems:
        first.setdefault(problem.partition(": ")[2] or problem, problem)
    return list(first.values())


def _resolve(
    data: Mapping[str, Any], below: Mapping[str, Mapping[str, Any]], problems: list[str]
) -> dict[str, Mapping[str, Any]]:
    """Returns the models of a file by id, each whole: over `like`, one below, or the defaults."""
    shared = {name: data[name] for name in ("source", "read_on") if name in data}
    shared = _merge(shared, data.get("defaults", {}))
    known: dict[str, Mapping[str, Any]] = {}
    for entry in data.get("model", ()):
        model, like = str(entry.get("id", "")), entry.get("like")
        start = known.get(model) or below.get(model) or shared
        if like is not None and (like in known or like in below):
            start = known.get(like) or below[like]
        elif like is not None:
            problems.append(f"{model}: like = {like!r} names no model above it")
        if model in known:
            problems.append(f"{model}: it stands there twice")
        known[model] = _merge(start, entry)
    return known


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Lays one table over another; tables within are merged too, but for those that stand for one thing as a whole."""
    merged = dict(base)
    for name, value in over.items():
        inside = merged.get(name)
        whole = name in ("size", "price", "ratios", "resolutions", "table")
        merged[name] = (
            _merge(inside, value) if isinstance(inside, Mapping) and isinstance(value, Mapping) and not whole else value
        )
    return merged
