"""A plugin that is broken is named, and takes nothing else with it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from photogram.errors import BadParams, UnknownModel
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


@pytest.mark.parametrize(
    ("model", "on", "successor"),
    [
        ("openai:dall-e-3", "2026-05-12", "openai:gpt-image-2"),
        ("dall-e-2", "2026-05-12", "openai:gpt-image-2"),
        ("openai:gpt-image-1", "2026-10-23", "openai:gpt-image-2"),
        ("google:imagen-4.0-generate-001", "2026-08-17", "google:gemini-nano-banana-2.1"),
        ("google:imagen-4.0-fast-generate-001", "2026-08-17", "google:gemini-nano-banana-2.1"),
    ],
)
def test_model_that_is_gone_is_refused_with_its_date_and_successor(model, on, successor):
    registry = default_registry()
    with pytest.raises(UnknownModel, match=f"retired by its provider on {on}") as gone:
        registry.card(model)
    assert successor in gone.value.next_step
    assert registry.card(successor).deprecated_on is None


def test_every_successor_of_a_retired_model_is_there():
    registry = default_registry()
    retired = [gone for one in registry.providers() if isinstance(one, RemoteAdapter) for gone in one.facts().retired]
    named = [gone.successor for gone in retired] + [card.successor for card in registry.cards() if card.successor]
    assert len(named) > 8
    assert {registry.card(address).deprecated_on for address in named} == {None}


def test_gateway_in_the_same_protocol_may_still_have_what_its_maker_retired(tmp_path):
    gateway = '[providers.gw]\nprotocol = "openai"\nbase_url = "http://127.0.0.1:1"\n[[providers.gw.model]]\nid = "*"\n'
    (tmp_path / "models.toml").write_text(gateway)
    registry = default_registry(tmp_path / "models.toml")
    assert registry.card("gw:dall-e-3").model == "dall-e-3"


def test_retired_model_that_is_half_described_is_a_problem_that_names_it():
    with pytest.raises(BadParams, match="old: retired has no 'successor'"):
        read_facts({"retired": {"old": {"on": "2026-01-01"}}}, "acme")
