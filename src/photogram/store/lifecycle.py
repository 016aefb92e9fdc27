"""The edges of a process's life: one store per process and folder, forks, and the interpreter's exit."""

from __future__ import annotations

import atexit
import ctypes
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import StoreForked

if TYPE_CHECKING:
    from .store import Store

EXIT_DRAIN_S = 1.5
"""At exit, what is queued may still be written for so long; all in all, an exit takes less than 3 s."""

EXIT_STUCK_S = 10.0
"""And a commit that the disk does not finish for so long: a daemon thread inside DuckDB would abort the process."""


class Registry:
    """The stores of this process.

    Attributes:
        lock: Guards `stores`.
        stores: The open ones, by the real path of their workspace.
        living: All whose threads may still run, also those that are just being closed.
        inherited: Workspaces whose open file came to us by a fork.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.stores: dict[Path, Store] = {}
        self.living: set[Store] = set()
        self.inherited: set[Path] = set()
        self._paused: dict[int, list[Store]] = {}  # by the thread that forks
        atexit.register(self.at_exit)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(
                before=self.before_fork,
                after_in_parent=self.after_fork_in_parent,
                after_in_child=self.after_fork_in_child,
            )

    def check_not_inherited(self, workspace: Path) -> None:
        """Raises StoreForked if DuckDB in this process would hand out the parent's instance of this workspace."""
        if workspace in self.inherited:
            raise StoreForked(
                "This process was forked while its parent was writing to the workspace, and inherited the open file.",
                next_step="Start it with multiprocessing's 'spawn', or fork it before the first Studio().",
            )

    def before_fork(self) -> None:
        """Has every store end its DuckDB instance; that takes some 10 ms, and the next operation starts another.

        A child that inherits one can never open that file properly: DuckDB gives it the parent's instance again, under
        every spelling of the path, with the parent's cached pages, no threads, and no lock of its own (DuckDB 2.0.0).
        """
        here = threading.current_thread()
        # A store's own thread, forking within an operation, cannot wait for itself.
        stores = [store for store in list(self.living) if here not in store.threads()]
        for store in stores:
            store.keeper.begin_pause()
        for store in stores:
            store.keeper.file.await_absence()
        self._paused[threading.get_ident()] = stores

    def after_fork_in_parent(self) -> None:
        """Lets the parent's stores go on."""
        for store in self._paused.pop(threading.get_ident(), ()):
            store.keeper.end_pause()

    def after_fork_in_child(self) -> None:
        """Lets go of what belongs to the parent: its locks, and an instance that must never be closed here."""
        for store in self.living:
            store.keeper.file.release()
            if store.keeper.file.exists:  # it could not end in time
                self.inherited.add(store.workspace)
                ctypes.pythonapi.Py_IncRef(ctypes.py_object(store))  # its destructor would join threads that we lack
        self.lock = threading.Lock()
        self.stores, self.living, self._paused = {}, set(), {}

    def at_exit(self) -> None:
        """Writes what is queued, interrupts what is read, closes and unlocks; starts no thread. At interpreter exit."""
        stores = list(self.living)
        for store in stores:
            store.keeper.begin_close(drain_s=EXIT_DRAIN_S, grace_s=0.0)
            store.stop_readers()
        patient_until = time.monotonic() + EXIT_DRAIN_S
        stuck_until = patient_until + EXIT_STUCK_S
        for store in stores:
            thread = store.keeper.thread
            thread.join(max(0.0, patient_until - time.monotonic()))
            while thread.is_alive() and time.monotonic() < stuck_until:
                store.keeper.interrupt_writer()
                thread.join(0.05)
            for reader in store.threads():
                reader.join(max(0.0, stuck_until - time.monotonic()))


registry = Registry()
