"""Server-sent events, taken apart as their bytes arrive (WHATWG HTML, "Server-sent events")."""

from __future__ import annotations

from collections.abc import Iterator


class EventStream:
    """One stream. Only the data of its events counts here: what an event is, is said inside its data, too."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._data = bytearray()
        self._has_data = False

    @property
    def waiting_bytes(self) -> int:
        """How much is kept until its event is complete."""
        return len(self._rest) + len(self._data)

    def feed(self, part: bytes) -> Iterator[bytes]:
        """Yields the data of every event that these bytes complete; OpenAI's closing `[DONE]` is none."""
        if b"\n" not in part:
            self._rest += part
            return
        *lines, rest = bytes(self._rest + part).split(b"\n")
        self._rest = bytearray(rest)
        for line in (one.rstrip(b"\r") for one in lines):
            if line.startswith(b"data:"):
                self._data += (b"\n" if self._has_data else b"") + line[5:].removeprefix(b" ")
                self._has_data = True
            elif not line and self._has_data:
                event, self._data, self._has_data = bytes(self._data), bytearray(), False
                if event != b"[DONE]":
                    yield event
