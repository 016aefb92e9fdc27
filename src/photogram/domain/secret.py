"""Keys, kept from sight."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from typing import Any


class Secret:
    """A key that shows itself to nobody: its repr, str and format are masked.

    `reveal()` is called only where a header is built.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Returns the key itself."""
        return self._value

    def after(self, prefix: str) -> Secret:
        """Returns the secret with something public before it, as headers have it ("Bearer ")."""
        return Secret(prefix + self._value)

    def __repr__(self) -> str:
        return "Secret('••••')"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> Any:
        raise TypeError("a Secret is not written anywhere")


_KEY_SHAPES = re.compile(
    r"(?i)\b(?:sk|pk|r8|hf|xai|key|fal)[-_][A-Za-z0-9_-]{12,}|(?<=bearer )[^\s\"',;]{8,}|(?<=key=)[^&\s\"']{6,}"
)


_CUT = 10
"""Characters of a key, from its begin or up to its end, that are masked also where the rest was cut off."""


def mask(text: str, secrets: Iterable[Secret | None] = ()) -> str:
    """Returns the text without any of these keys, and without anything that looks like one.

    A key is found as it is, as basic authentication writes it, and also where an excerpt ends or begins inside it.
    """
    for secret in secrets:
        value = secret.reveal() if secret else ""
        if len(value) < 4:
            continue
        for form in (value, base64.b64encode(value.encode()).decode().rstrip("=")):
            text = text.replace(form, "••••")
            if len(form) >= 2 * _CUT:
                text = _mask_begins(_mask_begins(text, form)[::-1], form[::-1])[::-1]
    return _KEY_SHAPES.sub("••••", text)


def _mask_begins(text: str, value: str) -> str:
    """Masks the longest begin of a value wherever one of at least ten characters stands."""
    at = text.find(value[:_CUT])
    while at >= 0:
        length = _CUT
        while text[at : at + length + 1] == value[: length + 1] and length < len(value):
            length += 1
        text = f"{text[:at]}••••{text[at + length :]}"
        at = text.find(value[:_CUT], at)
    return text
