"""A process is stopped for a minute (Ctrl-Z, a laptop's lid) between the mark and the send, and wakes up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from faulty.adapter import PRICE_MICROS
from faulty.harness import SPEED, USER, check_money, task_of, until
from faulty.server import Server

from photogram.domain.task import TaskError, TaskStatus
from photogram.engine.engine import Engine
from photogram.store.ending import finish_failed
from photogram.store.sending import adopt
from photogram.store.store import DATABASE
from photogram.store.turn import OsLock

MINUTE_S = 65.0 / SPEED


def stop(pid: int, workspace: Path) -> None:
    """Stops a process while it neither has the database file nor waits for it: it would keep everybody waiting."""
    place, turn = (OsLock(workspace / f"{DATABASE}.{name}") for name in ("next", "lock"))
    with closing(place), closing(turn):
        until(place.take)
        until(turn.take)
        os.kill(pid, signal.SIGSTOP)
        _, state = os.waitpid(pid, os.WUNTRACED)
    assert os.WIFSTOPPED(state)


@pytest.mark.parametrize("meanwhile", ["nothing", "cancelled", "taken over"])
def test_process_that_was_stopped_before_the_send_looks_first_whether_it_may(
    make_engine: Callable[..., Engine], server: Server, workspace: Path, meanwhile: str
) -> None:
    child = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("stopped_child.py")), str(workspace), server.url],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    try:
        assert child.stdout
        _, task_id, owner = child.stdout.readline().split()
        assert child.stdout.readline() == "marked\n"
        stop(child.pid, workspace)
        time.sleep(MINUTE_S)
        engine = make_engine()
        assert task_of(engine, task_id).status is TaskStatus.PROCESSING
        engine.adopt(USER).result(30)  # it is stopped, not dead
        assert task_of(engine, task_id).owner == owner
        if meanwhile == "cancelled":
            engine.cancel([task_id]).result(30)
        if meanwhile == "taken over":  # as another host does, which sees no sign of life
            assert engine.write(adopt, task_id, owner, engine.owner.id).result(30)
            lost = TaskError(kind="lost", message="Nobody knows.", task_id=task_id)
            now = engine.clock.now()
            engine.write(lambda cur: finish_failed(cur, task_id, TaskStatus.LOST, now, error=lost)).result(30)
        assert server.asked == []
        os.kill(child.pid, signal.SIGCONT)
        said, errors = child.communicate("go on\n", timeout=60)
    finally:
        child.kill()
        child.wait()
    assert said == "over\n", errors
    assert "Traceback" not in errors
    status, asked, captured, held = {
        "nothing": (TaskStatus.SUCCESS, 1, PRICE_MICROS, 0),
        "cancelled": (TaskStatus.CANCELLED, 0, 0, 0),
        "taken over": (TaskStatus.LOST, 0, 0, PRICE_MICROS),
    }[meanwhile]
    assert task_of(engine, task_id).status is status
    assert len(server.asked) == asked
    check_money(engine, captured=captured, held=held)
