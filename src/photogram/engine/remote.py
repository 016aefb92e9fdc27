"""Carries a task through a provider's protocol: submit, poll, fetch.

The marks are made in this order, whatever happens: `processing` with `sent_at` is committed before the first byte
leaves (by `run`), the remote handle before the first poll, the image's bytes before its row.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlsplit

from .. import config
from ..domain.card import ModelCard
from ..domain.records import TaskRecord
from ..domain.request import GenerationRequest, MadeImage
from ..domain.task import RemoteHandle, TaskStatus
from ..errors import AuthFailed, DeadlineExceeded, Expired, Lost, ProviderError, Unreachable
from ..providers.base import RemoteAdapter
from ..providers.wire import Access, Ready, Submitted, WireAnswer, Working
from ..store.owners import Owner
from ..store.sending import note_waiting, save_handle, send_again_later
from .clock import Clock
from .finish import Finisher
from .http import Http
from .poll import Poller, Polling
from .progress import ProgressBook
from .queue import Queues
from .retry import Action, Phase, decide, pause_s, poll_pause_s
from .workers import Workers

T = TypeVar("T")

LARGE_BYTES = 200_000
POLL_READ_S = 30.0
FETCH_READ_S = 60.0


class Remote:
    """Speaks to providers through their adapters. Engine's thread only."""

    def __init__(
        self, *, clock: Clock, owner: Owner, finisher: Finisher, progress: ProgressBook, http: Http,
        workers: Workers, queues: Queues, spawn: Callable[[TaskRecord, Coroutine[Any, Any, bool]], None],
        wake_later: Callable[[str, float, str], None],
    ) -> None:  # fmt: skip
        self._clock, self._owner, self._finisher, self._queues = clock, owner, finisher, queues
        self._progress, self._http, self._workers, self._wake_later = progress, http, workers, wake_later
        self._unreachable_since: dict[str, datetime] = {}
        self.poller = Poller(clock, lambda polling: spawn(polling.task, self._poll(polling)))

    @staticmethod
    def access(adapter: RemoteAdapter) -> Access:
        """Returns where a provider is and its key, as they are set now."""
        key = config.key_of(adapter.key_variable)
        return Access(base_url=config.base_url_of(adapter.name, adapter.base_url), key=key)

    async def submit(
        self, task: TaskRecord, card: ModelCard, adapter: RemoteAdapter, request: GenerationRequest
    ) -> bool:
        """Sends a task that is marked; returns whether it is over for now (False: it is polled).

        Raises:
            ProviderError: It failed, or is lost.
        """
        access = self.access(adapter)
        began, tries = self._clock.monotonic(), task.tries
        try:
            if adapter.key_variable and access.key is None:
                raise AuthFailed(f"{task.provider} needs a key.", next_step=f"Set {adapter.key_variable}.")
            wire = adapter.build_submit(request, access)
            answer = await self._http.send(
                task.provider, wire, access, read_timeout_s=card.deadline_s, total_s=card.deadline_s
            )
            found = await self._read(adapter.read_submit, _checked(adapter, answer))
        except ProviderError as error:
            counts = not self._queues.line(task.provider).paused_at > began
            match decide(Phase.SUBMIT, error, tries=tries + counts, idempotent=adapter.idempotent):
                case Action.SEND_LATER:
                    await self._send_later(task, error, tries + counts, counts)
                    return True
                case Action.LOSE:
                    raise Lost(f"{error.message} It may have been made, and billed.", detail=error.detail) from error
                case Action.FAIL_AND_STOP:
                    await self._stop_line(task, error)
                    return True
                case _:
                    raise
        if isinstance(found, Ready):
            await self._collect(task, card, adapter, access, found, self._clock.awake_s() + card.deadline_s)
            return True
        await self._keep_handle(task, found)
        self.poll_on(replace(task, handle=found.handle, sends=task.sends + 1), card, adapter)
        return False

    async def _send_later(self, task: TaskRecord, error: ProviderError, tries: int, spends_try: bool) -> None:
        """Puts a task back, and pauses its provider's line: what hit this one would hit the others."""
        wait_s = pause_s(error, tries)
        until = self._clock.now() + timedelta(seconds=wait_s)
        note = f"{error.message} Waiting until {until:%H:%M:%S} UTC."
        if isinstance(error, Unreachable):
            note = f"{error.message} Check your connection; it is tried again at {until:%H:%M:%S} UTC."
        self._queues.pause(task.provider, wait_s)
        await self._finisher.evidence(send_again_later, task.id, note, spends_try=spends_try)
        self._finisher.announce(task)
        self._queues.put_back(replace(task, tries=tries, sends=task.sends + 1, status=TaskStatus.PENDING))
        self._wake_later(task.provider, wait_s, note)

    async def _stop_line(self, task: TaskRecord, error: ProviderError) -> None:
        """Ends the first task that the provider turned away for its key or credit; the others wait for the user."""
        why = f"{error.message} {error.next_step} Then studio.resume() goes on."
        if self._queues.stop(task.provider, why):
            waiting = list(self._queues.line(task.provider).waiting)
            await self._finisher.evidence(note_waiting, waiting, why)
            raise error
        await self._finisher.evidence(send_again_later, task.id, why)
        self._finisher.announce(task)
        self._queues.put_back(replace(task, sends=task.sends + 1, status=TaskStatus.PENDING))

    async def _keep_handle(self, task: TaskRecord, submitted: Submitted) -> None:
        await asyncio.wrap_future(self._workers.submit(self._owner.journal, task.id, submitted.handle))
        await self._finisher.evidence(save_handle, task.id, submitted.handle)
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
        task = polling.task
        last = self._clock.awake_s() >= polling.deadline_awake_s
        polling.polls += 1
        said = None
        try:
            found = await self._ask(polling)
        except ProviderError as error:
            if decide(Phase.POLL, error, tries=0, idempotent=True) is Action.FAIL:
                raise (polling.expired or error) from error
            found, said = Working(), self._trouble(task.provider, error)
        else:
            self._unreachable_since.pop(task.provider, None)
        if isinstance(found, Ready):
            try:
                await self._collect(
                    task, polling.card, polling.adapter, polling.access, found, polling.deadline_awake_s
                )
                return True
            except Expired as error:
                if polling.expired:
                    raise
                polling.expired, polling.polls, found = error, 0, Working()  # asked, once, for another address
        if last and not polling.overdue:
            polling.overdue = True
            await self._finisher.fail(task, polling.expired or DeadlineExceeded("No result within the deadline."))
            self._queues.done(task)
        if not polling.overdue:
            self._progress.note(task, found.progress, found.queue_position, said)
        expires_at = polling.handle.expires_at
        if polling.overdue and expires_at is not None and self._clock.now_s() > expires_at:
            return True
        if not polling.dropped:
            self.poller.add(polling)
        return polling.dropped

    async def _ask(self, polling: Polling) -> Working | Ready:
        request = polling.adapter.build_poll(polling.handle, polling.access)
        answer = await self._http.send(
            polling.task.provider, request, polling.access, read_timeout_s=POLL_READ_S, total_s=2 * POLL_READ_S
        )
        return await self._read(polling.adapter.read_poll, _checked(polling.adapter, answer))

    async def _read(self, read: Callable[[WireAnswer], T], answer: WireAnswer) -> T:
        """Reads an answer; a large one (an image in base64) off the event loop."""
        if len(answer.content) < LARGE_BYTES:
            return read(answer)
        return await asyncio.wrap_future(self._workers.submit(read, answer))

    def _trouble(self, provider: str, error: ProviderError) -> str:
        """Says for people why a poll brought nothing."""
        if not isinstance(error, Unreachable):
            return error.message
        since = self._unreachable_since.setdefault(provider, self._clock.now())
        return f"{error.message} Check your connection; it has been so since {since:%H:%M:%S} UTC."

    async def _collect(
        self, task: TaskRecord, card: ModelCard, adapter: RemoteAdapter, access: Access, ready: Ready, deadline: float
    ) -> None:
        """Gets the image's bytes, asking as often as it takes until the deadline, and ends the task.

        Raises:
            ProviderError: The address is gone (`Expired`), the deadline passed, or what came is no image; with what it
                cost, for it was made.
        """
        cost = ready.cost_micros
        if cost is None and task.handle:
            cost = task.handle.cost_micros
        data, tries = ready.data, 0
        while data is None:
            try:
                request = adapter.build_fetch(ready, access)
                answer = await self._http.fetch(task.provider, request, access, read_timeout_s=FETCH_READ_S)
                if answer.status in (403, 404, 410):
                    said = "The image was made and billed, but its address has expired."
                    raise Expired(said, next_step="Retry makes, and bills, it anew.", detail=answer.excerpt())
                data = _checked(adapter, answer).content
            except ProviderError as error:
                error.cost_micros = cost if cost is not None else card.price_micros
                if decide(Phase.FETCH, error, tries=0, idempotent=True) is Action.FAIL:
                    raise
                if self._clock.awake_s() >= deadline:
                    said = "The image was made and billed, but could not be fetched within the deadline."
                    late = DeadlineExceeded(said, detail=f"{error.message}\n{error.detail}")
                    late.cost_micros = error.cost_micros
                    raise late from error
                await self._clock.sleep(poll_pause_s(tries))
                tries += 1
        await self._finisher.succeed(task, card, MadeImage(data=data, seed=ready.seed, cost_micros=cost), foreign=True)

    async def cancel(self, adapter: RemoteAdapter, handle: RemoteHandle) -> bool:
        """Asks the provider to stop a job; returns whether it said that it will. It is cancelled here in any case."""
        access = self.access(adapter)
        request = adapter.build_cancel(handle, access)
        if request is None:
            return False
        try:
            answer = await self._http.send(adapter.name, request, access, read_timeout_s=POLL_READ_S)
        except ProviderError:
            return False
        return 200 <= answer.status < 300


def is_loopback(base_url: str) -> bool:
    """Tells whether a provider is on this machine, so that no limit of sends is needed."""
    host = urlsplit(base_url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


def _checked(adapter: RemoteAdapter, answer: WireAnswer) -> WireAnswer:
    if not 200 <= answer.status < 300:
        raise adapter.read_error(answer)
    return answer
