"""How fast and how much may be spent: presses, submits, caps, coins; and stopping, settling, resuming."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from photogram.domain.task import TaskStatus
from photogram.engine.engine import Engine
from photogram.errors import CapExceeded, InsufficientCoins, NotFound, UnknownProvider
from photogram.providers.registry import Registry
from photogram.store import Cursor, ledger
from photogram.store.ending import settle_lost
from photogram.store.sending import mark_sent
from photogram.studio import Studio
from photogram.studio.prepare import Quote

from .adapter import PRICE_MICROS, LoopbackAdapter
from .harness import USER, FastClock, check_money, finish, first, made, new_batch, only, read, start, task_of, until
from .server import CUT_AFTER, Reply, Server, retry_later

SUCCESS, PENDING, CANCELLED, LOST = TaskStatus.SUCCESS, TaskStatus.PENDING, TaskStatus.CANCELLED, TaskStatus.LOST


@pytest.fixture
def far_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the limits count for a provider on this machine, too."""
    monkeypatch.setattr("photogram.engine.run.is_loopback", lambda _url: False)


def sent_times(cur: Cursor) -> list[float]:
    return [row[0] for row in cur.execute("SELECT epoch(sent_at) FROM tasks ORDER BY sent_at").fetchall()]


def most_within(times: list[float], window_s: float) -> int:
    return max(sum(start <= time < start + window_s for time in times) for start in times)


# ── Presses and submits ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("far_away")
def test_eleventh_press_within_a_minute_waits_and_never_fails(
    make_engine: Callable[..., Engine], server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FastClock, "speed", 10.0)  # twelve presses must fit into its minute, on a busy machine, too
    engine = make_engine()
    batches = [start(engine) for _ in range(12)]
    until(lambda: sum(only(read(engine, batch)).status is SUCCESS for batch in batches) == 10)
    done = [only(finish(engine, batch)) for batch in batches]
    assert {one.status for one in done} == {SUCCESS}
    times = engine.read(sent_times).result(10)
    assert most_within(times, 59.9) == 10
    assert times[10] - times[0] >= 60.0
    assert sorted(server.accepted().values()) == [1] * 12
    check_money(engine, captured=12 * PRICE_MICROS)


