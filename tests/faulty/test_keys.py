"""A key that is missing or turned away: one message, nothing is lost, and what has another key goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from photogram.domain.records import BatchRecord
from photogram.domain.secret import Secret
from photogram.domain.task import RemoteHandle, TaskStatus
from photogram.engine.engine import Engine
from photogram.errors import OutOfCredit
from photogram.providers.wire import Ready, WireAnswer, Working
from photogram.studio import Studio

from .adapter import PRICE_MICROS, LoopbackAdapter
from .harness import USER, always, check_money, finish, new_batch, only, read, start, task_of, until
from .server import Answer, Job, Reply, Server
from .test_handle import Named

SUCCESS, ERROR, PENDING = TaskStatus.SUCCESS, TaskStatus.ERROR, TaskStatus.PENDING
PROCESSING = TaskStatus.PROCESSING
MISSING = "loopback needs a key. Set studio.keys['loopback']"


def statuses(engine: Engine, batch: BatchRecord) -> list[str]:
    return sorted(str(one.status) for one in read(engine, batch).generations)


def notes(engine: Engine, batch: BatchRecord) -> set[str | None]:
    return {one.note for one in read(engine, batch).generations}


# ── Jobs that nobody can ask about ──────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def left(make_engine: Callable[..., Engine], server: Server, monkeypatch: pytest.MonkeyPatch) -> BatchRecord:
    """Three jobs of a process that is gone, whose key was its session's."""
    server.polls_needed = 10**6
    ended = make_engine()
    batch = start(ended, 3)
    until(lambda: len(server.jobs) == 3 and len(server.polls) >= 3)
    ended.close()
    monkeypatch.delenv("LOOPBACK_KEY")
    server.polls_needed = 1
    return batch


def wait_without_key(engine: Engine, batch: BatchRecord) -> None:
    engine.adopt(USER).result(30)
    waits = finish(engine, batch)  # it does not wait for what waits for the user
    assert {one.status for one in waits.generations} == {PROCESSING}
    (note,) = notes(engine, batch)
    assert note
    assert note.startswith(MISSING)
    assert note.endswith("Then studio.resume() goes on.")
    check_money(engine, held=3 * PRICE_MICROS)


def test_jobs_that_are_taken_over_without_a_key_wait_for_it_and_go_on_when_it_is_set(
    make_engine: Callable[..., Engine], server: Server, left: BatchRecord, key: str
) -> None:
    asked = len(server.polls)
    engine = make_engine(LoopbackAdapter(server.url, concurrency=3))
    wait_without_key(engine, left)
    assert len(server.polls) == asked
    engine.keys.set(USER, "loopback", Secret(key))
    assert {one.status for one in finish(engine, left).generations} == {SUCCESS}
    assert notes(engine, left) == {None}
    assert len(server.submits) == 3
    check_money(engine, captured=3 * PRICE_MICROS)


def test_jobs_that_wait_for_a_key_are_carried_by_whichever_process_has_it(
    make_engine: Callable[..., Engine], server: Server, left: BatchRecord, key: str
) -> None:
    without = make_engine()
    wait_without_key(without, left)
    has_one = make_engine()
    has_one.keys.set(USER, "loopback", Secret(key))
    server.polls_needed = 3
    has_one.resume(USER).result(30)
    assert {one.status for one in finish(has_one, left).generations} == {SUCCESS}
    assert {one.status for one in finish(without, left).generations} == {SUCCESS}
    poller = without._runner.remote.follower.poller
    assert not any(poller.waits(one.task_id) for one in left.generations) or poller.wake(None)
    until(lambda: not poller.tasks())  # it looks at the rows before it asks
    assert len(server.submits) == 3
    check_money(has_one, captured=3 * PRICE_MICROS)


