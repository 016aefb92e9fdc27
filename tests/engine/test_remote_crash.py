"""A process dies at the worst moments; the next one pays nothing twice and loses nothing it can know."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from faulty.harness import USER, only
from faulty.server import Server, png

from photogram.domain.task import TaskStatus
from photogram.engine.engine import Engine
from photogram.store import assets, ledger
from photogram.store import batches as batch_rows


def run_child(workspace: Path, url: str, moment: str) -> tuple[int, str, str]:
    here = Path(__file__).parent
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    child = subprocess.run(
        [sys.executable, str(here / "crash_child.py"), str(workspace), url, moment],
        capture_output=True, text=True, timeout=60, env=environment, check=False,
    )  # fmt: skip
    return child.returncode, child.stdout.strip(), child.stderr


@pytest.mark.parametrize(
    ("moment", "submits", "status"),
    [
        ("between mark and post", 0, TaskStatus.LOST),  # nobody can know that no byte left
        ("between response and journal", 1, TaskStatus.LOST),
        ("between journal and commit", 1, TaskStatus.SUCCESS),
        ("between an address and the download", 1, TaskStatus.SUCCESS),
        ("while polling", 1, TaskStatus.SUCCESS),
        ("between image and row", 1, TaskStatus.SUCCESS),
        ("exit while polling", 1, TaskStatus.SUCCESS),
    ],
)
def test_death_at_the_worst_moment_pays_nothing_twice(
    make_engine: Callable[..., Engine], server: Server, tmp_path: Path, moment: str, submits: int, status: TaskStatus
) -> None:
    workspace = (tmp_path / "ws").resolve()
    if moment == "exit while polling":
        server.polls_needed = 3
    code, batch_id, errors = run_child(workspace, server.url, moment)
    assert code == (0 if moment == "exit while polling" else -9), errors
    assert "Fatal" not in errors
    assert len(server.submits) == submits
    engine = make_engine(at=workspace)
    engine.adopt(USER).result(10)
    engine.finished(USER, batch_id).result(30)
    generation = only(engine.read(batch_rows.get_batch, USER, batch_id).result(10))
    assert generation.status is status
    assert len(server.submits) == submits
    paid = 40_000
    assert engine.read(ledger.balance, USER).result(10) == ledger.FIRST_GRANT_MICROS - paid  # captured, or still held
    if status is TaskStatus.SUCCESS:
        assert generation.asset
        assert engine.store.files.read(generation.asset.sha256, extension="png") == png()
    assert engine.read(assets.find_orphans).result(10) == {}
    assert engine.owner.dead() == []  # nothing of the dead is left to look at
