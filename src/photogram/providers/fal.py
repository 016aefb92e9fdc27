"""fal: many makers' models behind one queue.

Source: fal-ai/fal@c6f0afaa projects/fal_client, fal.ai/docs (queue, inference-api, errors, pricing, faq),
TanStack/ai#722 (the header of billed units) and fal-ai/fal#1163 (locked accounts), read 2026-11-23. The addresses to
poll, to fetch from and to cancel are those of the submit's answer: they drop part of the model's id. A request that
failed is `COMPLETED` too; its result's address then answers with the failure. What the safety checker blackens comes
with HTTP 200 and `has_nsfw_concepts`, and is billed. What is unknown in the input is ignored (huggingface_hub relies
on that).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from ..domain.price import read_micros
from ..domain.request import GenerationRequest
from ..domain.size import pixels_of
from ..domain.task import RemoteHandle
from ..errors import BadResponse, OutOfCredit, ProviderError, Refused, RemoteFailed
from .fields import build_fields
from .protocols import QueueAdapter, SyncAdapter, read_number, read_object, read_seed, read_text, write_path
from .wire import Access, Done, Ready, WireAnswer, WireRequest, Working


class Fal(QueueAdapter):
    """`POST queue.fal.run/<model>`, `status_url` until `COMPLETED`, then `response_url`."""

    name = "fal"
    base_url = "https://queue.fal.run"
    key_variables = ("FAL_KEY", "FAL_API_KEY")
    key_check = "https://api.fal.ai/v1/models/pricing?endpoint_id=fal-ai/flux/schnell"
    own_hosts = ("queue.fal.run", "api.fal.ai")  # not all of fal.run and fal.ai: people's own apps are there, too
    auth = ("Authorization", "Key ")
    working = frozenset({"IN_QUEUE", "IN_PROGRESS"})
    codes: ClassVar[Mapping[str, type[ProviderError]]] = {"content_policy_violation": Refused}
    phrases: ClassVar[Mapping[str, type[ProviderError]]] = {
        "exhausted balance": OutOfCredit, "reason: top_up": OutOfCredit, "content_policy_violation": Refused,
    }  # fmt: skip

    def build_submit(self, request: GenerationRequest, access: Access) -> WireRequest:
        """Asks for one image; input images travel as data URIs, to the model's endpoint for edits if it has one."""
        wire = self.card(request.model).wire
        path = wire.get("path", request.model)
        path = wire.get("edit", path) if request.references else path
        body = name_size(build_fields(request, wire))
        return self.build_post(f"{access.base_url}/{write_path(path)}", body, access)

    def read_handle(self, body: Mapping[str, Any]) -> RemoteHandle:
        """Reads the job's id and its three addresses."""
        cancel = body.get("cancel_url")
        return RemoteHandle(
            remote_id=read_text(body, "request_id"), poll_url=read_text(body, "status_url"),
            result_url=read_text(body, "response_url"), cancel_url=cancel if isinstance(cancel, str) else None,
        )  # fmt: skip

    def read_poll(self, answer: WireAnswer, handle: RemoteHandle) -> Working | Ready | Done:
        """Reads how the job is; why one failed by its own fault (4xx) is said in the place of its result."""
        body = read_object(answer)
        if self.status_of(body) != "COMPLETED":
            return super().read_poll(answer, handle)
        error, kind = str(body.get("error") or ""), str(body.get("error_type") or "")
        if kind or (error and not re.search(r"\b4\d\d\b", error)):
            raise self.read_failure(error or kind, kind, detail=answer.excerpt())
        return Done()

    def read_progress(self, body: Mapping[str, Any]) -> Working:
        """Reads how many jobs are before this one."""
        place = read_number(body.get("queue_position"))
        return Working(queue_position=None if place is None else int(place))

    def build_fetch(self, handle: RemoteHandle, access: Access) -> WireRequest:
        """Asks the result's address that the submit's answer named."""
        if not handle.result_url:
            raise BadResponse("The provider named no address of the result.")
        return WireRequest(method="GET", url=handle.result_url, headers=self.headers(access))

    def read_fetch(self, answer: WireAnswer, handle: RemoteHandle) -> Ready:
        """Reads where the image is, its seed, and the units that were billed."""
        body = read_object(answer)
        images = body.get("images") or [body.get("image")]
        image = images[0] if isinstance(images, list) else None
        if not isinstance(image, Mapping):
            raise BadResponse("The result has no image.", detail=answer.excerpt())
        cost = self.read_cost(answer, handle.model)
        flags = body.get("has_nsfw_concepts") or body.get("nsfw_content_detected")
        if flags is True or (isinstance(flags, list) and any(flag is True for flag in flags)):
            refused = Refused(
                "The provider's safety checker blackened the image. It was billed.", detail=answer.excerpt()
            )
            refused.cost_micros, refused.cost_source = cost, "computed"
            if cost is None:
                card, size = self.card(handle.model), {side: image.get(side) for side in ("width", "height")}
                refused.cost_micros, refused.cost_source = card.estimate_micros(size), "estimated"
            raise refused
        ready = SyncAdapter.read_url(image.get("url"), cost, "computed")
        return replace(ready, seed=read_seed(body.get("seed")))

    def read_cost(self, answer: WireAnswer, model: str) -> int | None:
        """Returns what the billed units cost, in micro-dollars; None where they or their price are not known."""
        units = read_number(answer.headers.get("x-fal-billable-units"))
        price = self.card(model).wire.get("unit_price")
        return None if units is None or price is None else read_micros(units * price * 1e6)

    def build_cancel(self, handle: RemoteHandle, access: Access) -> Sequence[WireRequest]:
        """Asks the cancel address that the submit's answer named."""
        headers = self.headers(access)
        return (WireRequest(method="PUT", url=handle.cancel_url, headers=headers),) if handle.cancel_url else ()

    def read_error(self, answer: WireAnswer) -> ProviderError:
        """Reads an answer that is not 2xx."""
        return tell_job(super().read_error(answer), answer)


def name_size(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Returns fields with the size as fal has it: `image_size`, an object in pixels or a word such as `square_hd`."""
    rest = {name: value for name, value in fields.items() if name not in ("width", "height", "size")}
    if pixels := pixels_of(fields):
        return rest | {"image_size": {"width": pixels[0], "height": pixels[1]}}
    return rest | {"image_size": fields["size"]} if fields.get("size") else rest


def tell_job(error: ProviderError, answer: WireAnswer) -> ProviderError:
    """Returns the error of an answer that is not 2xx; a 5xx of a documented type is the job's end, no passing trouble.

    The type stands in a header or as `error_type` (of the request), or `detail` is a list (of the model).
    """
    if isinstance(error, RemoteFailed):
        try:
            body = read_object(answer)
        except BadResponse:
            body = {}
        if "x-fal-error-type" in answer.headers or body.get("error_type") or isinstance(body.get("detail"), list):
            error.http_status = None
    return error
