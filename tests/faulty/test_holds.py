"""Holds: nobody's coins are locked for ever or come from nowhere, whatever happens to the tasks they are for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from photogram.domain.records import BatchRecord
from photogram.domain.task import TaskStatus
from photogram.engine.engine import Engine
from photogram.errors import CapExceeded, NotFound, NotYours
from photogram.providers.registry import Registry
from photogram.store import Cursor, assets, holds, ledger
from photogram.store import batches as batch_rows
from photogram.store.ending import settle_lost
from photogram.studio.doctor import examine

from .adapter import PRICE_MICROS, LoopbackAdapter
from .harness import USER, check_money, finish, made, only, read, start, task_of, until
from .server import CUT_AFTER, Server

SUCCESS, LOST = TaskStatus.SUCCESS, TaskStatus.LOST
FIRST = ledger.FIRST_GRANT_MICROS


def lose(engine: Engine, server: Server, n: int = 1) -> BatchRecord:
    server.on_submit = lambda _count: CUT_AFTER
    batch = finish(engine, start(engine, n))
    server.on_submit = lambda _count: None
    assert {one.status for one in batch.generations} == {LOST}
    return batch


def settle(engine: Engine, task_id: str, *, billed: bool, user: str = USER) -> None:
    engine.write(settle_lost, user, task_id, billed, engine.clock.now()).result(30)


def lost_ids(engine: Engine, user: str = USER) -> list[str]:
    return list(engine.read(holds.list_lost, user).result(30)["task_id"])


def wallet(engine: Engine, user: str) -> tuple[int, int]:
    """Returns a user's balance, which must be the sum of the entries, and what is held."""
    balance = engine.read(ledger.balance, user).result(30)
    entries = engine.read(ledger.list_ledger, user).result(30)
    assert round(entries["coins"].sum() * 1000) == balance
    return balance, engine.read(ledger.held, user).result(30)


# ── Caps ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("billed", [True, False])
def test_hold_of_yesterday_counts_today_and_what_it_returns_earns_nothing(
    engine: Engine, server: Server, monkeypatch: pytest.MonkeyPatch, billed: bool
) -> None:
    engine.write(ledger.set_caps, USER, {"day": 100_000}).result(30)
    real = engine.clock.now
    monkeypatch.setattr(engine.clock, "now", lambda: real() - timedelta(days=1))
    yesterday = lose(engine, server, 2)
    monkeypatch.setattr(engine.clock, "now", real)
    with pytest.raises(CapExceeded, match="80 of the day's 100"):  # they may yet be booked today
        start(engine)
    for one in yesterday.generations:
        settle(engine, one.task_id, billed=billed)
    for _ in range(0 if billed else 2):
        assert made(engine).status is SUCCESS
    with pytest.raises(CapExceeded):
        start(engine)
    check_money(engine, captured=80_000)


# ── Purging ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_purge_keeps_a_lost_one_until_it_is_settled(engine: Engine, server: Server) -> None:
    batch, other = lose(engine, server), finish(engine, start(engine))
    long_ago = engine.clock.now() - timedelta(days=8)
    for one in (batch, other):
        engine.write(batch_rows.delete_batch, USER, one.id, long_ago).result(30)
    before = engine.clock.now() - timedelta(days=7)
    assert engine.write(assets.purge_deleted, before).result(30) == (1, 1)
    (task_id,) = lost_ids(engine)
    assert task_id == only(batch).task_id
    check_money(engine, captured=PRICE_MICROS, held=PRICE_MICROS)
    settle(engine, task_id, billed=False)
    check_money(engine, captured=PRICE_MICROS)
    assert engine.write(assets.purge_deleted, before).result(30) == (1, 0)
    assert engine.read(lambda cur: cur.execute("SELECT count(*) FROM tasks").fetchone()[0]).result(30) == 0
    check_money(engine, captured=PRICE_MICROS)


def test_purge_keeps_what_is_under_way(engine: Engine, server: Server) -> None:
    server.polls_needed = 10**6
    batch = start(engine)
    until(lambda: server.polls)
    engine.write(batch_rows.delete_batch, USER, batch.id, engine.clock.now() - timedelta(days=8)).result(30)
    assert engine.write(assets.purge_deleted, engine.clock.now() - timedelta(days=7)).result(30) == (0, 1)
    server.polls_needed = 1
    until(lambda: task_of(engine, only(batch).task_id).status is SUCCESS)
    check_money(engine, captured=PRICE_MICROS)


