"""A fake of a provider's service, as the author of its adapter understands the protocol."""

from __future__ import annotations

import hashlib
import io
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ..providers.base import RemoteAdapter
from .server import Asked, Reply, Server

AT_ONCE = {
    "poll": "the image is in the answer to the submit",
    "download": "its bytes are there, too",
    "cancel": "there is no job to name",
}
"""`no_such` of a service that answers one request with the image."""


@dataclass(slots=True, kw_only=True)
class Job:
    """One submit that was taken.

    Attributes:
        id: Its name.
        number: Which one, from 0.
        asked: The submit.
        polls: How often it was asked about.
        cancelled: Whether it was told to stop.
        image: What it makes.
    """

    id: str
    number: int
    asked: Asked
    polls: int = 0
    cancelled: bool = False
    image: bytes = field(default=b"", repr=False)


class FakeProvider:
    """Serves one provider's protocol on this machine.

    A subclass says which requests there are (`routes`), answers each kind by a method of that name, and states the
    forms in which the service says no. The base counts, remembers, checks the key, and lets tests put any answer in
    place of the right one.
    """

    adapter: type[RemoteAdapter]
    """The adapter it is asked by."""

    model: str
    """A model to try, without the provider's name."""

    base_path: ClassVar[str] = ""
    """The path of the provider's built-in base URL."""

    routes: ClassVar[Mapping[str, tuple[str, str]]] = {}
    """By kind (submit, poll, fetch, download, cancel, upload, watch, key_check): the method and a regular expression
    of the path below `base_path`, whose group `job` holds the job's id, if it is not in the query as `id`."""

    keyless: ClassVar[frozenset[str]] = frozenset({"download"})
    """Kinds of requests that must come without the key."""

    refusals: ClassVar[Mapping[str, tuple[str, Reply]]] = {}
    """Every form in which it declines: the kind of request that is answered so, and the answer; `{reason}` in the body
    is put in place."""

    rate_limits: ClassVar[Mapping[str, Reply]] = {}
    """Every form in which it says to come back later."""

    unauthorized: ClassVar[Reply] = Reply.of({"error": {"message": "Invalid key", "code": "invalid_api_key"}}, 401)
    """What it says of a wrong key."""

    out_of_credit: ClassVar[Reply | None] = None
    """What it says to an account without credit; None where there is no such thing."""

    job_failed: ClassVar[tuple[str, Reply] | None] = None
    """How a job fails that was taken: the kind of request that is answered so, and the answer."""

    unknown_status: ClassVar[Reply | None] = None
    """What it says of a job whose status is the word `pondering`, which its protocol does not have."""

    not_cancelled: ClassVar[Mapping[str, Reply]] = {}
    """Every form in which it says that a job will not be stopped any more."""

    no_such: ClassVar[Mapping[str, str]] = {}
    """What the service does not have of all that the kit tries, and why: a kind of request (`cancel`), or a form above
    (`out_of_credit`). What is neither stated nor named here was forgotten, and fails the kit."""

    cost_micros: ClassVar[int | None] = None
    """What one image costs by what the service says; None where it says nothing."""

    bills_refusals: ClassVar[bool] = False
    """Whether a refused image is billed by what the service says."""

    sized: ClassVar[bool] = True
    """Whether the model makes 1024x1024."""

    polls_needed: int = 1
    """How often a job is asked about until it is done."""

    key = "test-key-0123456789abcdef"

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}
        self.asked: dict[str, list[Asked]] = {}
        self.uploaded: dict[str, bytes] = {}
        self.says: dict[str, list[Reply | None]] = {}
        """Answers to give in place of the right ones, by kind, in turn; None is the right one."""
        self.always: dict[str, Reply] = {}
        """An answer to give every time, by kind."""
        self.hold = threading.Event()
        """While it is not set, submits are not answered."""
        self.hold.set()
        self._lock = threading.Lock()
        self._server = Server(self._answer)
        self.origin = self._server.url
        self.url = self.origin + self.base_path

    @classmethod
    def missing(cls) -> set[str]:
        """Returns what of all that the kit tries is not stated."""
        kinds = {"poll", "download", "cancel", *(("key_check",) if cls.adapter.key_variables else ())}
        forms = {"refusals", "rate_limits", *(("out_of_credit",) if cls.adapter.key_variables else ())}
        forms |= {"job_failed", "unknown_status"} if "poll" in cls.routes else set()
        forms |= {"not_cancelled"} if {"poll", "cancel"} <= cls.routes.keys() else set()
        return (kinds - cls.routes.keys()) | {form for form in forms if not getattr(cls, form)}

    def close(self) -> None:
        """Stops serving."""
        self.hold.set()
        self._server.close()

    # ── What a subclass reads from a submit ─────────────────────────────────────────────────────────────────────────

    def read_prompt(self, asked: Asked) -> str:
        """Returns the prompt of a submit."""
        return str(asked.json()["prompt"])

    def read_seed(self, asked: Asked) -> int | None:
        """Returns the seed of a submit, or None."""
        return asked.json().get("seed")  # type: ignore[no-any-return]

    def read_references(self, asked: Asked) -> Sequence[bytes]:
        """Returns the input images of a submit."""
        return ()

    def read_mask(self, asked: Asked) -> bytes | None:
        """Returns the mask of a submit, or None."""
        return None

    # ── What tests ask ──────────────────────────────────────────────────────────────────────────────────────────────

    def count(self, kind: str) -> int:
        """Returns how many requests of a kind came."""
        return len(self.asked.get(kind, ()))

    @property
    def submits(self) -> list[Asked]:
        """The submits that came, whether they were taken or not."""
        return self.asked.get("submit", [])

    def _answer(self, asked: Asked) -> Reply:
        kind, found = self._route(asked)
        if kind is None:
            return Reply.of({"error": f"no such path: {asked.method} {asked.path}"}, 404)
        with self._lock:
            self.asked.setdefault(kind, []).append(asked)
            turn = self.says.get(kind)
            said = (turn.pop(0) if turn else None) or self.always.get(kind)
        if said is not None:
            return said
        if (kind in self.keyless) == self.is_let_in(asked) and self.adapter.key_variables:
            return self.unauthorized if kind not in self.keyless else Reply.of({"error": "the key came here"}, 400)
        if kind == "submit":
            self.hold.wait(30)
            return self.submit(asked, self._take(asked))
        job = self.jobs.get(found.get("job") or asked.query.get("id", ""))
        if job and kind == "poll":
            job.polls += 1
        if job and kind == "cancel":
            job.cancelled = True
        answer = getattr(self, kind)(asked, job)
        assert isinstance(answer, Reply)
        return answer

    def is_let_in(self, asked: Asked) -> bool:
        """Tells whether a request carries the key, as the adapter should send it."""
        header, prefix = self.adapter.auth
        return asked.headers.get(header.lower()) == prefix + self.key

    def done(self, job: Job) -> bool:
        """Tells whether a job was asked about often enough."""
        return job.polls >= self.polls_needed

    def _route(self, asked: Asked) -> tuple[str | None, dict[str, Any]]:
        for kind, (method, pattern) in self.routes.items():
            match = re.fullmatch(re.escape(self.base_path) + pattern, asked.path)
            if method == asked.method and match:
                return kind, match.groupdict()
        for kind, (method, pattern) in self.routes.items():  # other hosts of the provider have other base paths
            if method == asked.method and (match := re.fullmatch(pattern, asked.path)):
                return kind, match.groupdict()
        return None, {}

    def _take(self, asked: Asked) -> Job:
        with self._lock:
            number = len(self.jobs)
            job = Job(id=f"job{number:04d}", number=number, asked=asked, image=draw(number))
            self.jobs[job.id] = job
        return job

    def submit(self, asked: Asked, job: Job) -> Reply:
        """Answers a submit."""
        raise NotImplementedError

    def key_check(self, asked: Asked, job: Job | None) -> Reply:
        """Answers a question that costs nothing, with the right key."""
        return Reply.of({})

    def download(self, asked: Asked, job: Job | None) -> Reply:
        """Answers with the image."""
        if job is None:
            return Reply.of({"error": "no such image"}, 404)
        return Reply(headers={"content-type": "image/png"}, content=job.image)


def draw_mask(width: int = 64, height: int = 48) -> bytes:
    """Returns a mask whose left half is white and transparent: what changes, whichever of the two a model goes by."""
    from PIL import Image

    mask = Image.new("RGBA", (width, height), (0, 0, 0, 255))
    mask.paste((255, 255, 255, 0), (0, 0, width // 2, height))
    buffer = io.BytesIO()
    mask.save(buffer, "PNG")
    return buffer.getvalue()


def draw(number: int, width: int = 64, height: int = 48) -> bytes:
    """Returns a PNG that is like no other."""
    from PIL import Image

    colour = hashlib.sha256(str(number).encode()).digest()
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), (colour[0], colour[1], colour[2])).save(buffer, "PNG")
    return buffer.getvalue()
