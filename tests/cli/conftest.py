"""Runs the real command in a process of its own, on a workspace of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import photogram

Shell = Callable[..., subprocess.CompletedProcess[str]]

SOURCE = str(Path(photogram.__file__).parents[1])
COMMAND = [sys.executable, "-c", "import sys; from photogram.cli import main; sys.exit(main())"]


def environment_in(folder: Path) -> dict[str, str]:
    """Returns the environment of a command whose workspace and settings are in a folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PHOTOGRAM_")}
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join(filter(None, [SOURCE, os.environ.get("PYTHONPATH", "")])),
        "PHOTOGRAM_HOME": str(folder / "workspace"),
        "PHOTOGRAM_CONFIG": str(folder / "config.toml"),
        "COLUMNS": "120",
    }


def shell_in(folder: Path, environment: dict[str, str]) -> Shell:
    """Returns what runs the command in a folder."""

    def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *arguments], cwd=folder, env=environment, input=stdin, capture_output=True,
            encoding="utf-8", timeout=200, check=False,
        )  # fmt: skip

    return run


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return environment_in(tmp_path)


@pytest.fixture
def shell(tmp_path: Path, environment: dict[str, str]) -> Shell:
    return shell_in(tmp_path, environment)
