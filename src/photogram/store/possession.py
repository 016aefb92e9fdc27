"""Possession of the file: the turn, the connection that it allows, and what can be said of others meanwhile."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import duckdb

from ..errors import StoreBusy
from .db import (
    CHECKPOINT_ABOVE_BYTES,
    CHECKPOINT_TOOK_S,
    CHECKPOINT_WHILE_OPEN_BYTES,
    USE,
    Cursor,
    FileState,
    HeldElsewhere,
    attach,
    checkpoint,
    detach,
    is_damage,
    start_instance,
    wal_bytes,
)
from .shield import Shield
from .turn import Holder, Turn, this_host

FOREIGN_POLL_S = 0.05
"""How often a file that a foreign program holds is tried again; each try costs 1 ms."""

FORK_WAIT_S = 3.0
"""How long a fork waits for the DuckDB instance to end."""

CLOSE_POLL_S = 0.01


class Possession:
    """The keeper's hold on the database file. For its thread, but for what says otherwise.

    Attributes:
        root: The DuckDB instance that the file is attached to, kept between turns; None until the first.
        writer: The writer's cursor; None while the file is not ours.
        forbidden: How many forks are under way: while there are any, no DuckDB instance may exist.
        in_doubt: Whether the DuckDB instance has failed in a way that nothing may be asked of it any more.
        waits_s: How long each turn was waited for, the opening included.

    Args:
        database: The database file.
        spill: Where DuckDB may put what does not fit in memory.
        prepare: Run on the writer's cursor in every turn before anything else (migrations).
        changed: Guards `exists`, `forbidden` and what was seen of the file; notified when they change.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        database: Path,
        spill: Path,
        *,
        prepare: Callable[[Cursor], None],
        changed: threading.Condition,
        clock: Callable[[], float],
    ) -> None:
        self.root: duckdb.DuckDBPyConnection | None = None
        self.writer: Cursor | None = None
        self.forbidden = 0
        self.in_doubt = False
        self.waits_s: deque[float] = deque(maxlen=20_000)
        self._database = database
        self._spill = spill
        self._prepare = prepare
        self._changed = changed
        self._clock = clock
        self._turn = Turn(database, clock=clock)
        self._shield = Shield(database)
        self._exists = False
        self._open = False
        self._replayed_s = 0.0
        self._checkpoint_took_s = CHECKPOINT_TOOK_S
        self._waiting_since: float | None = None
        self._foreign: Holder | None = None
        self._seen = FileState.of(database)
        self._foreign_writes = 0

    def take(self, go_on: Callable[[], bool]) -> bool:
        """Takes the turn and opens the database.

        Args:
            go_on: Asked after every pause; False ends the waiting.

        Returns:
            Whether the file is ours now.

        Raises:
            StorageFailed, SchemaTooNew, duckdb.Error: It cannot be had; nothing is held then.
        """
        started = self._waiting_since = self._clock()
        try:
            if not self._start_instance() or not self._turn.take(go_on):
                return False
            opened = False
            try:
                opened = self._connect(go_on)
            finally:
                if not opened:
                    self._turn.give_up()
            if opened:
                self.waits_s.append(self._clock() - started)
            return opened
        finally:
            self._waiting_since = self._foreign = None

    def _start_instance(self) -> bool:
        """Before the turn, because nobody else need wait for its 20 ms; False if a fork forbids it."""
        if self.root is None:
            with self._changed:
                if self.forbidden:
                    return False
                self._exists = True
            try:
                self.root = start_instance(self._database, self._spill)
            except BaseException:
                self.drop_instance()
                raise
        return True

    def _connect(self, go_on: Callable[[], bool]) -> bool:
        while True:
            with self._changed:
                if self.forbidden:
                    return False
                self._look()
                self._open = True
            try:
                self._attach()
                return True
            except HeldElsewhere as held:
                self._foreign = Holder(pid=held.pid, host=this_host()) if held.pid else None
            finally:
                self._open = self.writer is not None
            time.sleep(FOREIGN_POLL_S)
            if not go_on():
                return False

    def _attach(self) -> None:
        assert self.root is not None
        replay = wal_bytes(self._database) > 0
        started = self._clock()
        self._open_file(self.root)
        if replay:
            self._replayed_s += self._clock() - started
        writer = self.root.cursor()
        try:
            writer.execute(USE)
            self._prepare(writer)
        except BaseException:
            _close(writer)  # the exception's traceback would keep it, and with it DuckDB's lock on the file
            self.drop_instance()
            raise
        self.writer = writer

    def _open_file(self, root: duckdb.DuckDBPyConnection) -> None:
        """Attaches the file, first mended where somebody died in a checkpoint."""
        left = self._shield.is_up
        try:
            attach(root, self._database)  # first, because it tells whether another program has the file
        except duckdb.Error as error:
            if not (left and is_damage(error)):
                raise
        else:
            if not left:
                return
            detach(root)
        self._shield.mend()
        attach(root, self._database)

    def wanted(self) -> bool:
        """Returns whether another process waits for the turn."""
        return self._turn.wanted()

    def fold(self) -> None:
        """Checkpoints if the WAL has grown much while nobody else wanted the file."""
        assert self.writer is not None
        if wal_bytes(self._database) > CHECKPOINT_WHILE_OPEN_BYTES:
            self._checkpoint(self.writer)

    def _checkpoint(self, writer: Cursor) -> None:
        started = self._clock()
        try:
            self._shield.keep(writer)
        except (OSError, duckdb.Error):  # such as a full disk: the WAL still holds all
            return
        if checkpoint(writer, self._database):
            self._shield.drop()
        else:
            self.in_doubt = True
        self._checkpoint_took_s = self._clock() - started
        self._replayed_s = 0.0

    def give_up(self) -> None:
        """Closes the file and only then gives the turn up. No lease may be out."""
        writer, self.writer = self.writer, None
        assert writer is not None
        assert self.root is not None
        # Once replaying has cost as much as a checkpoint does, it is worth one: 10 ms in a small file, 100 in a large.
        to_replay = wal_bytes(self._database)
        if to_replay > CHECKPOINT_ABOVE_BYTES or (to_replay and self._replayed_s >= self._checkpoint_took_s):
            self._checkpoint(writer)
        _close(writer)
        if not self.in_doubt:
            try:
                detach(self.root)
            except duckdb.Error:
                self.in_doubt = True
        if self.in_doubt:
            self.drop_instance()
        self._shield.release()
        with self._changed:
            self._seen = FileState.of(self._database)  # what we wrote ourselves is no news
            self._open = False
        self._turn.give_up()

    def drop_instance(self) -> None:
        """Ends the DuckDB instance: it is in doubt, or needed no more."""
        root, self.root = self.root, None
        if root is not None:
            _close(root)
        self.in_doubt = False
        with self._changed:
            self._exists = False
            self._changed.notify_all()

    # ── Any thread ──────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def exists(self) -> bool:
        """Whether this process has a DuckDB instance, or is just making one."""
        return self._exists

    def await_absence(self) -> bool:
        """Waits (3 s at most) until no DuckDB instance exists; returns whether that is so."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._exists, timeout=FORK_WAIT_S)

    def release(self) -> None:
        """Closes the lock files: at the keeper's end, and in a forked child (its parent keeps the locks)."""
        self._turn.close()

    def foreign_writes(self) -> int:
        """Returns a number that grows whenever another process may have written."""
        with self._changed:
            if not self._open:
                self._look()
            return self._foreign_writes

    def _look(self) -> None:
        now = FileState.of(self._database)
        if now != self._seen:
            self._seen = now
            self._foreign_writes += 1

    def next_in_line(self) -> Holder | None:
        """Returns who queued for the turn last."""
        return self._turn.next_in_line()

    def busy(self) -> str | None:
        """Returns who holds the file, once the turn has been waited for longer than a second; else None."""
        since = self._waiting_since
        return None if since is None or self._clock() - since < 1 else f"{self._who_holds()}."

    def busy_error(self, timeout_s: float) -> StoreBusy:
        """Returns the exception for those who have waited so long."""
        holder = self._foreign or self._turn.holder()
        if holder is not None and holder.stopped:
            next_step = f"Resume process {holder.pid}, or end it."
        elif self._foreign:
            next_step = "Close the file there."
        else:
            next_step = "Try again; if it stays, restart the other notebook's kernel."
        return StoreBusy(f"Waited {timeout_s:g} s for {self._database}: {self._who_holds()}.", next_step=next_step)

    def _who_holds(self) -> str:
        foreign = self._foreign
        holder = foreign or self._turn.holder()
        name = "another process" if holder is None else str(holder)
        return f"{name}, has the file open outside Photogram" if foreign else f"the workspace is in use by {name}"


def _close(connection: duckdb.DuckDBPyConnection) -> None:
    while True:
        try:
            connection.close()
        except duckdb.Error:  # still busy: DuckDB keeps its lock on the file, so the turn must stay ours
            time.sleep(CLOSE_POLL_S)
        else:
            return
