"""RGB pixels as PNG bytes that are the same on every machine."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .deflate import zlib_stream

if TYPE_CHECKING:
    from PIL import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = 3


def encode_png(image: Image.Image) -> bytes:
    """Returns the PNG file of an image, as 8-bit RGB and without any metadata."""
    pixels = np.asarray(image.convert("RGB"))
    height, width = pixels.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib_stream(_filtered(pixels.reshape(height, width * _CHANNELS)).reshape(-1))
    return SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _filtered(rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Returns every row behind its filter's number: of "sub", "up", "average" the one that leaves least."""
    height, width = rows.shape
    left = np.zeros_like(rows)
    left[:, _CHANNELS:] = rows[:, :-_CHANNELS]
    above = np.zeros_like(rows)
    above[1:] = rows[:-1]
    middle = (left & above) + ((left ^ above) >> 1)  # their average, rounded down, without leaving bytes
    candidates = [rows - left, rows - above, rows - middle]
    residues = np.stack([_size(candidate) for candidate in candidates])
    best = np.argmin(residues, axis=0)
    filtered = np.empty((height, width + 1), np.uint8)
    filtered[:, 0] = best + 1
    for index, candidate in enumerate(candidates):
        chosen = best == index
        filtered[chosen, 1:] = candidate[chosen]
    return filtered


def _size(residue: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Returns how far from 0 every row is (a byte past 127 counts as negative)."""
    return np.asarray(np.minimum(residue, 0 - residue).sum(axis=1, dtype=np.uint32))
