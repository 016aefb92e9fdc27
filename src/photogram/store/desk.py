"""The desk between the store's callers and its keeper: what waits to be written, and who is reading."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Literal

import duckdb

from ..errors import PhotogramError, StoreBusy, StoreClosed
from .db import Cursor
from .writer import Job, arrange

TICK_S = 0.01
"""How often an idle holder looks whether it is wanted."""

GATHER_S = 0.1
"""Gathered operations are committed at most this often, so that a burst of images shares its statements: they cost as
much for one as for ten. One that comes alone waits for nothing."""

Why = Literal["turn", "time", "user", "closing"]
"""Why a read was interrupted: another process's turn, its time limit, its caller, or the store's end."""


class Lease:
    """A reader's cursor, lent until the turn ends.

    Attributes:
        cursor: Its own cursor.
        until: When its time is up (the desk's clock), or None.
        stopped_for: Why it was interrupted, or None.
    """

    __slots__ = ("cursor", "stopped_for", "until")

    def __init__(self, cursor: Cursor, until: float | None) -> None:
        self.cursor = cursor
        self.until = until
        self.stopped_for: Why | None = None

    def stop(self, why: Why) -> None:
        """Interrupts what runs on it. Any thread; to be repeated, because between two statements it has no effect."""
        if self.stopped_for in (None, "turn"):  # that its caller or its limit ends it outranks a turn
            self.stopped_for = why
        with suppress(duckdb.Error):
            self.cursor.interrupt()


class _Wish:
    """A reader that waits for the database to be open."""

    __slots__ = ("error", "mark")

    def __init__(self, mark: float) -> None:
        self.mark = mark
        self.error: PhotogramError | None = None


class Desk:
    """Where operations queue and cursors are lent.

    Attributes:
        changed: Guards everything here; notified of every change.
        jobs: What waits to be written.
        leases: Who reads.
        closing: Whether nothing more is taken.
        waited_s: For how long, in all, the turn has been waited for while this process was awake. A deadline counted by
            it cannot pass while the process is stopped, asleep, or at work itself.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.changed = threading.Condition()
        self.jobs: deque[Job] = deque()
        self.leases: set[Lease] = set()
        self.closing = False
        self.waited_s = 0.0
        self._clock = clock
        self._wishes: list[_Wish] = []
        self._gather_from = 0.0
        self._lender: duckdb.DuckDBPyConnection | None = None

    # ── Any thread ──────────────────────────────────────────────────────────────────────────────────────────────

    def submit(self, job: Job) -> None:
        """Queues an operation.

        Raises:
            StoreClosed: Nothing more is taken.
        """
        with self.changed:
            if self.closing:
                raise StoreClosed("The store is closed.")
            job.mark = self.waited_s
            self.jobs.append(job)
            self.changed.notify_all()

    @contextmanager
    def lease(
        self, since: float, limit_s: float | None = None, told: Callable[[Lease], None] | None = None
    ) -> Iterator[Lease]:
        """Lends a cursor of its own, waiting for the turn where needed.

        Args:
            since: `waited_s` when it began to wait.
            limit_s: Seconds after which it is interrupted.
            told: Given the lease before anything runs on it.

        Raises:
            StoreBusy, StorageFailed, SchemaTooNew, StoreClosed: The database cannot be had.
        """
        lease = self._grant(since, limit_s)
        try:
            if told:
                told(lease)
            yield lease
        finally:
            with suppress(duckdb.Error):
                lease.cursor.close()
            with self.changed:
                self.leases.discard(lease)
                self.changed.notify_all()

    def _grant(self, since: float, limit_s: float | None) -> Lease:
        with self.changed:
            wish = _Wish(since)
            self._wishes.append(wish)
            self.changed.notify_all()
            try:
                self.changed.wait_for(lambda: self.closing or wish.error or self._lender)
            finally:
                self._wishes.remove(wish)
            if wish.error:
                raise wish.error
            if self.closing or self._lender is None:
                raise StoreClosed("The store is closed.")
            lease = Lease(self._lender.cursor(), None if limit_s is None else self._clock() + limit_s)
            self.leases.add(lease)
            return lease

    # ── The keeper, holding `changed` ───────────────────────────────────────────────────────────────────────────

    def wanted(self) -> bool:
        """Returns whether anything needs the database."""
        return bool(self.jobs) or any(wish.error is None for wish in self._wishes)

    def lend(self, lender: duckdb.DuckDBPyConnection | None) -> None:
        """Lends cursors of this connection from now on; none where it is None."""
        self._lender = lender
        self._gather_from = 0.0
        self.changed.notify_all()

    def tend_leases(self) -> None:
        """Interrupts reads whose time is up, and again those that were interrupted before."""
        now = self._clock()
        for lease in self.leases:
            if lease.stopped_for:
                lease.stop(lease.stopped_for)
            elif lease.until is not None and now >= lease.until:
                lease.stop("time")

    def end_leases(self, why: Why) -> None:
        """Ends all reads and returns when the last cursor is back."""
        while self.leases:
            for lease in self.leases:
                lease.stop(why)
            self.changed.wait(2 * TICK_S)

    # ── The keeper ──────────────────────────────────────────────────────────────────────────────────────────────

    def next_group(self) -> list[Job]:
        """Waits a tick at most; returns the operations to commit together, one that broke a connection alone."""
        with self.changed:
            if not self.jobs or self._is_early():
                self.changed.wait(TICK_S)
            if self._is_early():
                return []
            group: list[Job] = []
            while self.jobs and not (group and self.jobs[0].breaks):
                job = self.jobs.popleft()
                if job.start():
                    group.append(job)
                if job.breaks:
                    break
            if any(job.gathered for job in group):
                self._gather_from = self._clock() + GATHER_S
            return arrange(group)

    def _is_early(self) -> bool:
        """Tells whether all that is queued waits for others of its kind; nothing does where anything else waits."""
        return (
            bool(self.jobs)
            and not self.closing
            and self._clock() < self._gather_from
            and all(job.gathered and not job.breaks for job in self.jobs)
        )

    def put_back(self, jobs: list[Job]) -> None:
        """Puts operations that were not run to the head of the queue."""
        with self.changed:
            self.jobs.extendleft(reversed(jobs))

    def expire(self, timeout_s: float, busy: Callable[[], StoreBusy]) -> bool:
        """Tells those that have waited this long for the turn; returns whether anyone still waits."""
        with self.changed:
            over = self.waited_s - timeout_s
            late_wishes = [wish for wish in self._wishes if wish.mark < over and wish.error is None]
            late_jobs = [job for job in self.jobs if _is_late(job, over)]
            if late_wishes or late_jobs:
                error = busy()
                for wish in late_wishes:
                    wish.error = error
                self.jobs = deque(job for job in self.jobs if not _is_late(job, over))
                self.changed.notify_all()
            still = self.wanted()
        for job in late_jobs:
            job.fail(error)
        return still

    def fail_all(self, error: PhotogramError) -> None:
        """Tells everyone who waits."""
        with self.changed:
            jobs, self.jobs = self.jobs, deque()
            for wish in self._wishes:
                wish.error = wish.error or error
            self.changed.notify_all()
        for job in jobs:
            job.fail(error)


def _is_late(job: Job, over: float) -> bool:
    return job.mark < over and not job.patient
