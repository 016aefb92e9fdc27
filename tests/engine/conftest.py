"""An engine on a real workspace, a clock that runs fifty times as fast, and a loopback provider."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from loopback import LoopbackAdapter, Server

from photogram.domain.ids import new_id
from photogram.domain.records import BatchRecord, GenerationRecord
from photogram.engine.clock import Clock
from photogram.engine.engine import Engine
from photogram.providers.registry import Registry
from photogram.store import batches as batch_rows
from photogram.store.batches import NewBatch, NewTask

SPEED = 50.0
USER = "ana"


class FastClock(Clock):
    """Fifty seconds pass in one; `skip_s` adds a gap, as after a laptop's sleep."""

    skip_s = 0.0

    def monotonic(self) -> float:
        return time.monotonic() * SPEED + self.skip_s

    def awake_s(self) -> float:
        return time.monotonic() * SPEED

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / SPEED)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("LOOPBACK_KEY", "sk-very-secret-4711")
    monkeypatch.setenv("PHOTOGRAM_CONFIG", "/nonexistent/photogram.toml")
    return "sk-very-secret-4711"


@pytest.fixture
def make_engine(tmp_path: Path, server: Server) -> Iterator[Callable[..., Engine]]:
    made: list[Engine] = []

    def make(workspace: Path | None = None, adapter: LoopbackAdapter | None = None, *more: object) -> Engine:
        providers = [adapter or LoopbackAdapter(server.url), *more]
        engine = Engine(workspace or tmp_path / "ws", registry=Registry(providers), clock=FastClock())
        engine._users = 1
        made.append(engine)
        return engine

    yield make
    for engine in made:
        engine.close()


@pytest.fixture
def engine(make_engine: Callable[..., Engine]) -> Engine:
    return make_engine()


def start(engine: Engine, n: int = 1, model: str = "loopback:img", prompt: str = "a boat") -> BatchRecord:
    provider, name = model.split(":")
    price = engine.registry.card(model).price_micros or 0
    batch = NewBatch(
        id=new_id("bat"), topic_id=new_id("top"), new_topic=True, provider=provider, model=name, prompt=prompt,
        params={}, owner=engine.owner.id, local=False, created_at=engine.clock.now(),
        tasks=[NewTask(id=new_id("tsk"), generation_id=new_id("gen"), idx=idx, seed=idx, params={}, hold_micros=price)
               for idx in range(n)],
    )  # fmt: skip
    return engine.generate(USER, batch).result(20)


def finish(engine: Engine, batch: BatchRecord, timeout_s: float = 30.0) -> BatchRecord:
    engine.finished(USER, batch.id).result(timeout_s)
    return read(engine, batch)


def read(engine: Engine, batch: BatchRecord) -> BatchRecord:
    return engine.read(batch_rows.get_batch, USER, batch.id).result(10)


def only(batch: BatchRecord) -> GenerationRecord:
    (generation,) = batch.generations
    return generation


def until(true: Callable[[], object], timeout_s: float = 10.0) -> None:
    end = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.01)
