"""Tells whoever cares that something changed. Commit first, then publish the id."""

from __future__ import annotations

import logging
from collections.abc import Callable

from ..domain.events import Event

log = logging.getLogger("photogram")


class Bus:
    """Listeners and their events. Used on the engine's thread only; adding and removing listeners is safe from any."""

    def __init__(self) -> None:
        self._listeners: tuple[Callable[[Event], None], ...] = ()

    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Adds a listener and returns what removes it. It is called on the engine's thread and must be quick."""
        self._listeners = (*self._listeners, listener)

        def unsubscribe() -> None:
            self._listeners = tuple(other for other in self._listeners if other is not listener)

        return unsubscribe

    def publish(self, *events: Event) -> None:
        """Calls every listener with every event; one that fails is logged and does not stop the others."""
        for event in events:
            for listener in self._listeners:
                try:
                    listener(event)
                except Exception:
                    log.exception("a listener failed on %s", event.kind)
