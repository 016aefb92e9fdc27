"""Events come out whole however their bytes are cut, and a stream that means harm costs little."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from faulty.adapter import LoopbackAdapter
from faulty.server import Job, Reply, Server

from photogram.engine import http as engine_http
from photogram.engine.engine import Engine
from photogram.engine.event_stream import EventStream
from photogram.errors import BadResponse
from photogram.providers.wire import Access, WireRequest

STREAM = (
    b": hello\r\n\r\ndata: one\n\ndata:two\r\ndata:  lines\r\n\r\nevent: x\nid: 7\n\ndata\n\ndata:\n\n\n\n"
    b"data: [DONE]\n\ndata: last\n\ndata: cut off\n"
)
EVENTS = [b"one", b"two\n lines", b"", b"last"]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1_000])
def test_events_are_the_same_wherever_the_bytes_are_cut(size: int) -> None:
    stream = EventStream()
    parts = [STREAM[at : at + size] for at in range(0, len(STREAM), size)]
    assert [event for part in parts for event in stream.feed(part)] == EVENTS


def test_what_waits_for_its_end_is_kept_as_bytes_and_not_as_a_million_objects() -> None:
    stream = EventStream()
    list(stream.feed(b"data:\n" * 100_000))
    (event,) = stream.feed(b"\n")
    assert event == b"\n" * 99_999


def test_of_a_stream_of_a_hundred_thousand_events_the_first_are_told_and_the_last_counts(
    make_engine: Callable[..., Engine], server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_http, "MAX_EVENTS", 10)
    engine = make_engine(LoopbackAdapter(server.url))
    body = b"".join(b"data: %d\n\n" % count for count in range(100_000))
    server.on_poll = lambda _: Reply(headers={"content-type": "text/event-stream"}, body=body)
    server.jobs["x"] = Job(id="x", task_id="x")
    told: list[bytes] = []

    async def tell(event: bytes) -> None:
        told.append(event)

    request = WireRequest(method="GET", url=f"{server.url}/jobs/x")
    access = Access(base_url=server.url)
    sent = engine.call(engine._http.send("loopback", request, access, read_timeout_s=20, on_event=tell))
    assert sent.result(60).content == b"99999"
    assert told == [b"%d" % count for count in range(10)]


def test_limit_of_bytes_is_for_each_event_so_that_glimpses_do_not_cost_a_large_image(
    make_engine: Callable[..., Engine], server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_http, "MAX_ANSWER_BYTES", 100_000)
    engine = make_engine(LoopbackAdapter(server.url))
    server.jobs["x"] = Job(id="x", task_id="x")
    request, access = WireRequest(method="GET", url=f"{server.url}/jobs/x"), Access(base_url=server.url)

    async def tell(event: bytes) -> None:
        pass

    def send(body: bytes) -> bytes:
        server.on_poll = lambda _: Reply(headers={"content-type": "text/event-stream"}, body=body)
        sent = engine.call(engine._http.send("loopback", request, access, read_timeout_s=20, on_event=tell))
        return sent.result(60).content

    event = b"data: " + b"x" * 90_000 + b"\n\n"
    assert send(event * 5) == b"x" * 90_000
    for too_large in (b"data: " + b"x" * 110_000 + b"\n\n", b"data: " + b"x" * 500_000, b"data: y\n" * 60_000):
        with pytest.raises(BadResponse, match="larger than"):
            send(too_large)
