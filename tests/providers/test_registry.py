"""A plugin that is broken is named, and takes nothing else with it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from photogram.providers import registry as registries
from photogram.providers.base import RemoteAdapter
from photogram.providers.cards import read_facts
from photogram.providers.registry import Registry, default_registry


class Fine(RemoteAdapter):
    name = "fine"

    def __init__(self) -> None:
        super().__init__(facts=read_facts({"model": [{"id": "one"}]}, "fine"))


class Modelless(RemoteAdapter):
    name = "modelless"


class Misspelt(RemoteAdapter):
    name = "misspelt"

    def facts(self):
        return read_facts({"defaults": {"concurency": 3}, "model": [{"id": "a"}, {"id": "b"}]}, "misspelt")


class Broken(RemoteAdapter):
    name = "broken"

    def __init__(self) -> None:
        raise RuntimeError("no luck")


def with_plugins(monkeypatch: pytest.MonkeyPatch, *plugins: object) -> Registry:
    entries = [SimpleNamespace(dist=SimpleNamespace(name="acme"), value="x", load=load) for load in plugins]
    monkeypatch.setattr(registries, "entry_points", lambda group: entries)
    registries._installed.cache_clear()
    try:
        return default_registry()
    finally:
        registries._installed.cache_clear()


def raising(error: Exception):
    def load() -> None:
        raise error

    return load


@pytest.mark.parametrize(
    ("load", "said"),
    [
        (raising(ImportError("no module acme")), "cannot be loaded: no module acme"),
        (raising(TypeError("metaclass conflict")), "cannot be loaded: metaclass conflict"),
        (lambda: Broken, "cannot be made: no luck"),
        (lambda: Misspelt, "a model has no concurency"),
        (lambda: Modelless, "adds modelless, which has no model"),
    ],
)
def test_broken_plugin_is_a_problem_and_everything_else_works(monkeypatch, load, said):
    registry = with_plugins(monkeypatch, load, lambda: Fine)
    [problem] = registry.problems
    assert "acme" in problem
    assert said in problem
    assert problem.count("concurency") <= 1, "one mistake in the defaults is one problem"
    assert "cannot take this call" not in problem
    assert registry.card("fine:one")
    assert registry.card("sketch:scene")


def test_forgotten_method_is_named():
    with pytest.raises(NotImplementedError, match="Fine has no build_submit"):
        Fine().build_submit(None, None)
