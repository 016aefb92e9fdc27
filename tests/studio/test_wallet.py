"""The wallet, and what an ended process left, as a notebook sees them; with a provider on this machine that bills."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from faulty.adapter import LoopbackAdapter
from faulty.harness import FastClock, check_money, until
from faulty.server import CUT_AFTER, Server

from photogram.domain.task import TaskStatus
from photogram.errors import BadParams, NotFound
from photogram.providers.registry import Registry
from photogram.store import Cursor, ledger
from photogram.studio import Batch, Studio

LOST, SUCCESS, CANCELLED, PENDING = TaskStatus.LOST, TaskStatus.SUCCESS, TaskStatus.CANCELLED, TaskStatus.PENDING


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture
def open_ana(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Studio]]:
    """Opens studios of one user; a price of None is an unknown one."""
    monkeypatch.setenv("LOOPBACK_KEY", "sk-very-secret-4711")
    monkeypatch.setattr("photogram.engine.engine.Clock", FastClock)
    opened: list[Studio] = []

    def open_(price_micros: int | None = 40_000) -> Studio:
        adapter = LoopbackAdapter(server.url, concurrency=1, price_micros=price_micros)
        monkeypatch.setattr("photogram.engine.engine.default_registry", lambda *_: Registry([adapter]))
        opened.append(Studio(tmp_path / "ws", user="ana"))
        return opened[-1]

    yield open_
    for studio in opened:
        studio.close()


@pytest.fixture
def ana(open_ana: Callable[..., Studio]) -> Studio:
    return open_ana()


def boat(studio: Studio, n: int = 1) -> Batch:
    return studio.generate("a boat", model="loopback:img", n=n)


def lose(studio: Studio, server: Server) -> Batch:
    server.on_submit = lambda _count: CUT_AFTER
    batch = boat(studio).wait(30)
    server.on_submit = lambda _count: None
    assert batch[0].status is LOST
    return batch


# ── Lost ones ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_lost_one_is_listed_with_all_that_is_needed_to_settle_it(ana: Studio, server: Server) -> None:
    assert ana.wallet.lost().empty
    batch = lose(ana, server)
    [row] = ana.wallet.lost().to_dict("records")
    assert {name: row[name] for name in ("task_id", "generation_id", "batch_id")} == {
        "task_id": batch[0].record.task_id, "generation_id": batch[0].id, "batch_id": batch.id,
    }  # fmt: skip
    assert (row["prompt"], row["provider"], row["model"], row["held_coins"]) == ("a boat", "loopback", "img", 40.0)
    assert row["sent_at"] == batch[0].record.sent_at
    assert "billed" in row["error"]


def test_lost_one_that_was_retried_can_still_be_settled_by_its_image(ana: Studio, server: Server) -> None:
    batch = lose(ana, server)
    lost_task = batch[0].record.task_id
    batch[0].retry()
    assert batch.wait(30)[0].status is SUCCESS
    assert ana.df(status="lost").empty
    assert ana.wallet.lost()["task_id"].tolist() == [lost_task]
    assert (ana.wallet.balance_coins, ana.wallet.held_coins) == (9_920, 40)
    assert ana.wallet.settle(batch[0], billed=False) == 9_960
    assert ana.wallet.lost().empty
    assert batch[0].cost_usd == 0.04
    check_money(ana._engine, captured=40_000)


def test_lost_one_of_a_deleted_batch_can_be_settled_by_its_row(ana: Studio, server: Server) -> None:
    lose(ana, server).delete()
    row = ana.wallet.lost().iloc[0]
    assert ana.wallet.settle(row, billed=True) == 9_960
    check_money(ana._engine, captured=40_000)


@pytest.mark.parametrize("way", ["image", "image id", "task id", "row", "named tuple", "mapping"])
def test_whatever_names_a_lost_one_settles_it_once(ana: Studio, server: Server, way: str) -> None:
    batch = lose(ana, server)
    frame = ana.wallet.lost()
    named = {
        "image": batch[0], "image id": batch[0].id, "task id": batch[0].record.task_id, "row": frame.iloc[0],
        "named tuple": next(frame.itertuples()), "mapping": frame.to_dict("records")[0],
    }[way]  # fmt: skip
    assert ana.wallet.settle(named, billed=True) == 9_960
    with pytest.raises(NotFound, match="settled already"):
        ana.wallet.settle(named, billed=False)
    check_money(ana._engine, captured=40_000)


def test_image_that_was_lost_twice_must_be_settled_by_its_tasks(ana: Studio, server: Server) -> None:
    batch = lose(ana, server)
    server.on_submit = lambda _count: CUT_AFTER
    batch[0].retry()
    batch.wait(30)
    tasks = ana.wallet.lost()["task_id"].tolist()
    with pytest.raises(BadParams, match="2 lost tasks") as refused:
        ana.wallet.settle(batch[0], billed=True)
    assert all(task in str(refused.value) for task in tasks)
    ana.wallet.settle(tasks[0], billed=True)
    ana.wallet.settle(batch[0], billed=False)
    check_money(ana._engine, captured=40_000)


@pytest.mark.parametrize("named", [None, 5, {}, ["tsk_x"]])
def test_what_names_no_task_is_refused(ana: Studio, named: object) -> None:
    with pytest.raises(BadParams, match="a lost task is named by"):
        ana.wallet.settle(named, billed=True)  # type: ignore[arg-type]


def test_whether_it_was_billed_is_said_plainly(ana: Studio, server: Server) -> None:
    batch = lose(ana, server)
    with pytest.raises(BadParams, match="billed must be True or False"):
        ana.wallet.settle(batch[0], billed="no")  # type: ignore[arg-type]
    check_money(ana._engine, held=40_000)


def test_wallet_says_what_it_holds_and_what_is_held(ana: Studio, server: Server) -> None:
    assert repr(ana.wallet) == "<Wallet: 10,000 coins>"
    server.polls_needed = 10**6
    batch = boat(ana, 2)
    assert repr(ana.wallet) == "<Wallet: 9,920 coins, 80 more held>"
    batch.cancel()
    lose(ana, server)
    assert repr(ana.wallet) == "<Wallet: 9,960 coins, 40 more held (of that for 1 lost: wallet.lost() lists them)>"


def test_caps_that_are_left_out_stay(ana: Studio) -> None:
    assert ana.wallet.set_caps(day_coins=100) == {"day": 100}
    assert ana.wallet.set_caps(topic_coins=0.5) == {"day": 100, "topic": 0.5}
    assert ana.wallet.set_caps(day_coins=None) == {"topic": 0.5}
    assert ana.wallet.set_caps() == {"topic": 0.5}


# ── What an ended process left ──────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def left(open_ana: Callable[..., Studio], server: Server) -> str:
    """The id of a batch of four: one was polled when its process ended, three waited."""
    server.polls_needed = 10**6
    with open_ana() as studio:
        batch = boat(studio, 4)
        until(lambda: server.polls)
    server.polls_needed = 1
    return batch.id


def test_studio_shows_what_was_not_sent_what_it_costs_and_what_to_do(left: str, ana: Studio) -> None:
    said = "3 not sent (about $0.12): studio.resume() sends them, studio.discard_unsent() discards them."
    bundle = ana._repr_mimebundle_()
    assert said in bundle["text/html"]
    assert bundle["text/plain"].splitlines() == [repr(ana), said]
    ana.discard_unsent()
    bundle = ana._repr_mimebundle_()
    assert "not sent" not in bundle["text/html"]
    assert bundle["text/plain"] == repr(ana)


def test_discarding_cancels_what_was_not_sent_frees_its_coins_and_leaves_the_rest(
    left: str, ana: Studio, server: Server
) -> None:
    assert ana.wallet.held_coins == 160
    assert ana.discard_unsent() == 3
    batch = ana.batch(left).wait(30)
    assert [one.status for one in batch] == [SUCCESS, CANCELLED, CANCELLED, CANCELLED]
    assert [one.record.note for one in batch] == [None] * 4, "nothing of it can be billed"
    assert ana.unsent() is None
    assert ana.discard_unsent() == 0
    assert ana.resume() == []
    assert len(server.submits) == 1
    check_money(ana._engine, captured=40_000)


def test_discarding_touches_nothing_that_this_process_will_send(left: str, ana: Studio, server: Server) -> None:
    server.polls_needed = 10**6
    mine = boat(ana, 2)
    assert ana.discard_unsent() == 3
    assert CANCELLED not in {one.status for one in mine}
    server.polls_needed = 1
    assert {one.status for one in mine.wait(30)} == {SUCCESS}


def test_resume_returns_what_it_sends_and_what_it_took_over(left: str, ana: Studio, server: Server) -> None:
    [batch] = ana.resume()
    assert batch.id == left
    assert {one.status for one in batch.wait(30)} == {SUCCESS}
    assert sorted(server.accepted().values()) == [1] * 4
    check_money(ana._engine, captured=160_000)


def test_resume_with_nothing_unsent_returns_what_goes_on_at_its_provider(
    open_ana: Callable[..., Studio], server: Server
) -> None:
    server.polls_needed = 10**6
    with open_ana() as studio:
        batch = boat(studio)
        until(lambda: server.polls)
    studio = open_ana()
    assert [one.id for one in studio.resume()] == [batch.id]
    server.polls_needed = 1
    assert studio.batch(batch.id).wait(30)[0].status is SUCCESS
    assert studio.resume() == [], "it is over"


def test_cost_of_what_was_not_sent_is_unknown_where_the_price_is(
    open_ana: Callable[..., Studio], server: Server
) -> None:
    server.polls_needed = 10**6
    with open_ana(price_micros=None) as studio:
        boat(studio, 2)
        until(lambda: server.polls)
    unsent = open_ana(price_micros=None).unsent()
    assert unsent
    assert (unsent.n, unsent.total_usd, unsent.cost_source) == (1, None, "unknown")


NO_AMOUNTS = ("NaN", "-5", '"x"', "[]", "{}", "1e400", "true", "9" * 30, '{"day": "x", "topic": []}',
              '{"day": NaN, "topic": -1, "more": 1}')  # fmt: skip


@pytest.mark.parametrize("value", NO_AMOUNTS)
@pytest.mark.parametrize("name", [ledger.FIRST_GRANT, ledger.CAPS])
def test_setting_that_is_no_amount_counts_as_not_set(open_ana: Callable[..., Studio], name: str, value: str) -> None:
    studio = open_ana()
    studio._engine.store.write(_keep_setting, name, value).result(30)
    assert studio.wallet.balance_coins == 10_000
    assert studio.wallet.caps() == {}
    batch = studio.generate("a boat", model="loopback:img").wait(timeout_s=30)
    assert batch[0].status is SUCCESS
    assert studio.wallet.set_caps(day_coins=5_000) == {"day": 5_000}


def _keep_setting(cur: Cursor, name: str, value: str) -> None:
    cur.execute("INSERT INTO settings VALUES ('ana', ?, ?)", [name, value])
