"""Tests that need torch are left out of the usual run, and the run says so: `python3 tests/run.py --diffusers`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from photogram.studio import Studio

from .tiny import save_pipeline

LEFT_OUT = pytest.StashKey[int]()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "diffusers" in config.option.markexpr:
        return
    heavy = [item for item in items if item.get_closest_marker("diffusers")]
    if heavy:
        config.hook.pytest_deselected(items=heavy)
        items[:] = [item for item in items if item not in heavy]
        config.stash[LEFT_OUT] = len(heavy)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if count := config.stash.get(LEFT_OUT, 0):
        terminalreporter.write_line(
            f"{count} tests need torch and were NOT run; they have a command of their own: "
            "python3 tests/run.py --diffusers"
        )


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in ("PHOTOGRAM_HOME", "PHOTOGRAM_MODEL", "PHOTOGRAM_USER", "JUPYTERHUB_USER"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PHOTOGRAM_CONFIG", str(tmp_path / "no-config.toml"))


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny pipeline."""
    return save_pipeline(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every folder that a pipeline is loaded from during the test, which begins with none in memory."""
    import diffusers

    from photogram.providers.diffusers_local import provider

    provider.SHELF._clear()
    folders: list[str] = []
    real = diffusers.DiffusionPipeline.from_pretrained.__func__

    def from_pretrained(cls, folder, **options):
        folders.append(folder)
        return real(cls, folder, **options)

    monkeypatch.setattr(diffusers.DiffusionPipeline, "from_pretrained", classmethod(from_pretrained))
    return folders


@pytest.fixture
def open_studio(tmp_path: Path) -> Iterator[Callable[..., Studio]]:
    opened: list[Studio] = []

    def open_(folder: str = "workspace") -> Studio:
        opened.append(Studio(tmp_path / folder, user="ada"))
        return opened[-1]

    yield open_
    for studio in opened:
        studio.close()


@pytest.fixture
def studio(open_studio: Callable[..., Studio]) -> Studio:
    return open_studio()
