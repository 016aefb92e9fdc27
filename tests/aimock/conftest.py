"""A peer that this project did not write: the mock server aimock, in the place of OpenAI, Ark, fal and Gemini."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from photogram.providers.base import RemoteAdapter
from photogram.studio.studio import Studio
from photogram.testing import open_studio

from .server import KEY, Aimock

Connect = Callable[..., Studio]


@pytest.fixture(scope="package")
def _running() -> Iterator[Aimock]:
    aimock = Aimock()
    yield aimock
    aimock.close()


@pytest.fixture
def aimock(_running: Aimock) -> Aimock:
    _running.reset()
    return _running


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Connect]:
    """Opens a studio whose providers, given as (adapter, base URL), are all the mock server, and have this key."""
    monkeypatch.setenv("PHOTOGRAM_CONFIG", "/nonexistent/photogram.toml")
    with ExitStack() as stack:

        def connect(*services: tuple[type[RemoteAdapter], str], key: str = KEY) -> Studio:
            adapters = [adapter() for adapter, _ in services]
            for adapter, (_, url) in zip(adapters, services, strict=True):
                monkeypatch.setenv(f"PHOTOGRAM_{adapter.name.upper().replace('-', '_')}_BASE_URL", url)
                monkeypatch.setenv(adapter.key_variables[0], key)
            studio = stack.enter_context(open_studio(tmp_path / "ws", adapters[0]))
            for adapter in adapters[1:]:
                studio._engine.registry.add(adapter)
            return studio

        yield connect
