"""One scheduler for all polls: a heap of due times, not a thousand sleeping coroutines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..domain.card import ModelCard
from ..domain.records import TaskRecord
from ..domain.task import RemoteHandle
from ..errors import Expired
from ..providers.base import RemoteAdapter
from .agenda import Agenda
from .clock import Clock
from .retry import poll_pause_s

OVERDUE_PAUSE_S = 120.0


@dataclass(slots=True, kw_only=True)
class Polling:
    """One task that the provider works on.

    Attributes:
        task: The task.
        card: Its model.
        adapter: Who reads the answers.
        handle: What to ask by.
        deadline_awake_s: When it is given up, in the clock's awake seconds.
        polls: How many polls there were.
        due: When it is asked about next, in the clock's seconds.
        overdue: Whether it was given up; it is still asked about now and then, as what comes late is taken.
        expired: What became of its result's first address, where that expired; it is asked for one other.
        dropped: Set to stop polling.
    """

    task: TaskRecord
    card: ModelCard
    adapter: RemoteAdapter
    handle: RemoteHandle
    deadline_awake_s: float
    polls: int = 0
    due: float = 0.0
    overdue: bool = False
    expired: Expired | None = None
    dropped: bool = False


class Poller:
    """Calls back when a task is due to be asked about. Engine's thread only."""

    def __init__(self, clock: Clock, poll_now: Callable[[Polling], None]) -> None:
        self._clock = clock
        self._poll_now = poll_now
        self._agenda = Agenda(clock, self._due)
        self._by_task: dict[str, Polling] = {}

    def add(self, polling: Polling) -> None:
        """Plans the next poll of a task, by the back-off of the polls it has had."""
        self._by_task[polling.task.id] = polling
        polling.due = self._clock.monotonic() + (OVERDUE_PAUSE_S if polling.overdue else poll_pause_s(polling.polls))
        self._agenda.add(polling.due, polling)

    def has(self, task_id: str) -> bool:
        """Tells whether a task is polled."""
        return task_id in self._by_task

    def tasks(self) -> list[TaskRecord]:
        """Returns the tasks that are polled."""
        return [polling.task for polling in self._by_task.values()]

    def drop(self, task_id: str) -> Polling | None:
        """Stops polling a task, and returns what was known of it."""
        polling = self._by_task.pop(task_id, None)
        if polling:
            polling.dropped = True
        return polling

    def _due(self, polling: Polling) -> None:
        if not polling.dropped:
            self._poll_now(polling)

    async def run(self) -> None:
        """Calls back what is due, for ever."""
        await self._agenda.run()
