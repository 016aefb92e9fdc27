"""The example of a provider plugin that `NEW_PROVIDER.md` names: its own tests, its length, and that it is found."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "photogram-wavespeed"

pytest.register_assert_rewrite("test_wavespeed")
with pytest.MonkeyPatch.context() as patch:
    patch.syspath_prepend(EXAMPLE)
    patch.syspath_prepend(EXAMPLE / "tests")
    TestWaveSpeed = import_module("test_wavespeed").TestWaveSpeed


def test_adapter_and_models_together_are_short() -> None:
    package = EXAMPLE / "photogram_wavespeed"
    lines = [line for name in ("__init__.py", "wavespeed.toml") for line in (package / name).open(encoding="utf-8")]
    assert len(lines) < 120
    assert "docs/examples/photogram-wavespeed" in (ROOT / "src/photogram/providers/NEW_PROVIDER.md").read_text("utf-8")


def test_models_of_an_installed_plugin_are_listed_with_their_package(tmp_path: Path) -> None:
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text("utf-8"))["project"]
    info = tmp_path / "photogram_wavespeed-0.1.0.dist-info"  # what pip leaves of a package that it installed
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    named = "".join(f"{name} = {where}\n" for name, where in project["entry-points"]["photogram.providers"].items())
    (info / "entry_points.txt").write_text(f"[photogram.providers]\n{named}")
    listed = subprocess.run(
        [sys.executable, "-c", "from photogram.cli import main; main()", "models", "--json", "--workspace", "ws"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": os.pathsep.join([str(EXAMPLE), str(tmp_path)])},
        capture_output=True, text=True, encoding="utf-8", check=True, timeout=60,
    )  # fmt: skip
    rows = [row for row in json.loads(listed.stdout) if row["model"].startswith("wavespeed:")]
    assert [row["model"] for row in rows] == [
        "wavespeed:bytedance/seedream-v4/edit",
        "wavespeed:wavespeed-ai/flux-dev",
        "wavespeed:wavespeed-ai/flux-schnell",
    ]
    assert {row["origin"] for row in rows} == {"package photogram-wavespeed"}
