"""Compressed answers are unpacked a little at a time, and a bomb is none."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from collections.abc import AsyncGenerator
from typing import Any

import httpx2
import pytest
from faulty.adapter import PRICE_MICROS
from faulty.harness import again, always, check_money, check_said, made
from faulty.server import Reply, Server

from photogram.domain.task import TaskStatus
from photogram.engine.engine import Engine
from photogram.engine.unpack import FREE_BYTES, MOST_BYTES, unpack
from photogram.errors import BadResponse

TEXT = json.dumps([{"image": n, "of": "a boat"} for n in range(60_000)]).encode()


def unpacked(encoding: str, *parts: bytes) -> list[bytes]:
    async def came() -> AsyncGenerator[bytes, None]:
        for part in parts:
            yield part

    async def read() -> list[bytes]:
        return [part async for part in unpack(came(), encoding)]

    return asyncio.run(read())


PACKERS = {"gzip": gzip.compress, "X-GZip": gzip.compress, "deflate": zlib.compress, "identity, gzip": gzip.compress}


@pytest.mark.parametrize("step", [1, 1_000, 10**9])
@pytest.mark.parametrize(("encoding", "pack"), PACKERS.items())
def test_what_is_packed_comes_as_it_was_in_parts_of_no_great_size(encoding: str, pack: Any, step: int) -> None:
    packed = pack(TEXT) if step > 1 else pack(TEXT[:5_000])
    parts = unpacked(encoding, *(packed[at : at + step] for at in range(0, len(packed), step)))
    assert b"".join(parts) == (TEXT if step > 1 else TEXT[:5_000])
    assert max(map(len, parts)) <= MOST_BYTES


@pytest.mark.parametrize("encoding", ["", "identity", "utf-8", "br"])
def test_what_was_not_asked_for_is_left_as_it_came(encoding: str) -> None:
    assert unpacked(encoding, b"\x00\x01", b"\x02") == [b"\x00\x01", b"\x02"]


@pytest.mark.parametrize("encoding", ["gzip, gzip", "deflate,gzip", "gzip"])
def test_what_cannot_be_unpacked_or_is_packed_twice_is_no_answer(encoding: str) -> None:
    with pytest.raises(httpx2.DecodingError):
        unpacked(encoding, b"no such thing")


def bombed(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(megabytes)) + packer.flush()


def test_bomb_is_noticed_before_much_of_it_is_unpacked() -> None:
    got = 0

    async def read() -> None:
        nonlocal got

        async def came() -> AsyncGenerator[bytes, None]:
            yield bombed(100)

        async for part in unpack(came(), "gzip"):
            got += len(part)

    with pytest.raises(BadResponse, match="more than 250 times as large"):
        asyncio.run(read())
    assert got <= FREE_BYTES


def test_download_that_is_a_bomb_was_billed_and_retry_fetches_it_without_paying(engine: Engine, server: Server) -> None:
    server.on_fetch = always(Reply(headers={"content-encoding": "gzip"}, body=bombed(20)))
    generation = made(engine)
    check_said(generation, TaskStatus.ERROR, "bad_response", "250 times as large as it seems", "without paying")
    assert len(server.submits) == 1
    check_money(engine, captured=PRICE_MICROS)
    server.on_fetch = always(None)
    assert again(engine, generation).status is TaskStatus.SUCCESS
    assert len(server.submits) == 1
    check_money(engine, captured=PRICE_MICROS)


def test_images_are_asked_for_unpacked_and_packed_answers_are_read(engine: Engine, server: Server) -> None:
    asked: dict[str, str | None] = {}
    handler = server._http.RequestHandlerClass
    plain, real = handler.do_GET, server.answer_poll

    def listen(self: Any) -> None:
        asked[self.path.split("/")[1]] = self.headers.get("accept-encoding")
        plain(self)

    def pack(*args: Any) -> Reply:
        return Reply(headers={"content-encoding": "gzip"}, body=gzip.compress(real(*args).body))

    handler.do_GET, server.answer_poll = listen, pack
    try:
        assert made(engine).status is TaskStatus.SUCCESS
    finally:
        handler.do_GET = plain
    assert asked == {"jobs": "gzip", "images": "identity"}
    check_money(engine, captured=PRICE_MICROS)
