"""Replicate: many people's models as predictions.

Source: replicate.com/docs (create a prediction, lifecycle, rate limits, data retention, flux model pages),
replicate-python@0110c2c and its #460 (`aborted`), huggingface_hub@ee0a4510 and vercel/ai@ed857f50, read 2026-11-23. An
official model is asked by its name, any other by a version (`owner/name:version`). What is unknown in the input is
ignored (huggingface_hub relies on that). Outputs are deleted after an hour. Refusals are failed predictions whose words
say so; whether they are billed, and the bodies of 402 and 422, are not verified.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ..domain.request import GenerationRequest, ReferenceImage
from ..domain.size import pixels_of
from ..domain.task import RemoteHandle
from ..errors import BadResponse, Expired, ProviderError, Refused
from .fields import build_fields
from .protocols import QueueAdapter, SyncAdapter, read_object, read_text, write_path
from .wire import Access, Ready, WireAnswer, WireRequest

MOST_INLINE_BYTES = 190_000
"""The largest input image that travels as a data URI, which is then below the 256 KB that Replicate advises."""


class Replicate(QueueAdapter):
    """`POST /models/<owner>/<name>/predictions` or `/predictions`, then `urls.get` until the prediction is over."""

    name = "replicate"
    base_url = "https://api.replicate.com/v1"
    key_variables = ("REPLICATE_API_TOKEN",)
    key_check = "account"
    own_hosts = ("api.replicate.com",)
    working = frozenset({"starting", "processing"})
    succeeded = frozenset({"succeeded"})
    failed = frozenset({"failed", "canceled", "aborted"})
    phrases: ClassVar[Mapping[str, type[ProviderError]]] = {
        "nsfw": Refused, "flagged as sensitive": Refused, "(e005)": Refused,
    }  # fmt: skip

    def build_upload(self, image: ReferenceImage, access: Access) -> WireRequest | None:
        """Uploads an input image that is too large for a data URI."""
        if len(image.data) <= MOST_INLINE_BYTES:
            return None
        file = (f"{image.sha256[:16]}.{image.mime.rpartition('/')[2]}", image.data, image.mime)
        url = f"{access.base_url}/files"
        return WireRequest(method="POST", url=url, headers=self.headers(access), files=(("content", file),))

    def read_upload(self, answer: WireAnswer) -> str:
        """Reads the address that the input then names."""
        return read_text(read_object(answer), "urls", "get")

    def build_submit(self, request: GenerationRequest, access: Access) -> WireRequest:
        """Asks for one image."""
        wire = self.card(request.model).wire
        fields = build_fields(request, wire)
        if "size" in fields and (pixels := pixels_of(fields)):
            fields |= {"width": pixels[0], "height": pixels[1]}
            del fields["size"]
        model, _, version = str(wire.get("path", request.model)).partition(":")
        url = (
            f"{access.base_url}/predictions" if version else f"{access.base_url}/models/{write_path(model)}/predictions"
        )
        body = ({"version": version} if version else {}) | {"input": fields}
        return self.build_post(url, body, access)

    def read_handle(self, body: Mapping[str, Any]) -> RemoteHandle:
        """Reads the prediction's id and its addresses."""
        cancel = body["urls"].get("cancel") if isinstance(body.get("urls"), Mapping) else None
        return RemoteHandle(
            remote_id=read_text(body, "id"), poll_url=read_text(body, "urls", "get"),
            cancel_url=cancel if isinstance(cancel, str) else None,
        )  # fmt: skip

    def read_result(self, body: Mapping[str, Any], handle: RemoteHandle) -> Ready:
        """Reads where the image is: the output is an address, or a list of them."""
        output = body.get("output")
        if isinstance(output, list) and output:
            output = output[0]
        if output is None and body.get("data_removed") is True:
            raise Expired(
                "The image was made and billed, but the provider has deleted it.",
                next_step="Retry makes, and bills, it anew.", detail=str(body)[:2000],
            )  # fmt: skip
        if not isinstance(output, str):
            raise BadResponse("The prediction has no image.", detail=str(body)[:2000])
        return SyncAdapter.read_url(output)

    def read_job_failure(self, body: Mapping[str, Any]) -> ProviderError:
        """Reads why there is no image, which a prediction that was stopped does not say."""
        said = {
            "canceled": "The prediction was canceled, or took longer than its deadline",
            "aborted": "The prediction had not begun by its deadline",
        }.get(self.status_of(body), "")
        return self.read_failure(str(body.get("error") or said), detail=str(body)[:2000])

    def build_cancel(self, handle: RemoteHandle, access: Access) -> Sequence[WireRequest]:
        """Asks the cancel address that the submit's answer named."""
        headers = self.headers(access)
        return (WireRequest(method="POST", url=handle.cancel_url, headers=headers),) if handle.cancel_url else ()
