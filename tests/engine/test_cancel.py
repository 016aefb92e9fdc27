"""Cancel stops the work wherever it runs, and the wallet hears what was billed all the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from faulty.adapter import PRICE_MICROS, LoopbackAdapter
from faulty.disks import fill
from faulty.harness import USER, check_money, finish, only, read, start, task_of, until
from faulty.server import Reply, Server

from photogram.domain.records import BatchRecord
from photogram.domain.task import RemoteHandle, TaskStatus
from photogram.engine.engine import Engine
from photogram.errors import StorageFailed
from photogram.providers.wire import Access, Ready, Submitted, WireAnswer, WireRequest
from photogram.store import batches as batch_rows
from photogram.store.ending import finish_failed
from photogram.store.stopping import Stop, cancel_tasks

CANCELLED, PENDING, PROCESSING = TaskStatus.CANCELLED, TaskStatus.PENDING, TaskStatus.PROCESSING
TOLD, MAY_BE_BILLED = "The provider was told to stop.", "It was sent, and may still be billed."


class Child:
    """The process of `cancel_child.py`; what it said last is in `says`."""

    def __init__(self, workspace: Path, url: str) -> None:
        program = Path(__file__).with_name("cancel_child.py")
        self.process = subprocess.Popen(
            [sys.executable, str(program), str(workspace), url], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
        self.says = ""
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line.startswith("batches"), line
        _, self.sent, self.painted = line.split()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.says = line.strip()

    def end(self) -> int:
        assert self.process.stdin
        self.process.stdin.close()
        return self.process.wait(60)


@pytest.fixture
def child(workspace: Path, server: Server) -> Iterator[Callable[[], Child]]:
    made: list[Child] = []

    def begin() -> Child:
        made.append(Child(workspace, server.url))
        return made[-1]

    yield begin
    for one in made:
        one.process.kill()
        one.process.wait()


def batch_of(engine: Engine, batch_id: str) -> BatchRecord:
    return engine.read(batch_rows.get_batch, USER, batch_id).result(30)


# ── Across processes ────────────────────────────────────────────────────────────────────────────────────────────────


def test_another_process_stops_what_a_living_one_polls_and_paints_and_its_place_is_free(
    child: Callable[[], Child], engine: Engine, server: Server
) -> None:
    server.polls_needed = 10**6
    living = child()
    until(lambda: server.polls and living.says == "carries 2, paints")
    first, second = batch_of(engine, living.sent).generations
    engine.cancel([first.task_id]).result(60)
    stopped, waiting = batch_of(engine, living.sent).generations
    assert (stopped.status, stopped.note) == (CANCELLED, TOLD)
    assert waiting.task_id == second.task_id
    until(lambda: len(server.submits) == 2 and server.jobs["job1"].polls)  # it took the place that became free
    asked = server.jobs["job0"].polls
    engine.cancel([only(batch_of(engine, living.painted)).task_id]).result(60)
    assert only(batch_of(engine, living.painted)).status is CANCELLED
    until(lambda: living.says == "carries 1, paints nothing")
    before = server.jobs["job1"].polls
    until(lambda: server.jobs["job1"].polls >= before + 3)
    assert server.jobs["job0"].polls <= asked + 1, "it is asked about no more"
    assert set(server.cancelled) == {"job0"}
    engine.cancel([second.task_id]).result(60)
    until(lambda: living.says == "carries 0, paints nothing")
    assert living.end() == 0
    assert {one.status for one in batch_of(engine, living.sent).generations} == {CANCELLED}
    assert only(batch_of(engine, living.painted)).note is None, "nothing of it can be billed"
    check_money(engine)


def test_another_process_closes_a_submit_that_is_under_way(
    child: Callable[[], Child], engine: Engine, server: Server
) -> None:
    server.on_submit = lambda _count: Reply(status=202, accepted=True, delay_s=20.0)
    living = child()
    until(lambda: server.asked)
    engine.cancel([one.task_id for one in batch_of(engine, living.sent).generations]).result(60)
    until(lambda: living.says == "carries 1, paints")  # long before the answer came
    sent, unsent = batch_of(engine, living.sent).generations
    assert (sent.status, sent.note) == (CANCELLED, MAY_BE_BILLED)
    assert (unsent.status, unsent.note) == (CANCELLED, None)
    assert len(server.asked) == 1
    check_money(engine)


def test_task_that_is_cancelled_in_its_row_only_is_stopped_and_its_provider_told(
    make_engine: Callable[..., Engine], server: Server
) -> None:
    server.polls_needed = 10**6
    engine = make_engine()
    mine, other = start(engine), start(engine)
    until(lambda: len(server.jobs) == 2 and all(job.polls for job in server.jobs.values()))
    row_only = Stop(task_id=only(mine).task_id, note=MAY_BE_BILLED)
    engine.write(cancel_tasks, USER, [row_only], engine.clock.now()).result(30)
    engine._canceller._look_again = True  # as after a write of another process
    until(lambda: only(read(engine, mine)).note == TOLD)
    assert set(engine._runner.carried()) == {only(other).task_id}
    assert len(server.cancelled) == 1
    assert only(read(engine, other)).status is PROCESSING


def test_cancelling_twice_says_the_same_and_of_what_was_never_sent_nothing(
    make_engine: Callable[..., Engine], server: Server
) -> None:
    server.polls_needed = 10**6
    engine = make_engine(LoopbackAdapter(server.url, concurrency=1))
    batch = start(engine, 2)
    until(lambda: server.polls)
    ids = [one.task_id for one in batch.generations]
    engine.cancel(ids).result(30)
    for _ in range(2):  # as another process does that read its rows before
        again = [Stop(task_id=task_id, note=MAY_BE_BILLED) for task_id in ids]
        engine.write(cancel_tasks, USER, again, engine.clock.now()).result(30)
    assert [one.note for one in read(engine, batch).generations] == [TOLD, None]
    check_money(engine)


def test_submit_without_an_answer_is_stopped_at_a_provider_that_knows_it_by_our_name(
    make_engine: Callable[..., Engine], server: Server
) -> None:
    class ByOurName(LoopbackAdapter):
        cancels_unanswered = True

        def build_cancel(self, handle: RemoteHandle, access: Access) -> list[WireRequest]:
            return [WireRequest(method="POST", url=f"{access.base_url}/jobs/{handle.remote_id}/cancel")]

    server.on_submit = lambda _count: Reply(status=202, accepted=True, delay_s=20.0)
    engine = make_engine(ByOurName(server.url, concurrency=1))
    sent, waiting = start(engine, n=1), start(engine, n=1)
    until(lambda: server.asked)
    engine.cancel([only(waiting).task_id]).result(60)
    assert server.cancelled == [], "what was not sent is not known there"
    engine.cancel([only(sent).task_id]).result(60)
    assert server.cancelled == [only(sent).task_id]
    assert (only(read(engine, sent)).status, only(read(engine, sent)).note) == (CANCELLED, TOLD)
    check_money(engine)


# ── The bill ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_cancel_while_the_image_is_fetched_books_what_the_provider_said_it_costs(
    engine: Engine, server: Server
) -> None:
    server.own_images = True  # the first job reports 0.03
    server.on_fetch = lambda _count: Reply(status=200, delay_s=20.0)
    batch = start(engine)
    until(lambda: server.jobs and server.jobs["job0"].fetches)
    engine.cancel([only(batch).task_id]).result(30)
    generation = only(finish(engine, batch))
    assert (generation.status, generation.note) == (CANCELLED, "It was billed all the same.")
    assert (generation.cost_micros, generation.cost_source) == (30_000, "reported")
    check_money(engine, captured=30_000)


class BilledAtOnce(LoopbackAdapter):
    """Says with its handle what the job costs."""

    def read_submit(self, answer: WireAnswer, *more: object) -> Submitted | Ready:
        said = answer.json()
        return Submitted(handle=RemoteHandle(remote_id=said["id"], poll_url=said["poll"], cost_micros=50_000))


@pytest.mark.parametrize(("cancels", "cost"), [(False, 50_000), (True, 0)])
def test_what_was_billed_at_the_submit_is_booked_unless_the_provider_stops_it(
    make_engine: Callable[..., Engine], server: Server, cancels: bool, cost: int
) -> None:
    server.polls_needed = 10**6
    engine = make_engine(BilledAtOnce(server.url, cancels=cancels))
    batch = start(engine)
    until(lambda: server.polls)
    engine.cancel([only(batch).task_id]).result(30)
    generation = only(finish(engine, batch))
    assert generation.status is CANCELLED
    assert generation.note == (TOLD if cancels else "It was billed when it was sent.")
    assert (generation.cost_micros, generation.cost_source) == (cost, "reported" if cost else "free")
    check_money(engine, captured=cost)


@pytest.mark.parametrize("times", [1, 2])
def test_bill_that_comes_after_the_cancel_is_booked_once(engine: Engine, server: Server, times: int) -> None:
    server.polls_needed = 10**6
    batch = start(engine)
    until(lambda: server.polls)
    task_id = only(batch).task_id
    engine.cancel([task_id]).result(30)
    for _ in range(times):
        moved = engine.write(
            lambda cur: finish_failed(
                cur, task_id, TaskStatus.ERROR, engine.clock.now(), cost_micros=20_000, cost_source="reported"
            )
        ).result(30)
        assert not moved, "it stays cancelled"
    generation = only(read(engine, batch))
    assert (generation.status, generation.note) == (CANCELLED, "It was billed all the same.")
    assert (generation.cost_micros, generation.cost_source) == (20_000, "reported")
    check_money(engine, captured=20_000)


@pytest.mark.parametrize("reported", [True, False])
def test_error_says_whether_its_cost_was_reported_or_estimated(engine: Engine, server: Server, reported: bool) -> None:
    said: dict[str, object] = {"status": "done", "url": f"{server.url}/images/x.png"}
    if reported:
        said["cost"] = 0.07
    server.on_poll = lambda _count: Reply(body=json.dumps(said).encode())
    server.on_fetch = lambda _count: Reply(body=b"<html>")
    generation = only(finish(engine, start(engine)))
    assert generation.error
    assert generation.error.kind == "bad_response"
    cost = 70_000 if reported else PRICE_MICROS
    assert (generation.cost_micros, generation.cost_source) == (cost, "reported" if reported else "estimated")
    check_money(engine, captured=cost)


class Counting(LoopbackAdapter):
    """Counts what a job used, and says what that comes to."""

    def read_poll(self, answer: WireAnswer, handle: RemoteHandle) -> Any:
        found = super().read_poll(answer, handle)
        return replace(found, cost_micros=12_345, cost_source="computed") if isinstance(found, Ready) else found


@pytest.mark.parametrize("whole", [True, False])
def test_cost_that_follows_from_usage_is_said_to_be_computed(
    make_engine: Callable[..., Engine], server: Server, whole: bool
) -> None:
    if not whole:
        server.on_fetch = lambda _count: (404, {}, b"")
    engine = make_engine(Counting(server.url))
    generation = only(finish(engine, start(engine)))
    assert generation.status is (TaskStatus.SUCCESS if whole else TaskStatus.ERROR)
    assert (generation.cost_micros, generation.cost_source) == (12_345, "computed")
    check_money(engine, captured=12_345)


# ── No room for a row ───────────────────────────────────────────────────────────────────────────────────────────────


def test_cancel_without_room_for_a_row_stops_the_work_says_so_and_is_written_once_there_is_room(
    make_engine: Callable[..., Engine], server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.polls_needed = 10**6
    engine = make_engine(LoopbackAdapter(server.url, concurrency=1))
    batch = start(engine, 2)
    until(lambda: server.polls)
    full = threading.Event()
    full.set()

    def refuse(cur: object, *given: object, **more: object) -> object:
        if full.is_set():
            raise StorageFailed("No space left on device.", next_step="Free some disk space.")
        return cancel_tasks(cur, *given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr("photogram.engine.cancel.cancel_tasks", refuse)
    with pytest.raises(StorageFailed) as refused:
        engine.cancel([one.task_id for one in batch.generations]).result(30)
    assert "The work was stopped" in refused.value.message
    assert "No space left" in refused.value.message
    assert refused.value.next_step == "Free some disk space."
    assert server.cancelled == ["job0"]
    assert engine._runner.carried() == {}
    assert [one.status for one in read(engine, batch).generations] == [PROCESSING, PENDING]
    assert len(server.submits) == 1, "the other one did not take its place"
    full.clear()
    done = finish(engine, batch)
    assert [(one.status, one.note) for one in done.generations] == [(CANCELLED, TOLD), (CANCELLED, None)]
    assert task_of(engine, batch.generations[1].task_id).sends == 0
    check_money(engine)


def test_cancel_on_a_really_full_disk_stops_the_work_and_does_not_hang(
    small_disk: Path, make_engine: Callable[..., Engine], server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.polls_needed = 10**6
    engine = make_engine(LoopbackAdapter(server.url, concurrency=1), at=small_disk / "ws")
    monkeypatch.setattr(engine.store.files, "free_bytes", lambda: 10**9)
    batch = start(engine, 50)
    until(lambda: server.polls)
    ballast = small_disk / "ballast"
    fill(ballast)
    tasks = [one.task_id for one in batch.generations]
    with pytest.raises(StorageFailed, match="The work was stopped, but that cannot be written down yet"):
        engine.cancel(tasks).result(60)
    assert server.cancelled == ["job0"]
    assert engine._runner.carried() == {}
    ballast.unlink()
    assert {one.status for one in finish(engine, batch).generations} == {CANCELLED}
    assert len(server.submits) == 1
    check_money(engine)
