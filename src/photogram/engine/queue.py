"""What is to be sent, by provider: first in, first out, so many at once as the provider takes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from ..domain.records import TaskRecord


class Queues:
    """One line per provider. Engine's thread only."""

    def __init__(self, limit_of: Callable[[str], int], start: Callable[[TaskRecord], None]) -> None:
        self._limit_of = limit_of
        self._start = start
        self._waiting: dict[str, deque[TaskRecord]] = {}
        self._running: dict[str, set[str]] = {}
        self.closed = False

    def push(self, task: TaskRecord) -> None:
        """Puts a task at the end of its provider's line; one that waits or runs already is not put twice."""
        line = self._waiting.setdefault(task.provider, deque())
        running = self._running.setdefault(task.provider, set())
        if task.id not in running and all(other.id != task.id for other in line):
            line.append(task)
        self._fill(task.provider)

    def push_all(self, tasks: list[TaskRecord]) -> None:
        """Puts tasks that were just made, and so cannot be in line yet, at the end of their lines."""
        for task in tasks:
            self._waiting.setdefault(task.provider, deque()).append(task)
        for provider in {task.provider for task in tasks}:
            self._fill(provider)

    def hold_place(self, task: TaskRecord) -> None:
        """Counts a task that was taken over as running."""
        self._running.setdefault(task.provider, set()).add(task.id)

    def done(self, task: TaskRecord) -> None:
        """Frees a task's place and starts the next one."""
        self._running.get(task.provider, set()).discard(task.id)
        self._fill(task.provider)

    def remove(self, task_id: str) -> None:
        """Takes a waiting task out of its line."""
        for provider, line in self._waiting.items():
            self._waiting[provider] = deque(task for task in line if task.id != task_id)

    def has(self, task_id: str) -> bool:
        """Tells whether a task waits or runs here."""
        return any(task_id in running for running in self._running.values()) or any(
            task.id == task_id for line in self._waiting.values() for task in line
        )

    def _fill(self, provider: str) -> None:
        line, running = self._waiting.setdefault(provider, deque()), self._running.setdefault(provider, set())
        while line and not self.closed and len(running) < self._limit_of(provider):
            task = line.popleft()
            running.add(task.id)
            self._start(task)
