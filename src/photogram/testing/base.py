"""What stands around the kit's tests: a fake, a studio on a fast clock that knows one provider, and waiting."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import pytest

from ..domain.card import ModelCard
from ..engine.engine import Engine
from ..providers.base import RemoteAdapter
from ..providers.registry import Registry
from ..studio.batch import Batch
from ..studio.studio import Studio
from .clock import FastClock
from .fake import FakeProvider
from .server import Reply

Test = TypeVar("Test", bound=Callable[..., None])

PROMPT = 'Ein Leuchtturm "bei Nacht" \\ <b>灯台</b> & café — 100 %\nsecond line'
WAIT_S = 60.0

NONSENSE = {
    "no JSON": Reply(content=b"<html>Bad Gateway</html>", headers={"content-type": "text/html"}),
    "empty": Reply(content=b""),
    "empty object": Reply.of({}),
    "a list": Reply.of([]),
    "null": Reply.of(None),
    "other types": Reply.of({"id": 7, "data": "x", "images": 3, "output": {"a": 1}, "status": ["?"], "candidates": 1}),
    "nulls": Reply.of({"id": None, "data": [None], "images": [None], "output": [None], "candidates": [None]}),
}


def needs(condition: Callable[[type[FakeProvider]], Any]) -> Callable[[Test], Test]:
    """Marks a test that is there only where the fake states what it takes; elsewhere it is not collected at all."""

    def mark(test: Test) -> Test:
        test.condition = condition  # type: ignore[attr-defined]
        return test

    return mark


class KitBase:
    """The fixtures of the kit: `fake` and `studio`; and `generate`, which makes images and waits for them."""

    fake_class: ClassVar[type[FakeProvider]]

    def __init_subclass__(cls) -> None:
        if not hasattr(cls, "fake_class"):
            return
        for name in dir(cls):
            condition = getattr(getattr(cls, name), "condition", None)
            if condition is not None and not condition(cls.fake_class):
                setattr(cls, name, None)

    @pytest.fixture
    def fake(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeProvider]:
        fake = self.fake_class()
        adapter = fake.adapter
        monkeypatch.setenv(f"PHOTOGRAM_{adapter.name.upper().replace('-', '_')}_BASE_URL", fake.url)
        for variable in adapter.key_variables[:1]:
            monkeypatch.setenv(variable, fake.key)
        monkeypatch.setenv("PHOTOGRAM_CONFIG", "/nonexistent/photogram.toml")
        yield fake
        fake.close()

    @pytest.fixture
    def studio(self, fake: FakeProvider, tmp_path: Path) -> Iterator[Studio]:
        with open_studio(tmp_path / "ws", fake.adapter()) as studio:
            yield studio

    def generate(self, studio: Studio, fake: FakeProvider, prompt: str = PROMPT, n: int = 1, **params: Any) -> Batch:
        batch: Batch = studio.generate(prompt, model=f"{fake.adapter.name}:{fake.model}", n=n, **params)
        return batch.wait(timeout_s=WAIT_S)

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        fake = self.fake_class
        for name, forms in (("refusal", fake.refusals), ("rate_limit", fake.rate_limits), ("nonsense", NONSENSE),
                            ("not_cancelled", fake.not_cancelled)):  # fmt: skip
            if name in metafunc.fixturenames:
                metafunc.parametrize(name, list(forms.values()), ids=list(forms))


def kit_card(fake: FakeProvider | type[FakeProvider]) -> ModelCard:
    """Returns the card of the model that is tried."""
    return fake.adapter().card(fake.model)


def check_made(batch: Batch) -> None:
    """Makes sure that every image was made; else says why not, in full."""
    for image in batch:
        error = image.error
        assert error is None, f"{error.kind}: {error.message}\n{error.detail}"
        assert image.status == "success"


class open_studio:  # noqa: N801  (reads as the function it is used as)
    """Opens a studio on a fast clock that knows one provider only; closing it stops its engine."""

    def __init__(self, workspace: Path, adapter: RemoteAdapter) -> None:
        engine = Engine(workspace, registry=Registry([adapter]), clock=FastClock())
        Engine._open[str(workspace.resolve())] = engine
        self._studio = Studio(workspace, user="kit")

    def __enter__(self) -> Studio:
        return self._studio

    def __exit__(self, *_: object) -> None:
        self._studio.close()


def wait_until(happened: Any, timeout_s: float = WAIT_S) -> None:
    """Waits until a function says so.

    Raises:
        AssertionError: It did not in time.
    """
    end = time.monotonic() + timeout_s
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)
