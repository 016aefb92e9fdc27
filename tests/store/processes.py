"""Starting the processes of `workers.py`, and what the tests ask of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from photogram.store import Store

from . import workers

WORKERS = Path(workers.__file__)


def start(name: str, workspace: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(WORKERS), name, str(workspace), *arguments],
        stdout=subprocess.PIPE, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip


def wait_for(process: subprocess.Popen[str], word: str) -> str:
    assert process.stdout
    for line in process.stdout:
        if word in line:
            return line
    assert process.stderr
    raise AssertionError(f"{process.args} never said {word!r}: {process.stderr.read()}")


def finish(process: subprocess.Popen[str], timeout_s: float = 60) -> list[str]:
    """Returns what it said; it must have ended well and without a word of complaint."""
    out, err = process.communicate(timeout=timeout_s)
    assert process.returncode == 0, err
    assert not err, err
    return out.splitlines()


def prepared(workspace: Path) -> Path:
    store = Store.open(workspace)
    store.write(workers.prepare).result(timeout=20)
    store.close()
    return workspace
