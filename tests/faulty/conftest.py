"""An engine on a real workspace, a fast clock, and the faulty provider."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from photogram.engine.engine import Engine
from photogram.providers.registry import Registry

from .adapter import LoopbackAdapter
from .disks import small_disk
from .harness import FastClock
from .server import Server

__all__ = ["engine", "key", "make_engine", "server", "small_disk", "workspace"]

KEY = "sk-very-secret-4711"


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("LOOPBACK_KEY", KEY)
    monkeypatch.setenv("PHOTOGRAM_CONFIG", "/nonexistent/photogram.toml")
    return KEY


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return tmp_path / "ws"


@pytest.fixture
def make_engine(workspace: Path, server: Server) -> Iterator[Callable[..., Engine]]:
    made: list[Engine] = []

    def make(adapter: LoopbackAdapter | None = None, *, at: Path | None = None) -> Engine:
        registry = Registry([adapter or LoopbackAdapter(server.url)])
        engine = Engine(at or workspace, registry=registry, clock=FastClock())
        engine._users = 1
        made.append(engine)
        return engine

    yield make
    for engine in made:
        engine.close()


@pytest.fixture
def engine(make_engine: Callable[..., Engine]) -> Engine:
    return make_engine()
