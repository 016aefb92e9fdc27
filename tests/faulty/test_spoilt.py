"""What was paid for and cannot be read is kept, and stands in the way of nothing."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from photogram.domain.records import GenerationRecord
from photogram.domain.task import TaskStatus
from photogram.engine.engine import Engine
from photogram.errors import StorageFailed
from photogram.store import Cursor, assets

from .adapter import PRICE_MICROS
from .harness import again, always, check_money, check_said, first, made, until
from .server import Reply, Server, bomb, image_in_answer, png

SUCCESS, ERROR = TaskStatus.SUCCESS, TaskStatus.ERROR

TORN = png(size=(300, 300))[:-12]
JXL = b"\x00\x00\x00\x0cJXL \r\n\x87\n" + bytes(range(200))


def kept(workspace: Path, generation: GenerationRecord) -> Path | None:
    """Returns where an image's spoilt bytes are, as its error says it."""
    found = [path for path in (workspace / "spill").resolve().iterdir() if path.is_file()]
    assert len(found) <= 1
    assert generation.error
    assert all(f"The bytes are in {path}." in generation.error.detail for path in found)
    return found[0] if found else None


@pytest.mark.parametrize(
    ("data", "extension"), [(TORN, ".png"), (JXL, ".bin"), (bomb(), ".png")], ids=["torn", "unknown type", "bomb"]
)
def test_billed_bytes_in_the_submits_answer_that_cannot_be_read_are_kept(
    engine: Engine, server: Server, workspace: Path, data: bytes, extension: str
) -> None:
    server.on_submit = first(image_in_answer(data))
    generation = made(engine)
    check_said(generation, ERROR, "bad_response", "not a whole image. It was made and billed.", "bills, it anew")
    path = kept(workspace, generation)
    assert path
    assert (path.suffix, path.read_bytes()) == (extension, data)
    assert len(server.submits) == 1
    check_money(engine, captured=PRICE_MICROS)
    assert again(engine, generation).status is SUCCESS, "Retry does not store the same bytes again and again"
    assert len(server.submits) == 2
    check_money(engine, captured=2 * PRICE_MICROS)
    assert path.exists()


@pytest.mark.parametrize("data", [b"", b"<html>maintenance</html>", b'  {"error": "gone"}'])
def test_page_or_words_are_not_kept(engine: Engine, server: Server, workspace: Path, data: bytes) -> None:
    server.on_submit = first(image_in_answer(data))
    assert kept(workspace, made(engine)) is None
    check_money(engine, captured=PRICE_MICROS)


def test_download_that_stays_broken_is_kept_after_its_last_try_until_it_comes_whole(
    engine: Engine, server: Server, workspace: Path
) -> None:
    broken = [TORN[:-100], TORN[:-50], TORN]
    there: list[list[Path]] = []
    server.on_fetch = lambda _: (
        there.append(list((workspace / "spill").glob("*tsk*"))) or (Reply(body=broken.pop(0)) if broken else None)
    )
    generation = made(engine)
    check_said(generation, ERROR, "bad_response", "not a whole image", "without paying")
    assert there == [[], [], []]
    path = kept(workspace, generation)
    assert path
    assert path.read_bytes() == TORN
    assert again(engine, generation).status is SUCCESS
    until(lambda: not path.exists())
    assert len(server.submits) == 1
    check_money(engine, captured=PRICE_MICROS)


def test_nothing_of_an_oversized_image_is_kept(
    engine: Engine, server: Server, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("photogram.engine.http.MAX_ANSWER_BYTES", 1_000_000)
    server.on_fetch = always(Reply(body=png() + bytes(3_000_000)))
    assert kept(workspace, made(engine)) is None
    check_money(engine, captured=PRICE_MICROS)


def test_spilled_image_that_was_damaged_since_does_not_stop_every_retry(
    engine: Engine, server: Server, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise StorageFailed("No space left on device.")

    with monkeypatch.context() as patch:
        patch.setattr(engine.store.files, "put", full)
        generation = made(engine)
    check_said(generation, ERROR, "storage", "No space left on device.", "Free some disk space")
    spilled = workspace / "spill" / f"{generation.task_id}.png"
    spilled.write_bytes(JXL)
    stored = again(engine, generation)
    assert (stored.status, stored.task_id, len(server.submits)) == (SUCCESS, generation.task_id, 1)
    assert not spilled.exists()
    assert (workspace / "spill" / f"broken-{generation.task_id}.bin").read_bytes() == JXL
    check_money(engine, captured=PRICE_MICROS)


def test_purge_removes_what_was_spilled_for_forgotten_tasks_only(
    engine: Engine, server: Server, workspace: Path
) -> None:
    server.on_submit = first(image_in_answer(TORN))
    path = kept(workspace, made(engine))
    assert path
    forgotten = [path.with_name(name) for name in ("tsk_gone.png", "broken-tsk_gone.bin")]
    young = path.with_name("tsk_young.png")
    for other in (*forgotten, young):
        other.write_bytes(TORN)
    for old in (*forgotten, path):
        os.utime(old, (time.time() - 2 * assets.YOUNG_S,) * 2)

    def purge(cur: Cursor) -> int:
        return assets.remove_unnamed(cur, engine.store.files)

    assert engine.store.write(purge).result(30) == 2
    assert {one.name for one in path.parent.iterdir() if one.is_file()} == {path.name, young.name}
