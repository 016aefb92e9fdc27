"""xAI's Grok Imagine: OpenAI's answers, other questions, exact costs; a moderated image comes with HTTP 200.

Source: docs.x.ai developers/model-capabilities/images/generation, xai-sdk 1.21.0 (image.py, cost.py, types/image.py),
vercel/ai packages/xai and its issue 19168 (moderation), continuedev/continue issues 10373 and 10778 and
router-for-me/CLIProxyAPI issue 5335 (words of errors); read 2026-11-23. Input images go to `/images/edits` as JSON:
`/images/generations` passes over them in silence, and bills. Not verified: whether a moderated image is billed; what
the answer's `usage` says is booked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ..domain.price import read_micros
from ..domain.request import GenerationRequest
from ..errors import AuthFailed, OutOfCredit, ProviderError, Refused
from .encoded import write_data_uri
from .protocols import SyncAdapter, read_number, read_object
from .wire import Access, Ready, WireAnswer, WireRequest

TICKS_PER_MICRO = 10_000
"""A tick is 10⁻¹⁰ US dollars."""


class XAI(SyncAdapter):
    """`POST /images/generations`, or `/images/edits` where there are references."""

    name = "xai"
    base_url = "https://api.x.ai/v1"
    base_url_variables = ("XAI_BASE_URL",)
    key_variables = ("XAI_API_KEY",)
    key_check = "api-key"
    own_hosts = ("x.ai",)
    phrases: ClassVar[Mapping[str, type[ProviderError]]] = {
        "incorrect api key": AuthFailed,
        "content moderation": Refused,
        "usage guidelines": Refused,
        "safety_check": Refused,
        "spending limit": OutOfCredit,
        "run out of credits": OutOfCredit,
        "any credits": OutOfCredit,
    }

    def build_submit(self, request: GenerationRequest, access: Access) -> WireRequest:
        """Asks for one image; one reference is `image`, several are `images`."""
        body = {
            "model": request.model, "prompt": request.prompt, "n": 1, "response_format": "b64_json", **request.params
        }  # fmt: skip
        images = [{"type": "image_url", "url": write_data_uri(image)} for image in request.references]
        if images:
            body |= {"image": images[0]} if len(images) == 1 else {"images": images}
        return self.build_post(f"{access.base_url}/images/{'edits' if images else 'generations'}", body, access)

    def read_submit(self, answer: WireAnswer, request: GenerationRequest) -> Ready:
        """Reads the image; one that was moderated away is a refusal, with what it cost."""
        body = read_object(answer)
        images = body.get("data")
        if images == [] or (
            isinstance(images, list) and isinstance(images[0], Mapping) and images[0].get("respect_moderation") is False
        ):
            refused = Refused("The provider refused: the image did not pass its moderation.", detail=answer.excerpt())
            refused.cost_micros, refused.cost_source = self.read_cost(body, request)
            raise refused
        return super().read_submit(answer, request)

    def read_cost(self, body: Mapping[str, Any], request: GenerationRequest) -> tuple[int | None, str]:
        """Reads the exact cost."""
        usage = body.get("usage")
        ticks = read_number(usage.get("cost_in_usd_ticks")) if isinstance(usage, Mapping) else None
        return (None if ticks is None else read_micros(ticks / TICKS_PER_MICRO)), "reported"
