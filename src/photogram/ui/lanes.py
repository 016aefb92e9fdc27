"""The threads that answer views: one set for all panels on an engine, however often a cell makes a new studio."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock

from ..engine.engine import Engine
from ..engine.workers import Workers


@dataclass(slots=True, eq=False)
class Lanes:
    """What is waiting to be answered, in lanes that do not hold each other up.

    Attributes:
        in_order: What must be done in the order in which it was said.
        actors: Actions.
        waiters: Those of them that wait for a provider.
        deleters: Those that delete and bring back, which may wait for one too: Undo does not overtake its delete.
        readers: Everything else.
        users: Sessions that use them.
    """

    in_order: Workers = field(default_factory=lambda: Workers("panel-write", 1))
    actors: Workers = field(default_factory=lambda: Workers("panel-act", 1))
    waiters: Workers = field(default_factory=lambda: Workers("panel-wait", 2))
    deleters: Workers = field(default_factory=lambda: Workers("panel-delete", 1))
    readers: Workers = field(default_factory=lambda: Workers("panel-read", 2))
    users: int = 0


_open: dict[Engine, Lanes] = {}
_guard = Lock()


def open_lanes(engine: Engine) -> Lanes:
    """Returns the engine's lanes, started if need be; each call needs one `close_lanes()`. Any thread."""
    with _guard:
        lanes = _open.get(engine) or _open.setdefault(engine, Lanes())
        lanes.users += 1
        return lanes


def close_lanes(engine: Engine) -> None:
    """Ends this use of the lanes; the last one ends their threads. Any thread."""
    with _guard:
        lanes = _open[engine]
        lanes.users -= 1
        if lanes.users:
            return
        del _open[engine]
    for workers in (lanes.in_order, lanes.actors, lanes.waiters, lanes.deleters, lanes.readers):
        workers.stop(0)
