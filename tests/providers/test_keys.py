"""Where a provider's key and address come from, and that nobody sees the key."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail, null

from photogram import config
from photogram.domain.secret import Secret
from photogram.errors import BadParams, BadSettings, KeyringFailed, MissingKey, NotFound, UnknownModel, UserError
from photogram.providers.cards import load_data, read_facts
from photogram.studio import Studio
from photogram.testing import Asked, Reply, open_studio, wait_until

from .test_openai import FakeOpenAI

SESSION = "Qx8Planted7Key6Of5A4Session3y"
MODEL = "openai:gpt-image-2"
WAIT_S = 60.0


class Ring(KeyringBackend):
    """A keyring in memory, through the real library."""

    priority = 5.0
    name = "test ring"

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


class Angry(Ring):
    """One whose every word holds the key."""

    name = "angry ring"

    def get_password(self, service: str, username: str) -> str | None:
        raise OSError(f"cannot read {SESSION}")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise OSError(f"cannot keep {password}")


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    for variable in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "PHOTOGRAM_OPENAI_BASE_URL"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PHOTOGRAM_CONFIG", str(tmp_path / "config.toml"))
    before = keyring.get_keyring()
    config.keys._from_keyring.clear()
    yield
    keyring.set_keyring(before)
    config.keys._from_keyring.clear()


@pytest.fixture
def ring() -> Ring:
    ring = Ring()
    keyring.set_keyring(ring)
    return ring


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeOpenAI]:
    fake = FakeOpenAI()
    monkeypatch.setenv("PHOTOGRAM_OPENAI_BASE_URL", fake.url)
    yield fake
    fake.close()


@pytest.fixture
def studio(fake: FakeOpenAI, tmp_path: Path) -> Iterator[Studio]:
    with open_studio(tmp_path / "ws", fake.adapter()) as studio:
        yield studio


def shown(asked: Asked) -> str:
    return asked.headers["authorization"].removeprefix("Bearer ")


# ── Which key ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_argument_goes_before_session_before_environment_before_keyring(
    studio: Studio, fake: FakeOpenAI, ring: Ring, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.is_let_in = lambda asked: True  # type: ignore[method-assign]

    def used(**given: str) -> str:
        assert studio.generate("a boat", model=MODEL, **given).wait(WAIT_S)[0].error is None  # type: ignore[arg-type]
        return shown(fake.submits[-1])

    with pytest.raises(MissingKey):
        used()
    ring.kept["photogram", "openai"] = "from-ring"
    assert (used(), studio.keys["openai"].source) == ("from-ring", "keyring")
    monkeypatch.setenv("OPENAI_API_KEY", " from-environment\n")
    assert (used(), studio.keys["openai"].source) == ("from-environment", "OPENAI_API_KEY")
    studio.keys["openai"] = " from-session "
    assert (used(), studio.keys["openai"].source) == ("from-session", "session")
    assert used(key="from-argument") == "from-argument"
    assert used() == "from-session"
    del studio.keys["openai"]
    assert used() == "from-environment"


def test_key_of_a_session_is_its_users_and_its_workspaces(fake: FakeOpenAI, studio: Studio, tmp_path: Path) -> None:
    studio.keys["openai"] = fake.key
    with Studio(studio.workspace, user="bob") as bob, pytest.raises(MissingKey):
        bob.generate("a boat", model=MODEL)
    with open_studio(tmp_path / "other", fake.adapter()) as other, pytest.raises(MissingKey):
        other.generate("a boat", model=MODEL)
    with Studio(studio.workspace, user=studio.user) as again:
        assert again.generate("a boat", model=MODEL).wait(WAIT_S)[0].error is None


def test_missing_key_names_every_way_and_nothing_is_written(studio: Studio) -> None:
    with pytest.raises(MissingKey) as caught:
        studio.generate("a boat", model=MODEL)
    for way in ("studio.keys['openai']", "OPENAI_API_KEY", "photogram keys set openai", "generate(…, key=…)"):
        assert way in str(caught.value)
    assert studio.df().empty


def test_argument_serves_every_attempt_of_its_batch_and_no_other(studio: Studio, fake: FakeOpenAI) -> None:
    fake.says["submit"] = [Reply.of({"error": {"message": "down"}}, 500)]
    batch = studio.generate("a boat", model=MODEL, key=Secret(fake.key)).wait(WAIT_S)
    assert batch[0].status == "error"
    batch[0].retry()
    assert batch.wait(WAIT_S)[0].error is None
    with pytest.raises(MissingKey):
        studio.generate("a boat", model=MODEL)


def test_key_set_in_the_session_lets_a_stopped_line_go_on(studio: Studio, fake: FakeOpenAI) -> None:
    studio.keys["openai"] = "wrong-key"
    batch = studio.generate("a boat", model=MODEL, n=3).wait(WAIT_S)
    assert sorted(one.status for one in batch) == ["error", "pending", "pending"]
    studio.keys["openai"] = fake.key
    studio.resume()
    batch.wait(WAIT_S)
    assert sorted(one.status for one in batch) == ["error", "success", "success"]


def test_key_set_in_the_session_replaces_an_argument_that_was_turned_away(studio: Studio, fake: FakeOpenAI) -> None:
    batch = studio.generate("a boat", model=MODEL, n=2, key="wrong-key").wait(WAIT_S)
    assert sorted(one.status for one in batch) == ["error", "pending"]
    studio.keys["openai"] = fake.key
    studio.resume()
    batch.wait(WAIT_S)
    assert sorted(one.status for one in batch) == ["error", "success"]


@pytest.mark.parametrize("bad", ["", "  ", "sk-abc…xyz", "sk\x00abc", "schlüssel", b"bytes", 7])
def test_what_is_no_key_is_refused_without_repeating_it(studio: Studio, bad: str) -> None:
    for give in (lambda: studio.keys.__setitem__("openai", bad), lambda: studio.generate("x", model=MODEL, key=bad)):
        with pytest.raises(BadSettings) as caught:
            give()
        assert not str(bad).strip() or str(bad) not in str(caught.value)
    assert studio.df().empty


def test_environment_with_what_is_no_key_says_so_by_its_name(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-abc…xyz")
    with pytest.raises(BadSettings, match="OPENAI_API_KEY has a character that no key has, at position 7"):
        studio.generate("x", model=MODEL)
    assert "OPENAI_API_KEY" in studio.keys["openai"].problem
    assert not studio.models().key_present.any()


def test_keys_are_for_providers_that_take_one(studio: Studio, tmp_path: Path) -> None:
    with pytest.raises(UnknownModel):
        studio.keys["nobody"] = "k"
    with pytest.raises(NotFound):
        del studio.keys["openai"]
    with Studio(tmp_path / "plain") as plain:
        with pytest.raises(UserError, match="sketch takes no key"):
            plain.keys["sketch"] = "k"
        with pytest.raises(BadParams, match="sketch takes none"):
            plain.generate("x", model="sketch:scene", key="k")
        assert plain.df().empty


# ── Testing a key ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_test_says_what_the_provider_says(studio: Studio, fake: FakeOpenAI, monkeypatch: pytest.MonkeyPatch) -> None:
    assert studio.keys.test("openai").verdict == "no key"
    fake.key_check = lambda asked, job: Reply.of({"data": []})  # type: ignore[attr-defined]
    studio.keys["openai"] = fake.key
    assert (studio.keys.test("openai").verdict, studio.keys.test("openai").source) == ("ok", "session")
    studio.keys["openai"] = "wrong-key"
    found = studio.keys.test("openai")
    assert (found.verdict, found.message != "") == ("refused", True)
    assert "wrong-key" not in repr(found)
    fake.always["key_check"] = Reply.of({"error": {"message": "down"}}, 500)
    assert studio.keys.test("openai").verdict == "unclear"
    monkeypatch.setenv("PHOTOGRAM_OPENAI_BASE_URL", "http://127.0.0.1:9")
    assert studio.keys.test("openai").verdict == "unreachable"
    assert not fake.submits


def test_test_says_where_there_is_no_check(studio: Studio, fake: FakeOpenAI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fake.adapter, "build_key_check", lambda self, access: None)
    studio.keys["openai"] = fake.key
    assert studio.keys.test("openai").verdict == "no check"


# ── Nobody sees it ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_key_is_in_no_file_no_row_no_log_and_no_repr(
    studio: Studio, fake: FakeOpenAI, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    fake.key = SESSION  # type: ignore[misc]
    fake.always["submit"] = Reply.of({"error": {"message": f"what is {SESSION}?", "code": "x"}}, 400)
    studio.keys["openai"] = SESSION
    failed = studio.generate("a boat", model=MODEL).wait(WAIT_S)
    del studio.keys["openai"]
    again = studio.generate("a boat", model=MODEL, key=SESSION).wait(WAIT_S)
    fake.always.clear()
    made = studio.generate("a boat", model=MODEL, key=SESSION).wait(WAIT_S)
    assert [batch[0].status for batch in (failed, again, made)] == ["error", "error", "success"]
    assert "••••" in again[0].error.message  # the provider's words come through, but for that
    everything = [
        caplog.text, repr(studio.keys), studio.keys._repr_html_(), repr(studio.keys["openai"]), repr(made.params),
        repr(made.settings()), studio.df().to_json(date_format="iso"), studio.models().to_json(), repr(made.record),
        repr(failed.record), str(again[0].error.exception()), made._repr_html_(), again._repr_html_(),
        repr(vars(studio._engine.keys)),
    ]  # fmt: skip
    for text in everything:
        assert SESSION not in text
        assert SESSION[6:20] not in text
    for path in (path for path in tmp_path.rglob("*") if path.is_file()):
        assert SESSION.encode() not in path.read_bytes(), path


def test_no_traceback_that_shows_variables_shows_a_key(studio: Studio) -> None:
    for give in (
        lambda: studio.generate("x", model="openai:gpt-image-2", widht=3, key=SESSION),
        lambda: studio.generate("x", model="openai:gpt-image-2", key=SESSION + "…"),
        lambda: studio.keys.__setitem__("openai", SESSION + "…"),
        lambda: studio.keys.__setitem__("nobody", SESSION),
    ):
        with pytest.raises(UserError) as caught:
            give()
        frames = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        assert not [frame.name for frame in frames.stack if SESSION in str(frame.locals) and frame.name != "<lambda>"
                    and "test_keys" not in frame.filename]  # fmt: skip


# ── The keyring ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_kept_key_is_found_again_and_can_be_taken_out(ring: Ring) -> None:
    assert config.keep_key("openai", Secret("abc")) == "test ring"
    assert ring.kept == {("photogram", "openai"): "abc"}
    config.keys._from_keyring.clear()
    found = config.find_key("openai", ("OPENAI_API_KEY",))
    assert found is not None
    assert (found.secret.reveal(), found.source) == ("abc", "keyring")
    assert config.forget_key("openai")
    assert not config.forget_key("openai")
    assert config.find_key("openai", ("OPENAI_API_KEY",)) is None


def test_system_without_a_keyring_goes_on_without() -> None:
    keyring.set_keyring(fail.Keyring())
    assert config.find_key("openai", ("OPENAI_API_KEY",)) is None
    assert config.name_keyring() is None
    assert not config.forget_key("openai")
    with pytest.raises(KeyringFailed, match="NoKeyringError"):
        config.keep_key("openai", Secret("abc"))


def test_keyring_that_keeps_nothing_is_said() -> None:
    keyring.set_keyring(null.Keyring())
    with pytest.raises(KeyringFailed, match="keeps nothing"):
        config.keep_key("openai", Secret("abc"))


def test_keyring_that_fails_is_none_and_its_words_stay_with_it() -> None:
    keyring.set_keyring(Angry())
    assert config.find_key("openai", ("OPENAI_API_KEY",)) is None
    with pytest.raises(KeyringFailed) as caught:
        config.keep_key("openai", Secret(SESSION))
    assert SESSION not in "".join(traceback.format_exception(caught.value))


def test_photogram_goes_without_the_package_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "keyring", None)
    assert config.find_key("openai", ("OPENAI_API_KEY",)) is None
    with pytest.raises(KeyringFailed, match=r"photogram\[keyring\]"):
        config.keep_key("openai", Secret("abc"))


# ── Where the provider is ─────────────────────────────────────────────────────────────────────────────────────────────


def test_address_of_the_environment_goes_before_the_settings_before_the_built_in(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def found() -> str:
        return config.base_url_of("acme-art", "https://api.acme.example/", ("ACME_URL",))

    assert found() == "https://api.acme.example"
    (tmp_path / "config.toml").write_text('[providers.acme-art]\nbase_url = "http://c.example/"\n')
    assert found() == "http://c.example"
    monkeypatch.setenv("ACME_URL", "http://b.example")
    assert found() == "http://b.example"
    monkeypatch.setenv("PHOTOGRAM_ACME_ART_BASE_URL", "http://a.example")
    assert found() == "http://a.example"


def test_wrong_address_is_said_before_anything_is_written(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    studio.keys["openai"] = "k"
    monkeypatch.setenv("PHOTOGRAM_OPENAI_BASE_URL", "localhost:4000")
    with pytest.raises(BadSettings, match="PHOTOGRAM_OPENAI_BASE_URL does not begin with http"):
        studio.generate("x", model=MODEL)
    monkeypatch.delenv("PHOTOGRAM_OPENAI_BASE_URL")
    (tmp_path / "config.toml").write_text('[providers.openai]\nbase_url = "https://me:hunter2@a.example"\n')
    with pytest.raises(BadSettings, match=r"\[providers.openai\] of .*config.toml has a user name") as caught:
        studio.generate("x", model=MODEL)
    assert "hunter2" not in str(caught.value)
    assert studio.df().empty


def test_address_that_everybody_has_elsewhere_is_asked_for_before_anything_is_written(
    fake: FakeOpenAI, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    elsewhere = fake.adapter(
        name="acme", base_url="", key_variables=("K",), facts=read_facts(load_data("openai") or {}, "acme")
    )
    elsewhere.base_url_variables = ("ACME_ENDPOINT",)
    with open_studio(tmp_path / "elsewhere", elsewhere) as studio:
        model = studio.models().model[0]
        with pytest.raises(BadSettings, match="PHOTOGRAM_ACME_BASE_URL or ACME_ENDPOINT"):
            studio.generate("x", model=model, key="k")
        assert studio.df().empty


def test_address_that_went_wrong_later_stops_the_line_until_it_is_put_right(
    studio: Studio, fake: FakeOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.keys["openai"] = fake.key
    fake.hold.clear()
    batch = studio.generate("x", model=MODEL, n=9)  # one more than run at once
    wait_until(lambda: len(fake.submits) == 8)
    monkeypatch.setenv("PHOTOGRAM_OPENAI_BASE_URL", "nowhere")
    fake.hold.set()
    batch.wait(WAIT_S)
    last = [one for one in batch if one.status != "success"]
    assert [one.error.kind for one in last] == ["auth"]
    assert "PHOTOGRAM_OPENAI_BASE_URL" in last[0].error.message
    monkeypatch.setenv("PHOTOGRAM_OPENAI_BASE_URL", fake.url)
    last[0].retry()
    batch.wait(WAIT_S)
    assert {one.status for one in batch} == {"success"}
