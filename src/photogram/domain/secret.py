"""Keys, kept from sight."""

from __future__ import annotations

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

    def __repr__(self) -> str:
        return "Secret('••••')"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> Any:
        raise TypeError("a Secret is not written anywhere")
