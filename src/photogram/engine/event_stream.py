"""Server-sent events, taken apart as their bytes arrive (WHATWG HTML, "Server-sent events")."""

from __future__ import annotations

from collections.abc import Iterator


class EventStream:
    """One stream. Only the data of its events counts here: what an event is, is said inside its data, too."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._data: list[bytes] = []

    def feed(self, part: bytes) -> Iterator[bytes]:
        """Yields the data of every event that these bytes complete; OpenAI's closing `[DONE]` is none."""
        scanned = max(len(self._rest) - 1, 0)
        self._rest += part
        while (end := self._rest.find(b"\n", scanned)) >= 0:
            line = bytes(self._rest[:end]).rstrip(b"\r")
            del self._rest[: end + 1]
            scanned = 0
            if line.startswith(b"data:"):
                self._data.append(line[5:].removeprefix(b" "))
            elif not line and self._data:
                event, self._data = b"\n".join(self._data), []
                if event != b"[DONE]":
                    yield event
