"""Keys, kept from sight."""

from __future__ import annotations

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


def mask(text: str, secrets: Iterable[Secret | None] = ()) -> str:
    """Returns the text without any of these keys, and without anything that looks like one."""
    for secret in secrets:
        if secret and len(secret.reveal()) >= 4:
            text = text.replace(secret.reveal(), "••••")
    return _KEY_SHAPES.sub("••••", text)
