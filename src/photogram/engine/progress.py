"""How far tasks are and why they wait: remembered at once, written to their rows twice a second at most.

After 30 s without a result a task is slow, and its row says so, with the reason if there is one; a provider that could
not be reached for 30 s is a reason to check the connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from ..domain.records import TaskRecord
from ..domain.task import TaskStatus
from ..errors import ProviderError, StoreBusy, StoreError, Unreachable
from ..store import Store
from ..store.sending import Report, note_waiting, save_progress
from .agenda import Agenda
from .clock import Clock
from .loop import EngineThread

EVERY_S = 0.5

SLOW_S = 30.0
"""Seconds after which a task that was sent and has no result is slow."""

CUT_OFF_S = 30.0
"""Seconds after which a provider that cannot be reached is a reason to check the connection."""

STALE_S = 120.0
"""Seconds after which an outage that nobody has seen again (nothing was asked) says nothing more."""

SLOW = "Taking longer than expected…"

N = TypeVar("N", int, float)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """Since when a provider cannot be reached.

    Attributes:
        at: In the clock's seconds.
        since: The same, for people (UTC).
        last: When that was seen last, in the clock's seconds.
    """

    at: float
    since: datetime
    last: float


class ProgressBook:
    """Notes progress and writes it down. Engine's thread only."""

    def __init__(
        self, store: Store, thread: EngineThread, clock: Clock, announce: Callable[[TaskRecord], None]
    ) -> None:
        self._store, self._thread, self._clock, self._announce = store, thread, clock, announce
        self._told: dict[str, Report] = {}
        self._noted: dict[str, tuple[TaskRecord, Report]] = {}
        self._last: dict[str, Report | None] = {}
        self._watched: dict[str, TaskRecord] = {}
        self._slow_at: dict[str, float] = {}
        self._slow: set[str] = set()
        self._outages: dict[str, Outage] = {}
        self._writing = False
        self._agenda: Agenda[tuple[str, str]] = Agenda(clock, self._due)

    async def run(self) -> None:
        """Marks what is slow, for ever."""
        await self._agenda.run()

    def watch(self, task: TaskRecord) -> None:
        """Counts from now until a task is slow; for one that another process sent, from when it was sent."""
        taken_over = task.status is TaskStatus.PROCESSING and task.sent_at is not None
        age_s = (self._clock.now() - task.sent_at).total_seconds() if taken_over and task.sent_at else 0.0
        if task.status is not TaskStatus.PENDING:
            self._last[task.id] = None  # its row says what nobody here knows
        self._watched[task.id] = task
        self._slow_at[task.id] = self._clock.monotonic() + SLOW_S - min(max(age_s, 0.0), SLOW_S)
        self._agenda.add(self._slow_at[task.id], ("task", task.id))

    def note(
        self,
        task: TaskRecord,
        progress: float | None = None,
        queue_position: int | None = None,
        said: str | None = None,
    ) -> None:
        """Remembers how far a task is (0–1, jobs before it), and why it waits; None where that is unknown.

        What is no such number counts as unknown: the report of one task must not keep those of others from their rows.
        """
        self._told[task.id] = Report(
            task_id=task.id, progress=_within(progress, 1.0), queue_position=_within(queue_position, 10**9), note=said
        )
        self._tell(task)

    def trouble(self, provider: str, error: ProviderError) -> str:
        """Remembers that a provider could not be asked; returns what happened, for people."""
        if not isinstance(error, Unreachable):
            self.reached(provider)
        elif outage := self._outage(provider):
            self._outages[provider] = replace(outage, last=self._clock.monotonic())
        else:
            now = self._clock.monotonic()
            self._outages[provider] = Outage(at=now, since=self._clock.now(), last=now)
            self._agenda.add(now + CUT_OFF_S, ("provider", provider))
        return f"{error.message}{self._cut_off(provider)}"

    def reached(self, provider: str) -> None:
        """Remembers that a provider answered."""
        self._outages.pop(provider, None)

    async def say_waiting(self, tasks: Sequence[TaskRecord], note: str | None) -> None:
        """Says of tasks that nothing is sent of why they wait; None where they no longer do."""
        if not tasks:
            return
        try:
            await asyncio.wrap_future(self._store.write_evidence(note_waiting, [task.id for task in tasks], note))
        except StoreError:
            return
        for task in tasks:
            self._announce(task)

    def forget(self, task_id: str) -> None:
        """Drops what was noted of a task that is over, or waits again."""
        for kept in (self._told, self._noted, self._last, self._watched, self._slow_at):
            kept.pop(task_id, None)
        self._slow.discard(task_id)

    def _due(self, item: tuple[str, str]) -> None:
        kind, name = item
        if kind == "task":
            task = self._watched.get(name)
            if task and self._clock.monotonic() >= self._slow_at[name]:  # it may have been sent again since
                self._slow.add(name)
                self._tell(task)
        elif self._cut_off(name):
            for task in [task for task in self._watched.values() if task.provider == name]:
                self._tell(task)

    def _outage(self, provider: str) -> Outage | None:
        outage = self._outages.get(provider)
        return None if outage is None or self._clock.monotonic() - outage.last > STALE_S else outage

    def _cut_off(self, provider: str) -> str:
        """Returns what to say of a provider that could not be reached for long; nothing of any other."""
        outage = self._outage(provider)
        if outage is None or self._clock.monotonic() - outage.at < CUT_OFF_S:
            return ""
        return f" Check your connection; it has been so since {outage.since:%H:%M:%S} UTC."

    def _report(self, task: TaskRecord) -> Report:
        """Returns what is known of a task, as its row is to have it."""
        told = self._told.get(task.id, Report(task_id=task.id))
        why = told.note or ""
        cut_off = self._cut_off(task.provider)
        if cut_off and cut_off not in why:
            why = f"{why or f'{task.provider} cannot be reached.'}{cut_off}"
        if task.id in self._slow:
            if not why and told.queue_position is not None:
                ahead = max(told.queue_position, 0)
                why = f"{ahead} before it in the provider's queue." if ahead else "It is next in the provider's queue."
            why = f"{SLOW} {why}".strip()
        return Report(
            task_id=task.id, progress=told.progress, queue_position=told.queue_position, note=why or None
        )  # fmt: skip

    def _tell(self, task: TaskRecord) -> None:
        report = self._report(task)
        if self._last.get(task.id, Report(task_id=task.id)) == report:
            return
        self._last[task.id] = report
        self._noted[task.id] = (task, report)
        if not self._writing:
            self._writing = True
            self._thread.spawn(self._write_down(), "progress")

    async def _write_down(self) -> None:
        try:
            while self._noted:
                await self._clock.sleep(EVERY_S)
                noted, self._noted = self._noted, {}
                try:
                    await asyncio.wrap_future(
                        self._store.write(save_progress, [report for _, report in noted.values()])
                    )
                except StoreBusy:
                    self._noted = {
                        task_id: one for task_id, one in noted.items() if task_id in self._last
                    } | self._noted
                else:
                    for task, _ in noted.values():
                        self._announce(task)
        except StoreError:
            return  # the store is closed, or the disk is full: the next report tries again
        finally:
            self._writing = False


def _within(number: N | None, most: N) -> N | None:
    """Returns a number from 0 to the most there can be, of its own kind; None for anything else."""
    whole = isinstance(most, int)
    right = isinstance(number, int if whole else (int, float)) and not isinstance(number, bool)
    return number if right and number is not None and 0 <= number <= most else None
