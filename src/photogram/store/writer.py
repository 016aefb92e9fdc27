"""Group commits: what queued while the previous commit ran goes into the next one, all or each alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from itertools import groupby
from typing import Any

import duckdb

from ..errors import StorageFailed
from .db import BROKEN, Cursor
from .gathered import Gathered

GROUP_S = 0.05
"""A group takes no further operation after this, so that a full queue cannot keep the file from others."""

MAX_BREAKS = 3
"""How often an operation is tried on a connection that breaks under it."""


_UNKNOWN: tuple[type[duckdb.Error], ...] = (*BROKEN, duckdb.InterruptException)
"""The outcome is unknown; interrupted are writes only when the interpreter ends."""


class Broken(Exception):  # noqa: N818  not an outcome: nobody knows the outcome
    """The connection failed under a transaction; whether that was saved is unknown. `__cause__` says how."""


class Job:
    """One operation that waits to be written.

    Attributes:
        op: The operation, its arguments bound.
        future: What the caller waits on; resolved after COMMIT only.
        patient: Whether it waits for the turn for ever (evidence of something paid).
        mark: The keeper's count of waited seconds when it was queued.
        breaks: How often the connection broke under it; from then on it runs alone.
        gathered: The operation for many, where it has one, and `item` what this one is about.
    """

    __slots__ = ("breaks", "future", "gathered", "item", "mark", "op", "patient")

    def __init__(
        self,
        op: Callable[[Cursor], Any],
        *,
        patient: bool,
        gathered: Gathered[Any, Any] | None = None,
        item: object = None,
    ) -> None:
        self.op = op
        self.gathered = gathered
        self.item = item
        self.future: Future[Any] = Future()
        self.patient = patient
        self.mark = 0.0
        self.breaks = 0
        if patient:
            self.future.set_running_or_notify_cancel()  # a cancelled waiter must not take the evidence with it

    def start(self) -> bool:
        """Returns whether to run it: false if the caller cancelled it while it waited."""
        return self.future.running() or self.future.set_running_or_notify_cancel()

    def fail(self, error: BaseException) -> None:
        """Tells the caller, unless it has already given up."""
        if self.start():
            self.future.set_exception(error)


def arrange(jobs: Sequence[Job]) -> list[Job]:
    """Puts gathered operations of a kind together, at the place of the first of them."""
    kinds: dict[object, list[Job]] = {}
    for job in jobs:
        kinds.setdefault(job.gathered or job, []).append(job)
    return [job for kind in kinds.values() for job in kind]


def commit_group(cursor: Cursor, jobs: Sequence[Job]) -> int:
    """Runs operations in one transaction and resolves their futures; if any fails, each in one of its own.

    Args:
        cursor: The writer's cursor, outside any transaction.
        jobs: Started operations, at least one.

    Returns:
        How many, from the first on, have been resolved; the rest did not fit and were not touched.

    Raises:
        Broken: The connection failed. Jobs whose future is not done must run again on a new connection.
    """
    begun: list[Job] = []
    results: list[Any] = []
    try:
        _transact(cursor, jobs, begun, results)
    except Broken:
        raise
    except BaseException as error:  # noqa: BLE001  it belongs to an operation and goes to that one's caller
        if len(begun) == 1:
            begun[0].fail(error)
        else:
            for job in begun:
                commit_group(cursor, [job])
        return len(begun)
    for job, result in zip(begun, results, strict=True):
        job.future.set_result(result)
    return len(begun)


def _transact(cursor: Cursor, jobs: Sequence[Job], begun: list[Job], results: list[Any]) -> None:
    until = time.monotonic() + GROUP_S
    try:
        cursor.execute("BEGIN TRANSACTION")
    except duckdb.Error as error:
        raise Broken from error
    try:
        for gathered, alike in groupby(jobs, lambda job: job.gathered):
            if gathered is None:
                for job in alike:
                    begun.append(job)
                    results.append(job.op(cursor))
                    if time.monotonic() > until:
                        break
            else:
                together = list(alike)
                begun += together
                results += gathered.many(cursor, [job.item for job in together])
            if time.monotonic() > until:
                break
        # An operation that swallowed an exception leaves a dead transaction, whose COMMIT would raise nothing and save
        # nothing (DuckDB 2.0). Any statement tells.
        cursor.execute("SELECT 1").fetchone()
    except _UNKNOWN as error:
        raise Broken from error
    except BaseException:
        _roll_back(cursor)
        raise
    try:
        cursor.execute("COMMIT")
    except _UNKNOWN as error:
        raise Broken from error
    except BaseException as error:  # a duplicate key or a full disk may show itself only now; nothing was saved
        _roll_back(cursor)
        if isinstance(error, duckdb.TransactionException):
            raise StorageFailed(
                f"The disk refused: {str(error).splitlines()[0]}.", next_step="Free some disk space, then retry."
            ) from error
        raise


def _roll_back(cursor: Cursor) -> None:
    with suppress(duckdb.Error):
        cursor.execute("ROLLBACK")
