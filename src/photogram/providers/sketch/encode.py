"""RGB pixels as PNG bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image


def encode_png(image: Image.Image) -> bytes:
    """Returns the PNG file of an RGB image, without any metadata."""
    import io

    out = io.BytesIO()
    image.convert("RGB").save(out, "PNG", compress_level=6)
    return out.getvalue()
