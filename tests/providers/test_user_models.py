"""models.toml: providers and models without code, and what a downloaded workspace's may not do."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from photogram.domain.card import ModelCard
from photogram.errors import BadParams, MissingKey, UnknownModel
from photogram.providers.base import RemoteAdapter
from photogram.providers.registry import Registry, default_registry
from photogram.studio import Studio

from .test_openai import FakeOpenAI

WAIT_S = 30.0

MINE = """
[providers.mine]
protocol = "{protocol}"
base_url = "{url}"
key_variable = "MY_OWN_KEY"
title = "My server"

[providers.mine.defaults]
size = {{ default = "512x512", min = 64, max = 2048, step = 8 }}

[[providers.mine.model]]
id = "flux-schnell"
title = "FLUX on my server"
price = 0.002
params = {{ seed = true, steps = {{ default = 4, max = 12 }}, sampler = {{ choices = ["euler", "heun"], default = "euler" }} }}

[[providers.mine.model]]
id = "flux-dev"
like = "flux-schnell"
params = {{ steps = {{ default = 28, max = 50 }} }}
"""  # noqa: E501


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "PHOTOGRAM_OPENAI_BASE_URL", "PHOTOGRAM_MODEL"):
        monkeypatch.delenv(variable, raising=False)
    (tmp_path / "config").mkdir()
    (tmp_path / "ws").mkdir()
    monkeypatch.setenv("PHOTOGRAM_CONFIG", str(tmp_path / "config/config.toml"))


@pytest.fixture
def user_file(tmp_path: Path) -> Path:
    return tmp_path / "config/models.toml"


@pytest.fixture
def workspace_file(tmp_path: Path) -> Path:
    return tmp_path / "ws/models.toml"


@pytest.fixture
def load(user_file: Path, workspace_file: Path) -> Callable[[], Registry]:
    return lambda: default_registry(user_file, workspace_file)


class Plain(FakeOpenAI):
    """A server that speaks the protocol as most do that people run: no stream, no usage."""

    key = "my-own-key"

    def submit(self, asked, job):  # type: ignore[no-untyped-def]
        asked = type(asked)(**{**{name: getattr(asked, name) for name in asked.__dataclass_fields__},
                               "content": json.dumps(asked.json() | {"stream": False}).encode()})  # fmt: skip
        return super().submit(asked, job)


@pytest.fixture
def fake() -> Iterator[Plain]:
    fake = Plain()
    yield fake
    fake.close()


def stated(registry: Registry, address: str) -> ModelCard:
    return next(card for card in registry.cards() if card.address == address)


# ── What a user can do ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("protocol", ["openai-compatible", "openai"])
def test_model_added_with_toml_alone_is_listed_with_its_parameters_and_runs(
    protocol: str, fake: Plain, user_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_file.write_text(MINE.format(url=fake.url, protocol=protocol))
    with Studio(tmp_path / "ws") as studio:
        rows = studio.models().set_index("model")
        row = rows.loc["mine:flux-schnell"]
        assert {"width", "height", "seed", "steps", "sampler"} <= set(row.params)
        assert (row.title, row.price_usd, bool(row.key_present)) == ("FLUX on my server", 0.002, False)
        assert row.origin == "your models.toml"
        assert rows.loc["openai:gpt-image-2"].origin == "built-in"
        with pytest.raises(MissingKey, match="MY_OWN_KEY"):
            studio.generate("a boat", model="mine:flux-schnell")
        with pytest.raises(BadParams, match="steps"):
            studio.generate("a boat", model="mine:flux-schnell", steps=13)
        monkeypatch.setenv("MY_OWN_KEY", fake.key)
        assert studio.models().set_index("model").loc["mine:flux-schnell"].key_present
        batch = studio.generate("a boat", model="mine:flux-schnell", n=2, seed=7, size="1024x512").wait(WAIT_S)
        assert [one.error for one in batch] == [None, None]
        assert {one.path.read_bytes() for one in batch} == {job.image for job in fake.jobs.values()}
        assert sorted(one.seed for one in batch) == [7, 8]
        assert studio.df().cost_usd.tolist() == [0.002, 0.002]
    sent = [asked.json() for asked in fake.submits]
    assert {body["seed"] for body in sent} == {7, 8}
    steps = "num_inference_steps" if protocol == "openai-compatible" else "steps"
    for body in sent:
        assert (body["model"], body[steps], body["sampler"]) == ("flux-schnell", 4, "euler")
        assert body["size"] == "1024x512"


def test_only_the_models_that_are_stated_are_there_unless_none_is(
    load: Callable[[], Registry], user_file: Path
) -> None:
    user_file.write_text(MINE.format(url="http://127.0.0.1:1", protocol="openai"))
    registry = load()
    assert registry.problems == []
    assert [card.model for card in registry.cards() if card.provider == "mine"] == ["flux-schnell", "flux-dev"]
    assert stated(registry, "mine:flux-dev").specs["steps"].default == 28
    assert stated(registry, "mine:flux-dev").price_micros == 2000
    user_file.write_text('[providers.gateway]\nprotocol = "openai"\nbase_url = "http://127.0.0.1:1"\n')
    registry = load()
    assert {card.model for card in registry.cards() if card.provider == "gateway"} == {
        card.model for card in registry.cards() if card.provider == "openai"
    }
    gateway, home = registry.provider("gateway"), registry.provider("openai")
    assert isinstance(gateway, RemoteAdapter)
    assert isinstance(home, RemoteAdapter)
    assert gateway.key_variables == ("PHOTOGRAM_KEY_GATEWAY",)
    assert (gateway.key_required, gateway.own_hosts, gateway.base_url_variables) == (False, (), ())
    assert (home.base_url, home.key_variables) == ("https://api.openai.com/v1", ("OPENAI_API_KEY",))


def test_user_corrects_and_adds_models_of_a_built_in_provider(load: Callable[[], Registry], user_file: Path) -> None:
    before = {card.address: card for card in default_registry().cards()}
    user_file.write_text(
        """