@pytest.mark.usefixtures("far_away")
def test_presses_are_counted_across_a_restart(
    make_engine: Callable[..., Engine], server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHOTOGRAM_PRESSES_PER_MINUTE", "3")
    first = make_engine()
    for _ in range(3):
        assert made(first).status is SUCCESS
    first.close()
    second = make_engine()
    batch = start(second)
    assert only(finish(second, batch)).status is SUCCESS
    times = second.read(sent_times).result(10)
    assert most_within(times, 59.9) == 3
    check_money(second, captured=4 * PRICE_MICROS)


@pytest.mark.usefixtures("far_away")
def test_one_press_of_many_images_is_one_press(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHOTOGRAM_PRESSES_PER_MINUTE", "1")
    done = finish(engine, start(engine, 12))
    assert {one.status for one in done.generations} == {SUCCESS}
    times = engine.read(sent_times).result(10)
    assert times[-1] - times[0] < 60.0 or len(times) == 12


@pytest.mark.usefixtures("far_away")
def test_submits_per_minute_of_the_card_hold_across_a_restart(
    make_engine: Callable[..., Engine], server: Server
) -> None:
    first = make_engine(LoopbackAdapter(server.url, submits_per_minute=4))
    batch = start(first, 4)
    finish(first, batch)
    first.close()
    second = make_engine(LoopbackAdapter(server.url, submits_per_minute=4))
    more = start(second, 5)
    until(lambda: any("limit" in (one.note or "") for one in read(second, more).generations))
    assert {one.status for one in finish(second, more).generations} == {SUCCESS}
    times = second.read(sent_times).result(10)
    assert len(times) == 9
    assert most_within(times, 59.9) == 4
    check_money(second, captured=9 * PRICE_MICROS)


@pytest.mark.usefixtures("far_away")
def test_task_that_is_sent_again_counts_again_in_submits_per_minute(
    make_engine: Callable[..., Engine], server: Server
) -> None:
    engine, asked = make_engine(LoopbackAdapter(server.url, submits_per_minute=3)), []
    turned_away = [retry_later(1), retry_later(1)]

    def answer(_count: int) -> Reply | None:
        asked.append(engine.clock.monotonic())
        return turned_away.pop() if turned_away else None

    server.on_submit = answer
    assert made(engine).status is SUCCESS  # its third send
    engine.close()
    again = make_engine(LoopbackAdapter(server.url, submits_per_minute=3))
    assert {one.status for one in finish(again, start(again, 4)).generations} == {SUCCESS}
    assert len(asked) == 7
    assert most_within(asked, 55.0) == 3
    check_money(again, captured=5 * PRICE_MICROS)


@pytest.mark.usefixtures("far_away")
def test_submits_per_minute_are_those_of_every_user_of_the_workspace(
    make_engine: Callable[..., Engine], server: Server
) -> None:
    engine = make_engine(LoopbackAdapter(server.url, submits_per_minute=2))
    mine = start(engine, 2)
    until(lambda: len(server.submits) == 2)
    engine.generate("bob", new_batch(engine, 2)).result(30)
    until(lambda: len(server.submits) == 4)
    finish(engine, mine)
    assert most_within(engine.read(sent_times).result(10), 59.9) == 2


@pytest.mark.usefixtures("far_away")
def test_limits_do_not_wait_an_hour_when_the_clock_was_put_back_by_one(
    make_engine: Callable[..., Engine], server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHOTOGRAM_PRESSES_PER_MINUTE", "2")
    engine = make_engine(LoopbackAdapter(server.url, submits_per_minute=2))
    for _ in range(2):
        assert made(engine).status is SUCCESS
    real = engine.clock.now
    monkeypatch.setattr(engine.clock, "now", lambda: real() - timedelta(hours=1))
    began = engine.clock.awake_s()
    assert made(engine).status is SUCCESS
    assert engine.clock.awake_s() - began < 1800
    check_money(engine, captured=3 * PRICE_MICROS)


def test_job_goes_on_when_the_clock_is_put_back_by_an_hour(
    engine: Engine, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.polls_needed = 10**6
    batch = start(engine)
    until(lambda: server.polls)
    real, real_s = engine.clock.now, engine.clock.now_s
    monkeypatch.setattr(engine.clock, "now", lambda: real() - timedelta(hours=1))
    monkeypatch.setattr(engine.clock, "now_s", lambda: real_s() - 3600)
    server.polls_needed = 1
    assert only(finish(engine, batch)).status is SUCCESS
    server.on_submit = first(retry_later(5, "date"))
    second = made(engine)
    assert second.status is SUCCESS
    assert batch.generations[0].id < second.id
    assert len(server.submits) == 2
    check_money(engine, captured=2 * PRICE_MICROS)


@pytest.mark.usefixtures("far_away")
def test_task_that_waits_for_a_limit_can_be_cancelled_and_costs_nothing(
    make_engine: Callable[..., Engine], server: Server
) -> None:
    engine = make_engine(LoopbackAdapter(server.url, submits_per_minute=1))
    batch = start(engine, 3)
    until(lambda: sum("limit" in (one.note or "") for one in read(engine, batch).generations) == 2)
    waiting = [one for one in read(engine, batch).generations if one.status is PENDING]
    engine.cancel([one.task_id for one in waiting]).result(30)
    done = finish(engine, batch)
    assert sorted(str(one.status) for one in done.generations) == ["cancelled", "cancelled", "success"]
    assert all(not one.note for one in done.generations), "nothing was sent, so nothing may be billed"
    time.sleep(1.5)  # more than a minute of the engine's time
    assert len(server.submits) == 1
    check_money(engine, captured=PRICE_MICROS)


def test_providers_on_this_machine_have_no_limit(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = engine.clock.now()
    monkeypatch.setattr(engine.clock, "now", lambda: moment)  # whoever waited for a limit would wait for ever
    for batch in [start(engine) for _ in range(15)]:
        assert only(finish(engine, batch)).status is SUCCESS
    assert len(engine.read(sent_times).result(10)) == 15


# ── Coins and caps, as the studio sees them ─────────────────────────────────────────────────────────────────────────


@pytest.fixture
def studio(engine: Engine, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Studio:
    monkeypatch.setitem(Engine._open, str(workspace.resolve()), engine)
    engine._users += 1
    return Studio(workspace, user=USER)


def rows(studio: Studio) -> dict[str, int]:
    def count(cur: Cursor) -> dict[str, int]:
        tables = ("topics", "batches", "generations", "tasks", "ledger", "wallets")
        return {table: cur.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0] for table in tables}

    return studio._read(count)


def test_too_few_coins_write_nothing_and_say_how_to_get_more(studio: Studio, server: Server) -> None:
    studio._write(ledger.choose_first_grant, USER, 100_000)
    before = rows(studio)
    with pytest.raises(InsufficientCoins) as refused:
        studio.generate("a boat", model="loopback:img", n=3)
    assert (refused.value.need_micros, refused.value.have_micros) == (120_000, 100_000)
    assert "needs 120" in refused.value.message
    assert "holds 100" in refused.value.message
    assert "top_up" in refused.value.next_step
    assert rows(studio) == before
    assert server.asked == []
    studio.wallet.top_up(coins=20)
    batch = studio.generate("a boat", model="loopback:img", n=3).wait(timeout_s=60)
    assert {one.status for one in batch} == {SUCCESS}
    assert studio.wallet.balance_coins == 0


def test_resume_returns_the_batches_that_waited_for_a_key(studio: Studio, server: Server) -> None:
    server.on_submit = lambda _count: Reply(status=401)
    batches = [studio.generate("a boat", model="loopback:img", n=6) for _ in range(2)]
    for batch in batches:
        batch.wait(timeout_s=60)
    server.on_submit = lambda _count: None
    resumed = studio.resume()
    assert {batch.id for batch in resumed} == {batch.id for batch in batches}
    done = [one.status for batch in resumed for one in batch.wait(timeout_s=60)]
    assert (done.count(SUCCESS), done.count(TaskStatus.ERROR)) == (11, 1)
    assert studio.resume() == []


def test_dry_run_writes_nothing_and_says_what_it_costs(studio: Studio, server: Server) -> None:
    before = rows(studio)
    quote = studio.generate("a boat", model="loopback:img", n=3, dry_run=True)
    assert isinstance(quote, Quote)
    assert (quote.n, quote.total_usd, quote.per_image_usd, quote.cost_source) == (3, 0.12, 0.04, "estimated")
    assert (quote.total_coins, quote.balance_coins) == (120.0, 10_000.0)
    assert rows(studio) == before
    assert server.asked == []


def test_cap_of_the_day_counts_what_is_spent_and_held_and_writes_nothing(studio: Studio, server: Server) -> None:
    studio.wallet.set_caps(day_coins=100)
    studio.generate("a boat", model="loopback:img", n=2).wait(timeout_s=60)
    before = rows(studio)
    with pytest.raises(CapExceeded) as refused:
        studio.generate("a boat", model="loopback:img")
    assert "80 of the day's 100 are spent or held" in refused.value.message
    assert "UTC" in refused.value.message
    assert "set_caps(day_coins=" in refused.value.next_step
    assert rows(studio) == before
    assert len(server.asked) == 2
    studio.wallet.set_caps(day_coins=None)
    assert studio.generate("a boat", model="loopback:img").wait(timeout_s=60)[0].status is SUCCESS


def test_cap_of_a_topic_leaves_other_topics_alone(studio: Studio) -> None:
    studio.wallet.set_caps(topic_coins=50)
    studio.generate("a boat", model="loopback:img", topic="Boats").wait(timeout_s=60)
    with pytest.raises(CapExceeded, match="topic"):
        studio.generate("a boat", model="loopback:img", topic="Boats")
    other = studio.generate("a boat", model="loopback:img", topic="Ships").wait(timeout_s=60)
    assert other[0].status is SUCCESS


def test_retry_is_held_to_the_wallet_and_the_caps(studio: Studio, server: Server) -> None:
    server.on_submit = lambda _count: (500, {}, b"")
    batch = studio.generate("a boat", model="loopback:img").wait(timeout_s=60)
    studio.wallet.set_caps(day_coins=10)
    before = rows(studio)
    with pytest.raises(CapExceeded):
        batch[0].retry()
    assert rows(studio) == before


def test_failed_and_cancelled_ones_do_not_count_against_a_cap(studio: Studio, server: Server) -> None:
    studio.wallet.set_caps(day_coins=50)
    failures = [(500, {}, b"")] * 3
    server.on_submit = lambda _count: failures.pop() if failures else None
    for _ in range(3):
        studio.generate("a boat", model="loopback:img").wait(timeout_s=60)
    assert studio.generate("a boat", model="loopback:img").wait(timeout_s=60)[0].status is SUCCESS


# ── Lost ones ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("billed", [True, False])
def test_settling_a_lost_one_books_or_returns_its_hold_once(studio: Studio, server: Server, billed: bool) -> None:
    server.on_submit = lambda _count: CUT_AFTER
    batch = studio.generate("a boat", model="loopback:img").wait(timeout_s=60)
    assert batch[0].status is LOST
    check_money(studio._engine, held=PRICE_MICROS)
    balance = studio.wallet.settle(batch[0], billed=billed)
    assert balance == (9_960.0 if billed else 10_000.0)
    check_money(studio._engine, captured=PRICE_MICROS if billed else 0)
    assert batch[0].cost_usd == (0.04 if billed else 0.0)
    assert batch[0].status is LOST
    with pytest.raises(NotFound, match="settled already"):
        studio.wallet.settle(batch[0], billed=not billed)
    check_money(studio._engine, captured=PRICE_MICROS if billed else 0)


def test_only_a_lost_one_can_be_settled(engine: Engine) -> None:
    generation = made(engine)
    with pytest.raises(NotFound, match="no lost task"):
        engine.write(settle_lost, USER, generation.task_id, True, engine.clock.now()).result(10)
    check_money(engine, captured=PRICE_MICROS)


# ── Cancel ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("cancels", "note"), [(True, "The provider was told to stop."), (False, "It was sent, and may still be billed.")]
)
def test_cancel_says_whether_it_may_still_be_billed(
    make_engine: Callable[..., Engine], server: Server, cancels: bool, note: str
) -> None:
    server.polls_needed = 10**6
    engine = make_engine(LoopbackAdapter(server.url, cancels=cancels))
    batch = start(engine)
    until(lambda: server.polls)
    engine.cancel([only(batch).task_id]).result(30)
    generation = only(finish(engine, batch))
    assert (generation.status, generation.note) == (CANCELLED, note)
    assert len(server.cancelled) == cancels
    asked = len(server.polls)
    time.sleep(0.5)
    assert len(server.polls) <= asked + 1, "polling has stopped"
    check_money(engine)


def test_cancel_while_the_submit_is_under_way_closes_it_and_says_so(engine: Engine, server: Server) -> None:
    server.on_submit = lambda _count: Reply(status=202, accepted=True, delay_s=2.0)
    batch = start(engine)
    until(lambda: server.asked)
    engine.cancel([only(batch).task_id]).result(30)
    generation = only(finish(engine, batch))
    assert (generation.status, generation.note) == (CANCELLED, "It was sent, and may still be billed.")


def test_cancel_all_stops_what_waits_at_once(make_engine: Callable[..., Engine], server: Server) -> None:
    server.polls_needed = 10**6
    engine = make_engine(LoopbackAdapter(server.url, concurrency=2))
    batch = start(engine, 20)
    until(lambda: len(server.submits) == 2)
    engine.cancel([one.task_id for one in batch.generations]).result(60)
    done = finish(engine, batch)
    assert {one.status for one in done.generations} == {CANCELLED}
    assert len(server.submits) == 2
    check_money(engine)


# ── Resume ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_a_closed_engine_left_unsent_waits_for_resume_and_is_sent_once(
    make_engine: Callable[..., Engine], server: Server
) -> None:
    server.polls_needed = 10**6
    first = make_engine(LoopbackAdapter(server.url, concurrency=2))
    batch = start(first, 6)
    until(lambda: len(server.submits) == 2 and len(server.polls) >= 2)
    first.close()
    server.polls_needed = 1
    second = make_engine(LoopbackAdapter(server.url, concurrency=2))
    second.adopt(USER).result(30)
    until(lambda: sum(one.status is SUCCESS for one in read(second, batch).generations) == 2)
    assert len(server.submits) == 2
    assert len(second.unsent(USER).result(30)) == 4
    check_money(second, captured=2 * PRICE_MICROS, held=4 * PRICE_MICROS)
    assert len(second.resume(USER).result(30)) == 4
    assert {one.status for one in finish(second, batch).generations} == {SUCCESS}
    assert sorted(server.accepted().values()) == [1] * 6
    check_money(second, captured=6 * PRICE_MICROS)
    assert task_of(second, batch.generations[0].task_id).sends == 1


def test_what_was_marked_but_not_sent_when_the_engine_closed_waits_for_resume_too(
    make_engine: Callable[..., Engine], server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, marked = make_engine(LoopbackAdapter(server.url, concurrency=2)), threading.Event()

    def told_late(op: Callable[..., object], *args: object, _real=first.store.write_evidence, **options: object):
        written = _real(op, *args, **options)
        if op is not mark_sent:
            return written
        written.add_done_callback(lambda _: marked.set())
        return Future()  # the process ends before it hears of it

    monkeypatch.setattr(first.store, "write_evidence", told_late)
    batch = start(first, 3)
    assert marked.wait(30)
    first.close()
    second = make_engine(LoopbackAdapter(server.url, concurrency=2))
    assert len(second.resume(USER).result(30)) == 3
    assert {one.status for one in finish(second, batch).generations} == {SUCCESS}
    assert sorted(server.accepted().values()) == [1] * 3
    check_money(second, captured=3 * PRICE_MICROS)


class Other(LoopbackAdapter):
    """Another provider, as a plugin adds one."""

    name = "other"


def test_unsent_task_of_a_provider_that_is_gone_ends_and_keeps_no_other_from_being_sent(
    workspace: Path, server: Server
) -> None:
    def open_engine(*providers: LoopbackAdapter) -> Engine:
        engine = Engine(workspace, registry=Registry(list(providers)), clock=FastClock())
        engine._users = 1
        return engine

    here, plugin = LoopbackAdapter(server.url, concurrency=1), Other(server.url, concurrency=1)
    server.polls_needed = 10**6
    with closing(open_engine(here, plugin)) as ended:
        ours, others = start(ended, 3), start(ended, 3, model="other:img")
        until(lambda: len(set(server.polls)) == 2)  # each job's handle is kept
    server.polls_needed = 1
    with closing(open_engine(here)) as engine:
        assert len(engine.resume(USER).result(30)) == 4
        assert {one.status for one in finish(engine, ours).generations} == {SUCCESS}
        gone = finish(engine, others).generations
        assert sorted(str(one.status) for one in gone) == ["error", "error", "lost"]
        said = {(one.error.kind, one.error.next_step) for one in gone if one.error and one.error.kind != "lost"}
        assert said == {("unknown_model", UnknownProvider.default_next_step)}
        assert all("other" in one.error.message for one in gone if one.error)
        assert engine.resume(USER).result(30) == []
        check_money(engine, captured=3 * PRICE_MICROS, held=PRICE_MICROS)
    server.polls_needed = 1
    with closing(open_engine(here, plugin)) as again:  # the plugin is back, and with it the job that it had
        again.adopt(USER).result(30)
        until(lambda: [one.status for one in read(again, others).generations].count(SUCCESS) == 1)
        check_money(again, captured=4 * PRICE_MICROS)


def test_task_of_a_provider_that_is_gone_fails_with_a_message_wherever_it_is_met(engine: Engine) -> None:
    batch = start(engine)
    runner, lost = engine._runner, replace(task_of(engine, only(finish(engine, batch)).task_id), provider="gone")
    assert (runner._limit_of("gone"), runner._key_of(lost), runner._secrets(lost)) == (1, "", [])


@pytest.mark.parametrize("reason", ["somebody died", "somebody wrote"])
def test_orphans_are_looked_for_whatever_went_wrong_the_last_time(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    looks: list[str] = []

    async def adopt(user_id: str) -> None:
        looks.append(user_id)
        if len(looks) < 3:
            raise OSError("the folder of owners is not there")

    resumer = engine._resumer
    monkeypatch.setattr(resumer, "adopt", adopt)
    monkeypatch.setattr(resumer, "_users", {USER})
    if reason == "somebody died":
        monkeypatch.setattr(engine.owner, "dead", lambda: ["own_gone"])
    else:
        monkeypatch.setattr(engine.store, "foreign_writes", lambda: 7)
    until(lambda: len(looks) >= 3)
