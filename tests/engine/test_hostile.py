"""A provider that means harm, or has lost its mind: whatever it answers ends in a row that says so, and the wallet adds
up; what was made is kept, what it may have cost is held or booked."""

from __future__ import annotations

import base64
import json
import traceback
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest
from faulty.adapter import PRICE_MICROS, LoopbackAdapter
from faulty.harness import USER, check_money, finish, made, only, read, start, until
from faulty.server import Reply, Server, png

from photogram.domain.price import MOST_MICROS
from photogram.domain.request import GenerationRequest
from photogram.domain.task import MAX_MESSAGE, RemoteHandle, TaskStatus
from photogram.engine.engine import Engine
from photogram.errors import BadSettings, ProviderError, RemoteFailed
from photogram.providers.wire import Access, Partial, Ready, WireAnswer, WireRequest

DEEP = b"[" * 15_000


def answer(said: dict[str, Any]) -> Reply:
    return Reply(headers={"content-type": "application/json"}, body=json.dumps(said).encode(), accepted=True)


def done(server: Server, **said: Any) -> Reply:
    return answer({"status": "done", "url": f"{server.url}/images/job0.png", **said})


class Outspoken(LoopbackAdapter):
    """Hands on whatever the provider says of cost, progress and seed, as a plugin's adapter might."""

    def read_poll(self, answer: WireAnswer, handle: RemoteHandle) -> Any:
        said = answer.json()
        if said.get("status") != "done":
            return super().read_poll(answer, handle)
        return Ready(url=said["url"], seed=said.get("seed"), cost_micros=said.get("cost"))


# ── Bodies that are hard to read ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("encoding", ["gzip", "deflate", ", ".join(["gzip"] * 9)])
def test_submit_whose_answer_cannot_be_unpacked_is_lost_because_it_may_have_been_made(
    engine: Engine, server: Server, encoding: str
) -> None:
    server.on_submit = lambda _: Reply(headers={"content-encoding": encoding}, body=b"no such thing", accepted=True)
    generation = made(engine)
    assert generation.status is TaskStatus.LOST
    check_money(engine, held=PRICE_MICROS)


def test_poll_and_image_that_cannot_be_unpacked_are_asked_for_again(engine: Engine, server: Server) -> None:
    broken = Reply(headers={"content-encoding": "gzip"}, body=b"no such thing")
    server.on_poll = server.on_fetch = lambda count: broken if count == 0 else None
    assert made(engine).status is TaskStatus.SUCCESS
    check_money(engine, captured=PRICE_MICROS)


@pytest.mark.parametrize("body", [DEEP, b'{"a":' * 3_000, b'{"retry_after": NaN}'])
def test_rate_limit_with_a_body_nobody_can_read_is_a_rate_limit(engine: Engine, server: Server, body: bytes) -> None:
    server.on_submit = lambda count: Reply(status=429, body=body) if not server.asked[1:] else None
    assert made(engine).status is TaskStatus.SUCCESS
    assert len(server.asked) == 2
    check_money(engine, captured=PRICE_MICROS)


class SaysWhat(LoopbackAdapter):
    """Reads errors as every built-in adapter does."""

    def read_error(self, answer: WireAnswer) -> ProviderError:
        return super(LoopbackAdapter, self).read_error(answer)


@pytest.mark.parametrize("status", [502, 504])
def test_gateway_error_with_a_body_nested_too_deeply_is_lost_like_any_other(
    make_engine: Callable[..., Engine], server: Server, status: int
) -> None:
    engine = make_engine(SaysWhat(server.url))
    server.on_submit = lambda _: Reply(status=status, body=DEEP, accepted=True)
    assert made(engine).status is TaskStatus.LOST
    check_money(engine, held=PRICE_MICROS)


# ── Numbers ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("cost", [-1_000_000_000, MOST_MICROS + 1, 10**30, float("nan"), float("inf"), "1e9", True])
def test_cost_that_no_image_has_is_not_booked_but_the_estimate(
    make_engine: Callable[..., Engine], server: Server, cost: Any
) -> None:
    engine = make_engine(Outspoken(server.url))
    server.on_poll = lambda _: done(server, cost=cost)
    generation = made(engine)
    assert generation.status is TaskStatus.SUCCESS
    assert (generation.cost_micros, generation.cost_source) == (PRICE_MICROS, "estimated")
    check_money(engine, captured=PRICE_MICROS)


