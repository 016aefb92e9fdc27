"""Image bytes: what they are by their first bytes, and what a row says of them."""

from __future__ import annotations

from dataclasses import dataclass

EXTENSIONS: dict[str, str] = {
    "image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "image/gif": "gif",
    "image/avif": "avif", "image/svg+xml": "svg",
}  # fmt: skip
"""The file extension of each mime type a result may have."""

REFERENCE_MIMES = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})
"""What a reference image may be; SVG never, because it can carry scripts and fetch things."""

DEFAULT_MAX_REFERENCE_BYTES = 10 * 1024 * 1024
"""10 MB: the largest reference where the card states no limit."""


TRANSPARENT, WHITE = "transparent", "white"
"""Which parts of a mask change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskOffer:
    """What a model takes as a mask.

    Attributes:
        changes: Which parts of it change, `TRANSPARENT` or `WHITE`; "" where that is not known.
        max_bytes: Largest file, or None: as a reference image.
        mimes: Types; none: as a reference image.
    """

    changes: str = ""
    max_bytes: int | None = None
    mimes: frozenset[str] = frozenset()


def sniff_mime(data: bytes) -> str | None:
    """Returns the image type of these bytes by their signature, or None if they are no image we know.

    Args:
        data: The first 32 bytes at least; an SVG is looked for in the first kilobyte.
    """
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return "image/gif"
    if data[4:8] == b"ftyp" and data[8:12] in (b"avif", b"avis"):
        return "image/avif"
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith(b"<svg") or (head.startswith((b"<?xml", b"<!--", b"<!doctype svg")) and b"<svg" in head):
        return "image/svg+xml"
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One stored image.

    Attributes:
        sha256: Hex digest of the bytes; also the file's name.
        mime: Its type, from the bytes themselves.
        width: Pixels.
        height: Pixels.
        size_bytes: Length of the file.
    """

    sha256: str
    mime: str
    width: int
    height: int
    size_bytes: int

    @property
    def extension(self) -> str:
        """The true file extension, without a dot."""
        return EXTENSIONS[self.mime]

    @property
    def relative_path(self) -> str:
        """Where it lies below `images/` or `references/`: `ab/abcd….png`."""
        return f"{self.sha256[:2]}/{self.sha256}.{self.extension}"
