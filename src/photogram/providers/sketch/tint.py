"""Draws a whole picture towards the colour that the prompt names."""

from __future__ import annotations

from PIL import Image

from .canvas import Canvas, toned
from .palettes import luma, mix
from .reading import Colour

BARE_WORD = 0.52
"""How far a colour that belongs to nothing tints the picture."""

OF_A_THING = 0.10
"""How far the colour of a thing does: as if it threw its light around."""


def tint_picture(canvas: Canvas) -> None:
    """Tints the canvas by the prompt's bare colour, or slightly by the colour of its first coloured thing."""
    scene = canvas.scene
    if scene.tint:
        _tint(canvas, scene.tint, BARE_WORD)
        return
    accents = [thing.colour for thing in scene.things if thing.colour]
    if accents:
        _tint(canvas, accents[0], OF_A_THING)


def _tint(canvas: Canvas, colour: Colour, share: float) -> None:
    """Blends the picture with a print of itself in one colour, each tone as bright as it was."""
    own = max(30.0, min(225.0, luma(colour)))
    middle = round(own / 255 * 8)
    tones = [
        mix((8, 8, 16), colour, k / middle)
        if k <= middle
        else mix(colour, (255, 255, 255), (k - middle) / (8 - middle))
        for k in range(9)
    ]
    print_ = toned(canvas.image.convert("L"), canvas.image.size, tones)
    canvas.image = Image.blend(canvas.image, print_, share)
