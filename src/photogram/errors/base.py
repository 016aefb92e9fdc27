"""The root of the tree; see `photogram.errors`."""

from __future__ import annotations

from typing import ClassVar


class PhotogramError(Exception):
    """Base of everything Photogram raises.

    Attributes:
        message: What happened, in one sentence.
        next_step: What to do about it, in one sentence; may be empty.
    """

    default_next_step: ClassVar[str] = ""

    def __init__(self, message: str, *, next_step: str | None = None) -> None:
        self.message = message
        self.next_step = self.default_next_step if next_step is None else next_step
        super().__init__(f"{message} {self.next_step}".strip())
