"""Carries one task from `pending` to its end.

The marks are made in this order, whatever happens: `processing` with `sent_at` is committed before the first byte leaves, the remote handle before
the first poll, the image's bytes before its row, and the row before anybody is told.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from .. import config
from ..domain.card import ModelCard
from ..domain.records import TaskRecord
from ..domain.request import GenerationRequest, MadeImage, ReferenceImage
from ..domain.task import RemoteHandle, TaskStatus
from ..errors import (
    AuthFailed,
    DeadlineExceeded,
    InternalFailure,
    Lost,
    PhotogramError,
    ProviderError,
    StorageFailed,
    StorageFull,
)
from ..providers.base import LocalProvider, RemoteAdapter, Stopped
from ..providers.registry import Registry
from ..providers.wire import Access, Ready, Submitted, WireAnswer, Working
from ..store import Store
from ..store import tasks as task_rows
from ..store.owners import Owner
from .clock import Clock
from .finish import Finisher
from .http import Http
from .loop import EngineThread
from .poll import Poller, Polling
from .queue import Queues
from .retry import Action, Phase, decide, pause_s, poll_pause_s
from .workers import Workers

T = TypeVar("T")

WOKE_LATE_S = 5.0
"""After a longer gap than this between mark and send (a laptop that slept), the row is read again before anything is sent."""

POLL_READ_S = 30.0
FETCH_READ_S = 60.0
PROGRESS_EVERY_S = 0.5


class Runner:
    """Carries tasks. Engine's thread only, but for what it hands to workers."""

    def __init__(
        self, *, store: Store, registry: Registry, thread: EngineThread, clock: Clock, owner: Owner,
        finisher: Finisher, http: Http, painters: Workers, workers: Workers,
    ) -> None:  # fmt: skip
        self._store, self._registry, self._thread, self._clock, self._owner = store, registry, thread, clock, owner
        self._finisher, self._http, self._painters, self._workers = finisher, http, painters, workers
        self.queues = Queues(self._limit_of, self._start)
        self.poller = Poller(clock, lambda polling: self._spawn(polling.task, self._poll(polling)))
        self._stops: dict[str, threading.Event] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._progress: dict[str, tuple[TaskRecord, float | None, int | None]] = {}
        self._flushing = False

    def _limit_of(self, provider: str) -> int:
        cards = self._registry.provider(provider).cards()
        return min((card.concurrency for card in cards), default=1)

    def _start(self, task: TaskRecord) -> None:
        self._spawn(task, self._run(task))

    def _spawn(self, task: TaskRecord, coroutine: Any) -> None:
        self._running[task.id] = self._thread.spawn(self._guard(task, coroutine), f"task {task.id}")

    async def _guard(self, task: TaskRecord, coroutine: Any) -> None:
        """The task runner's edge: whatever went wrong ends in the task's row, where the user sees it."""
        ended = True
        try:
            ended = await coroutine
        except ProviderError as error:
            await self._finisher.fail(task, error, secrets=[self._access(task).key])
        except Exception as error:
            failure = InternalFailure(f"Photogram failed: {type(error).__name__}: {error}")
            failure.__cause__ = error
            await self._finisher.fail(task, failure, secrets=[self._access(task).key])
        finally:
            if self._running.get(task.id) is asyncio.current_task():
                del self._running[task.id]
            if ended:
                self._stops.pop(task.id, None)
                self.poller.drop(task.id)
                self.queues.done(task)

    async def _run(self, task: TaskRecord) -> bool:
        """Runs a task; returns whether it is over (False: it is being polled)."""
        card, provider = self._registry.card(task.address), self._registry.provider(task.provider)
        marked_at = self._clock.monotonic()
        if not await self._write(task_rows.mark_sent, task.id, self._owner.id, self._clock.now()):
            return True
        self._finisher.announce(task)
        if isinstance(provider, LocalProvider):
            return await self._run_local(task, card, provider)
        if self._clock.monotonic() - marked_at > WOKE_LATE_S and not await self._read(
            task_rows.still_mine, task.id, self._owner.id
        ):
            return True
        return await self._submit(task, card, provider)

    async def _run_local(self, task: TaskRecord, card: ModelCard, provider: LocalProvider) -> bool:
        stop = self._stops[task.id] = threading.Event()
        request = await self._request(task)

        def report(progress: float) -> None:
            self._thread.call(self._note_progress, task, progress, None)

        try:
            made = await asyncio.wrap_future(self._painters.submit(provider.run, request, report, stop.is_set))
        except Stopped:
            if self.queues.closed:  # nobody cancelled it: the process ends, and another may paint it
                await self._write(task_rows.send_again_later, task.id)
            else:
                await self._finisher.end(task, TaskStatus.CANCELLED)
        else:
            await self._finisher.succeed(task, card, made)
        return True

    async def _submit(self, task: TaskRecord, card: ModelCard, adapter: RemoteAdapter) -> bool:
        access = self._access(task)
        if adapter.key_variable and access.key is None:
            raise AuthFailed(f"{task.provider} needs a key.", next_step=f"Set {adapter.key_variable}.")
        request = adapter.build_submit(await self._request(task), access)
        sends = task.sends + 1
        try:
            answer = await self._http.send(task.provider, request, access, read_timeout_s=card.deadline_s)
            found = adapter.read_submit(self._checked(adapter, answer))
        except ProviderError as error:
            match decide(Phase.SUBMIT, error, sends=sends, idempotent=adapter.idempotent):
                case Action.SEND_LATER:
                    await self._write(task_rows.send_again_later, task.id)
                    self._finisher.announce(task)
                    again = TaskRecord(**{name: getattr(task, name) for name in task.__slots__} | {"sends": sends})
                    self._thread.loop.call_later(pause_s(error, sends), self.queues.push, again)
                    return True
                case Action.LOSE:
                    raise Lost(f"{error.message} It may have been made, and billed.", detail=error.detail) from error
                case _:
                    raise
        if isinstance(found, Ready):
            deadline = self._clock.awake_s() + card.deadline_s
            await self._collect(task, card, adapter, access, found, deadline)
            return True
        await self._keep_handle(task, found)
        self.poll_on(task, card, adapter, found.handle)
        return False

    async def _keep_handle(self, task: TaskRecord, submitted: Submitted) -> None:
        await asyncio.wrap_future(self._workers.submit(self._owner.journal, task.id, submitted.handle))
        await asyncio.wrap_future(self._store.write_evidence(task_rows.save_handle, task.id, submitted.handle))
        self._finisher.announce(task)

    def poll_on(self, task: TaskRecord, card: ModelCard, adapter: RemoteAdapter, handle: RemoteHandle) -> None:
        """Starts polling a task that was sent (by this process or one that is gone)."""
        deadline = self._clock.awake_s() + card.deadline_s
        self.queues.hold_place(task)
        self.poller.add(
            Polling(task=task, adapter=adapter, access=self._access(task), handle=handle, deadline_awake_s=deadline)
        )

    async def _poll(self, polling: Polling) -> bool:
        task, adapter = polling.task, polling.adapter
        last = self._clock.awake_s() >= polling.deadline_awake_s
        polling.polls += 1
        try:
            request = adapter.build_poll(polling.handle, polling.access)
            answer = await self._http.send(task.provider, request, polling.access, read_timeout_s=POLL_READ_S)
            found = adapter.read_poll(self._checked(adapter, answer))
        except ProviderError as error:
            if decide(Phase.POLL, error, sends=task.sends, idempotent=True) is Action.FAIL:
                raise
            found = Working()
        if polling.dropped:
            return True
        if isinstance(found, Ready):
            card = self._registry.card(task.address)
            await self._collect(task, card, adapter, polling.access, found, polling.deadline_awake_s)
            return True
        if last:
            raise DeadlineExceeded("No result within the deadline.")
        self._note_progress(task, found.progress, found.queue_position)
        self.poller.add(polling)
        return False

    async def _collect(
        self, task: TaskRecord, card: ModelCard, adapter: RemoteAdapter, access: Access, ready: Ready, deadline: float
    ) -> None:
        """Gets the image's bytes, as often as it takes until the deadline, and ends the task."""
        data, tries = ready.data, 0
        while data is None:
            try:
                request = adapter.build_fetch(ready, access)
                answer = await self._http.fetch(task.provider, request, access, read_timeout_s=FETCH_READ_S)
                data = self._checked(adapter, answer).content
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

    @staticmethod
    def _checked(adapter: RemoteAdapter, answer: WireAnswer) -> WireAnswer:
        if not 200 <= answer.status < 300:
            raise adapter.read_error(answer)
        return answer

    def _access(self, task: TaskRecord) -> Access:
        provider = self._registry.provider(task.provider)
        if isinstance(provider, LocalProvider):
            return Access(base_url="")
        key = config.key_of(provider.key_variable)
        return Access(base_url=config.base_url_of(provider.name, provider.base_url), key=key)

    async def _request(self, task: TaskRecord) -> GenerationRequest:
        def load() -> tuple[ReferenceImage, ...]:
            return tuple(
                ReferenceImage(
                    data=self._store.files.read(asset.sha256, extension=asset.extension, folder="references"),
                    mime=asset.mime,
                    sha256=asset.sha256,
                )
                for asset in task.references
            )

        try:
            references = await asyncio.wrap_future(self._workers.submit(load)) if task.references else ()
        except (OSError, StorageFailed) as error:
            raise StorageFull("A reference image is missing on this disk.", next_step="Give it again.") from error
        return GenerationRequest(
            task_id=task.id,
            model=task.model,
            prompt=task.prompt,
            params=task.params,
            seed=task.seed,
            references=references,
        )

    def _note_progress(self, task: TaskRecord, progress: float | None, queue_position: int | None) -> None:
        """Remembers how far a task is; the rows follow twice a second at most."""
        if progress is None and queue_position is None:
            return
        self._progress[task.id] = (task, progress, queue_position)
        if not self._flushing:
            self._flushing = True
            self._thread.spawn(self._flush_progress(), "progress")

    async def _flush_progress(self) -> None:
        try:
            await self._clock.sleep(PROGRESS_EVERY_S)
            noted, self._progress = self._progress, {}
            alive = [entry for task_id, entry in noted.items() if self.queues.has(task_id)]
            if alive:
                reports = [(task.id, progress, position) for task, progress, position in alive]
                await self._write(task_rows.save_progress, reports)
                for task, _, _ in alive:
                    self._finisher.announce(task)
        except PhotogramError:
            pass  # progress is a courtesy: the next report tries again
        finally:
            self._flushing = False

    async def cancel(self, task: TaskRecord) -> None:
        """Stops a task: at once if nothing was sent; else it is told to stop, or its provider is."""
        self.queues.remove(task.id)
        if await self._write(task_rows.cancel_pending, task.user_id, [task.id], self._clock.now()):
            self._finisher.announce(task)
            return
        if stop := self._stops.get(task.id):
            stop.set()  # the worker ends it
            return
        polling = self.poller.drop(task.id)
        if running := self._running.get(task.id):
            running.cancel()
            await asyncio.wait([running])
        if polling:
            await self._cancel_remote(polling)
            self.queues.done(task)
        if running or polling:
            await self._finisher.end(task, TaskStatus.CANCELLED)

    async def _cancel_remote(self, polling: Polling) -> None:
        request = polling.adapter.build_cancel(polling.handle, polling.access)
        if request is None:
            return
        try:
            await self._http.send(polling.task.provider, request, polling.access, read_timeout_s=POLL_READ_S)
        except ProviderError:
            pass  # it is cancelled here all the same, and may be billed there

    def stop_all(self) -> list[str]:
        """Tells every local picture to stop, and returns the ids of those tasks."""
        self.queues.closed = True
        for stop in self._stops.values():
            stop.set()
        return list(self._stops)

    async def _write(self, op: Callable[..., T], *args: Any) -> T:
        return await asyncio.wrap_future(self._store.write(op, *args))

    async def _read(self, op: Callable[..., T], *args: Any) -> T:
        return await asyncio.wrap_future(self._store.read(op, *args))
