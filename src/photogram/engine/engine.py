"""The engine: one per process and workspace, shared by every Studio on it."""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from collections.abc import Callable, Coroutine, Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from .. import config
from ..domain.events import Event, EventKind
from ..domain.records import BatchRecord, TaskRecord
from ..errors import StoreClosed, StoreForked
from ..providers.base import RemoteAdapter
from ..providers.registry import Registry, default_registry
from ..store import Store
from ..store import tasks as task_rows
from ..store.batches import NewBatch, NewTask
from ..store.owners import Owner
from .bus import Bus
from .cancel import Canceller
from .clock import Clock
from .download import download
from .finish import Finisher
from .http import Http
from .keys import KeyBook, KeyCheck, check_key, open_access
from .loop import EngineThread
from .presence import Presence
from .resume import Resumer
from .run import Runner
from .titles import Titler
from .waiting import Waiting
from .workers import Workers

T = TypeVar("T")

EXIT_S = 1.0
"""Seconds that closing waits for pictures to stop."""


class Engine:
    """Queues, sends, polls, stores and tells. Any thread may call it; what returns a Future does not block."""

    _open: ClassVar[dict[str, Engine]] = {}
    _opening: ClassVar[threading.Lock] = threading.Lock()

    def __init__(
        self,
        workspace: Path,
        *,
        busy_timeout_s: float = 30.0,
        registry: Registry | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._pid, self._users, self._closed = os.getpid(), 0, False
        self.store = Store.open(workspace, busy_timeout_s=busy_timeout_s)
        self.registry = registry or default_registry(config.models_path(), self.store.workspace / "models.toml")
        self.clock = clock or Clock()
        self.bus = Bus()
        self.keys = KeyBook()
        self.owner = Owner(workspace, monotonic=self.clock.monotonic)
        self.thread = EngineThread()
        self.workers = Workers("io", 2)
        self._painters = Workers("painter", max(2, os.cpu_count() or 2))
        self._built = self.thread.submit(self._build())
        self._built.result()

    async def _build(self) -> None:
        """Makes what lives on the engine's loop."""
        self._http = Http()
        self.presence = Presence(self.store, self.owner, self.clock, self.workers)
        self._finisher = Finisher(self.store, self.workers, self.clock, self.bus.publish)
        self._runner = Runner(
            store=self.store, registry=self.registry, thread=self.thread, clock=self.clock, owner=self.owner,
            finisher=self._finisher, http=self._http, painters=self._painters, workers=self.workers, keys=self.keys,
        )  # fmt: skip
        self._resumer = Resumer(self.store, self.registry, self.owner, self.clock, self._runner, self._finisher)
        poller = self._runner.remote.follower.poller
        self.keys.on_set = lambda provider: self.thread.call(poller.wake, provider)
        self._waiting = Waiting(self.store, self.bus, self._runner.queues, poller, self._resumer)
        self._canceller = Canceller(
            store=self.store, registry=self.registry, thread=self.thread, clock=self.clock, runner=self._runner,
            finisher=self._finisher,
        )  # fmt: skip
        self._titler = Titler(
            store=self.store, registry=self.registry, http=self._http, thread=self.thread, clock=self.clock,
            publish=self.bus.publish, keys=self.keys,
        )  # fmt: skip
        self._finisher.on_success = self._titler.after_success
        self.thread.spawn(poller.run(), "poller")
        self.thread.spawn(self._runner.progress.run(), "slow tasks")
        self.thread.spawn(self.clock.beat(), "clock")
        self.thread.spawn(self.presence.beat(), "signs of life")
        self.thread.spawn(self._resumer.watch(), "orphans")
        self.thread.spawn(self._canceller.watch(), "cancels elsewhere")

    # ── One engine per workspace ────────────────────────────────────────────────────────────────────────────────────

    @classmethod
    def open(cls, workspace: Path, *, busy_timeout_s: float = 30.0) -> Engine:
        """Returns the process's engine for this workspace, started if need be; each call needs one `close()`."""
        path = os.path.realpath(workspace)
        with cls._opening:
            engine = cls._open.get(path)
            if engine is None:
                engine = cls._open[path] = cls(Path(path), busy_timeout_s=busy_timeout_s)
            engine._users += 1
            return engine

    def close(self) -> None:
        """Ends this use of the engine; the last one stops it. Running local pictures go back to `pending`."""
        if os.getpid() != self._pid:
            return
        with self._opening:
            self._users -= 1
            if self._users > 0 or self._closed:
                return
            self._open.pop(os.path.realpath(self.store.workspace), None)
        self._stop()

    def _stop(self) -> None:
        self._closed = True
        with suppress(TimeoutError, StoreClosed):
            self.thread.submit(self._runner.stop_all(EXIT_S)).result(2 * EXIT_S)
        self._painters.stop(EXIT_S / 10)
        self.workers.stop(EXIT_S / 2)
        self.thread.call(lambda: self.thread.spawn(self._http.close(), "closing connections"))
        self.thread.stop(EXIT_S / 2)
        self.store.close()
        self.owner.close()

    # ── Work ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def call(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Runs a coroutine on the engine's thread.

        Raises:
            StoreForked: This is a forked child of the engine's process.
        """
        if os.getpid() != self._pid:
            coroutine.close()
            raise StoreForked("This process was forked from the one that opened the workspace.")
        return self.thread.submit(coroutine)

    def generate(self, user_id: str, batch: NewBatch) -> Future[BatchRecord]:
        """Writes a batch and queues its tasks; resolved once the rows are committed."""

        async def run() -> BatchRecord:
            record, tasks = await asyncio.wrap_future(self.store.write(task_rows.start_batch, user_id, batch))
            self._publish(EventKind.BATCH, user_id, record.topic_id, record.id)
            await self._runner.send(batch.provider, *tasks)
            return record

        return self.call(run())

    def retry(self, user_id: str, task: NewTask) -> Future[str]:
        """Makes an image once more; returns the id of the task that is under way.

        Nothing is paid twice that need not be: bytes that could not be stored are stored, and a job whose handle we
        have is asked about. Only else there is a new task.
        """

        async def run() -> str:
            newest = await asyncio.wrap_future(self.store.read(task_rows.newest_task, user_id, task.generation_id))
            if await self._finisher.store_spilled(newest) or await self._resumer.ask_again(newest):
                return newest.id
            task_id = await asyncio.wrap_future(
                self.store.write(task_rows.add_attempt, user_id, self.owner.id, task, self.clock.now())
            )
            for record in await asyncio.wrap_future(self.store.read(task_rows.load_tasks, [task_id])):
                self._finisher.announce(record)
                if task_id == task.id:
                    await self._runner.send(record.provider, record)
            return task_id

        return self.call(run())

    def cancel(self, task_ids: Sequence[str]) -> Future[None]:
        """Cancels a user's tasks that are not over, whichever process carries them.

        Raises:
            StorageFailed, StoreBusy: (in the future) They are stopped, but their rows could not say so yet.
        """

        async def run() -> None:
            tasks = await asyncio.wrap_future(self.store.read(task_rows.load_tasks, list(task_ids)))
            await self._canceller.cancel([task for task in tasks if not task.status.finished])

        return self.call(run())

    def finished(self, user_id: str, batch_id: str) -> Future[None]:
        """Resolves once nothing of the batch is under way: all is over, or waits for the user, or it is deleted."""
        return self.call(self._waiting.finished(user_id, batch_id))

    def adopt(self, user_id: str) -> Future[None]:
        """Takes over what dead processes of this user had already sent."""
        return self.call(self._resumer.adopt(user_id))

    def unsent(self, user_id: str) -> Future[list[TaskRecord]]:
        """Returns the user's tasks that wait for `resume`."""
        return self.call(self._resumer.unsent(user_id))

    def taken_over(self, user_id: str) -> Future[list[TaskRecord]]:
        """Returns the tasks that this process took over from dead ones, also those that have ended since."""
        return self.call(self._resumer.taken_over(user_id))

    def discard(self, user_id: str) -> Future[list[TaskRecord]]:
        """Cancels the user's tasks that wait for `resume`; returns them."""
        return self.call(self._resumer.discard(user_id))

    def resume(self, user_id: str) -> Future[list[TaskRecord]]:
        """Sends what dead processes left unsent, and goes on with what waits for the user; returns those tasks."""
        return self.call(self._resumer.resume(user_id))

    def check_key(self, user_id: str, provider: RemoteAdapter) -> Future[KeyCheck]:
        """Asks a provider whether the key is right that this user's next batch would be sent with.

        Raises:
            BadSettings: The key or the address makes no sense.
        """
        found = self.keys.find(provider, user_id, afresh=True)  # by the caller's thread: the keyring may block
        access = open_access(provider, found.secret if found else None)
        return self.call(check_key(provider, access, self._http, self.keys, found.source if found else ""))

    def glimpses(self, task_ids: Iterable[str]) -> dict[str, bytes]:
        """Returns thumbnails of those of these tasks' images that are still being streamed, by task id."""
        seen = self._runner.remote.talk.glimpses
        found = ((task_id, seen.get(task_id)) for task_id in task_ids)
        return {task_id: thumb for task_id, thumb in found if thumb}

    def held_up(self) -> dict[str, str]:
        """Returns what cannot be written down just now, on a full disk or a read-only one: why, by task id."""
        return dict(self._finisher.held_up)

    def download(self, url: str) -> Future[bytes]:
        """Gets a file from a public address; see `download.download`."""
        return self.call(download(self._http, url))

    def suggest_title(self, user_id: str, topic_id: str, provider: str | None = None) -> Future[str]:
        """Asks a text model for a topic's title; see `Titler.suggest`."""
        return self.call(self._titler.suggest(user_id, topic_id, provider))

    def write(self, op: Callable[..., T], *args: Any, event: Event | None = None) -> Future[T]:
        """Writes, then tells whoever listens."""

        async def run() -> T:
            result = await asyncio.wrap_future(self.store.write(op, *args))
            if event:
                self.bus.publish(event)
            return result

        return self.call(run())

    def read(self, op: Callable[..., T], *args: Any, **options: Any) -> Future[T]:
        """Reads."""
        if os.getpid() != self._pid:
            raise StoreForked("This process was forked from the one that opened the workspace.")
        return self.store.read(op, *args, **options)

    def _publish(self, kind: EventKind, user_id: str, topic_id: str, batch_id: str) -> None:
        self.bus.publish(Event(kind=kind, user_id=user_id, topic_id=topic_id, batch_id=batch_id))

    @classmethod
    def _stop_all(cls) -> None:
        """At exit: stops every engine while their threads may still use the database."""
        for engine in list(cls._open.values()):
            if os.getpid() == engine._pid and not engine._closed:
                engine._stop()
        cls._open.clear()

    @classmethod
    def _forget_all(cls) -> None:
        """In a forked child: the parent's engines are not ours."""
        for engine in cls._open.values():
            engine.owner.close_after_fork()
        cls._open = {}
        cls._opening = threading.Lock()


atexit.register(Engine._stop_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=Engine._forget_all)
