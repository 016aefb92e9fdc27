"""Sends tasks to their providers, and hands what is accepted to `follow` or `collect`.

The marks are made in this order, whatever happens: `processing` with `sent_at` is committed before the first byte
leaves (by `run`), the remote handle before the first poll, the image's bytes before its row.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from ..domain.card import ModelCard
from ..domain.records import TaskRecord
from ..domain.request import GenerationRequest
from ..domain.task import RemoteHandle, TaskStatus
from ..errors import AuthFailed, BadSettings, Lost, OutOfCredit, ProviderError, Unreachable
from ..providers.base import RemoteAdapter
from ..providers.wire import Access, Ready, Submitted
from ..store.owners import Owner
from ..store.sending import save_handle, send_again_later
from .clock import Clock
from .collect import Collector
from .finish import Finisher
from .follow import Follower, say_what_to_do
from .http import Http
from .keys import KeyBook, name_key, say_missing
from .loop import EngineThread
from .progress import ProgressBook
from .queue import Queues
from .retry import Action, Phase, decide, pause_s
from .talk import Talk
from .workers import Workers

log = logging.getLogger("photogram")

PROBE_S = 10.0
"""So long after a pause one task is alone on its way, unless its provider says sooner whether it takes it."""


class Remote:
    """Speaks to providers through their adapters. Engine's thread only.

    Attributes:
        collector: Gets what was made.
        follower: Asks about what providers work on.
        talk: Speaks with them.
        unkept: Handles that are not in their rows yet, by task id.
    """

    def __init__(
        self, *, clock: Clock, owner: Owner, finisher: Finisher, progress: ProgressBook, http: Http,
        workers: Workers, queues: Queues, spawn: Callable[[TaskRecord, Coroutine[Any, Any, bool]], None],
        thread: EngineThread, keys: KeyBook,
    ) -> None:  # fmt: skip
        self._clock, self._owner, self._finisher, self._queues = clock, owner, finisher, queues
        self._progress, self._workers, self._thread, self._keys = progress, workers, thread, keys
        self.unkept: dict[str, RemoteHandle] = {}
        self.talk = Talk(http=http, workers=workers, progress=progress, clock=clock)
        self.collector = Collector(clock=clock, finisher=finisher, progress=progress, talk=self.talk)
        self.follower = Follower(
            clock=clock, owner=owner, finisher=finisher, progress=progress, queues=queues, keys=keys, talk=self.talk,
            collector=self.collector, spawn=spawn, access=self.access,
        )  # fmt: skip

    async def access(self, task: TaskRecord, adapter: RemoteAdapter) -> Access:
        """Returns where a task's provider is and by which key it is let in, as they are set now.

        Raises:
            AuthFailed: Its key is missing, or where it is; or one of these makes no sense.
        """
        look = partial(self._keys.access, adapter, task.user_id, task.batch_id)
        try:
            quick = self._keys.is_quick(adapter, task.user_id, task.batch_id)
            access = look() if quick else await asyncio.wrap_future(self._workers.submit(look))
        except BadSettings as error:
            raise AuthFailed(error.message, next_step=error.next_step) from error
        if adapter.key_variables and adapter.key_required and access.key is None:
            message, next_step = say_missing(adapter)
            raise AuthFailed(message, next_step=next_step)
        return access

    async def submit(
        self, task: TaskRecord, card: ModelCard, adapter: RemoteAdapter, request: GenerationRequest,
        may_send: Callable[[], Awaitable[bool]],
    ) -> bool:  # fmt: skip
        """Sends a task that is marked; returns whether it is over for now (False: it is polled).

        Args:
            task: The task.
            card: Its model.
            adapter: Who builds the requests and reads the answers.
            request: What to make.
            may_send: Asked last: whether the task is still to be sent, however long it took until here.

        Raises:
            ProviderError: It failed, or is lost.
        """
        began, tries, phase = self._clock.monotonic(), task.tries, Phase.UPLOAD
        access: Access | None = None
        try:
            access = await self.access(task, adapter)
            request = await self.talk.upload(task, adapter, access, request)
            if not await may_send():
                return True
            phase = Phase.SUBMIT
            found = await self.talk.submit(task, card, adapter, access, request)
        except ProviderError as error:
            self._keys.hide(adapter, error)
            key = name_key(access.key) if access else self._keys.name(adapter, task.user_id, task.batch_id)
            counts = not self._queues.line(task.provider).paused_at > began
            self._progress.trouble(task.provider, error)
            action = decide(phase, error, tries=tries + counts, idempotent=adapter.idempotent)
            if action in (Action.FAIL, Action.FAIL_AND_STOP):
                self.talk.sent.discard(task.id)  # it was turned away
            if action is not Action.FAIL_AND_STOP:
                await self._let_in(task, key)
            if decide(phase, error, tries=0, idempotent=adapter.idempotent) is Action.SEND_LATER:
                note = self._pause(task, error, counts)  # also after its last try: the others would hear the same
            match action:
                case Action.SEND_LATER:
                    await self._send_later(task, note, tries + counts, counts)
                    return True
                case Action.LOSE:
                    raise Lost(f"{error.message} It may have been made, and billed.", detail=error.detail) from error
                case Action.FAIL_AND_STOP:
                    await self._stop_key(task, error, key)
                    return True
                case _:
                    raise
        self._progress.reached(task.provider)
        if handle := _handle_of(task, found):
            await self._keep_handle(task, handle)
            task = replace(task, handle=handle, sends=task.sends + 1)
        self._queues.accepted(task.provider, name_key(access.key))
        await self._let_in(task, name_key(access.key))
        if isinstance(found, Ready):
            try:
                deadline = self._clock.awake_s() + card.deadline_s
                await self.collector.collect(task, card, adapter, access, found, deadline)
                return True
            except (AuthFailed, OutOfCredit):
                if task.handle is None:
                    raise
        self.follower.follow(task, card, adapter)
        return False

    async def _let_in(self, task: TaskRecord, key: str) -> None:
        """Lets go on what had stopped, once the task that was sent as a trial was not turned away for key or credit."""
        line = self._queues.line(task.provider)
        if line.trials.get(key) == task.id:
            line.refused.discard(key)
            await self.go_on(task.provider, key)

    async def go_on(self, provider: str | None = None, key: str | None = None) -> list[TaskRecord]:
        """Lets what waits for the user go on, of this provider and with this key (or all); returns those tasks."""
        held = self._queues.held_up(provider)
        self._queues.go(provider, key)
        still = {task.id for task in self._queues.held_up(provider)}
        freed = [task for task in held if task.id not in still]
        asked = self.follower.poller.wake(provider)
        await self._progress.say_waiting(freed, None)
        return [*freed, *asked]

    def _pause(self, task: TaskRecord, error: ProviderError, anew: bool) -> str:
        """Pauses a provider's line, because what hit this task would hit the others; returns why and until when."""
        wait_s = pause_s(error, self._queues.count_pause(task.provider, anew=anew))
        until = self._clock.now() + timedelta(seconds=wait_s)
        said = self._progress.trouble(task.provider, error)
        note = f"{said} Waiting until {until:%H:%M:%S} UTC."
        if isinstance(error, Unreachable):
            note = f"{said} It is tried again at {until:%H:%M:%S} UTC."
        self._queues.pause(task.provider, wait_s)
        self._wake_later(task.provider, wait_s, note)
        return note

    def _wake_later(self, provider: str, pause_s: float, note: str) -> None:
        """Says of a paused line why it waits, and lets it go on when its pause is over: with one task at first."""
        line = self._queues.line(provider)

        async def later() -> None:
            await self._progress.say_waiting(self._queues.free(provider), note)
            await self._clock.sleep(pause_s)
            while (left_s := line.paused_until - self._clock.monotonic()) > 0:
                await self._clock.sleep(left_s + 0.01)
            pauses = line.pauses
            self._queues.fill(provider)
            await self._progress.say_waiting(self._queues.free(provider), None)
            await self._clock.sleep(PROBE_S)
            if line.pauses == pauses:  # it was not turned away: an answer may take minutes
                self._queues.widen(provider)

        self._thread.spawn(later(), f"pause of {provider}")

    async def _send_later(self, task: TaskRecord, note: str, tries: int, spends_try: bool) -> None:
        """Puts a task back in its line."""
        self._progress.forget(task.id)  # what it was told before must not be written after this
        await self._finisher.evidence(send_again_later, task.id, note, spends_try=spends_try)
        self._finisher.announce(task)
        self._queues.put_back(replace(task, tries=tries, sends=task.sends + 1, status=TaskStatus.PENDING))

    async def _stop_key(self, task: TaskRecord, error: ProviderError, key: str) -> None:
        """Ends the first task that a provider turned away for its key or credit; all others with it wait for the user.

        A key that was turned away before ends no other task: `resume()` may be called as often as one likes.
        """
        why, line = say_what_to_do(error), self._queues.line(task.provider)
        stood, known = key in line.stopped, key in line.refused
        if isinstance(error, AuthFailed):
            self._keys.note_refused(task.batch_id)
        self._queues.stop(task.provider, why, key)
        if not stood:
            stopped = [one for one in self._queues.held_up(task.provider) if self._queues.why_stopped(one) == why]
            await self._progress.say_waiting(stopped, why)
        if not known:
            raise error
        self._progress.forget(task.id)
        await self._finisher.evidence(send_again_later, task.id, why)
        self._queues.put_back(replace(task, sends=task.sends + 1, status=TaskStatus.PENDING))
        for other in {one.batch_id: one for one in self._queues.held_up(task.provider)}.values():
            self._finisher.announce(other)  # a trial that failed is news to all who wait for it
        self._finisher.announce(task)

    async def _keep_handle(self, task: TaskRecord, handle: RemoteHandle) -> None:
        """Keeps what was paid for: in the journal, for whoever takes over, and in its row; one of them is enough."""
        self.unkept[task.id] = handle
        try:
            await asyncio.wrap_future(self._workers.submit(self._owner.journal, task.id, handle))
        except OSError as error:
            log.warning("the handle of %s is in no journal: %s", task.id, error)
        try:
            await self._finisher.evidence(save_handle, task.id, handle)
        finally:
            del self.unkept[task.id]
        self._finisher.announce(task)

    async def cancel(self, task: TaskRecord, adapter: RemoteAdapter, handle: RemoteHandle) -> bool:
        """Asks the provider to stop a job; returns whether it said that it will. It is cancelled here in any case."""
        if handle.image_url:
            return False  # there is no job: it is made
        try:
            access = await self.access(task, adapter)
        except AuthFailed:
            return False
        return await self.talk.cancel(adapter, access, handle)


def _handle_of(task: TaskRecord, found: Submitted | Ready) -> RemoteHandle | None:
    """Returns by what a paid image can be had once more; None for one that came with the answer."""
    if isinstance(found, Submitted):
        return found.handle
    if not found.url:
        return None
    return RemoteHandle(
        remote_id="", image_url=found.url, model=task.model, seed=found.seed, cost_micros=found.cost_micros,
        cost_source=found.cost_source,
    )  # fmt: skip


def is_loopback(base_url: str) -> bool:
    """Tells whether a provider is on this machine, so that no limit of sends is needed."""
    host = urlsplit(base_url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")
