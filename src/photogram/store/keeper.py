"""The keeper: the one thread of a process that takes the turn, opens the database, writes, and gives the turn up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import duckdb

from ..errors import PhotogramError, StoreClosed
from .db import Cursor, storage_failed
from .desk import Desk
from .possession import Possession
from .writer import MAX_BREAKS, Broken, Job, commit_group

HOLD_S = 0.03
"""A turn lasts at least this long once the file is open."""

IDLE_S = 0.2
"""A turn is given up after this long without work, wanted or not: a cell that then holds the GIL delays nobody."""

GRACE_S = 2.0
"""How long running reads may go on once another process wants the turn, or the store is closed."""

FORK_GRACE_S = 0.2
"""And how long once this process is about to fork."""

AWAKE_S = 0.25
"""What one pause counts for at most: a process that was stopped has not waited."""


class Keeper:
    """Owns the file while it is this process's turn. Its methods: any thread, but not from within an operation.

    Attributes:
        desk: Where work arrives.
        database: The database file.
        file: The possession of the file.
        thread: The keeper itself.

    Args:
        database: The database file.
        spill: Where DuckDB may put what does not fit in memory.
        prepare: Run in every turn before anything else (migrations).
        busy_timeout_s: How long an impatient operation waits for the turn.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        database: Path,
        spill: Path,
        *,
        prepare: Callable[[Cursor], None],
        busy_timeout_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.database = database
        self.desk = Desk(clock)
        self.file = Possession(database, spill, prepare=prepare, changed=self.desk.changed, clock=clock)
        self._busy_timeout_s = busy_timeout_s
        self._clock = clock
        self._looked_at = 0.0
        self._drain_until = 0.0
        self._close_grace_s = GRACE_S
        self.thread = threading.Thread(target=self._run, name="photogram-store", daemon=True)
        self.thread.pydev_do_not_trace = True  # type: ignore[attr-defined]  # a debugger's pause must not keep the file
        self.thread.start()

    # ── Any thread ──────────────────────────────────────────────────────────────────────────────────────────────

    def report_broken(self) -> None:
        """Tells that a read failed in a way that puts the connection in doubt; it will be opened anew."""
        with self.desk.changed:
            self.file.in_doubt = True
            self.desk.changed.notify_all()

    def begin_pause(self) -> None:
        """Asks that no DuckDB instance exist until `end_pause`; see `Possession.await_absence`."""
        with self.desk.changed:
            self.file.forbidden += 1
            self.desk.changed.notify_all()

    def end_pause(self) -> None:
        """Lets work go on."""
        with self.desk.changed:
            self.file.forbidden -= 1
            self.desk.changed.notify_all()

    def begin_close(self, *, drain_s: float, grace_s: float = GRACE_S) -> None:
        """Takes nothing more, writes what is queued for so long, lets reads go on for so long, and ends.

        A second call can only make it shorter.
        """
        with self.desk.changed:
            until = self._clock() + drain_s
            self._drain_until = min(self._drain_until, until) if self.desk.closing else until
            self._close_grace_s = min(self._close_grace_s, grace_s)
            self.desk.closing = True
            self.desk.changed.notify_all()

    def interrupt_writer(self) -> None:
        """Interrupts the operation that is being written. Only when the interpreter ends."""
        writer = self.file.writer
        if writer is not None:
            with suppress(duckdb.Error):
                writer.interrupt()

    # ── The keeper's own thread ─────────────────────────────────────────────────────────────────────────────────

    def _run(self) -> None:
        while self._wait_for_work():
            try:
                if self.file.take(self._go_on):
                    try:
                        self._serve()
                    finally:
                        self._give_up()
            except Exception as error:  # noqa: BLE001  every waiting caller hears of it, and the thread lives on
                self.desk.fail_all(error if isinstance(error, PhotogramError) else storage_failed(self.database, error))
        self.desk.fail_all(StoreClosed("The store was closed before this could be written."))
        self.file.drop_instance()
        self.file.release()

    def _wait_for_work(self) -> bool:
        while True:
            with self.desk.changed:
                self.desk.changed.wait_for(self._has_something_to_do)
                if not (self.file.forbidden and self.file.exists):
                    self._looked_at = self._clock()
                    return not self.desk.closing or not self._drained()
            self.file.drop_instance()

    def _has_something_to_do(self) -> bool:
        if self.file.forbidden:
            return self.desk.closing or self.file.exists
        return self.desk.closing or self.desk.wanted()

    def _drained(self) -> bool:
        return not self.desk.jobs or self._clock() >= self._drain_until

    def _go_on(self) -> bool:
        """Counts the time waited, tells those who have waited enough, and returns whether anyone still waits."""
        now = self._clock()
        with self.desk.changed:
            self.desk.waited_s += min(now - self._looked_at, AWAKE_S)
            self._looked_at = now
            if self.file.forbidden or (self.desk.closing and self._drained()):
                return False
        return self.desk.expire(self._busy_timeout_s, lambda: self.file.busy_error(self._busy_timeout_s))

    def _serve(self) -> None:
        """Works until the turn is to be given up."""
        opened = worked = self._clock()
        leave_by: float | None = None
        with self.desk.changed:
            self.desk.lend(self.file.root)
        while True:
            group = self.desk.next_group()
            if group:
                self._write(group)
            now = self._clock()
            with self.desk.changed:
                if group or self.desk.leases or self.desk.wanted():
                    worked = now
                self.desk.tend_leases()
                grace_s = self._leaving(now, opened=opened, worked=worked)
                if grace_s is not None:
                    self.desk.lend(None)
                    leave_by = now + grace_s if leave_by is None else min(leave_by, now + grace_s)
                if leave_by is not None and (not self.desk.leases or now >= leave_by):
                    return

    def _leaving(self, now: float, *, opened: float, worked: float) -> float | None:
        """Returns for how long running reads may still go on if the turn is to be given up, else None."""
        if self.file.in_doubt:
            return 0.0
        if self.file.forbidden:
            return FORK_GRACE_S
        if self.desk.closing and self._drained():
            return self._close_grace_s
        if now - worked >= IDLE_S:
            return 0.0
        if now - opened >= HOLD_S and self.file.wanted():
            return GRACE_S
        return None

    def _write(self, group: list[Job]) -> None:
        """Commits a group; where the connection breaks under it, its operations are put back."""
        assert self.file.writer is not None
        try:
            done = commit_group(self.file.writer, group)
        except Broken as broken:
            again = [job for job in group if not job.future.done()]
            for job in again:
                job.breaks += 1
                if job.breaks >= MAX_BREAKS:
                    job.fail(storage_failed(self.database, broken.__cause__ or broken))
            self.desk.put_back([job for job in again if not job.future.done()])
            self.file.in_doubt = True
        else:
            self.desk.put_back(group[done:])
            self.file.fold()

    def _give_up(self) -> None:
        with self.desk.changed:
            self.desk.lend(None)
            self.desk.end_leases("closing" if self.desk.closing else "turn")
        self.file.give_up()
