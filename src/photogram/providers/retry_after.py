"""When a provider says to come back: every way in which they say it."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from .wire import WireAnswer

MAX_S = 3600.0
"""Nobody waits longer than this in one go; then the provider is asked again."""

_SECONDS = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|milliseconds?|m|min|minutes?|s|secs?|seconds?)?\s*$", re.IGNORECASE)
_IN_TEXT = re.compile(
    r"(?:retry|try again|resets?|wait)\D{0,30}?(\d+(?:\.\d+)?)\s*(ms|milliseconds?|m|min|minutes?|s|secs?|seconds?)\b",
    re.IGNORECASE,
)


def read_retry_after(answer: WireAnswer, now: datetime | None = None) -> float | None:
    """Returns the seconds to wait, 0–3600, or None where the answer does not say.

    Read in this order: `retry-after-ms`, `retry-after` (seconds or an HTTP date), then the body: a `retryDelay` ("34s",
    Google's RetryInfo), `retry_after` in seconds, or words such as "resets in ~30s" (Replicate).

    Args:
        answer: The provider's answer.
        now: The time a date counts from; the present where none is given.
    """
    headers = answer.headers
    if (found := _number(headers.get("retry-after-ms"))) is not None:
        return _within(found / 1000)
    said = headers.get("retry-after")
    if said is not None:
        if (found := _number(said)) is not None:
            return _within(found)
        try:
            date = parsedate_to_datetime(said)
        except ValueError:
            date = None
        if date is not None:
            date = date if date.tzinfo else date.replace(tzinfo=UTC)
            return _within((date - (now or datetime.now(UTC))).total_seconds())
    return _from_body(answer.content)


def _from_body(content: bytes) -> float | None:
    text = content[:20_000].decode("utf-8", "replace")
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        body = None
    for name in ("retryDelay", "retry_after", "retry_after_seconds", "retryAfter"):
        if (value := _find(body, name)) is not None and (seconds := _duration(value)) is not None:
            return _within(seconds)
    if words := _IN_TEXT.search(text):
        return _within(_in_seconds(float(words[1]), words[2]))
    return None


def _find(value: Any, name: str, depth: int = 0) -> Any:
    """Returns the first value of this name anywhere in a JSON document."""
    if depth > 6:
        return None
    if isinstance(value, dict):
        if name in value:
            return value[name]
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            if (found := _find(one, name, depth + 1)) is not None:
                return found
    return None


def _duration(value: Any) -> float | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(min(value, MAX_S)) if value == value else None  # noqa: PLR0124  (not a number is not itself)
    match = _SECONDS.match(value.strip()) if isinstance(value, str) else None
    return _in_seconds(float(match[1]), match[2]) if match else None


def _in_seconds(number: float, unit: str | None) -> float:
    unit = (unit or "s").lower()
    if unit.startswith(("ms", "milli")):
        return number / 1000
    return number * 60 if unit.startswith("m") else number


def _number(text: str | None) -> float | None:
    try:
        number = float(text) if text is not None else None
    except ValueError:
        return None
    return number if number is not None and math.isfinite(number) else None


def _within(seconds: float) -> float:
    return min(max(seconds, 0.0), MAX_S)
