"""The sketcher's own PNG encoder: any reader gets the same pixels back."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from photogram.providers.sketch.deflate import BLOCK_BYTES, zlib_stream
from photogram.providers.sketch.encode import encode_png


def picture(width, height, kind):
    rng = np.random.default_rng(5)
    if kind == "noise":
        return rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    if kind == "flat":
        return np.full((height, width, 3), 77, np.uint8)
    steps = np.arange(width * height * 3) // 7 % 256
    return steps.astype(np.uint8).reshape(height, width, 3)


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (64, 64), (301, 257), (1024, 700)])
@pytest.mark.parametrize("kind", ["noise", "flat", "ramp"])
def test_pillow_reads_the_same_pixels(size, kind):
    pixels = picture(*size, kind)
    data = encode_png(Image.fromarray(pixels))
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(data))), pixels)


def test_there_is_no_metadata():
    data = encode_png(Image.fromarray(picture(40, 30, "ramp")))
    kinds, at = [], 8
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        kinds.append(data[at + 4 : at + 8])
        at += 12 + length
    assert kinds == [b"IHDR", b"IDAT", b"IEND"]


def test_flat_pictures_are_small():
    assert len(encode_png(Image.fromarray(picture(512, 512, "flat")))) < 20_000


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=1, max_size=3_000))
def test_zlib_inflates_any_bytes(data):
    assert zlib.decompress(zlib_stream(np.frombuffer(data, np.uint8))) == data


def test_zlib_inflates_many_blocks_with_skewed_bytes():
    rng = np.random.default_rng(3)
    skewed = np.minimum(rng.geometric(0.5, 2 * BLOCK_BYTES + 77) - 1, 255).astype(np.uint8)
    skewed[1000:400_000] = 0
    assert zlib.decompress(zlib_stream(skewed)) == skewed.tobytes()


def test_codes_stay_within_fifteen_bits():
    fibonacci = [1, 1]
    while len(fibonacci) < 26:
        fibonacci.append(fibonacci[-1] + fibonacci[-2])
    data = np.repeat(np.arange(1, 27, dtype=np.uint8), fibonacci)
    assert zlib.decompress(zlib_stream(data)) == data.tobytes()
