"""A fork takes neither the lock nor the connection with it."""

from __future__ import annotations

import multiprocessing
import time
from pathlib import Path

from photogram.store import Store
from photogram.store.possession import FORK_WAIT_S

from .processes import prepared, start, wait_for
from .workers import count, ids, slow, totals


def test_the_child_is_refused_the_parents_store_and_opens_its_own_once_the_parent_is_dead(tmp_path: Path) -> None:
    (tmp_path / "parent-alive").touch()
    parent = start("forking", tmp_path)
    assert parent.stdout
    said = [parent.stdout.readline() for _ in range(8)]
    assert said.count("child refused\n") == 5, said
    assert "parent counts True\n" in said
    forked_in = next(float(line.split()[2]) for line in said if line.startswith("forked in"))
    assert forked_in < 1
    parent.kill()
    parent.wait()
    store = Store.open(tmp_path)  # the child lives, and keeps nothing
    assert store.write(count, "we").result(timeout=5) > 0
    (tmp_path / "parent-alive").unlink()
    assert "True" in wait_for(parent, "child counts")
    wait_for(parent, "child done")
    assert parent.stderr
    # What threads of the parent referred to is never freed in the child; nanobind says so, and it is nothing else.
    assert {line.split()[0] for line in parent.stderr} <= {"nanobind:", "-", "See"}
    assert {"we", "child", "after the fork"} <= store.read(ids).result(timeout=10)
    store.close()


def _count_in_child(workspace: Path, n: int) -> None:
    store = Store.open(workspace)
    for i in range(20):
        store.write(count, f"{n}_{i}").result(timeout=30)
    store.close()


def test_forked_children_and_their_parent_take_turns(tmp_path: Path) -> None:
    prepared(tmp_path)
    store = Store.open(tmp_path)
    store.write(count, "first").result()
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=_count_in_child, args=(tmp_path, n)) for n in range(3)]
    for child in children:
        child.start()
    for i in range(20):
        store.write(count, f"parent_{i}").result(timeout=30)
    for child in children:
        child.join(30)
        assert child.exitcode == 0
    assert store.read(totals).result() == (81, 81, 81)
    store.close()


def test_a_fork_cuts_a_read_short_which_then_runs_again(tmp_path: Path) -> None:
    prepared(tmp_path)
    store = Store.open(tmp_path)
    endless = store.read(slow)
    time.sleep(0.2)
    child = multiprocessing.get_context("fork").Process(target=int)
    started = time.monotonic()
    child.start()
    assert time.monotonic() - started < FORK_WAIT_S, "it was let go on; it did not run out of patience"
    child.join(10)
    assert child.exitcode == 0
    time.sleep(0.2)
    assert not endless.done()
    assert store.write(count, "x").result(timeout=5) == 1
    store.close()
