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
from .retry import poll_pause_s, slow_pause_s


@dataclass(slots=True, kw_only=True)
class Polling:
    """One task that the provider works on.

    Attributes:
        task: The task.
        card: Its model.
        adapter: Who reads the answers.
        handle: What to ask by.
        deadline_awake_s: When it is given up, in the clock's awake seconds.
        known_until_s: Until when its provider may know it, in Unix seconds.
        polls: How many polls there were.
        slow_polls: How many of those since it is asked about only now and then.
        due: When it is asked about next, in the clock's seconds.
        overdue: Whether it was given up; it is still asked about now and then, as what comes late is taken.
        waits: Whether it may not be asked about until the user has acted; it is tried now and then.
        trying: Whether that is tried soon, because the user may have.
        left_s: What was left until its deadline when it began to wait.
        expired: What became of its result's first address, where that expired; it is asked for one other.
        dropped: Set to stop polling.
    """

    task: TaskRecord
    card: ModelCard
    adapter: RemoteAdapter
    handle: RemoteHandle
    deadline_awake_s: float
    known_until_s: float
    polls: int = 0
    slow_polls: int = 0
    due: float = 0.0
    overdue: bool = False
    waits: bool = False
    trying: bool = False
    left_s: float = 0.0
    expired: Expired | None = None
    dropped: bool = False


class Poller:
    """Calls back when a task is due to be asked about. Engine's thread only."""

    def __init__(self, clock: Clock, poll_now: Callable[[Polling], None]) -> None:
        self._clock = clock
        self._poll_now = poll_now
        self._agenda: Agenda[tuple[float, Polling]] = Agenda(clock, self._due)
        self._by_task: dict[str, Polling] = {}

    def add(self, polling: Polling) -> None:
        """Plans the next poll of a task, by the back-off of the polls it has had; one that was planned is not made."""
        self._by_task[polling.task.id] = polling
        slow = polling.overdue or polling.waits
        pause_s = slow_pause_s(polling.slow_polls) if slow else poll_pause_s(polling.polls)
        polling.due = self._clock.monotonic() + pause_s
        self._agenda.add(polling.due, (polling.due, polling))

    def has(self, task_id: str) -> bool:
        """Tells whether a task is polled."""
        return task_id in self._by_task

    def waits(self, task_id: str) -> bool:
        """Tells whether a task may not be asked about until the user has acted."""
        polling = self._by_task.get(task_id)
        return polling is not None and polling.waits and not polling.trying

    def wake(self, provider: str | None) -> list[TaskRecord]:
        """Plans to ask soon about what waits for the user, of this provider or all; returns those tasks."""
        waiting = [one for one in self._by_task.values() if one.waits and provider in (None, one.task.provider)]
        for polling in waiting:
            polling.trying, polling.slow_polls = True, 0
            self.add(polling)
        return [polling.task for polling in waiting]

    def tasks(self) -> list[TaskRecord]:
        """Returns the tasks that are polled."""
        return [polling.task for polling in self._by_task.values()]

    def drop(self, task_id: str) -> Polling | None:
        """Stops polling a task, and returns what was known of it."""
        polling = self._by_task.pop(task_id, None)
        if polling:
            polling.dropped = True
        return polling

    def _due(self, planned: tuple[float, Polling]) -> None:
        due, polling = planned
        if not polling.dropped and polling.due == due:
            self._poll_now(polling)

    async def run(self) -> None:
        """Calls back what is due, for ever."""
        await self._agenda.run()
