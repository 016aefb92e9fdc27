"""`docs/providers.md` says what the adapters and the cards say, names only tests that exist, and its examples run."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import re
import shlex
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from photogram.cli import build_parser
from photogram.config import base_url_of, base_url_variable, default_model
from photogram.domain.card import ANY_MODEL, ModelCard
from photogram.domain.secret import Secret
from photogram.domain.task import RemoteHandle
from photogram.errors import BadParams
from photogram.providers.azure import Azure
from photogram.providers.base import RemoteAdapter
from photogram.providers.openai_compatible import SERVERS, Habits
from photogram.providers.protocols import QueueAdapter, SyncAdapter
from photogram.providers.registry import Provider, Registry, _built_in, default_registry
from photogram.providers.user_models import key_variable_of
from photogram.providers.wire import Access
from photogram.studio import Studio
from photogram.testing import FakeProvider, ProviderKit, open_studio
from photogram.testing.fake import draw

from .test_bfl import FakeBFL
from .test_comfyui import FakeComfyUI
from .test_horde import FakeHorde
from .test_openai_compatible import FakeServer
from .test_titles import FakeWriter

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "providers.md").read_text("utf-8")
SCHEMA = (ROOT / "src/photogram/store/migrations/0001_init.sql").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")
PROVIDERS = _built_in()
REMOTE = [one for one in PROVIDERS if isinstance(one, RemoteAdapter)]
SECTIONS = dict(re.findall(r"^### ([a-z0-9-]+)\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL))
TESTED_HERE = {"sketch": "itself", "diffusers": "a tiny pipeline"}
"""What runs on this machine is tried as it is, not against a fake."""

WAIT_S = 60.0
SIDES = ("width", "height", "aspect_ratio", "resolution")


def names(provider: Provider) -> str:
    return provider.name


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def table(text: str, header: str) -> list[list[str]]:
    """Returns the rows of the table with this header, a list of cells each."""
    lines = text.splitlines()
    start = lines.index(header) + 2
    rows = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        cells = re.split(r"(?<!\\)\|", line.strip("|"))
        rows.append([cell.strip().replace("\\|", "|") for cell in cells])
    return rows


# ── The summary table ─────────────────────────────────────────────────────────────────────────────────────────────────


def kits_of(provider: Provider) -> list[type[ProviderKit]]:
    """Returns the classes in a provider's test file that try it with the kit."""
    module = importlib.import_module(f".{file_of(provider)}", __package__)
    kits = [one for _, one in inspect.getmembers(module, inspect.isclass) if issubclass(one, ProviderKit)]
    return [
        one for one in kits if one.__module__ == module.__name__ and issubclass(one.fake_class.adapter, type(provider))
    ]


def file_of(provider: Provider) -> str:
    return f"test_{provider.name.replace('-', '_')}"


def is_tried_with_aimock(provider: Provider) -> bool:
    """Tells whether the mock server makes a provider's images (its chat, which names topics, is another thing)."""
    texts = [(ROOT / "tests/aimock" / name).read_text("utf-8") for name in ("test_images.py", "test_fal.py")]
    wanted = f"from {type(provider).__module__} import {type(provider).__name__}\n"
    return any(wanted in text for text in texts)


def say_models(cards: Sequence[ModelCard]) -> str:
    stated = sum(card.model != ANY_MODEL for card in cards)
    others = "any" if any(card.model == ANY_MODEL for card in cards) else ""
    return " + ".join(([str(stated)] if stated else []) + ([others] if others else []))


def say_key(provider: Provider) -> str:
    if not isinstance(provider, RemoteAdapter) or not provider.key_variables:
        return "none"
    return f"`{provider.key_variables[0]}`" + ("" if provider.key_required else ", optional")


def say_cost(provider: Provider) -> str:
    """Returns every way in which a cost is known, the surest first."""
    cards = provider.cards()
    if all(card.free for card in cards):
        return "free"
    module = inspect.getmodule(type(provider))
    made = {parent for _, one in inspect.getmembers(module, inspect.isclass) for parent in one.__mro__}
    speakers = {one for one in made if issubclass(one, RemoteAdapter)} - {RemoteAdapter, SyncAdapter, QueueAdapter}
    code = "".join(inspect.getsource(one) for one in speakers)
    said = []
    if "cost" in code and '"computed"' not in code:
        said.append("reported")
    if '"computed"' in code and (any(card.price and card.price.per_token for card in cards)
                                 or any("unit_price" in card.wire for card in cards)):  # fmt: skip
        said.append("computed")
    stated = [card for card in cards if card.model != ANY_MODEL]
    if any(card.usual_price_micros is not None for card in stated):
        said.append("estimated")
    if any(card.usual_price_micros is None for card in stated):
        said.append("unknown")
    return ", ".join(said)


