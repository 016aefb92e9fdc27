"""The keeper: the one thread of a process that takes the turn, opens the database, writes, and gives the turn up."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

import duckdb

from ..errors import PhotogramError, StorageFailed, StoreBusy, StoreClosed
from .db import Cursor, FileState, HeldElsewhere, checkpoint_if_costly, open_database
from .turn import Holder, Turn, this_host
from .writer import MAX_BREAKS, Broken, Job, commit_group

HOLD_S = 0.03
"""A turn lasts at least this long once the database is open: opening costs 20 ms, and should be worth it."""

IDLE_S = 0.2
"""A turn is given up after this long without work, wanted or not: a cell that then holds the GIL keeps nobody waiting."""

GRACE_S = 2.0
"""How long running reads may go on once another process wants the turn."""

FORK_GRACE_S = 0.2
FORK_WAIT_S = 3.0

TICK_S = 0.01
"""How often an idle holder looks whether it is wanted."""

FOREIGN_POLL_S = 0.05
"""How often a file that a foreign program holds is tried again; each try costs 15 ms."""

AWAKE_S = 0.25
"""What one pause counts for at most: a process that was stopped has not waited."""

Why = Literal["turn", "time", "user", "closing"]


class Lease:
    """A reader's cursor, lent until the turn ends.

    Attributes:
        cursor: Its own cursor.
        until: When its time is up (the keeper's clock), or None.
        stopped_for: Why it was interrupted, or None.
    """

    __slots__ = ("cursor", "stopped_for", "until")

    def __init__(self, cursor: Cursor, until: float | None) -> None:
        self.cursor = cursor
        self.until = until
        self.stopped_for: Why | None = None

    def stop(self, why: Why) -> None:
        """Interrupts what runs on it. Any thread; to be repeated, because between two statements it has no effect."""
        if self.stopped_for in (None, "turn"):  # that the user or the clock wants it to end outranks a turn
            self.stopped_for = why
        with suppress(duckdb.Error):
            self.cursor.interrupt()


class _Wish:
    """A reader that waits for the database to be open."""

    __slots__ = ("error", "mark")

    def __init__(self, mark: float) -> None:
        self.mark = mark
        self.error: PhotogramError | None = None


class Keeper:
    """Owns the connection, and with it the turn. All methods: any thread, but not from within an operation.

    Args:
        database: The database file.
        spill: Where DuckDB may put what does not fit in memory.
        prepare: Run on every fresh connection before anything else (migrations).
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
        self._database = database
        self._spill = spill
        self._prepare = prepare
        self.busy_timeout_s = busy_timeout_s
        self._clock = clock
        self._turn = Turn(database, clock=clock)
        self._changed = threading.Condition()
        self._jobs: deque[Job] = deque()
        self._wishes: list[_Wish] = []
        self._leases: set[Lease] = set()
        self._root: duckdb.DuckDBPyConnection | None = None
        self._writer: Cursor | None = None
        self._instance = False  # a DuckDB instance exists, or is just being made
        self._admitting = False
        self._broken = False
        self._pauses = 0
        self._closing = False
        self._drain_until = 0.0
        self._close_grace_s = GRACE_S
        self._waited_s = 0.0
        self._looked_at = 0.0
        self._waiting_since: float | None = None
        self._foreign: Holder | None = None
        self._seen = FileState.of(database)
        self._changed_elsewhere = False
        self.waits_s: deque[float] = deque(maxlen=20_000)
        self.thread = threading.Thread(target=self._run, name="photogram-store", daemon=True)
        self.thread.pydev_do_not_trace = True  # type: ignore[attr-defined]  # a debugger's pause must not keep the file
        self.thread.start()

    # ── What other threads ask for ──────────────────────────────────────────────────────────────────────────────

    def submit(self, job: Job) -> None:
        """Queues an operation."""
        with self._changed:
            if self._closing:
                raise StoreClosed("The store is closed.")
            job.mark = self._waited_s
            self._jobs.append(job)
            self._changed.notify_all()

    @contextmanager
    def lease(self, limit_s: float | None = None, told: Callable[[Lease], None] | None = None) -> Iterator[Lease]:
        """Lends a cursor of its own, waiting for the turn where needed.

        Args:
            limit_s: Seconds after which it is interrupted.
            told: Given the lease before anything runs on it.

        Raises:
            StoreBusy, StorageFailed, SchemaTooNew, StoreClosed: The database cannot be had.
        """
        lease = self._grant(limit_s)
        try:
            if told:
                told(lease)
            yield lease
        finally:
            with suppress(duckdb.Error):
                lease.cursor.close()
            with self._changed:
                self._leases.discard(lease)
                self._changed.notify_all()

    def _grant(self, limit_s: float | None) -> Lease:
        with self._changed:
            wish = _Wish(self._waited_s)
            self._wishes.append(wish)
            self._changed.notify_all()
            try:
                self._changed.wait_for(lambda: self._closing or wish.error or self._admitting)
            finally:
                self._wishes.remove(wish)
            if wish.error:
                raise wish.error
            if self._closing or self._root is None:
                raise StoreClosed("The store is closed.")
            lease = Lease(self._root.cursor(), None if limit_s is None else self._clock() + limit_s)
            self._leases.add(lease)
            return lease

    def report_broken(self) -> None:
        """Tells that a read failed in a way that puts the connection in doubt; it will be opened anew."""
        with self._changed:
            self._broken = True
            self._changed.notify_all()

    def begin_pause(self) -> None:
        """Asks that no DuckDB instance be open, until `end_pause`."""
        with self._changed:
            self._pauses += 1
            self._changed.notify_all()

    def await_pause(self) -> bool:
        """Waits (3 s at most) until no DuckDB instance is open; returns whether that is so."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._instance, timeout=FORK_WAIT_S)

    def end_pause(self) -> None:
        """Lets work go on."""
        with self._changed:
            self._pauses -= 1
            self._changed.notify_all()

    def begin_close(self, *, drain_s: float, grace_s: float) -> None:
        """Takes nothing more, writes what is queued for so long, lets reads go on for so long, and ends."""
        with self._changed:
            self._closing = True
            self._drain_until = self._clock() + drain_s
            self._close_grace_s = grace_s
            if grace_s <= 0:
                for lease in self._leases:
                    lease.stop("closing")
            self._changed.notify_all()

    def interrupt_writer(self) -> None:
        """Interrupts the operation that is being written. Only when the interpreter ends."""
        writer = self._writer
        if writer is not None:
            with suppress(duckdb.Error):
                writer.interrupt()

    def abandon(self) -> duckdb.DuckDBPyConnection | None:
        """Lets go of the locks in a forked child, whose parent goes on holding them; returns what must never be freed."""
        self._turn.close()
        return self._root

    @property
    def has_instance(self) -> bool:
        """Whether a DuckDB instance of this process exists."""
        return self._instance

    def next_in_line(self) -> Holder | None:
        """Returns who queued for the turn last."""
        return self._turn.next_in_line()

    def busy(self) -> str | None:
        """Returns who holds the file, once the turn has been waited for longer than a second; else None."""
        since = self._waiting_since
        if since is None or self._clock() - since < 1:
            return None
        return self._who_holds()

    def changed_elsewhere(self) -> bool:
        """Returns whether another process may have written since this was last asked."""
        with self._changed:
            if not self._instance:
                self._look()
            changed, self._changed_elsewhere = self._changed_elsewhere, False
            return changed

    def _look(self) -> None:
        now = FileState.of(self._database)
        if now != self._seen:
            self._seen, self._changed_elsewhere = now, True

    def _who_holds(self) -> str:
        foreign = self._foreign
        holder = foreign or self._turn.holder()
        name = "another process" if holder is None else str(holder)
        return f"{name} has the file open outside Photogram" if foreign else f"{name} holds the workspace"

    # ── The keeper's own thread ─────────────────────────────────────────────────────────────────────────────────

    def _run(self) -> None:
        while self._wait_for_work():
            try:
                took_s = self._open()
                if took_s is not None:
                    try:
                        self._serve()
                    finally:
                        self._shut(took_s)
            except Exception as error:  # noqa: BLE001  every waiting caller hears of it, and the thread lives on
                self._fail_all(error)
        self._fail_all(StoreClosed("The store was closed before this was written."))
        self._turn.close()

    def _wait_for_work(self) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._closing or ((self._jobs or self._wishes) and not self._pauses))
            return not self._closing or (bool(self._jobs) and self._clock() < self._drain_until)

    def _open(self) -> float | None:
        """Takes the turn and opens the database; returns how long the opening took, or None if it came to nothing."""
        started = self._waiting_since = self._looked_at = self._clock()
        try:
            if not self._turn.take(self._go_on):
                return None
            try:
                took_s = self._connect()
            except BaseException:
                self._turn.give_up()
                raise
            if took_s is None:
                self._turn.give_up()
            else:
                self.waits_s.append(self._clock() - started)
            return took_s
        finally:
            self._waiting_since = self._foreign = None

    def _connect(self) -> float | None:
        while True:
            with self._changed:
                if self._pauses:
                    return None
                self._look()
                self._instance = True
            started = self._clock()
            try:
                root = open_database(self._database, self._spill)
                try:
                    self._prepare(root)
                    writer = root.cursor()
                except BaseException:
                    root.close()
                    raise
            except HeldElsewhere as held:
                self._end_instance()
                self._foreign = Holder(pid=held.pid, host=this_host()) if held.pid else None
            except BaseException:
                self._end_instance()
                raise
            else:
                with self._changed:
                    self._root, self._writer, self._admitting, self._broken = root, writer, True, False
                    self._changed.notify_all()
                return self._clock() - started
            time.sleep(FOREIGN_POLL_S)
            if not self._go_on():
                return None

    def _end_instance(self, *, wrote: bool = False) -> None:
        with self._changed:
            self._instance = False
            if wrote:
                self._seen = FileState.of(self._database)
            self._changed.notify_all()

    def _go_on(self) -> bool:
        """Counts the time waited, tells those who have waited enough, and returns whether anyone still waits."""
        now = self._clock()
        with self._changed:
            self._waited_s += min(now - self._looked_at, AWAKE_S)
            self._looked_at = now
            if self._pauses or (self._closing and now >= self._drain_until):
                return False
            over = self._waited_s - self.busy_timeout_s
            late_wishes = [wish for wish in self._wishes if wish.mark < over and wish.error is None]
            late_jobs = [job for job in self._jobs if _late(job, over)]
            if not late_wishes and not late_jobs:
                return bool(self._jobs or any(wish.error is None for wish in self._wishes))
            error = self._busy_error()
            for wish in late_wishes:
                wish.error = error
            self._jobs = deque(job for job in self._jobs if not _late(job, over))
            self._changed.notify_all()
            still = bool(self._jobs or any(wish.error is None for wish in self._wishes))
        for job in late_jobs:
            job.fail(error)
        return still

    def _busy_error(self) -> StoreBusy:
        holder = self._foreign or self._turn.holder()
        if holder is not None and holder.stopped:
            next_step = f"Resume process {holder.pid}, or end it."
        elif self._foreign:
            next_step = "Close the file there."
        else:
            next_step = "Try again; if it stays, restart the other notebook's kernel."
        return StoreBusy(
            f"Waited {self.busy_timeout_s:g} s for {self._database}: {self._who_holds()}.", next_step=next_step
        )

    def _serve(self) -> None:
        """Works until the turn is to be given up."""
        opened = worked = self._clock()
        leave_by: float | None = None
        while True:
            group = self._next_group()
            if group and not self._write(group):
                return
            now = self._clock()
            with self._changed:
                if group or self._leases or self._wishes:
                    worked = now
                for lease in self._leases:
                    if lease.stopped_for:
                        lease.stop(lease.stopped_for)
                    elif lease.until is not None and now >= lease.until:
                        lease.stop("time")
                grace_s = self._leaving(now, opened=opened, worked=worked)
                if grace_s is not None:
                    self._admitting = False
                    leave_by = min(now + grace_s, leave_by if leave_by is not None else now + grace_s)
                if leave_by is not None and (not self._leases or now >= leave_by):
                    return

    def _leaving(self, now: float, *, opened: float, worked: float) -> float | None:
        """Returns for how long running reads may go on if the turn is to be given up, else None."""
        if self._broken:
            return 0.0
        if self._pauses:
            return FORK_GRACE_S
        if self._closing and (not self._jobs or now >= self._drain_until):
            return self._close_grace_s
        if now - worked >= IDLE_S:
            return 0.0
        if now - opened >= HOLD_S and self._turn.wanted():
            return GRACE_S
        return None

    def _next_group(self) -> list[Job]:
        """Waits a tick at most; returns the operations to commit together."""
        with self._changed:
            if not self._jobs:
                self._changed.wait(TICK_S)
            group: list[Job] = []
            while self._jobs and not (group and self._jobs[0].breaks):
                job = self._jobs.popleft()
                if job.start():
                    group.append(job)
                if job.breaks:
                    break
            return group

    def _write(self, group: list[Job]) -> bool:
        """Commits a group; returns False if the connection broke and must be opened anew."""
        assert self._writer is not None
        try:
            done = commit_group(self._writer, group)
        except Broken as broken:
            cause = broken.__cause__
            again = [job for job in group if not job.future.done()]
            for job in again:
                job.breaks += 1
                if job.breaks >= MAX_BREAKS:
                    job.fail(_storage_failed(cause))
            self._requeue([job for job in again if not job.future.done()])
            return False
        self._requeue(group[done:])
        return True

    def _requeue(self, jobs: list[Job]) -> None:
        with self._changed:
            self._jobs.extendleft(reversed(jobs))

    def _shut(self, open_took_s: float) -> None:
        """Closes the database and only then gives the turn up."""
        with self._changed:
            self._admitting = False
            while self._leases:
                for lease in self._leases:
                    lease.stop("closing" if self._closing else "turn")
                self._changed.wait(2 * TICK_S)
            root, writer, self._root, self._writer = self._root, self._writer, None, None
        assert root is not None
        assert writer is not None
        checkpoint_if_costly(writer, self._database, open_took_s=open_took_s)
        for connection in (writer, root):
            self._close(connection)
        self._end_instance(wrote=True)
        self._turn.give_up()

    def _close(self, connection: duckdb.DuckDBPyConnection) -> None:
        while True:
            try:
                connection.close()
            except duckdb.Error:  # still busy: DuckDB keeps its lock, so we must keep ours
                time.sleep(TICK_S)
            else:
                return

    def _fail_all(self, error: BaseException) -> None:
        known = error if isinstance(error, PhotogramError) else _storage_failed(error)
        with self._changed:
            jobs, self._jobs = self._jobs, deque()
            for wish in self._wishes:
                wish.error = wish.error or known
            self._changed.notify_all()
        for job in jobs:
            job.fail(known)


def _late(job: Job, over: float) -> bool:
    return job.mark < over and not job.patient


def _storage_failed(cause: Any) -> StorageFailed:
    error = StorageFailed(
        f"The workspace's database could not be used: {str(cause).splitlines()[0] if str(cause) else cause!r}."
    )
    error.__cause__ = cause
    return error
