"""That this process lives, shown to other computers; and whether theirs live, waited for."""

from __future__ import annotations

import asyncio

from ..store import Store
from ..store import tasks as task_rows
from ..store.beats import BEAT_EVERY_S
from ..store.owners import Owner
from .clock import Clock
from .workers import Workers

LOOK_EVERY_S = 1.0


class Presence:
    """Engine's thread only."""

    def __init__(self, store: Store, owner: Owner, clock: Clock, workers: Workers) -> None:
        self._store, self._owner, self._clock, self._workers = store, owner, clock, workers

    async def beat(self) -> None:
        """Beats, for ever; not on this thread, as a network's disk may be slow."""
        while True:
            await self._clock.sleep(BEAT_EVERY_S)
            await asyncio.wrap_future(self._workers.submit(self._owner.beat, aside=True))

    async def doubtful(self, user_id: str) -> list[str]:
        """Returns the names of computers that may still work on some of the user's tasks, or be gone."""
        tasks = await asyncio.wrap_future(self._store.read(task_rows.unfinished_tasks, user_id))
        return self._owner.doubtful({task.owner for task in tasks if task.owner})

    async def known(self, user_id: str) -> None:
        """Waits until there is no such computer; 30 s, if one is gone."""
        while await self.doubtful(user_id):
            await self._clock.sleep(LOOK_EVERY_S)