def say_share(having: Sequence[bool]) -> str:
    return "yes" if all(having) else "some" if any(having) else "no"


def say_references(cards: Sequence[ModelCard]) -> str:
    most = max(int(card.specs["images"].max or 0) if "images" in card.specs else 0 for card in cards)
    return f"up to {most}" if most else "no"


def say_cancel(provider: Provider) -> str:
    """Returns whether there is a request that stops a job (what runs on this machine is stopped without one)."""
    if not isinstance(provider, RemoteAdapter):
        return "yes"
    access = Access(base_url=provider.base_url, key=Secret("k"))
    url = f"{provider.base_url}/x"
    handles = [RemoteHandle(remote_id="x", poll_url=url, cancel_url=url, model=one.model) for one in provider.cards()]
    return say_share([bool(provider.build_cancel(handle, access)) for handle in handles])


def say_tested(provider: Provider) -> str:
    if provider.name in TESTED_HERE:
        return TESTED_HERE[provider.name]
    kits = len(kits_of(provider))
    said = ["kit" if kits == 1 else f"kit × {kits}"] if kits else []
    return ", ".join(said + (["aimock"] if is_tried_with_aimock(provider) else []))


def row(provider: Provider) -> list[str]:
    cards = provider.cards()
    return [
        f"[{provider.name}](#{provider.name})", say_models(cards), say_key(provider), say_cost(provider),
        say_share([card.seeded for card in cards]), say_references(cards),
        say_share(["mask" in card.specs for card in cards]), say_cancel(provider), say_tested(provider),
    ]  # fmt: skip


SUMMARY = "| provider | models | key | cost | seed | references | mask | cancel | tested |"


def test_summary_is_what_adapters_cards_and_tests_say() -> None:
    assert table(PAGE, SUMMARY) == [row(provider) for provider in PROVIDERS]


@pytest.mark.parametrize("provider", REMOTE, ids=names)
def test_every_remote_provider_passes_the_kit(provider: RemoteAdapter) -> None:
    assert kits_of(provider)


# ── The sections ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_provider_has_a_section_in_the_order_of_the_table() -> None:
    assert list(SECTIONS) == [provider.name for provider in PROVIDERS]


