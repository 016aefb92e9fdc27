"""What can go wrong while a job is waited for.

For each: how the task ends, what the user reads, how many submits the provider accepted, and what the ledger says.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from photogram.domain.records import BatchRecord
from photogram.domain.task import TaskStatus
from photogram.engine.engine import Engine
from photogram.store import batches as batch_rows
from photogram.store.history import list_history

from .adapter import PRICE_MICROS, LoopbackAdapter
from .harness import USER, FastClock, always, check_money, check_said, finish, first, made, only, read, start, until
from .server import CUT_BEFORE, Reply, Server, retry_later, said_by_job

SUCCESS, ERROR, LOST = TaskStatus.SUCCESS, TaskStatus.ERROR, TaskStatus.LOST


TROUBLES = [CUT_BEFORE, *(Reply(status=status) for status in (408, 425, 500, 502, 503, 504, 520, 524)), retry_later(2),
            Reply(body=b'{"status', length=900)]  # fmt: skip


def test_polls_and_downloads_go_on_through_every_passing_trouble(engine: Engine, server: Server) -> None:
    polls, fetches = list(TROUBLES), list(TROUBLES)
    server.on_poll = lambda _count: polls.pop() if polls else None
    server.on_fetch = lambda _count: fetches.pop() if fetches else None
    assert made(engine).status is SUCCESS
    assert len(server.submits) == 1
    check_money(engine, captured=PRICE_MICROS)


@pytest.mark.parametrize(
    ("answer", "kind", "message", "next_step"),
    [
        (said_by_job(status="wibble"), "bad_response", "Unknown status 'wibble'", "bug report"),
        (said_by_job(), "bad_response", "Unknown status None", "bug report"),
        (Reply(body=b"{not json"), "bad_response", "not JSON", "bug report"),
        (Reply(body=b"<html></html>"), "bad_response", "not JSON", "bug report"),
        (said_by_job(status="refused"), "refused", "refused", "Rephrase"),
        (said_by_job(status="failed"), "remote_failed", "The job failed.", "Retry"),
        (Reply(status=404), "bad_request", "HTTP 404", "Change"),
    ],
)
def test_every_end_of_a_job_has_a_branch(
    engine: Engine, server: Server, answer: Reply, kind: str, message: str, next_step: str
) -> None:
    server.on_poll = always(answer)
    generation = made(engine)
    check_said(generation, ERROR, kind, message, next_step)
    assert len(server.submits) == 1
    check_money(engine)


def notes_of(engine: Engine, batch: BatchRecord) -> list[tuple[float, str]]:
    """Keeps what an image's row says and when that was seen, in the engine's seconds; a list that grows."""
    seen: list[tuple[float, str]] = []

    def look(_event: object) -> None:
        now = engine.clock.monotonic()
        engine.read(batch_rows.get_batch, USER, batch.id).add_done_callback(
            lambda done: seen.append((now, only(done.result()).note or ""))
        )

    engine.bus.subscribe(look)
    return seen


def test_network_out_for_a_minute_says_to_check_the_connection_then_succeeds(
    make_engine: Callable[..., Engine], server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FastClock, "speed", 20.0)  # a third of a second of a busy machine is not to count for more
    engine = make_engine()
    server.polls_needed = 10**6
    batch = start(engine)
    notes = notes_of(engine, batch)
    until(lambda: server.polls)
    out_at = engine.clock.monotonic()
    server.unplug()
    until(lambda: any("Check your connection" in note for _, note in notes))
    told_at = next(at for at, note in notes if "Check your connection" in note)
    assert 30.0 <= told_at - out_at < 40.0, "not only with the next poll"
    before = [note for at, note in notes if out_at < at < told_at and note]
    assert before, "until then it says what happened, without advice"
    assert all("No connection to 127.0.0.1." in note or "broke off" in note for note in before)
    until(lambda: "it has been so since " in (only(read(engine, batch)).note or ""))
    until(lambda: (only(read(engine, batch)).note or "").startswith("Taking longer than expected…"))
    until(lambda: engine.clock.monotonic() - out_at > 60)
    assert only(read(engine, batch)).status is TaskStatus.PROCESSING
    server.polls_needed = 1
    server.plug_in()
    generation = only(finish(engine, batch))
    assert (generation.status, generation.note) == (SUCCESS, None)
    assert len(server.submits) == 1
    check_money(engine, captured=PRICE_MICROS)


def test_network_out_for_less_than_half_a_minute_gives_no_advice(engine: Engine, server: Server) -> None:
    troubles = [CUT_BEFORE] * 3
    server.on_poll = lambda _count: troubles.pop() if troubles else None
    batch = start(engine)
    notes = notes_of(engine, batch)
    assert only(finish(engine, batch)).status is SUCCESS
    assert not any("Check your connection" in note for _, note in notes)


@pytest.mark.parametrize(
    ("answer", "note"),
    [
        (said_by_job(status="working"), "Taking longer than expected…"),
        (said_by_job(status="working", queue=4), "Taking longer than expected… 4 before it in the provider's queue."),
        (said_by_job(status="working", queue=0), "Taking longer than expected… It is next in the provider's queue."),
        (retry_later(1), "Taking longer than expected… Rate limit exceeded."),
        (Reply(status=500), "Taking longer than expected… The provider failed (HTTP 500)."),
    ],
    ids=["nothing known", "queue", "next", "rate limit", "failing"],
)
def test_task_without_a_result_after_half_a_minute_is_slow_and_says_why_if_known(
    engine: Engine, server: Server, answer: Reply, note: str
) -> None:
    server.on_poll = always(answer)
    sent_at = engine.clock.monotonic()
    batch = start(engine)
    notes = notes_of(engine, batch)
    until(lambda: only(read(engine, batch)).note == note)
    until(lambda: any(said == note for _, said in notes), 5)
    assert next(at for at, said in notes if said == note) - sent_at >= 30.0
    (row,) = engine.read(list_history, USER, "", batch_id=batch.id).result(10).to_dict("records")
    assert (row["status"], row["note"]) == ("processing", note)
    server.on_poll = always(None)
    generation = only(finish(engine, batch))
    assert (generation.status, generation.note) == (SUCCESS, None)


def test_submit_that_takes_a_minute_to_answer_is_slow_meanwhile(engine: Engine, server: Server) -> None:
    server.on_submit = first(Reply(status=202, accepted=True, delay_s=1.3))
    batch = start(engine)
    until(lambda: only(read(engine, batch)).note == "Taking longer than expected…")
    assert only(finish(engine, batch)).status is SUCCESS
    assert len(server.asked) == 1


def test_task_taken_over_is_slow_since_it_was_sent(make_engine: Callable[..., Engine], server: Server) -> None:
    server.polls_needed = 10**6
    dead = make_engine()
    batch = start(dead)
    until(lambda: only(read(dead, batch)).note == "Taking longer than expected…")
    dead.close()
    engine = make_engine()
    asked = len(server.polls)
    engine.adopt(USER).result(30)
    until(lambda: len(server.polls) > asked)
    assert only(read(engine, batch)).note == "Taking longer than expected…"
    server.polls_needed = 1
    assert only(finish(engine, batch)).status is SUCCESS


@pytest.mark.slow
def test_poll_that_drips_does_not_outlive_the_deadline(
    make_engine: Callable[..., Engine], server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("photogram.engine.talk.POLL_READ_S", 0.5)
    server.on_poll = always(Reply(body=b" " * 600, drip_s=0.1))
    engine = make_engine(LoopbackAdapter(server.url, deadline_s=30.0))
    generation = only(finish(engine, start(engine), timeout_s=30))
    check_said(generation, LOST, "deadline", "No result", "Retry asks at once")
    check_money(engine, held=PRICE_MICROS)
