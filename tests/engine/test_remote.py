"""A task through a real HTTP provider: what is committed when, and what each failure leads to."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from concurrent.futures import Future

import pytest
from faulty.adapter import LoopbackAdapter
from faulty.harness import USER, check_money, finish, only, read, start, until
from faulty.server import Server, png

from photogram.domain.task import TaskStatus
from photogram.engine.engine import Engine
from photogram.errors import StoreBusy
from photogram.store import assets, ledger
from photogram.store import tasks as task_rows
from photogram.store.ending import finish_failed
from photogram.store.sending import mark_sent, still_mine


def row(engine: Engine, task_id: str):
    return engine.read(task_rows.load_tasks, [task_id]).result(10)[0]


def test_submit_poll_fetch_makes_an_image_with_the_real_seed_and_cost(engine: Engine, server: Server) -> None:
    server.polls_needed = 3
    generation = only(finish(engine, start(engine)))
    assert generation.status is TaskStatus.SUCCESS
    assert (generation.seed, generation.cost_micros, generation.cost_source) == (99, 40_000, "reported")
    assert generation.asset
    path = engine.store.files.path(generation.asset.sha256, extension="png")
    assert path.read_bytes() == png()
    assert (len(server.submits), len(server.polls)) == (1, 3)
    assert engine.read(ledger.balance, USER).result(10) == ledger.FIRST_GRANT_MICROS - 40_000
    assert engine.read(assets.find_orphans).result(10) == {}


def test_mark_is_committed_before_the_submit_arrives_and_handle_before_the_first_poll(
    engine: Engine, server: Server
) -> None:
    seen = {}

    def task_now():
        (task,) = engine.read(task_rows.unfinished_tasks, USER).result(10)
        return task

    server.on_submit = lambda _: seen.setdefault("submit", task_now()) and None
    server.on_poll = lambda _: seen.setdefault("poll", task_now()) and None
    finish(engine, start(engine))
    assert seen["submit"].status is TaskStatus.PROCESSING
    assert seen["submit"].sent_at is not None
    assert seen["submit"].owner == engine.owner.id
    assert seen["submit"].handle is None
    assert seen["poll"].handle.remote_id == "job0"


def test_each_image_is_a_submit_of_its_own_with_its_own_seed(engine: Engine, server: Server) -> None:
    batch = finish(engine, start(engine, n=12))
    assert {generation.status for generation in batch.generations} == {TaskStatus.SUCCESS}
    assert sorted(submit["seed"] for submit in server.submits) == list(range(12))


def test_key_is_sent_to_its_provider_only_and_never_with_the_download(engine: Engine, server: Server, key: str) -> None:
    finish(engine, start(engine))
    sent = dict(server.keys)
    assert sent["/jobs"] == key
    assert sent["/jobs/job0"] == key
    assert sent["/images/job0.png"] is None


def test_poll_url_on_a_foreign_host_never_sees_the_key(engine: Engine, server: Server) -> None:
    foreign = Server()
    body = json.dumps({"id": "x", "poll": f"{foreign.url}/jobs/x"}).encode()
    server.on_submit = lambda _: (202, {}, body)
    generation = only(finish(engine, start(engine)))
    foreign.close()
    assert generation.error
    assert generation.error.kind == "lost"
    assert "private network" in generation.error.message
    assert foreign.keys == []


def test_key_is_masked_where_a_provider_repeats_it(engine: Engine, server: Server, key: str) -> None:
    server.on_submit = lambda _: (401, {}, f"bad key {key}".encode())
    generation = only(finish(engine, start(engine)))
    assert generation.error
    assert generation.error.kind == "auth"
    assert "••••" in generation.error.detail
    assert key not in repr(generation)
    dump = engine.read(lambda cur: str(cur.execute("SELECT * FROM tasks").fetchall())).result(10)
    assert key not in dump


@pytest.mark.parametrize("status", [429, 503])
def test_rate_limit_goes_back_to_pending_and_is_sent_again(engine: Engine, server: Server, status: int) -> None:
    told = []
    server.on_submit = lambda _: (status, {"retry-after": "20"}, b"") if not told and not told.append(1) else None
    batch = start(engine)
    until(lambda: told)
    until(lambda: only(read(engine, batch)).status is TaskStatus.PENDING)
    generation = only(finish(engine, batch))
    assert generation.status is TaskStatus.SUCCESS
    assert row(engine, generation.task_id).sends == 2
    assert len(server.submits) == 1


def test_third_rate_limit_is_an_error_and_returns_the_hold(engine: Engine, server: Server) -> None:
    asked = []
    server.on_submit = lambda _: asked.append(1) or (429, {"retry-after": "1"}, b"")
    generation = only(finish(engine, start(engine)))
    assert (generation.status, len(asked)) == (TaskStatus.ERROR, 3)
    assert generation.error
    assert (generation.error.kind, generation.error.message) == ("rate_limited", "Rate limit exceeded.")
    assert generation.error.next_step == "Try again later."
    assert engine.read(ledger.balance, USER).result(10) == ledger.FIRST_GRANT_MICROS


def test_refused_connection_is_tried_three_times_then_unreachable(make_engine: Callable[..., Engine]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    engine = make_engine(LoopbackAdapter(f"http://127.0.0.1:{port}"))
    generation = only(finish(engine, start(engine)))
    assert generation.error
    assert generation.error.kind == "unreachable"
    assert row(engine, generation.task_id).sends == 3


@pytest.mark.parametrize("answer", ["cut", (502, {}, b""), (504, {}, b"")])
def test_submit_in_doubt_is_lost_and_never_sent_again(engine: Engine, server: Server, answer: object) -> None:
    asked = []
    server.on_submit = lambda _: asked.append(1) or answer
    generation = only(finish(engine, start(engine)))
    assert generation.status is TaskStatus.LOST
    assert len(asked) == 1
    assert generation.error
    assert "billed" in generation.error.message
    held = ledger.FIRST_GRANT_MICROS - 40_000
    assert engine.read(ledger.balance, USER).result(10) == held  # until the user settles it


@pytest.mark.parametrize(("status", "kind"), [(500, "remote_failed"), (400, "bad_request"), (422, "bad_request")])
def test_definite_refusal_of_a_submit_is_an_error_at_once(
    engine: Engine, server: Server, status: int, kind: str
) -> None:
    asked = []
    server.on_submit = lambda _: asked.append(1) or (status, {}, b"no")
    generation = only(finish(engine, start(engine)))
    assert generation.error
    assert (generation.error.kind, len(asked)) == (kind, 1)


def test_polls_and_downloads_go_on_through_errors(engine: Engine, server: Server) -> None:
    troubles = ["cut", (500, {}, b""), (429, {}, b""), (503, {}, b"")]
    server.on_poll = lambda count: troubles[count] if count < len(troubles) else None
    server.on_fetch = lambda count: troubles[count] if count < len(troubles) else None
    generation = only(finish(engine, start(engine)))
    assert generation.status is TaskStatus.SUCCESS
    assert len(server.submits) == 1


@pytest.mark.parametrize(
    ("word", "kind"), [("refused", "refused"), ("failed", "remote_failed"), ("wibble", "bad_response")]
)
def test_every_end_of_a_job_has_a_branch(engine: Engine, server: Server, word: str, kind: str) -> None:
    server.status_word, server.polls_needed = word, 99
    generation = only(finish(engine, start(engine)))
    assert generation.error
    assert generation.error.kind == kind
    assert row(engine, generation.task_id).handle is not None


def test_poll_stops_at_the_deadline_after_one_more_poll(make_engine: Callable[..., Engine], server: Server) -> None:
    server.polls_needed = 10**6
    engine = make_engine(LoopbackAdapter(server.url, deadline_s=30.0))
    asked, plan, deadlines = [], engine._runner.remote.follower.poller.add, []
    server.on_poll = lambda _: asked.append(engine.clock.awake_s()) and None
    engine._runner.remote.follower.poller.add = lambda polling: (
        deadlines.append(polling.deadline_awake_s) or plan(polling)
    )
    generation = only(finish(engine, start(engine)))
    assert generation.error
    assert generation.error.kind == "deadline"
    assert asked[-2] < deadlines[0] <= asked[-1]
    assert row(engine, generation.task_id).handle is not None


@pytest.mark.parametrize("body", [b"<html>an error page</html>", b"", png()[:40]])
def test_what_is_no_image_is_never_a_success(engine: Engine, server: Server, body: bytes) -> None:
    server.on_fetch = lambda _: (200, {"content-type": "image/png"}, body)
    generation = only(finish(engine, start(engine)))
    assert generation.error
    assert generation.error.kind == "bad_response"
    assert generation.asset is None


def test_cancel_of_a_running_job_tells_the_provider(engine: Engine, server: Server) -> None:
    server.polls_needed = 10**6
    batch = start(engine)
    until(lambda: server.polls)
    engine.cancel([only(batch).task_id]).result(10)
    assert only(finish(engine, batch)).status is TaskStatus.CANCELLED
    assert server.cancelled == ["job0"]


def test_process_that_woke_late_reads_its_row_again_before_it_sends(engine: Engine, server: Server) -> None:
    real, told = engine._runner._finisher.evidence, []
    awake = engine.clock.monotonic

    async def slow(op, *args, **kwargs):
        result = await real(op, *args, **kwargs)
        if op is mark_sent and not told:
            told.append(1)
            engine.clock.monotonic = lambda: awake() + 60.0
            await real(finish_failed, args[0].task_id, TaskStatus.CANCELLED, engine.clock.now())
        return result

    engine._runner._finisher.evidence = slow
    batch = start(engine)
    assert only(finish(engine, batch)).status is TaskStatus.CANCELLED
    until(lambda: not engine._runner._running)
    assert server.submits == []


def test_process_that_woke_late_waits_for_a_workspace_that_others_hold(
    engine: Engine, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as it takes: after a sleep every process wants the file at once."""
    monkeypatch.setattr("photogram.engine.run.WOKE_LATE_S", -1.0)
    real, asked = engine.store.read, []

    def busy(op, *args, **options):
        if op is not still_mine:
            return real(op, *args, **options)
        refused = Future()
        refused.set_exception(StoreBusy("Waited 30 s for the workspace."))
        return refused

    def patient(op, *args, _real=engine.store.write_evidence, **options):
        asked.append(op)
        return _real(op, *args, **options)

    monkeypatch.setattr(engine.store, "read", busy)
    monkeypatch.setattr(engine.store, "write_evidence", patient)
    generation = only(finish(engine, start(engine)))
    assert (generation.status, generation.error) == (TaskStatus.SUCCESS, None)
    assert asked.count(still_mine) == 1
    assert len(server.submits) == 1
    check_money(engine, captured=40_000)


def test_closing_leaves_a_polled_job_to_the_next_engine_which_does_not_send_it_again(
    make_engine: Callable[..., Engine], server: Server
) -> None:
    server.polls_needed = 4
    first = make_engine()
    batch = start(first)
    until(lambda: server.polls)
    first.close()
    second = make_engine()
    second.adopt(USER).result(10)
    assert only(finish(second, batch)).status is TaskStatus.SUCCESS
    assert len(server.submits) == 1


def test_missing_key_is_an_error_that_names_the_variable(
    engine: Engine, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LOOPBACK_KEY")
    generation = only(finish(engine, start(engine)))
    assert generation.error
    assert generation.error.kind == "auth"
    assert "LOOPBACK_KEY" in generation.error.next_step
    assert server.submits == []
