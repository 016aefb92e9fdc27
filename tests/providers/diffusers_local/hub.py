"""A loopback server that speaks as much of the model hub's protocol as a download needs."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub(ThreadingHTTPServer):
    """Serves folders as models.

    Attributes:
        models: Folder of each model's id; None for one whose terms must be accepted.
        asked: Method and path of every request, in order.
        down: Whether it drops every connection from now on; a GET of `/down` sets it.
    """

    daemon_threads = True

    def __init__(self, models: dict[str, Path | None]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.models = models
        self.asked: list[str] = []
        self.down = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_arguments: object) -> None: ...

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.server.asked.append(f"{self.command} {path}")
        if self.server.down:
            self.close_connection = True
            return None
        if path == "/down":
            self.server.down = True
            return self._answer(200)
        model, rest = self._split(path)
        if model not in self.server.models:
            return self._answer(404, code="RepoNotFound")
        folder = self.server.models[model]
        if path.startswith("/api/"):
            return self._api(model, folder, rest)
        if folder is None:
            return self._answer(403, code="GatedRepo")
        file = folder / rest.partition("/")[2].partition("/")[2]  # resolve/{revision}/{file}
        if not file.is_file():
            return self._answer(404, code="EntryNotFound")
        return self._answer(200, file.read_bytes(), "application/octet-stream")

    @staticmethod
    def _split(path: str) -> tuple[str, str]:
        parts = path.removeprefix("/api/models").strip("/").split("/")
        return "/".join(parts[:2]), "/".join(parts[2:])

    def _api(self, model: str, folder: Path | None, rest: str) -> None:
        files = sorted(path for path in (folder.rglob("*") if folder else ()) if path.is_file())
        names = {path.relative_to(folder).as_posix(): path for path in files} if folder else {}
        if rest.startswith("tree/"):
            tree = [
                {"type": "file", "path": name, "size": path.stat().st_size, "oid": self._etag(path.read_bytes())}
                for name, path in names.items()
            ]
            return self._answer(200, json.dumps(tree).encode())
        about = {
            "_id": "1", "id": model, "modelId": model, "sha": COMMIT, "private": False, "gated": folder is None,
            "disabled": False, "tags": [], "downloads": 0, "likes": 0,
            "siblings": [{"rfilename": name} for name in names],
        }  # fmt: skip
        return self._answer(200, json.dumps(about).encode())

    @staticmethod
    def _etag(data: bytes) -> str:
        return hashlib.sha1(data).hexdigest()

    def _answer(self, status: int, data: bytes = b"", mime: str = "application/json", code: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", mime)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{self._etag(data)}"')
        if code:
            self.send_header("X-Error-Code", code)
            self.send_header("X-Error-Message", f"Refused: {code}")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


@contextmanager
def serve(models: dict[str, Path | None]) -> Iterator[Hub]:
    """Serves models until the block is left."""
    hub = Hub(models)
    thread = threading.Thread(target=hub.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.shutdown()
        hub.server_close()
        thread.join()
