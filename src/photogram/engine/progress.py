"""How far tasks are: remembered at once, written to their rows twice a second at most."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ..domain.records import TaskRecord
from ..errors import StoreError
from ..store import Store
from ..store import tasks as task_rows
from .clock import Clock
from .loop import EngineThread

EVERY_S = 0.5


class ProgressBook:
    """Notes progress and writes it down. Engine's thread only."""

    def __init__(
        self, store: Store, thread: EngineThread, clock: Clock, announce: Callable[[TaskRecord], None]
    ) -> None:
        self._store, self._thread, self._clock, self._announce = store, thread, clock, announce
        self._noted: dict[str, tuple[TaskRecord, float | None, int | None]] = {}
        self._writing = False

    def note(self, task: TaskRecord, progress: float | None, queue_position: int | None) -> None:
        """Remembers how far a task is (0–1, and jobs before it; None where unknown)."""
        if progress is None and queue_position is None:
            return
        self._noted[task.id] = (task, progress, queue_position)
        if not self._writing:
            self._writing = True
            self._thread.spawn(self._write_down(), "progress")

    def forget(self, task_id: str) -> None:
        """Drops what was noted of a task that is over."""
        self._noted.pop(task_id, None)

    async def _write_down(self) -> None:
        try:
            await self._clock.sleep(EVERY_S)
            noted, self._noted = self._noted, {}
            reports = [(task.id, progress, position) for task, progress, position in noted.values()]
            if reports:
                await asyncio.wrap_future(self._store.write(task_rows.save_progress, reports))
                for task, _, _ in noted.values():
                    self._announce(task)
        except StoreError:
            return  # a courtesy: the next report tries again
        finally:
            self._writing = False
