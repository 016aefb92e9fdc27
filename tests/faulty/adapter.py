"""The adapter of the faulty provider's protocol."""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence
from typing import Any

from photogram.domain.card import ModelCard
from photogram.domain.params import ParamKind, ParamSpec
from photogram.domain.request import GenerationRequest
from photogram.domain.task import RemoteHandle
from photogram.errors import (
    AuthFailed,
    BadRequest,
    BadResponse,
    OutOfCredit,
    ProviderError,
    RateLimited,
    Refused,
    RemoteFailed,
)
from photogram.providers.base import RemoteAdapter
from photogram.providers.retry_after import read_retry_after
from photogram.providers.wire import Access, Ready, Submitted, WireAnswer, WireRequest, Working

PRICE_MICROS = 40_000


class LoopbackAdapter(RemoteAdapter):
    """Speaks to `Server`: a key, a poll URL in the answer, a cancel endpoint; no idempotency unless asked for."""

    name = "loopback"
    key_variables = ("LOOPBACK_KEY",)

    def __init__(
        self, base_url: str, *, deadline_s: float = 900.0, price_micros: int | None = PRICE_MICROS,
        concurrency: int = 8, submits_per_minute: int | None = None, idempotent: bool = False, cancels: bool = True,
    ) -> None:  # fmt: skip
        self.base_url, self.idempotent = base_url, idempotent
        self._cancels = cancels
        self._card = ModelCard(
            provider=self.name, model="img", title="Loopback", price_micros=price_micros, deadline_s=deadline_s,
            concurrency=concurrency, submits_per_minute=submits_per_minute,
            params=(ParamSpec(name="seed", kind=ParamKind.INT, min=0, max=2**31),),
        )  # fmt: skip

    def cards(self) -> Sequence[ModelCard]:
        return [self._card]

    def build_submit(self, request: GenerationRequest, access: Access) -> WireRequest:
        assert access.key
        body = {"task_id": request.task_id, "prompt": request.prompt, "seed": request.seed}
        return WireRequest(method="POST", url=f"{access.base_url}/jobs", headers={"x-key": access.key}, json_body=body)

    def read_submit(self, answer: WireAnswer, request: GenerationRequest) -> Submitted | Ready:
        said = _mapping(answer)
        if "image" in said:
            return Ready(data=base64.b64decode(said["image"]), seed=said.get("seed"))
        if "refused" in said:
            raise Refused("The prompt was refused.")
        if "id" not in said or "poll" not in said:
            raise BadResponse("The answer names no job.", detail=answer.excerpt())
        return Submitted(handle=RemoteHandle(remote_id=said["id"], poll_url=said["poll"]))

    def build_poll(self, handle: RemoteHandle, access: Access) -> WireRequest:
        assert handle.poll_url
        assert access.key
        headers = {"x-key": access.key, "x-process": str(os.getpid())}
        return WireRequest(method="GET", url=handle.poll_url, headers=headers)

    def read_poll(self, answer: WireAnswer, handle: RemoteHandle) -> Working | Ready:
        said = _mapping(answer)
        match said.get("status"):
            case "working":
                return Working(progress=said.get("progress"), queue_position=said.get("queue"))
            case "done":
                cost = said.get("cost")
                return Ready(
                    url=said["url"], seed=said.get("seed"), cost_micros=None if cost is None else round(cost * 1e6)
                )
            case "refused":
                raise Refused("The prompt was refused.")
            case "failed":
                raise RemoteFailed("The job failed.")
            case word:
                raise BadResponse(f"Unknown status {word!r}.", detail=answer.excerpt())

    def build_cancel(self, handle: RemoteHandle, access: Access) -> Sequence[WireRequest]:
        if not self._cancels:
            return ()
        assert access.key
        return [WireRequest(method="POST", url=f"{handle.poll_url}/cancel", headers={"x-key": access.key})]

    def read_error(self, answer: WireAnswer) -> ProviderError:
        said, after_s = answer.excerpt(), read_retry_after(answer)
        if answer.status in (401, 403):
            return AuthFailed("The key was not accepted.", detail=said)
        if answer.status == 402:
            return OutOfCredit("The account has no credit left.", detail=said)
        if answer.status == 429 or (answer.status == 503 and after_s is not None):
            return RateLimited(retry_after_s=after_s, detail=said)
        if answer.status >= 500:
            return RemoteFailed(f"The provider failed (HTTP {answer.status}).", http_status=answer.status, detail=said)
        return BadRequest(f"The provider did not take the request (HTTP {answer.status}).", detail=said)


def _mapping(answer: WireAnswer) -> dict[str, Any]:
    said = answer.json()
    if not isinstance(said, dict):
        raise BadResponse("The answer is not a JSON object.", detail=answer.excerpt())
    return said
