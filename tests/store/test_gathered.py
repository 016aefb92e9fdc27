"""Gathered operations: many images at the price of one, each with its own outcome, and the same rows as one by one."""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from photogram.domain.asset import Asset
from photogram.domain.task import TaskStatus
from photogram.errors import NotFound, StorageFailed
from photogram.store import Cursor, Store
from photogram.store.assets import find_orphans
from photogram.store.batches import NewBatch, NewTask
from photogram.store.desk import GATHER_S, Desk
from photogram.store.ending import Made, finish_failed, finish_success
from photogram.store.gathered import gathered
from photogram.store.migrate import list_migrations
from photogram.store.sending import Mark, mark_sent
from photogram.store.tasks import add_attempt, start_batch
from photogram.store.writer import Job

from .workers import count, ids, prepare

NOW = datetime(2026, 1, 1)
HOLD, COST = 5_000, 3_000


@pytest.fixture
def store(tmp_path: Path):
    store = Store.open(tmp_path)
    store.write(prepare).result()
    yield store
    store.close()


def hold_the_writer(store: Store) -> threading.Event:
    go, held = threading.Event(), threading.Event()

    def hold(_: Cursor) -> None:
        held.set()
        go.wait(10)

    store.write(hold)
    held.wait(10)
    return go


@gathered
def count_all(cur: Cursor, names: Sequence[str]) -> list[tuple[str, int]]:
    for name in names:
        count(cur, name)
        if name.startswith("bad"):
            raise NotFound(name)
    return [(name, len(names)) for name in names]


# ── The writer ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_queues_together_runs_together_and_each_gets_its_own_result(store: Store) -> None:
    go = hold_the_writer(store)
    first = store.write_evidence(count_all, "a")
    between = store.write(count, "b")
    others = [store.write_evidence(count_all, name) for name in "cd"]
    go.set()
    assert [future.result(10) for future in (first, *others)] == [("a", 3), ("c", 3), ("d", 3)]
    assert between.result(10) == 4  # after all three: they stand where the first of them stood


def test_one_that_fails_fails_alone(store: Store) -> None:
    go = hold_the_writer(store)
    futures = {name: store.write_evidence(count_all, name) for name in ("a", "bad", "c")}
    go.set()
    with pytest.raises(NotFound, match="bad"):
        futures["bad"].result(10)
    assert {futures[name].result(10) for name in "ac"} == {("a", 1), ("c", 1)}
    assert store.read(ids).result(10) == {"a", "c"}


def test_a_gathered_operation_called_by_itself_takes_one_item(store: Store) -> None:
    assert store.write(lambda cur: count_all(cur, "x")).result(10) == ("x", 1)


def job(many: bool) -> Job:
    return Job(lambda _: None, patient=True, gathered=count_all if many else None, item="x")


def test_one_that_comes_alone_goes_at_once_and_a_burst_goes_together_a_little_later() -> None:
    now = [100.0]
    desk = Desk(lambda: now[0])
    first, second, third = job(True), job(True), job(True)
    desk.submit(first)
    assert desk.next_group() == [first]
    desk.submit(second)
    assert desk.next_group() == []
    desk.submit(third)
    now[0] += GATHER_S
    assert desk.next_group() == [second, third]


def test_a_burst_waits_no_longer_than_anything_else_that_is_queued_and_not_at_the_end() -> None:
    desk = Desk(lambda: 100.0)
    first, second, plain, last = job(True), job(True), job(False), job(True)
    desk.submit(first)
    assert desk.next_group() == [first]
    desk.submit(second)
    desk.submit(plain)
    assert desk.next_group() == [second, plain]
    desk.submit(last)
    with desk.changed:
        desk.closing = True
    assert desk.next_group() == [last]


def test_a_new_turn_begins_without_waiting() -> None:
    desk = Desk(lambda: 100.0)
    first, second = job(True), job(True)
    desk.submit(first)
    assert desk.next_group() == [first]
    desk.submit(second)
    with desk.changed:
        desk.lend(None)
    assert desk.next_group() == [second]


# ── Marks and successes ─────────────────────────────────────────────────────────────────────────────────────────────


