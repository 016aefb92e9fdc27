"""What a provider took is known from then on: its handle, or where its image is, survives the disk, defects and us."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from photogram.domain.request import GenerationRequest
from photogram.domain.task import RemoteHandle, TaskStatus
from photogram.engine.engine import Engine
from photogram.errors import StorageFailed
from photogram.providers.wire import Access, Ready, Submitted, WireAnswer, WireRequest
from photogram.store.owners import Owner
from photogram.store.sending import save_handle

from .adapter import PRICE_MICROS, LoopbackAdapter
from .harness import USER, again, always, check_money, check_said, finish, made, only, read, start, task_of, until
from .server import Reply, Server

SUCCESS, ERROR, LOST, CANCELLED = TaskStatus.SUCCESS, TaskStatus.ERROR, TaskStatus.LOST, TaskStatus.CANCELLED


class Named(LoopbackAdapter):
    """Names the image's address, and what it costs, in the answer to the submit: no job to ask about."""

    def read_submit(self, answer: WireAnswer, request: GenerationRequest) -> Submitted | Ready:
        url = f"{self.base_url}/images/{answer.json()['id']}.png"
        return Ready(url=url, seed=7, cost_micros=50_000, cost_source="computed")


class Stumbling(LoopbackAdapter):
    """Has a defect at the method that is named."""

    def __init__(self, base_url: str, where: str) -> None:
        super().__init__(base_url)
        self.where = where

    def _stumble(self, here: str) -> None:
        if self.where == here:
            raise RuntimeError("a defect")

    def build_submit(self, request: GenerationRequest, access: Access) -> WireRequest:
        self._stumble("build_submit")
        return super().build_submit(request, access)

    def read_submit(self, answer: WireAnswer, request: GenerationRequest) -> Submitted | Ready:
        self._stumble("read_submit")
        return super().read_submit(answer, request)

    def read_poll(self, answer: WireAnswer, handle: RemoteHandle) -> Any:
        self._stumble("read_poll")
        return super().read_poll(answer, handle)


def refuse_journal(engine: Engine, monkeypatch: pytest.MonkeyPatch, code: int = errno.ENOSPC) -> None:
    def refuse(*_: object) -> None:
        raise OSError(code, "the disk refused")

    monkeypatch.setattr(engine.owner, "journal", refuse)


def refuse_handle(engine: Engine, monkeypatch: pytest.MonkeyPatch, error: Exception) -> list[Exception]:
    """Lets a handle not be saved in its row until the list that is returned is empty."""
    left, real = [error], engine.store.write_evidence

    def refuse(op: Callable[..., object], *args: object, **options: object) -> object:
        def run(cur: object, *given: object, **more: object) -> object:
            if op is save_handle and left:
                raise left[0]
            return op(cur, *given, **more)

        return real(run, *args, **options)

    monkeypatch.setattr(engine.store, "write_evidence", refuse)
    return left


