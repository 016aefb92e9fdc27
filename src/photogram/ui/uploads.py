"""Files that come from the browser in parts, put together. Never a path: what is kept is found by its content."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic

from ..domain.asset import DEFAULT_MAX_REFERENCE_BYTES, REFERENCE_MIMES, sniff_mime
from ..errors import BadReference

MAX_BYTES = DEFAULT_MAX_REFERENCE_BYTES
PART_BYTES = 1 << 20
"""One part; a message of over 10 MB would close the connection."""

MAX_OPEN = 16
STALE_S = 120.0
"""Seconds without a part after which an upload is forgotten: its page was closed."""


@dataclass(slots=True)
class _Upload:
    parts: int
    size_bytes: int
    last_at: float
    got: dict[int, bytes] = field(default_factory=dict)


class Uploads:
    """The uploads under way. Any thread; parts may come in any order, and twice."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._lock = Lock()
        self._open: dict[str, _Upload] = {}

    def take(self, upload_id: str, *, part: int, parts: int, size_bytes: int, data: bytes) -> bytes | None:
        """Takes one part; returns the whole file once nothing is missing, else None.

        Args:
            upload_id: Made by the browser.
            part: Which one, from 0.
            parts: How many there are.
            size_bytes: Of the whole file.
            data: The part's bytes.

        Raises:
            BadReference: The file is no image, is too large, or its parts do not fit together; it is forgotten.
        """
        self.sweep()
        with self._lock:
            now = self._now()
            upload = self._open.get(upload_id)
            try:
                if upload is None:
                    upload = self._begin(parts, size_bytes, now)
                    self._open[upload_id] = upload
                return self._add(upload, upload_id, part, parts, data, now)
            except BadReference:
                self._open.pop(upload_id, None)
                raise

    def forget(self, upload_id: str) -> None:
        """Drops an upload that the user stopped."""
        with self._lock:
            self._open.pop(upload_id, None)

    def sweep(self) -> None:
        """Forgets those whose page was closed."""
        if not self._open:  # as nearly always
            return
        with self._lock:
            now = self._now()
            self._open = {name: one for name, one in self._open.items() if now - one.last_at < STALE_S}

    def _begin(self, parts: int, size_bytes: int, now: float) -> _Upload:
        if size_bytes > MAX_BYTES:
            raise BadReference(
                f"The file has {size_bytes / 1048576:.1f} MB, and a reference {MAX_BYTES / 1048576:.3g} MB at most.",
                next_step="Choose a smaller one.",
            )
        if not 1 <= parts <= MAX_BYTES // PART_BYTES + 1 or size_bytes < 1:
            raise _torn()
        if len(self._open) >= MAX_OPEN:
            raise BadReference("Too many files are on their way at once.", next_step="Wait a moment, then try again.")
        return _Upload(parts=parts, size_bytes=size_bytes, last_at=now)

    def _add(self, upload: _Upload, upload_id: str, part: int, parts: int, data: bytes, now: float) -> bytes | None:
        if parts != upload.parts or not 0 <= part < parts or len(data) > PART_BYTES:
            raise _torn()
        if part == 0 and sniff_mime(data) not in REFERENCE_MIMES:
            raise BadReference(
                "The file is not an image that a model can take.", next_step="Choose a PNG, JPEG, WebP or GIF."
            )
        upload.got[part], upload.last_at = data, now
        if len(upload.got) < upload.parts:
            return None
        whole = b"".join(upload.got[index] for index in range(upload.parts))
        if len(whole) != upload.size_bytes:
            raise _torn()
        del self._open[upload_id]
        return whole


def _torn() -> BadReference:
    return BadReference("The file did not arrive whole.", next_step="Choose it again.")
