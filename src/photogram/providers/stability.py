"""Stability's Stable Image API (v2beta): generate with ultra, core and sd3; edit with a mask.

Source: Stability's OpenAPI description as api-evangelist/stability-ai has it, litellm 1.106's stability adapter, and
public clients of the inpaint endpoint (read 2026-11-23). Every request is a multipart form, also one without a file;
the answer is the image itself, and its headers say the seed, and whether it was blurred by the filter (which is not
billed, as far as is known; not verified).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ..domain.request import GenerationRequest
from ..errors import AuthFailed, BadResponse, OutOfCredit, ProviderError, RateLimited, Refused
from .base import RemoteAdapter
from .openai import write_files, write_form
from .protocols import read_seed
from .wire import Access, Ready, WireAnswer, WireRequest


class Stability(RemoteAdapter):
    """`POST /v2beta/stable-image/…`, to the endpoint that the model's card names."""

    name = "stability"
    base_url = "https://api.stability.ai"
    key_variables = ("STABILITY_API_KEY", "STABILITY_KEY")
    key_check = "v1/user/balance"
    codes: ClassVar[Mapping[str, type[ProviderError]]] = {
        "content_moderation": Refused,  # 403, like a wrong key's
        "unauthorized": AuthFailed,
        "payment_required": OutOfCredit,
        "rate_limit_exceeded": RateLimited,
    }

    def build_submit(self, request: GenerationRequest, access: Access) -> WireRequest:
        """Asks for one image; a picture made from a reference has its proportion."""
        wire = self.card(request.model).wire
        params = {wire.get("names", {}).get(name, name): value for name, value in request.params.items()}
        fields: dict[str, Any] = {"prompt": request.prompt} | dict(wire.get("set", {}))
        if request.seed is not None:
            fields["seed"] = request.seed
        if request.references:
            fields |= wire.get("image", {})
            params.pop("aspect_ratio", None)
        return WireRequest(
            method="POST", url=f"{access.base_url}/v2beta/stable-image/{wire['endpoint']}",
            headers={**self.headers(access), "Accept": "image/*"}, fields=write_form(fields | params),
            files=write_files(request, "image"),
        )  # fmt: skip

    def read_submit(self, answer: WireAnswer, request: GenerationRequest) -> Ready:
        """Reads the image; one that was filtered is no result."""
        reason = answer.headers.get("finish-reason", "SUCCESS").upper()
        if reason == "CONTENT_FILTERED":
            raise self.read_failure("the picture was blurred by its filter (CONTENT_FILTERED)", otherwise=Refused)
        if reason != "SUCCESS":
            raise BadResponse(f"The picture has the unknown finish-reason {reason!r}.")
        if not answer.headers.get("content-type", "").startswith("image/"):
            raise BadResponse("The answer is no image.", detail=answer.excerpt())
        return Ready(data=answer.content, seed=read_seed(answer.headers.get("seed")))