@pytest.mark.parametrize(("status", "why"), [(401, "The key was not accepted."), (402, "The account has no credit")])
def test_provider_that_turns_polls_away_is_one_message_and_resume_carries_on(
    make_engine: Callable[..., Engine], server: Server, status: int, why: str
) -> None:
    server.polls_needed = 10**6
    engine = make_engine(LoopbackAdapter(server.url, concurrency=20))
    batch = start(engine, 20)
    until(lambda: len(server.jobs) == 20)
    server.on_poll = always(Reply(status=status))
    assert {one.status for one in finish(engine, batch).generations} == {PROCESSING}
    (note,) = notes(engine, batch)
    assert note
    assert note.startswith(why)
    assert note.endswith("Then studio.resume() goes on.")
    check_money(engine, held=20 * PRICE_MICROS)
    asked = len(server.polls)
    assert asked <= 20 * 4, "what is turned away is not asked again at once"
    other = start(engine, 2)  # their places are free
    until(lambda: len(server.jobs) == 22)
    server.on_poll, server.polls_needed = always(None), 1
    assert {task.id for task in engine.resume(USER).result(30)} >= {one.task_id for one in batch.generations}
    assert {one.status for one in finish(engine, batch).generations} == {SUCCESS}
    assert {one.status for one in finish(engine, other).generations} == {SUCCESS}
    assert set(server.accepted().values()) == {1}
    check_money(engine, captured=22 * PRICE_MICROS)


