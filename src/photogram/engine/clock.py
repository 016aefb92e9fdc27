"""Time, as the engine sees it; tests bring their own."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime


class Clock:
    """The real clock, plus the seconds for which this engine was awake.

    A laptop that slept, or a process that was stopped, did not wait for anything: deadlines count awake seconds only.
    Each beat adds the time since the last one, but never more than twice the interval.
    """

    BEAT_S = 1.0

    def __init__(self) -> None:
        self._awake_s = 0.0
        self._last_beat = time.monotonic()

    def now(self) -> datetime:
        """Returns the time as the store keeps it: UTC, without a zone."""
        return datetime.now(UTC).replace(tzinfo=None)

    def now_s(self) -> float:
        """Returns Unix seconds."""
        return time.time()

    def monotonic(self) -> float:
        """Returns seconds from some fixed point."""
        return time.monotonic()

    def awake_s(self) -> float:
        """Returns for how many seconds this engine was awake."""
        return self._awake_s + min(time.monotonic() - self._last_beat, 2 * self.BEAT_S)

    async def sleep(self, seconds: float) -> None:
        """Waits."""
        await asyncio.sleep(seconds)

    async def beat(self) -> None:
        """Counts awake time, for ever."""
        while True:
            await asyncio.sleep(self.BEAT_S)
            now = time.monotonic()
            self._awake_s += min(now - self._last_beat, 2 * self.BEAT_S)
            self._last_beat = now
