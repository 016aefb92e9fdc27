"""Reading: own threads, own cursors, always inside a READ ONLY transaction, run again when a turn cuts it short."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import duckdb

from ..errors import QueryInterrupted, StoreClosed
from .db import BROKEN, USE, Cursor, is_damage, storage_failed
from .desk import Lease, Why
from .keeper import Keeper

T = TypeVar("T")

RERUNS = 3
"""How often a read that was cut short is run again."""


class Readers:
    """A few daemon threads that do what they are given, started when there is something to do.

    An executor of the standard library will not do: its threads are joined at exit, behind whatever query they run.

    Args:
        name: The threads' name.
        size: How many at most.
    """

    def __init__(self, name: str, size: int) -> None:
        self._name = name
        self._size = size
        self._tasks: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._open_tasks = 0
        self._stopped = False
        self.threads: list[threading.Thread] = []

    def submit(self, task: Callable[[], None]) -> None:
        """Queues a task, which must not raise. Any thread."""
        with self._lock:
            if self._stopped:
                raise StoreClosed("The store is closed.")
            self._open_tasks += 1
            if self._open_tasks > len(self.threads) and len(self.threads) < self._size:
                thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                thread.pydev_do_not_trace = True  # type: ignore[attr-defined]  # a debugger's pause must not keep the file
                thread.start()
                self.threads.append(thread)
            self._tasks.put(task)

    def stop(self) -> None:
        """Takes nothing more, and lets the threads end once the queue is empty."""
        with self._lock:
            self._stopped = True
            for _ in self.threads:
                self._tasks.put(None)

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            try:
                task()
            finally:
                del task  # the last task's result must not live until the next one
                with self._lock:
                    self._open_tasks -= 1


def read(
    keeper: Keeper,
    op: Callable[[Cursor], T],
    *,
    since: float,
    limit_s: float | None = None,
    told: Callable[[Lease], None] | None = None,
) -> T:
    """Runs a read on this thread, waiting for the turn where needed.

    Args:
        keeper: Whose connection.
        op: Reads, and fetches all it returns.
        since: The desk's `waited_s` when it was asked for: the waiting counts from there, not from its thread's start.
        limit_s: Seconds that one run may take.
        told: Given each run's lease before it starts.

    Raises:
        QueryInterrupted: By its limit, by the caller, or by other processes' turns more than three times.
        StorageFailed: The file could not be read.
        StoreClosed: The store was closed meanwhile.
    """
    for again in range(RERUNS, -1, -1):
        stopped_for: Why | None = None
        lease: Lease | None = None
        try:
            with keeper.desk.lease(since, limit_s, told) as lease:
                since = keeper.desk.waited_s
                return _read_only(lease.cursor, op)
        except BROKEN as error:
            if not again:
                raise storage_failed(keeper.database, error) from error
            keeper.report_broken()
        except duckdb.Error as error:
            stopped_for = lease.stopped_for if lease else None
            if stopped_for is None:
                if is_damage(error):
                    raise storage_failed(keeper.database, error) from error
                raise
            if stopped_for != "turn" or not again:
                raise _interrupted(stopped_for, keeper, limit_s) from error
    raise AssertionError("unreachable")


def _read_only(cursor: Cursor, op: Callable[[Cursor], T]) -> T:
    cursor.execute(USE)
    cursor.execute("BEGIN TRANSACTION READ ONLY")
    try:
        return op(cursor)
    finally:
        with suppress(duckdb.Error):
            cursor.execute("ROLLBACK")


def _interrupted(why: Why, keeper: Keeper, limit_s: float | None) -> Exception:
    if why == "closing":
        return StoreClosed("The store was closed while this was read.")
    if why == "time":
        return QueryInterrupted(
            f"The query was stopped after its time limit of {limit_s:g} s.",
            next_step="Narrow it down, or give it more: time_limit_s=….",
        )
    if why == "user":
        return QueryInterrupted("The query was stopped.", next_step="")
    other = keeper.file.next_in_line()
    return QueryInterrupted(
        f"The query was stopped {RERUNS + 1} times because {other or 'another process'} needed the file.",
        next_step="Narrow it down, or run it when the other notebook is quiet.",
    )
