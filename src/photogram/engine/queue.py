"""What is to be sent, by provider: first in, first out, so many at once as the provider, and each model, takes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from ..domain.records import TaskRecord


@dataclass(slots=True, kw_only=True)
class Line:
    """One provider's line.

    Attributes:
        waiting: Tasks in order, by id.
        running: Tasks that hold a place, by id: the model of each.
        paused_until: Until when nothing starts, in the clock's seconds.
        paused_at: Since when; a task that was sent before does not spend a try.
        stopped: Why nothing starts until the user has acted, or None.
        trial: The one task that is sent all the same, to see whether the user has; or None.
    """

    waiting: OrderedDict[str, TaskRecord] = field(default_factory=OrderedDict)
    running: dict[str, str] = field(default_factory=dict)
    paused_until: float = 0.0
    paused_at: float = 0.0
    stopped: str | None = None
    trial: str | None = None


class Queues:
    """The lines. Engine's thread only.

    Args:
        limit_of: How many tasks of a provider may run at once, or of one of its models, where that is named, too.
        start: Starts a task.
        monotonic: The clock's seconds.
    """

    def __init__(
        self, limit_of: Callable[..., int], start: Callable[[TaskRecord], None], monotonic: Callable[[], float]
    ) -> None:
        self._limit_of, self._start, self._monotonic = limit_of, start, monotonic
        self._lines: dict[str, Line] = {}
        self.closed = False

    def line(self, provider: str) -> Line:
        """Returns a provider's line."""
        return self._lines.setdefault(provider, Line())

    def push(self, *tasks: TaskRecord) -> None:
        """Puts tasks at the end of their lines; one that waits or runs already is not put twice."""
        for task in tasks:
            line = self.line(task.provider)
            if task.id not in line.running:
                line.waiting.setdefault(task.id, task)
        for provider in {task.provider for task in tasks}:
            self.fill(provider)

    def put_back(self, task: TaskRecord) -> None:
        """Puts a task that was sent for nothing at the head of its line; its place is freed by `done`."""
        line = self.line(task.provider)
        line.waiting[task.id] = task
        line.waiting.move_to_end(task.id, last=False)

    def hold_place(self, task: TaskRecord) -> None:
        """Counts a task that was taken over as running."""
        self.line(task.provider).running[task.id] = task.model

    def done(self, task: TaskRecord) -> None:
        """Frees a task's place and starts the next one."""
        line = self.line(task.provider)
        line.running.pop(task.id, None)
        if line.trial == task.id:
            line.trial = None
        self.fill(task.provider)

    def remove(self, task_id: str) -> None:
        """Takes a waiting task out of its line."""
        for line in self._lines.values():
            line.waiting.pop(task_id, None)

    def has(self, task_id: str) -> bool:
        """Tells whether a task waits or runs here."""
        return any(task_id in line.running or task_id in line.waiting for line in self._lines.values())

    def is_stopped(self, task_id: str) -> bool:
        """Tells whether a task waits in a line that stopped until the user has acted, with no trial under way."""
        return any(
            task_id in line.waiting and line.stopped is not None and line.trial is None for line in self._lines.values()
        )

    def held_up(self, provider: str | None = None) -> list[TaskRecord]:
        """Returns what waits in this provider's line (or all) if it stopped until the user has acted."""
        return [
            task
            for name, line in self._lines.items()
            if line.stopped is not None and provider in (None, name)
            for task in line.waiting.values()
        ]

    def stands(self, provider: str) -> bool:
        """Tells whether nothing of this provider may start now: its line is paused, or stopped."""
        return self.line(provider).stopped is not None or self.paused(provider)

    def paused(self, provider: str) -> bool:
        """Tells whether a provider's line pauses now."""
        return self.line(provider).paused_until > self._monotonic()

    def pause(self, provider: str, seconds: float) -> None:
        """Starts nothing of this provider for so long; a longer pause stays."""
        line, now = self.line(provider), self._monotonic()
        if line.paused_until <= now:
            line.paused_at = now
        line.paused_until = max(line.paused_until, now + seconds)

    def stop(self, provider: str, why: str) -> bool:
        """Starts nothing of this provider until `go`; returns whether this stopped it (False: it stood already)."""
        line = self.line(provider)
        fresh, line.stopped = line.stopped is None, line.stopped or why
        return fresh

    def go(self, provider: str | None = None) -> None:
        """Lets a stopped line (or all) go on."""
        for name, line in list(self._lines.items()):
            if provider in (None, name):
                line.stopped = None
                self.fill(name)

    def try_one(self, provider: str) -> None:
        """Starts the first task of a line that stopped, unless one is under way: `go` follows if it is accepted.

        So whoever has set a key just presses Generate, and whoever has not, in a loop, gets no error for each press.
        """
        line = self.line(provider)
        paused = line.paused_until > self._monotonic()
        if line.stopped is not None and line.trial is None and line.waiting and not paused and not self.closed:
            task_id, task = line.waiting.popitem(last=False)
            line.running[task_id] = task.model
            line.trial = task_id
            self._start(task)

    def fill(self, provider: str) -> None:
        """Starts what may start; a model that has all it takes at once keeps none of the others waiting."""
        line = self.line(provider)
        room = self._limit_of(provider) - len(line.running)
        if not line.waiting or room <= 0 or self.closed or self.stands(provider):
            return
        room_of: dict[str, int] = {}
        for task in list(line.waiting.values()):
            if task.model not in room_of:
                taken = sum(model == task.model for model in line.running.values())
                room_of[task.model] = self._limit_of(provider, task.model) - taken
            if room_of[task.model] > 0:
                room, room_of[task.model] = room - 1, room_of[task.model] - 1
                del line.waiting[task.id]
                line.running[task.id] = task.model
                self._start(task)
            if room <= 0:
                return
