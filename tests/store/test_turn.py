"""Processes take turns: quickly, fairly, and so that nothing is lost."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from photogram.errors import QueryInterrupted, StoreBusy
from photogram.store import Store
from photogram.store.turn import Holder, OsLock, Turn, this_host

from .processes import finish, prepared, start, wait_for
from .workers import SLOW, count, totals

# ── The locks alone ─────────────────────────────────────────────────────────────────────────────────────────────────


class Clock:
    """Time that passes only by waiting."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


def test_a_lock_is_exclusive_between_two_descriptors_and_free_after_closing(tmp_path: Path) -> None:
    one, two = OsLock(tmp_path / "l"), OsLock(tmp_path / "l")
    assert one.take()
    assert not two.take()
    one.close()
    assert two.take()


def test_a_turn_is_wanted_exactly_while_someone_queues(tmp_path: Path) -> None:
    holder, waiter = Turn(tmp_path / "db"), Turn(tmp_path / "db")
    assert holder.take(lambda: True)
    assert not holder.wanted()
    seen: list[bool] = []

    def go_on() -> bool:
        seen.append(holder.wanted())
        return len(seen) < 3

    assert not waiter.take(go_on)
    assert seen == [True, True, True]
    assert not holder.wanted()
    holder.give_up()
    assert waiter.take(lambda: True)


def test_who_has_given_up_cannot_take_the_turn_again_before_the_one_who_waits(tmp_path: Path) -> None:
    holder, waiter = Turn(tmp_path / "db"), Turn(tmp_path / "db")
    holder.take(lambda: True)

    def go_on() -> bool:
        holder.give_up()
        assert not holder.take(lambda: False)  # the place of the one who waits is taken
        return True

    assert waiter.take(go_on)


def test_an_older_wait_tries_more_often(tmp_path: Path) -> None:
    clock = Clock()
    holder, waiter = Turn(tmp_path / "db"), Turn(tmp_path / "db", clock=clock, sleep=clock.sleep)
    holder.take(lambda: True)
    waiter.take(lambda: clock.now < 1)
    assert clock.pauses[0] == pytest.approx(0.004)
    assert clock.pauses == sorted(clock.pauses, reverse=True)
    assert clock.pauses[-1] == pytest.approx(0.0005)


def test_the_note_names_the_holder(tmp_path: Path) -> None:
    turn = Turn(tmp_path / "db")
    assert turn.holder() is None
    turn.take(lambda: True)
    assert turn.holder() == Holder(pid=os.getpid(), host=this_host())
    (tmp_path / "db.lock").write_text("nonsense")
    assert turn.holder() is None


# ── Processes ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("processes", [2, 3])
def test_handovers_between_processes_lose_nothing(tmp_path: Path, processes: int) -> None:
    prepared(tmp_path)
    children = [start("counting", tmp_path) for _ in range(processes)]
    seconds = float(os.environ.get("PHOTOGRAM_TEST_HANDOVER_S", "5"))
    time.sleep(seconds)
    (tmp_path / "stop").touch()
    said = [finish(child) for child in children]
    turns = sum(int(lines[-1].split()[1]) for lines in said)
    acknowledged = sum(len(lines) - 1 for lines in said)
    store = Store.open(tmp_path)
    assert store.read(totals).result() == (acknowledged,) * 3
    store.close()
    assert turns > 2 * processes
    assert all(len(lines) > acknowledged / processes / 4 for lines in said), "someone was starved"


@pytest.mark.slow
def test_ten_thousand_handovers_of_the_bare_turn_are_exclusive_and_fair(tmp_path: Path) -> None:
    children = [start("taking", tmp_path, "3334") for _ in range(3)]
    said = [finish(child, timeout_s=250) for child in children]
    assert (tmp_path / "value").read_text() == "10002"
    changes = sum(int(lines[-1]) for lines in said)
    assert changes > 10_002 * 0.8


