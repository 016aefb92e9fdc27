"""When a batch has come to rest: nothing of it is under way, here or in another process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress

from ..domain.task import TaskStatus
from ..errors import NotFound
from ..store import Store
from ..store import tasks as task_rows
from .bus import Bus
from .poll import Poller
from .queue import Queues
from .resume import Resumer

TICK_S = 0.03
"""A waiting batch looks this often, in memory, whether its tasks are still carried here; only then it reads rows."""

LOOK_EVERY_S = 2.0
"""A waiting batch looks this often at what another process may have done."""


class Waiting:
    """Waits for batches. Engine's thread only."""

    def __init__(self, store: Store, bus: Bus, queues: Queues, poller: Poller, resumer: Resumer) -> None:
        self._store, self._bus, self._queues, self._poller, self._resumer = store, bus, queues, poller, resumer

    async def finished(self, user_id: str, batch_id: str) -> None:
        """Returns once nothing of the batch is under way: all is over, or waits for the user, or it is deleted."""
        changed = asyncio.Event()
        unsubscribe = self._bus.subscribe(lambda event: changed.set() if event.batch_id == batch_id else None)
        try:
            while True:
                changed.clear()
                began = time.monotonic()
                try:
                    open_ = await asyncio.wrap_future(self._store.read(task_rows.open_of_batch, user_id, batch_id))
                except NotFound:
                    return
                if not open_ or await self._rests(user_id, open_):
                    return
                if any(self._is_carried(task_id) for task_id, _ in open_):
                    await self._carried([task_id for task_id, _ in open_], began + LOOK_EVERY_S)
                    continue
                await asyncio.sleep(TICK_S)
                with suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), LOOK_EVERY_S)
        finally:
            unsubscribe()

    async def _carried(self, task_ids: Sequence[str], until: float) -> None:
        """Waits while any of these tasks waits or runs here; a busy store is not asked what this process knows."""
        # a queue tells nobody when a task leaves it, and 33 looks a second in memory cost nothing
        while time.monotonic() < until and any(map(self._is_carried, task_ids)):  # noqa: ASYNC110
            await asyncio.sleep(TICK_S)

    def _is_carried(self, task_id: str) -> bool:
        return self._queues.has(task_id) and not self._queues.is_stopped(task_id)

    async def _rests(self, user_id: str, open_: Sequence[tuple[str, str]]) -> bool:
        """Tells whether what is open of a batch waits for the user: for a key or credit, or to be resumed."""
        ids = [task_id for task_id, status in open_ if status == TaskStatus.PENDING]
        if not all(self._poller.waits(task_id) for task_id, status in open_ if status != TaskStatus.PENDING):
            return False
        if all(self._queues.is_stopped(task_id) for task_id in ids):
            return True
        if any(self._queues.has(task_id) for task_id in ids):
            return False
        unsent = {task.id for task in await self._resumer.unsent(user_id)}
        return all(task_id in unsent or self._queues.is_stopped(task_id) for task_id in ids)
