"""Writing: group commits, exceptions, order, cancelling, closing."""

from __future__ import annotations

import threading
import time
from concurrent.futures import CancelledError, Future
from pathlib import Path

import duckdb
import pytest

from photogram.errors import NotFound, SchemaTooNew, StorageFailed, StoreClosed
from photogram.store import Cursor, Store
from photogram.store.migrate import list_migrations, migrate, read_version

from .workers import count, ids, prepare, slow, totals


@pytest.fixture
def store(tmp_path: Path):
    store = Store.open(tmp_path)
    store.write(prepare).result()
    yield store
    store.close()


def hold_the_writer(store: Store) -> threading.Event:
    """Keeps the writer busy, so that what comes next is one group, until the event is set."""
    go, held = threading.Event(), threading.Event()

    def hold(cur: Cursor) -> None:
        held.set()
        go.wait(10)

    store.write(hold)
    held.wait(10)
    return go


def count_and_fail(cur: Cursor, id_: str) -> None:
    count(cur, id_)
    raise NotFound("on purpose")


def test_a_write_is_seen_by_every_read_after_its_result(store: Store) -> None:
    for n in range(50):
        store.write(count, str(n)).result()
        assert store.read(totals).result() == (n + 1,) * 3


def test_what_queues_is_written_in_order_and_in_few_commits(store: Store) -> None:
    begun: set[int] = set()

    def add(cur: Cursor, n: int) -> int:
        begun.add(cur.execute("SELECT txid_current()").fetchall()[0][0])
        return count(cur, str(n))

    go = hold_the_writer(store)
    futures = [store.write(add, n) for n in range(20)]
    go.set()
    assert [future.result() for future in futures] == list(range(1, 21))
    assert len(begun) < 5


def test_an_exception_reaches_its_own_caller_unchanged_and_others_are_saved(store: Store) -> None:
    go = hold_the_writer(store)
    before, failing, after = store.write(count, "a"), store.write(count_and_fail, "b"), store.write(count, "c")
    go.set()
    with pytest.raises(NotFound, match="on purpose") as caught:
        failing.result()
    assert type(caught.value) is NotFound
    assert {before.result(), after.result()} == {1, 2}
    assert store.read(ids).result() == {"a", "c"}


def test_a_duplicate_key_that_shows_at_commit_fails_its_own_operation_only(store: Store) -> None:
    def insert(cur: Cursor, id_: str) -> None:
        cur.execute("INSERT INTO counted VALUES (?, 0)", [id_])

    go = hold_the_writer(store)
    futures = [store.write(insert, id_) for id_ in ("a", "b", "a", "c")]
    go.set()
    assert [type(future.exception()) for future in futures] == [
        type(None), type(None), duckdb.ConstraintException, type(None)
    ]  # fmt: skip
    assert store.read(ids).result() == {"a", "b", "c"}


def test_duckdb_commits_nothing_after_a_caught_exception_and_says_nothing(tmp_path: Path) -> None:
    """The law behind the next test; should DuckDB change, the guard in `writer` may go."""
    connection = duckdb.connect(str(tmp_path / "law.duckdb"))
    connection.execute("CREATE TABLE t (k INTEGER PRIMARY KEY)")
    connection.execute("BEGIN")
    connection.execute("INSERT INTO t VALUES (1)")
    with pytest.raises(duckdb.ConstraintException):
        connection.execute("INSERT INTO t VALUES (1)")
    connection.execute("COMMIT")
    assert connection.execute("FROM t").fetchall() == []


def test_an_operation_that_swallows_an_exception_is_not_acknowledged(store: Store) -> None:
    def swallow(cur: Cursor) -> str:
        count(cur, "lost")
        try:
            cur.execute("INSERT INTO counted VALUES ('lost', 0)")
        except duckdb.ConstraintException:
            return "all is well"
        return ""

    go = hold_the_writer(store)
    swallowing, other = store.write(swallow), store.write(count, "kept")
    go.set()
    with pytest.raises(duckdb.TransactionException, match="aborted"):
        swallowing.result()
    assert other.result() == 1
    assert store.read(ids).result() == {"kept"}


def test_a_broken_connection_is_opened_anew_and_the_operation_run_again(store: Store) -> None:
    runs: list[int] = []

    def break_once(cur: Cursor, error: type[duckdb.Error], times: int) -> int:
        runs.append(1)
        value = count(cur, "once")
        if len(runs) <= times:
            raise error("pulled the plug")
        return value

    for error in (duckdb.FatalException, duckdb.IOException):
        runs.clear()
        go = hold_the_writer(store)
        breaking, other = store.write(break_once, error, 1), store.write(count, f"other {error}")
        go.set()
        assert breaking.result(timeout=10) == 1
        assert other.result(timeout=10) > 1
        assert len(runs) == 2
    runs.clear()
    with pytest.raises(StorageFailed, match="pulled the plug"):
        store.write(break_once, duckdb.FatalException, 99).result(timeout=10)
    assert len(runs) == 3
    assert store.write(count, "still alive").result(timeout=10) == 4


def test_a_read_that_breaks_the_connection_is_run_again(store: Store) -> None:
    runs: list[int] = []

    def break_once(cur: Cursor) -> tuple[int, int, int]:
        runs.append(1)
        if len(runs) == 1:
            raise duckdb.FatalException("pulled the plug")
        return totals(cur)

    assert store.read(break_once).result(timeout=10) == (0, 0, 0)


def test_a_cancelled_write_does_not_happen_and_cancelled_evidence_does(store: Store) -> None:
    go = hold_the_writer(store)
    plain, evidence = store.write(count, "plain"), store.write_evidence(count, "evidence")
    assert plain.cancel()
    assert not evidence.cancel()
    go.set()
    assert evidence.result() == 1
    with pytest.raises(CancelledError):
        plain.result()
    assert store.read(ids).result() == {"evidence"}


