"""Model cards as the browser draws them: a short line in the picker, and the controls of the chosen model."""

from __future__ import annotations

from datetime import date
from typing import Any

from ..domain.card import ANY_MODEL, ModelCard
from ..domain.params import ParamKind, ParamSpec
from ..engine.keys import KeyBook
from ..providers.registry import Registry
from ..studio.catalogue import has_key, say_retirement
from .matching import can_match
from .uploads import MAX_BYTES
from .wire import Json

RATIOS = ("1:1", "4:3", "3:2", "16:9", "3:4", "2:3", "9:16")
"""Proportions that are offered where the model takes any."""

HIDDEN = frozenset({"images", "mask"})
"""Parameters that no plain control is drawn for."""


def list_choices(
    registry: Registry, keys: KeyBook, user_id: str, today: date, *, at_hand: bool = False
) -> list[Json]:  # fmt: skip
    """Returns the models of the picker: those of this machine first, then what has its key, then by provider.

    A provider that takes any model's id says so with a last line of its own. With `at_hand` the keyring is not asked:
    a key that only it knows counts as there.
    """
    cards = registry.cards()  # before their providers: a cell may add some of both meanwhile
    present = {one.name: has_key(one, keys, user_id, at_hand=at_hand) for one in registry.providers()}
    local = {card.provider for card in cards if card.local}

    def place(card: ModelCard) -> tuple[object, ...]:
        return card.provider not in local, not present[card.provider], card.provider, card.model == ANY_MODEL

    return [describe_choice(card, present[card.provider], today) for card in sorted(cards, key=place)]


def describe_choice(card: ModelCard, has_its_key: bool, today: date) -> Json:
    """Returns a model's line in the picker."""
    if card.model == ANY_MODEL:
        return {
            "address": card.address,
            "provider": card.provider,
            "any": True,
            "key": has_its_key,
            "local": card.local,
        }
    price = card.usual_price_micros
    return {
        "address": card.address,
        "title": card.title,
        "provider": card.provider,
        "micros": price,
        "local": card.local,
        "key": has_its_key,
        "retires": _describe_retirement(card, today),
    }


def _describe_retirement(card: ModelCard, today: date) -> Json | None:
    if not card.deprecated_on or say_retirement(card, today) is None:
        return None
    return {
        "on": card.deprecated_on,
        "past": card.deprecated_on <= today.isoformat(),
        "successor": card.successor or "",
    }


def describe_model(card: ModelCard) -> Json:
    """Returns everything the form needs to know of a model."""
    images = card.specs.get("images")
    free = "width" in card.specs and "height" in card.specs
    ratio = card.specs.get("aspect_ratio")
    return {
        "address": card.address,
        "title": card.title,
        "max_prompt": card.max_prompt,
        "references": int(images.max or 1) if images else 0,
        "needs": int(images.min or images.required) if images else 0,
        "mimes": sorted(card.reference_mimes) if images else [],
        "max_bytes": min(MAX_BYTES, card.max_reference_bytes),
        "free_size": free,
        "matches": can_match(card),
        "ratios": list(ratio.choices or RATIOS) if ratio and ratio.kind is ParamKind.RATIO else [],
        "controls": [_describe(spec) for spec in card.params if spec.name not in HIDDEN],
    }


def _describe(spec: ParamSpec) -> dict[str, Any]:
    whole = spec.kind in (ParamKind.INT, ParamKind.TEXT)
    said = {
        "name": spec.name,
        "kind": str(spec.kind),
        "default": spec.default,
        "min": _number(spec.min, whole),
        "max": _number(spec.max, whole),
        "step": _number(spec.step, whole),
        "unit": spec.unit,
        "choices": list(spec.choices),
        "only": [[name, list(values)] for name, values in spec.only],
        "required": spec.required,
        "help": spec.help,
    }
    return {name: value for name, value in said.items() if _says_something(value) or name == "default"}


def _says_something(value: object) -> bool:
    """Tells a 0, which is a bound, from nothing."""
    return bool(value) or (value == 0 and value is not False)


def _number(value: float | None, whole: bool) -> float | None:
    return None if value is None else int(value) if whole else value
