"""A workspace that several computers share: none takes over what another works on, until that one is silent."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from faulty.harness import USER, made, new_batch, only, read, until
from faulty.server import Server

from photogram.domain.task import TaskStatus
from photogram.engine.engine import Engine
from photogram.store import Cursor
from photogram.store import tasks as task_rows
from photogram.store.beats import Host, read_sign
from photogram.store.owners import Owner


@pytest.fixture
def elsewhere(workspace: Path) -> Owner:
    """A process of another computer, whose lock is not seen here."""
    workspace.mkdir(exist_ok=True)
    owner = Owner(workspace, host=Host(name="other-pc"))
    owner._lock.close()
    return owner


def test_engine_shows_that_it_lives_and_in_the_end_that_it_does_not(engine: Engine, workspace: Path) -> None:
    path = workspace / "owners" / f"{engine.owner.id}.beat"

    def count() -> str:
        sign = read_sign(path)
        assert sign
        assert sign.host == Host.here()
        return sign.count

    for _ in range(3):
        before = count()
        until(lambda before=before: count() != before)
    engine.close()
    assert count() == "over"


def test_task_of_another_host_is_taken_over_only_once_that_is_silent(
    elsewhere: Owner, engine: Engine, server: Server
) -> None:
    made(engine)  # the job that the other is said to have sent
    asked = len(server.polls)
    batch = engine.store.write(task_rows.start_batch, USER, new_batch(engine)).result(30)[0]
    handle = json.dumps({"remote_id": "job0", "poll_url": f"{server.url}/jobs/job0"})

    def send(cur: Cursor) -> None:
        cur.execute(
            "UPDATE tasks SET status = 'processing', sent_at = ?, owner = ?, handle = ?",
            [engine.clock.now(), elsewhere.id, handle],
        )

    engine.store.write(send).result(30)
    began = engine.clock.monotonic()
    while engine.clock.monotonic() - began < 90:
        elsewhere.beat()
        time.sleep(0.05)
        assert engine.call(engine.presence.doubtful(USER)).result(30) in ([], ["other-pc"])
        engine.adopt(USER).result(30)
    assert only(read(engine, batch)).status is TaskStatus.PROCESSING
    assert len(server.polls) == asked
    engine.call(engine.presence.known(USER)).result(30)
    until(lambda: only(read(engine, batch)).status is TaskStatus.SUCCESS)
