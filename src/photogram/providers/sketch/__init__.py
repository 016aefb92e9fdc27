"""The built-in offline provider: a procedural painter on NumPy and Pillow, both imported only when it paints."""

from __future__ import annotations

from .provider import Sketch

__all__ = ["Sketch"]
