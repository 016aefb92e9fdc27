"""A checkpoint that was interrupted within a block: the file opens again, with everything in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from photogram.errors import StorageFailed
from photogram.store import Store
from photogram.store.shield import BLOCK_BYTES, BLOCKS_AT, HEADERS_AT

from .processes import prepared
from .workers import count, ids


def close(store: Store, *, fold: bool) -> None:
    """Closes a store; with `fold` after a checkpoint."""
    store.keeper.file._checkpoint_took_s = 0.0 if fold else 60.0
    store.keeper.file._replayed_s = 1.0
    store.close()


@pytest.fixture
def torn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, set[str]]:
    """A workspace whose process died in a checkpoint: half of a block of metadata is new, the header is old."""
    prepared(tmp_path)
    store = Store.open(tmp_path)
    for name in "abc":
        store.write(count, name).result()
    close(store, fold=True)
    store = Store.open(tmp_path)
    store.write(count, "d").result()
    database, wal = tmp_path / "history.duckdb", tmp_path / "history.duckdb.wal"
    before = database.read_bytes()
    shield, logged = store.keeper.file._shield, []
    keep = shield.keep
    monkeypatch.setattr(shield, "keep", lambda cursor: logged.append(wal.read_bytes()) or keep(cursor))
    monkeypatch.setattr(shield, "drop", lambda: None)  # it died
    written = store.read(ids).result()
    close(store, fold=True)
    after = database.read_bytes()
    assert logged
    changed = [at for at in range(BLOCKS_AT, len(before), BLOCK_BYTES) if before[at : at + 8] != after[at : at + 8]]
    assert changed, "a block of metadata is written where it was"
    torn = bytearray(after)
    torn[HEADERS_AT:BLOCKS_AT] = before[HEADERS_AT:BLOCKS_AT]
    for at in changed:
        torn[at + 4096 : at + BLOCK_BYTES] = before[at + 4096 : at + BLOCK_BYTES]
    database.write_bytes(torn)
    wal.write_bytes(logged[0])
    assert shield.is_up
    return tmp_path, written


def test_a_block_that_is_half_new_is_put_back_and_nothing_is_missing(torn: tuple[Path, set[str]]) -> None:
    workspace, written = torn
    store = Store.open(workspace)
    assert store.read(ids).result() == written
    assert not store.keeper.file._shield.is_up
    store.write(count, "e").result()
    close(store, fold=True)
    store = Store.open(workspace)
    assert set(store.read(ids).result()) > set(written)
    store.close()


def test_without_the_copy_such_a_file_cannot_be_opened(torn: tuple[Path, set[str]]) -> None:
    workspace, _ = torn
    (workspace / "history.duckdb.safe").unlink()
    store = Store.open(workspace)
    with pytest.raises(StorageFailed, match="damaged"):
        store.read(ids).result()
    store.close()


@pytest.mark.parametrize("spoil", [lambda said: said[:-1], lambda said: b"", lambda said: said[:40] + b"?" + said[41:]])
def test_a_copy_that_is_not_whole_is_of_no_checkpoint_and_is_thrown_away(
    tmp_path: Path, spoil: Callable[[bytes], bytes]
) -> None:
    prepared(tmp_path)
    store = Store.open(tmp_path)
    store.write(count, "a").result()
    kept = tmp_path / "history.duckdb.safe"
    store.keeper.file._shield.drop = lambda: None  # type: ignore[method-assign]
    close(store, fold=True)
    kept.write_bytes(spoil(kept.read_bytes()))
    store = Store.open(tmp_path)
    assert len(store.read(ids).result()) == 1
    assert not store.keeper.file._shield.is_up
    store.close()


def test_after_the_header_was_written_nothing_is_put_back(tmp_path: Path) -> None:
    prepared(tmp_path)
    store = Store.open(tmp_path)
    store.write(count, "a").result()
    close(store, fold=True)
    store = Store.open(tmp_path)
    store.write(count, "b").result()
    store.keeper.file._shield.drop = lambda: None  # type: ignore[method-assign]  # it died after the checkpoint
    close(store, fold=True)
    kept = tmp_path / "history.duckdb.safe"
    assert kept.stat().st_size > BLOCK_BYTES
    database = tmp_path / "history.duckdb"
    before = database.read_bytes()
    store = Store.open(tmp_path)
    assert len(store.read(ids).result()) == 2
    close(store, fold=False)
    assert database.read_bytes() == before
    assert not store.keeper.file._shield.is_up


def test_a_disk_without_room_for_the_copy_leaves_the_wal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared(tmp_path)
    store = Store.open(tmp_path)
    store.write(count, "a").result()

    def no_room(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store.keeper.file._shield, "keep", no_room)
    close(store, fold=True)
    assert (tmp_path / "history.duckdb.wal").stat().st_size > 0
    shutil.copytree(tmp_path, tmp_path.with_name("copy"))
    store = Store.open(tmp_path.with_name("copy"))
    assert len(store.read(ids).result()) == 1
    store.close()
