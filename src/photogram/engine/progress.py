"""How far tasks are: remembered at once, written to their rows twice a second at most."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from ..domain.records import TaskRecord
from ..errors import StoreError
from ..store import Store
from ..store.sending import Report, note_waiting, save_progress
from .clock import Clock
from .loop import EngineThread

EVERY_S = 0.5


class ProgressBook:
    """Notes progress and writes it down. Engine's thread only."""

    def __init__(
        self, store: Store, thread: EngineThread, clock: Clock, announce: Callable[[TaskRecord], None]
    ) -> None:
        self._store, self._thread, self._clock, self._announce = store, thread, clock, announce
        self._noted: dict[str, tuple[TaskRecord, Report]] = {}
        self._last: dict[str, Report] = {}
        self._writing = False

    def note(
        self,
        task: TaskRecord,
        progress: float | None = None,
        queue_position: int | None = None,
        said: str | None = None,
    ) -> None:
        """Remembers how far a task is (0–1, jobs before it), and why it waits; None where that is unknown."""
        report = Report(task_id=task.id, progress=progress, queue_position=queue_position, note=said)
        if self._last.get(task.id, Report(task_id=task.id)) == report:
            return
        self._last[task.id] = report
        self._noted[task.id] = (task, report)
        if not self._writing:
            self._writing = True
            self._thread.spawn(self._write_down(), "progress")

    async def say_waiting(self, tasks: Sequence[TaskRecord], note: str | None) -> None:
        """Says of tasks that nothing is sent of why they wait; None where they no longer do."""
        if not tasks:
            return
        try:
            await asyncio.wrap_future(self._store.write_evidence(note_waiting, [task.id for task in tasks], note))
        except StoreError:
            return
        for task in tasks:
            self._announce(task)

    def forget(self, task_id: str) -> None:
        """Drops what was noted of a task that is over."""
        self._noted.pop(task_id, None)
        self._last.pop(task_id, None)

    async def _write_down(self) -> None:
        try:
            await self._clock.sleep(EVERY_S)
            noted, self._noted = self._noted, {}
            if noted:
                reports = [report for _, report in noted.values()]
                await asyncio.wrap_future(self._store.write(save_progress, reports))
                for task, _ in noted.values():
                    self._announce(task)
        except StoreError:
            return  # a courtesy: the next report tries again
        finally:
            self._writing = False
