"""A provider that misbehaves: a real HTTP server on this machine that speaks submit → poll → fetch.

It answers well unless told otherwise, by a hook of the test or by `faults` (see `faults.RandomFaults`), and remembers
what it *accepted*: jobs that a real provider would run, and bill, whatever became of its answer.
"""

from __future__ import annotations

import base64
import colorsys
import hashlib
import io
import json
import socket
import struct
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from PIL import Image


def png(colour: str | tuple[int, int, int] = "teal", size: tuple[int, int] = (32, 24)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


def bomb() -> bytes:
    """Returns a small PNG whose header claims 60,000 × 60,000 pixels: 14 GB when decoded."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(9000))) + chunk(b"IEND", b"")
    )


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer that a hook gives in the server's place.

    Attributes:
        status: HTTP status.
        headers: Its headers, without content-length.
        body: Its body.
        accepted: Of a submit: whether the job is taken, whatever the answer says.
        delay_s: Seconds before the answer.
        after: What happens before the answer, whenever that is.
        drip_s: Seconds between any two bytes of the body.
        length: The content-length it claims; None is the true one, -1 none (the end is where the connection closes).
        cut: Whether the connection is closed instead.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    accepted: bool = False
    delay_s: float = 0.0
    after: threading.Event | None = None
    drip_s: float = 0.0
    length: int | None = None
    cut: bool = False


CUT_BEFORE = Reply(cut=True)
CUT_AFTER = Reply(cut=True, accepted=True)

Answer = Reply | tuple[int, Mapping[str, str], bytes] | str | None
"""What a hook may return: a Reply, (status, headers, body), "cut" (accepted, then cut), or None to answer well."""

RETRY_AFTER_FORMS = ("seconds", "date", "ms", "body", "text")


def retry_later(seconds: float, form: str = "seconds", *, status: int = 429) -> Reply:
    """Returns "come back later" in one of the forms in which providers say it."""
    headers: dict[str, str] = {}
    body = b'{"error": "slow down"}'
    match form:
        case "seconds":
            headers["retry-after"] = f"{seconds:g}"
        case "date":
            headers["retry-after"] = format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)
        case "ms":
            headers["retry-after-ms"] = f"{seconds * 1000:g}"
        case "body":
            info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{seconds:g}s"}
            body = json.dumps({"error": {"code": status, "details": [info]}}).encode()
        case "text":
            body = json.dumps({"detail": f"Request was throttled. Your rate limit resets in ~{seconds:g}s."}).encode()
    return Reply(status=status, headers=headers, body=body)


def image_in_answer(data: bytes) -> Reply:
    """Returns the answer to a submit that has the image in it."""
    return Reply(body=json.dumps({"image": base64.b64encode(data).decode(), "seed": 7}).encode(), accepted=True)


def said_by_job(**said: object) -> Reply:
    """Returns the answer to a poll."""
    return Reply(body=json.dumps(said).encode())


@dataclass(kw_only=True)
class Job:
    """One accepted submit.

    Attributes:
        id: The server's name for it.
        task_id: The task that asked, as the submit said.
        polls: How often it was polled.
        fetches: How often its image was fetched.
        pollers: Ids of the processes that polled it.
        cost: What it costs, in dollars; reported with the result.
        memory: For `faults`: whatever it wants to know again.
    """

    id: str
    task_id: str
    polls: int = 0
    fetches: int = 0
    pollers: set[str] = field(default_factory=set)
    cost: float = 0.04
    memory: dict[str, Any] = field(default_factory=dict)

    @property
    def image(self) -> bytes:
        """The image it makes: another one for every job."""
        digest = hashlib.sha256(self.task_id.encode()).digest()
        rgb = colorsys.hsv_to_rgb(digest[0] / 255, 0.6, 0.9)
        return png(tuple(int(255 * part) for part in rgb), (16 + digest[1] % 200, 16 + digest[2] % 200))


class Faults(Protocol):
    """Decides by job what goes wrong; None answers well. Called under the server's lock."""

    def submit(self, task_id: str) -> Answer: ...
    def poll(self, job: Job) -> Answer: ...
    def fetch(self, job: Job) -> Answer: ...


class Server:
    """Counts what it is asked, and answers as the test says.

    Attributes:
        asked: Submits that arrived, accepted or not, by task id.
        submits: Bodies of the accepted submits.
        jobs: The jobs they became.
        polls: Ids, one per poll.
        cancelled: Ids of cancelled jobs.
        keys: What came in the key header, with the path.
        polls_needed: Polls until a job is done.
        status_word: What a poll says until then.
        url_of: The address of a job's image, as a poll gives it.
        idempotent: Whether a submit of a task that was taken before is answered with the job it became.
        own_images: Whether every job makes an image of its own; else all make the same.
        on_submit, on_poll, on_fetch: May answer in place of the server, by the count of such requests so far.
        faults: May, too, by job.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.submits: list[dict[str, Any]] = []
        self.jobs: dict[str, Job] = {}
        self.polls: list[str] = []
        self.cancelled: list[str] = []
        self.keys: list[tuple[str, str | None]] = []
        self.polls_needed = 1
        self.status_word = "working"
        self.idempotent = False
        self.own_images = False
        self.url_of: Callable[[Job], str] = lambda job: f"{self.url}/images/{job.id}.png"
        self.on_submit: Callable[[int], Answer] = lambda _count: None
        self.on_poll: Callable[[int], Answer] = lambda _count: None
        self.on_fetch: Callable[[int], Answer] = lambda _count: None
        self.faults: Faults | None = None
        self._fetches = 0
        self._lock = threading.RLock()
        self._http = _Http(self)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def accepted(self) -> Counter[str]:
        """Returns how often each task's submit was accepted."""
        with self._lock:
            return Counter(body.get("task_id", "") for body in self.submits)

    def unplug(self) -> None:
        """Cuts every connection and refuses new ones, as when the network is out."""
        self._http.shutdown()
        self._http.server_close()
        self._http.cut_all()

    def plug_in(self) -> None:
        """Serves again, at the same address."""
        self._http = _Http(self, self._http.server_port)
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.unplug()

    # ── What is answered, on the server's threads ───────────────────────────────────────────────────────────────────

    def answer_submit(self, body: dict[str, Any]) -> Reply:
        task_id = str(body.get("task_id", ""))
        with self._lock:
            self.asked.append(task_id)
            before = [job for job in self.jobs.values() if job.task_id == task_id]
            said = self.on_submit(len(self.submits))
            if said is None and self.faults:
                said = self.faults.submit(task_id)
            reply = _reply(said)
            job = before[0] if before and self.idempotent else None
            if job is None and (reply is None or reply.accepted):
                job = Job(id=f"job{len(self.submits)}", task_id=task_id)
                job.cost = 0.04 if not self.own_images else 0.03 + len(self.submits) % 20 / 1000
                self.submits.append(body)
                self.jobs[job.id] = job
        if reply is not None and not (reply.status == 202 and not reply.body and not reply.cut):
            return reply
        assert job
        taken = json.dumps({"id": job.id, "poll": f"{self.url}/jobs/{job.id}"}).encode()
        return Reply(status=202, body=taken, delay_s=reply.delay_s if reply else 0.0)

    def answer_poll(self, job_id: str, poller: str) -> Reply:
        with self._lock:
            job = self.jobs.get(job_id)
            if job is None:
                return Reply(status=404, body=b'{"error": "no such job"}')
            said = self.on_poll(len(self.polls))
            self.polls.append(job_id)
            job.polls += 1
            job.pollers.add(poller)
            if said is None and self.faults:
                said = self.faults.poll(job)
            if (reply := _reply(said)) is not None:
                return reply
            if job.polls < self.polls_needed:
                return _json({"status": self.status_word, "progress": 0.5})
            return _json({"status": "done", "url": self.url_of(job), "seed": 99, "cost": job.cost})

    def answer_fetch(self, job_id: str) -> Reply:
        with self._lock:
            job = self.jobs.get(job_id)
            count, self._fetches = self._fetches, self._fetches + 1
            said = self.on_fetch(count)
            if job:
                job.fetches += 1
                if said is None and self.faults:
                    said = self.faults.fetch(job)
        if (reply := _reply(said)) is not None:
            return reply
        body = job.image if job and self.own_images else png()
        return Reply(headers={"content-type": "image/png"}, body=body)


def _json(value: object) -> Reply:
    return Reply(headers={"content-type": "application/json"}, body=json.dumps(value).encode())


def _reply(said: Answer) -> Reply | None:
    if said is None or isinstance(said, Reply):
        return said
    if isinstance(said, str):
        return CUT_AFTER
    status, headers, body = said
    return Reply(status=status, headers=headers, body=body)


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def __init__(self, owner: Server, port: int = 0) -> None:
        self.owner = owner
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def cut_all(self) -> None:
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away, or was killed, is what this server is for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http

    def do_POST(self) -> None:
        owner = self.server.owner
        length = int(self.headers.get("content-length", 0))
        sent = self.rfile.read(length)
        if len(sent) < length:  # whoever sent this died before its end: nobody takes half a request
            self.close_connection = True
            return None
        body = json.loads(sent or b"{}")
        owner.keys.append((self.path, self.headers.get("x-key")))
        if self.path.endswith("/cancel"):
            owner.cancelled.append(self.path.split("/")[-2])
            return self._send(_json({}))
        return self._send(owner.answer_submit(body))

    def do_GET(self) -> None:
        owner = self.server.owner
        owner.keys.append((self.path, self.headers.get("x-key")))
        name = self.path.rsplit("/", 1)[-1].split("?")[0]
        if self.path.startswith("/images/"):
            return self._send(owner.answer_fetch(name.removesuffix(".png")))
        return self._send(owner.answer_poll(name, self.headers.get("x-process") or ""))

    def _send(self, reply: Reply) -> None:
        if reply.after:
            reply.after.wait(30)
        if reply.delay_s:
            time.sleep(reply.delay_s)
        if reply.cut:
            self.close_connection = True
            self.connection.shutdown(2)
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.length != -1:
            self.send_header("content-length", str(len(reply.body) if reply.length is None else reply.length))
        if reply.length is not None or reply.drip_s:
            self.send_header("connection", "close")
            self.close_connection = True
        self.end_headers()
        if not reply.drip_s:
            self.wfile.write(reply.body)
            return
        for byte in reply.body:
            self.wfile.write(bytes([byte]))
            time.sleep(reply.drip_s)

    def log_message(self, *_: object) -> None:
        pass
