"""The models there are, as rows, and what is said of one before it is used."""

from __future__ import annotations

import warnings
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from .. import config
from ..domain.card import ModelCard
from ..domain.secret import Secret
from ..engine.engine import Engine
from ..engine.keys import KeyBook, say_missing
from ..errors import BadParams, BadSettings, MissingKey
from ..providers.base import RemoteAdapter
from ..providers.registry import Registry

if TYPE_CHECKING:
    import pandas as pd

NOTICE_DAYS = 30
"""A model that its provider retires within so many days says so when it is used."""


def require_access(engine: Engine, user_id: str, card: ModelCard, given: Secret | None) -> Secret | None:
    """Makes sure that a model's provider can be reached and has its key, if it needs one; returns a key that was given.

    Args:
        engine: The engine.
        user_id: Whose call.
        card: The model.
        given: The key that came as an argument, or None.

    Raises:
        BadParams: A key was given for a model that takes none.
        BadSettings: Nobody said where the provider is; or an address or a key makes no sense.
        MissingKey: It has none; the message names every way to give one.
    """
    provider = engine.registry.provider(card.provider)
    takes_key = isinstance(provider, RemoteAdapter) and provider.key_variables
    if given is not None and not takes_key:
        raise BadParams([f"key: {card.provider} takes none"], model=card.address)
    if not isinstance(provider, RemoteAdapter):
        return None
    config.base_url_of(provider.name, provider.base_url, provider.base_url_variables)
    if given is not None:
        return config.check_key(given, "key=…")
    if not takes_key:
        return None
    if engine.keys.find(provider, user_id, afresh=True) is None and provider.key_required:
        message, next_step = say_missing(provider)
        raise MissingKey(message, next_step=next_step)
    return None


def warn_of_retirement(card: ModelCard, today: date) -> str | None:
    """Warns of a model that its provider has retired, or soon will; returns what it said.

    Args:
        card: The model.
        today: The date.
    """
    said = say_retirement(card, today)
    if said:
        warnings.warn(said, UserWarning, stacklevel=4)  # points at the line that called generate
    return said


def say_retirement(card: ModelCard, today: date) -> str | None:
    """Returns a sentence on a model that its provider has retired, or will within 30 days; names its successor."""
    if card.deprecated_on is None:
        return None
    try:
        last = date.fromisoformat(card.deprecated_on)
    except ValueError:
        return None
    if last > today + timedelta(days=NOTICE_DAYS):
        return None
    verb = "was retired" if last <= today else "is going to be retired"
    step = f" Use {card.successor} instead." if card.successor else ""
    return f"{card.address} {verb} by its provider on {last}.{step}"


def read_models(registry: Registry, keys: KeyBook, user_id: str) -> pd.DataFrame:
    """Returns one row per model; one whose id is `*` stands for every other id of its provider.

    Args:
        registry: The providers; what is wrong in their `models.toml` is warned of.
        keys: Their keys.
        user_id: Whose keys.
    """
    import pandas as pd

    for problem in registry.problems:
        warnings.warn(problem, UserWarning, stacklevel=3)  # points at the line that called studio.models()
    today = datetime.now(UTC).date().isoformat()
    present = {one.name: has_key(one, keys, user_id) for one in registry.providers()}
    rows = []
    for card in sorted(registry.cards(), key=lambda card: (not card.local, card.address)):
        rows.append({
            "model": card.address,
            "provider": card.provider,
            "title": card.title,
            "params": list(card.specs),
            "price_usd": None if (price := card.usual_price_micros) is None else price / 1e6,
            "key_present": present[card.provider],
            "deprecated": card.deprecated_on is not None and card.deprecated_on <= today,
            "retires_on": card.deprecated_on,
            "successor": card.successor,
            "source": card.source,
            "read_on": card.read_on,
            "origin": registry.origin_of(card),
        })  # fmt: skip
    return pd.DataFrame(rows)


def has_key(provider: object, keys: KeyBook, user_id: str, *, at_hand: bool = False) -> bool:
    """Tells whether a provider's key is there, or it needs none.

    Args:
        provider: Which.
        keys: The keys.
        user_id: Whose.
        at_hand: Whether to take for there what only the keyring knows, which takes a while.
    """
    if not isinstance(provider, RemoteAdapter) or not provider.key_variables or not provider.key_required:
        return True
    try:
        unknown = at_hand and not keys.is_quick(provider, user_id)
        return unknown or keys.find(provider, user_id) is not None
    except BadSettings:
        return False
