from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from photogram.store import assets
from photogram.studio import Studio

from .painters import Dots


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in ("PHOTOGRAM_HOME", "PHOTOGRAM_MODEL", "PHOTOGRAM_USER", "JUPYTERHUB_USER"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PHOTOGRAM_CONFIG", str(tmp_path / "no-config.toml"))


@pytest.fixture
def dots() -> Dots:
    return Dots()


@pytest.fixture
def open_studio(tmp_path: Path, dots: Dots, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Studio]]:
    """Opens studios whose default model is `dots:plain`; afterwards every row must still fit together."""
    monkeypatch.setenv("PHOTOGRAM_MODEL", "dots:plain")
    opened: list[Studio] = []

    def open_(user: str = "ada", folder: str = "workspace") -> Studio:
        studio = Studio(tmp_path / folder, user=user)
        studio._engine.registry.add(dots)
        opened.append(studio)
        return studio

    yield open_
    dots.go.set()
    for studio in opened:
        if not studio._closed:
            assert studio._read(assets.find_orphans) == {}
            studio.close()


@pytest.fixture
def studio(open_studio: Callable[..., Studio]) -> Studio:
    return open_studio()


def rows(studio: Studio) -> dict[str, int]:
    """Returns how many rows every table holds."""
    tables = ("topics", "batches", "generations", "tasks", "assets", "refs", "batch_refs", "ledger", "wallets")

    def count(cur) -> dict[str, int]:
        return {table: cur.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}

    return studio._read(count)


def files(studio: Studio) -> list[str]:
    """Returns every file of the workspace that holds a user's bytes."""
    return sorted(
        str(path.relative_to(studio.workspace))
        for folder in ("images", "references", "spill", "thumbs")
        for path in (studio.workspace / folder).rglob("*")
        if path.is_file() and "duckdb" not in path.parts
    )
