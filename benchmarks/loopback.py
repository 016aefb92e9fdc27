"""A quick loopback server and its adapters, for benchmarks: a process of its own, so that its CPU is not counted.

Speaks submit → poll → fetch (`/jobs`) and OpenAI's images protocol (`/v1/images/generations`).
"""

from __future__ import annotations

import asyncio
import base64
import io
import json
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from photogram.domain.card import ModelCard
from photogram.domain.params import ParamKind, ParamSpec
from photogram.domain.request import GenerationRequest
from photogram.domain.task import RemoteHandle
from photogram.providers.protocols import QueueAdapter, SyncAdapter, read_text
from photogram.providers.wire import Access, Ready, WireRequest


def png(number: int, side: int = 1024) -> bytes:
    """Returns a PNG of about 1 MB that no other number gives."""
    import numpy as np
    from PIL import Image

    noise = np.random.default_rng(number).integers(0, 4, (side, side), dtype=np.uint8)
    pixels = np.stack([noise * 60, noise * 27 + 60, np.flip(noise, 0) * 45], axis=-1).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


class Drawn:
    """A PNG, ready to be sent as an answer that no other is like: a text chunk after its header counts the answers."""

    HEADER_BYTES = 33  # signature and IHDR; divides by 3, as does the text chunk, so that base64 can be put together

    def __init__(self, data: bytes) -> None:
        self._before = b'{"created": 1, "data": [{"b64_json": "' + base64.b64encode(data[: self.HEADER_BYTES])
        self._after = base64.b64encode(data[self.HEADER_BYTES :]) + b'"}]}'

    def answer(self, number: int) -> bytes:
        text = b"tEXt" + b"n\0%010d" % number
        chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
        return b"".join((self._before, base64.b64encode(chunk), self._after))


def _card(provider: str, concurrency: int) -> ModelCard:
    seed = ParamSpec(name="seed", kind=ParamKind.INT, min=0, max=2**31)
    return ModelCard(
        provider=provider, model="img", title="Benchmark", price_micros=1, params=(seed,), concurrency=concurrency
    )


class Sync(SyncAdapter):
    """OpenAI's images protocol, read as any provider's own adapter reads it; keyless."""

    name = "sync"

    def __init__(self, base_url: str, concurrency: int) -> None:
        self.base_url, self._concurrency = f"{base_url}/v1", concurrency

    def cards(self) -> Sequence[ModelCard]:
        return [_card(self.name, self._concurrency)]

    def build_submit(self, request: GenerationRequest, access: Access) -> WireRequest:
        body = {"prompt": request.prompt, "model": request.model, "n": 1, "seed": request.seed}
        return WireRequest(method="POST", url=f"{access.base_url}/images/generations", json_body=body)


class Jobs(QueueAdapter):
    """Submit, poll, download; keyless."""

    name = "jobs"
    working = frozenset({"working"})
    succeeded = frozenset({"done"})

    def __init__(self, base_url: str, concurrency: int = 1000) -> None:
        self.base_url, self._concurrency = base_url, concurrency

    def cards(self) -> Sequence[ModelCard]:
        return [_card(self.name, self._concurrency)]

    def build_submit(self, request: GenerationRequest, access: Access) -> WireRequest:
        body = {"prompt": request.prompt, "model": request.model, "seed": request.seed}
        return WireRequest(method="POST", url=f"{access.base_url}/jobs", json_body=body)

    def read_handle(self, body: Mapping[str, Any]) -> RemoteHandle:
        return RemoteHandle(remote_id=read_text(body, "id"), poll_url=read_text(body, "poll"))

    def read_result(self, body: Mapping[str, Any], handle: RemoteHandle) -> Ready:
        return Ready(url=read_text(body, "url"))


@contextmanager
def serving(done_after_s: float = 1e9) -> Iterator[str]:
    """Runs the server as a process and gives its address."""
    command = [sys.executable, __file__, str(done_after_s)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()


async def serve(done_after_s: float) -> None:
    began: dict[str, float] = {}
    drawn = [Drawn(png(number)) for number in range(8)]
    served = 0

    def answer(method: str, path: str) -> bytes:
        nonlocal served
        if path == "/v1/images/generations":
            served += 1
            return drawn[served % len(drawn)].answer(served)
        if method == "POST":
            job = f"job{len(began)}"
            began[job] = time.monotonic()
            return json.dumps({"id": job, "poll": f"{address}/jobs/{job}"}).encode()
        job = path.rsplit("/", 1)[-1]
        over = time.monotonic() - began[job] > done_after_s
        said = {"status": "done", "url": f"{address}/images/{job}"} if over else {"status": "working"}
        return json.dumps(said).encode()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while asked := await reader.readuntil(b"\r\n\r\n"):
                first, *lines = asked.decode().split("\r\n")
                method, path, _ = first.split(" ")
                length = next((int(line[15:]) for line in lines if line.lower().startswith("content-length:")), 0)
                await reader.readexactly(length)
                body = answer(method, path)
                writer.write(
                    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
                )
                writer.write(body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, backlog=4096, limit=1 << 20)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    print(address, flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1])))