@pytest.mark.parametrize("code", [errno.EDQUOT, errno.ENOSPC, errno.EIO, errno.EROFS])
def test_disk_that_refuses_the_journal_costs_no_image(
    engine: Engine, server: Server, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    refuse_journal(engine, monkeypatch, code)
    seen: list[RemoteHandle | None] = []
    server.on_poll = lambda _: seen.append(task_of(engine, next(iter(server.accepted()))).handle)
    assert made(engine).status is SUCCESS
    assert len(server.submits) == 1
    assert [handle.remote_id for handle in seen if handle] == ["job0"], "it was in its row before the first poll"
    check_money(engine, captured=PRICE_MICROS)


def test_disk_that_refuses_journal_and_row_is_waited_for_and_says_so(
    engine: Engine, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_journal(engine, monkeypatch)
    refused = StorageFailed("No space left on device.", next_step="Free some disk space.")
    left = refuse_handle(engine, monkeypatch, refused)
    batch = start(engine)
    until(lambda: "No space left on device. Free some disk space." in (only(read(engine, batch)).note or ""))
    assert only(read(engine, batch)).status is TaskStatus.PROCESSING
    assert server.polls == []
    left.clear()
    generation = only(finish(engine, batch))
    assert (generation.status, generation.note) == (SUCCESS, None)
    assert engine.held_up() == {}
    assert len(server.submits) == 1
    check_money(engine, captured=PRICE_MICROS)


def test_cancel_tells_the_provider_of_a_job_whose_handle_could_not_be_written_down(
    engine: Engine, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_journal(engine, monkeypatch)
    left = refuse_handle(engine, monkeypatch, StorageFailed("No space left on device."))
    batch = start(engine)
    until(engine.held_up)
    engine.cancel([only(batch).task_id]).result(30)
    assert server.cancelled == ["job0"]
    assert only(finish(engine, batch)).status is CANCELLED
    left.clear()
    check_money(engine)


def test_line_that_a_full_disk_cut_short_hides_no_other_handle(tmp_path: Path) -> None:
    owner = Owner(tmp_path)
    handles = [RemoteHandle(remote_id=f"job{number}") for number in range(2)]
    owner.journal("tsk_a", handles[0])
    with (tmp_path / "owners" / f"{owner.id}.jsonl").open("a") as file:
        file.write('\n{"task_id": "tsk_cut", "handle": "{')
    owner.journal("tsk_b", handles[1])
    assert list(owner.handles_of(owner.id)) == [("tsk_a", handles[0]), ("tsk_b", handles[1])]
    owner.close()


# ── Defects of ours ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_defect_before_anything_was_sent_is_an_error_and_returns_the_hold(
    make_engine: Callable[..., Engine], server: Server
) -> None:
    engine = make_engine(Stumbling(server.url, "build_submit"))
    check_said(made(engine), ERROR, "internal", "Photogram failed: RuntimeError: a defect", "Please report this")
    assert server.asked == []
    check_money(engine)


def test_defect_once_it_was_sent_is_lost_with_its_hold_and_its_traceback(
    make_engine: Callable[..., Engine], server: Server
) -> None:
    engine = make_engine(Stumbling(server.url, "read_submit"))
    generation = made(engine)
    check_said(generation, LOST, "lost", "a defect. It may have been made, and billed.", "dashboard")
    assert generation.error
    assert "Please report this" in generation.error.next_step
    assert "Traceback" in generation.error.detail
    assert len(server.submits) == 1
    check_money(engine, held=PRICE_MICROS)


def test_defect_while_a_handle_is_saved_is_lost_with_its_hold(
    engine: Engine, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_handle(engine, monkeypatch, RuntimeError("a defect"))
    check_said(made(engine), LOST, "lost", "It may have been made, and billed.", "dashboard")
    assert (len(server.submits), server.polls) == (1, [])
    check_money(engine, held=PRICE_MICROS)


def test_defect_while_a_job_is_polled_is_lost_and_retry_asks_before_it_pays(
    make_engine: Callable[..., Engine], server: Server
) -> None:
    adapter = Stumbling(server.url, "read_poll")
    engine = make_engine(adapter)
    generation = made(engine)
    check_said(generation, LOST, "lost", "a defect. It may have been made", "Retry asks about the job before")
    check_money(engine, held=PRICE_MICROS)
    adapter.where = ""
    asked = again(engine, generation)
    assert (asked.status, asked.task_id, len(server.submits)) == (SUCCESS, generation.task_id, 1)
    check_money(engine, captured=PRICE_MICROS)


# ── An address in the submit's own answer ───────────────────────────────────────────────────────────────────────────


def test_address_in_the_submits_answer_is_kept_before_the_download_and_whoever_takes_over_fetches_it(
    make_engine: Callable[..., Engine], server: Server
) -> None:
    server.on_fetch = always(Reply(status=503))
    dead = make_engine(Named(server.url))
    batch = start(dead)
    until(lambda: [job for job in server.jobs.values() if job.fetches >= 2])
    handle = task_of(dead, only(batch).task_id).handle
    assert handle
    assert (handle.image_url, handle.cost_micros) == (f"{server.url}/images/job0.png", 50_000)
    dead.close()
    server.on_fetch = always(None)
    engine = make_engine(Named(server.url))
    engine.adopt(USER).result(30)
    generation = only(finish(engine, batch))
    assert (generation.status, generation.seed) == (SUCCESS, 7)
    assert (generation.cost_micros, generation.cost_source) == (50_000, "computed")
    assert (len(server.submits), server.polls) == (1, [])
    check_money(engine, captured=50_000)


@pytest.mark.parametrize("status", [503, 200])
def test_image_at_such_an_address_is_fetched_again_by_retry_without_paying(
    make_engine: Callable[..., Engine], server: Server, status: int
) -> None:
    server.on_fetch = always(Reply(status=status, body=b"<html>"))
    engine = make_engine(Named(server.url, deadline_s=5.0))
    generation = made(engine)
    assert generation.status is ERROR
    check_money(engine, captured=50_000)
    server.on_fetch = always(None)
    fetched = again(engine, generation)
    assert (fetched.status, fetched.task_id, len(server.submits)) == (SUCCESS, generation.task_id, 1)
    check_money(engine, captured=50_000)


def test_such_an_address_that_expired_is_asked_no_second_time(
    make_engine: Callable[..., Engine], server: Server
) -> None:
    server.on_fetch = always(Reply(status=410))
    engine = make_engine(Named(server.url))
    check_said(made(engine), ERROR, "expired", "made and billed, but its address has expired", "bills, it anew")
    assert (len(server.submits), server.jobs["job0"].fetches) == (1, 1)
    check_money(engine, captured=50_000)


def test_cancel_while_such_an_image_is_fetched_asks_about_no_job_and_books_it(
    make_engine: Callable[..., Engine], server: Server
) -> None:
    server.on_fetch = always(Reply(status=503))
    dead = make_engine(Named(server.url))
    batch = start(dead)
    until(lambda: server.jobs and server.jobs["job0"].fetches)
    dead.close()
    engine = make_engine(Named(server.url))
    engine.adopt(USER).result(30)
    engine.cancel([only(batch).task_id]).result(30)
    cancelled = only(finish(engine, batch))
    assert (cancelled.status, cancelled.cost_micros, cancelled.cost_source) == (CANCELLED, 50_000, "computed")
    assert server.cancelled == []
    check_money(engine, captured=50_000)


def test_address_that_is_none_is_an_answer_that_makes_no_sense(
    make_engine: Callable[..., Engine], server: Server
) -> None:
    class Odd(Named):
        def build_download(self, ready: Ready, access: Access) -> WireRequest:
            access.owns("http://[")
            return super().build_download(ready, access)

    engine = make_engine(Odd(server.url))
    check_said(made(engine), ERROR, "bad_response", "The address of the image is none.", "Retry")
    assert json.dumps(server.keys).count("/images/") == 0
    check_money(engine, captured=50_000)
