"""The store as everyone else sees it: named operations in, futures out."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from ..errors import StorageFailed, StoreClosed, StoreForked
from .db import Cursor
from .files import FileStore, LocalFiles
from .gathered import Gathered
from .keeper import Keeper
from .lifecycle import registry
from .migrate import migrate
from .query import PendingQuery
from .readers import Readers, read
from .writer import Job

P = ParamSpec("P")
T = TypeVar("T")

DATABASE = "history.duckdb"
FOLDERS = ("images", "thumbs", "references", "spill", "owners")

READ_THREADS = 2
QUERY_THREADS = 2
"""The user's queries have threads of their own, so that a slow one keeps the panel from nothing."""


class Store:
    """One workspace: its database, taken in turns with other processes, and its files.

    Made by `Store.open`; one per process and folder, shared and counted. Every method may be called from any thread and
    returns at once (but `close`); what takes time happens on the store's own threads, and arrives in a future.

    An operation is a plain function `op(cursor, …)`. It must give the same result when it is run again, because an
    unknown outcome at COMMIT is settled by running it again, and must return plain values, never a cursor or relation.

    Attributes:
        workspace: The folder, its real path.
        files: The bytes in it.
    """

    def __init__(self, workspace: Path, *, busy_timeout_s: float) -> None:
        """Use `Store.open`."""
        self.workspace = workspace
        self.files: FileStore = LocalFiles(workspace)
        self.keeper = Keeper(
            workspace / DATABASE, workspace / "spill" / "duckdb", prepare=migrate, busy_timeout_s=busy_timeout_s
        )
        self._busy_timeout_s = busy_timeout_s
        self._pid = os.getpid()
        self._uses = 0
        self._readers = Readers("photogram-read", READ_THREADS)
        self._queries = Readers("photogram-query", QUERY_THREADS)

    @classmethod
    def open(cls, workspace: Path, *, busy_timeout_s: float = 30.0) -> Store:
        """Opens a workspace, making the folder where there is none. Each open needs one `close`.

        The database itself is opened, and migrated, when the first operation needs it.

        Args:
            workspace: The folder.
            busy_timeout_s: How long an operation waits for other processes; counts for the first to open it.

        Raises:
            StorageFailed: The folder cannot be made or written.
            StoreForked: This process was forked in the middle of its parent's writing.
        """
        try:
            for name in FOLDERS:
                (workspace / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageFailed(
                f"The workspace {workspace} cannot be made: {error.strerror}.",
                next_step="Name a folder that you may write to: Studio(path) or PHOTOGRAM_HOME.",
            ) from error
        real = workspace.resolve()
        registry.check_not_inherited(real)
        with registry.lock:
            store = registry.stores.get(real)
            if store is None:
                store = registry.stores[real] = cls(real, busy_timeout_s=busy_timeout_s)
                registry.living.add(store)
            store._uses += 1
            return store

    def write(self, op: Callable[Concatenate[Cursor, P], T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Runs a writing operation; its future is resolved after COMMIT only.

        Operations run in the order they were given (gathered ones with the first of their kind), several in one
        transaction; one that raises changes nothing, and its exception is its future's. Cancelling the future works
        until the operation starts.

        Raises:
            StoreBusy: (in the future) Another process held the file for longer than `busy_timeout_s`.
            StorageFailed: (in the future) The disk refused.
            StoreForked, StoreClosed: At once.
        """
        return self._submit(_job(op, args, kwargs, patient=False))

    def write_evidence(
        self, op: Callable[Concatenate[Cursor, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Future[T]:
        """Like `write`, for what was paid for: waits for the file for ever, and cannot be cancelled."""
        return self._submit(_job(op, args, kwargs, patient=True))

    def read(self, op: Callable[Concatenate[Cursor, P], T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Runs a reading operation in a READ ONLY transaction of its own, on a thread for reading.

        It sees every write whose future was resolved before. Cut short by another process's turn, it is run again.
        """
        self._check()
        future: Future[T] = Future()
        work = partial(read, self.keeper, partial(_call, op, args, kwargs), since=self.keeper.desk.waited_s)
        self._readers.submit(partial(_resolve, future, work))
        return future

    def query(
        self,
        sql: str,
        parameters: Sequence[Any] | Mapping[str, Any] | None = None,
        *,
        user_id: str,
        time_limit_s: float = 30.0,
    ) -> PendingQuery:
        """Runs the user's own SQL: one SELECT over the documented views, as a future pandas DataFrame.

        Args:
            sql: The statement.
            parameters: For its `?` or `$name`.
            user_id: Whose rows it sees.
            time_limit_s: How long it may run, the waiting for the file not counted.

        Raises:
            QueryRefused: (in the future) It is not one SELECT over the views, or DuckDB cannot make sense of it.
            QueryInterrupted: (in the future) By `interrupt()`, by its time limit, or by other processes.
        """
        import pandas as pd  # noqa: F401  half a second, once: not while we hold the turn, nor where an exit waits for us

        self._check()
        pending = PendingQuery(sql, parameters, user_id=user_id, home=str(self.workspace), time_limit_s=time_limit_s)
        work = partial(pending.run, self.keeper, since=self.keeper.desk.waited_s)
        self._queries.submit(partial(_resolve, pending, work))
        return pending

    def close(self) -> None:
        """Takes back one `open`; the last one writes what is queued, closes the database, and waits for that.

        Running reads have two seconds. More closes than opens do nothing.
        """
        if os.getpid() != self._pid:
            return
        with registry.lock:
            self._uses = max(0, self._uses - 1)
            if self._uses or registry.stores.get(self.workspace) is not self:
                return
            del registry.stores[self.workspace]
        self.keeper.begin_close(drain_s=self._busy_timeout_s)
        self.stop_readers()
        if threading.current_thread() in self.threads():
            return  # in a future's callback: it ends by itself
        for thread in self.threads():
            thread.join()
        registry.living.discard(self)

    def waits_s(self) -> list[float]:
        """Returns how long each of the last turns was waited for, the opening included, in seconds."""
        return list(self.keeper.file.waits_s)

    def foreign_writes(self) -> int:
        """Returns a number that grows whenever another process may have written; looks at file times only."""
        self._check()
        return self.keeper.file.foreign_writes()

    def busy(self) -> str | None:
        """Returns who holds the file, and whether that process is stopped, once we wait longer than a second."""
        self._check()
        return self.keeper.file.busy()

    def threads(self) -> list[threading.Thread]:
        """Returns the store's own threads, the keeper's first."""
        return [self.keeper.thread, *self._readers.threads, *self._queries.threads]

    def stop_readers(self) -> None:
        """Lets the reading threads end after what they have."""
        self._readers.stop()
        self._queries.stop()

    def _submit(self, job: Job) -> Future[Any]:
        self._check()
        self.keeper.desk.submit(job)
        return job.future

    def _check(self) -> None:
        if os.getpid() != self._pid:
            raise StoreForked("This process was forked from the one that opened the store.")
        if not self._uses:
            raise StoreClosed("The store is closed.")


def _job(op: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any], *, patient: bool) -> Job:
    call = partial(_call, op, args, kwargs)
    if isinstance(op, Gathered):
        (item,) = args
        return Job(call, patient=patient, gathered=op, item=item)
    return Job(call, patient=patient)


def _call(op: Callable[..., T], args: tuple[Any, ...], kwargs: Mapping[str, Any], cursor: Cursor) -> T:
    return op(cursor, *args, **kwargs)


def _resolve(future: Future[T], work: Callable[[], T]) -> None:
    """Does the work and puts what comes of it into the future, unless that was cancelled first."""
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = work()
    except BaseException as error:  # noqa: BLE001  it is the caller's
        future.set_exception(error)
    else:
        future.set_result(result)
