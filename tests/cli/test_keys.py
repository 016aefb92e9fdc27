"""`photogram keys`: what it tells, keeps and tries; and that it never shows or takes a key where others see it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

KEY = "Zw4Planted9QmX7rT2vB8nL5k"

RING = '''
import json, os
from keyring.backend import KeyringBackend


class Ring(KeyringBackend):
    """Keeps its keys in a file, turned round."""

    priority = 5.0
    name = "test ring"
    file = os.environ["RING_FILE"]

    def kept(self):
        return json.load(open(self.file)) if os.path.exists(self.file) else {}

    def get_password(self, service, username):
        found = self.kept().get(f"{service}/{username}")
        return found and found[::-1]

    def set_password(self, service, username, password):
        json.dump(self.kept() | {f"{service}/{username}": password[::-1]}, open(self.file, "w"))

    def delete_password(self, service, username):
        json.dump({k: v for k, v in self.kept().items() if k != f"{service}/{username}"}, open(self.file, "w"))
'''


@pytest.fixture(autouse=True)
def plain(environment: dict[str, str]) -> None:
    for variable in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "BFL_API_KEY"):
        environment.pop(variable, None)


@pytest.fixture
def ring(environment: dict[str, str], tmp_path: Path) -> Path:
    (tmp_path / "ring_of_tests.py").write_text(RING)
    environment["PYTHONPATH"] += f":{tmp_path}"
    environment["PYTHON_KEYRING_BACKEND"] = "ring_of_tests.Ring"
    environment["RING_FILE"] = str(tmp_path / "ring.json")
    return tmp_path / "ring.json"


def source_of(shell, provider: str) -> str | None:
    rows = json.loads(shell("keys", "list", "--json").stdout)
    return {row["provider"]: row["source"] for row in rows}[provider]


def test_key_is_read_from_stdin_kept_listed_and_deleted(process, ring, tmp_path):
    kept = process("keys", "set", "openai", stdin=f"{KEY}\n")
    assert (kept.returncode, kept.stdout) == (0, "The key of openai is kept in test ring.\n")
    assert json.loads(ring.read_text()) == {"photogram/openai": KEY[::-1]}
    assert source_of(process, "openai") == "keyring"
    listed = process("keys")
    assert "•••• from the keyring" in listed.stdout
    assert KEY not in kept.stdout + kept.stderr + listed.stdout
    assert json.loads(process("keys", "delete", "openai", "--json").stdout) == {"provider": "openai", "deleted": True}
    assert process("keys", "delete", "openai").returncode == 1
    assert source_of(process, "openai") is None
    assert not (tmp_path / "workspace").exists()


def test_environment_that_goes_before_it_is_said(process, ring, environment):
    environment["OPENAI_API_KEY"] = "other"
    kept = json.loads(process("keys", "set", "openai", "--json", stdin=KEY).stdout)
    assert kept == {"provider": "openai", "kept_in": "test ring", "hidden_by": "OPENAI_API_KEY"}
    assert source_of(process, "openai") == "OPENAI_API_KEY"


def test_key_on_the_command_line_is_turned_away_and_not_repeated(shell, ring):
    done = shell("keys", "set", "openai", KEY)
    assert done.returncode == 2
    assert "stays in the shell's history" in done.stderr
    assert KEY not in done.stdout + done.stderr
    assert not ring.exists()


@pytest.mark.parametrize(("given", "said"), [("", "is empty"), ("\n", "is empty"), ("sk-a…b\n", "at position 5")])
def test_what_is_no_key_is_not_kept(shell, ring, given, said):
    done = shell("keys", "set", "openai", stdin=given)
    assert done.returncode == 2
    assert said in done.stderr
    assert not ring.exists()


def test_without_a_keyring_it_names_the_environment_variable(process, environment):
    for backend in ("keyring.backends.fail.Keyring", "keyring.backends.null.Keyring"):
        environment["PYTHON_KEYRING_BACKEND"] = backend
        done = process("keys", "set", "bfl", stdin=KEY)
        assert done.returncode == 2
        assert "The key was not kept. Set the environment variable BFL_API_KEY." in done.stderr
        assert KEY not in done.stderr


def test_without_the_package_it_says_so(process, environment, tmp_path):
    (tmp_path / "keyring.py").write_text("raise ImportError('not installed')\n")
    environment["PYTHONPATH"] = f"{tmp_path}:{environment['PYTHONPATH']}"
    done = process("keys", "set", "bfl", stdin=KEY)
    assert done.returncode == 2
    assert "pip install 'photogram[keyring]', or set the environment variable BFL_API_KEY." in done.stderr


def test_provider_that_is_none_or_takes_no_key_is_said(shell):
    assert "There is no provider 'nobody'" in shell("keys", "set", "nobody", stdin=KEY).stderr
    assert "sketch takes no key" in shell("keys", "test", "sketch").stderr


def test_workspaces_provider_gets_no_key_from_the_keyring(shell, ring, tmp_path):
    (tmp_path / "workspace").mkdir()
    (tmp_path / "workspace/models.toml").write_text(
        '[providers.mine]\nprotocol = "openai"\nbase_url = "http://127.0.0.1:9"\n'
    )
    done = shell("keys", "set", "mine", stdin=KEY)
    assert done.returncode == 2
    assert "PHOTOGRAM_KEY_MINE" in done.stderr
    assert not ring.exists()


def test_key_is_tried_without_a_workspace(shell, environment, tmp_path):
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from providers.test_openai import FakeOpenAI

    from photogram.testing import Reply

    class Fake(FakeOpenAI):
        key = KEY

        def key_check(self, asked, job):
            return Reply.of({"data": []})

    fake = Fake()
    environment["PHOTOGRAM_OPENAI_BASE_URL"] = fake.url
    try:
        assert json.loads(shell("keys", "test", "openai", "--json").stdout)["verdict"] == "no key"
        environment["OPENAI_API_KEY"] = KEY
        right = shell("keys", "test", "openai")
        assert (right.returncode, right.stdout) == (0, "openai: ok (OPENAI_API_KEY)\n")
        environment["OPENAI_API_KEY"] = "wrong-key"
        wrong = shell("keys", "test", "openai", "--json")
        assert wrong.returncode == 1
        assert json.loads(wrong.stdout)["verdict"] == "refused"
        assert "wrong-key" not in wrong.stdout
    finally:
        fake.close()
    environment["PHOTOGRAM_OPENAI_BASE_URL"] = "http://127.0.0.1:9"
    assert json.loads(shell("keys", "test", "openai", "--json").stdout)["verdict"] == "unreachable"
    assert not (tmp_path / "workspace").exists()


def test_models_are_listed_with_their_successors_and_a_bad_file_is_said(shell, tmp_path):
    (tmp_path / "models.toml").write_text("[providers.x\n")
    done = shell("models")
    assert done.returncode == 0
    assert "models.toml is not TOML" in done.stderr
    assert "openai:gpt-image-2" in done.stdout
    assert "fal:*" in done.stdout
    rows = {row["model"]: row for row in json.loads(shell("models", "--json").stdout)}
    assert rows["openai:gpt-image-1.5"]["retires_on"] == "2026-12-01"
    assert rows["openai:gpt-image-1.5"]["successor"] in rows
