"""Pollinations: many makers' models behind OpenAI's protocol, paid in pollen (1 pollen = US$ 1).

Source: pollinations/pollinations, gen.pollinations.ai/src/docs and schemas, shared/schemas/openai.ts,
shared/registry/image.ts (read 2026-11-23). A key is needed since 2026. The POST is used, not the GET with the prompt in
its address: it takes references as data URIs, and nobody's log has the prompt. Results are cached by everything that is
asked for: a request that is sent again with the same seed brings the same picture, unbilled, as its documentation says
(not verified, so a submit in doubt is `lost` here, too; Retry then asks for the same picture).
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any, ClassVar

from ..domain.request import GenerationRequest
from ..errors import ProviderError, Refused
from .encoded import write_data_uri
from .openai import OPENAI_CODES, OpenAI
from .wire import Access, WireRequest


class Pollinations(OpenAI):
    """`POST /v1/images/generations`, or `/v1/images/edits` where there are references."""

    name = "pollinations"
    base_url = "https://gen.pollinations.ai"
    base_url_variables = ("POLLINATIONS_BASE_URL",)
    key_variables = ("POLLINATIONS_API_KEY", "POLLINATIONS_TOKEN")
    codes: ClassVar[Mapping[str, type[ProviderError]]] = {**OPENAI_CODES, "safety_error": Refused}
    phrases: ClassVar[Mapping[str, type[ProviderError]]] = {  # of the makers, passed on in words only
        "content policy": Refused,
        "content_policy_violation": Refused,
        "moderation_blocked": Refused,
        "safety system": Refused,
    }

    def root(self, access: Access) -> str:
        """Returns the address of what is as at OpenAI."""
        return f"{access.base_url}/v1"

    def streams(self, request: GenerationRequest) -> bool:
        """Tells that there are no glimpses."""
        return False

    def build_key_check(self, access: Access) -> WireRequest | None:
        """Asks what the key may do; the models are listed to everybody."""
        return WireRequest(method="GET", url=f"{access.base_url}/account/key", headers=self.headers(access))

    def build_body(self, request: GenerationRequest) -> dict[str, Any]:
        """Returns what is asked for; without a seed of its own, four alike would be one picture from the cache."""
        body = super().build_body(request) | {"response_format": "b64_json"}
        return {"seed": zlib.crc32(request.task_id.encode()) >> 1} | body

    def build_edit(self, request: GenerationRequest, body: dict[str, Any], access: Access) -> WireRequest:
        """Asks for a change of the references, which travel as data URIs in JSON."""
        body["image"] = [{"image_url": write_data_uri(image)} for image in request.references]
        return self.build_post(f"{self.root(access)}/images/edits", body, access)
