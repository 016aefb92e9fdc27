"""Which providers there are: the built-in ones and those that installed packages add."""

from __future__ import annotations

import difflib
from fnmatch import fnmatchcase
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

from ..domain.card import ANY_MODEL, ModelCard
from ..errors import UnknownModel
from .base import LocalProvider, RemoteAdapter
from .user_models import add_models

Provider = LocalProvider | RemoteAdapter

ENTRY_POINTS = "photogram.providers"
"""Entry-point group: each entry names a class that, called without arguments, gives a provider."""


class Registry:
    """The providers of one engine, by name.

    Attributes:
        problems: What could not be added, in sentences for people.
    """

    def __init__(self, providers: list[Provider]) -> None:
        self._providers = {provider.name: provider for provider in providers}
        self._cards = {card.address: card for provider in providers for card in provider.cards()}
        self._origins: dict[str, str] = {}
        self.problems: list[str] = []

    def add(self, provider: Provider) -> None:
        """Adds a provider, or replaces the one of its name."""
        cards = {card.address: card for card in provider.cards()}
        self._providers[provider.name] = provider
        self._cards = {address: card for address, card in self._cards.items() if card.provider != provider.name}
        self._cards.update(cards)

    def note_origin(self, origin: str, *names: str) -> None:
        """Remembers where providers (by name) or models (by address) come from, in words for people."""
        self._origins.update(dict.fromkeys(names, origin))

    def origin_of(self, card: ModelCard) -> str:
        """Returns where a model comes from: "built-in", "package …", or "your models.toml"."""
        return self._origins.get(card.address) or self._origins.get(card.provider, "built-in")

    def cards(self) -> list[ModelCard]:
        """Returns every model card."""
        return list(self._cards.values())

    def providers(self) -> list[Provider]:
        """Returns every provider."""
        return list(self._providers.values())

    def card(self, address: str) -> ModelCard:
        """Returns the card of `provider:model`; a bare model name will do where only one provider has it.

        Raises:
            UnknownModel: There is none, or no longer; the message names the nearest, or its successor.
        """
        if address in self._cards:
            return self._cards[address]
        self._refuse_retired(str(address))
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
        raise UnknownModel(f"There is no model {address!r}.{hint}{self._trouble()}")

    def provider(self, name: str) -> Provider:
        """Returns the provider of this name.

        Raises:
            UnknownModel: There is none.
        """
        if name not in self._providers:
            raise UnknownModel(f"There is no provider {name!r}.{self._trouble()}")
        return self._providers[name]

    def _refuse_retired(self, address: str) -> None:
        for one in self._providers.values():
            for gone in one.facts().retired if isinstance(one, RemoteAdapter) else ():
                if fnmatchcase(address, f"{one.name}:{gone.model}") or fnmatchcase(address, gone.model):
                    raise UnknownModel(
                        f"{address} was retired by its provider on {gone.on}.",
                        next_step=f"Use {gone.successor} instead.",
                    )

    def _trouble(self) -> str:
        """Returns what may be why something is not there."""
        return f" Not everything could be added: {self.problems[0]}" if self.problems else ""


@cache
def _installed() -> tuple[tuple[str, type[Provider] | Exception], ...]:
    """Returns what installed packages add: (the package's name, the class or why it could not be loaded)."""
    found: list[tuple[str, type[Provider] | Exception]] = []
    for entry in entry_points(group=ENTRY_POINTS):
        package = entry.dist.name if entry.dist else entry.value
        try:
            found.append((package, entry.load()))
        except Exception as error:  # noqa: BLE001  whatever somebody's package does must not take the studio down
            found.append((package, error))
    return tuple(found)


def default_registry(user_file: Path | None = None, workspace_file: Path | None = None) -> Registry:
    """Returns a registry of everything that is installed, and of what `models.toml` adds.

    Args:
        user_file: The user's `models.toml`, which may change what there is.
        workspace_file: The workspace's, which only adds.
    """
    registry = Registry(_built_in())
    for package, made_by in _installed():
        if isinstance(made_by, Exception):
            registry.problems.append(f"The package {package} adds a provider that cannot be loaded: {made_by}")
            continue
        try:
            provider = made_by()
            registry.add(provider)
        except Exception as error:  # noqa: BLE001  as above: its models.toml may be wrong
            registry.problems.append(f"The package {package} adds a provider that cannot be made: {error}")
            continue
        registry.note_origin(f"package {package}", provider.name)
        if not provider.cards():
            registry.problems.append(
                f"The package {package} adds {provider.name}, which has no model: is its TOML there?"
            )
    if user_file:
        add_models(registry, user_file, of_workspace=False)
    if workspace_file and not _is_same(workspace_file, user_file):
        add_models(registry, workspace_file, of_workspace=True)
    return registry


def _is_same(one: Path, other: Path | None) -> bool:
    try:
        return other is not None and one.samefile(other)
    except OSError:
        return False


def _built_in() -> list[Provider]:
    """Returns the providers that come with the package."""
    from .a1111 import A1111
    from .ark import Ark
    from .azure import Azure
    from .bfl import BFL
    from .comfyui import ComfyUI
    from .dashscope import DashScope
    from .diffusers_local import Diffusers
    from .fal import Fal
    from .google import Google
    from .horde import Horde
    from .huggingface import HuggingFace
    from .openai import OpenAI
    from .openai_compatible import OpenAICompatible
    from .pollinations import Pollinations
    from .replicate import Replicate
    from .sketch import Sketch
    from .stability import Stability
    from .together import Together
    from .xai import XAI

    return [
        Sketch(),
        Diffusers(),
        OpenAI(),
        Azure(),
        Google(),
        XAI(),
        Together(),
        BFL(),
        Fal(),
        Replicate(),
        HuggingFace(),
        Horde(),
        ComfyUI(),
        A1111(),
        OpenAICompatible(),
        Stability(),
        DashScope(),
        Ark(),
        Pollinations(),
    ]
