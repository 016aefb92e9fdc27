"""What can go wrong while an image is fetched.

For each: how the task ends, what the user reads, how many submits the provider accepted, and what the ledger says.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from photogram.domain.task import TaskStatus
from photogram.engine.engine import Engine

from .adapter import PRICE_MICROS, LoopbackAdapter
from .harness import again, always, check_money, check_said, first, made, task_of
from .server import CUT_BEFORE, Reply, Server, bomb, png, retry_later

SUCCESS, ERROR = TaskStatus.SUCCESS, TaskStatus.ERROR


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
