"""Stops tasks: here, at their providers, and in whichever living process carries them.

Whoever cancels moves the row to `cancelled` (a compare-and-set) and is done. The process that carries the task looks at
its rows once another process has written, finds that, and stops: it frees the place, and tells the provider as soon as
it knows the job's handle.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from time import monotonic

from ..domain.price import read_micros
from ..domain.records import TaskRecord
from ..domain.task import RemoteHandle
from ..errors import PhotogramError, StorageFailed, StoreBusy, StoreError, UnknownModel
from ..providers.base import LocalProvider
from ..providers.registry import Registry
from ..store import Store
from ..store import tasks as task_rows
from ..store.stopping import MAY_BE_BILLED, TOLD, Stop, cancel_tasks
from .clock import Clock
from .finish import Finisher
from .loop import EngineThread
from .run import Runner

LOOK_EVERY_S = 1.0
"""How often it is looked whether another process wrote; two calls of `os.stat`."""

STARVED_S = 0.5
"""Who waits so long to run in this very process reads no rows: a cell keeps the interpreter to itself, and would keep
it, and with it the file, again and again while they are read."""


class Canceller:
    """Cancels tasks, and notices what other processes cancelled. Engine's thread only."""

    def __init__(
        self, *, store: Store, registry: Registry, thread: EngineThread, clock: Clock, runner: Runner,
        finisher: Finisher,
    ) -> None:  # fmt: skip
        self._store, self._registry, self._thread, self._clock = store, registry, thread, clock
        self._runner, self._finisher = runner, finisher
        self._look_again = False

    async def cancel(self, tasks: Sequence[TaskRecord]) -> None:
        """Stops tasks of one user: what runs here first, then the rows, then what other processes carry.

        Raises:
            StorageFailed, StoreBusy: All of it is stopped here and at its providers, but the rows could not say so yet;
                they are written as soon as that is possible.
        """
        if not tasks:
            return
        stops = await self._stop_here(tasks)
        user_id, now = tasks[0].user_id, self._clock.now()
        written = [stops.get(task.id) or Stop(task_id=task.id, note=MAY_BE_BILLED) for task in tasks]
        try:
            handles = await asyncio.wrap_future(self._store.write(cancel_tasks, user_id, written, now))
        except (StorageFailed, StoreBusy) as error:
            self._thread.spawn(self._write_later(user_id, tasks, written), "cancelling in rows")
            said = f"The work was stopped, but that cannot be written down yet: {error.message}"
            raise type(error)(said, next_step=error.next_step) from error
        self._look_again = True  # one that is being taken over just now is not yet known to run here
        untold = {stop.task_id for stop in written if stop.note == MAY_BE_BILLED}
        await self._tell_providers(tasks, [(task_id, handle) for task_id, handle in handles if task_id in untold])
        for task in tasks:
            self._finisher.announce(task)

    async def watch(self) -> None:
        """Stops, for ever, what is cancelled in its row but goes on here."""
        seen = self._store.foreign_writes()
        while True:
            await self._clock.sleep(LOOK_EVERY_S)
            with suppress(PhotogramError):  # a busy store: the next look will do
                now = self._store.foreign_writes()
                if (now != seen or self._look_again) and not await is_starved():
                    await self._stop_cancelled()
                    seen, self._look_again = now, False

    async def _stop_cancelled(self) -> None:
        mine = self._runner.carried()
        if not mine:
            return
        ids = await asyncio.wrap_future(self._store.read(task_rows.cancelled_among, list(mine)))
        if not ids:
            return
        tasks = [mine[task_id] for task_id in ids]
        stops = await self._stop_here(tasks)
        for user_id in {task.user_id for task in tasks}:
            await asyncio.wrap_future(self._store.write(cancel_tasks, user_id, list(stops.values()), self._clock.now()))
        for task in tasks:
            self._finisher.announce(task)

    async def _stop_here(self, tasks: Sequence[TaskRecord]) -> dict[str, Stop]:
        """Stops what waits, runs or is polled in this process; returns what that brought to light, by task."""
        for task in tasks:  # first all that wait, so that none of them takes the place of one that stops
            self._runner.queues.remove(task.id)
        here = self._runner.carried()
        stopped = await asyncio.gather(*(self._stop(task) for task in tasks if task.id in here))
        return {stop.task_id: stop for stop in stopped}

    async def _stop(self, task: TaskRecord) -> Stop:
        left = await self._runner.stop(task)
        if left is None:
            return Stop(task_id=task.id)
        if left.cost_micros:  # what it costs is known already, so it is made, or will be
            cost, source = left.cost_micros, left.cost_source
            return Stop(task_id=task.id, note="It was billed all the same.", cost_micros=cost, cost_source=source)
        told = left.handle is not None and await self._tell(task, left.handle)
        if not told and left.handle and (billed := read_micros(left.handle.cost_micros)):
            how = left.handle.cost_source or "reported"
            return Stop(task_id=task.id, note="It was billed when it was sent.", cost_micros=billed, cost_source=how)
        return Stop(task_id=task.id, note=TOLD if told else MAY_BE_BILLED)

    async def _tell(self, task: TaskRecord, handle: RemoteHandle) -> bool:
        """Asks the provider to stop a job; returns whether it said that it will."""
        try:
            provider = self._registry.provider(task.provider)
        except UnknownModel:
            return False
        return not isinstance(provider, LocalProvider) and await self._runner.remote.cancel(task, provider, handle)

    async def _tell_providers(self, tasks: Sequence[TaskRecord], jobs: Sequence[tuple[str, RemoteHandle]]) -> None:
        """Tells providers to stop what no task here asks about: nobody need wait until its process notices."""
        by_id = {task.id: task for task in tasks}
        answers = await asyncio.gather(*(self._tell(by_id[task_id], handle) for task_id, handle in jobs))
        told = [Stop(task_id=task_id, note=TOLD) for (task_id, _), yes in zip(jobs, answers, strict=True) if yes]
        if told:
            with suppress(StoreError):  # the row is cancelled; this is only its note
                await asyncio.wrap_future(self._store.write(cancel_tasks, tasks[0].user_id, told, self._clock.now()))

    async def _write_later(self, user_id: str, tasks: Sequence[TaskRecord], stops: Sequence[Stop]) -> None:
        await self._finisher.evidence(cancel_tasks, user_id, stops, self._clock.now())
        self._look_again = True
        for task in tasks:
            self._finisher.announce(task)


async def is_starved() -> bool:
    """Tells whether the interpreter is kept from this thread just now."""
    began = monotonic()
    await asyncio.sleep(0.001)
    return monotonic() - began > STARVED_S
