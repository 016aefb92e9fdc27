"""Worker threads for what would hold up the event loop: painting, hashing, fsync, thumbnails.

Not a ThreadPoolExecutor: the interpreter joins that one's threads before it runs exit handlers, so a long picture would
hold up the exit.
"""

from __future__ import annotations

import itertools
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")
Job = tuple[int, int, Callable[[], Any] | None, Future[Any] | None]

SOON, LATER = 0, 1
"""Priorities: what a user waits for, and thumbnails."""


class Workers:
    """A few daemon threads that take jobs by priority, then by age."""

    def __init__(self, name: str, threads: int) -> None:
        self._jobs: queue.PriorityQueue[Job] = queue.PriorityQueue()
        self._number = itertools.count()
        self._threads = [
            threading.Thread(target=self._work, name=f"photogram-{name}-{index}", daemon=True)
            for index in range(threads)
        ]
        for thread in self._threads:
            thread.pydev_do_not_trace = True  # type: ignore[attr-defined]
            thread.start()

    def submit(self, function: Callable[..., T], /, *args: Any, priority: int = SOON) -> Future[T]:
        """Runs `function(*args)` on a worker thread. Any thread."""
        future: Future[T] = Future()
        self._jobs.put((priority, next(self._number), lambda: function(*args), future))
        return future

    def _work(self) -> None:
        while True:
            _, _, function, future = self._jobs.get()
            if function is None or future is None:
                return
            if not future.set_running_or_notify_cancel():
                continue
            try:
                result = function()
            except BaseException as error:  # noqa: BLE001  handed to whoever waits for the future
                future.set_exception(error)
            else:
                future.set_result(result)
            del function, future  # a picture's bytes are not kept until the next job

    def stop(self, timeout_s: float) -> None:
        """Lets every thread end after its current job; waits `timeout_s` seconds for all of them together."""
        for _ in self._threads:
            self._jobs.put((-1, next(self._number), None, None))
        for thread in self._threads:
            thread.join(timeout_s / len(self._threads))