def test_a_stopped_holder_is_named_and_evidence_outlasts_it(tmp_path: Path) -> None:
    prepared(tmp_path)
    holder = start("holding_turn", tmp_path)
    wait_for(holder, "holding")
    store = Store.open(tmp_path, busy_timeout_s=1.5)
    try:
        os.kill(holder.pid, signal.SIGSTOP)
        impatient, reading, evidence = store.write(count, "a"), store.read(totals), store.write_evidence(count, "b")
        time.sleep(1.2)
        notice = store.busy()
        assert notice
        assert f"process {holder.pid}, which is stopped" in notice
        for future in (impatient, reading):
            with pytest.raises(StoreBusy, match=rf"process {holder.pid}, which is stopped.*Resume process"):
                future.result(timeout=10)
        assert not evidence.done()
        assert not evidence.cancel()
        holder.kill()
        assert evidence.result(timeout=10) == 1
        assert store.busy() is None
    finally:
        holder.kill()
        store.close()


@pytest.mark.parametrize("how", ["", "read only"])
def test_a_foreign_program_with_the_file_open_counts_as_busy(tmp_path: Path, how: str) -> None:
    prepared(tmp_path)
    foreign = start("holding_foreign", tmp_path, how)
    wait_for(foreign, "holding")
    store = Store.open(tmp_path, busy_timeout_s=0.8)
    try:
        with pytest.raises(StoreBusy, match=rf"process {foreign.pid}.*outside Photogram.*Close the file there"):
            store.write(count, "a").result(timeout=10)
        later = store.write_evidence(count, "b")
        foreign.communicate("\n")
        assert later.result(timeout=10) == 1
    finally:
        foreign.kill()
        store.close()


def test_the_users_own_connection_in_this_process_counts_as_busy(tmp_path: Path) -> None:
    import duckdb

    prepared(tmp_path)
    own = duckdb.connect(str(tmp_path / "history.duckdb"))
    store = Store.open(tmp_path, busy_timeout_s=0.5)
    with pytest.raises(StoreBusy, match="this very process"):
        store.read(totals).result(timeout=10)
    own.close()
    assert store.read(totals).result(timeout=10) == (0, 0, 0)
    store.close()


def test_a_cell_that_holds_the_gil_does_not_keep_the_file(tmp_path: Path) -> None:
    prepared(tmp_path)
    hog = start("hogging", tmp_path, str(10**8))
    wait_for(hog, "hogging")
    store = Store.open(tmp_path)
    started = time.monotonic()
    store.write(count, "mine").result(timeout=20)
    waited = time.monotonic() - started
    store.close()
    hogged = float(finish(hog)[-1])
    assert waited < hogged / 2


def test_a_query_cut_short_by_turns_is_run_again_and_then_names_the_other(tmp_path: Path) -> None:
    prepared(tmp_path)
    store = Store.open(tmp_path)
    query = store.query(SLOW, user_id="me", time_limit_s=600)
    time.sleep(0.3)
    other = start("counting", tmp_path)
    with pytest.raises(QueryInterrupted, match=rf"4 times because process {other.pid} needed the file"):
        query.result(timeout=60)
    (tmp_path / "stop").touch()
    finish(other)
    store.close()


def test_a_short_read_among_turns_always_arrives(tmp_path: Path) -> None:
    prepared(tmp_path)
    store = Store.open(tmp_path)
    other = start("counting", tmp_path)
    wait_for(other, "_5")
    values = [store.read(totals).result(timeout=20)[0] for _ in range(100)]
    assert values == sorted(values)
    assert values[-1] > values[0]
    (tmp_path / "stop").touch()
    finish(other)
    store.close()


def test_writes_elsewhere_are_seen_by_everyone_who_asks_and_ones_own_are_not(tmp_path: Path) -> None:
    prepared(tmp_path)
    store = Store.open(tmp_path)
    before = store.foreign_writes()
    store.write(count, "mine").result()
    assert store.foreign_writes() == before
    time.sleep(0.4)  # given up for idleness
    assert store.foreign_writes() == before
    other = start("counting", tmp_path)
    wait_for(other, "_0")
    assert store.foreign_writes() > before
    (tmp_path / "stop").touch()
    finish(other)
    last = store.foreign_writes()
    assert last > before, "whoever asks later sees it, too"
    assert store.foreign_writes() == last
    store.close()


def test_a_running_read_is_given_its_grace(tmp_path: Path) -> None:
    prepared(tmp_path)
    store = Store.open(tmp_path)

    def for_a_second(cur: object) -> str:
        time.sleep(1)
        return "done"

    reading = store.read(for_a_second)
    time.sleep(0.1)
    other = start("counting", tmp_path)
    assert reading.result(timeout=5) == "done"
    (tmp_path / "stop").touch()
    finish(other)
    store.close()
