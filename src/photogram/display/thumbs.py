"""Thumbnails: small WebP copies for grids and panels. The stored image itself is never touched."""

from __future__ import annotations

import io
import re
import struct
from typing import TYPE_CHECKING

from ..domain.asset import sniff_mime

if TYPE_CHECKING:
    from PIL.Image import Image

THUMB_PX = 384
"""Longest side of a thumbnail, in pixels."""

MAX_PIXELS = 100_000_000
"""Larger images are not decoded: a few kilobytes of file can claim gigabytes of pixels."""

_LARGEST_SVG_PX = 1_000_000
"""An SVG may be of any size, but none is drawn that large."""

NOTEBOOK_BYTES = 1_600_000
"""What the pictures of one grid may take together; base64 adds a third, and a notebook stays under 2.5 MB."""

_QUALITIES = (80, 70, 60, 50, 40, 30, 20, 10)
_SMALLEST_PX = 16

_READ = ("PNG", "JPEG", "WEBP", "GIF", "AVIF")
"""Formats that are decoded. Pillow knows forty more, and hands PostScript to whatever interpreter is installed."""

_DAMAGE = (ArithmeticError, AttributeError, LookupError, OSError, EOFError, RuntimeError, SyntaxError, TypeError,
           ValueError, struct.error)  # fmt: skip
"""What Pillow raises over damaged bytes (seen, most of them, by damaging 80,000 files at random; 13.0)."""


class UnreadableImage(ValueError):  # noqa: N818  (who asked knows whose fault it is, and says so in its own words)
    """These bytes cannot be read as an image, or claim more pixels than we decode."""


