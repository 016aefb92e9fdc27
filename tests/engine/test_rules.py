"""The tables and small parts of the engine, each by itself."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from photogram.domain.events import Event, EventKind
from photogram.domain.records import TaskRecord
from photogram.domain.task import TaskStatus
from photogram.engine.bus import Bus
from photogram.engine.clock import Clock
from photogram.engine.engine import Engine
from photogram.engine.queue import Queues
from photogram.engine.retry import Action, Phase, decide, pause_s, poll_pause_s
from photogram.engine.workers import Workers
from photogram.errors import (
    AuthFailed,
    BadRequest,
    BadResponse,
    Expired,
    OutOfCredit,
    ProviderError,
    RateLimited,
    Refused,
    RemoteFailed,
    Unreachable,
)


def with_status(error: ProviderError, status: int) -> ProviderError:
    error.http_status = status
    return error


def taken_with_nonsense() -> BadResponse:
    error = BadResponse("The answer is not JSON.")
    error.accepted = True
    return error


@pytest.mark.parametrize(
    ("phase", "error", "tries", "idempotent", "action"),
    [
        (Phase.SUBMIT, Unreachable("", sent=False), 1, False, Action.SEND_LATER),
        (Phase.SUBMIT, Unreachable("", sent=False), 3, False, Action.FAIL),
        (Phase.SUBMIT, Unreachable("", sent=True), 1, False, Action.LOSE),
        (Phase.SUBMIT, Unreachable("", sent=True), 1, True, Action.SEND_LATER),
        (Phase.SUBMIT, Unreachable("", sent=True), 3, True, Action.LOSE),
        (Phase.SUBMIT, RateLimited(), 2, False, Action.SEND_LATER),
        (Phase.SUBMIT, RateLimited(), 3, False, Action.FAIL),
        (Phase.SUBMIT, RemoteFailed("", http_status=500), 1, False, Action.FAIL),
        (Phase.SUBMIT, RemoteFailed("", http_status=502), 1, False, Action.LOSE),
        (Phase.SUBMIT, RemoteFailed("", http_status=503), 1, False, Action.FAIL),
        (Phase.SUBMIT, RemoteFailed("", http_status=504), 1, False, Action.LOSE),
        *[(Phase.SUBMIT, RemoteFailed("", http_status=code), 1, False, Action.LOSE) for code in (408, 520, 522, 524)],
        *[(Phase.SUBMIT, RemoteFailed("", http_status=code), 1, True, Action.SEND_LATER) for code in (408, 520, 524)],
        *[(Phase.SUBMIT, RemoteFailed("", http_status=code), 1, False, Action.FAIL) for code in (425, 521, 523, 526)],
        *[(Phase.SUBMIT, with_status(BadRequest(""), code), 1, False, Action.FAIL) for code in (400, 409, 425, 502)],
        (Phase.SUBMIT, with_status(BadRequest(""), 408), 1, False, Action.LOSE),
        *[(Phase.POLL, RemoteFailed("", http_status=code), 9, False, Action.GO_ON) for code in (408, 425, 520, 524)],
        (Phase.FETCH, with_status(BadRequest(""), 425), 9, False, Action.GO_ON),
        (Phase.POLL, with_status(BadRequest(""), 404), 1, False, Action.FAIL),
        (Phase.UPLOAD, RemoteFailed("", http_status=408), 1, False, Action.SEND_LATER),
        (Phase.SUBMIT, BadRequest(""), 1, True, Action.FAIL),
        (Phase.SUBMIT, AuthFailed(""), 1, True, Action.FAIL_AND_STOP),
        (Phase.SUBMIT, OutOfCredit(""), 1, False, Action.FAIL_AND_STOP),
        (Phase.POLL, AuthFailed(""), 1, False, Action.WAIT),
        (Phase.SUBMIT, Refused(""), 1, True, Action.FAIL),
        (Phase.POLL, Unreachable("", sent=True), 9, False, Action.GO_ON),
        (Phase.POLL, RateLimited(), 9, False, Action.GO_ON),
        (Phase.POLL, RemoteFailed("", http_status=500), 9, False, Action.GO_ON),
        (Phase.POLL, RemoteFailed("the job failed"), 1, False, Action.FAIL),
        (Phase.POLL, Refused(""), 1, False, Action.FAIL),
        (Phase.POLL, BadResponse("unknown status"), 1, False, Action.FAIL),
        (Phase.FETCH, Unreachable("", sent=False), 9, False, Action.GO_ON),
        (Phase.FETCH, Expired(""), 1, False, Action.FAIL),
        (Phase.FETCH, BadRequest(""), 1, False, Action.FAIL),
        (Phase.UPLOAD, Unreachable("", sent=True), 1, False, Action.SEND_LATER),
        (Phase.UPLOAD, Unreachable("", sent=True), 3, False, Action.FAIL),
        (Phase.UPLOAD, RemoteFailed("", http_status=502), 1, False, Action.SEND_LATER),
        (Phase.UPLOAD, RemoteFailed("", http_status=500), 3, False, Action.FAIL),
        (Phase.UPLOAD, RateLimited(), 1, False, Action.SEND_LATER),
        (Phase.UPLOAD, AuthFailed(""), 1, False, Action.FAIL_AND_STOP),
        (Phase.UPLOAD, taken_with_nonsense(), 1, False, Action.FAIL),
        (Phase.UPLOAD, BadRequest(""), 1, False, Action.FAIL),
        (Phase.SUBMIT, BadResponse("a key would go elsewhere"), 1, True, Action.FAIL),
        (Phase.SUBMIT, taken_with_nonsense(), 1, False, Action.LOSE),
        (Phase.SUBMIT, taken_with_nonsense(), 1, True, Action.SEND_LATER),
        (Phase.SUBMIT, taken_with_nonsense(), 3, True, Action.LOSE),
        (Phase.POLL, taken_with_nonsense(), 1, False, Action.FAIL),
        (Phase.FETCH, taken_with_nonsense(), 2, False, Action.GO_ON),
        (Phase.FETCH, taken_with_nonsense(), 3, False, Action.FAIL),
        (Phase.FETCH, BadResponse("a private address"), 1, False, Action.FAIL),
    ],
)
def test_decision_table(phase: Phase, error, tries: int, idempotent: bool, action: Action) -> None:
    assert decide(phase, error, tries=tries, idempotent=idempotent) is action


def test_polls_back_off_1_2_4_8_16_30_30_with_a_little_jitter() -> None:
    for polls, seconds in enumerate([1, 2, 4, 8, 16, 30, 30, 30]):
        pauses = {poll_pause_s(polls) for _ in range(50)}
        assert all(seconds * 0.9 <= pause <= seconds * 1.1 for pause in pauses)
        assert len(pauses) > 1


def test_pause_is_what_the_provider_said() -> None:
    assert pause_s(RateLimited(retry_after_s=17.0), 1) == 17.0
    assert 1.8 <= pause_s(Unreachable("", sent=False), 2) <= 2.2


def task(number: int, provider: str = "p") -> TaskRecord:
    return TaskRecord(
        id=f"tsk_{number}", generation_id="g", batch_id="b", topic_id="t", user_id="u", provider=provider, model="m",
        prompt="x", status=TaskStatus.PENDING,
    )  # fmt: skip


def test_queue_starts_in_order_and_no_more_at_once_than_the_provider_takes() -> None:
    started: list[str] = []
    queues = Queues(lambda *_: 2, lambda task: started.append(task.id), time.monotonic)
    queues.push(*(task(number) for number in range(4)))
    queues.push(task(9, "other"))
    assert started == ["tsk_0", "tsk_1", "tsk_9"]
    queues.remove("tsk_2")
    queues.done(task(0))
    queues.done(task(0))
    assert started == ["tsk_0", "tsk_1", "tsk_9", "tsk_3"]


def test_queue_limits_a_model_by_itself_and_lets_the_others_of_its_provider_pass() -> None:
    started: list[str] = []
    limits = {None: 3, "m": 3, "slow": 1}
    queues = Queues(lambda _, model=None: limits[model], lambda task: started.append(task.id), time.monotonic)
    slow = [replace(task(number), model="slow") for number in (1, 2)]
    queues.push(*slow, *(task(number) for number in (3, 4, 5)))
    assert started == ["tsk_1", "tsk_3", "tsk_4"]
    queues.done(task(3))
    assert started[3:] == ["tsk_5"]
    queues.stop("p", "no credit")
    queues.done(slow[0])
    assert started[4:] == []
    queues.go("p")
    assert started[4:] == ["tsk_2"]


def test_models_of_one_provider_run_as_many_at_once_as_each_takes_not_as_the_slowest(tmp_path: Path) -> None:
    with closing(Engine.open(tmp_path / "ws")) as engine:
        limit_of = engine._runner._limit_of
        assert [limit_of("bfl"), limit_of("bfl", "flux-2-pro"), limit_of("bfl", "flux-kontext-max")] == [24, 24, 6]
        assert limit_of("fal", "anybody/elses") == 10
        assert limit_of("a1111") == 1


def test_queue_takes_no_task_twice() -> None:
    started: list[str] = []
    queues = Queues(lambda *_: 1, lambda task: started.append(task.id), time.monotonic)
    for _ in range(2):
        queues.push(task(1))
        queues.push(task(2))
    queues.done(task(1))
    queues.done(task(2))
    assert started == ["tsk_1", "tsk_2"]


def test_listener_that_fails_does_not_stop_the_others(caplog: pytest.LogCaptureFixture) -> None:
    bus, heard = Bus(), []

    def broken(_event: Event) -> None:
        raise RuntimeError("broken")

    bus.subscribe(broken)
    unsubscribe = bus.subscribe(heard.append)
    bus.publish(Event(kind=EventKind.BATCH))
    unsubscribe()
    bus.publish(Event(kind=EventKind.BATCH))
    assert len(heard) == 1
    assert "broken" in caplog.text


def test_workers_do_thumbnails_last() -> None:
    workers, go, order = Workers("test", 1), threading.Event(), []
    workers.submit(go.wait)
    futures = [workers.submit(order.append, "later", later=True), workers.submit(order.append, "soon")]
    go.set()
    for future in futures:
        future.result(5)
    workers.stop(1)
    assert order == ["soon", "later"]


def test_worker_survives_a_job_that_raises() -> None:
    workers = Workers("test", 1)
    with pytest.raises(ZeroDivisionError):
        workers.submit(lambda: 1 // 0).result(5)
    assert workers.submit(lambda: 7).result(5) == 7
    workers.stop(1)


def test_sleeping_through_an_hour_counts_as_two_beats_of_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, real = Clock(), time.monotonic
    before = clock.awake_s()
    monkeypatch.setattr("photogram.engine.clock.time.monotonic", lambda: real() + 3600)
    assert clock.awake_s() - before <= 2 * Clock.BEAT_S
    monkeypatch.setattr(Clock, "BEAT_S", 0.01)

    async def beat() -> None:
        task = asyncio.ensure_future(clock.beat())
        await asyncio.sleep(0.1)
        task.cancel()

    asyncio.run(beat())
    assert clock.awake_s() - before <= 3.0
