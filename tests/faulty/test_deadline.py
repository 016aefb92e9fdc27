"""A job that misses its deadline is lost, not over: its hold stays, it is asked about now and then, and taken late."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from photogram.domain.task import TaskStatus
from photogram.engine.engine import Engine
from photogram.store.ending import settle_lost

from .adapter import PRICE_MICROS, LoopbackAdapter
from .harness import USER, again, check_money, finish, made, only, read, start, task_of, until
from .server import Reply, Server

SUCCESS, ERROR, LOST = TaskStatus.SUCCESS, TaskStatus.ERROR, TaskStatus.LOST


@pytest.fixture
def make_late(
    make_engine: Callable[..., Engine], server: Server, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], Engine]:  # fmt: skip
    """Starts engines whose jobs have 30 s, and never end; they are asked about every 10 s from then on."""
    monkeypatch.setattr("photogram.engine.poll.slow_pause_s", lambda _polls: 10.0)
    server.polls_needed = 10**6
    return lambda: make_engine(LoopbackAdapter(server.url, deadline_s=30.0))


def polls_have_stopped(engine: Engine) -> bool:
    return not engine._runner.remote.follower.poller.tasks()


def test_job_without_a_result_is_lost_with_its_hold_and_retry_asks_before_it_pays(
    make_late: Callable[[], Engine], server: Server
) -> None:
    engine = make_late()
    generation = made(engine)
    assert generation.status is LOST
    assert generation.error
    assert generation.error.kind == "deadline"
    assert "No result within the deadline" in generation.error.message
    assert "may still be made, and billed" in generation.error.message
    assert "asked about now and then. Retry asks at once, and pays only if" in generation.error.next_step
    assert generation.error.detail.endswith("job job0")
    check_money(engine, held=PRICE_MICROS)
    server.polls_needed = 1
    made_now = again(engine, generation)
    assert (made_now.status, made_now.task_id) == (SUCCESS, generation.task_id)
    assert len(server.submits) == 1
    check_money(engine, captured=PRICE_MICROS)


def test_result_that_comes_after_the_deadline_is_taken(make_late: Callable[[], Engine], server: Server) -> None:
    engine = make_late()
    batch = start(engine)
    assert only(finish(engine, batch)).status is LOST
    server.polls_needed = 1
    until(lambda: only(read(engine, batch)).status is SUCCESS)
    assert len(server.submits) == 1
    check_money(engine, captured=PRICE_MICROS)
    until(lambda: polls_have_stopped(engine))


def test_result_that_comes_after_a_restart_is_taken_and_the_user_may_have_settled_it(
    make_late: Callable[[], Engine], server: Server
) -> None:
    ended = make_late()
    batch = finish(ended, start(ended, 3))
    assert {one.status for one in batch.generations} == {LOST}
    billed, not_billed, _ = (one.task_id for one in batch.generations)
    ended.write(settle_lost, USER, billed, True, ended.clock.now()).result(10)
    ended.write(settle_lost, USER, not_billed, False, ended.clock.now()).result(10)
    check_money(ended, captured=PRICE_MICROS, held=PRICE_MICROS)
    ended.close()
    server.polls_needed = 1
    engine = make_late()
    server.polls_needed = 1
    engine.adopt(USER).result(30)
    until(lambda: {one.status for one in read(engine, batch).generations} == {SUCCESS})
    assert len(server.submits) == 3
    check_money(engine, captured=3 * PRICE_MICROS)
    assert engine.taken_over(USER).result(10) == [], "nobody waits for what is lost"


def test_job_that_failed_late_is_an_error_and_returns_the_hold(make_late: Callable[[], Engine], server: Server) -> None:
    engine = make_late()
    batch = start(engine)
    assert only(finish(engine, batch)).status is LOST
    server.on_poll = lambda _count: Reply(body=json.dumps({"status": "failed"}).encode())
    until(lambda: only(read(engine, batch)).status is ERROR)
    assert task_of(engine, only(batch).task_id).error_kind == "remote_failed"
    check_money(engine)


@pytest.mark.parametrize("answer", [Reply(status=404), Reply(body=b'{"status": "wibble"}')], ids=["gone", "nonsense"])
def test_job_that_can_be_asked_about_no_more_stays_lost(
    make_late: Callable[[], Engine], server: Server, answer: Reply
) -> None:
    engine = make_late()
    generation = made(engine)
    server.on_poll = lambda _count: answer
    until(lambda: polls_have_stopped(engine))
    row = task_of(engine, generation.task_id)
    assert (row.status, row.error_kind) == (LOST, "deadline")
    check_money(engine, held=PRICE_MICROS)


def test_key_that_is_turned_away_late_leaves_it_lost_and_asked_about(
    make_late: Callable[[], Engine], server: Server
) -> None:
    engine = make_late()
    batch = start(engine)
    assert only(finish(engine, batch)).status is LOST
    asked = len(server.polls)
    server.on_poll = lambda _count: Reply(status=401)
    until(lambda: len(server.polls) > asked)
    server.on_poll, server.polls_needed = lambda _count: None, 1
    until(lambda: only(read(engine, batch)).status is SUCCESS)
    check_money(engine, captured=PRICE_MICROS)


def test_job_is_asked_about_for_as_long_as_its_provider_may_know_it_and_by_retry_also_later(
    make_late: Callable[[], Engine], server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("photogram.engine.follow.KNOWN_S", 100.0)
    engine = make_late()
    generation = made(engine)
    until(lambda: polls_have_stopped(engine))
    engine.close()
    server.polls_needed, asked = 1, len(server.polls)
    later = make_late()
    later.adopt(USER).result(30)
    assert polls_have_stopped(later)
    assert (task_of(later, generation.task_id).status, len(server.polls)) == (LOST, asked)
    server.polls_needed = 1
    assert again(later, generation).status is SUCCESS
    assert len(server.submits) == 1
    check_money(later, captured=PRICE_MICROS)