class Book:
    """A database without the store around it, so that it can be left as a killed process leaves it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "x.png"
        self.file.write_bytes(b"x")
        self.open()
        for _, sql in list_migrations():
            self.cur.execute(sql)
        self.cur.execute("CHECKPOINT")

    def open(self) -> None:
        self.cur = duckdb.connect(str(self.folder / "h.duckdb"), config={"threads": 2})
        self.cur.execute("PRAGMA disable_checkpoint_on_shutdown")

    def reopen(self) -> None:
        self.cur.close()
        self.open()

    def batch(self, number: int, n: int = 4) -> list[str]:
        """Writes a batch into a topic of its own; returns its tasks."""
        tasks = [
            NewTask(id=f"tsk_{number}_{i}", generation_id=f"gen_{number}_{i}", idx=i, seed=None, params={},
                    hold_micros=HOLD)
            for i in range(n)
        ]  # fmt: skip
        batch = NewBatch(
            id=f"bat_{number}", topic_id=f"top_{number}", new_topic=True, provider="p", model="m", prompt="x",
            params={}, owner="own_1", local=False, created_at=NOW, tasks=tasks,
        )  # fmt: skip
        start_batch(self.cur, "u", batch)
        return [task.id for task in tasks]

    def made(self, task_id: str, sha256: str = "", **facts) -> Made:
        sha256 = sha256 or f"sha_{task_id}"
        asset = Asset(sha256=sha256, mime="image/png", width=2, height=3, size_bytes=4)
        return Made(**{"task_id": task_id, "asset": asset, "path": str(self.file), "now": NOW, "cost_micros": COST,
                       "cost_source": "reported"} | facts)  # fmt: skip

    def mark(self, *task_ids: str) -> list[float | None]:
        return mark_sent.many(self.cur, [Mark(task_id=id_, owner="own_1", now=NOW) for id_ in task_ids])

    def rows(self, sql: str) -> list[tuple]:
        return self.cur.execute(sql).fetchall()


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path)


def test_marks_say_of_each_task_whether_it_may_be_sent(book: Book) -> None:
    first, second, third, fourth = book.batch(1)
    finish_failed(book.cur, second, TaskStatus.CANCELLED, NOW)
    mark_sent(book.cur, Mark(task_id=third, owner="own_other", now=NOW))
    assert book.mark(first, second, third, fourth, "tsk_none") == [0.0, None, None, 0.0, None]
    assert book.mark(first) == [0.0]  # the same call, run again because nobody knew its outcome
    assert mark_sent(book.cur, Mark(task_id=first, owner="own_1", now=NOW + timedelta(seconds=1))) is None
    assert book.rows("SELECT id, sends, owner, sent_at FROM tasks ORDER BY id") == [
        (first, 1, "own_1", NOW), (second, 0, "own_1", None), (third, 1, "own_other", NOW), (fourth, 1, "own_1", NOW),
    ]  # fmt: skip


def test_the_same_task_marked_twice_in_one_group_is_sent_once(book: Book) -> None:
    (task, *_) = book.batch(1)
    marks = [Mark(task_id=task, owner="own_1", now=NOW + timedelta(seconds=n)) for n in range(2)]
    assert mark_sent.many(book.cur, marks) == [0.0, None]
    assert book.rows(f"SELECT sends, sent_at FROM tasks WHERE id = '{task}'") == [(1, NOW)]


def test_successes_of_one_group_are_each_booked_with_their_own_facts(book: Book) -> None:
    one, two, three, four = book.batch(1)
    other, *_ = book.batch(2)
    book.mark(one, two, three, four, other)
    later = NOW + timedelta(minutes=1)
    made = [book.made(one, seed=7), book.made(other, cost_micros=0, cost_source="free"), book.made(two, now=later),
            book.made(three, sha256=f"sha_{one}"), book.made("tsk_none")]  # fmt: skip
    assert finish_success.many(book.cur, made) == [True, True, True, True, False]
    assert book.rows("SELECT id, status, asset_sha256, finished_at, cost_micros FROM tasks WHERE status <> 'pending' "
                     "ORDER BY id") == [
        (one, "success", f"sha_{one}", NOW, COST), (two, "success", f"sha_{two}", later, COST),
        (three, "success", f"sha_{one}", NOW, COST), (four, "processing", None, None, 0),
        (other, "success", f"sha_{other}", NOW, 0),
    ]  # fmt: skip
    shown = "SELECT task_id, seed, cost_micros FROM generations WHERE asset_sha256 IS NOT NULL ORDER BY id"
    assert book.rows(shown) == [
        (one, 7, COST), (two, None, COST), (three, None, COST), (other, None, 0)
    ]  # fmt: skip
    assert book.rows("SELECT id, cover_sha256, last_activity_at FROM topics ORDER BY id") == [
        ("top_1", f"sha_{one}", later),
        ("top_2", f"sha_{other}", NOW),
    ]
    kinds = book.rows("SELECT kind FROM ledger WHERE task_id LIKE 'tsk_1_%' OR task_id = 'tsk_2_0' ORDER BY rowid")
    assert [kind for (kind,) in kinds] == ["hold"] * 5 + ["release"] * 4 + ["capture"] * 3
    assert book.rows("SELECT count(*) FROM assets") == [(3,)]
    assert find_orphans(book.cur) == {}


def test_a_success_that_comes_twice_is_booked_once(book: Book) -> None:
    task, *_ = book.batch(1)
    book.mark(task)
    balance = book.rows("SELECT balance_micros FROM wallets")[0][0]
    finish_success.many(book.cur, [book.made(task), book.made(task)])
    finish_success(book.cur, book.made(task))
    assert book.rows("SELECT balance_micros FROM wallets") == [(balance + HOLD - COST,)]
    assert book.rows(f"SELECT cost_micros FROM generations WHERE task_id = '{task}'") == [(COST,)]
    assert find_orphans(book.cur) == {}


def test_two_attempts_at_one_image_that_end_together_are_both_booked(book: Book) -> None:
    first, *_ = book.batch(1)
    book.mark(first)
    finish_failed(book.cur, first, TaskStatus.LOST, NOW)
    again = NewTask(id="tsk_again", generation_id="gen_1_0", idx=0, seed=None, params={}, hold_micros=HOLD)
    add_attempt(book.cur, "u", "own_1", again, NOW)
    book.mark("tsk_again")
    assert finish_success.many(book.cur, [book.made(first), book.made("tsk_again")]) == [True, True]
    assert book.rows("SELECT asset_sha256, cost_micros FROM generations WHERE id = 'gen_1_0'") == [
        ("sha_tsk_again", 2 * COST)
    ]
    assert find_orphans(book.cur) == {}


def test_no_success_of_a_group_is_booked_if_a_file_is_missing(book: Book) -> None:
    one, two, *_ = book.batch(1)
    book.mark(one, two)
    with pytest.raises(StorageFailed, match="missing"):
        finish_success.many(book.cur, [book.made(one), book.made(two, path="/none/x.png")])
    assert book.rows("SELECT count(*) FROM tasks WHERE status = 'success'") == [(0,)]


@pytest.mark.parametrize("seed", range(4))
def test_everything_is_there_after_the_log_was_replayed(book: Book, seed: int) -> None:
    dice = random.Random(seed)
    waiting: list[str] = []
    marked: list[str] = []
    done: set[str] = set()
    for number in range(12):
        book.cur.execute("BEGIN")
        waiting += book.batch(number)
        book.cur.execute("COMMIT")
        leaving = [waiting.pop(dice.randrange(len(waiting))) for _ in range(dice.randint(0, 4))]
        book.cur.execute("BEGIN")
        book.mark(*leaving)
        book.cur.execute("COMMIT")
        marked += leaving
        ending = [marked.pop(dice.randrange(len(marked))) for _ in range(min(len(marked), dice.randint(0, 6)))]
        book.cur.execute("BEGIN")
        finish_success.many(book.cur, [book.made(task, seed=9) for task in ending])
        book.cur.execute("COMMIT")
        done |= set(ending)
        if dice.random() < 0.4:
            book.reopen()
    book.reopen()
    assert {row[0] for row in book.rows("SELECT id FROM tasks WHERE status = 'pending' AND sent_at IS NULL")} == set(
        waiting
    )
    assert {row[0] for row in book.rows("SELECT id FROM tasks WHERE sent_at IS NOT NULL")} == {*marked, *done}
    complete = "status = 'success' AND finished_at IS NOT NULL AND asset_sha256 = 'sha_' || id AND cost_micros > 0"
    assert {row[0] for row in book.rows(f"SELECT id FROM tasks WHERE {complete}")} == done
    assert {
        row[0] for row in book.rows("SELECT task_id FROM generations WHERE seed = 9 AND asset_sha256 IS NOT NULL")
    } == done
    assert find_orphans(book.cur) == {}
