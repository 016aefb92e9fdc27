"""The mock server as a process on this machine, and what tests tell and ask it."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from photogram.testing import FakeProvider
from photogram.testing.fake import draw

from .install import find_node, is_installed

HERE = Path(__file__).parent
KEY = FakeProvider.key
NEXT_STEP = "Run `python tests/aimock/install.py` with the Python of these tests, or all tests by `tests/run.py`."
PICTURES = {f"{number}.png": draw(number) for number in range(4)}


class Aimock:
    """The mock server; stop it with `close`.

    Args:
        polls: How often a job of fal's queue is asked about until it runs, and until it is done.
    """

    def __init__(self, polls: tuple[int, int] = (2, 3)) -> None:
        node = find_node()
        if node is None or not is_installed():
            missing = "The mock server is not installed" if node else "There is no Node for the mock server"
            pytest.fail(f"{missing}. {NEXT_STEP}", pytrace=False)
        self._process = subprocess.Popen(
            [node, HERE / "serve.mjs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        pictures = {name: base64.b64encode(data).decode() for name, data in PICTURES.items()}
        assert self._process.stdin
        assert self._process.stdout
        with suppress(BrokenPipeError):  # it is gone already, and says why
            self._process.stdin.write(json.dumps({"keys": [KEY], "polls": polls, "pictures": pictures}) + "\n")
            self._process.stdin.flush()
        self.url = self._process.stdout.readline().strip()
        if not self.url:
            pytest.fail("The mock server did not start; its messages are above.", pytrace=False)
        self._http = httpx2.Client(base_url=f"{self.url}/__aimock", headers={"Authorization": f"Bearer {KEY}"})

    def close(self) -> None:
        """Stops it."""
        self._http.close()
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise
        finally:
            self._process.stdout.close()

    def reset(self) -> None:
        """Forgets everything it was told and asked."""
        self._tell("POST", "/reset")

    # ── What it is told ─────────────────────────────────────────────────────────────────────────────────────────────

    def answer(self, endpoint: str, *responses: Mapping[str, Any], **match: Any) -> None:
        """Says what it answers: the one response always, or several in turn.

        Args:
            endpoint: What is asked for: image, fal or chat.
            responses: In its own words (`images`, `json`, `content`, `error` with `status`).
            match: What else a request must have: `userMessage` (its prompt), `model`.
        """
        turns: list[dict[str, int]] = [{"sequenceIndex": at} for at in range(len(responses))]
        fixtures = [
            {"match": {"endpoint": endpoint, **match, **(turn if len(responses) > 1 else {})}, "response": response}
            for turn, response in zip(turns, responses, strict=True)
        ]
        self._tell("POST", "/fixtures", {"fixtures": fixtures})

    def disturb(self, **rates: float) -> None:
        """Makes it fail at these rates (0–1): drop, malformed, rateLimit, disconnect; at none without arguments."""
        self._tell("POST", "/chaos", {f"{name}Rate": rate for name, rate in rates.items()})

    # ── What it was asked ───────────────────────────────────────────────────────────────────────────────────────────

    def asked(self, path: str = "", method: str = "") -> list[dict[str, Any]]:
        """Returns the requests it let in, oldest first, whose path has this in it."""
        wanted = {"path": path, "method": method}
        return list(self._tell("GET", "/journal", params={name: value for name, value in wanted.items() if value}))

    def _tell(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        said = self._http.request(method, path, json=body, **options)
        assert said.status_code == 200, said.text
        return said.json()


def in_answer(number: int) -> dict[str, Any]:
    """Returns the response with one picture in it."""
    return {"images": [{"b64Json": base64.b64encode(draw(number)).decode()}]}


def at_address(aimock: Aimock, number: int) -> dict[str, Any]:
    """Returns the response with the address of one picture."""
    return {"images": [{"url": f"{aimock.url}/pictures/{number}.png"}]}


def failure(status: int, code: str, message: str = "as you wish", kind: str = "server_error") -> dict[str, Any]:
    """Returns the response that says no."""
    return {"status": status, "error": {"message": message, "type": kind, "code": code}}
