"""When a task is slow, and what its row says of it: with a clock that is moved by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from datetime import datetime, timedelta

from photogram.domain.records import TaskRecord
from photogram.domain.task import TaskStatus
from photogram.engine.agenda import Agenda
from photogram.engine.clock import Clock
from photogram.engine.progress import SLOW, ProgressBook
from photogram.errors import RateLimited, StoreBusy, Unreachable

NOON = datetime(2026, 11, 23, 12, 0, 0)
GONE = Unreachable("No connection to p.example.", sent=False)


class Hand(Clock):
    """Goes on when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.time_s, self._moved = 0.0, asyncio.Event()

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.time_s)

    def monotonic(self) -> float:
        return self.time_s

    async def sleep(self, seconds: float) -> None:
        until = self.time_s + seconds
        while self.time_s < until:
            await self._moved.wait()

    async def move(self, seconds: float) -> None:
        """Moves on by so much, in small steps; whoever waits for a moment has had it."""
        end = self.time_s + seconds
        while self.time_s < end:
            self.time_s = min(end, self.time_s + 0.25)
            self._moved.set()
            self._moved.clear()
            for _ in range(12):
                await asyncio.sleep(0)


class Rows:
    """Stands for the store: keeps the last note of each task, and may be busy."""

    def __init__(self) -> None:
        self.notes: dict[str, str | None] = {}
        self.writes, self.busy = 0, False

    def write(self, _op: object, reports: list) -> Future[None]:
        done: Future[None] = Future()
        if self.busy:
            done.set_exception(StoreBusy("Another process holds the file."))
            return done
        self.writes += 1
        self.notes |= {report.task_id: report.note for report in reports}
        done.set_result(None)
        return done


class Loop:
    """Stands for the engine's thread: this one."""

    def spawn(self, coroutine: Coroutine, _what: str) -> asyncio.Task:
        return asyncio.get_running_loop().create_task(coroutine)


def task(number: int = 1, provider: str = "p", **facts: object) -> TaskRecord:
    return TaskRecord(
        id=f"tsk_{number}", generation_id="g", batch_id="b", topic_id="t", user_id="u", provider=provider, model="m",
        prompt="x", **{"status": TaskStatus.PENDING, **facts},
    )  # fmt: skip


def run(test: Callable[[ProgressBook, Hand, Rows, list[str]], Coroutine]) -> None:
    async def inner() -> None:
        clock, rows, heard = Hand(), Rows(), []
        book = ProgressBook(rows, Loop(), clock, lambda task: heard.append(task.id))
        running = asyncio.create_task(book.run())
        await test(book, clock, rows, heard)
        running.cancel()

    asyncio.run(inner())


def test_task_is_slow_after_30_s_and_not_before_and_whoever_listens_is_told() -> None:
    async def test(book: ProgressBook, clock: Hand, rows: Rows, heard: list[str]) -> None:
        book.watch(task())
        await clock.move(29.5)
        assert (rows.notes, heard) == ({}, [])
        await clock.move(1.5)
        assert (rows.notes, heard) == ({"tsk_1": SLOW}, ["tsk_1"])

    run(test)


def test_task_that_is_over_or_waits_again_is_not_slow() -> None:
    async def test(book: ProgressBook, clock: Hand, rows: Rows, heard: list[str]) -> None:
        book.watch(task())
        await clock.move(20)
        book.forget("tsk_1")
        await clock.move(5)
        book.watch(task())  # sent again
        await clock.move(29)
        assert rows.notes == {}
        await clock.move(2)
        assert rows.notes == {"tsk_1": SLOW}

    run(test)


def test_task_taken_over_is_slow_since_it_was_sent_whatever_the_wall_clock_says() -> None:
    async def test(book: ProgressBook, clock: Hand, rows: Rows, heard: list[str]) -> None:
        for number, sent_ago_s in enumerate([600, 20, -3600]):
            sent_at = NOON - timedelta(seconds=sent_ago_s)
            book.watch(task(number, status=TaskStatus.PROCESSING, sent_at=sent_at))
        book.watch(task(3, status=TaskStatus.ERROR, sent_at=NOON - timedelta(hours=1)))  # asked again by its user
        await clock.move(1)
        assert set(rows.notes) == {"tsk_0"}
        await clock.move(11)
        assert set(rows.notes) == {"tsk_0", "tsk_1"}
        await clock.move(20)
        assert set(rows.notes) == {"tsk_0", "tsk_1", "tsk_2", "tsk_3"}

    run(test)


