"""A small HTTP server on this machine: whoever asks gets what one function answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request that came.

    Attributes:
        method: GET, POST, …
        path: Path without the query.
        query: Its query.
        headers: Lower-case names.
        content: The body.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = field(default=b"", repr=False)

    def json(self) -> Any:
        """Returns the body read as JSON."""
        return json.loads(self.content)

    def form(self) -> dict[str, list[bytes]]:
        """Returns the parts of a multipart body by name, in order."""
        head = f"content-type: {self.headers['content-type']}\r\n\r\n".encode()
        parts: dict[str, list[bytes]] = {}
        for part in BytesParser(policy=HTTP).parsebytes(head + self.content).iter_parts():
            name = part.get_param("name", header="content-disposition")
            parts.setdefault(str(name), []).append(part.get_payload(decode=True))  # type: ignore[arg-type]
        return parts

    def field(self, name: str) -> str:
        """Returns one text field of a multipart body, "" if it is not there."""
        return self.form().get(name, [b""])[0].decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer.

    Attributes:
        status: HTTP status.
        headers: Its headers, without content-length.
        content: The body.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = field(default=b"", repr=False)

    @classmethod
    def of(cls, body: Any, status: int = 200, **headers: str) -> Reply:
        """Returns an answer in JSON; `retry_after="3"` is the header `retry-after`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named.setdefault("content-type", "application/json")
        return cls(status=status, headers=named, content=json.dumps(body).encode())


class Server:
    """Serves until it is closed; any number of requests at once."""

    def __init__(self, answer: Callable[[Asked], Reply]) -> None:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                with suppress(ConnectionError):
                    super().handle_one_request()

            def _answer(self) -> None:
                parts = urlsplit(self.path)
                length = int(self.headers.get("content-length") or 0)
                asked = Asked(
                    method=self.command, path=parts.path, query=dict(parse_qsl(parts.query, keep_blank_values=True)),
                    headers={name.lower(): value for name, value in self.headers.items()},
                    content=self.rfile.read(length),
                )  # fmt: skip
                reply = answer(asked)
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(reply.content)))
                self.end_headers()
                self.wfile.write(reply.content)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _answer

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Stops serving."""
        self._server.shutdown()
        self._server.server_close()