def test_deadline_does_not_run_while_a_job_waits_for_the_user_and_it_is_tried_now_and_then(
    make_engine: Callable[..., Engine], server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("photogram.engine.poll.slow_pause_s", lambda _polls: 35.0)
    server.polls_needed = 10**6
    engine = make_engine(LoopbackAdapter(server.url, deadline_s=30.0))
    batch = start(engine)
    until(lambda: server.polls)
    server.on_poll = always(Reply(status=403))
    waits = only(finish(engine, batch))
    began, asked = engine.clock.awake_s(), len(server.polls)
    until(lambda: len(server.polls) > asked)
    assert engine.clock.awake_s() - began > 30.0, "the deadline has passed"
    assert only(read(engine, batch)).status is PROCESSING
    server.on_poll = always(None)
    until(lambda: only(read(engine, batch)).note is None)  # asked about by itself, and it goes on
    asked = len(server.polls)
    until(lambda: len(server.polls) > asked)
    server.polls_needed = 1
    assert only(finish(engine, batch)).status is SUCCESS
    assert task_of(engine, waits.task_id).owner == engine.owner.id
    check_money(engine, captured=PRICE_MICROS)


@pytest.mark.parametrize(("adapter", "cost"), [(LoopbackAdapter, PRICE_MICROS), (Named, 50_000)])
def test_download_that_is_turned_away_waits_too_and_is_booked_once(
    make_engine: Callable[..., Engine], server: Server, adapter: type[LoopbackAdapter], cost: int
) -> None:
    engine = make_engine(adapter(server.url))
    server.on_fetch = always(Reply(status=401))
    batch = start(engine)
    waits = only(finish(engine, batch))
    assert (waits.status, (waits.note or "")[:25]) == (PROCESSING, "The key was not accepted.")
    check_money(engine, held=PRICE_MICROS)
    server.on_fetch = always(None)
    engine.resume(USER).result(30)
    assert only(finish(engine, batch)).status is SUCCESS
    assert len(server.submits) == 1
    check_money(engine, captured=cost)


def test_job_that_ended_for_want_of_credit_is_an_error_and_not_waited_for(
    make_engine: Callable[..., Engine], server: Server
) -> None:
    class Broke(LoopbackAdapter):
        def read_poll(self, answer: WireAnswer, handle: RemoteHandle) -> Working | Ready:
            raise OutOfCredit("The account has no credit left.")

    engine = make_engine(Broke(server.url))
    generation = only(finish(engine, start(engine)))
    assert generation.status is ERROR
    assert generation.error
    assert generation.error.kind == "out_of_credit"
    check_money(engine)


def test_job_that_waits_for_a_key_can_be_cancelled(
    make_engine: Callable[..., Engine], left: BatchRecord
) -> None:  # fmt: skip
    engine = make_engine()
    wait_without_key(engine, left)
    engine.cancel([one.task_id for one in left.generations]).result(30)
    done = finish(engine, left)
    assert {one.status for one in done.generations} == {TaskStatus.CANCELLED}
    assert {one.note for one in done.generations} == {"It was sent, and may still be billed."}
    assert not engine._runner.remote.follower.poller.tasks()
    check_money(engine)


def test_key_that_is_set_in_a_studio_carries_on_and_wait_says_first_what_to_do(
    make_engine: Callable[..., Engine], left: BatchRecord, workspace: Path, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = make_engine()
    monkeypatch.setitem(Engine._open, str(workspace.resolve()), engine)
    engine._users += 1
    studio = Studio(workspace, user=USER)
    batch = studio.batch(left.id).wait(timeout_s=60)
    assert MISSING in (batch.record.generations[0].note or "")
    studio.keys["loopback"] = key
    assert {one.status for one in batch.wait(timeout_s=60)} == {SUCCESS}


# ── Two keys of one provider ────────────────────────────────────────────────────────────────────────────────────────


class Turned:
    """Turns these tasks away for their key."""

    def __init__(self) -> None:
        self.tasks: set[str] = set()

    def submit(self, task_id: str) -> Answer:
        return Reply(status=401) if task_id in self.tasks else None

    def poll(self, _job: Job) -> Answer:
        return None

    def fetch(self, _job: Job) -> Answer:
        return None


def press(engine: Engine, n: int, key: str, turned: Turned | None = None) -> BatchRecord:
    """Presses Generate with a key for this batch alone; `turned` turns it away."""
    batch = new_batch(engine, n)
    engine.keys.lend(batch.id, "loopback", Secret(key))
    if turned:
        turned.tasks |= {task.id for task in batch.tasks}
    return engine.generate(USER, batch).result(30)


def test_wrong_key_of_one_batch_keeps_no_other_batch_waiting_and_costs_one_image_however_often_it_is_resumed(
    make_engine: Callable[..., Engine], server: Server
) -> None:
    engine = make_engine(LoopbackAdapter(server.url, concurrency=2))
    server.faults = turned = Turned()
    wrong = press(engine, 6, "sk-wrong-key", turned)
    finish(engine, wrong)
    assert statuses(engine, wrong) == ["error"] + ["pending"] * 5
    right = finish(engine, press(engine, 4, "sk-right-key"))
    assert {one.status for one in right.generations} == {SUCCESS}
    for _ in range(2):
        engine.resume(USER).result(30)
        finish(engine, wrong)
        assert statuses(engine, wrong) == ["error"] + ["pending"] * 5
        until(lambda: len(notes(engine, wrong) - {None}) == 1)
        assert {one.note for one in read(engine, wrong).generations if one.status is PENDING} == {
            "The key was not accepted. Check the provider's key. Then studio.resume() goes on."
        }
    assert {one.status for one in finish(engine, press(engine, 2, "sk-right-key")).generations} == {SUCCESS}
    assert server.accepted().keys() & turned.tasks == set()
    check_money(engine, captured=6 * PRICE_MICROS, held=5 * PRICE_MICROS)
    turned.tasks.clear()
    engine.resume(USER).result(30)
    finish(engine, wrong)
    assert statuses(engine, wrong) == ["error"] + ["success"] * 5
    check_money(engine, captured=11 * PRICE_MICROS)


def test_generate_with_the_same_wrong_key_tries_the_newest_press_and_waits(
    make_engine: Callable[..., Engine], server: Server
) -> None:
    engine = make_engine(LoopbackAdapter(server.url, concurrency=2))
    server.faults = turned = Turned()
    wrong = press(engine, 3, "sk-wrong-key", turned)
    finish(engine, wrong)
    before = len(server.asked)
    again = press(engine, 2, "sk-wrong-key", turned)
    finish(engine, again)
    assert statuses(engine, again) == ["pending"] * 2
    assert server.asked[before:] == [again.generations[0].task_id]
    check_money(engine, held=4 * PRICE_MICROS)


def test_session_key_that_replaces_a_wrong_one_needs_no_resume(
    engine: Engine, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LOOPBACK_KEY")
    batch = start(engine, 12)
    finish(engine, batch)
    assert statuses(engine, batch) == ["error"] + ["pending"] * 11
    engine.keys.set(USER, "loopback", Secret("sk-the-right-one"))
    assert only(finish(engine, start(engine))).status is SUCCESS
    finish(engine, batch)
    assert statuses(engine, batch) == ["error"] + ["success"] * 11
    check_money(engine, captured=12 * PRICE_MICROS)
