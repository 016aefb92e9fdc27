"""Worker threads for what would hold up the event loop: painting, hashing, fsync, thumbnails.

Not a ThreadPoolExecutor: the interpreter joins that one's threads before it runs exit handlers, so a long picture would
hold up the exit.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")
Job = tuple[Callable[[], Any], "Future[Any]"]

QUIET_S = 0.5
"""What can wait is begun only after so long without anything else: thumbnails must not slow the pictures down."""


class Workers:
    """A few daemon threads. What somebody waits for goes first, in order; what can wait fills the quiet moments."""

    def __init__(self, name: str, threads: int) -> None:
        self._soon: deque[Job] = deque()
        self._later: deque[Job] = deque()
        self._aside: deque[Job] = deque()
        self._changed = threading.Condition()
        self._busy = 0
        self._last_busy = 0.0
        self._stopped = False
        self._threads = [
            threading.Thread(target=self._work, name=f"photogram-{name}-{index}", daemon=True)
            for index in range(threads)
        ]
        for thread in self._threads:
            thread.pydev_do_not_trace = True  # type: ignore[attr-defined]
            thread.start()

    def submit(
        self, function: Callable[..., T], /, *args: Any, later: bool = False, aside: bool = False
    ) -> Future[T]:  # fmt: skip
        """Runs `function(*args)` on a worker thread. Any thread.

        Args:
            function: What to run.
            args: Its arguments.
            later: Whether it can wait until there is nothing else to do.
            aside: Whether what can wait need not wait for it: it is no work, but comes again and again.
        """
        future: Future[T] = Future()
        with self._changed:
            if self._stopped:
                future.cancel()
                return future
            line = self._later if later else self._aside if aside else self._soon
            line.append((lambda: function(*args), future))
            self._changed.notify()
        return future

    def _take(self) -> tuple[Job | None, bool]:
        """Waits for a job; returns it and whether somebody waits for it, or None at the end."""
        with self._changed:
            while not self._stopped:
                if self._aside:
                    return self._aside.popleft(), False
                if self._soon:
                    self._busy += 1
                    return self._soon.popleft(), True
                quiet_in_s = QUIET_S if self._busy else self._last_busy + QUIET_S - time.monotonic()
                if self._later and quiet_in_s <= 0:
                    return self._later.popleft(), False
                self._changed.wait(quiet_in_s if self._later else None)
        return None, False

    def _work(self) -> None:
        while True:
            job, awaited = self._take()
            if job is None:
                return
            function, future = job
            try:
                if future.set_running_or_notify_cancel():
                    try:
                        result = function()
                    except BaseException as error:  # noqa: BLE001  handed to whoever waits for the future
                        future.set_exception(error)
                    else:
                        future.set_result(result)
            finally:
                if awaited:
                    with self._changed:
                        self._busy -= 1
                        self._last_busy = time.monotonic()
            job = function = future = result = None  # type: ignore[assignment]  # no bytes are kept while waiting

    def stop(self, timeout_s: float) -> None:
        """Lets every thread end after its current job; waits `timeout_s` seconds for all of them together.

        What was not begun is cancelled: nobody waits for it for ever.
        """
        with self._changed:
            self._stopped = True
            left = [*self._soon, *self._later, *self._aside]
            for line in (self._soon, self._later, self._aside):
                line.clear()
            self._changed.notify_all()
        for _, future in left:
            future.cancel()
        for thread in self._threads:
            thread.join(timeout_s / len(self._threads))