def test_what_a_dead_process_wrote_of_a_task_is_replaced_at_the_first_report() -> None:
    async def test(book: ProgressBook, clock: Hand, rows: Rows, heard: list[str]) -> None:
        rows.notes["tsk_1"] = "Check your connection"
        book.watch(task(status=TaskStatus.PROCESSING, sent_at=NOON))
        book.note(task())
        await clock.move(1)
        assert rows.notes == {"tsk_1": None}

    run(test)


def test_connection_is_to_be_checked_only_after_30_s_without_any_answer() -> None:
    async def test(book: ProgressBook, clock: Hand, rows: Rows, heard: list[str]) -> None:
        book.watch(task(1))
        book.watch(task(2))
        book.watch(task(3, provider="other"))
        await clock.move(10)
        book.note(task(1), said=book.trouble("p", GONE))
        await clock.move(15)
        assert rows.notes == {"tsk_1": "No connection to p.example."}
        book.note(task(1), said=book.trouble("p", GONE))
        await clock.move(10)
        assert rows.notes["tsk_1"] == f"{SLOW} No connection to p.example."
        await clock.move(6)  # nothing was asked meanwhile: it says so by itself, of every task of that provider
        since = "Check your connection; it has been so since 12:00:10 UTC."
        assert rows.notes["tsk_1"] == f"{SLOW} No connection to p.example. {since}"
        assert rows.notes["tsk_2"] == f"{SLOW} p cannot be reached. {since}"
        assert rows.notes["tsk_3"] == SLOW
        assert book.trouble("p", GONE) == f"No connection to p.example. {since}"
        book.reached("p")
        book.note(task(1), 0.5)
        await clock.move(1)
        assert rows.notes["tsk_1"] == SLOW

    run(test)


def test_any_answer_ends_an_outage_even_one_that_is_an_error() -> None:
    async def test(book: ProgressBook, clock: Hand, rows: Rows, heard: list[str]) -> None:
        book.watch(task())
        for _ in range(4):
            book.trouble("p", GONE)
            await clock.move(20)
            assert book.trouble("p", RateLimited()) == "Rate limit exceeded."
        assert "Check" not in (rows.notes["tsk_1"] or "")

    run(test)


def test_outage_that_nobody_has_seen_for_long_is_forgotten() -> None:
    async def test(book: ProgressBook, clock: Hand, rows: Rows, heard: list[str]) -> None:
        book.trouble("p", GONE)
        await clock.move(90)
        assert "it has been so since 12:00:00 UTC." in book.trouble("p", GONE)
        await clock.move(121)
        book.watch(task())
        await clock.move(31)
        assert rows.notes == {"tsk_1": SLOW}
        assert book.trouble("p", GONE) == "No connection to p.example."
        await clock.move(31)
        assert "it has been so since 12:04:02 UTC." in book.trouble("p", GONE)

    run(test)


def test_busy_store_keeps_what_is_to_be_said_until_it_is_free() -> None:
    async def test(book: ProgressBook, clock: Hand, rows: Rows, heard: list[str]) -> None:
        rows.busy = True
        book.watch(task())
        await clock.move(40)
        assert heard == []
        rows.busy = False
        await clock.move(1)
        assert (rows.notes, heard) == ({"tsk_1": SLOW}, ["tsk_1"])

    run(test)


def test_thousand_slow_tasks_are_one_timer_and_one_write() -> None:
    async def test(book: ProgressBook, clock: Hand, rows: Rows, heard: list[str]) -> None:
        await clock.move(0.25)
        before = len(asyncio.all_tasks())
        for number in range(1000):
            book.watch(task(number))
        await clock.move(10)
        assert len(asyncio.all_tasks()) <= before
        await clock.move(22)
        assert set(rows.notes.values()) == {SLOW}
        assert len(rows.notes) == len(heard) == 1000
        assert rows.writes == 1

    run(test)


def test_agenda_calls_in_order_of_time_whatever_the_order_of_planning() -> None:
    async def inner() -> None:
        clock, called = Hand(), []
        agenda = Agenda(clock, lambda item: called.append((item, clock.time_s)))
        running = asyncio.create_task(agenda.run())
        for due in (3.0, 1.0, 2.0, 1.0):
            agenda.add(due, f"at {due}")
        await clock.move(1.5)
        agenda.add(1.75, "later planned")
        await clock.move(3)
        running.cancel()
        assert [item for item, _ in called] == ["at 1.0", "at 1.0", "later planned", "at 2.0", "at 3.0"]
        assert all(abs(time_s - due) < 0.3 for (_, time_s), due in zip(called, (1, 1, 1.75, 2, 3), strict=True))

    asyncio.run(inner())
