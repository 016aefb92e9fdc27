"""Carries a task through a provider's protocol: submit, poll, fetch.

The marks are made in this order, whatever happens: `processing` with `sent_at` is committed before the first byte
leaves (by `run`), the remote handle before the first poll, the image's bytes before its row.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from .. import config
from ..domain.card import ModelCard
from ..domain.records import TaskRecord
from ..domain.request import GenerationRequest, MadeImage
from ..domain.task import RemoteHandle, TaskStatus
from ..errors import AuthFailed, BadResponse, DeadlineExceeded, Expired, Lost, ProviderError, Unreachable
from ..providers.base import RemoteAdapter
from ..providers.wire import Access, Ready, Submitted, Working
from ..store.owners import Owner
from ..store.sending import save_handle, send_again_later
from .clock import Clock
from .finish import Finisher, bill_of
from .http import Http
from .poll import Poller, Polling
from .progress import ProgressBook
from .queue import Queues
from .retry import Action, Phase, decide, pause_s, poll_pause_s
from .talk import Talk, checked
from .workers import Workers


class Remote:
    """Speaks to providers through their adapters. Engine's thread only.

    Attributes:
        bills: What images that are made, but not yet here, cost, and how we know, by task id.
        poller: Asks about what providers work on.
        talk: Speaks with them.
    """

    def __init__(
        self, *, clock: Clock, owner: Owner, finisher: Finisher, progress: ProgressBook, http: Http,
        workers: Workers, queues: Queues, spawn: Callable[[TaskRecord, Coroutine[Any, Any, bool]], None],
        wake_later: Callable[[str, float, str], None],
    ) -> None:  # fmt: skip
        self._clock, self._owner, self._finisher, self._queues = clock, owner, finisher, queues
        self._progress, self._workers, self._wake_later = progress, workers, wake_later
        self.talk = Talk(http=http, workers=workers, progress=progress, clock=clock)
        self._unreachable_since: dict[str, datetime] = {}
        self.bills: dict[str, tuple[int, str]] = {}
        self.poller = Poller(clock, lambda polling: spawn(polling.task, self._poll(polling)))

    @staticmethod
    def access(adapter: RemoteAdapter) -> Access:
        """Returns where a provider is and its key, as they are set now."""
        base_url = config.base_url_of(adapter.name, adapter.base_url, adapter.base_url_variables)
        home = adapter.base_url.rstrip("/")
        return Access(
            base_url=base_url, key=config.find_key(adapter.name, adapter.key_variables), own_hosts=adapter.own_hosts,
            moved_from=home if home and base_url != home else None,
        )  # fmt: skip

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
        access = self.access(adapter)
        began, tries = self._clock.monotonic(), task.tries
        try:
            if adapter.key_variables and adapter.key_required and access.key is None:
                raise AuthFailed(f"{task.provider} needs a key.", next_step=f"Set {adapter.key_variables[0]}.")
            request = await self._upload(task, adapter, access, request)
            if not await may_send():
                return True
            found = await self.talk.submit(task, card, adapter, access, request)
        except ProviderError as error:
            counts = not self._queues.line(task.provider).paused_at > began
            action = decide(Phase.SUBMIT, error, tries=tries + counts, idempotent=adapter.idempotent)
            if action is not Action.FAIL_AND_STOP:
                await self._let_in(task)
            match action:
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
        await self._let_in(task)
        if isinstance(found, Ready):
            await self._collect(task, card, adapter, access, found, self._clock.awake_s() + card.deadline_s)
            return True
        await self._keep_handle(task, found)
        self.poll_on(replace(task, handle=found.handle, sends=task.sends + 1), card, adapter)
        return False

    async def _upload(
        self, task: TaskRecord, adapter: RemoteAdapter, access: Access, request: GenerationRequest
    ) -> GenerationRequest:
        try:
            return await self.talk.upload(task, adapter, access, request)
        except Unreachable as error:  # an input image that is uploaded twice costs nothing
            raise Unreachable(error.message, sent=False, detail=error.detail) from error

    async def _let_in(self, task: TaskRecord) -> None:
        """Lets a stopped line go on once the task that was sent as a trial was not turned away for key or credit."""
        if self._queues.line(task.provider).trial == task.id:
            await self.go_on(task.provider)

    async def go_on(self, provider: str | None = None) -> list[TaskRecord]:
        """Lets this provider's line (or all) go on that stopped until the user has acted; returns what waited there."""
        tasks = self._queues.held_up(provider)
        self._queues.go(provider)
        await self._progress.say_waiting(tasks, None)
        return tasks

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
            await self._progress.say_waiting(self._queues.held_up(task.provider), why)
            raise error
        await self._finisher.evidence(send_again_later, task.id, why)
        self._queues.put_back(replace(task, sends=task.sends + 1, status=TaskStatus.PENDING))
        for other in {one.batch_id: one for one in self._queues.held_up(task.provider)}.values():
            self._finisher.announce(other)  # a trial that failed is news to all who wait for it
        self._finisher.announce(task)

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
            found = await self.talk.poll(task, polling.adapter, polling.access, polling.handle)
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
        told = ready.cost_micros
        if told is None and task.handle:
            told = task.handle.cost_micros
        bill = self.bills[task.id] = bill_of(task, card, told, ready.cost_source)

        async def keep(data: bytes) -> None:
            made = MadeImage(data=data, seed=ready.seed, cost_micros=told, cost_source=ready.cost_source)
            await self._finisher.succeed(task, card, made, foreign=True)

        try:
            if ready.data is None:
                await self._download(task, adapter, access, ready, deadline, keep)
            else:
                await keep(ready.data)
        except ProviderError as error:
            shown = _spoilt(task, error) if isinstance(error, BadResponse) else error
            shown.cost_micros, shown.cost_source = bill
            raise shown from (None if shown is error else error)
        finally:
            del self.bills[task.id]

    async def _download(
        self, task: TaskRecord, adapter: RemoteAdapter, access: Access, ready: Ready, deadline: float,
        keep: Callable[[bytes], Coroutine[Any, Any, None]],
    ) -> None:  # fmt: skip
        """Fetches the image's bytes, asking as often as it takes until the deadline, and stores them."""
        tries = spoilt = 0
        while True:
            try:
                answer = await self.talk.download(task, adapter, access, ready)
                if answer.status in (403, 404, 410):
                    said = "The image was made and billed, but its address has expired."
                    raise Expired(said, next_step="Retry makes, and bills, it anew.", detail=answer.excerpt())
                try:
                    return await keep(checked(adapter, answer).content)
                except BadResponse as error:  # a page of a delivery network, or the first half of a file
                    error.accepted = True
                    raise
            except ProviderError as error:
                spoilt += isinstance(error, BadResponse)
                if decide(Phase.FETCH, error, tries=spoilt, idempotent=True) is Action.FAIL:
                    raise
                if self._clock.awake_s() >= deadline:
                    said = "The image was made and billed, but could not be fetched within the deadline."
                    raise DeadlineExceeded(said, detail=f"{error.message}\n{error.detail}") from error
                await self._clock.sleep(poll_pause_s(tries))
                tries += 1

    async def cancel(self, adapter: RemoteAdapter, handle: RemoteHandle) -> bool:
        """Asks the provider to stop a job; returns whether it said that it will. It is cancelled here in any case."""
        return await self.talk.cancel(adapter, self.access(adapter), handle)


def _spoilt(task: TaskRecord, error: BadResponse) -> ProviderError:
    """Says what it means that an image was made and billed, but did not come whole."""
    said = f"{error.message} It was made and billed."
    if task.handle is None:
        return BadResponse(said, next_step="Retry makes, and bills, it anew.", detail=error.detail)
    if task.error_kind == error.kind:  # Retry asked again already: the next one must lead somewhere else
        return Expired(said, next_step="Retry makes, and bills, it anew.", detail=error.detail)
    return BadResponse(said, next_step="Retry fetches it once more, without paying.", detail=error.detail)


def is_loopback(base_url: str) -> bool:
    """Tells whether a provider is on this machine, so that no limit of sends is needed."""
    host = urlsplit(base_url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")
