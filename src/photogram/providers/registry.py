"""Which providers there are: the built-in ones and those that installed packages add."""

from __future__ import annotations

import difflib
from functools import cache
from importlib.metadata import entry_points

from ..domain.card import ANY_MODEL, ModelCard
from ..errors import UnknownModel
from .base import LocalProvider, RemoteAdapter

Provider = LocalProvider | RemoteAdapter

ENTRY_POINTS = "photogram.providers"
"""Entry-point group: each entry names a class that, called without arguments, gives a provider."""


class Registry:
    """The providers of one engine, by name."""

    def __init__(self, providers: list[Provider]) -> None:
        self._providers = {provider.name: provider for provider in providers}
        self._cards = {card.address: card for provider in providers for card in provider.cards()}

    def add(self, provider: Provider) -> None:
        """Adds a provider, or replaces the one of its name."""
        self._providers[provider.name] = provider
        self._cards = {address: card for address, card in self._cards.items() if card.provider != provider.name}
        self._cards.update({card.address: card for card in provider.cards()})

    def cards(self) -> list[ModelCard]:
        """Returns every model card."""
        return list(self._cards.values())

    def providers(self) -> list[Provider]:
        """Returns every provider."""
        return list(self._providers.values())

    def card(self, address: str) -> ModelCard:
        """Returns the card of `provider:model`; a bare model name will do where only one provider has it.

        Raises:
            UnknownModel: There is none; the message names the nearest.
        """
        if address in self._cards:
            return self._cards[address]
        provider, colon, model = str(address).partition(":")
        if colon and model and (template := self._cards.get(f"{provider}:{ANY_MODEL}")):
            return template.named(model)
        named = [card for card in self._cards.values() if card.model == address]
        if len(named) == 1:
            return named[0]
        near = difflib.get_close_matches(
            str(address), [*self._cards, *(c.model for c in self._cards.values())], n=1, cutoff=0.5
        )
        hint = f" Did you mean {self.card(near[0]).address}?" if near else ""
        raise UnknownModel(f"There is no model {address!r}.{hint}")

    def provider(self, name: str) -> Provider:
        """Returns the provider of this name.

        Raises:
            UnknownModel: There is none.
        """
        if name not in self._providers:
            raise UnknownModel(f"There is no provider {name!r}.")
        return self._providers[name]


@cache
def _installed() -> tuple[type[Provider], ...]:
    return tuple(entry.load() for entry in entry_points(group=ENTRY_POINTS))


def default_registry() -> Registry:
    """Returns a registry of everything that is installed."""
    from .azure import Azure
    from .diffusers_local import Diffusers
    from .horde import Horde
    from .openai import OpenAI
    from .sketch import Sketch

    return Registry([Sketch(), Diffusers(), OpenAI(), Azure(), Horde(), *(make() for make in _installed())])
