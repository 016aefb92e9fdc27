"""The database breaks, and the disk is full or read-only: it is waited for and told, and nothing paid is lost."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import duckdb
import pytest

from photogram.domain.events import EventKind
from photogram.domain.task import TaskStatus
from photogram.engine.engine import Engine
from photogram.errors import StorageFailed
from photogram.providers.registry import Registry
from photogram.store import Store
from photogram.studio import Batch, Studio

from .adapter import PRICE_MICROS, LoopbackAdapter
from .disks import fill
from .harness import USER, FastClock, again, check_money, check_said, finish, made, only, read, start, until
from .server import Server

SUCCESS, ERROR = TaskStatus.SUCCESS, TaskStatus.ERROR


class Breaking:
    """A cursor whose statements of a kind fail as told; the outcome may be that they were done, and a COMMIT saved."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, failures: list[str], kind: str = "COMMIT") -> None:
        self._cursor, self._failures, self._kind = cursor, failures, kind

    def execute(self, sql: str, *args: object) -> object:
        if sql.lstrip().startswith(self._kind) and self._failures:
            if self._failures.pop() == "saved":
                self._cursor.execute(sql, *args)
            raise duckdb.FatalException("the database has been invalidated")
        return self._cursor.execute(sql, *args)

    def __getattr__(self, name: str) -> object:
        return getattr(self._cursor, name)


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        ("COMMIT", "saved"), ("COMMIT", "not saved"), ("BEGIN", "not saved"), ("SELECT", "not saved"),
        ("UPDATE", "saved"), ("INSERT", "not saved"),
    ],
)  # fmt: skip
def test_fatal_error_at_any_statement_or_commit_of_a_task_neither_loses_nor_doubles_anything(
    engine: Engine, server: Server, monkeypatch: pytest.MonkeyPatch, kind: str, outcome: str
) -> None:
    from photogram.store import writer

    failures: list[str] = []
    real = writer._transact
    monkeypatch.setattr(writer, "_transact", lambda cursor, *args: real(Breaking(cursor, failures, kind), *args))
    commits = 0

    def note(*_: object) -> None:
        nonlocal commits
        commits += 1
        failures[:] = [outcome]  # the next such statement of this task breaks, whichever it is

    engine.bus.subscribe(note)
    server.on_submit = note
    server.on_poll = note
    server.on_fetch = note
    for _ in range(4):
        generation = made(engine)
        assert generation.status is SUCCESS
    failures.clear()
    assert commits >= 16
    assert sorted(server.accepted().values()) == [1] * 4
    check_money(engine, captured=4 * PRICE_MICROS)


# ── Real file systems ───────────────────────────────────────────────────────────────────────────────────────────────