def test_a_read_cannot_write(store: Store) -> None:
    with pytest.raises(duckdb.Error, match="read-only"):
        store.read(count, "x").result()


def test_one_store_for_all_and_the_last_close_closes(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "real").mkdir()
    one, two = Store.open(tmp_path / "real"), Store.open(tmp_path / "link")
    assert one is two
    one.close()
    two.write(prepare).result()
    pending = [two.write(count, str(n)) for n in range(100)]
    two.close()
    assert [future.result(timeout=0) for future in pending] == list(range(1, 101)), "close drains"
    two.close()
    for call in (lambda: two.write(prepare), lambda: two.read(totals), lambda: two.query("", user_id="me"), two.busy):
        with pytest.raises(StoreClosed):
            call()
    three = Store.open(tmp_path / "real")
    assert three is not two
    assert three.read(totals).result()[0] == 100
    three.close()


def test_closing_interrupts_reads_after_their_grace(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    begun = threading.Semaphore(0)

    def for_a_second(cur: Cursor) -> str:
        begun.release()
        time.sleep(1)
        return "done"

    def for_ever(cur: Cursor) -> int:
        begun.release()
        return slow(cur)

    short, endless = store.read(for_a_second), store.read(for_ever)
    assert begun.acquire(timeout=20)
    assert begun.acquire(timeout=20)
    started = time.monotonic()
    store.close()
    assert 1 < time.monotonic() - started < 4
    assert short.result(timeout=0) == "done"
    assert isinstance(endless.exception(timeout=0), StoreClosed)


def test_a_store_can_be_closed_from_its_own_callback(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    closed: Future[None] = Future()

    def close(_: object) -> None:
        store.close()
        closed.set_result(None)

    store.write(prepare).add_done_callback(close)
    closed.result(timeout=5)
    store.keeper.thread.join(5)
    assert not store.keeper.thread.is_alive()


def let_go(store: Store) -> None:
    """Waits until an idle store has given the file up."""
    end = time.monotonic() + 30
    while store.keeper.file._open:
        assert time.monotonic() < end
        time.sleep(0.02)


def test_an_idle_store_lets_the_file_go(store: Store) -> None:
    store.write(count, "a").result()
    let_go(store)
    connection = duckdb.connect(str(store.workspace / "history.duckdb"))
    assert connection.execute("FROM counter").fetchall() == [(0, 1)]
    connection.close()


def test_a_wal_is_folded_in_once_it_is_large_or_its_replays_have_cost_as_much(store: Store) -> None:
    wal = store.workspace / "history.duckdb.wal"
    let_go(store)
    store.keeper.file._checkpoint_took_s = 60.0  # dearer than any replay
    store.write(count, "a").result()
    let_go(store)
    assert 0 < wal.stat().st_size < 256 * 1024
    store.keeper.file._checkpoint_took_s = 0.0
    store.write(count, "b").result()
    let_go(store)
    assert not wal.exists()
    store.keeper.file._checkpoint_took_s = 60.0
    for future in [store.write(count, str(n)) for n in range(1500)]:
        future.result()
    let_go(store)
    assert not wal.exists() or wal.stat().st_size < 256 * 1024


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageFailed, match="cannot be made"):
        Store.open(tmp_path / "file" / "workspace")


def test_a_file_that_is_no_database_is_a_clear_error_and_not_touched(tmp_path: Path) -> None:
    (tmp_path / "history.duckdb").write_bytes(b"not a database" * 1000)
    store = Store.open(tmp_path)
    for future in (store.write(prepare), store.write_evidence(prepare), store.read(totals)):
        with pytest.raises(StorageFailed, match="is damaged, or not a database of Photogram"):
            future.result(timeout=10)
    store.close()
    assert (tmp_path / "history.duckdb").read_bytes().startswith(b"not a database")


# ── Migrations ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_migrations_are_applied_once_each_with_their_record() -> None:
    cursor = duckdb.connect()
    cursor.execute("CREATE TABLE log (n INTEGER)")
    one, two = (1, "INSERT INTO log VALUES (1); CREATE TABLE a (x INTEGER);"), (2, "INSERT INTO log VALUES (2)")
    migrate(cursor, (one,), "memory")
    migrate(cursor, (one, two), "memory")
    migrate(cursor, (one, two), "memory")
    assert cursor.execute("FROM log").fetchall() == [(1,), (2,)]
    assert read_version(cursor) == 2


def test_a_migration_that_fails_leaves_nothing() -> None:
    cursor = duckdb.connect()
    with pytest.raises(duckdb.CatalogException):
        migrate(cursor, ((1, "CREATE TABLE a (x INTEGER); INSERT INTO missing VALUES (1)"),), "memory")
    assert read_version(cursor) == 0
    assert cursor.execute("SHOW TABLES").fetchall() == []


def test_a_newer_workspace_is_refused_also_when_it_becomes_newer_meanwhile(store: Store) -> None:
    newest = list_migrations()[-1][0]
    let_go(store)
    connection = duckdb.connect(str(store.workspace / "history.duckdb"))
    connection.execute("INSERT INTO schema_version VALUES (?, now()::TIMESTAMP)", [newest + 1])
    connection.close()
    for future in (store.write(count, "a"), store.read(totals), store.write_evidence(count, "b")):
        with pytest.raises(SchemaTooNew, match=f"schema {newest + 1}"):
            future.result(timeout=10)
    duckdb.connect(str(store.workspace / "history.duckdb")).close()  # nothing of the refused opening keeps the file
