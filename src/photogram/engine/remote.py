"""Carries a task through a provider's protocol: submit, poll, fetch.

The marks are made in this order, whatever happens: `processing` with `sent_at` is committed before the first byte
leaves (by `run`), the remote handle before the first poll, the image's bytes before its row.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from typing import Any

from .. import config
from ..domain.card import ModelCard
from ..domain.records import TaskRecord
from ..domain.request import GenerationRequest, MadeImage
from ..domain.task import RemoteHandle
from ..errors import AuthFailed, DeadlineExceeded, Lost, ProviderError
from ..providers.base import RemoteAdapter
from ..providers.wire import Access, Ready, Submitted, WireAnswer, Working
from ..store import Store
from ..store import tasks as task_rows
from ..store.owners import Owner
from .clock import Clock
from .finish import Finisher
from .http import Http
from .poll import Poller, Polling
from .progress import ProgressBook
from .retry import Action, Phase, decide, pause_s, poll_pause_s
from .workers import Workers

POLL_READ_S = 30.0
FETCH_READ_S = 60.0


class Remote:
    """Speaks to providers through their adapters. Engine's thread only."""

    def __init__(
        self, *, store: Store, clock: Clock, owner: Owner, finisher: Finisher, progress: ProgressBook, http: Http,
        workers: Workers, spawn: Callable[[TaskRecord, Coroutine[Any, Any, bool]], None],
        send_later: Callable[[TaskRecord, float], None],
    ) -> None:  # fmt: skip
        self._store, self._clock, self._owner, self._finisher = store, clock, owner, finisher
        self._progress, self._http, self._workers, self._send_later = progress, http, workers, send_later
        self.poller = Poller(clock, lambda polling: spawn(polling.task, self._poll(polling)))

    @staticmethod
    def access(adapter: RemoteAdapter) -> Access:
        """Returns where a provider is and its key, as they are set now."""
        key = config.key_of(adapter.key_variable)
        return Access(base_url=config.base_url_of(adapter.name, adapter.base_url), key=key)

    async def submit(
        self, task: TaskRecord, card: ModelCard, adapter: RemoteAdapter, request: GenerationRequest
    ) -> bool:
        """Sends a task that is marked; returns whether it is over (False: it is polled).

        Raises:
            ProviderError: It failed, or is lost.
        """
        access = self.access(adapter)
        if adapter.key_variable and access.key is None:
            raise AuthFailed(f"{task.provider} needs a key.", next_step=f"Set {adapter.key_variable}.")
        sends = task.sends + 1
        try:
            answer = await self._http.send(
                task.provider, adapter.build_submit(request, access), access, read_timeout_s=card.deadline_s
            )
            found = adapter.read_submit(_checked(adapter, answer))
        except ProviderError as error:
            match decide(Phase.SUBMIT, error, sends=sends, idempotent=adapter.idempotent):
                case Action.SEND_LATER:
                    await self._finisher.evidence(task_rows.send_again_later, task.id)
                    self._finisher.announce(task)
                    self._send_later(replace(task, sends=sends), pause_s(error, sends))
                    return True
                case Action.LOSE:
                    raise Lost(f"{error.message} It may have been made, and billed.", detail=error.detail) from error
                case _:
                    raise
        if isinstance(found, Ready):
            await self._collect(task, card, adapter, access, found, self._clock.awake_s() + card.deadline_s)
            return True
        await self._keep_handle(task, found)
        self.poll_on(replace(task, handle=found.handle, sends=sends), card, adapter)
        return False

    async def _keep_handle(self, task: TaskRecord, submitted: Submitted) -> None:
        await asyncio.wrap_future(self._workers.submit(self._owner.journal, task.id, submitted.handle))
        await self._finisher.evidence(task_rows.save_handle, task.id, submitted.handle)
        self._finisher.announce(task)

    def poll_on(self, task: TaskRecord, card: ModelCard, adapter: RemoteAdapter) -> None:
        """Starts polling a task that has a handle."""
        assert task.handle
        self.poller.add(
            Polling(
                task=task, card=card, adapter=adapter, access=self.access(adapter), handle=task.handle,
                deadline_awake_s=self._clock.awake_s() + card.deadline_s,
            )
        )  # fmt: skip

    async def _poll(self, polling: Polling) -> bool:
        """Asks once; returns whether the task is over (False: it is asked about again)."""
        task, adapter = polling.task, polling.adapter
        last = self._clock.awake_s() >= polling.deadline_awake_s
        polling.polls += 1
        try:
            request = adapter.build_poll(polling.handle, polling.access)
            answer = await self._http.send(task.provider, request, polling.access, read_timeout_s=POLL_READ_S)
            found = adapter.read_poll(_checked(adapter, answer))
        except ProviderError as error:
            if decide(Phase.POLL, error, sends=task.sends, idempotent=True) is Action.FAIL:
                raise
            found = Working()
        if isinstance(found, Ready):
            await self._collect(task, polling.card, adapter, polling.access, found, polling.deadline_awake_s)
            return True
        if last:
            raise DeadlineExceeded("No result within the deadline.")
        self._progress.note(task, found.progress, found.queue_position)
        if not polling.dropped:
            self.poller.add(polling)
        return polling.dropped

    async def _collect(
        self, task: TaskRecord, card: ModelCard, adapter: RemoteAdapter, access: Access, ready: Ready, deadline: float
    ) -> None:
        """Gets the image's bytes, asking as often as it takes until the deadline, and ends the task."""
        data, tries = ready.data, 0
        while data is None:
            try:
                request = adapter.build_fetch(ready, access)
                answer = await self._http.fetch(task.provider, request, access, read_timeout_s=FETCH_READ_S)
                data = _checked(adapter, answer).content
            except ProviderError as error:
                late = self._clock.awake_s() >= deadline
                if late or decide(Phase.FETCH, error, sends=task.sends, idempotent=True) is Action.FAIL:
                    raise
                await self._clock.sleep(poll_pause_s(tries))
                tries += 1
        cost = ready.cost_micros
        if cost is None and task.handle:
            cost = task.handle.cost_micros
        await self._finisher.succeed(task, card, MadeImage(data=data, seed=ready.seed, cost_micros=cost))

    async def cancel(self, adapter: RemoteAdapter, handle: RemoteHandle) -> None:
        """Asks the provider to stop a job, where it can. It is cancelled here in any case, and may be billed there."""
        access = self.access(adapter)
        request = adapter.build_cancel(handle, access)
        if request is not None:
            with suppress(ProviderError):
                await self._http.send(adapter.name, request, access, read_timeout_s=POLL_READ_S)


def _checked(adapter: RemoteAdapter, answer: WireAnswer) -> WireAnswer:
    if not 200 <= answer.status < 300:
        raise adapter.read_error(answer)
    return answer
