"""The engine's own thread with its own event loop (why: docs/decisions/0002-engine-thread.md)."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

from ..errors import StoreClosed

T = TypeVar("T")
log = logging.getLogger("photogram")


class EngineThread:
    """A daemon thread that runs an event loop until it is stopped."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._guard = threading.Lock()
        self._promises: dict[Future[Any], Coroutine[Any, Any, Any]] = {}
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="photogram-engine", daemon=True)
        self._thread.pydev_do_not_trace = True  # type: ignore[attr-defined]  # debuggers leave it alone
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()
        with self._guard:
            self._ended = True
            broken, self._promises = self._promises, {}
        for promise, coroutine in broken.items():  # whoever waits must not wait for ever
            with suppress(RuntimeError):  # one that will not be closed is left to its thread's end
                coroutine.close()
            if promise.set_running_or_notify_cancel():
                promise.set_exception(_closed())
        self.loop.close()

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Runs a coroutine on the engine's loop. Any thread.

        Raises:
            StoreClosed: The loop has ended; one that ends before the coroutine does puts this into the future.
        """
        promise: Future[T] = Future()
        with self._guard:
            if self._ended:
                coroutine.close()
                raise _closed()
            self._promises[promise] = coroutine
        self.call(self._start, promise, coroutine)
        return promise

    def _start(self, promise: Future[T], coroutine: Coroutine[Any, Any, T]) -> None:
        task = self.loop.create_task(coroutine)
        task.add_done_callback(lambda _: self._keep(promise, task))
        promise.add_done_callback(lambda _: self.call(task.cancel) if promise.cancelled() else None)

    def _keep(self, promise: Future[T], task: asyncio.Task[T]) -> None:
        with self._guard:
            self._promises.pop(promise, None)
        if not promise.set_running_or_notify_cancel():
            return
        if task.cancelled():  # not by whoever waits, so by the end of the loop
            promise.set_exception(_closed())
        elif error := task.exception():
            promise.set_exception(error)
        else:
            promise.set_result(task.result())

    def call(self, function: Callable[..., object], *args: Any) -> None:
        """Calls a function on the engine's loop soon. Any thread; does nothing once the loop is closed."""
        try:
            self.loop.call_soon_threadsafe(function, *args)
        except RuntimeError:
            log.debug("the engine is closed; %s is left out", function)

    def spawn(self, coroutine: Coroutine[Any, Any, None], what: str) -> asyncio.Task[None]:
        """Starts a task that somebody owns: an exception that escapes it is logged, not lost. Engine's thread."""
        task = self.loop.create_task(coroutine, name=what)
        self._tasks.add(task)
        task.add_done_callback(self._settled)
        return task

    def _settled(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("%s failed: %s", task.get_name(), type(error).__name__, exc_info=error)

    def stop(self, timeout_s: float) -> None:
        """Cancels what runs, lets it end, and stops the loop; waits `timeout_s` seconds at most. Any other thread."""
        if not self.loop.is_running():
            return

        async def wind_up() -> None:
            mine = asyncio.current_task()
            others = [task for task in asyncio.all_tasks() if task is not mine]
            for task in others:
                task.cancel()
            await asyncio.wait(others, timeout=timeout_s) if others else None
            self.loop.stop()

        self.call(lambda: self.loop.create_task(wind_up()))
        self._thread.join(timeout_s + 0.5)


def _closed() -> StoreClosed:
    return StoreClosed("The studio was closed.")
