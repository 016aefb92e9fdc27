"""A message from a browser can never name a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from photogram.errors import BadReference, NotFound, NotYours
from photogram.studio.references import take_from_browser

from .painters import encode

RED = encode((255, 0, 0), (9, 7), "PNG")


class Slippery(str):
    """A text that would open as a path."""

    def __fspath__(self) -> str:
        return str(self)


def test_bytes_and_generations_are_taken(studio):
    made = studio.generate("a boat").wait(10)[0]
    taken = take_from_browser(studio, [RED, bytearray(RED), memoryview(RED), made.id])
    assert taken[:3] == [RED] * 3
    assert all(type(one) is bytes for one in taken[:3])
    batch = studio.generate("again", images=taken[2:]).wait(10)
    assert batch[0].error is None
    assert len(batch.record.references) == 2


def test_no_path_is_taken_however_it_is_written(studio, tmp_path):
    file = tmp_path / "red.png"
    file.write_bytes(RED)
    for path in (
        str(file), file, Slippery(file), f"file://{file}", "~/.ssh/id_rsa", "red.png", "../red.png", "", "gen_../../x",
        "http://127.0.0.1/red.png", {"path": str(file)}, [str(file)], None, 7, Path("/etc/passwd"), [RED],
    ):  # fmt: skip
        with pytest.raises(BadReference, match="not the bytes of a file"):
            take_from_browser(studio, [RED, path])


def test_generation_of_another_user_is_not_taken(studio, open_studio):
    made = studio.generate("a boat").wait(10)[0]
    with pytest.raises(NotYours):
        take_from_browser(open_studio(user="bob"), [made.id])
    with pytest.raises(NotFound):
        take_from_browser(studio, [made.id[:-4] + "zzzz"])
