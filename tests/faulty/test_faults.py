"""Everything a provider or a network can do wrong.

For each: how the task ends, what the user reads, how many submits the provider accepted, and what the ledger says.
"""

from __future__ import annotations

import base64
import ipaddress
import json
import math
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from photogram.domain.records import BatchRecord, GenerationRecord
from photogram.domain.task import TaskStatus
from photogram.engine.engine import Engine
from photogram.engine.guard import Address
from photogram.store import Cursor
from photogram.store import batches as batch_rows
from photogram.store.history import list_history

from .adapter import PRICE_MICROS, LoopbackAdapter
from .harness import (
    USER,
    FastClock,
    again,
    always,
    check_money,
    check_said,
    finish,
    first,
    made,
    only,
    read,
    retry,
    start,
    task_of,
    until,
)  # fmt: skip
from .server import CUT_AFTER, CUT_BEFORE, RETRY_AFTER_FORMS, Answer, Reply, Server, bomb, png, retry_later

SUCCESS, ERROR, LOST, PENDING = TaskStatus.SUCCESS, TaskStatus.ERROR, TaskStatus.LOST, TaskStatus.PENDING


# ── Submit ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("answer", "kind", "message", "next_step"),
    [
        (Reply(status=400), "bad_request", "HTTP 400", "Change"),
        (Reply(status=401), "auth", "key was not accepted", "Check the provider's key"),
        (Reply(status=402), "out_of_credit", "no credit left", "Top up"),
        (Reply(status=403), "auth", "key was not accepted", "Check the provider's key"),
        (Reply(status=404), "bad_request", "HTTP 404", "Change"),
        (Reply(status=409), "bad_request", "HTTP 409", "Change"),
        (Reply(status=422), "bad_request", "HTTP 422", "Change"),
        (Reply(status=500), "remote_failed", "HTTP 500", "Retry"),
        (Reply(status=503), "remote_failed", "HTTP 503", "Retry"),
        (Reply(status=521), "remote_failed", "HTTP 521", "Retry"),
        (Reply(status=523), "remote_failed", "HTTP 523", "Retry"),
        (Reply(status=200, body=b'{"refused": true}'), "refused", "The prompt was refused.", "Rephrase"),
        (Reply(status=302, headers={"location": "http://169.254.169.254/"}), "bad_request", "HTTP 302", "Change"),
    ],
)
def test_submit_that_was_turned_away_ends_at_once_and_costs_nothing(
    engine: Engine, server: Server, answer: Reply, kind: str, message: str, next_step: str
) -> None:
    server.on_submit = always(answer)
    generation = made(engine)
    check_said(generation, ERROR, kind, message, next_step)
    assert (len(server.asked), len(server.submits)) == (1, 0)
    check_money(engine)


@pytest.mark.parametrize(
    ("answer", "accepted"),
    [
        (CUT_BEFORE, 0), (CUT_AFTER, 1), (Reply(status=502), 0), (Reply(status=504, accepted=True), 1),
        (Reply(status=202, body=b'{"id"', length=400, accepted=True), 1), (Reply(status=408, accepted=True), 1),
        (Reply(status=520, accepted=True), 1), (Reply(status=522), 0), (Reply(status=524, accepted=True), 1),
    ],
)  # fmt: skip
def test_submit_in_doubt_is_lost_never_sent_again_and_keeps_its_hold(
    engine: Engine, server: Server, answer: Reply, accepted: int
) -> None:
    server.on_submit = first(answer)
    generation = made(engine)
    check_said(generation, LOST, "lost", "It may have been made, and billed.", "dashboard")
    assert (len(server.asked), len(server.submits)) == (1, accepted)
    check_money(engine, held=PRICE_MICROS)


NONSENSE = {
    "not JSON": b"{not json", "cut short, as long as it claims": b'{"id": "job0", "po', "empty": b"",
    "no object": b"[1, 2]", "a page": b"<html>maintenance</html>", "no id": b'{"poll": "http://x/"}',
    "no address": b'{"id": "job0"}', "base64 that is none": b'{"image": "a"}', "a number for an image": b'{"image": 7}',
    "too deep": b"[" * 100_000,
}  # fmt: skip


@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.parametrize("body", NONSENSE.values(), ids=NONSENSE)
def test_submit_that_was_taken_with_nonsense_is_lost_and_keeps_its_hold(
    engine: Engine, server: Server, body: bytes, status: int
) -> None:
    server.on_submit = first(Reply(status=status, body=body, length=len(body), accepted=True))
    generation = made(engine)
    check_said(generation, LOST, "lost", "It may have been made, and billed.", "dashboard")
    assert (len(server.asked), len(server.submits)) == (1, 1)
    check_money(engine, held=PRICE_MICROS)
    assert again(engine, generation).status is SUCCESS  # the user chose to send it again
    assert len(server.submits) == 2
    check_money(engine, held=PRICE_MICROS, captured=PRICE_MICROS)