[[providers.openai.model]]
id = "gpt-image-2"
price = 0.5
params = { moderation = false }

[[providers.openai.model]]
id = "gpt-image-9"
like = "gpt-image-2"
title = "GPT Image 9"
"""
    )
    registry = load()
    assert registry.problems == []
    after = {card.address: card for card in registry.cards()}
    corrected = after["openai:gpt-image-2"]
    assert (corrected.price_micros, "moderation" in corrected.specs) == (500_000, False)
    assert corrected.specs["quality"] == before["openai:gpt-image-2"].specs["quality"]
    assert registry.origin_of(corrected) == "your models.toml"
    assert after["openai:gpt-image-9"].title == "GPT Image 9"
    assert after["openai:gpt-image-9"].specs.keys() == corrected.specs.keys()
    unchanged = after.keys() - {"openai:gpt-image-2", "openai:gpt-image-9"}
    assert {address: after[address] for address in unchanged} == {address: before[address] for address in unchanged}
    provider = registry.provider("openai")
    assert isinstance(provider, RemoteAdapter)
    assert provider.card("gpt-image-2") == corrected  # what the adapter itself goes by
    assert provider.base_url == "https://api.openai.com/v1"


def test_users_own_model_takes_as_many_at_once_as_its_protocols_others(
    load: Callable[[], Registry], user_file: Path
) -> None:
    user_file.write_text(
        "[[providers.a1111.model]]\nid = 'mine'\n[[providers.a1111.model]]\nid = 'quick'\nconcurrency = 3\n"
        "[providers.forge]\nprotocol = 'a1111'\nbase_url = 'http://127.0.0.1:1'\n[[providers.forge.model]]\nid = 'x'\n"
    )
    registry = load()
    assert registry.problems == []
    assert [stated(registry, one).concurrency for one in ("a1111:mine", "a1111:quick", "forge:x")] == [1, 3, 1]


# ── What is wrong is said, and the rest goes on ───────────────────────────────────────────────────────────────────────


def test_file_that_is_no_toml_is_said_with_its_line_and_the_studio_works(
    user_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_file.write_text('[providers.mine]\nprotocol = "openai"\nbase_url = \n')
    monkeypatch.setenv("PHOTOGRAM_MODEL", "sketch:scene")
    with Studio(tmp_path / "ws") as studio:
        with pytest.warns(UserWarning, match=rf"{re.escape(str(user_file))} is not TOML: .*line 3"):
            assert "openai:gpt-image-2" in set(studio.models().model)
        assert studio.generate("a boat", width=64, height=64).wait(WAIT_S)[0].error is None
        with pytest.raises(UnknownModel, match=r"models\.toml is not TOML"):
            studio.generate("a boat", model="mine:flux")


PROTOCOL = 'protocol = "openai"\nbase_url = "http://127.0.0.1:1"\n'


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("[providers.openia]\n[[providers.openia.model]]\nid='x'\n", 1, "Did you mean openai?"),
        (f"[providers.Mine]\n{PROTOCOL}", 1, "is no name"),
        ("\n[providers.mine]\nprotocol = 'smoke-signals'\nbase_url = 'http://a.example'\n", 2, "there are .*openai"),
        ("[providers.mine]\nprotocol = 'openai'\nbase_url = 'a.example'\n", 1, "does not begin with http"),
        ("[providers.mine]\nprotocol = 'openai'\nbase_url = 'https://me:hunter2@a.example'\n", 1, "user name"),
        (f"[providers.mine]\nkey = 'hunter2'\n{PROTOCOL}", 1, "has no key; it has .*key_variable"),
        (f"[providers.mine]\nkey_variable = 'A B'\n{PROTOCOL}", 1, "no name of an environment variable"),
        (f"[providers.mine]\n{PROTOCOL}[[providers.mine.model]]\nid = 'a'\nprize = 1\n", 5, "a: a model has no prize"),
        (f"[providers.mine]\n{PROTOCOL}[[providers.mine.model]]\nid = 'a'\nprice = -1\n", 5, "a price must be"),
        (f"[providers.mine]\n{PROTOCOL}[[providers.mine.model]]\nid = 'a'\nprice = nan\n", 5, "a price must be"),
        (f"[providers.mine]\n{PROTOCOL}[[providers.mine.model]]\nid = 'a'\nprice = inf\n", 5, "a price must be"),
        (f"[providers.mine]\n{PROTOCOL}[[providers.mine.model]]\nid = 'a'\nconcurrency = 'x'\n", 5, "concurrency"),
        (f"[providers.mine]\n{PROTOCOL}[[providers.mine.model]]\nid = 'a'\nlocal = true\n", 5, "local"),
        (f"[providers.mine]\n{PROTOCOL}[[providers.mine.model]]\nid = 'a'\nlike = 'b'\n", 5, "names no model above"),
        (f"[providers.mine]\n{PROTOCOL}[[providers.mine.model]]\ntitle = 'a'\n", 1, "id is missing"),
        (f"[providers.mine]\n{PROTOCOL}model = 3\n", 1, "has a model that is no"),
        (f"[providers.mine]\n{PROTOCOL}defaults = 3\n", 1, "defaults that are no table"),
        ("providers = 3\n", None, "providers is not a table"),
        ("[models]\nx = 1\n", None, "it knows .* only, not models"),
        ("[providers.openai]\nbase_url = 'https://evil.example'\n", 1, "Its address is set in config.toml"),
        ("[providers.sketch]\ntitle = 'x'\n", 1, "keeps its models in code"),
        ("[providers]\nmine = 3\n", None, "is not a table"),
    ],
)
def test_what_is_wrong_is_said_with_its_line_and_the_rest_goes_on(
    text: str, line: int | None, said: str, load: Callable[[], Registry], user_file: Path
) -> None:
    good = MINE.format(url="http://127.0.0.1:1", protocol="openai").replace("mine", "good")
    if not text.startswith("providers =") and "[providers]\n" not in text:
        text += good
    user_file.write_text(text)
    registry = load()
    [problem] = registry.problems
    assert re.search(said, problem)
    assert problem.startswith(f"{user_file}, line {line}: " if line else f"{user_file}: ")
    assert "hunter2" not in problem
    assert ("good:flux-dev" in {card.address for card in registry.cards()}) == (good in text)
    assert {card.address for card in default_registry().cards()} <= {card.address for card in registry.cards()}


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"a = " + b"[" * 100_000, b"a." * 50_000 + b"b = 1", b"a = '" + b"x" * 2000]
)
def test_file_of_nonsense_is_a_problem_and_no_crash(
    content: bytes, load: Callable[[], Registry], user_file: Path
) -> None:
    user_file.write_bytes(content)
    assert len(load().problems) == 1


def test_chat_that_is_no_table_is_a_problem_of_its_file(load: Callable[[], Registry], user_file: Path) -> None:
    for chat in ("chat = 3", "chat = { tokens = {} }", "chat = { model = 'm', tokens = { text_in = -1 } }"):
        user_file.write_text(f"[providers.new]\nprotocol = 'openai-compatible'\nbase_url = 'http://h'\n{chat}\n")
        [problem] = load().problems
        assert "chat" in problem


def test_something_else_than_a_small_file_is_a_problem(load: Callable[[], Registry], user_file: Path) -> None:
    user_file.mkdir()
    assert "not a file of at most 200 kB" in load().problems[0]
    user_file.rmdir()
    user_file.write_bytes(b"#\n" * 100_001)
    assert "not a file of at most 200 kB" in load().problems[0]


# ── What a workspace may not ──────────────────────────────────────────────────────────────────────────────────────────


def test_workspace_adds_a_provider_with_a_key_of_its_own(
    fake: Plain, workspace_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = MINE.format(url=fake.url, protocol="openai").replace("MY_OWN_KEY", "PHOTOGRAM_KEY_MINE")
    workspace_file.write_text(text)
    monkeypatch.setenv("OPENAI_API_KEY", "the-key-of-openai")
    with Studio(workspace_file.parent) as studio:
        assert studio.models().set_index("model").loc["mine:flux-dev"].origin == "this workspace's models.toml"
        with pytest.raises(MissingKey, match="PHOTOGRAM_KEY_MINE") as caught:
            studio.generate("a boat", model="mine:flux-dev")
        assert "photogram keys set" not in str(caught.value)
        monkeypatch.setenv("PHOTOGRAM_KEY_MINE", fake.key)
        assert studio.generate("a boat", model="mine:flux-dev").wait(WAIT_S)[0].error is None
    assert all("the-key-of-openai" not in str(asked.headers) for asked in fake.submits)


def test_keyring_has_nothing_for_what_a_workspace_added(
    load: Callable[[], Registry], workspace_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from photogram import config
    from photogram.domain.secret import Secret
    from photogram.engine.keys import KeyBook

    workspace_file.write_text(f"[providers.mine]\n{PROTOCOL}")
    adapter = load().provider("mine")
    assert isinstance(adapter, RemoteAdapter)
    monkeypatch.setitem(config.keys._from_keyring, "mine", Secret("kept for another workspace's mine"))
    assert KeyBook().find(adapter, "ada", afresh=False) is None
    assert KeyBook().find(type(adapter)(name="mine"), "ada") is None  # without a variable there is no key at all


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[providers.openai]\nbase_url = 'https://evil.example'\n", "only adds new ones"),
        ("[[providers.openai.model]]\nid = 'gpt-image-2'\nprice = 0\n", "only adds new ones"),
        ("[[providers.sketch.model]]\nid = 'scene'\n", "only adds new ones"),
        ("[[providers.users-own.model]]\nid = 'flux-dev'\n", "only adds new ones"),
        (f"[providers.users-own]\n{PROTOCOL}", "only adds new ones"),
        (f"[providers.new]\nkey_variable = 'OPENAI_API_KEY'\n{PROTOCOL}", "only be PHOTOGRAM_KEY_NEW"),
        (f"[providers.new]\nkey_variable = 'PHOTOGRAM_KEY_USERS_OWN'\n{PROTOCOL}", "only be PHOTOGRAM_KEY_NEW"),
        (f"[providers.new]\nkey_variable = ''\n{PROTOCOL}", "no name of an environment"),
        (f"[providers.new]\nbilling_url = 'https://evil.example'\n{PROTOCOL}", "billing_url"),
        (f"[providers.new]\nchat = {{ model = 'x' }}\n{PROTOCOL}", "chat"),
        (f"[providers.new]\n{PROTOCOL}[[providers.new.model]]\nid = 'a'\nbilling_url = 'https://e'\n", "billing_url"),
        (f"[providers.new]\n{PROTOCOL}[[providers.new.model]]\nid = 'a'\nlocal = true\n", "local"),
        ("[providers.new]\nprotocol = 'users-own'\nbase_url = 'http://a.example'\n[[providers.new.model]]\n"
         "id = 'a'\nprice = -3\n", "price"),
    ],
)  # fmt: skip
def test_workspace_changes_nothing_that_is_there(
    text: str, said: str, load: Callable[[], Registry], user_file: Path, workspace_file: Path
) -> None:
    own = MINE.format(url="http://127.0.0.1:1", protocol="openai").replace("providers.mine", "providers.users-own")
    user_file.write_text(own)
    before = load()
    workspace_file.write_text(text)
    after = load()
    [problem] = after.problems
    assert said in problem
    assert problem.startswith(str(workspace_file))
    assert after.cards() == before.cards()
    for one, other in zip(before.providers(), after.providers(), strict=True):
        assert (type(one), one.name) == (type(other), other.name)
        if isinstance(one, RemoteAdapter) and isinstance(other, RemoteAdapter):
            assert (one.base_url, one.key_variables, one.own_hosts) == (
                other.base_url, other.key_variables, other.own_hosts
            )  # fmt: skip


@pytest.mark.parametrize(
    "named", ["../secret.json", "/etc/passwd", "~/secret.json", "link.json", "flows/../../secret.json"]
)
def test_workspace_reads_no_workflow_outside_of_itself(
    named: str, load: Callable[[], Registry], workspace_file: Path
) -> None:
    graph = json.dumps({"1": {"class_type": "X", "inputs": {}}})
    (workspace_file.parent.parent / "secret.json").write_text(graph)
    (workspace_file.parent / "flow.json").write_text(graph)
    (workspace_file.parent / "link.json").symlink_to("../secret.json")
    text = (
        "[providers.flow]\nprotocol = 'comfyui'\nbase_url = 'http://127.0.0.1:1'\n"
        "[[providers.flow.model]]\nid = 'a'\nwire = {{ workflow = '{}' }}\n"
    )
    workspace_file.write_text(text.format("flow.json"))
    assert load().problems == []
    workspace_file.write_text(text.format(named))
    registry = load()
    assert len(registry.problems) == 1
    assert "cannot be read" in registry.problems[0] or "not in the workspace" in registry.problems[0]
    assert "flow" not in {one.name for one in registry.providers()}


def test_user_reads_workflows_from_anywhere(load: Callable[[], Registry], user_file: Path, tmp_path: Path) -> None:
    (tmp_path / "flow.json").write_text(json.dumps({"1": {"class_type": "X", "inputs": {}}}))
    user_file.write_text("[[providers.comfyui.model]]\nid = 'mine'\nwire = { workflow = '../flow.json' }\n")
    registry = load()
    assert registry.problems == []
    assert "1" in stated(registry, "comfyui:mine").wire["workflow"]


def test_one_file_in_both_places_is_the_users(user_file: Path) -> None:
    user_file.write_text(MINE.format(url="http://127.0.0.1:1", protocol="openai"))
    registry = default_registry(user_file, user_file.parent / "." / "models.toml")
    assert registry.problems == []
    assert registry.origin_of(stated(registry, "mine:flux-dev")) == "your models.toml"
