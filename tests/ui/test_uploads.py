from __future__ import annotations

import pytest

from photogram.errors import BadReference
from photogram.ui.uploads import MAX_BYTES, MAX_OPEN, PART_BYTES, STALE_S, Uploads

from .kinds import encode

HEAD = b"\x89PNG\r\n\x1a\n"


def parts_of(data: bytes) -> list[bytes]:
    return [data[at : at + PART_BYTES] for at in range(0, len(data), PART_BYTES)]


def give(uploads: Uploads, data: bytes, order: list[int], upload_id: str = "u") -> bytes | None:
    parts, whole = parts_of(data), None
    for at in order:
        whole = uploads.take(upload_id, part=at, parts=len(parts), size_bytes=len(data), data=parts[at])
    return whole


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [0, 0, 2, 1], [1, 0, 1, 2]])
def test_a_file_is_whole_in_whatever_order_its_parts_come(order):
    data = HEAD + bytes(range(256)) * 10_000
    assert len(parts_of(data)) == 3
    assert give(Uploads(), data, order) == data


def test_a_small_file_is_one_part():
    data = encode((255, 0, 0))
    assert give(Uploads(), data, [0]) == data


@pytest.mark.parametrize(
    "data", [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"MZ\x90\x00", b"%PDF-1.7", b"\x00" * 64]
)
def test_what_is_no_image_is_refused_at_its_first_part(data):
    with pytest.raises(BadReference, match="not an image"):
        give(Uploads(), data, [0])


def test_a_file_over_the_limit_is_refused_before_it_travels():
    with pytest.raises(BadReference, match=r"10\.0 MB, and a reference 10 MB"):
        Uploads().take("u", part=0, parts=11, size_bytes=MAX_BYTES + 1, data=HEAD)


def test_a_file_of_exactly_the_limit_is_taken():
    data = HEAD + b"\0" * (MAX_BYTES - len(HEAD))
    assert give(Uploads(), data, list(range(10))) == data


@pytest.mark.parametrize(
    "said",
    [
        {"part": 3, "parts": 3}, {"part": -1, "parts": 3}, {"part": 0, "parts": 0}, {"part": 0, "parts": 10**9},
        {"part": 0, "parts": 1, "size_bytes": 999}, {"part": 0, "parts": 1, "size_bytes": -1},
    ],
)  # fmt: skip
def test_parts_that_do_not_fit_are_refused_and_forgotten(said):
    uploads = Uploads()
    with pytest.raises(BadReference, match="did not arrive whole"):
        uploads.take("u", **{"size_bytes": 3 * PART_BYTES, "data": HEAD, **said})
    data = encode((255, 0, 0))
    assert give(uploads, data, [0]) == data


def test_a_part_that_is_too_large_is_refused():
    with pytest.raises(BadReference, match="did not arrive whole"):
        Uploads().take("u", part=0, parts=2, size_bytes=2 * PART_BYTES, data=HEAD + b"\0" * PART_BYTES)


def test_uploads_that_stopped_make_room_for_others():
    now = 0.0
    uploads = Uploads(lambda: now)
    for index in range(MAX_OPEN):
        uploads.take(f"u{index}", part=0, parts=2, size_bytes=PART_BYTES + 1, data=HEAD)
    data = encode((255, 0, 0))
    with pytest.raises(BadReference, match="Too many files"):
        give(uploads, data, [0], "one more")
    now = STALE_S
    assert give(uploads, data, [0], "one more") == data
