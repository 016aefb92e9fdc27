"""Google's Gemini image models: `generateContent`, whose refusals come with HTTP 200.

Source: google-genai 3.4.0 (types.py), vercel/ai packages/google/src/google-image-model.ts, docs.apiyi.com
(gemini-image-error-handling, nano-banana-usage-metadata), discuss.ai.google.dev/t/121299 (tokens); read 2026-11-23.
Not verified against the service: that a refused prompt's tokens are billed. What `usageMetadata` counts is booked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import quote

from ..domain.price import Price
from ..domain.request import GenerationRequest
from ..errors import AuthFailed, BadResponse, OutOfCredit, ProviderError, Refused, RemoteFailed
from .base import RemoteAdapter
from .chat import MAX_PROMPT, TASK, clean_title, cost_of
from .encoded import read_base64, write_base64
from .protocols import read_object
from .wire import Access, Ready, WireAnswer, WireRequest

REFUSALS = frozenset({
    "SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR", "ESCALATION", "IMAGE_SAFETY",
    "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "IMAGE_OTHER",
})  # fmt: skip
"""Finish reasons by which it declines; others (`NO_IMAGE`, `OTHER`, `MAX_TOKENS`…) are failures that may pass."""


class Google(RemoteAdapter):
    """`POST /models/{model}:generateContent`; one image a call."""

    name = "google"
    base_url = "https://generativelanguage.googleapis.com/v1beta"
    base_url_variables = ("GOOGLE_GEMINI_BASE_URL",)
    key_variables = ("GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GENERATIVE_AI_API_KEY")
    key_check = "models"
    auth = ("x-goog-api-key", "")
    codes: ClassVar[Mapping[str, type[ProviderError]]] = {"API_KEY_INVALID": AuthFailed}
    phrases: ClassVar[Mapping[str, type[ProviderError]]] = {
        "api key not valid": AuthFailed,
        "prepayment credits are depleted": OutOfCredit,
    }

    def root(self, access: Access) -> str:
        """Returns the address with a version, which Google's own clients keep out of `GOOGLE_GEMINI_BASE_URL`."""
        return access.base_url if re.search(r"/v\d\w*$", access.base_url) else f"{access.base_url}/v1beta"

    def build_submit(self, request: GenerationRequest, access: Access) -> WireRequest:
        """Asks for one image; references travel in the request."""
        params = request.params
        image: dict[str, Any] = {}
        if (ratio := params.get("aspect_ratio")) and ratio != "auto":
            image["aspectRatio"] = ratio
        if resolution := params.get("resolution"):
            image["imageSize"] = resolution
        config: dict[str, Any] = {"responseModalities": ["IMAGE"], "candidateCount": 1}
        if image:
            config["imageConfig"] = image
        if request.seed is not None:
            config["seed"] = request.seed
        if thinking := params.get("thinking"):
            config["thinkingConfig"] = {"thinkingLevel": thinking.upper()}
        parts = [
            {"inlineData": {"mimeType": reference.mime, "data": write_base64(reference)}}
            for reference in request.references
        ]
        body = {"contents": [{"role": "user", "parts": [{"text": request.prompt}, *parts]}], "generationConfig": config}
        url = f"{self.root(access)}/models/{quote(request.model, safe='')}:generateContent"
        return self.build_post(url, body, access)

    def read_submit(self, answer: WireAnswer, request: GenerationRequest) -> Ready:
        """Reads the last image that is no thought; or why there is none."""
        body = read_object(answer)
        counted = count_tokens(body.get("usageMetadata"))
        cost = (self.card(request.model).price or Price()).of_tokens(counted)
        parts = list(read_parts(body))
        drawn = [part for part in parts if part.get("inlineData")]
        if final := [part for part in drawn if not part.get("thought")] or drawn:
            data = read_base64(final[-1]["inlineData"].get("data"))
            whole = cost if counted.get("image_out") else None  # else the image's own tokens were not counted
            return Ready(data=data, cost_micros=whole, cost_source="computed")
        error = read_absence(body, parts, answer)
        error.cost_micros, error.cost_source = cost, "computed"
        raise error

    def build_title(self, prompt: str, access: Access) -> WireRequest | None:
        """Asks the text model."""
        chat = self.facts().chat
        if chat is None:
            return None
        body = {
            "systemInstruction": {"parts": [{"text": TASK}]},
            "contents": [{"role": "user", "parts": [{"text": prompt[:MAX_PROMPT]}]}],
        }
        return self.build_post(f"{self.root(access)}/models/{quote(chat.model, safe='')}:generateContent", body, access)

    def read_title(self, answer: WireAnswer) -> tuple[str, int | None]:
        """Reads the words that are no thought."""
        body, chat = read_object(answer), self.facts().chat
        words = "".join(str(part["text"]) for part in read_parts(body) if part.get("text") and not part.get("thought"))
        counted = count_tokens(body.get("usageMetadata"))
        text_out = counted.get("text_out", 0) + counted.get("image_out", 0)  # one without a kind is of words here
        cost = cost_of(chat, counted["text_in"], text_out) if chat and counted else None
        return clean_title(words, cost), cost


def read_parts(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yields every part of every candidate, drafts and words included."""
    for candidate in _objects(body.get("candidates")):
        content = candidate.get("content")
        yield from _objects(content.get("parts") if isinstance(content, Mapping) else None)


def read_absence(body: Mapping[str, Any], parts: Sequence[Mapping[str, Any]], answer: WireAnswer) -> ProviderError:
    """Returns why an answer of success has no image: the prompt was blocked, the image was, or it just made none."""
    feedback = body.get("promptFeedback")
    detail = answer.excerpt()
    if isinstance(feedback, Mapping) and (reason := feedback.get("blockReason")):
        said = feedback.get("blockReasonMessage") or f"the prompt was blocked ({reason})"
        return Refused(f"The provider refused: {said}.", detail=detail)
    candidates = list(_objects(body.get("candidates")))
    if not candidates:
        return BadResponse("The answer has no image.", detail=detail)
    words = " ".join(str(part["text"]) for part in parts if part.get("text") and not part.get("thought"))
    reason = str(candidates[0].get("finishReason") or "no reason given")
    said = str(candidates[0].get("finishMessage") or words)[:300].rstrip(". ")
    said = f"{said} ({reason})" if said else reason
    if reason in REFUSALS:
        return Refused(f"The provider refused: {said}.", detail=detail)
    return RemoteFailed(f"The provider made no image: {said}.", detail=detail)


def count_tokens(usage: Any) -> dict[str, int]:
    """Returns the tokens by kind of Gemini's `usageMetadata`: text_in, image_in, text_out (thoughts too), image_out."""
    if not isinstance(usage, Mapping):
        return {}
    asked = _by_modality(usage.get("promptTokensDetails"))
    made = _by_modality(usage.get("candidatesTokensDetails"))
    image_in, candidates = asked.get("IMAGE", 0), _whole(usage.get("candidatesTokenCount"))
    image_out = made.get("IMAGE", candidates)  # the dearer kind where nothing is said
    return {
        "text_in": _whole(usage.get("promptTokenCount")) - image_in,
        "image_in": image_in,
        "text_out": max(0, candidates - image_out) + _whole(usage.get("thoughtsTokenCount")),
        "image_out": image_out,
    }


def _by_modality(details: Any) -> dict[str, int]:
    return {str(one.get("modality")): _whole(one.get("tokenCount")) for one in _objects(details)}


def _objects(value: Any) -> Iterable[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0
