"""Noise that is the same on every machine: hashed seeds, integer lattices, and only adds and multiplies on pixels.

IEEE 754 rounds `+ - * /` and `sqrt` exactly, so nothing here depends on which vector instructions a processor has;
`sin`, `exp` and `pow` on arrays would.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float64]
"""An array of heights, weights or tones; usually (height, width) and within 0–1."""

Cells = float | tuple[float, float]
"""Lattice cells across the longer side, or across and down."""


def stable_seed(*parts: object) -> int:
    """Returns a 64-bit seed that depends only on the text of `parts`, on every machine and in every process."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def generator(seed: int) -> np.random.Generator:
    """Returns a PCG64 generator; use `random()` and `integers()` only (others call the C library's `log` and `exp`)."""
    return np.random.Generator(np.random.PCG64(seed))


def smoothstep(field: Field) -> Field:
    """Returns 3t² - 2t³ of a field within 0–1: the usual ease in and out."""
    slope = field * 2.0
    np.subtract(3.0, slope, out=slope)
    slope *= field * field
    return slope


def ramp(field: Field, low: float, high: float) -> Field:
    """Returns 0 below `low`, 1 above `high`, and an ease between."""
    return smoothstep(np.clip((field - low) / (high - low), 0.0, 1.0))


def value_noise(width: int, height: int, cells: Cells, rng_seed: int) -> Field:
    """Returns smooth random heights, (height, width), within 0–1.

    Args:
        width: Columns.
        height: Rows.
        cells: Lattice cells across the longer side, or (across, down).
        rng_seed: Seed of the lattice and of where it starts.
    """
    across, down = _cells(width, height, cells)
    rng = generator(rng_seed)
    lattice = rng.random((int(down) + 3, int(across) + 3))
    shift_x, shift_y = rng.random(2)
    left, to_right = _lattice_steps(width, across, shift_x)
    top, to_bottom = _lattice_steps(height, down, shift_y)
    rows = lattice[top] + (lattice[top + 1] - lattice[top]) * to_bottom[:, None]
    slopes = np.diff(rows, axis=1)
    heights = np.take(slopes, left, axis=1)
    heights *= to_right
    heights += np.take(rows, left, axis=1)
    return heights


def fbm(width: int, height: int, cells: Cells, octaves: int, rng_seed: int) -> Field:
    """Returns octaves of value noise, each twice as fine and half as strong, (height, width), within 0–1.

    Args:
        width: Columns.
        height: Rows.
        cells: Lattice cells of the coarsest octave across the longer side, or (across, down).
        octaves: How many.
        rng_seed: Seed of all of them.
    """
    across, down = _cells(width, height, cells)
    total: Field = np.zeros((height, width))
    strength, whole = 1.0, 0.0
    for octave in range(octaves):
        scale = 2.0**octave
        noise = value_noise(width, height, (across * scale, down * scale), stable_seed(rng_seed, octave))
        noise *= strength
        total += noise
        whole += strength
        strength *= 0.5
    total /= whole
    return total


def profile(width: int, cells: float, octaves: int, rng_seed: int) -> Field:
    """Returns a smooth random line, (width,), within 0–1: the outline of hills."""
    return np.asarray(fbm(width, 1, (cells, 1.0), octaves, rng_seed)[0])


def ridges(width: int, height: int, cells: Cells, octaves: int, rng_seed: int) -> Field:
    """Returns noise with sharp crests, (height, width), within 0–1: the outline or the flank of mountains."""
    across, down = _cells(width, height, cells)
    total: Field = np.zeros((height, width))
    strength, whole = 1.0, 0.0
    for octave in range(octaves):
        scale = 2.0**octave
        noise = value_noise(width, height, (across * scale, down * scale), stable_seed(rng_seed, "ridge", octave))
        total += (1.0 - np.abs(2.0 * noise - 1.0)) * strength
        whole += strength
        strength *= 0.5
    total /= whole
    return total


def _cells(width: int, height: int, cells: Cells) -> tuple[float, float]:
    if isinstance(cells, tuple):
        return cells
    longer = max(width, height)
    return cells * width / longer, cells * height / longer


def _lattice_steps(pixels: int, cells: float, shift: float) -> tuple[NDArray[np.intp], Field]:
    """Returns the lattice point before every pixel, and how far past it the pixel lies (eased)."""
    places = (np.arange(pixels) + 0.5) * (cells / pixels) + shift
    before = places.astype(np.intp)
    return before, smoothstep(np.asarray(places - before, dtype=np.float64))
