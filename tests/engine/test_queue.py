"""The lines by themselves: a pause begins again with one task, and a key that was turned away stops only its own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from photogram.domain.records import TaskRecord
from photogram.engine.queue import QUIET_S, Queues
from photogram.engine.retry import pause_s, slow_pause_s
from photogram.errors import RateLimited

from .test_rules import task


class Lines(Queues):
    """Lines of four places, whose keys are the tasks' batches."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.started: list[str] = []
        super().__init__(
            lambda *_: 4, lambda task: self.started.append(task.id), lambda: self.now, lambda task: task.batch_id
        )


@pytest.fixture
def lines() -> Lines:
    return Lines()


def of_batch(batch_id: str, *numbers: int) -> list[TaskRecord]:
    return [replace(task(number), batch_id=batch_id) for number in numbers]


def take(lines: Lines) -> list[str]:
    """Returns what was started since the last look."""
    taken, lines.started = lines.started, []
    return taken


# ── Pauses ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_after_a_pause_one_task_is_sent_and_the_others_once_it_is_accepted(lines: Lines) -> None:
    tasks = of_batch("a", *range(9))
    lines.push(*tasks[:4])
    lines.pause("p", 10.0)
    for one in tasks[:4]:
        lines.put_back(one)
        lines.done(one)
    lines.push(*tasks[4:])
    take(lines)
    lines.now += 10.0
    lines.fill("p")
    lines.push(*of_batch("a", 10))
    assert take(lines) == ["tsk_3"]
    lines.accepted("p", "a")
    assert take(lines) == ["tsk_2", "tsk_1", "tsk_0"]


def test_probe_that_is_turned_away_leaves_the_line_narrow_however_late_its_place_is_freed(lines: Lines) -> None:
    tasks = of_batch("a", *range(6))
    lines.pause("p", 10.0)
    lines.push(*tasks)
    lines.now += 10.0
    lines.fill("p")
    assert take(lines) == ["tsk_0"]
    lines.pause("p", 20.0)
    lines.now += 20.0
    lines.put_back(tasks[0])
    lines.done(tasks[0])
    assert take(lines) == ["tsk_0"]
    lines.widen("p")
    assert take(lines) == ["tsk_1", "tsk_2", "tsk_3"]


def test_probe_that_ends_otherwise_opens_the_line(lines: Lines) -> None:
    lines.pause("p", 10.0)
    lines.push(*of_batch("a", *range(6)))
    lines.now += 10.0
    lines.fill("p")
    lines.done(task(0))
    assert take(lines) == ["tsk_0", "tsk_1", "tsk_2", "tsk_3", "tsk_4"]


def test_line_does_not_open_while_it_pauses(lines: Lines) -> None:
    lines.push(*of_batch("a", 0))
    lines.pause("p", 10.0)
    lines.push(*of_batch("a", 1, 2))
    lines.accepted("p", "a")  # it left before the pause
    lines.widen("p")
    assert take(lines) == ["tsk_0"]


def test_pauses_in_a_row_are_counted_once_each_and_grow_until_a_task_is_accepted(lines: Lines) -> None:
    def pause(anew: bool) -> int:
        count = lines.count_pause("p", anew=anew)
        lines.pause("p", 10.0)
        return count

    counted = [pause(anew) for anew in (True, False, False, True, True)]
    assert counted == [1, 1, 1, 2, 3]
    for pauses, seconds in enumerate([1, 2, 4, 8, 16, 30, 30], 1):
        assert 0.9 * seconds <= pause_s(RateLimited(), pauses) <= 1.1 * seconds
    lines.accepted("p", "a")
    assert pause(anew=True) == 1


def test_pause_long_after_the_last_one_is_a_first_one(lines: Lines) -> None:
    for _ in range(3):
        lines.count_pause("p", anew=True)
        lines.pause("p", 10.0)
    lines.now += 10.0 + QUIET_S
    assert lines.count_pause("p", anew=True) == 4
    lines.now += 0.1
    assert lines.count_pause("p", anew=True) == 1


def test_what_is_asked_about_now_and_then_is_asked_ever_more_seldom_up_to_half_an_hour() -> None:
    for polls, seconds in enumerate([1, 120, 240, 480, 960, 1800, 1800]):
        assert 0.9 * seconds <= slow_pause_s(polls) <= 1.1 * seconds


# ── Keys ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_key_that_stopped_holds_up_its_own_tasks_and_nobody_elses(lines: Lines) -> None:
    lines.stop("p", "a bad key", "bad")
    lines.push(*of_batch("bad", 1, 2), *of_batch("good", 3, 4))
    assert take(lines) == ["tsk_3", "tsk_4"]
    assert [one.id for one in lines.held_up("p")] == ["tsk_1", "tsk_2"]
    assert lines.why_stopped(of_batch("bad", 1)[0]) == "a bad key"
    assert [lines.is_stopped(f"tsk_{number}") for number in (1, 2, 3)] == [True, True, False]
    lines.go("p", "good")
    assert take(lines) == []
    lines.go("p", "bad")
    assert take(lines) == ["tsk_1", "tsk_2"]


def test_trial_is_of_the_press_it_was_made_for_and_the_only_one_with_its_key(lines: Lines) -> None:
    lines.stop("p", "a bad key", "bad")
    lines.push(*of_batch("bad", 1, 2))
    pressed = of_batch("bad", 3, 4)
    lines.push(*pressed)
    lines.try_one(pressed)
    lines.try_one(of_batch("bad", 1, 2))
    assert take(lines) == ["tsk_3"]
    assert not lines.is_stopped("tsk_1")
    lines.put_back(pressed[0])
    lines.done(pressed[0])
    assert lines.is_stopped("tsk_3")


def test_key_counts_as_refused_until_it_is_accepted_after_it_was_let_go(lines: Lines) -> None:
    lines.stop("p", "a bad key", "bad")
    lines.accepted("p", "bad")  # one that left before the stop
    assert lines.line("p").refused == {"bad"}
    lines.go()
    assert lines.line("p").refused == {"bad"}
    lines.accepted("p", "bad")
    assert lines.line("p").refused == set()
