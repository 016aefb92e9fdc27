"""Titles by AI: after a topic's first image a text model names it; never in anybody's way, never against a person."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from ..domain.events import Event, EventKind
from ..domain.ids import new_id
from ..domain.price import read_micros
from ..domain.records import TaskRecord
from ..errors import BadResponse, MissingKey, NotFound, PhotogramError, ProviderError
from ..providers.base import RemoteAdapter
from ..providers.registry import Registry
from ..store import Store
from ..store.titles import claim_title, first_prompt, keep_title, used_providers, wants_titles
from .clock import Clock
from .http import Http
from .keys import KeyBook
from .loop import EngineThread
from .talk import STUMBLES, checked

log = logging.getLogger("photogram")

ANSWER_S = 30.0
"""Seconds that a title may take; then the one made by rule stays."""

REMEMBERED = 10_000


class Titler:
    """Asks for titles. Engine's thread only."""

    def __init__(
        self, *, store: Store, registry: Registry, http: Http, thread: EngineThread, clock: Clock,
        publish: Callable[[Event], None], keys: KeyBook,
    ) -> None:  # fmt: skip
        self._store, self._registry, self._http, self._keys = store, registry, http, keys
        self._thread, self._clock, self._publish = thread, clock, publish
        self._seen: dict[str, None] = {}

    def after_success(self, task: TaskRecord) -> None:
        """Sees to the title of a topic that has just got an image; returns at once."""
        if task.topic_id in self._seen:
            return
        self._seen[task.topic_id] = None
        if len(self._seen) > REMEMBERED:
            del self._seen[next(iter(self._seen))]
        self._thread.spawn(self._by_itself(task), f"title of {task.topic_id}")

    async def _by_itself(self, task: TaskRecord) -> None:
        try:
            wanted = await asyncio.wrap_future(self._store.read(wants_titles, task.user_id))
            used = self._registry.provider(task.provider)
            can = isinstance(used, RemoteAdapter) and self._can(task.user_id, used, task.batch_id)
            adapter = used if isinstance(used, RemoteAdapter) and can else None
            if wanted and adapter is None:
                adapter = next(iter(self._able(task.user_id)), None)
            if wanted is False or adapter is None:
                return
            prompt = await asyncio.wrap_future(self._store.write(claim_title, task.user_id, task.topic_id))
            if prompt is not None:
                await self._ask(task.user_id, task.topic_id, adapter, prompt, task.batch_id)
        except PhotogramError as error:  # a courtesy: the title made by rule stays
            log.info("the topic keeps its title: %s", error.message)

    async def suggest(self, user_id: str, topic_id: str, provider: str | None) -> str:
        """Asks for a title, books it, and gives it to the topic unless a person named that; returns it.

        Args:
            user_id: Whose topic.
            topic_id: Which one.
            provider: Whose text model to ask; else that of a provider used in the topic, else of any with a key.

        Raises:
            NotFound: The topic is not there, or has no prompt yet.
            MissingKey: No provider with a text model has a key.
            ProviderError: It could not be had.
        """
        prompt = await asyncio.wrap_future(self._store.read(first_prompt, user_id, topic_id))
        if prompt is None:
            raise NotFound("The topic has no prompt yet.", next_step="Make an image in it first.")
        if provider is not None:
            named = self._registry.provider(provider)
            able = [named] if isinstance(named, RemoteAdapter) and self._can(user_id, named) else []
        else:
            used = await asyncio.wrap_future(self._store.read(used_providers, user_id, topic_id))
            able = sorted(self._able(user_id), key=lambda one: used.index(one.name) if one.name in used else len(used))
        if not able:
            has = [
                one.name for one in self._registry.providers() if isinstance(one, RemoteAdapter) and one.facts().chat
            ]
            raise MissingKey(
                "No provider with a text model has a key.", next_step=f"Set the key of one of {', '.join(has)}."
            )
        return await self._ask(user_id, topic_id, able[0], prompt)

    def _can(self, user_id: str, adapter: RemoteAdapter, batch_id: str = "") -> bool:
        """Tells whether a provider has a text model, and a key (which may be one batch's) where it needs one."""
        access = self._keys.access_at_hand(adapter, user_id, batch_id)
        return access is not None and adapter.build_title("", access) is not None

    def _able(self, user_id: str) -> list[RemoteAdapter]:
        return [one for one in self._registry.providers() if isinstance(one, RemoteAdapter) and self._can(user_id, one)]

    async def _ask(
        self, user_id: str, topic_id: str, adapter: RemoteAdapter, prompt: str, batch_id: str = ""
    ) -> str:  # fmt: skip
        """Asks a text model, books what that cost, gives the topic its title, and returns it."""
        access = self._keys.access_at_hand(adapter, user_id, batch_id)
        request = adapter.build_title(prompt, access) if access else None
        assert access
        assert request
        place = f"{adapter.name}: titles"
        try:
            answer = await self._http.send(place, request, access, read_timeout_s=ANSWER_S, total_s=ANSWER_S)
            text, cost_micros = adapter.read_title(checked(adapter, answer))
        except ProviderError as error:
            self._keys.hide(adapter, error)
            await self._keep(user_id, topic_id, None, error.cost_micros)
            raise
        except STUMBLES as error:
            raise BadResponse("The text model's answer makes no sense.", detail=type(error).__name__) from error
        await self._keep(user_id, topic_id, text, cost_micros)
        self._publish(Event(kind=EventKind.TOPIC, user_id=user_id, topic_id=topic_id))
        return text

    async def _keep(self, user_id: str, topic_id: str, title: str | None, cost_micros: int | None) -> None:
        write = self._store.write_evidence(
            keep_title,
            user_id,
            topic_id,
            title,
            new_id("led"),
            read_micros(cost_micros) or 0,
            self._clock.now(),
        )
        await asyncio.wrap_future(write)
