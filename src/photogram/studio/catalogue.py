"""The models there are, as rows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from .. import config
from ..domain.card import ModelCard
from ..errors import MissingKey
from ..providers.base import LocalProvider
from ..providers.registry import Registry


def require_key(registry: Registry, card: ModelCard) -> None:
    """Makes sure that a model's provider has its key, if it needs one.

    Raises:
        MissingKey: It has none; the message names the environment variable.
    """
    variable = _key_variable(registry, card.provider)
    if variable and config.key_of(variable) is None:
        raise MissingKey(f"{card.provider} needs a key.", next_step=f"Set the environment variable {variable}.")


def _key_variable(registry: Registry, provider_name: str) -> str | None:
    provider = registry.provider(provider_name)
    return None if isinstance(provider, LocalProvider) else provider.key_variable


def list_models(registry: Registry) -> list[dict[str, Any]]:
    """Returns one row per model: model, provider, title, params, price_usd, key_present, deprecated."""
    today = datetime.now(UTC).date().isoformat()
    rows = []
    for card in sorted(registry.cards(), key=lambda card: (not card.local, card.address)):
        variable = _key_variable(registry, card.provider)
        rows.append({
            "model": card.address,
            "provider": card.provider,
            "title": card.title,
            "params": list(card.specs),
            "price_usd": None if card.price_micros is None else card.price_micros / 1e6,
            "key_present": variable is None or config.key_of(variable) is not None,
            "deprecated": card.deprecated_on is not None and card.deprecated_on <= today,
        })  # fmt: skip
    return rows
