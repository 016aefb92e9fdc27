"""Seedream, of BytePlus ModelArk (Volcengine Ark in China).

Source: docs.byteplus.com ModelArk error codes (1299023), novita.ai and docs.jiekou.ai on Seedream's sizes, vercel/ai's
bytedance provider; read 2026-11-23. Like OpenAI's generations, but references travel in the same request, and a size
is words or pixels within bounds. A model's own sequences of images are never asked for: newer models answer the mere
mention of them with an error. Keys belong to a region: the built-in address is BytePlus'; China's is
https://ark.cn-beijing.volces.com/api/v3, with ids that begin with `doubao-`. Whether a refused picture is billed is
not established.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ..domain.request import GenerationRequest
from ..errors import OutOfCredit, ProviderError, Refused
from .fields import build_fields
from .protocols import SyncAdapter, read_object
from .wire import Access, Ready, WireAnswer, WireRequest


class Ark(SyncAdapter):
    """`POST /images/generations`."""

    name = "ark"
    base_url = "https://ark.ap-southeast.bytepluses.com/api/v3"
    base_url_variables = ("ARK_BASE_URL",)
    key_variables = ("ARK_API_KEY", "BYTEPLUS_API_KEY", "VOLCENGINE_API_KEY")
    codes: ClassVar[Mapping[str, type[ProviderError]]] = {
        "SensitiveContentDetected": Refused,
        "InputTextSensitiveContentDetected": Refused,
        "InputImageSensitiveContentDetected": Refused,
        "OutputImageSensitiveContentDetected": Refused,
        "InputTextRiskDetection": Refused,
        "InputImageRiskDetection": Refused,
        "OutputImageRiskDetection": Refused,
        "AccountOverdueError": OutOfCredit,  # 403
        "SetLimitExceeded": OutOfCredit,  # 429: a limit that the account's owner set
    }
    phrases: ClassVar[Mapping[str, type[ProviderError]]] = {  # codes may go on after a dot: `….PolicyViolation`
        "sensitive information": Refused,
        "sensitive content": Refused,
        "violation information": Refused,
        "copyright restrictions": Refused,
    }

    def build_submit(self, request: GenerationRequest, access: Access) -> WireRequest:
        """Asks for one image, in the answer itself: an address would expire."""
        body = build_fields(request, {"images": "image[]", **self.card(request.model).wire})
        width, height = body.pop("width", None), body.pop("height", None)
        if width and height:
            body["size"] = f"{width}x{height}"
        body |= {"model": request.model, "response_format": "b64_json"}
        return self.build_post(f"{access.base_url}/images/generations", body, access)

    def read_submit(self, answer: WireAnswer, request: GenerationRequest) -> Ready:
        """Reads the image; each may have failed by itself."""
        data = read_object(answer).get("data")
        first = data[0] if isinstance(data, list) and data else None
        error = first.get("error") if isinstance(first, Mapping) else None
        if isinstance(error, Mapping):
            said: tuple[Any, Any] = error.get("message"), error.get("code")
            raise self.read_failure(str(said[0] or ""), str(said[1] or ""), detail=answer.excerpt())
        return super().read_submit(answer, request)