@pytest.mark.parametrize("provider", REMOTE, ids=names)
def test_section_names_every_file_that_tests_the_provider(provider: RemoteAdapter) -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)`", SECTIONS[provider.name])
    assert f"tests/providers/{file_of(provider)}.py" in named
    images = [name for name in named if name.startswith("tests/aimock/") and "titles" not in name]
    assert bool(images) == is_tried_with_aimock(provider)


def test_every_file_that_the_page_names_exists() -> None:
    named = set(re.findall(r"`((?:tests|docs|src)/[\w./-]+\.\w+)`", PAGE))
    assert len(named) > 25
    links = {link.partition("#")[0] for link in re.findall(r"\]\(([^)#][^)]*)\)", PAGE) if not link.startswith("http")}
    assert links
    missing = [name for name in named if not (ROOT / name).is_file()]
    assert missing + [link for link in links if not (ROOT / "docs" / link).exists()] == []


def test_every_link_within_the_page_leads_somewhere() -> None:
    headings = re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= anchors


def test_readme_names_every_provider_and_leads_to_this_page() -> None:
    assert [provider.name for provider in PROVIDERS if not re.search(rf"[`\s]{provider.name}[`:]", README)] == []
    assert "(docs/providers.md)" in README


def test_flags_of_servers_in_openais_protocol_are_those_of_the_code() -> None:
    rows = table(SECTIONS["openai-compatible"], "| flag | default | meaning |")
    usual = Habits()
    stated = {name.strip("`"): tomllib.loads(f"x = {default.strip('`')}")["x"] for name, default, _ in rows}
    assert stated == {one.name: getattr(usual, one.name) for one in fields(Habits)}
    assert [f"`{server}`" in SECTIONS["openai-compatible"] for server in SERVERS] == [True] * len(SERVERS)


def test_text_models_that_name_topics_are_those_of_the_cards() -> None:
    section = PAGE.partition("## Titles by AI\n")[2]
    stated = re.findall(r"`([\w./-]+)` \(([a-z]+)\)", section)
    assert stated == [(chat.model, one.name) for one in REMOTE if (chat := one.facts().chat)]


def test_addresses_are_those_that_are_built_in() -> None:
    rows = table(PAGE, "| provider | built in |")
    assert [name for name, _ in rows] == [one.name for one in REMOTE]
    for one, (_, said) in zip(REMOTE, rows, strict=True):
        assert said == f"`{one.base_url}`" if one.base_url else said.startswith("none: ")
    assert "`/openai/v1`" in dict(rows)["azure"]
    assert Azure().root(Access(base_url="https://mine.example")) == "https://mine.example/openai/v1"


def test_sources_of_costs_are_those_that_a_row_may_have() -> None:
    [allowed] = re.findall(r"cost_source\s+VARCHAR.*?CHECK \(cost_source IN \(([^)]*)\)\)", SCHEMA, re.DOTALL)
    stated = [name.strip("`") for name, _ in table(PAGE, "| source | meaning |")]
    assert sorted(stated) == sorted(re.findall(r"'(\w+)'", allowed))
    priced = {one.name: {*say_cost(one).split(", ")} for one in PROVIDERS}
    assert set().union(*priced.values()) == set(stated)


SIZES = table(PAGE, "| you write | to | is sent, or said |")


def arguments(text: str) -> dict[str, Any]:
    call = ast.parse(f"f({text})", mode="eval").body
    assert isinstance(call, ast.Call)
    return {str(one.arg): ast.literal_eval(one.value) for one in call.keywords}


@pytest.mark.parametrize(("written", "model", "said"), SIZES)
def test_sizes_are_translated_or_refused_as_the_page_says(written: str, model: str, said: str) -> None:
    card = default_registry().card(model.strip("`"))
    given = arguments(written.strip("`"))
    if not said.startswith("`"):
        with pytest.raises(BadParams) as caught:
            card.check(given)
        assert caught.value.problems == (said,)
        return
    sent = card.check(given)
    assert {name: sent[name] for name in ("size", *SIDES) if name in sent} == arguments(said.strip("`"))


# ── The examples ──────────────────────────────────────────────────────────────────────────────────────────────────────


FLOW = {str(node): {"class_type": "X", "inputs": {}} for node in (3, 6, 9, 10)}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder for settings, with the example files in it, and a workspace with its own."""
    for provider in REMOTE:
        for variable in (*provider.key_variables, *provider.base_url_variables, base_url_variable(provider.name)):
            monkeypatch.delenv(variable, raising=False)
    monkeypatch.delenv("PHOTOGRAM_MODEL", raising=False)
    monkeypatch.setenv("PHOTOGRAM_CONFIG", str(tmp_path / "config.toml"))
    (tmp_path / "workspace").mkdir()
    for name in ("config.toml", "models.toml", "workspace/models.toml"):
        [text] = blocks(PAGE, f"toml {name}")
        (tmp_path / name).write_text(text, "utf-8")
    (tmp_path / "portrait.json").write_text(json.dumps(FLOW))
    return tmp_path


def load(home: Path) -> Registry:
    registry = default_registry(home / "models.toml", home / "workspace/models.toml")
    assert registry.problems == []
    return registry


def test_settings_move_a_provider_and_name_a_model(home: Path) -> None:
    assert base_url_of("openai", "https://api.openai.com/v1") == "https://gateway.example/openai/v1"
    assert default_model() == "openai:gpt-image-2"


def test_models_toml_adds_and_corrects_what_its_comments_say(home: Path) -> None:
    registry, before = load(home), default_registry()
    added = {card.address for card in registry.cards()} - {card.address for card in before.cards()}
    assert added == {
        "workshop:Qwen/Qwen-Image", "workshop:Qwen/Qwen-Image-Lightning", "openai:gpt-image-3", "comfyui:portrait",
        "club:flux-schnell",
    }  # fmt: skip
    quick = registry.card("workshop:Qwen/Qwen-Image-Lightning")
    assert (quick.specs["steps"].max, quick.specs["sampler"].default, quick.price_micros) == (8, "euler", 2_000)
    assert registry.card("together:black-forest-labs/FLUX.2-pro").price_micros == 30_000
    assert registry.card("openai:gpt-image-3").usual_price_micros is None
    assert registry.card("openai:gpt-image-3").specs == before.card("openai:gpt-image-2").specs
    assert registry.card("comfyui:portrait").wire["workflow"] == FLOW
    places = registry.card("comfyui:portrait").wire["inputs"].values()
    assert {place.partition(".")[0] for place in places} <= FLOW.keys()


def test_workspaces_file_may_say_all_of_its_example_and_names_the_only_key_it_can(home: Path) -> None:
    registry = load(home)
    club = registry.provider("club")
    assert isinstance(club, RemoteAdapter)
    assert (club.of_workspace, club.key_variables) == (True, (key_variable_of("club"),))
    assert registry.origin_of(registry.card("club:flux-schnell")) == "this workspace's models.toml"
    (home / "workspace/models.toml").write_text((home / "models.toml").read_text("utf-8"), "utf-8")
    refused = default_registry(None, home / "workspace/models.toml").problems
    assert len(refused) == 4, "another key's name, and three providers that are there"


def test_server_of_models_toml_is_asked_as_the_example_says(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeServer()
    try:
        text = (home / "models.toml").read_text("utf-8")
        (home / "models.toml").write_text(text.replace("http://192.168.1.20:8000/v1", fake.url), "utf-8")
        monkeypatch.setenv("WORKSHOP_KEY", fake.key)
        with Studio(home / "workspace") as studio:
            batch = studio.generate("a boat", model="workshop:Qwen/Qwen-Image", n=2, seed=7, images=draw(5)).wait(
                WAIT_S
            )
            assert [one.error for one in batch] == [None, None]
            assert studio.df().cost_usd.tolist() == [0.002, 0.002]
    finally:
        fake.close()
    assert [(fake.read_seed(asked), fake.read(asked, "sampler")) for asked in fake.submits] in (
        [(7, "euler"), (8, "euler")], [(8, "euler"), (7, "euler")],
    )  # fmt: skip


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Studio]:
    """A studio whose providers are fakes: those that the snippets of the pages ask."""
    monkeypatch.setenv("PHOTOGRAM_CONFIG", "/nonexistent/photogram.toml")
    fakes: list[FakeProvider] = [FakeWriter(), FakeBFL(), FakeHorde(), FakeComfyUI()]
    for fake in fakes:
        monkeypatch.setenv(base_url_variable(fake.adapter.name), fake.url)
        for variable in fake.adapter.key_variables[:1]:
            monkeypatch.setenv(variable, fake.key)
    monkeypatch.setattr("getpass.getpass", lambda prompt="": FakeProvider.key)
    with open_studio(tmp_path / "ws", fakes[0].adapter()) as studio:
        for fake in fakes[1:]:
            studio._engine.registry.add(fake.adapter())
        studio.auto_titles = False
        yield studio
        studio.cancel_all()
    for fake in fakes:
        fake.close()


def test_snippets_of_the_page_run(studio: Studio) -> None:
    snippets = [one for one in blocks(PAGE, "python") if "diffusers:" not in one]  # these need torch
    assert len(snippets) == 3
    names: dict[str, Any] = {"studio": studio}
    for snippet in snippets:
        exec(compile(snippet, "docs/providers.md", "exec"), names)
        for batch in studio.batches():
            assert [one.error for one in batch.wait(WAIT_S)] == [None] * len(batch)
    assert studio.keys["openai"].source == "session"
    assert studio.active_topic is not None
    assert studio.active_topic.record.title_source == "model"


def test_snippet_of_the_readme_that_asks_providers_runs(studio: Studio) -> None:
    [snippet] = [one for one in blocks(README, "python") if "openai:" in one]
    exec(compile(snippet, "README.md", "exec"), {"studio": studio})
    batches = studio.batches()
    assert len(batches) == snippet.count("studio.generate(")
    for batch in batches:
        assert [one.error for one in batch.wait(WAIT_S)] == [None] * len(batch)


def test_commands_of_both_pages_are_commands() -> None:
    lines = [line for text in (PAGE, README) for block in blocks(text, "bash") for line in block.splitlines()]
    commands = [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("photogram ")]
    assert len(commands) > 7
    for command in commands:
        build_parser().parse_args(command)