def test_doctor_finds_a_hold_whose_task_is_gone_and_says_how_it_is_returned(
    engine: Engine, server: Server, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = only(lose(engine, server)).task_id

    def forget(cur: Cursor) -> None:
        for table in ("tasks", "generations", "batches"):
            cur.execute(f"DELETE FROM {table}")

    engine.write(forget).result(30)
    registry = Registry([LoopbackAdapter(server.url)])
    monkeypatch.setattr("photogram.engine.engine.default_registry", lambda *_: registry)
    (finding,) = (one for one in examine(workspace, USER) if one.name == "rows")
    assert not finding.ok
    assert "1 open holds without a task under way or lost" in finding.message
    assert f"studio.wallet.settle({task_id!r}, billed=False)" in finding.next_step
    with pytest.raises(NotFound):
        settle(engine, task_id, billed=False, user="bob")
    settle(engine, task_id, billed=False)
    check_money(engine)
    with pytest.raises(NotFound):
        settle(engine, task_id, billed=False)


def test_release_without_a_hold_is_found(engine: Engine) -> None:
    due = ledger.Due(
        user_id=USER, task_id="tsk_x", attempt=1, held_micros=40, cost_micros=0, at=engine.clock.now()
    )  # fmt: skip
    engine.write(ledger.settle_all, [due]).result(30)
    assert engine.read(assets.find_orphans).result(30) == {
        "releases without a hold of the same user": ["tsk_x:release"]
    }


# ── Two users ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def left(make_engine: Callable[..., Engine], server: Server) -> Engine:
    """An engine on a workspace where ana's ended with one lost, one polled and two unsent."""
    before = make_engine(LoopbackAdapter(server.url, concurrency=1))
    lose(before, server)
    server.polls_needed = 10**6
    start(before, 3)
    until(lambda: server.polls)
    before.close()
    return make_engine(LoopbackAdapter(server.url, concurrency=1))


def adopt_rows(engine: Engine, user: str) -> list[str]:
    return engine.write(assets.adopt_workspace, user, engine.clock.now()).result(30)


def test_who_adopts_a_workspace_gets_its_holds_with_its_tasks(left: Engine, server: Server) -> None:
    assert adopt_rows(left, "bob") == [USER]
    assert wallet(left, USER) == (FIRST, 0)
    assert wallet(left, "bob") == (FIRST - 4 * PRICE_MICROS, 4 * PRICE_MICROS)
    assert left.read(assets.find_orphans).result(30) == {}
    (lost,) = lost_ids(left, "bob")
    with pytest.raises(NotYours):
        settle(left, lost, billed=True)
    settle(left, lost, billed=True, user="bob")
    server.polls_needed = 1
    left.adopt("bob").result(30)
    assert len(left.discard("bob").result(30)) == 2
    until(lambda: wallet(left, "bob") == (FIRST - 2 * PRICE_MICROS, 0))
    assert wallet(left, USER) == (FIRST, 0)
    assert left.read(assets.find_orphans).result(30) == {}


def test_holds_that_went_to_another_user_may_come_back_and_go_again(left: Engine) -> None:
    assert [adopt_rows(left, user) for user in ("bob", USER, "bob", "bob", USER)] == [
        [USER],
        ["bob"],
        [USER],
        [],
        ["bob"],
    ]
    assert wallet(left, "bob") == (FIRST, 0)
    assert wallet(left, USER) == (FIRST - 4 * PRICE_MICROS, 4 * PRICE_MICROS)
    (lost,) = lost_ids(left)
    settle(left, lost, billed=False)
    assert len(left.discard(USER).result(30)) == 2
    check_money(left, held=PRICE_MICROS)


# ── Unknown prices ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("billed", "source"), [(True, "unknown"), (False, "free")])
def test_lost_one_of_unknown_price_is_settled_too(
    make_engine: Callable[..., Engine], server: Server, billed: bool, source: str
) -> None:
    engine = make_engine(LoopbackAdapter(server.url, price_micros=None))
    batch = lose(engine, server)
    settle(engine, only(batch).task_id, billed=billed)
    said = only(read(engine, batch))
    assert said.note == ("Settled: it was billed." if billed else "Settled: it was not billed.")
    assert (said.cost_micros, said.cost_source) == (0, source)
    check_money(engine)
