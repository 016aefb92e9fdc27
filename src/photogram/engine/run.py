"""Takes a task from its provider's line to its end: here on this machine, or through `remote`."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from .. import config
from ..domain.asset import Asset
from ..domain.card import ANY_MODEL, ModelCard
from ..domain.records import TaskRecord
from ..domain.request import GenerationRequest, ReferenceImage
from ..domain.task import RemoteHandle
from ..errors import BadSettings, ProviderError, StorageFailed, StorageFull, UnknownModel
from ..providers.base import LocalProvider, RemoteAdapter, Stopped
from ..providers.registry import Provider, Registry
from ..store import Store
from ..store.owners import Owner
from ..store.sending import Mark, SendLimits, mark_sent, send_again_later, still_mine
from .clock import Clock
from .finish import Finisher, blame_us
from .http import Http
from .keys import KeyBook, open_access
from .loop import EngineThread
from .progress import ProgressBook
from .queue import Queues
from .remote import Remote, is_loopback
from .workers import Workers

WOKE_LATE_S = 5.0
"""After a longer gap than this between mark and send (a laptop that slept) the row is read again before sending."""

STOP_S = 2.0
"""Seconds that a cancel waits for a local picture to stop."""

PAID_ROOM_BYTES, FREE_ROOM_BYTES = 500_000_000, 50_000_000
"""With less free disk than this nothing is sent: a picture that was paid for must have a place to go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What a task that was stopped leaves at its provider.

    Attributes:
        handle: By which the job is known there, if it is.
        cost_micros: What it is known to cost, because it is made; else 0.
        cost_source: How we know.
    """

    handle: RemoteHandle | None
    cost_micros: int
    cost_source: str


class Runner:
    """Carries tasks. Engine's thread only, but for what it hands to workers."""

    def __init__(
        self, *, store: Store, registry: Registry, thread: EngineThread, clock: Clock, owner: Owner,
        finisher: Finisher, http: Http, painters: Workers, workers: Workers, keys: KeyBook,
    ) -> None:  # fmt: skip
        self._store, self._registry, self._thread, self._clock, self._owner = store, registry, thread, clock, owner
        self._finisher, self._painters, self._workers, self._keys = finisher, painters, workers, keys
        self.progress = ProgressBook(store, thread, clock, finisher.announce)
        self.queues = Queues(
            self._limit_of, lambda task: self._spawn(task, self._run(task)), clock.monotonic, self._key_of
        )  # fmt: skip
        self.remote = Remote(
            clock=clock, owner=owner, finisher=finisher, progress=self.progress, http=http, workers=workers,
            queues=self.queues, spawn=self._spawn, thread=thread, keys=keys,
        )  # fmt: skip
        self._stops: dict[str, threading.Event] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._tasks: dict[str, TaskRecord] = {}
        self._leaving: set[str] = set()
        finisher.on_held_up = self._say_held_up

    def _say_held_up(self, task_id: str, why: str) -> None:
        """Says in a task's row, as soon as that takes anything, why what is known of it is not written down."""
        if task := self.carried().get(task_id):
            self.progress.note(task, said=why)

    def _limit_of(self, provider: str, model: str | None = None) -> int:
        known = self._provider(provider)
        limits = {card.model: card.concurrency for card in known.cards()} if known else {}
        most = max(limits.values(), default=1)
        return most if model is None else limits.get(model, limits.get(ANY_MODEL, most))

    def _provider(self, name: str) -> Provider | None:
        """Returns a provider, or None where what added it is gone."""
        try:
            return self._registry.provider(name)
        except UnknownModel:
            return None

    def _key_of(self, task: TaskRecord) -> str:
        provider = self._provider(task.provider)
        if not isinstance(provider, RemoteAdapter):
            return ""
        return self._keys.name(provider, task.user_id, task.batch_id)

    async def send(self, provider: str, *tasks: TaskRecord) -> None:
        """Puts one press's tasks in their provider's line; where their key stopped, one is tried."""
        self.queues.push(*tasks)
        if not tasks:  # a press that was made already
            return
        if (why := self.queues.why_stopped(tasks[0])) is not None:
            await self.progress.say_waiting(tasks, why)
            self.queues.try_one(tasks)
        elif self.queues.line(provider).stopped and not self.queues.paused(provider):
            await self.progress.say_waiting(self.queues.free(provider), None)  # some may have had another key before

    def _spawn(self, task: TaskRecord, coroutine: Coroutine[Any, Any, bool]) -> None:
        self._tasks[task.id] = task
        self._running[task.id] = self._thread.spawn(self._guard(task, coroutine), f"task {task.id}")

    async def _guard(self, task: TaskRecord, coroutine: Coroutine[Any, Any, bool]) -> None:
        """The task runner's edge: whatever goes wrong ends in the task's row, where the user sees it."""
        over = True
        try:
            over = await coroutine
        except ProviderError as error:
            await self._finisher.fail(task, error, secrets=self._secrets(task))
        except Exception as error:  # noqa: BLE001  one of the three edges (STYLE)
            sent = task.handle is not None or task.id in self.remote.talk.sent
            await self._finisher.fail(task, blame_us(task, error, sent=sent), secrets=self._secrets(task))
        finally:
            self.remote.talk.sent.discard(task.id)
            self._leaving.discard(task.id)
            if self._running.get(task.id) is asyncio.current_task():
                del self._running[task.id], self._tasks[task.id]
            if over:
                self._stops.pop(task.id, None)
                self.progress.forget(task.id)
                self.remote.follower.poller.drop(task.id)
                self.queues.done(task)

    async def _run(self, task: TaskRecord) -> bool:
        """Runs a task; returns whether it is over here (False: it is being polled)."""
        card, provider = self._registry.card(task.address), self._registry.provider(task.provider)
        self._check_room(card)
        self._leaving.add(task.id)
        marked_at = await self._mark(task, card, provider)
        if marked_at is None:
            return True  # cancelled, or another process was quicker
        self.progress.watch(task)
        self._finisher.announce(task)
        if isinstance(provider, LocalProvider):
            return await self._run_local(task, card, provider)

        async def may_send() -> bool:
            woke_late = self._clock.monotonic() - marked_at > WOKE_LATE_S
            if woke_late and not await self._finisher.evidence(still_mine, task.id, self._owner.id):
                return False  # (a write, as it waits for the file as long as it takes)
            if self.queues.paused(task.provider):  # while its mark was being written
                await self._finisher.evidence(send_again_later, task.id)
                self.queues.put_back(replace(task, sends=task.sends + 1))
                self._finisher.announce(task)
                return False
            return True

        return await self.remote.submit(task, card, provider, await self._request(task), may_send)

    async def _mark(self, task: TaskRecord, card: ModelCard, provider: Provider) -> float | None:
        """Marks a task as sent, once its user's limits allow; returns when that was, or None if it may not be sent."""
        limits = None
        if not isinstance(provider, LocalProvider) and not self._is_here(provider):
            limits = SendLimits(presses=config.presses_per_minute(), submits=card.submits_per_minute)
        while True:
            began = self._clock.monotonic()
            mark = Mark(task_id=task.id, owner=self._owner.id, now=self._clock.now(), limits=limits)
            wait_s = await self._finisher.evidence(mark_sent, mark)
            if not wait_s:
                return None if wait_s is None else began
            until = self._clock.now() + timedelta(seconds=wait_s)
            self.progress.note(
                task, said=f"A limit of sends per minute is reached. Waiting until {until:%H:%M:%S} UTC."
            )
            await self._clock.sleep(wait_s + 0.05)
            if self.queues.stands(task):  # paused or stopped meanwhile, which holds for this one, too
                self.queues.put_back(task)
                await self.progress.say_waiting([task], self.queues.why_stopped(task))
                return None

    @staticmethod
    def _is_here(provider: RemoteAdapter) -> bool:
        """Tells whether a provider is on this machine."""
        try:
            return is_loopback(open_access(provider, None).base_url)
        except BadSettings:
            return False  # what is wrong is said when it is sent

    def _check_room(self, card: ModelCard) -> None:
        needed = FREE_ROOM_BYTES if card.free else PAID_ROOM_BYTES
        if self._store.files.free_bytes() < needed:
            raise StorageFull(f"Less than {needed / 1e6:.0f} MB of disk are free; nothing was sent.")

    async def _run_local(self, task: TaskRecord, card: ModelCard, provider: LocalProvider) -> bool:
        stop = self._stops[task.id] = threading.Event()
        if self.queues.closed:
            stop.set()
        request = await self._request(task)

        def report(progress: float) -> None:
            self._thread.call(self.progress.note, task, progress)

        try:
            made = await asyncio.wrap_future(self._painters.submit(provider.run, request, report, stop.is_set))
        except Stopped:
            if self.queues.closed:  # nobody cancelled it: the process ends, and another may paint it
                await self._finisher.evidence(send_again_later, task.id)
            else:
                await self._finisher.cancelled(task)
        else:
            await self._finisher.succeed(task, card, made)
        return True

    async def _request(self, task: TaskRecord) -> GenerationRequest:
        given = [*task.references, *([task.mask] if task.mask else [])]

        def load() -> list[ReferenceImage]:
            return [ReferenceImage(data=self._read_reference(one), mime=one.mime, sha256=one.sha256) for one in given]

        try:
            images = await asyncio.wrap_future(self._workers.submit(load)) if given else []
        except StorageFailed as error:
            said = f"A reference image cannot be read: {error.message}"
            raise StorageFull(said, next_step="Give it again.") from error
        return GenerationRequest(
            task_id=task.id, model=task.model, prompt=task.prompt, params=task.params, seed=task.seed,
            references=tuple(images[: len(task.references)]), mask=images[-1] if task.mask else None,
        )  # fmt: skip

    def _read_reference(self, asset: Asset) -> bytes:
        """Returns an input image's bytes, if they are those of its name: any other file of the user's stays here."""
        data = self._store.files.read(asset.sha256, extension=asset.extension, folder="references")
        if hashlib.sha256(data).hexdigest() != asset.sha256:
            raise StorageFailed(f"{asset.relative_path} was changed from outside.")
        return data

    def poll_on(self, task: TaskRecord, card: ModelCard, adapter: RemoteAdapter) -> None:
        """Goes on with a task that has a handle, sent by this process or by one that is gone."""
        self.queues.hold_place(task)
        self.progress.watch(task)
        self.remote.follower.follow(task, card, adapter)

    def carried(self) -> dict[str, TaskRecord]:
        """Returns what runs or is polled here, by task id."""
        return {task.id: task for task in (*self.remote.follower.poller.tasks(), *self._tasks.values())}

    async def stop(self, task: TaskRecord) -> Left | None:
        """Stops a task that runs or is polled here and frees its place; its row is the caller's to write.

        Returns:
            What is known of it at its provider; None for a local picture, whose worker ends its row: one that does not
            listen is not waited for.
        """
        running = self._running.get(task.id)
        if stop := self._stops.get(task.id):
            stop.set()
            if running:
                await asyncio.wait([running], timeout=STOP_S)
            return None
        polling = self.remote.follower.poller.drop(task.id)
        handle = polling.handle if polling else self.remote.unkept.get(task.id) or self._unanswered(task)
        cost, source = self.remote.collector.bills.get(task.id, (0, "free"))
        if running:
            running.cancel()
            await asyncio.wait([running])
        if polling:
            self.queues.done(task)
        return Left(handle=handle, cost_micros=cost, cost_source=source)

    def _unanswered(self, task: TaskRecord) -> RemoteHandle | None:
        """Returns by which a submit without an answer can be stopped, where its provider can do that (else None)."""
        provider = self._registry.provider(task.provider)
        if isinstance(provider, LocalProvider) or not provider.cancels_unanswered:
            return None
        return RemoteHandle(remote_id=task.id, model=task.model) if task.id in self.remote.talk.unanswered else None

    async def stop_all(self, timeout_s: float) -> None:
        """Starts nothing more, and tells every local picture to stop; what was marked, but not sent yet, goes back."""
        self.queues.closed = True
        for stop in self._stops.values():
            stop.set()
        unsent = self._leaving - self._stops.keys() - self.remote.talk.sent
        for task_id in unsent:
            self._running[task_id].cancel()
        if stopping := [self._running[one] for one in {*self._stops, *unsent} if one in self._running]:
            await asyncio.wait(stopping, timeout=timeout_s)
        await asyncio.gather(*(self._finisher.evidence(send_again_later, task_id) for task_id in unsent))

    def _secrets(self, task: TaskRecord) -> list[Any]:
        provider = self._provider(task.provider)
        return self._keys.known(provider) if isinstance(provider, RemoteAdapter) else []
