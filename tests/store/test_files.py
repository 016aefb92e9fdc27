"""Bytes on disk: unchanged, whole or not there, named by what they are."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

import pytest

from photogram.domain.asset import Asset
from photogram.errors import StorageFailed
from photogram.store.files import LocalFiles

DATA = bytes(range(256)) * 100
SHA = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def files(tmp_path: Path) -> LocalFiles:
    return LocalFiles(tmp_path)


def test_bytes_come_back_unchanged_from_where_the_asset_says(files: LocalFiles, tmp_path: Path) -> None:
    assert files.put(DATA, extension="png") == SHA
    assert files.read(SHA, extension="png") == DATA
    with files.open(SHA, extension="png") as file:
        assert file.read(4) == DATA[:4]
    asset = Asset(sha256=SHA, mime="image/png", width=1, height=1, size_bytes=len(DATA))
    assert files.path(SHA, extension="png") == tmp_path / "images" / asset.relative_path
    files.put(DATA, extension="jpg", folder="references")
    assert (tmp_path / "references" / SHA[:2] / f"{SHA}.jpg").read_bytes() == DATA


def test_what_is_there_is_not_written_again_unless_it_is_cut_short(files: LocalFiles) -> None:
    files.put(DATA, extension="png")
    path = files.path(SHA, extension="png")
    before = path.stat().st_ino
    files.put(DATA, extension="png")
    assert path.stat().st_ino == before
    path.write_bytes(DATA[:10])
    files.put(DATA, extension="png")
    assert path.read_bytes() == DATA


def test_the_file_and_both_folders_are_synced_in_order(files: LocalFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def note_fsync(descriptor: int) -> None:
        order.append(f"fsync {Path(os.readlink(f'/proc/self/fd/{descriptor}')).name.split('.')[0] or 'file'}")
        fsync(descriptor)

    def note_replace(path: Path, target: Path) -> Path:
        order.append("rename")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(Path, "replace", note_replace)
    files.put(DATA, extension="png")
    assert order == ["fsync images", "fsync file", "rename", f"fsync {SHA[:2]}"]


def test_many_threads_storing_the_same_leave_one_whole_file(files: LocalFiles) -> None:
    threads = [threading.Thread(target=files.put, args=(DATA,), kwargs={"extension": "png"}) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    path = files.path(SHA, extension="png")
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert path.read_bytes() == DATA


def test_a_failed_rename_leaves_nothing_half_written(files: LocalFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(StorageFailed, match="No space left") as caught:
        files.put(DATA, extension="png")
    assert "Free some disk space" in caught.value.next_step
    assert list(files.path(SHA, extension="png").parent.iterdir()) == []


def test_deleting_is_idempotent_and_a_missing_file_is_a_clear_error(files: LocalFiles) -> None:
    files.put(DATA, extension="png")
    files.delete(SHA, extension="png")
    files.delete(SHA, extension="png")
    assert not files.exists(SHA, extension="png")
    with pytest.raises(StorageFailed, match="No such file") as caught:
        files.read(SHA, extension="png")
    assert "removed from outside" in caught.value.next_step


@pytest.mark.parametrize("sha256", ["../../etc/passwd", "", SHA[:-1], SHA.upper(), SHA + "\n"])
def test_a_name_that_could_lead_out_of_the_workspace_is_refused(files: LocalFiles, sha256: str) -> None:
    with pytest.raises(ValueError, match="part of a file's name"):
        files.path(sha256, extension="png")
    with pytest.raises(ValueError, match="part of a file's name"):
        files.path(SHA, extension=sha256 or "/")
    with pytest.raises(ValueError, match="part of a file's name"):
        files.spill("../task", DATA, extension="png")


def test_thumbnails(files: LocalFiles, tmp_path: Path) -> None:
    assert files.read_thumb(SHA, size_px=384) is None
    files.put_thumb(SHA, b"webp", size_px=384)
    files.put_thumb(SHA, b"webp2", size_px=384)
    assert files.read_thumb(SHA, size_px=384) == b"webp2"
    assert files.thumb_path(SHA, size_px=384) == tmp_path / "thumbs" / f"{SHA}-384.webp"


def test_spilled_bytes_are_found_by_their_task(files: LocalFiles) -> None:
    assert files.read_spilled("tsk_1") is None
    files.spill("tsk_1", DATA, extension="png")
    files.spill("tsk_12", b"other", extension="png")
    assert files.read_spilled("tsk_1") == DATA
    files.delete_spilled("tsk_1")
    assert files.read_spilled("tsk_1") is None
    assert files.read_spilled("tsk_12") == b"other"


def test_free_bytes(files: LocalFiles) -> None:
    assert files.free_bytes() > 0