class Charges(LoopbackAdapter):
    """Ends every job with a failure that names a cost."""

    cost: Any = 0

    def read_poll(self, answer: WireAnswer, handle: RemoteHandle) -> Any:
        failed = RemoteFailed("The job failed.")
        failed.cost_micros = self.cost
        raise failed


@pytest.mark.parametrize("cost", [-1_000_000_000, 10**30, float("nan")])
def test_failure_with_a_cost_that_nothing_has_fills_no_wallet(
    make_engine: Callable[..., Engine], server: Server, cost: Any
) -> None:
    adapter = Charges(server.url)
    adapter.cost = cost
    engine = make_engine(adapter)
    generation = made(engine)
    assert generation.error
    assert generation.error.kind == "remote_failed"
    check_money(engine)


@pytest.mark.parametrize("seed", [2**63, -(2**63) - 1, 10**40, 1.5, "7", True, float("nan")])
def test_seed_that_fits_no_row_does_not_cost_the_image(
    make_engine: Callable[..., Engine], server: Server, seed: Any
) -> None:
    engine = make_engine(Outspoken(server.url))
    server.on_poll = lambda _: done(server, seed=seed)
    generation = made(engine)
    assert (generation.status, generation.seed) == (TaskStatus.SUCCESS, 0)  # as it was sent
    check_money(engine, captured=PRICE_MICROS)


@pytest.mark.parametrize(
    ("progress", "queue"),
    [(float("nan"), 10**30), (1e300, -5), (-3, 2**31), ("much", "many"), (float("inf"), 1.5), (10**400, True)],
)  # fmt: skip
def test_progress_that_is_none_is_passed_over(engine: Engine, server: Server, progress: Any, queue: Any) -> None:
    server.on_poll = lambda count: (
        answer({"status": "working", "progress": progress, "queue": queue}) if not count else None
    )
    batch = start(engine)
    until(lambda: len(server.polls) == 1)
    assert only(finish(engine, batch)).status is TaskStatus.SUCCESS
    check_money(engine, captured=PRICE_MICROS)


# ── Pictures ────────────────────────────────────────────────────────────────────────────────────────────────────────

HUGE_SVGS = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="99999999999" height="1"/>',
    b'<svg xmlns="http://www.w3.org/2000/svg" width="' + b"9" * 400 + b'" height="1"/>',
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ' + b"9" * 400 + b' 1"/>',
)


@pytest.mark.parametrize("data", HUGE_SVGS)
def test_svg_that_claims_a_size_no_screen_has_is_told_as_an_image_that_did_not_come_whole(
    engine: Engine, server: Server, data: bytes
) -> None:
    server.on_fetch = lambda _: Reply(headers={"content-type": "image/svg+xml"}, body=data)
    generation = made(engine)
    assert generation.error
    assert generation.error.kind == "bad_response"
    assert generation.cost_micros == PRICE_MICROS
    check_money(engine, captured=PRICE_MICROS)


# ── Words ───────────────────────────────────────────────────────────────────────────────────────────────────────────


class Verbose(LoopbackAdapter):
    def read_poll(self, answer: WireAnswer, handle: RemoteHandle) -> Any:
        raise RemoteFailed("words " * 50_000, next_step="more " * 50_000)


def test_what_a_provider_says_at_length_is_cut_before_it_is_kept(
    make_engine: Callable[..., Engine], server: Server
) -> None:
    engine = make_engine(Verbose(server.url))
    error = made(engine).error
    assert error
    assert len(error.message) <= MAX_MESSAGE
    assert len(error.next_step) <= MAX_MESSAGE
    assert error.message.startswith("words words")


