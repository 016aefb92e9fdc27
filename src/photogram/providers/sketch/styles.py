"""Finishes a painted canvas in a style."""

from __future__ import annotations

from PIL import Image

from .canvas import Canvas


def finish(canvas: Canvas, style: str, size: tuple[int, int], fine: bool) -> Image.Image:
    """Returns the picture in its style."""
    return canvas.image
