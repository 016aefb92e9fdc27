"""What providers say when there is no image: their many ways to write an error, read into one kind of fact."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import (
    AuthFailed,
    BadRequest,
    BadResponse,
    OutOfCredit,
    ProviderError,
    RateLimited,
    Refused,
    RemoteFailed,
)
from .retry_after import read_retry_after
from .wire import WireAnswer

MAX_MESSAGE = 300

REQUEST_IDS = (
    "x-request-id", "request-id", "x-fal-request-id", "x-goog-request-id", "apim-request-id", "cf-ray"
)  # fmt: skip
"""Headers that carry the provider's id of a request, which its support asks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What an answer says of a failure.

    Attributes:
        message: In the provider's words.
        codes: Its codes, types and names for it.
        detail: The raw answer, for a bug report.
        request_id: The provider's id of the request.
    """

    message: str = ""
    codes: tuple[str, ...] = ()
    detail: str = ""
    request_id: str = ""


def read_said(answer: WireAnswer) -> Said:
    """Returns what an answer says, in any of the shapes that providers use.

    Those are `{"error": {"message", "code", "type", "status"}}`, `{"error": "…"}`, `{"detail": "…"}`,
    `{"detail": [{"msg", "type"}]}`, `{"title", "detail"}`, `{"message", "code" or "rc"}` and `{"name", "errors": […]}`,
    also inside a list.
    """
    try:
        body = answer.json()
    except BadResponse:
        body = None
    messages, codes = list(_messages(body)), list(_codes(body))
    request_id = next((answer.headers[name] for name in REQUEST_IDS if name in answer.headers), "")
    return Said(
        message="; ".join(dict.fromkeys(messages))[:MAX_MESSAGE], codes=tuple(dict.fromkeys(codes)),
        detail=answer.excerpt(), request_id=request_id,
    )  # fmt: skip


def build_error(
    said: Said, answer: WireAnswer | None, *, codes: Mapping[str, type[ProviderError]],
    phrases: Mapping[str, type[ProviderError]], billing_url: str = "", otherwise: type[ProviderError] | None = None,
) -> ProviderError:  # fmt: skip
    """Returns the error that states what happened: by the provider's code, its words, else the HTTP status.

    Args:
        said: What it says.
        answer: The answer, or None where the failure stands inside an answer that is 2xx.
        codes: What its codes mean.
        phrases: What its words mean.
        billing_url: Where its accounts are topped up.
        otherwise: What it is if nothing else says so.
    """
    known = {code.casefold(): cls for code, cls in codes.items()}
    text = said.message.casefold()
    found = next((known[code.casefold()] for code in said.codes if code.casefold() in known), None)
    found = found or next((cls for phrase, cls in phrases.items() if phrase in text), None)
    status = answer.status if answer else None
    if found is None:
        found = otherwise if answer is None and otherwise else _by_status(answer)
    error = _make(found, said, answer, billing_url)
    error.request_id = said.request_id
    error.http_status = status
    return error


def _by_status(answer: WireAnswer | None) -> type[ProviderError]:
    status = answer.status if answer else 500
    if answer and (status == 429 or (status == 503 and read_retry_after(answer) is not None)):
        return RateLimited
    if status in (401, 403):
        return AuthFailed
    if status == 402:
        return OutOfCredit
    if status in (408, 425) or status >= 500:
        return RemoteFailed
    return BadRequest if status >= 400 else BadResponse


def _make(cls: type[ProviderError], said: Said, answer: WireAnswer | None, billing_url: str) -> ProviderError:
    words, status = said.message.rstrip(". "), f" (HTTP {answer.status})" if answer else ""
    colon = f": {words}." if words else "."
    if cls is RateLimited:
        after_s = read_retry_after(answer) if answer else None
        step = f"{RateLimited.default_next_step} The provider says: {words}." if words else None
        return RateLimited(retry_after_s=after_s, next_step=step, detail=said.detail)
    if cls is RemoteFailed:
        return RemoteFailed(f"The provider failed{status}{colon}", detail=said.detail)
    if cls is OutOfCredit:
        next_step = f"Top up at {billing_url}." if billing_url else None
        return OutOfCredit(f"The account has no credit left{colon}", next_step=next_step, detail=said.detail)
    sentence = {
        AuthFailed: "The key was not accepted",
        Refused: "The provider refused",
        BadRequest: f"The provider did not take the request{status}",
        BadResponse: f"The provider's answer makes no sense{status}",
    }.get(cls, f"The provider failed{status}")
    return cls(f"{sentence}{colon}", detail=said.detail)


def _messages(body: Any, depth: int = 0) -> Iterator[str]:
    if depth > 5:
        return
    if isinstance(body, str):
        if body.strip():
            yield re.sub(r"\s+", " ", body.strip())
    elif isinstance(body, list):
        for one in body[:5]:
            yield from _messages(one, depth + 1)
    elif isinstance(body, Mapping):
        for name in ("error", "errors", "detail", "message", "msg"):
            if body.get(name):
                yield from _messages(body[name], depth + 1)


def _codes(body: Any, depth: int = 0) -> Iterator[str]:
    if depth > 5:
        return
    if isinstance(body, list):
        for one in body[:5]:
            yield from _codes(one, depth + 1)
    elif isinstance(body, Mapping):
        for name in ("code", "type", "name", "rc", "status", "reason", "error_type"):
            if isinstance(body.get(name), str):
                yield body[name]
        for name in ("error", "errors", "detail", "details", "innererror", "inner_error"):
            if isinstance(body.get(name), (Mapping, list)):
                yield from _codes(body[name], depth + 1)
