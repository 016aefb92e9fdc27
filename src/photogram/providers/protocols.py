"""The shapes that providers' protocols have, each written once; a provider's own file holds only what differs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import quote

from ..domain.request import GenerationRequest
from ..domain.task import RemoteHandle
from ..errors import BadRequest, BadResponse, ProviderError
from .base import RemoteAdapter
from .encoded import read_base64
from .said import read_said
from .wire import Access, Done, Ready, Submitted, WireAnswer, WireRequest, Working


class SyncAdapter(RemoteAdapter):
    """One JSON request, and the image (or its address) in the answer: `{"data": [{"b64_json" or "url"}]}`, or so."""

    def read_submit(self, answer: WireAnswer, request: GenerationRequest) -> Ready:
        """Reads the first image of the answer; what it cost comes from `read_cost`."""
        body = read_object(answer)
        if body.get("error"):  # a stream that began well may end so
            said = read_said(answer)
            raise self.read_failure(said.message, *said.codes, detail=said.detail)
        cost_micros, source = self.read_cost(body, request)
        for image in body.get("data") or (body,):  # a stream's last event is the image itself
            if not isinstance(image, Mapping):
                continue
            if data := image.get("b64_json") or image.get("base64"):
                return Ready(data=read_base64(data), cost_micros=cost_micros, cost_source=source)
            if url := image.get("url"):
                return self.read_url(url, cost_micros, source)
        raise BadResponse("The answer has no image.", detail=answer.excerpt())

    @staticmethod
    def read_url(url: Any, cost_micros: int | None = None, source: str = "reported") -> Ready:
        """Returns the image at an address, which may be a data URI."""
        if not isinstance(url, str):
            raise BadResponse("The image's address is no text.", detail=repr(url)[:200])
        if url.startswith("data:"):
            return Ready(data=read_base64(url), cost_micros=cost_micros, cost_source=source)
        return Ready(url=url, cost_micros=cost_micros, cost_source=source)

    def read_cost(self, body: Mapping[str, Any], request: GenerationRequest) -> tuple[int | None, str]:
        """Returns what the answer says of the cost: (micro-dollars or None, "reported" or "computed")."""
        return None, "reported"


class QueueAdapter(RemoteAdapter):
    """A submit that answers with a job; polls until its status word says that it is over.

    The words are data; a word that is in none of the sets is an error, never waited on for ever.
    """

    status_field: ClassVar[str] = "status"
    working: ClassVar[frozenset[str]] = frozenset()
    """Status words of a job that waits or runs."""
    succeeded: ClassVar[frozenset[str]] = frozenset()
    """Status words of a job that is done."""
    failed: ClassVar[frozenset[str]] = frozenset()
    """Status words of a job that ended without an image."""

    def build_poll(self, handle: RemoteHandle, access: Access) -> WireRequest:
        """Asks the address that the submit's answer named."""
        if not handle.poll_url:
            raise BadResponse("The provider named no address to ask.")
        return WireRequest(method="GET", url=handle.poll_url, headers=self.headers(access))

    def read_submit(self, answer: WireAnswer, request: GenerationRequest) -> Submitted | Ready:
        """Reads the job, or at once its result where it was that quick."""
        body = read_object(answer)
        word = self.status_of(body)
        if word in self.failed:
            raise self.read_job_failure(body)
        if word in self.succeeded:
            return self.read_result(body, self.read_handle(body))
        return Submitted(handle=self.read_handle(body))

    def read_poll(self, answer: WireAnswer, handle: RemoteHandle) -> Working | Ready | Done:
        """Reads how the job is."""
        body = read_object(answer)
        word = self.status_of(body)
        if word in self.working:
            return self.read_progress(body)
        if word in self.succeeded:
            return self.read_result(body, handle)
        if word in self.failed:
            raise self.read_job_failure(body)
        raise BadResponse(f"The job has the unknown status {word!r}.", detail=answer.excerpt())

    def status_of(self, body: Mapping[str, Any]) -> str:
        """Returns the status word of an answer; what is no word is returned as it would be written."""
        word = body.get(self.status_field)
        return word if isinstance(word, str) else repr(word)

    def read_handle(self, body: Mapping[str, Any]) -> RemoteHandle:
        """Reads the job's id and addresses from the submit's answer."""
        raise NotImplementedError(f"{type(self).__name__} has no read_handle")

    def read_progress(self, body: Mapping[str, Any]) -> Working:
        """Reads how far a job is."""
        return Working()

    def read_result(self, body: Mapping[str, Any], handle: RemoteHandle) -> Ready:
        """Reads the image of a job that is done; a provider that has it elsewhere returns `Done` from `read_poll`."""
        raise NotImplementedError(f"{type(self).__name__} has no read_result")

    def read_job_failure(self, body: Mapping[str, Any]) -> ProviderError:
        """Reads why a job ended without an image."""
        return self.read_failure(str(body.get("error") or ""), str(self.status_of(body)), detail=str(body)[:2000])


def read_object(answer: WireAnswer) -> Mapping[str, Any]:
    """Returns an answer's JSON object.

    Raises:
        BadResponse: It is none.
    """
    body = answer.json()
    if not isinstance(body, Mapping):
        raise BadResponse("The provider's answer is not a JSON object.", detail=answer.excerpt())
    return body


def read_text(body: Mapping[str, Any], *path: str) -> str:
    """Returns a text that must be there.

    Args:
        body: The object.
        path: The names that lead to it.

    Raises:
        BadResponse: It is not there.
    """
    found: Any = body
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    if not isinstance(found, str) or not found:
        raise BadResponse(f"The provider's answer has no {'.'.join(path)}.", detail=str(body)[:2000])
    return found


def read_number(value: Any) -> float | None:
    """Returns a number that is finite and not negative, also one written as text (a header); None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and number >= 0 else None


def read_seed(value: Any) -> int | None:
    """Returns a seed that fits a database's whole number, also one written as text; None for anything else."""
    if isinstance(value, str) and len(value) < 20 and value.isascii() and value.isdigit():
        value = int(value)
    whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63
    return value if whole else None


def write_path(model: str) -> str:
    """Returns a model's id as part of an address: quoted, and never one that climbs to another of its provider's.

    Raises:
        BadRequest: It has an empty part, or one of dots alone.
    """
    if any(part.strip(".") == "" for part in model.split("/")):
        raise BadRequest(f"{model!r} is no model's id.", next_step="Write it as the provider does: owner/name.")
    return quote(model, safe="/")