def test_disk_that_fills_up_while_an_image_is_made_loses_nothing(
    small_disk: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine(small_disk / "ws", registry=Registry([LoopbackAdapter(server.url)]), clock=FastClock())
    engine._users = 1
    try:
        monkeypatch.setattr(engine.store.files, "free_bytes", lambda: 10**9)  # there seemed to be room when it was sent
        assert made(engine).status is SUCCESS
        server.own_images = True
        server.polls_needed = 10**6
        batch = start(engine)
        until(lambda: server.polls)
        ballast = small_disk / "ballast"
        fill(ballast)
        server.polls_needed = 1
        until(lambda: list(server.jobs.values())[-1].fetches)
        ballast.unlink()
        generation = only(finish(engine, batch))
        if generation.status is not SUCCESS:
            check_said(generation, ERROR, "storage", "could not be stored", "Free some disk space")
            generation = again(engine, generation)
        assert generation.status is SUCCESS
        assert len(server.submits) == 2
        (first, second) = server.jobs.values()
        captured = PRICE_MICROS + round(second.cost * 1e6)
        assert generation.asset
        assert engine.store.files.read(generation.asset.sha256, extension="png") == second.image
        assert first.polls
        check_money(engine, captured=captured)
    finally:
        engine.close()


@pytest.fixture
def read_only_disk(tmp_path: Path) -> Iterator[Path]:
    """A workspace with one image in it, on a file system that cannot be written."""
    folder = tmp_path / "frozen"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=50m", "tmpfs", str(folder)], check=False, capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"a file system cannot be mounted here: {mounted.stderr.strip()}")
    store = Store.open(folder / "ws")
    store.read(lambda cur: cur.execute("SELECT 1").fetchall()).result(30)
    store.close()
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_read_only_workspace_is_refused_with_a_next_step(read_only_disk: Path) -> None:
    with pytest.raises(StorageFailed) as refused:
        Studio(read_only_disk / "ws", user="ana")
    assert "Read-only" in refused.value.message or "read-only" in refused.value.message
    assert refused.value.next_step


READ_ONLY = "This cannot be written down yet: history.duckdb: Read-only file system."


def freeze(engine: Engine, monkeypatch: pytest.MonkeyPatch, refuses: Callable[[Any], bool]) -> list[bool]:
    """Lets the database refuse some operations until something is put into the list that is returned."""
    writable: list[bool] = []
    for name in ("write", "write_evidence"):
        real = getattr(engine.store, name)

        def frozen(op: Any, *args: object, _real: Any = real, **options: object) -> object:
            if not writable and refuses(op):
                error = StorageFailed(
                    "history.duckdb: Read-only file system.", next_step="Move the workspace to another disk."
                )
                refused: Future[object] = Future()
                refused.set_exception(error)
                return refused
            return _real(op, *args, **options)

        monkeypatch.setattr(engine.store, name, frozen)
    return writable


def store_events(engine: Engine) -> list[bool]:
    """Keeps, of every event about the store, whether anything is held up; a list that grows."""
    told: list[bool] = []
    engine.bus.subscribe(lambda event: told.append(bool(engine.held_up())) if event.kind is EventKind.STORE else None)
    return told


def test_workspace_that_becomes_read_only_while_an_image_is_made_keeps_it_and_says_so(
    engine: Engine, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its row can still be written but for the end."""
    writable = freeze(engine, monkeypatch, lambda op: op.__name__ == "finish_success")
    told = store_events(engine)
    batch = start(engine)
    until(lambda: READ_ONLY in (only(read(engine, batch)).note or ""))
    waiting = only(read(engine, batch))
    assert waiting.status is TaskStatus.PROCESSING
    assert "Move the workspace to another disk." in (waiting.note or "")
    assert engine.held_up() == {waiting.task_id: waiting.note}
    assert told == [True]
    assert len(server.submits) == 1
    check_money(engine, held=PRICE_MICROS)
    writable.append(True)
    done = only(finish(engine, batch))
    assert (done.status, done.note) == (SUCCESS, None)
    until(lambda: told == [True, False])
    assert len(server.submits) == 1
    check_money(engine, captured=PRICE_MICROS)


def test_workspace_of_which_nothing_can_be_written_is_told_live(
    engine: Engine, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.polls_needed = 10**6
    batch = start(engine)
    until(lambda: server.polls)
    writable = freeze(engine, monkeypatch, lambda _op: True)
    told = store_events(engine)
    server.polls_needed = 1
    until(engine.held_up)
    waiting = only(read(engine, batch))
    assert READ_ONLY not in (waiting.note or "")
    assert READ_ONLY in engine.held_up()[waiting.task_id]
    studio = Studio(engine.store.workspace, user=USER)
    monkeypatch.setattr(studio, "_engine", engine)
    drawn = Batch(studio, read(engine, batch))._repr_html_()
    assert READ_ONLY in drawn
    assert "Move the workspace to another disk." in drawn
    assert told == [True]
    writable.append(True)
    assert only(finish(engine, batch)).status is SUCCESS
    assert (engine.held_up(), len(server.submits)) == ({}, 1)
    check_money(engine, captured=PRICE_MICROS)
    studio.close()
