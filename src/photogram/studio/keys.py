"""The keys of a studio: where each comes from, never what it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .. import config
from ..display.markup import escape, frame
from ..domain.secret import Secret
from ..engine.keys import KeyBook, KeyCheck
from ..errors import BadSettings, NotFound, UserError
from ..providers.base import RemoteAdapter
from ..providers.registry import Registry
from .waiting import wait_for

if TYPE_CHECKING:
    from .studio import Studio


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPlace:
    """Where a provider's key comes from.

    Attributes:
        provider: Its short name.
        source: "session", an environment variable's name, "keyring", or "" where there is none.
        variables: The environment variables that may hold it; the first is the usual one.
        required: Whether nothing goes without it.
        problem: What is wrong with it, or "".
    """

    provider: str
    source: str
    variables: tuple[str, ...]
    required: bool
    problem: str = ""

    def __str__(self) -> str:
        if self.problem:
            return self.problem
        if self.source:
            return f"•••• from {'the ' if self.source in ('session', 'keyring') else ''}{self.source}"
        return f"none; {self.variables[0]} would be used{'' if self.required else ', but it goes without'}"


def list_keys(registry: Registry, book: KeyBook, user_id: str) -> list[KeyPlace]:
    """Returns where the key of each provider that takes one comes from."""
    return [
        place_key(one, book, user_id)
        for one in sorted(registry.providers(), key=lambda one: one.name)
        if isinstance(one, RemoteAdapter) and one.key_variables
    ]


def place_key(provider: RemoteAdapter, book: KeyBook, user_id: str) -> KeyPlace:
    """Returns where one provider's key comes from."""
    source = problem = ""
    try:
        if found := book.find(provider, user_id):
            source = found.source
    except BadSettings as error:
        problem = error.message
    return KeyPlace(
        provider=provider.name, source=source, variables=tuple(provider.key_variables),
        required=provider.key_required, problem=problem,
    )  # fmt: skip


def keyed_provider(registry: Registry, name: str) -> RemoteAdapter:
    """Returns a provider that takes a key.

    Raises:
        UnknownModel: There is no such provider.
        UserError: It takes none.
    """
    provider = registry.provider(name)
    if not isinstance(provider, RemoteAdapter) or not provider.key_variables:
        raise UserError(f"{name} takes no key.")
    return provider


class Keys:
    """The keys of a studio's user. Any thread.

    `studio.keys["openai"] = "…"` is for this session: it stays in this process's memory, goes before the environment
    and the keyring, and is gone with the process; jobs that nobody could ask about without it go on at once.
    `studio.keys["openai"]` tells where a key comes from, never what it is. `photogram keys set openai` keeps one in
    the system's keyring.
    """

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    def __setitem__(self, provider: str, key: str | Secret) -> None:
        key = Secret(key) if isinstance(key, str) else key  # no traceback that shows variables shows the text
        key = config.check_key(key, f"studio.keys[{provider!r}]")
        found = keyed_provider(self._studio._engine.registry, provider)
        self._studio._engine.keys.set(self._studio.user, found.name, key)

    def __delitem__(self, provider: str) -> None:
        found = keyed_provider(self._studio._engine.registry, provider)
        if not self._studio._engine.keys.delete(self._studio.user, found.name):
            raise NotFound(f"This session has no key for {provider}.")

    def __getitem__(self, provider: str) -> KeyPlace:
        engine = self._studio._engine
        return place_key(keyed_provider(engine.registry, provider), engine.keys, self._studio.user)

    def __contains__(self, provider: object) -> bool:
        return any(place.provider == provider and place.source for place in self.places())

    def __iter__(self) -> Iterator[str]:
        return iter([place.provider for place in self.places()])

    def places(self) -> list[KeyPlace]:
        """Returns where the key of each provider that takes one comes from."""
        return list_keys(self._studio._engine.registry, self._studio._engine.keys, self._studio.user)

    def test(self, provider: str) -> KeyCheck:
        """Asks a provider whether its key is right, with a request that costs nothing.

        Args:
            provider: Its short name.

        Raises:
            UnknownModel: There is no such provider.
            UserError: It takes no key.
            BadSettings: Its address or the key makes no sense.
        """
        found = keyed_provider(self._studio._engine.registry, provider)
        return wait_for(self._studio._engine.check_key(self._studio.user, found))

    def __repr__(self) -> str:
        places = self.places()
        width = max((len(place.provider) for place in places), default=0)
        return "\n".join(f"{place.provider:<{width}}  {place}" for place in places)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th scope='row'>{escape(place.provider)}</th><td>{escape(place)}</td></tr>" for place in self.places()
        )
        return frame(f"<table>{rows}</table>", label="Keys")
