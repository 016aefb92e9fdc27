"""The models there are, as rows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from .. import config
from ..domain.card import ModelCard
from ..errors import MissingKey
from ..providers.base import RemoteAdapter
from ..providers.registry import Provider, Registry


def require_key(registry: Registry, card: ModelCard) -> None:
    """Makes sure that a model's provider has its key, if it needs one.

    Raises:
        MissingKey: It has none; the message names the environment variable.
    """
    provider = registry.provider(card.provider)
    if isinstance(provider, RemoteAdapter) and not has_key(provider):
        variable = provider.key_variables[0]
        raise MissingKey(f"{card.provider} needs a key.", next_step=f"Set the environment variable {variable}.")


def has_key(provider: Provider) -> bool:
    """Tells whether a provider's key is there, or it needs none."""
    if not isinstance(provider, RemoteAdapter) or not provider.key_variables or not provider.key_required:
        return True
    return config.find_key(provider.name, provider.key_variables) is not None


def list_models(registry: Registry) -> list[dict[str, Any]]:
    """Returns one row per model: model, provider, title, params, price_usd, key_present, deprecated."""
    today = datetime.now(UTC).date().isoformat()
    rows = []
    for card in sorted(registry.cards(), key=lambda card: (not card.local, card.address)):
        rows.append({
            "model": card.address,
            "provider": card.provider,
            "title": card.title,
            "params": list(card.specs),
            "price_usd": None if (price := card.usual_price_micros) is None else price / 1e6,
            "key_present": has_key(registry.provider(card.provider)),
            "deprecated": card.deprecated_on is not None and card.deprecated_on <= today,
        })  # fmt: skip
    return rows