def test_answer_to_a_submit_that_is_too_large_is_lost(
    engine: Engine, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("photogram.engine.http.MAX_ANSWER_BYTES", 1_000_000)
    server.on_submit = first(Reply(body=b" " * 1_100_000, accepted=True))
    check_said(made(engine), LOST, "lost", "larger than", "dashboard")
    check_money(engine, held=PRICE_MICROS)


def image_in_answer(data: bytes) -> Reply:
    return Reply(body=json.dumps({"image": base64.b64encode(data).decode(), "seed": 7}).encode(), accepted=True)


def test_image_in_the_submits_own_answer_is_kept(engine: Engine, server: Server) -> None:
    server.on_submit = first(image_in_answer(png()))
    generation = made(engine)
    assert (generation.status, generation.seed, generation.cost_source) == (SUCCESS, 7, "estimated")
    check_money(engine, captured=PRICE_MICROS)


@pytest.mark.parametrize("data", [b"", b"<html>", png()[:-30]], ids=["empty", "html", "truncated"])
def test_answer_of_a_submit_that_is_no_whole_image_was_billed_and_retry_says_that_it_pays(
    engine: Engine, server: Server, data: bytes
) -> None:
    server.on_submit = first(image_in_answer(data))
    generation = made(engine)
    check_said(generation, ERROR, "bad_response", "not a whole image. It was made and billed.", "bills, it anew")
    assert (len(server.asked), len(server.submits)) == (1, 1)
    check_money(engine, captured=PRICE_MICROS)
    assert again(engine, generation).status is SUCCESS
    check_money(engine, captured=2 * PRICE_MICROS)


@pytest.mark.parametrize(
    "answer", [CUT_AFTER, Reply(status=502, accepted=True), Reply(status=504), Reply(body=b"{not json", accepted=True)]
)
def test_submit_in_doubt_is_sent_again_where_the_provider_runs_it_only_once(
    make_engine: Callable[..., Engine], server: Server, answer: Reply
) -> None:
    server.idempotent, server.on_submit = True, first(answer, 2)
    engine = make_engine(LoopbackAdapter(server.url, idempotent=True))
    assert made(engine).status is SUCCESS
    assert len(server.asked) == 3
    assert set(server.accepted().values()) == {1}
    check_money(engine, captured=PRICE_MICROS)


def test_slow_submit_is_waited_for(engine: Engine, server: Server) -> None:
    server.on_submit = first(Reply(status=202, accepted=True, delay_s=0.7))
    assert made(engine).status is SUCCESS
    assert len(server.submits) == 1
    check_money(engine, captured=PRICE_MICROS)


@pytest.mark.parametrize(
    "answer",
    [
        Reply(status=202, body=b" " * 400, drip_s=0.1, accepted=True),
        Reply(status=202, body=b"{}", delay_s=20, accepted=True),
    ],
    ids=["drips", "says nothing"],
)
def test_submit_that_drips_or_hangs_ends_at_the_deadline(
    make_engine: Callable[..., Engine], server: Server, answer: Reply
) -> None:
    server.on_submit = always(answer)
    engine = make_engine(LoopbackAdapter(server.url, deadline_s=2.0))
    generation = made(engine)
    check_said(generation, LOST, "lost", "took too long", "dashboard")
    assert len(server.submits) == 1
    check_money(engine, held=PRICE_MICROS)


# ── Come back later ─────────────────────────────────────────────────────────────────────────────────────────────────


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
    monkeypatch.setattr("photogram.engine.run.PROBE_S", 1e6)
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


# ── The key ─────────────────────────────────────────────────────────────────────────────────────────────────────────


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


# ── Poll ────────────────────────────────────────────────────────────────────────────────────────────────────────────


TROUBLES = [CUT_BEFORE, *(Reply(status=status) for status in (408, 425, 500, 502, 503, 504, 520, 524)), retry_later(2),
            Reply(body=b'{"status', length=900)]  # fmt: skip


def test_polls_and_downloads_go_on_through_every_passing_trouble(engine: Engine, server: Server) -> None:
    polls, fetches = list(TROUBLES), list(TROUBLES)
    server.on_poll = lambda _count: polls.pop() if polls else None
    server.on_fetch = lambda _count: fetches.pop() if fetches else None
    assert made(engine).status is SUCCESS
    assert len(server.submits) == 1
    check_money(engine, captured=PRICE_MICROS)


def said_by_job(**said: object) -> Reply:
    return Reply(body=json.dumps(said).encode())


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


# ── Fetch ───────────────────────────────────────────────────────────────────────────────────────────────────────────


HTML = b"<!doctype html><html><body>not found</body></html>"


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Reply(headers={"content-type": "image/png"}, body=HTML), "not a whole image"),
        (Reply(headers={"content-type": "image/png"}, body=b""), "not a whole image"),
        (Reply(headers={"content-type": "image/png"}, body=png()[:-30]), "not a whole image"),
        (Reply(headers={"content-type": "image/png"}, body=png(size=(300, 300)), length=120), "not a whole image"),
        (Reply(headers={"content-type": "application/json"}, body=b'{"error": "gone"}'), "not a whole image"),
        (Reply(headers={"content-type": "image/bmp"}, body=b"BM" + bytes(60)), "not a whole image"),
        (Reply(headers={"content-type": "image/png"}, body=bomb()), "not a whole image"),
    ],
    ids=["html", "empty", "truncated", "short content-length", "json", "unknown type", "bomb"],
)
def test_what_is_no_whole_image_is_never_a_success_and_was_billed(
    engine: Engine, server: Server, answer: Reply, message: str
) -> None:
    asked: list[int] = []
    server.on_fetch = lambda _count: asked.append(1) or answer
    generation = made(engine)
    check_said(generation, ERROR, "bad_response", message, "Retry fetches it once more, without paying.")
    assert generation.error
    assert "It was made and billed." in generation.error.message
    assert generation.asset is None
    assert (len(server.submits), len(asked)) == (1, 3)
    assert task_of(engine, generation.task_id).handle
    check_money(engine, captured=PRICE_MICROS)
    server.on_fetch = always(None)
    fetched = again(engine, generation)
    assert (fetched.status, fetched.task_id) == (SUCCESS, generation.task_id)
    assert len(server.submits) == 1
    check_money(engine, captured=PRICE_MICROS)


