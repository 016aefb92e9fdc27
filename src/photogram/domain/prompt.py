"""What a prompt may be."""

from __future__ import annotations

import unicodedata

from ..errors import BadParams, EmptyPrompt

DEFAULT_MAX_PROMPT = 2_000
"""Code points a prompt may have where the model's card states no limit."""


def clean_prompt(text: str, *, max_length: int = DEFAULT_MAX_PROMPT) -> str:
    """Returns the prompt trimmed and freed of control characters (newline and tab stay).

    Args:
        text: What the user wrote.
        max_length: The model's limit, in Unicode code points, after cleaning.

    Raises:
        EmptyPrompt: Nothing visible is left.
        BadParams: It is not a string or longer than the limit; a prompt is never cut silently.
    """
    if not isinstance(text, str):
        raise BadParams([f"prompt must be a string, not {type(text).__name__}"])
    text = text.strip()
    if len(text) > 2 * max_length:  # before each character is looked at: millions of them take seconds
        raise _too_long(len(text), max_length)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(char for char in text if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cs"))
    cleaned = kept.strip()
    if not any(unicodedata.category(char)[0] not in "ZC" for char in cleaned):
        raise EmptyPrompt
    if len(cleaned) > max_length:
        raise _too_long(len(cleaned), max_length)
    return cleaned


def _too_long(length: int, max_length: int) -> BadParams:
    return BadParams([f"prompt has {length:,} characters, and the model takes {max_length:,}"])


def title_from_prompt(prompt: str, *, max_words: int = 6, max_chars: int = 48) -> str:
    """Returns a short title for a topic, by a local rule: the first clause of its first prompt, capitalised.

    Args:
        prompt: A cleaned prompt.
        max_words: Words kept at most.
        max_chars: Characters kept at most; a longer word is cut with an ellipsis.
    """
    clause = prompt.strip()
    for mark in ("\n", ". ", "; ", ", ", ": "):
        head = clause.split(mark, 1)[0].strip()
        if len(head.split()) >= 2:
            clause = head
    words = clause.split()
    if len(words) > 2 and words[0].lower() in {"a", "an", "the", "um", "uma", "o", "os", "as"}:
        words = words[1:]
    words = words[:max_words]
    while len(words) > 1 and len(" ".join(words)) > max_chars:
        words.pop()
    while len(words) > 1 and words[-1].lower() in _DANGLING:
        words.pop()
    title = " ".join(words).rstrip(".,;:!?") or prompt.strip()[:max_chars]
    if len(title) > max_chars:
        title = title[: max_chars - 1] + "…"
    return title[:1].upper() + title[1:]


_DANGLING = frozenset(
    "a an the of in on at with and or to for from by over under into um uma o os as de da do das dos em no na "  # noqa: SIM905
    "com e ou para por sobre".split()
)  # fmt: skip
