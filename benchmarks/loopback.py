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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from photogram.domain.card import ModelCard
from photogram.domain.params import ParamKind, ParamSpec
from photogram.domain.request import GenerationRequest
from photogram.domain.task import RemoteHandle
from photogram.errors import ProviderError, RemoteFailed
from photogram.providers.base import RemoteAdapter
from photogram.providers.encoded import read_base64
from photogram.providers.wire import Access, Ready, Submitted, WireAnswer, WireRequest, Working


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


class Adapter(RemoteAdapter):
    """What the engine needs for either protocol; keyless."""

    def __init__(self, base_url: str, name: str = "jobs", concurrency: int = 1000) -> None:
        self.name, self.base_url, self._concurrency = name, base_url, concurrency

    def cards(self) -> Sequence[ModelCard]:
        seed = ParamSpec(name="seed", kind=ParamKind.INT, min=0, max=2**31)
        return [
            ModelCard(
                provider=self.name, model="img", title="Benchmark", price_micros=1, params=(seed,),
                concurrency=self._concurrency,
            )
        ]  # fmt: skip

    def build_submit(self, request: GenerationRequest, access: Access) -> WireRequest:
        path = "/v1/images/generations" if self.name == "sync" else "/jobs"
        body = {"prompt": request.prompt, "model": "img", "seed": request.seed}
        return WireRequest(method="POST", url=access.base_url + path, json_body=body)

    def read_submit(self, answer: WireAnswer, request: GenerationRequest) -> Submitted | Ready:
        said = answer.json()
        if self.name == "sync":
            return Ready(data=read_base64(said["data"][0]["b64_json"]))
        return Submitted(handle=RemoteHandle(remote_id=said["id"], poll_url=said["poll"]))

    def build_poll(self, handle: RemoteHandle, access: Access) -> WireRequest:
        return WireRequest(method="GET", url=handle.poll_url or "")

    def read_poll(self, answer: WireAnswer, handle: RemoteHandle) -> Working | Ready:
        said = answer.json()
        return Ready(url=said["url"]) if "url" in said else Working()

    def read_error(self, answer: WireAnswer) -> ProviderError:
        return RemoteFailed(answer.excerpt(), http_status=answer.status)


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
        return json.dumps({"status": "working"} | ({"url": f"{address}/images/{job}"} if over else {})).encode()

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
