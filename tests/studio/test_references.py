"""Reference images: every way to give one, and everything that is none."""

from __future__ import annotations

import hashlib
import io
import itertools
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from photogram.domain.task import TaskStatus
from photogram.errors import BadParams, BadReference, NotReady, Refused

from .conftest import files, rows
from .painters import encode

RED = encode((255, 0, 0), (9, 7), "PNG")
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def ways(studio, tmp_path):
    (tmp_path / "red.png").write_bytes(RED)
    return {
        "path": tmp_path / "red.png",
        "text": str(tmp_path / "red.png"),
        "bytes": RED,
        "bytearray": bytearray(RED),
        "memoryview": memoryview(RED),
        "list": [RED],
        "tuple": (tmp_path / "red.png",),
        "generator": (one for one in [RED]),
    }


@pytest.mark.parametrize("way", ["path", "text", "bytes", "bytearray", "memoryview", "list", "tuple", "generator"])
def test_a_reference_can_be_given_in_many_ways(studio, dots, ways, way):
    batch = studio.generate("a cat", images=ways[way]).wait(10)
    assert batch[0].status is TaskStatus.SUCCESS
    (reference,) = batch.record.references
    assert (reference.sha256, reference.mime, reference.width, reference.height) == (digest(RED), "image/png", 9, 7)
    assert dots.runs[0].references[0].data == RED
    assert batch.df()["refs"].iloc[0].tolist() == [digest(RED)]


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "1", "CMYK", "I;16", "F", "LA", "YCbCr"])
def test_a_pil_image_of_any_mode_is_a_reference(studio, dots, mode):
    image = Image.new(mode, (5, 4))
    studio.generate("a cat", images=image).wait(10)
    sent = Image.open(io.BytesIO(dots.runs[0].references[0].data))
    assert (sent.size, sent.format) == ((5, 4), "PNG")


def test_an_image_that_was_made_is_a_reference(studio, dots):
    first = studio.generate("jpeg please").wait(10)[0]
    second = studio.generate("a cat", images=first).wait(10)
    assert second[0].status is TaskStatus.SUCCESS
    assert second.record.references[0].sha256 == first.asset.sha256
    assert second.record.references[0].mime == "image/jpeg"


def test_the_images_of_a_batch_are_references(studio):
    first = studio.generate("a cat", n=2).wait(10)
    second = studio.generate("a dog", images=first).wait(10)
    assert [one.sha256 for one in second.record.references] == [one.asset.sha256 for one in first]


def test_references_keep_their_order_and_may_repeat(studio, dots):
    green = encode((0, 255, 0), (9, 9), "WEBP")
    batch = studio.generate("a cat", images=[green, RED]).wait(10)
    assert [one.sha256 for one in dots.runs[0].references] == [digest(green), digest(RED)]
    assert studio.generate("a cat", images=[RED, RED]).wait(10)[0].status is TaskStatus.SUCCESS
    assert batch.record.references[0].extension == "webp"


def test_the_same_reference_twice_is_stored_once(studio):
    for _ in range(2):
        studio.generate("a cat", images=RED).wait(10)
    assert rows(studio)["refs"] == 1
    assert [name for name in files(studio) if name.startswith("references")] == [
        f"references/{digest(RED)[:2]}/{digest(RED)}.png"
    ]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_the_four_formats_are_taken_whatever_the_file_is_called(studio, tmp_path, kind):
    (tmp_path / "image.txt").write_bytes(encode((1, 2, 3), (4, 4), kind))
    batch = studio.generate("a cat", images=tmp_path / "image.txt").wait(10)
    assert batch.record.references[0].mime == f"image/{kind.lower()}"


WRONG = {
    "svg": SVG,
    "svg with a png's name": Path("trick.png"),
    "text": b"hello",
    "nothing": b"",
    "pdf": b"%PDF-1.7 ...",
    "bmp": encode((0, 0, 0), (4, 4), "BMP"),
    "tiff": encode((0, 0, 0), (4, 4), "TIFF"),
    "a cut png": RED[:40],
    "a png's first bytes only": RED[:8],
    "a damaged jpeg": encode((0, 0, 0), (40, 40), "JPEG")[:120],
    "too large": RED + b"\0" * 2_000,
    "a number": 7,
    "a dict": {"path": "red.png"},
    "an array": np.zeros((4, 4, 3), np.uint8),
    "no file": Path("/nowhere/at/all.png"),
    "a folder": Path("."),
    "a name with a zero": "a\0b.png",
    "a name with a surrogate": "a\ud800.png",
    "a very long name": "x" * 5_000,
    "an url": "https://example.com/cat.png",
    "a missing home": "~nobody-of-this-name/cat.png",
    "an empty name": "",
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_no_reference_is_refused_and_nothing_is_written(studio, tmp_path, monkeypatch, what):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trick.png").write_bytes(SVG)
    for images in ([RED, WRONG[what]], [WRONG[what]]):
        with pytest.raises(BadReference, match=f"Reference {len(images)}") as caught:
            studio.generate("a cat", topic="New", images=images)
        assert caught.value.next_step
    assert rows(studio) == dict.fromkeys(rows(studio), 0)
    assert files(studio) == []


def test_a_picture_that_claims_gigapixels_is_refused(studio):
    header = bytearray(RED)
    header[16:24] = (60_000).to_bytes(4, "big") * 2
    with pytest.raises(BadReference):
        studio.generate("a cat", images=bytes(header))
    assert files(studio) == []


def test_too_many_references_are_a_problem_like_any_other(studio):
    with pytest.raises(BadParams) as caught:
        studio.generate("a cat", images=[RED] * 3, width=-1)
    assert len(caught.value.problems) == 2
    assert any("images takes 2 at most, not 3" in problem for problem in caught.value.problems)
    assert rows(studio)["refs"] == 0


def test_an_endless_generator_of_references_does_not_hang(studio):
    with pytest.raises(BadParams, match="images takes 2 at most"):
        studio.generate("a cat", images=itertools.repeat(RED))


def test_an_image_that_is_not_ready_or_failed_is_no_reference(studio, dots):
    waiting = studio.generate("hold on")
    with pytest.raises((BadReference, NotReady)):
        studio.generate("a cat", images=waiting[0])
    failed = studio.generate("refuse this")
    dots.go.set()
    failed.wait(10)
    with pytest.raises((BadReference, Refused)):
        studio.generate("a cat", images=failed[0])
    assert rows(studio)["batches"] == 2


def test_no_references_are_no_references(studio):
    for images in (None, [], ()):
        assert studio.generate("a cat", images=images).record.references == ()


def test_a_reference_that_vanished_from_the_workspace_fails_its_image_and_says_so(studio, dots):
    batch = studio.generate("hold on", n=3, images=RED)
    dots.started.wait(5)
    (path,) = (studio.workspace / "references").rglob("*.png")
    path.unlink()
    dots.go.set()
    last = batch.wait(10)[2]
    assert last.status is TaskStatus.ERROR
    assert last.error.kind == "storage"
    assert "reference" in last.error.message.lower()
