"""What bytes are, by the bytes themselves."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from photogram.domain.asset import EXTENSIONS, REFERENCE_MIMES, Asset, sniff_mime

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def encode(kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (3, 2), "teal").save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("kind", "mime"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp"), ("GIF", "image/gif")]
)
def test_an_image_is_known_by_its_bytes(kind, mime):
    assert sniff_mime(encode(kind)) == mime
    assert mime in REFERENCE_MIMES


@pytest.mark.parametrize(
    "data",
    [
        SVG,
        b"\xef\xbb\xbf  \n" + SVG,
        b'<?xml version="1.0"?>\n<!-- hello -->\n' + SVG,
        b"<!-- " + b"x" * 300 + b" -->" + SVG,
        b"<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN'>" + SVG,
        SVG.upper(),
    ],
)
def test_an_svg_is_known_however_it_begins_and_is_never_a_reference(data):
    assert sniff_mime(data) == "image/svg+xml"
    assert sniff_mime(data) not in REFERENCE_MIMES


@pytest.mark.parametrize("data", [b"", b"\x89PN", b"RIFF1234WAVE", b"%PDF-1.7", b"<html><svg>", b"BM1234"])
def test_what_is_no_image_we_know_is_none(data):
    assert sniff_mime(data) is None


@given(st.binary(max_size=64))
def test_any_bytes_are_one_of_the_known_types_or_none(data):
    assert sniff_mime(data) in {None, *EXTENSIONS}


def test_a_reference_is_never_something_a_browser_runs():
    assert not REFERENCE_MIMES & {"image/svg+xml", "text/html", "application/pdf"}


def test_a_stored_image_has_its_true_extension():
    asset = Asset(sha256="ab" + "0" * 62, mime="image/jpeg", width=1, height=1, size_bytes=1)
    assert asset.relative_path == f"ab/{asset.sha256}.jpg"
