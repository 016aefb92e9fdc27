"""Two live processes on one workspace: each task is carried by one of them, and a dead one's tasks by the other."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from photogram.engine.engine import Engine
from photogram.store import Cursor

from .adapter import PRICE_MICROS
from .harness import check_money, until
from .server import Answer, Job, Reply, Server
from .soak import Life

EACH = 50
WITHIN_S = 30.0


class NotYet:
    """Jobs that go on until `done` is set."""

    done = False

    def submit(self, _task_id: str) -> Answer:
        return None

    def poll(self, _job: Job) -> Answer:
        return None if self.done else Reply(body=b'{"status": "working"}')

    def fetch(self, _job: Job) -> Answer:
        return None


@pytest.fixture
def lives(workspace: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], Life]]:
    monkeypatch.setenv("FAULTY_EPOCH_S", f"{time.time():.3f}")
    started: list[Life] = []

    def live(seed: int) -> Life:
        started.append(Life(workspace, server.url, EACH, seed, program="busy_child.py"))
        return started[-1]

    yield live
    for life in started:
        if life.process.poll() is None:
            life.kill()


def statuses(cur: Cursor) -> Counter[str]:
    return Counter(row[0] for row in cur.execute("SELECT status FROM tasks").fetchall())


@pytest.mark.slow
def test_hundred_tasks_of_two_processes_are_carried_by_one_each_and_a_dead_ones_by_the_other(
    lives: Callable[[int], Life], server: Server, make_engine: Callable[..., Engine]
) -> None:
    server.faults = still = NotYet()
    first, second = lives(1), lives(2)
    until(lambda: len(server.jobs) == 2 * EACH and all(job.polls for job in server.jobs.values()), 120)
    time.sleep(1.0)  # both look for orphans meanwhile
    carriers = Counter(tuple(job.pollers) for job in server.jobs.values())
    assert carriers == {(str(first.process.pid),): EACH, (str(second.process.pid),): EACH}
    orphans = [job for job in server.jobs.values() if str(first.process.pid) in job.pollers]
    first.kill()
    died = time.monotonic()
    other = str(second.process.pid)
    until(lambda: all(other in job.pollers for job in orphans), WITHIN_S)
    print(f"taken over after {time.monotonic() - died:.1f} s")
    still.done = True
    assert second.process.wait(120) == 0, second.errors
    assert all(job.pollers <= {other, str(first.process.pid)} for job in server.jobs.values())
    assert len(server.asked) == 2 * EACH
    assert set(server.accepted().values()) == {1}
    engine = make_engine()
    assert engine.read(statuses).result(30) == {"success": 2 * EACH}
    check_money(engine, captured=2 * EACH * PRICE_MICROS)
    assert os.listdir(engine.store.workspace / "spill") in ([], ["duckdb"])