@pytest.mark.parametrize("times", [1, 2])
def test_download_that_comes_whole_at_the_second_or_third_try_is_a_success(
    engine: Engine, server: Server, times: int
) -> None:
    server.on_fetch = first(Reply(headers={"content-type": "text/html"}, body=HTML), times)
    generation = made(engine)
    assert generation.status is SUCCESS
    assert (len(server.submits), len(server.polls)) == (1, 1)
    check_money(engine, captured=PRICE_MICROS)


def test_passing_trouble_between_two_broken_downloads_spends_none_of_their_tries(
    engine: Engine, server: Server
) -> None:
    answers = [Reply(body=HTML), CUT_BEFORE, Reply(status=503), retry_later(1), CUT_BEFORE, Reply(body=png()[:-9])]
    server.on_fetch = lambda _count: answers.pop(0) if answers else None
    assert made(engine).status is SUCCESS
    check_money(engine, captured=PRICE_MICROS)


def test_retry_of_an_image_that_stays_broken_asks_first_and_only_the_next_one_pays(
    engine: Engine, server: Server
) -> None:
    server.on_fetch = always(Reply(body=HTML))
    generation = made(engine)
    asked = again(engine, generation)
    check_said(asked, ERROR, "expired", "not a whole image. It was made and billed.", "Retry makes, and bills, it anew")
    assert (asked.task_id, len(server.submits)) == (generation.task_id, 1)
    check_money(engine, captured=PRICE_MICROS)
    server.on_fetch = always(None)
    paid = again(engine, asked)
    assert (paid.status, len(server.submits)) == (SUCCESS, 2)
    assert paid.task_id != generation.task_id
    check_money(engine, captured=2 * PRICE_MICROS)


def test_wrong_type_header_does_not_matter_because_the_bytes_tell(engine: Engine, server: Server) -> None:
    server.on_fetch = always(Reply(headers={"content-type": "text/html"}, body=png()))
    generation = made(engine)
    assert generation.status is SUCCESS
    assert generation.asset
    assert generation.asset.mime == "image/png"
    assert len(server.submits) == 1
    check_money(engine, captured=PRICE_MICROS)


