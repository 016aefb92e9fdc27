"""What is to be sent, by provider: first in, first out, so many at once as the provider, and each model, takes.

A line pauses as a whole, and begins again with one task. It stops by key: what would be sent with a key that was turned
away waits until the user has acted, and what has another key passes.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ..domain.records import TaskRecord

QUIET_S = 300.0
"""A pause that comes so long after the last one is the first of a new row."""


@dataclass(slots=True, kw_only=True)
class Line:
    """One provider's line.

    Attributes:
        waiting: Tasks in order, by id.
        running: Tasks that hold a place, by id: the model of each.
        paused_until: Until when nothing starts, in the clock's seconds.
        paused_at: Since when; a task that was sent before does not spend a try.
        pauses: How many pauses there were in a row, with nothing accepted between.
        narrow: Whether one task is sent first, to see whether the provider takes it: so after each pause.
        probe: That task, or None.
        stopped: Why nothing is sent until the user has acted, by the name of the key.
        refused: Names of the keys that were turned away, and not let in since.
        trials: The one task that is sent all the same, to see whether the user has acted; by the name of its key.
    """

    waiting: OrderedDict[str, TaskRecord] = field(default_factory=OrderedDict)
    running: dict[str, str] = field(default_factory=dict)
    paused_until: float = 0.0
    paused_at: float = 0.0
    pauses: int = 0
    narrow: bool = False
    probe: str | None = None
    stopped: dict[str, str] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    trials: dict[str, str] = field(default_factory=dict)


class Queues:
    """The lines. Engine's thread only.

    Args:
        limit_of: How many tasks of a provider may run at once, or of one of its models, where that is named, too.
        start: Starts a task.
        monotonic: The clock's seconds.
        key_of: The name of the key a task would be sent with now.
    """

    def __init__(
        self, limit_of: Callable[..., int], start: Callable[[TaskRecord], None], monotonic: Callable[[], float],
        key_of: Callable[[TaskRecord], str] = lambda task: "",
    ) -> None:  # fmt: skip
        self._limit_of, self._start, self._monotonic, self._key_of = limit_of, start, monotonic, key_of
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
        line.trials = {key: trial for key, trial in line.trials.items() if trial != task.id}
        if line.probe == task.id:  # it came to another end than a pause
            line.probe, line.narrow = None, False
        self.fill(task.provider)

    def remove(self, task_id: str) -> None:
        """Takes a waiting task out of its line."""
        for line in self._lines.values():
            line.waiting.pop(task_id, None)

    def has(self, task_id: str) -> bool:
        """Tells whether a task waits or runs here."""
        return any(task_id in line.running or task_id in line.waiting for line in self._lines.values())

    def fill(self, provider: str) -> None:
        """Starts what may start; neither a model that has all it takes nor a key that stopped keeps others waiting."""
        line = self.line(provider)
        room = self._limit_of(provider) - len(line.running)
        if line.narrow:
            room = min(room, int(line.probe is None))
        if not line.waiting or room <= 0 or self.closed or self.paused(provider):
            return
        is_held, room_of = self._is_held(line), dict[str, int]()
        for task in list(line.waiting.values()):
            if task.model not in room_of:
                taken = sum(model == task.model for model in line.running.values())
                room_of[task.model] = self._limit_of(provider, task.model) - taken
            if room_of[task.model] > 0 and not is_held(task):
                room, room_of[task.model] = room - 1, room_of[task.model] - 1
                line.probe = task.id if line.narrow else None
                self._begin(line, task)
            if room <= 0:
                return

    def _begin(self, line: Line, task: TaskRecord) -> None:
        del line.waiting[task.id]
        line.running[task.id] = task.model
        self._start(task)

    # ── Pauses ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def paused(self, provider: str) -> bool:
        """Tells whether a provider's line pauses now."""
        return self.line(provider).paused_until > self._monotonic()

    def count_pause(self, provider: str, *, anew: bool) -> int:
        """Returns how many pauses in a row the one that is due is.

        Args:
            provider: Whose line.
            anew: Whether it is due because of a task that was sent after the last one.
        """
        line = self.line(provider)
        if self._monotonic() - line.paused_until > QUIET_S:
            line.pauses = 0
        line.pauses = max(line.pauses + anew, 1)
        return line.pauses

    def pause(self, provider: str, seconds: float) -> None:
        """Starts nothing of this provider for so long; a longer pause stays."""
        line, now = self.line(provider), self._monotonic()
        if line.paused_until <= now:
            line.paused_at = now
        line.paused_until = max(line.paused_until, now + seconds)
        line.narrow, line.probe = True, None

    def widen(self, provider: str) -> None:
        """Sends as many at once again as the provider takes, if its line does not pause."""
        if not self.paused(provider):
            self.line(provider).narrow = False
            self.fill(provider)

    def accepted(self, provider: str, key: str) -> None:
        """Remembers that a provider took a task that was sent with this key."""
        line = self.line(provider)
        line.pauses = 0
        if key not in line.stopped:  # else it left before the stop
            line.refused.discard(key)
        if line.narrow:
            self.widen(provider)

    # ── Stops ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def why_stopped(self, task: TaskRecord) -> str | None:
        """Returns why a task would not be sent until the user has acted, or None."""
        line = self.line(task.provider)
        return line.stopped.get(self._key_of(task)) if line.stopped else None

    def stands(self, task: TaskRecord) -> bool:
        """Tells whether a task may not be sent now: its line pauses, or its key stopped."""
        return self.paused(task.provider) or self.why_stopped(task) is not None

    def is_stopped(self, task_id: str) -> bool:
        """Tells whether a task waits until the user has acted, with no trial under way."""
        for line in self._lines.values():
            if (task := line.waiting.get(task_id)) and line.stopped:
                key = self._key_of(task)
                return key in line.stopped and key not in line.trials
        return False

    def held_up(self, provider: str | None = None) -> list[TaskRecord]:
        """Returns what waits in this provider's line (or all) until the user has acted."""
        return [task for line in self._of(provider) for task in filter(self._is_held(line), line.waiting.values())]

    def free(self, provider: str) -> list[TaskRecord]:
        """Returns what waits in a provider's line for nothing but its turn."""
        is_held = self._is_held(self.line(provider))
        return [task for task in self.line(provider).waiting.values() if not is_held(task)]

    def stop(self, provider: str, why: str, key: str = "") -> None:
        """Sends nothing more with this key until `go`."""
        line = self.line(provider)
        line.stopped.setdefault(key, why)
        line.refused.add(key)

    def go(self, provider: str | None = None, key: str | None = None) -> None:
        """Lets go on what stopped with this key (or any) in this provider's line (or all)."""
        for line in self._of(provider):
            for one in list(line.stopped):
                if key in (None, one):
                    del line.stopped[one]
        for name in list(self._lines) if provider is None else [provider]:
            self.fill(name)

    def try_one(self, tasks: Sequence[TaskRecord]) -> None:
        """Sends the first of one press's tasks although its key stopped, unless another is under way with it.

        `go` follows if it is accepted. So whoever has topped up, or has set another key, just presses Generate, and
        whoever has not, in a loop, gets no error for each press.
        """
        task = next((task for task in tasks if self.is_stopped(task.id)), None)
        if task and not self.paused(task.provider) and not self.closed:
            line = self.line(task.provider)
            line.trials[self._key_of(task)] = task.id
            self._begin(line, task)

    def _of(self, provider: str | None) -> list[Line]:
        return list(self._lines.values()) if provider is None else [self.line(provider)]

    def _is_held(self, line: Line) -> Callable[[TaskRecord], bool]:
        """Returns what tells whether a task's key stopped; it looks up each batch's key once."""
        keys: dict[str, str] = {}

        def is_held(task: TaskRecord) -> bool:
            if not line.stopped:
                return False
            if task.batch_id not in keys:
                keys[task.batch_id] = self._key_of(task)
            return keys[task.batch_id] in line.stopped

        return is_held
