"""Finishes a painted canvas in a style."""

from __future__ import annotations

from PIL import Image

from .canvas import Canvas
from .style_line import as_blueprint, as_ink
from .style_print import as_pixels, as_poster
from .style_wet import as_painting, as_watercolor


def finish(canvas: Canvas, style: str, size: tuple[int, int], fine: bool) -> Image.Image:
    """Returns the picture in its style; pixel art at `size`, the others at the canvas's own size.

    Args:
        canvas: What was painted.
        style: One of `card.STYLES`.
        size: Of the finished picture.
        fine: Whether it is painted at twice its size.
    """
    match style:
        case "watercolor":
            return as_watercolor(canvas)
        case "ink":
            return as_ink(canvas)
        case "poster":
            return as_poster(canvas, fine)
        case "pixel_art":
            return as_pixels(canvas, size, fine)
        case "blueprint":
            return as_blueprint(canvas)
        case _:
            return as_painting(canvas)
