"""A provider's line pauses when it is told to come back later, and stops over a bad key or an empty account.

For each: how the task ends, what the user reads, how many submits the provider accepted, and what the ledger says.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from photogram.domain.records import GenerationRecord
from photogram.domain.task import TaskStatus
from photogram.engine.engine import Engine

from .adapter import PRICE_MICROS, LoopbackAdapter
from .harness import (
    USER,
    again,
    always,
    check_money,
    check_said,
    finish,
    first,
    made,
    only,
    read,
    set_price,
    start,
    task_of,
    until,
)
from .server import RETRY_AFTER_FORMS, Answer, Reply, Server, retry_later

SUCCESS, ERROR, PENDING = TaskStatus.SUCCESS, TaskStatus.ERROR, TaskStatus.PENDING


# ── Come back later ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("form", RETRY_AFTER_FORMS)
def test_come_back_later_is_obeyed_in_every_form(engine: Engine, server: Server, form: str, status: int) -> None:
    server.on_submit = first(retry_later(34, form, status=status))
    paused = []
    pause = engine._runner.queues.pause
    engine._runner.queues.pause = lambda provider, seconds: paused.append(seconds) or pause(provider, seconds)
    generation = made(engine)
    assert generation.status is SUCCESS
    assert paused
    assert 32.0 <= paused[0] <= 34.0
    assert (len(server.asked), len(server.submits)) == (2, 1)
    assert task_of(engine, generation.task_id).tries == 1
    check_money(engine, captured=PRICE_MICROS)


def test_rate_limited_task_says_until_when_it_waits(engine: Engine, server: Server) -> None:
    server.on_submit = first(retry_later(60))
    batch = start(engine)
    until(lambda: only(read(engine, batch)).note)
    waiting = only(read(engine, batch))
    assert waiting.status is PENDING
    assert waiting.note
    assert waiting.note.startswith("Rate limit exceeded. Waiting until ")
    assert waiting.note.endswith(" UTC.")
    assert only(finish(engine, batch)).status is SUCCESS


def test_third_rate_limit_ends_it_and_returns_the_hold(engine: Engine, server: Server) -> None:
    server.on_submit = always(retry_later(1))
    generation = made(engine)
    check_said(generation, ERROR, "rate_limited", "Rate limit exceeded.", "Try again later.")
    assert (len(server.asked), len(server.submits)) == (3, 0)
    check_money(engine)
    server.on_submit = always(None)
    assert again(engine, generation).status is SUCCESS
    assert len(server.submits) == 1
    check_money(engine, captured=PRICE_MICROS)


def test_lasting_rate_limit_is_asked_ever_more_seldom_and_by_one_task_at_a_time(
    engine: Engine, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("photogram.engine.remote.PROBE_S", 1e6)
    server.on_submit = always(Reply(status=429))
    asked_at_pause: list[tuple[float, int]] = []
    pause = engine._runner.queues.pause
    engine._runner.queues.pause = lambda provider, seconds: (
        asked_at_pause.append((seconds, len(server.asked))) or pause(provider, seconds)
    )
    batch = start(engine, 12)
    until(lambda: any(seconds > 25 for seconds, _ in asked_at_pause))
    asked = {2 ** round(math.log2(seconds)): count for seconds, count in asked_at_pause}
    assert list(asked) == [1, 2, 4, 8, 16, 32]
    assert asked[32] <= 8 + 5, "eight were under way, then one after each pause"
    server.on_submit = always(None)
    done = finish(engine, batch).generations
    assert [one.status for one in done].count(SUCCESS) >= 10, "only what was sent after a pause has spent its tries"
    assert {one.error.kind for one in done if one.error} == {"rate_limited"}
    assert set(server.accepted().values()) == {1}
    check_money(engine, captured=PRICE_MICROS * [one.status for one in done].count(SUCCESS))


def test_line_opens_again_after_a_pause_although_the_answer_takes_long(engine: Engine, server: Server) -> None:
    server.on_submit, all_came, real = first(retry_later(20)), threading.Event(), server.answer_submit

    def answer(body: dict[str, object]) -> Reply:
        reply = real(body)
        if len(server.asked) == 7:
            all_came.set()
        return replace(reply, after=all_came) if reply.status == 202 else reply

    server.answer_submit = answer
    batch = start(engine)
    until(lambda: only(read(engine, batch)).note)
    others = start(engine, 5)
    assert {one.status for one in finish(engine, others).generations} == {SUCCESS}
    assert all_came.is_set()


def test_pause_holds_the_whole_line_and_what_left_before_it_spends_no_try(
    make_engine: Callable[..., Engine], server: Server
) -> None:
    engine = make_engine(LoopbackAdapter(server.url, concurrency=4))
    busy = [retry_later(100)] * 4
    all_here = threading.Event()  # the four that are under way are turned away together

    def turn_away(_count: int) -> Answer:
        if not busy:
            return None
        reply = replace(busy.pop(), after=all_here)
        if not busy:
            all_here.set()
        return reply

    server.on_submit = turn_away
    batch = start(engine, 6)
    until(lambda: len(server.asked) == 4 and not busy)
    until(lambda: all(one.note for one in read(engine, batch).generations))
    assert {one.status for one in read(engine, batch).generations} == {PENDING}
    assert len(server.asked) == 4, "nothing is sent while the line pauses"
    done = finish(engine, batch)
    assert {one.status for one in done.generations} == {SUCCESS}
    tries = sorted(task_of(engine, one.task_id).tries for one in done.generations)
    assert tries[:2] == [0, 0]
    assert sum(tries) < 4, "those that left before the pause was known spent none"
    assert set(server.accepted().values()) == {1}
    check_money(engine, captured=6 * PRICE_MICROS)


def test_refused_connection_is_tried_three_times_and_says_to_check_the_connection(
    make_engine: Callable[..., Engine], server: Server
) -> None:
    engine = make_engine()
    server.unplug()
    generation = made(engine)
    server.plug_in()
    check_said(generation, ERROR, "unreachable", "No connection to 127.0.0.1.", "Check your connection")
    assert task_of(engine, generation.task_id).sends == 3
    check_money(engine)


# ── The key ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("status", "kind", "why"),
    [
        (401, "auth", "The key was not accepted. Check the provider's key. Then studio.resume() goes on."),
        (402, "out_of_credit", "The account has no credit left. Top up at the provider's billing page. Then studio."),
    ],
)
def test_five_hundred_tasks_and_a_bad_key_are_one_error_and_resume_carries_on(
    make_engine: Callable[..., Engine], server: Server, status: int, kind: str, why: str
) -> None:
    engine = make_engine(LoopbackAdapter(server.url, concurrency=32, price_micros=1_000))
    server.on_submit = always(Reply(status=status))
    heard: set[str | None] = set()
    engine.bus.subscribe(lambda event: heard.add(event.task_id))
    batches = [start(engine, 100) for _ in range(5)]
    for batch in batches:
        engine.finished(USER, batch.id).result(60)  # it does not wait for what waits for the user

    def images() -> list[GenerationRecord]:
        return [one for batch in batches for one in read(engine, batch).generations]

    until(lambda: all(one.note for one in images() if one.status is PENDING))
    (failed,) = [one for one in images() if one.status is ERROR]
    assert failed.error
    assert failed.error.kind == kind
    waiting = [one for one in images() if one.status is PENDING]
    assert len(waiting) == 499
    assert {(one.note or "")[: len(why)] for one in waiting} == {why}
    assert heard >= {one.task_id for one in waiting}, "whoever shows them is told"
    assert len(server.asked) <= 32 + 4, "what was under way, and one more for each further press"
    check_money(engine, held=499 * 1_000)

    server.on_submit = always(None)
    set_price(server, 0.001)
    resumed = engine.resume(USER).result(30)
    assert {task.id for task in resumed} == {one.task_id for one in waiting}
    assert {task.batch_id for task in resumed} == {batch.id for batch in batches}
    until(lambda: not any(one.note for one in images() if one.status is PENDING))
    for batch in batches:
        engine.finished(USER, batch.id).result(120)
    done = images()
    assert [one.status for one in done].count(SUCCESS) == 499
    assert {task_of(engine, one.task_id).tries for one in done if one.status is SUCCESS} == {0}
    assert again(engine, failed).status is SUCCESS
    assert sorted(server.accepted().values()) == [1] * 500
    check_money(engine, captured=500 * 1_000)


def test_generate_after_the_key_was_set_lets_the_line_go_on(engine: Engine, server: Server) -> None:
    server.on_submit = always(Reply(status=401))
    first_batch = start(engine, 20)
    engine.finished(USER, first_batch.id).result(60)
    for _ in range(5):  # still the wrong key: no further error, and each says why it waits
        waits = finish(engine, start(engine))
        assert only(waits).status is PENDING
        until(lambda waits=waits: (only(read(engine, waits)).note or "").startswith("The key was not accepted."))
    server.on_submit = always(None)
    assert only(finish(engine, start(engine))).status is SUCCESS
    done = finish(engine, first_batch).generations
    assert sorted(str(one.status) for one in done) == ["error"] + ["success"] * 19
    until(lambda: set(server.accepted().values()) == {1} and len(server.submits) == 25)


@pytest.mark.parametrize("answer", [Reply(status=400), retry_later(1), Reply(status=500)])
def test_line_that_stopped_goes_on_when_its_trial_ends_otherwise(engine: Engine, server: Server, answer: Reply) -> None:
    server.on_submit = always(Reply(status=402))
    batch = start(engine, 10)
    engine.finished(USER, batch.id).result(60)
    server.on_submit = first(answer)
    finish(engine, start(engine))
    statuses = [one.status for one in finish(engine, batch).generations]
    assert statuses.count(SUCCESS) >= 8
    assert PENDING not in statuses


def test_task_that_waits_for_a_limit_does_not_leave_in_a_line_that_stopped_meanwhile(
    make_engine: Callable[..., Engine], server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("photogram.engine.run.is_loopback", lambda _url: False)
    engine = make_engine(LoopbackAdapter(server.url, submits_per_minute=1))
    server.on_submit = lambda _count: Reply(status=401, delay_s=0.3)
    batch = start(engine, 4)
    engine.finished(USER, batch.id).result(60)
    stopped = read(engine, batch).generations
    until(lambda: sum("resume()" in (one.note or "") for one in read(engine, batch).generations) == 3, 60)
    assert len(server.asked) == 1
    assert sorted(str(one.status) for one in stopped) == ["error", "pending", "pending", "pending"]
