"""What the tests of faults do over and over: a clock that runs fast, one press of Generate, waiting, reading rows."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from photogram.domain.ids import new_id
from photogram.domain.records import BatchRecord, GenerationRecord, TaskRecord
from photogram.domain.task import TaskStatus
from photogram.engine.clock import Clock
from photogram.engine.engine import Engine
from photogram.store import Cursor, assets, ledger
from photogram.store import batches as batch_rows
from photogram.store import tasks as task_rows
from photogram.store.batches import NewBatch, NewTask

from .server import Answer, Server, said_by_job

SPEED = 50.0
USER = "ana"
EPOCH_S = float(os.environ.get("FAULTY_EPOCH_S", "0"))
"""Real time at which the fast clocks of all processes show the same as the real one."""


class FastClock(Clock):
    """Fifty seconds pass in one, dates included, in every process and after every restart alike."""

    speed = SPEED

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.now_s(), UTC).replace(tzinfo=None)

    def now_s(self) -> float:
        return EPOCH_S + (time.time() - EPOCH_S) * self.speed if "FAULTY_EPOCH_S" in os.environ else _here_s(self.speed)

    def monotonic(self) -> float:
        return time.monotonic() * self.speed

    def awake_s(self) -> float:
        return time.monotonic() * self.speed

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self.speed)


_STARTED_S, _STARTED = time.time(), time.monotonic()


def _here_s(speed: float) -> float:
    return _STARTED_S + (time.monotonic() - _STARTED) * speed


def new_batch(engine: Engine, n: int = 1, *, topic_id: str | None = None, model: str = "loopback:img") -> NewBatch:
    provider, name = model.split(":")
    price = engine.registry.card(model).price_micros or 0
    return NewBatch(
        id=new_id("bat"), topic_id=topic_id or new_id("top"), new_topic=topic_id is None, provider=provider,
        model=name, prompt="a boat", params={}, owner=engine.owner.id, local=False, created_at=engine.clock.now(),
        tasks=[NewTask(id=new_id("tsk"), generation_id=new_id("gen"), idx=idx, seed=idx, params={}, hold_micros=price)
               for idx in range(n)],
    )  # fmt: skip


def start(engine: Engine, n: int = 1, **options: Any) -> BatchRecord:
    return engine.generate(USER, new_batch(engine, n, **options)).result(30)


def finish(engine: Engine, batch: BatchRecord, timeout_s: float = 60.0) -> BatchRecord:
    engine.finished(USER, batch.id).result(timeout_s)
    return read(engine, batch)


def read(engine: Engine, batch: BatchRecord) -> BatchRecord:
    return engine.read(batch_rows.get_batch, USER, batch.id).result(30)


def only(batch: BatchRecord) -> GenerationRecord:
    (generation,) = batch.generations
    return generation


def made(engine: Engine) -> GenerationRecord:
    """Makes one image, and returns how that ended."""
    return only(finish(engine, start(engine)))


def retry(engine: Engine, generation: GenerationRecord) -> str:
    """Presses Retry; returns the task that is under way."""
    price = engine.registry.card("loopback:img").price_micros or 0
    task = NewTask(
        id=new_id("tsk"), generation_id=generation.id, idx=generation.idx, seed=generation.seed, params={},
        hold_micros=price,
    )  # fmt: skip
    return engine.retry(USER, task).result(30)


def again(engine: Engine, generation: GenerationRecord) -> GenerationRecord:
    """Presses Retry, waits, and returns how that ended."""
    retry(engine, generation)
    engine.finished(USER, generation.batch_id).result(60)
    batch = engine.read(batch_rows.get_batch, USER, generation.batch_id).result(30)
    return next(one for one in batch.generations if one.id == generation.id)


def task_of(engine: Engine, task_id: str) -> TaskRecord:
    return engine.read(task_rows.load_tasks, [task_id]).result(30)[0]


def until(true: Callable[[], object], timeout_s: float = 30.0) -> None:
    end = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.02)


@dataclass(frozen=True, kw_only=True)
class Money:
    """The wallet, in micro-dollars.

    Attributes:
        balance: What it holds.
        sum: What its entries add up to.
        held: Holds that are not returned.
        captured: What was booked.
        captures: How many bookings there are.
    """

    balance: int
    sum: int
    held: int
    captured: int
    captures: int


def read_money(cur: Cursor) -> Money:
    balance = ledger.balance(cur, USER)
    row = cur.execute(
        "SELECT coalesce(sum(amount_micros), 0), -coalesce(sum(amount_micros) FILTER (kind IN ('hold', 'release')), 0),"
        " -coalesce(sum(amount_micros) FILTER (kind = 'capture'), 0), count(*) FILTER (kind = 'capture')"
        " FROM ledger WHERE user_id = ?",
        [USER],
    ).fetchone()
    assert row
    return Money(balance=balance, sum=int(row[0]), held=int(row[1]), captured=int(row[2]), captures=row[3])


def check_money(engine: Engine, *, captured: int = 0, held: int = 0) -> None:
    """Asserts that the wallet adds up, and that exactly so much was booked and is still held."""
    money = engine.read(read_money).result(30)
    assert money.balance == money.sum == ledger.FIRST_GRANT_MICROS - captured - held, money
    assert (money.captured, money.held) == (captured, held)
    assert engine.read(assets.find_orphans).result(30) == {}


def first(answer: Answer, times: int = 1) -> Callable[[int], Answer]:
    """Returns a hook that answers so the first times it is asked."""
    left = [answer] * times
    return lambda _count: left.pop() if left else None


def always(answer: Answer) -> Callable[[int], Answer]:
    return lambda _count: answer


def check_said(generation: GenerationRecord, status: TaskStatus, kind: str, message: str, next_step: str) -> None:
    """Asserts how it ended, and that its row says what happened and what to do about it."""
    assert generation.status is status
    error = generation.error
    assert error
    assert error.kind == kind
    assert message in error.message, error.message
    assert next_step in error.next_step, error.next_step
    assert error.task_id == generation.task_id
    assert "sk-very-secret" not in f"{error}"


def set_price(server: Server, cost: float | None) -> None:
    """Lets every job be done at its first poll, and cost so many dollars."""

    def answer(_count: int) -> Answer:
        job = list(server.jobs)[-1]
        return said_by_job(status="done", url=f"{server.url}/images/{job}.png", cost=cost)

    server.on_poll = answer