def test_note_of_a_download_that_failed_shows_no_key(
    make_engine: Callable[..., Engine], server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = "Zx7NoKnownShapeOfAnyKey42"
    monkeypatch.setenv("LOOPBACK_KEY", plain)
    engine = make_engine(SaysWhat(server.url))
    repeated = Reply(status=500, body=json.dumps({"error": {"message": f"who is {plain}?"}}).encode())
    server.on_fetch = lambda count: repeated if count < 12 else None
    batch = start(engine)
    until(lambda: only(read(engine, batch)).note)
    note = str(only(read(engine, batch)).note)
    assert "who is ••••" in note
    assert plain not in note
    assert only(finish(engine, batch)).status is TaskStatus.SUCCESS


# ── Streams ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class Streams(LoopbackAdapter):
    """A submit that streams its glimpses, as OpenAI's does."""

    def read_event(self, event: Any) -> Partial | None:
        if "index" not in event:
            return None
        preview = base64.b64decode(event["preview"]) if "preview" in event else None
        return Partial(preview=preview, progress=event["index"] / 3)

    def read_submit(self, answer: WireAnswer, request: GenerationRequest) -> Ready:
        return Ready(data=base64.b64decode(answer.json()["image"]), seed=1)


EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n%%EOF\n"


@pytest.mark.parametrize(
    "glimpse",
    [
        b'{"index": ' + b"9" * 400 + b"}",
        b'{"index": NaN}',
        b'{"index": "much"}',
        b'{"index": 1, "preview": 7}',
        b'{"index": 1, "preview": "' + base64.b64encode(EPS) + b'"}',
        DEEP,
        b"\xff\xfe",
    ],
)
def test_glimpse_that_cannot_be_read_does_not_cost_the_image(
    make_engine: Callable[..., Engine], server: Server, glimpse: bytes
) -> None:
    engine = make_engine(Streams(server.url))
    last = json.dumps({"image": base64.b64encode(png()).decode()}).encode()
    body = b"data: " + glimpse + b"\n\n" + b"data: " + last + b"\n\n"
    server.on_submit = lambda _: Reply(headers={"content-type": "text/event-stream"}, body=body, accepted=True)
    assert made(engine).status is TaskStatus.SUCCESS
    check_money(engine, captured=PRICE_MICROS)


# ── Keys and cookies ────────────────────────────────────────────────────────────────────────────────────────────────


def test_cookies_are_neither_kept_nor_sent_back(engine: Engine, server: Server) -> None:
    asked: list[str | None] = []
    server.on_poll = lambda count: Reply(
        headers={"set-cookie": "session=mine; Path=/"}, body=b'{"status": "working"}'
    ) if not count else None  # fmt: skip
    handler = server._http.RequestHandlerClass
    plain = handler.do_GET

    def listen(self: Any) -> None:
        asked.append(self.headers.get("cookie"))
        plain(self)

    handler.do_GET = listen
    try:
        assert made(engine).status is TaskStatus.SUCCESS
    finally:
        handler.do_GET = plain
    assert len(asked) >= 2
    assert set(asked) == {None}


def test_traceback_that_shows_variables_shows_no_key(engine: Engine, server: Server, key: str) -> None:
    """As IPython's `%xmode Verbose`, or an error collector: they print the variables of every frame."""
    secret = engine.keys.find(engine.registry.provider("loopback"), USER)  # type: ignore[arg-type]
    assert secret
    access = Access(base_url="http://127.0.0.1:9", key=secret.secret)
    wire = WireRequest(method="GET", url="http://127.0.0.1:9/x", headers={"x-key": secret.secret.after("Bearer ")})
    failed: Future[Any] = engine.call(engine._http.send("loopback", wire, access, read_timeout_s=5))
    error = failed.exception(10)
    assert error
    shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert "No connection" in shown
    assert key not in shown


def test_traceback_of_a_key_that_is_none_shows_it_neither(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    spoilt = "Zx7CopiedWithAnEllipsis…42"
    monkeypatch.setenv("LOOPBACK_KEY", spoilt)
    with pytest.raises(BadSettings) as failed:
        engine.keys.find(engine.registry.provider("loopback"), USER)  # type: ignore[arg-type]
    del spoilt
    error = failed.value.with_traceback(failed.value.__traceback__.tb_next)  # type: ignore[union-attr]
    shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert "at position 24" in shown
    assert "Zx7Copied" not in shown
