from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from photogram.store import assets
from photogram.studio import Studio

from .children import PAINTERS

sys.path.insert(0, str(PAINTERS))
from painters import Dots


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


@pytest.fixture
def dots() -> Dots:
    return Dots()


@pytest.fixture
def open_studio(workspace: Path, dots: Dots, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Studio]]:
    monkeypatch.setenv("PHOTOGRAM_MODEL", "dots:plain")
    monkeypatch.setenv("PHOTOGRAM_CONFIG", "/dev/null")
    opened = []

    def open_() -> Studio:
        studio = Studio(workspace, user="ada")
        studio._engine.registry.add(dots)
        opened.append(studio)
        return studio

    yield open_
    dots.go.set()
    for studio in opened:
        studio.close()


def statuses(studio: Studio) -> dict[str, int]:
    """Returns how many tasks there are of each status."""
    return dict(studio._read(lambda cur: cur.execute("SELECT status, count(*) FROM tasks GROUP BY ALL").fetchall()))


def await_adoption(studio: Studio, timeout_s: float = 20.0) -> None:
    """Waits until nothing is `processing`: what dead processes were painting is pending again."""
    until = time.monotonic() + timeout_s
    while statuses(studio).get("processing"):
        assert time.monotonic() < until, statuses(studio)
        time.sleep(0.02)


def check_workspace(studio: Studio) -> None:
    """Fails if any row points nowhere, any file is missing or half written, or any success has no image."""
    assert studio._read(assets.find_orphans) == {}
    for folder, sha256, mime, size in studio._read(assets.named_files):
        path = studio._files.path(sha256, extension=mime.partition("/")[2].replace("jpeg", "jpg"), folder=folder)
        data = path.read_bytes()
        assert len(data) == size
        assert hashlib.sha256(data).hexdigest() == sha256
    for folder in ("images", "references"):
        for path in (studio.workspace / folder).glob("??/*"):
            if not path.name.startswith("."):
                assert hashlib.sha256(path.read_bytes()).hexdigest() == path.stem, (
                    "a half-written file has a final name"
                )
    broken = studio._read(
        lambda cur: cur.execute(
            "SELECT b.id FROM batches b WHERE b.n <> (SELECT count(*) FROM generations g WHERE g.batch_id = b.id)"
        ).fetchall()
    )
    assert broken == []
