"""Asking a provider's text model for a title, in the protocol that OpenAI's chat made common."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..domain.price import Price
from ..errors import BadResponse
from .cards import ChatFacts

TASK = (
    "You name collections of pictures. Answer with one title of at most ten words, in the language of the text, for "
    "pictures that are made from it. Give the title only: no quotation marks, no full stop, no explanation."
)
"""What the text model is told; the prompt follows as data."""

MAX_WORDS = 10
MAX_PROMPT = 2_000
MAX_TITLE = 100


def build_chat(chat: ChatFacts, prompt: str) -> dict[str, Any]:
    """Returns the body of `POST /chat/completions`."""
    return {
        "model": chat.model,
        "messages": [{"role": "system", "content": TASK}, {"role": "user", "content": prompt[:MAX_PROMPT]}],
    }


def read_chat(chat: ChatFacts, body: Mapping[str, Any]) -> tuple[str, int | None]:
    """Reads the answer: the title and its cost in micro-dollars, None where the price is unknown.

    Raises:
        BadResponse: There is no title in it; with its cost.
    """
    try:
        text = body["choices"][0]["message"]["content"]
    except (KeyError, IndexError, TypeError):
        text = None
    usage = body.get("usage")
    counted = usage if isinstance(usage, Mapping) else {}
    cost = cost_of(chat, counted.get("prompt_tokens"), counted.get("completion_tokens"))
    return clean_title(text, cost), cost


def cost_of(chat: ChatFacts, tokens_in: Any, tokens_out: Any) -> int | None:
    """Returns what so many tokens cost, in micro-dollars, or None if that is unknown."""
    counted = {"text_in": tokens_in, "text_out": tokens_out}
    if not all(isinstance(tokens, int) for tokens in counted.values()):
        return None
    return Price(per_token=chat.per_token).of_tokens(counted)


def clean_title(text: Any, cost_micros: int | None = None) -> str:
    """Returns what a text model answered as a title: its first line, without quotation marks, ten words at most.

    Raises:
        BadResponse: Nothing is left; the error has what was billed all the same.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()] if isinstance(text, str) else []
    title = re.sub(r"^(?:title|título)\s*:\s*", "", lines[0], flags=re.IGNORECASE) if lines else ""
    title = "".join(char for char in title if char.isprintable()).strip(" \t\"'`*#“”„«»‘’.")
    title = " ".join(title.split()[:MAX_WORDS])[:MAX_TITLE].strip()
    if not title:
        blank = BadResponse("The text model gave no title.", detail=repr(text)[:500])
        blank.cost_micros = cost_micros
        raise blank
    return title
