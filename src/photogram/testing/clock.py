"""A clock that runs fast, so that tests of minutes take seconds."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

from ..engine.clock import Clock


class FastClock(Clock):
    """Fifty seconds pass in one, dates included."""

    speed = 50.0

    def __init__(self) -> None:
        super().__init__()
        self._date_s, self._began_s = time.time(), time.monotonic()

    def now(self) -> datetime:
        """Returns the date (UTC, naive)."""
        return datetime.fromtimestamp(self.now_s(), UTC).replace(tzinfo=None)

    def now_s(self) -> float:
        """Returns the date in Unix seconds."""
        return self._date_s + (time.monotonic() - self._began_s) * self.speed

    def monotonic(self) -> float:
        """Returns seconds that only ever grow."""
        return time.monotonic() * self.speed

    def awake_s(self) -> float:
        """Returns the seconds for which this machine was awake."""
        return time.monotonic() * self.speed

    async def sleep(self, seconds: float) -> None:
        """Waits a fiftieth of that."""
        await asyncio.sleep(seconds / self.speed)