def grid_budget(images: int) -> tuple[int, int]:
    """Returns (longest side in pixels, most bytes) of each thumbnail of a grid.

    Args:
        images: How many images the grid shows.
    """
    if images <= 16:
        return THUMB_PX, NOTEBOOK_BYTES // 16
    return (256 if images <= 100 else 160), max(3_000, NOTEBOOK_BYTES // images)


def make_thumb(data: bytes, *, max_px: int = THUMB_PX, max_bytes: int | None = None) -> bytes:
    """Returns a WebP thumbnail: upright, in proportion, never enlarged; of an animation the first frame.

    Takes some milliseconds of CPU; call it off the event loop. Any thread.

    Args:
        data: The image's bytes: PNG, JPEG, WebP, GIF or AVIF.
        max_px: Longest side of the thumbnail, in pixels.
        max_bytes: Most bytes it may have; quality is lowered step by step, then the size. None sets no limit.

    Raises:
        UnreadableImage: It is no such image, it is damaged, or it has over 100 million pixels.
    """
    from PIL import Image

    opened = _open(data)
    try:
        opened.draft("RGB", (2 * max_px, 2 * max_px))  # a JPEG is decoded at the size that is needed
        profile = opened.info.get("icc_profile", b"") if opened.mode in ("RGB", "RGBA") else b""
        image = _to_web_colours(_upright(opened))
    except _DAMAGE as error:
        raise UnreadableImage(f"The image is damaged: {error}.") from error
    image.thumbnail((max_px, max_px), Image.Resampling.LANCZOS, reducing_gap=2.0)
    profile = profile if len(profile) <= 4_096 else b""
    while True:
        for quality in _QUALITIES:
            out = io.BytesIO()
            image.save(out, "WEBP", quality=quality, method=2, icc_profile=profile)
            if max_bytes is None or out.tell() <= max_bytes or max(image.size) <= _SMALLEST_PX:
                return out.getvalue()
        image = image.resize((max(1, image.width * 3 // 4), max(1, image.height * 3 // 4)))


def image_size(data: bytes) -> tuple[int, int, str]:
    """Returns (width in pixels, height in pixels, mime type) as the image is shown: upright. Any thread.

    Only the header is read, so a broken body is not noticed here.

    Args:
        data: The file's bytes.

    Raises:
        UnreadableImage: It is no image we know, or it has over 100 million pixels.
    """
    mime = sniff_mime(data)
    if mime == "image/svg+xml":
        return (*_svg_size(data), mime)
    if mime is None:
        raise UnreadableImage("This is not a PNG, JPEG, WebP, GIF, AVIF or SVG image.")
    opened = _open(data)
    width, height = opened.size
    # A PNG without EXIF at its head is not asked further: Pillow would decode all of it to look for some at its end.
    has_exif = opened.format != "PNG" or "exif" in opened.info
    turned = has_exif and _orientation(opened) in (5, 6, 7, 8)  # a quarter turn
    return (height, width, mime) if turned else (width, height, mime)


def check_whole(data: bytes) -> None:
    """Makes sure that nothing of an image is missing: a PNG by its checksums, others by decoding the first frame.

    Any thread; a millisecond for a PNG, some for others.

    Args:
        data: The file's bytes; an SVG passes.

    Raises:
        UnreadableImage: It is damaged, or has over 100 million pixels.
    """
    if sniff_mime(data) == "image/svg+xml":
        return
    opened = _open(data)
    try:
        if opened.format == "PNG":
            opened.verify()
        else:
            opened.load()
    except _DAMAGE as error:
        raise UnreadableImage(f"The image is damaged: {error}.") from error


def _orientation(opened: Image) -> int:
    """Returns EXIF's orientation, 1 to 8; 1 where there is none, or nobody can read it: the picture is there."""
    try:
        return int(opened.getexif().get(0x0112, 1))
    except _DAMAGE:
        return 1


def _upright(opened: Image) -> Image:
    from PIL import ImageOps

    if _orientation(opened) == 1:
        return opened
    try:
        return ImageOps.exif_transpose(opened)
    except (SyntaxError, struct.error):  # it turned the picture, but could not write what EXIF then says
        return opened


def _open(data: bytes) -> Image:
    """Reads the header, and refuses what is no image or too large to decode."""
    from PIL import Image

    try:
        opened = Image.open(io.BytesIO(data), formats=_READ)
    except Image.DecompressionBombError as error:
        raise UnreadableImage(f"The image has over {MAX_PIXELS // 1_000_000} million pixels.") from error
    except _DAMAGE as error:
        raise UnreadableImage("These bytes are not an image that can be read.") from error
    if opened.width * opened.height > MAX_PIXELS:
        size = f"{opened.width} × {opened.height} pixels"
        raise UnreadableImage(f"The image has {size}; over {MAX_PIXELS // 1_000_000} million are not read.")
    return opened


def _to_web_colours(image: Image) -> Image:
    """Returns it as RGB, or as RGBA where a pixel really is transparent."""
    if image.mode.startswith("I"):  # 16 bits a pixel: keep the upper 8, Pillow would clip
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if not image.has_transparency_data:
        return image.convert("RGB")
    image = image.convert("RGBA")
    darkest_alpha, _ = image.getchannel("A").getextrema()
    return image.convert("RGB") if darkest_alpha == 255 else image


def _svg_size(data: bytes) -> tuple[int, int]:
    """Reads width and height, or the viewBox, of the first <svg> tag; CSS's own default where it has neither."""
    tag = re.search(rb"<svg\b[^>]*>", data[:65_536], re.IGNORECASE)
    text = tag[0].decode("utf-8", "replace") if tag else ""
    sides = [re.search(rf"\s{name}\s*=\s*[\"']\s*(\d+(?:\.\d+)?)(?:px)?\s*[\"']", text) for name in ("width", "height")]
    if sides[0] and sides[1]:
        return _svg_side(sides[0][1]), _svg_side(sides[1][1])
    box = re.search(r"\sviewBox\s*=\s*[\"']\s*[-\d.]+[\s,]+[-\d.]+[\s,]+(\d+(?:\.\d+)?)[\s,]+(\d+(?:\.\d+)?)", text)
    return (_svg_side(box[1]), _svg_side(box[2])) if box else (300, 150)


def _svg_side(text: str) -> int:
    side = float(text)
    if side > _LARGEST_SVG_PX:
        raise UnreadableImage(f"The SVG claims a side of over {_LARGEST_SVG_PX:,} pixels.")
    return max(1, round(side))