def test_oversized_image_is_not_read_to_its_end(
    engine: Engine, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("photogram.engine.http.MAX_ANSWER_BYTES", 1_000_000)
    server.on_fetch = always(Reply(headers={"content-type": "image/png"}, body=png() + bytes(3_000_000)))
    generation = made(engine)
    check_said(generation, ERROR, "bad_response", "larger than", "Retry fetches it once more, without paying.")
    assert len(server.submits) == 1
    check_money(engine, captured=PRICE_MICROS)


def test_dripped_and_delayed_image_arrives_whole(engine: Engine, server: Server) -> None:
    server.on_fetch = always(Reply(headers={"content-type": "image/png"}, body=png(), drip_s=0.002, delay_s=0.2))
    generation = made(engine)
    assert generation.status is SUCCESS
    assert generation.asset
    assert engine.store.files.read(generation.asset.sha256, extension="png") == png()
    check_money(engine, captured=PRICE_MICROS)


def test_download_with_a_false_content_length_is_asked_again(engine: Engine, server: Server) -> None:
    server.on_fetch = first(Reply(body=png(), length=5_000), 2)
    assert made(engine).status is SUCCESS
    check_money(engine, captured=PRICE_MICROS)


def test_download_that_never_works_is_booked_once_and_retry_fetches_without_paying(
    make_engine: Callable[..., Engine], server: Server
) -> None:
    server.on_fetch = always(Reply(status=503))
    engine = make_engine(LoopbackAdapter(server.url, deadline_s=30.0))
    generation = made(engine)
    check_said(generation, ERROR, "deadline", "could not be fetched", "Retry")
    check_money(engine, captured=PRICE_MICROS)
    server.on_fetch = always(None)
    assert again(engine, generation).status is SUCCESS
    assert len(server.submits) == 1
    check_money(engine, captured=PRICE_MICROS)


FORBIDDEN = [
    "file:///etc/passwd", "ftp://127.0.0.1/x.png", "http://169.254.169.254/latest/meta-data/",
    "http://localhost:9/x.png", "http://10.0.0.7/x.png", "http://[::1]:9/x.png", "http://user:pw@127.0.0.1/x.png",
    "data:image/png;base64,AAAA",
]  # fmt: skip


@pytest.mark.parametrize(
    ("url", "redirected"),
    [(url, redirected) for url in FORBIDDEN for redirected in (False, True)] + [("", False)],
)
def test_result_at_a_forbidden_address_is_never_asked_for(
    engine: Engine, server: Server, url: str, redirected: bool
) -> None:
    if redirected:
        server.on_fetch = always(Reply(status=302, headers={"location": url}))
    else:
        server.url_of = lambda _job: url
    generation = made(engine)
    check_said(generation, ERROR, "bad_response", "The provider name", "Retry")
    check_money(engine, captured=PRICE_MICROS)


@pytest.mark.parametrize("url", FORBIDDEN)
def test_job_at_a_forbidden_address_is_never_asked_about(engine: Engine, server: Server, url: str) -> None:
    server.on_submit = first(Reply(body=json.dumps({"id": "x", "poll": url}).encode(), accepted=True))
    generation = made(engine)
    check_said(generation, LOST, "lost", "The provider named an address", "dashboard")
    assert "It may have been made, and billed." in generation.error.message
    assert server.polls == []
    check_money(engine, held=PRICE_MICROS)


def test_name_that_changes_its_address_after_it_was_checked_is_not_asked(engine: Engine, server: Server) -> None:
    async def resolve(_host: str, _port: int) -> list[Address]:
        return [ipaddress.ip_address("93.184.216.34")]  # the system says 127.0.0.1 a moment later

    engine._http._resolve = resolve
    other = Server()
    try:
        server.url_of = lambda job: f"{other.url.replace('127.0.0.1', 'localhost')}/images/{job.id}.png"
        check_said(made(engine), ERROR, "bad_response", "private network (localhost)", "without paying")
        assert other.keys == []
    finally:
        other.close()
    check_money(engine, captured=PRICE_MICROS)


def test_key_does_not_go_to_another_host_and_a_private_one_is_not_asked(engine: Engine, server: Server) -> None:
    other = Server()
    try:
        server.url_of = lambda job: f"{other.url}/images/{job.id}.png"
        check_said(made(engine), ERROR, "bad_response", "private network", "Retry")
        server.on_poll = always(None)
        assert other.keys == []
    finally:
        other.close()


def test_redirect_within_the_provider_is_followed_and_a_loop_is_not(engine: Engine, server: Server) -> None:
    server.on_fetch = first(Reply(status=307, headers={"location": "/images/elsewhere.png"}))
    assert made(engine).status is SUCCESS
    server.on_fetch = always(Reply(status=302, headers={"location": "/images/elsewhere.png"}))
    check_said(made(engine), ERROR, "bad_response", "redirects too often", "Retry")
    check_money(engine, captured=2 * PRICE_MICROS)


# ── Expired addresses ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("status", [403, 404, 410])
def test_expired_address_is_polled_afresh(engine: Engine, server: Server, status: int) -> None:
    server.on_fetch = first(Reply(status=status))
    assert made(engine).status is SUCCESS
    assert (len(server.submits), len(server.polls)) == (1, 2)
    check_money(engine, captured=PRICE_MICROS)


def test_trouble_while_asking_for_a_fresh_address_is_outlasted(engine: Engine, server: Server) -> None:
    server.on_fetch = first(Reply(status=403))
    server.on_poll = lambda count: CUT_BEFORE if count == 1 else Reply(status=500) if count == 2 else None
    assert made(engine).status is SUCCESS
    assert len(server.submits) == 1
    check_money(engine, captured=PRICE_MICROS)


@pytest.mark.parametrize("later_polls", [None, Reply(status=404), Reply(status=410), said_by_job(status="failed")])
def test_result_that_is_gone_for_good_is_expired_and_was_billed(
    engine: Engine, server: Server, later_polls: Answer
) -> None:
    server.on_fetch = always(Reply(status=410))
    server.on_poll = lambda count: later_polls if count else None
    generation = made(engine)
    check_said(generation, ERROR, "expired", "made and billed, but its address has expired", "bills, it anew")
    assert len(server.submits) == 1
    check_money(engine, captured=PRICE_MICROS)
    server.on_fetch, server.on_poll = always(None), always(None)
    assert again(engine, generation).status is SUCCESS  # the user chose to pay again
    assert len(server.submits) == 2
    check_money(engine, captured=2 * PRICE_MICROS)


# ── What it cost ────────────────────────────────────────────────────────────────────────────────────────────────────


def set_price(server: Server, cost: float | None) -> None:
    def answer(_count: int) -> Answer:
        job = list(server.jobs)[-1]
        return said_by_job(status="done", url=f"{server.url}/images/{job}.png", cost=cost)

    server.on_poll = answer


@pytest.mark.parametrize(
    ("cost", "micros", "source"), [(0.07, 70_000, "reported"), (0.0, 0, "free"), (None, PRICE_MICROS, "estimated")]
)
def test_reported_cost_is_booked_even_above_the_hold(
    engine: Engine, server: Server, cost: float | None, micros: int, source: str
) -> None:
    set_price(server, cost)
    generation = made(engine)
    assert (generation.cost_micros, generation.cost_source) == (micros, source)
    check_money(engine, captured=micros)


def test_unknown_price_holds_nothing_and_says_so(make_engine: Callable[..., Engine], server: Server) -> None:
    engine = make_engine(LoopbackAdapter(server.url, price_micros=None))
    set_price(server, None)
    generation = made(engine)
    assert (generation.cost_micros, generation.cost_source) == (0, "unknown")
    check_money(engine)


def test_ledger_is_never_rewritten(engine: Engine, server: Server) -> None:
    def rows(cur: Cursor) -> list[tuple[object, ...]]:
        return cur.execute("SELECT id, kind, amount_micros FROM ledger ORDER BY created_at, rowid").fetchall()

    server.on_submit = first(Reply(status=500))
    generation = made(engine)
    before = engine.read(rows).result(10)
    again(engine, generation)
    after = engine.read(rows).result(10)
    assert after[: len(before)] == before
    assert [kind for _, kind, _ in after] == ["grant", "hold", "release", "hold", "release", "capture"]


# ── Lost, settled, found ────────────────────────────────────────────────────────────────────────────────────────────


def test_retry_of_a_lost_one_is_a_second_submit_that_the_user_asked_for(engine: Engine, server: Server) -> None:
    server.on_submit = first(CUT_AFTER)
    generation = made(engine)
    assert generation.status is LOST
    new = again(engine, generation)
    assert (new.status, new.attempts) == (SUCCESS, 2)
    assert len(server.submits) == 2
    assert set(server.accepted().values()) == {1}
    check_money(engine, captured=PRICE_MICROS, held=PRICE_MICROS)  # the lost one keeps its hold


def test_two_retries_at_once_are_one_submit(engine: Engine, server: Server) -> None:
    server.on_submit = first(Reply(status=500))
    generation = made(engine)
    server.polls_needed = 5
    assert retry(engine, generation) == retry(engine, generation)
    engine.finished(USER, generation.batch_id).result(30)
    assert len(server.submits) == 1
    check_money(engine, captured=PRICE_MICROS)
