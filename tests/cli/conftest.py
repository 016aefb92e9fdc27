"""Runs the command on a workspace of its own: here, which is quick, or in a process of its own, as a shell does."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

import photogram
from photogram.cli import main

Shell = Callable[..., CompletedProcess[str]]

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
    """Returns what runs the command in a folder, in this process: its imports are most of what a command takes."""

    def run(*arguments: str, stdin: str = "") -> CompletedProcess[str]:
        said, errors = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
        before = signal.getsignal(signal.SIGTERM)
        with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
            patch.chdir(folder)
            for name in os.environ.keys() - environment.keys():
                patch.delenv(name)
            for name, value in environment.items():
                patch.setenv(name, value)
            patch.setattr(sys, "stdin", io.StringIO(stdin))
            patch.setattr(sys, "stdout", said)
            patch.setattr(sys, "stderr", errors)
            try:
                code = main(arguments)
            finally:
                signal.signal(signal.SIGTERM, before)
        out, err = (stream.buffer.getvalue().decode() for stream in (said, errors))  # type: ignore[attr-defined]
        return CompletedProcess(arguments, code, out, err)

    return run


def process_in(folder: Path, environment: dict[str, str]) -> Shell:
    """Returns what runs the command in a folder, in a process of its own."""

    def run(*arguments: str, stdin: str = "") -> CompletedProcess[str]:
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


@pytest.fixture
def process(tmp_path: Path, environment: dict[str, str]) -> Shell:
    return process_in(tmp_path, environment)
