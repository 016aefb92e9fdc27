"""What is due when: a heap of times and one coroutine that waits for the next, not a thousand that sleep."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable
from typing import Generic, TypeVar

from .clock import Clock

T = TypeVar("T")

IDLE_S = 3600.0


class Agenda(Generic[T]):
    """Calls back with each item when it is due. Engine's thread only."""

    def __init__(self, clock: Clock, call: Callable[[T], None]) -> None:
        self._clock, self._call = clock, call
        self._heap: list[tuple[float, int, T]] = []
        self._number = itertools.count()
        self._changed = asyncio.Event()

    def add(self, due: float, item: T) -> None:
        """Plans an item for a time, in the clock's seconds; whoever is called then looks whether it still holds."""
        heapq.heappush(self._heap, (due, next(self._number), item))
        if self._heap[0][0] == due:
            self._changed.set()

    async def run(self) -> None:
        """Calls back what is due, for ever."""
        while True:
            self._changed.clear()
            now = self._clock.monotonic()
            while self._heap and self._heap[0][0] <= now:
                self._call(heapq.heappop(self._heap)[2])
            wait_s = self._heap[0][0] - now if self._heap else IDLE_S
            waiting = asyncio.ensure_future(self._changed.wait())
            sleeping = asyncio.ensure_future(self._clock.sleep(wait_s))
            try:
                await asyncio.wait({waiting, sleeping}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                waiting.cancel()
                sleeping.cancel()
