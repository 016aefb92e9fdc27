"""What others wrote reaches a terminal as text: no escape sequence of a provider, a file or a prompt gets through."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photogram.cli.output import legible

from .conftest import Shell

ESCAPES = "\x1b]0;title\x07\x1b[2J\x9b31m\u202e"


def is_calm(*texts: str) -> bool:
    return not any(char in text for text in texts for char in "\x1b\x07\x9b\u202e")


class _Rude(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps({"error": {"message": f"no{ESCAPES} such key"}}).encode()
        self.send_response(401)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def rude() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Rude)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


@given(st.text())
def test_no_line_controls_the_terminal(text: str) -> None:
    shown = legible(text)
    assert not any(
        (ord(char) < 32 and char != "\n") or 127 <= ord(char) < 160 or char in "\u202e\u2066" for char in shown
    )
    assert shown.count("\n") == text.count("\n")


def test_words_of_a_provider_about_a_key(process: Shell, environment: dict[str, str], rude: str) -> None:
    environment |= {"OPENAI_API_KEY": "sk-test", "PHOTOGRAM_OPENAI_BASE_URL": rude}
    done = process("keys", "test", "openai")
    assert "no" in done.stdout
    assert "such key" in done.stdout
    assert is_calm(done.stdout, done.stderr)


def test_problems_of_a_workspaces_models_file(shell: Shell, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    name = json.dumps(ESCAPES)[1:-1]
    (workspace / "models.toml").write_text(f'[providers."x{name}"]\nprotocol = "openai"\n')
    done = shell("keys", "list")
    assert "needs a protocol and a base_url" in done.stderr or "is no name" in done.stderr
    assert is_calm(done.stdout, done.stderr)


def test_columns_and_errors_of_a_query(shell: Shell) -> None:
    named = shell("sql", f"""select 1 as "a{ESCAPES}b" """)
    assert named.stdout.split() == ["a]0;title[2J31mb", "1"]
    wrong = shell("sql", f"select 1 frm{ESCAPES}")
    assert wrong.returncode == 2
    assert is_calm(wrong.stderr)
