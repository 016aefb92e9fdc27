"""A real HTTP server on this machine that speaks submit → poll → fetch, and the adapter for it."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from PIL import Image

from photogram.domain.card import ModelCard
from photogram.domain.params import ParamKind, ParamSpec
from photogram.domain.request import GenerationRequest
from photogram.domain.task import RemoteHandle
from photogram.errors import (
    AuthFailed,
    BadRequest,
    BadResponse,
    ProviderError,
    RateLimited,
    Refused,
    RemoteFailed,
)
from photogram.providers.wire import Access, Ready, Submitted, WireAnswer, WireRequest, Working


def png(colour: str = "teal", size: tuple[int, int] = (32, 24)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


class Server:
    """Counts what it is asked, and answers as the test says.

    Attributes:
        submits: Bodies of the accepted submits.
        polls: Ids, one per poll.
        cancelled: Ids of cancelled jobs.
        keys: What came in the key header, with the path.
        polls_needed: Polls until a job is done.
        on_submit, on_poll, on_fetch: May answer in place of the server: return (status, headers, body) or "cut".
    """

    def __init__(self) -> None:
        self.submits: list[dict[str, Any]] = []
        self.polls: list[str] = []
        self.cancelled: list[str] = []
        self.keys: list[tuple[str, str | None]] = []
        self.polls_needed = 1
        self.status_word = "working"
        self.on_submit: Callable[[int], Any] = lambda _count: None
        self.on_poll: Callable[[int], Any] = lambda _count: None
        self.on_fetch: Callable[[int], Any] = lambda _count: None
        self._fetches = 0
        self._lock = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}")
                server._note(self)
                if self.path.endswith("/cancel"):
                    server.cancelled.append(self.path.split("/")[-2])
                    return self._answer(200, {}, b"{}")
                with server._lock:
                    count = len(server.submits)
                    answer = server.on_submit(count)
                    if answer is None or answer == "cut":
                        server.submits.append(body)
                if answer is not None:
                    return self._special(answer)
                job = f"job{count}"
                return self._answer(202, {}, json.dumps({"id": job, "poll": f"{server.url}/jobs/{job}"}).encode())

            def do_GET(self) -> None:
                server._note(self)
                if self.path.startswith("/images/"):
                    with server._lock:
                        count, server._fetches = server._fetches, server._fetches + 1
                    answer = server.on_fetch(count)
                    return self._special(answer) if answer else self._answer(200, {"content-type": "image/png"}, png())
                job = self.path.rsplit("/", 1)[-1]
                with server._lock:
                    count = len(server.polls)
                    server.polls.append(job)
                answer = server.on_poll(count)
                if answer is not None:
                    return self._special(answer)
                if server.polls.count(job) < server.polls_needed:
                    said = {"status": server.status_word, "progress": 0.5}
                else:
                    said = {"status": "done", "url": f"{server.url}/images/{job}.png", "seed": 99, "cost": 0.04}
                return self._answer(200, {}, json.dumps(said).encode())

            def _special(self, answer: Any) -> None:
                if answer == "cut":
                    self.close_connection = True
                    self.connection.shutdown(2)
                    return
                self._answer(*answer)

            def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def _note(self, handler: BaseHTTPRequestHandler) -> None:
        self.keys.append((handler.path, handler.headers.get("x-key")))

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


class LoopbackAdapter:
    """The adapter of `Server`'s protocol: a key, a poll URL in the answer, a cancel endpoint, no idempotency."""

    name = "loopback"
    key_variable = "LOOPBACK_KEY"
    idempotent = False

    def __init__(self, base_url: str, *, deadline_s: float = 900.0, price_micros: int = 40_000) -> None:
        self.base_url = base_url
        self._deadline_s, self._price_micros = deadline_s, price_micros

    def cards(self) -> Sequence[ModelCard]:
        return [
            ModelCard(
                provider=self.name, model="img", title="Loopback", price_micros=self._price_micros,
                deadline_s=self._deadline_s, concurrency=8,
                params=(ParamSpec(name="seed", kind=ParamKind.INT, min=0, max=2**31),),
            )
        ]  # fmt: skip

    def build_submit(self, request: GenerationRequest, access: Access) -> WireRequest:
        assert access.key
        body = {"prompt": request.prompt, "seed": request.seed}
        return WireRequest(method="POST", url=f"{access.base_url}/jobs", headers={"x-key": access.key}, json_body=body)

    def read_submit(self, answer: WireAnswer) -> Submitted | Ready:
        said = answer.json()
        return Submitted(handle=RemoteHandle(remote_id=said["id"], poll_url=said["poll"]))

    def build_poll(self, handle: RemoteHandle, access: Access) -> WireRequest:
        assert handle.poll_url
        assert access.key
        return WireRequest(method="GET", url=handle.poll_url, headers={"x-key": access.key})

    def read_poll(self, answer: WireAnswer) -> Working | Ready:
        said = answer.json()
        match said.get("status"):
            case "working":
                return Working(progress=said.get("progress"))
            case "done":
                return Ready(url=said["url"], seed=said["seed"], cost_micros=round(said["cost"] * 1e6))
            case "refused":
                raise Refused("The prompt was refused.")
            case "failed":
                raise RemoteFailed("The job failed.")
            case word:
                raise BadResponse(f"Unknown status {word!r}.", detail=answer.excerpt())

    def build_fetch(self, ready: Ready, access: Access) -> WireRequest:
        assert ready.url
        return WireRequest(method="GET", url=ready.url)

    def build_cancel(self, handle: RemoteHandle, access: Access) -> WireRequest | None:
        assert access.key
        return WireRequest(method="POST", url=f"{handle.poll_url}/cancel", headers={"x-key": access.key})

    def read_error(self, answer: WireAnswer) -> ProviderError:
        if answer.status in (401, 403):
            return AuthFailed("The key was not accepted.", detail=answer.excerpt())
        if answer.status == 429 or (answer.status == 503 and "retry-after" in answer.headers):
            after = answer.headers.get("retry-after")
            return RateLimited(retry_after_s=float(after) if after else None)
        if answer.status >= 500:
            return RemoteFailed(f"HTTP {answer.status}", http_status=answer.status, detail=answer.excerpt())
        return BadRequest(f"HTTP {answer.status}", detail=answer.excerpt())
