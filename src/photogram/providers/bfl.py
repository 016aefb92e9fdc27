"""Black Forest Labs: the FLUX models from those who make them.

Source: docs.bfl.ai (errors, pricing, credits), black-forest-labs/skills@d0793c84 and, for FLUX 3 Image, two public
clients of it (read 2026-11-23). A submit says what it costs, in credits. The address to poll is on a regional host, the
image on a delivery host that must not see the key and forgets it after ten minutes. A poll of a failed job may come
with HTTP 422 or 503 and the job's status in its body. There is no cancel. Whether a moderated job is billed is not
verified: it is booked only if the answer names a cost.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ..domain.price import read_micros
from ..domain.request import GenerationRequest
from ..domain.task import RemoteHandle
from ..errors import BadResponse, Expired, OutOfCredit, ProviderError, Refused
from .encoded import write_base64
from .fields import build_fields, read_words
from .protocols import QueueAdapter, read_number, read_object, read_seed, read_text
from .wire import Access, Ready, WireAnswer, WireRequest, Working

CREDIT_MICROS = 10_000
"""Micro-dollars of one credit."""

UNKNOWN_TASK = "Task not found"


class BFL(QueueAdapter):
    """`POST /v1/<model>`, then the `polling_url` until `Ready`."""

    name = "bfl"
    base_url = "https://api.bfl.ai/v1"
    key_variables = ("BFL_API_KEY",)
    key_check = "credits"
    own_hosts = ("bfl.ai",)
    auth = ("x-key", "")
    working = frozenset({"Pending", "Reasoning", "Generating"})
    succeeded = frozenset({"Ready"})
    failed = frozenset({"Error", "Failed", "Request Moderated", "Content Moderated", UNKNOWN_TASK})
    codes: ClassVar[Mapping[str, type[ProviderError]]] = {
        "Request Moderated": Refused, "Content Moderated": Refused, "content_policy_violation": Refused,
    }  # fmt: skip
    phrases: ClassVar[Mapping[str, type[ProviderError]]] = {"insufficient credits": OutOfCredit}

    def build_submit(self, request: GenerationRequest, access: Access) -> WireRequest:
        """Asks for one image; input images travel as base64."""
        body = build_fields(request, self.card(request.model).wire, write=write_base64)
        return self.build_post(f"{access.base_url}/{request.model}", body, access)

    def read_handle(self, body: Mapping[str, Any]) -> RemoteHandle:
        """Reads the job's id, where to ask and what it costs."""
        return RemoteHandle(
            remote_id=read_text(body, "id"), poll_url=read_text(body, "polling_url"), cost_micros=read_cost(body)
        )

    def read_progress(self, body: Mapping[str, Any]) -> Working:
        """Reads how far the job is, 0–1, where it says so."""
        progress = read_number(body.get("progress"))
        return Working(progress=progress if progress is not None and progress <= 1 else None)

    def read_result(self, body: Mapping[str, Any], handle: RemoteHandle) -> Ready:
        """Reads where the image is; the cost may be stated anew."""
        seed = read_seed(body["result"].get("seed")) if isinstance(body.get("result"), Mapping) else None
        return Ready(url=read_text(body, "result", "sample"), seed=seed, cost_micros=read_cost(body))

    def read_job_failure(self, body: Mapping[str, Any]) -> ProviderError:
        """Reads why there is no image: the status word says whether it was refused or forgotten, `details` why."""
        word, code = self.status_of(body), body.get("error")
        if word == UNKNOWN_TASK:
            said = "The provider no longer knows the job: its result has expired. It was billed."
            return Expired(said, next_step="Retry makes, and bills, it anew.", detail=str(body)[:2000])
        reasons = read_words([body.get("details"), body.get("message"), code])
        error = self.read_failure(": ".join([word, *reasons]), word, str(code or ""), detail=str(body)[:2000])
        error.cost_micros = read_cost(body)
        return error

    def read_error(self, answer: WireAnswer) -> ProviderError:
        """Reads an answer that is not 2xx: one with a job's status is about the job."""
        try:
            body = read_object(answer)
        except BadResponse:
            body = {}
        return self.read_job_failure(body) if self.status_of(body) in self.failed else super().read_error(answer)


def read_cost(body: Mapping[str, Any]) -> int | None:
    """Returns what an answer says the job costs, in micro-dollars, or None."""
    spent = read_number(body.get("cost"))
    return None if spent is None else read_micros(spent * CREDIT_MICROS)
