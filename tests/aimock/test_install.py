"""A mock server that cannot be run is a failure that says what to do."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from photogram.testing import wait_until

from . import install, server

POSIX = pytest.mark.skipif(os.name == "nt", reason="the fake of a Node is a shell script")


def write_node(folder: Path, says: str, npm: bool = True) -> Path:
    """Writes what looks like a Node of some version, with its npm where the official builds have it."""
    node = folder / "bin" / "node"
    node.parent.mkdir(parents=True)
    node.write_text(f"#!/bin/sh\necho '{says}'\n")
    node.chmod(0o755)
    if npm:
        script = folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        script.parent.mkdir(parents=True)
        script.write_text("")
    return node


@POSIX
@pytest.mark.parametrize(
    ("says", "fit"),
    [("v20.15.0", True), ("v24.19.0", True), ("v20.14.9", False), ("v18.20.4", False), ("v9.99.0", False),
     ("install it from a snap", False), ("", False)],
)  # fmt: skip
def test_only_a_node_that_is_new_enough_will_do(tmp_path, says, fit):
    assert install.is_fit(write_node(tmp_path, says)) is fit


@POSIX
def test_node_without_npm_will_not_do(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "/bin" if not Path("/bin/npm").exists() else "/nonexistent")
    assert not install.is_fit(write_node(tmp_path, "v24.0.0", npm=False))


@POSIX
def test_named_node_comes_first_and_an_old_one_on_the_path_is_passed_over(tmp_path, monkeypatch):
    named, old = write_node(tmp_path / "named", "v22.1.0"), write_node(tmp_path / "old", "v18.20.4")
    monkeypatch.setenv("PATH", f"{old.parent}:/bin:/usr/bin")
    monkeypatch.setenv("PHOTOGRAM_NODE", str(named))
    assert install.find_node() == named
    monkeypatch.delenv("PHOTOGRAM_NODE")
    assert install.find_node() not in (named, old)


@pytest.mark.parametrize(
    ("missing", "message"), [("find_node", "There is no Node"), ("is_installed", "is not installed")]
)  # fmt: skip
def test_what_is_missing_fails_with_the_next_step_and_skips_nothing(monkeypatch, missing, message):
    monkeypatch.setattr(server, missing, lambda: None)
    with pytest.raises(pytest.fail.Exception, match=message) as failed:
        server.Aimock()
    assert "python tests/aimock/install.py" in str(failed.value)


def test_version_is_exact_and_nothing_names_where_it_comes_from():
    wanted = json.loads(install.RECIPE.read_text())["dependencies"]
    assert wanted
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())
    assert install.is_installed(), server.NEXT_STEP
    folder = install.HERE / "node_modules" / "@copilotkit" / "aimock"
    there = json.loads((folder / "package.json").read_text())
    assert there["version"] == wanted["@copilotkit/aimock"]
    assert not there.get("dependencies"), "what it depends on would have to be pinned, too"
    assert not (install.HERE / "package-lock.json").exists()


def test_server_ends_with_whoever_started_it():
    killed = "import os; from aimock.server import Aimock; print(Aimock().url, flush=True); os._exit(1)"
    ran = subprocess.run(
        [sys.executable, "-c", killed], cwd=install.HERE.parent, capture_output=True, text=True, timeout=60, check=False
    )
    address = urlsplit(ran.stdout.strip())

    def is_gone() -> bool:
        try:
            socket.create_connection((address.hostname, address.port), timeout=5).close()
        except ConnectionRefusedError:
            return True
        return False

    wait_until(is_gone)
