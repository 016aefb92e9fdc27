"""What becomes of a submit: turned away, in doubt, or taken.

For each: how the task ends, what the user reads, how many submits the provider accepted, and what the ledger says.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from photogram.domain.task import TaskStatus
from photogram.engine.engine import Engine

from .adapter import PRICE_MICROS, LoopbackAdapter
from .harness import USER, again, always, check_money, check_said, first, made, retry
from .server import CUT_AFTER, CUT_BEFORE, Reply, Server, image_in_answer, png

SUCCESS, ERROR, LOST = TaskStatus.SUCCESS, TaskStatus.ERROR, TaskStatus.LOST


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
