"""The one model that is kept in memory, and who may use it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from ..base import Stopped

T = TypeVar("T")

LOOK_S = 0.1
"""Seconds after which somebody who waits for the model looks whether that was cancelled."""


class Shelf(Generic[T]):
    """Room for one loaded model: used by one caller at a time, and dropped before another one is loaded.

    A pipeline is not thread-safe (its scheduler counts steps), and two large models rarely fit into one memory. Any
    thread. A forked child has a shelf of its own: a model that lies on a GPU is of no use there.
    """

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._key: Hashable = None
        self._held: T | None = None

    @contextmanager
    def borrow(
        self, key: Hashable, load: Callable[[], T], drop: Callable[[], None], cancelled: Callable[[], bool]
    ) -> Iterator[T]:
        """Hands out the model of this key, loaded if it is not there, until the block is left.

        Args:
            key: What tells models apart.
            load: Loads the model; called only if another one, or none, is on the shelf.
            drop: Called once the other one is off it, to give its memory back.
            cancelled: Asked while waiting, and after loading.

        Raises:
            Stopped: It was cancelled.
        """
        if self._pid != os.getpid():
            self._clear()
        lock = self._lock
        while not lock.acquire(timeout=LOOK_S):
            if cancelled():
                raise Stopped
        try:
            if cancelled():
                raise Stopped
            held = self._held
            if held is None or self._key != key:
                if held is not None:
                    self._held = held = None
                    drop()
                self._held = held = load()
                self._key = key
            if cancelled():
                raise Stopped
            yield held
        finally:
            lock.release()
