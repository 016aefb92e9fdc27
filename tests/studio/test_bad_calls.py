"""Calls that make no sense: each is answered at once, in words, and leaves nothing behind."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from photogram.domain.task import TaskStatus
from photogram.errors import BadParams, NotFound, PhotogramError, SchemaTooNew, StorageFailed, UserError
from photogram.studio import Studio

from .conftest import rows

HALF = "\ud800"
CALLS = {
    "n=0": {"n": 0}, "n=True": {"n": True}, "n=1.5": {"n": 1.5}, "n=None": {"n": None}, "n=51": {"n": 51},
    "n is huge": {"n": 10**5_000}, "seed=-1": {"seed": -1}, "seed is huge": {"seed": 10**5_000},
    "size=1e3x5": {"width": "1e3x5"}, "prompt=None": {"prompt": None}, "prompt is huge": {"prompt": "x" * 10**6},
    "model=5": {"model": 5}, "model is half a character": {"model": HALF}, "topic=''": {"topic": ""},
    "topic=5": {"topic": 5}, "topic is a list": {"topic": ["a"]}, "topic is half a character": {"topic": HALF},
    "a nameless parameter": {"": 1}, "a parameter of emoji": {"😀": 1},
}  # fmt: skip


@pytest.mark.parametrize("what", CALLS)
def test_a_call_that_makes_no_sense_is_refused_and_writes_nothing(studio, what):
    with pytest.raises(UserError) as caught:
        studio.generate(**{"prompt": "a cat"} | CALLS[what])
    assert 10 < len(str(caught.value)) < 1_000
    assert rows(studio) == dict.fromkeys(rows(studio), 0)


@pytest.mark.parametrize("n", [2, "2", 2.0, np.int64(2), np.uint8(2)])
def test_a_number_of_images_may_be_any_whole_number(studio, n):
    assert len(studio.generate("a cat", n=n)) == 2


READS = {
    "limit=-1": lambda studio: studio.df(limit=-1), "limit=x": lambda studio: studio.df(limit="x"),
    "search=5": lambda studio: studio.df(search=5), "status=5": lambda studio: studio.df(status=5),
    "status=done": lambda studio: studio.df(status="done"), "starred=x": lambda studio: studio.df(starred="x"),
    "model=5": lambda studio: studio.df(model=5), "topic=''": lambda studio: studio.df(topic=""),
    "topic=5": lambda studio: studio.df(topic=5), "batches(-1)": lambda studio: studio.batches(limit=-1),
    "batch(None)": lambda studio: studio.batch(None), "batch(5)": lambda studio: studio.batch(5),
    "half a batch": lambda studio: studio.batch(HALF), "generation([])": lambda studio: studio.generation([]),
    "topic(None)": lambda studio: studio.topic(None), "half a topic": lambda studio: studio.topic(HALF),
    "sql(None)": lambda studio: studio.sql(None), "sql(5)": lambda studio: studio.sql(5),
    "half a query": lambda studio: studio.sql(f"select '{HALF}'"),
    "a strange parameter": lambda studio: studio.sql("select ?", [object()]),
    "active_topic=5": lambda studio: setattr(studio, "active_topic", 5),
}  # fmt: skip


@pytest.mark.parametrize("what", READS)
def test_a_reading_that_makes_no_sense_is_refused(studio, what):
    studio.generate("a cat").wait(10)
    with pytest.raises(PhotogramError):
        READS[what](studio)


def test_a_search_for_half_a_character_finds_nothing(studio):
    studio.generate("a cat").wait(10)
    assert studio.df(search=HALF).empty
    assert studio.df(search="a\0b").empty


@pytest.mark.parametrize("path", [5, "a\0b", f"a{HALF}", ["a"]])
def test_a_workspace_is_a_path(path):
    with pytest.raises(BadParams, match="path of a folder"):
        Studio(path)


def test_a_user_is_a_name(tmp_path):
    with pytest.raises(BadParams, match="user must be a name"):
        Studio(tmp_path, user=5)
    with Studio(tmp_path, user=HALF) as studio:
        assert studio.topics() == []


# ── Workspaces that are none ────────────────────────────────────────────────────────────────────────────────────────


def test_a_workspace_that_is_a_file_is_named(tmp_path):
    (tmp_path / "file").write_text("mine")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(StorageFailed, match="Name a folder that you may write to"):
            Studio(path)
    assert (tmp_path / "file").read_text() == "mine"


USES = {
    "wait(x)": lambda studio, batch: batch.wait("x"), "wait(-1)": lambda studio, batch: batch.wait(-1),
    "wait([])": lambda studio, batch: batch.wait([]), "wait(nan)": lambda studio, batch: batch.wait(float("nan")),
    "time_limit_s=x": lambda studio, batch: studio.sql("select 1", time_limit_s="x"),
    "time_limit_s=0": lambda studio, batch: studio.sql("select 1", time_limit_s=0),
    "time_limit_s=None": lambda studio, batch: studio.sql("select 1", time_limit_s=None),
    "save_zip([])": lambda studio, batch: batch.save_zip(["a"]), "save_zip(5)": lambda studio, batch: batch.save_zip(5),
    "save([])": lambda studio, batch: batch[0].save(["a"]), "save({})": lambda studio, batch: batch[0].save({}),
}  # fmt: skip


@pytest.mark.parametrize("what", USES)
def test_an_argument_that_makes_no_sense_is_named(studio, what):
    batch = studio.generate("a cat").wait(10)
    with pytest.raises(BadParams, match=r"timeout_s|time_limit_s|path must be a file or a folder"):
        USES[what](studio, batch)


def test_a_number_of_seconds_may_be_written_as_a_shell_gives_it(studio):
    assert studio.generate("a cat").wait("10")[0].status is TaskStatus.SUCCESS


@pytest.mark.parametrize("content", [b"", b"garbage" * 5_000, b"SQLite format 3\0" + b"\0" * 4_096])
def test_a_file_that_is_no_database_is_named_and_left_alone(tmp_path, content):
    (tmp_path / "history.duckdb").write_bytes(content)
    with Studio(tmp_path) as studio:
        for use in (studio.topics, studio.df, lambda: studio.generate("a cat", width=64, height=64)):
            with pytest.raises(StorageFailed) as caught:
                use()
            assert "is damaged, or not a database" in caught.value.message
            assert "from a backup, or move it and history.duckdb.wal away" in caught.value.next_step
            assert "photogram doctor" in caught.value.next_step
    assert (tmp_path / "history.duckdb").read_bytes() == content


def test_a_database_that_lost_its_end_is_named(open_studio):
    studio = open_studio()
    studio.generate("a cat").wait(10)
    path = studio.workspace / "history.duckdb"
    studio.close()
    path.write_bytes(path.read_bytes()[:5_000])
    with Studio(path.parent, user="ada") as studio, pytest.raises(StorageFailed, match="is damaged") as caught:
        studio.topics()
    assert "Check the disk" not in caught.value.next_step


def test_a_newer_workspace_is_refused_with_the_way_out(open_studio):
    import duckdb

    studio = open_studio()
    studio.generate("a cat").wait(10)
    path = studio.workspace / "history.duckdb"
    studio.close()
    with duckdb.connect(str(path)) as con:
        con.execute("INSERT INTO schema_version VALUES (99, now()::TIMESTAMP)")
    studio = Studio(path.parent, user="ada")
    for use in (studio.topics, studio.df, lambda: studio.generate("a cat", model="sketch:scene")):
        with pytest.raises(SchemaTooNew, match="pip install -U photogram"):
            use()
    studio.close()


# ── Many at once ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_twenty_threads_that_generate_and_delete_at_once_lose_nothing_and_hang_nowhere(studio):
    unexpected: list[BaseException] = []

    def work(number: int) -> None:
        for turn in range(2):
            try:
                batch = studio.generate(f"picture {number}", n=2, topic=f"Topic {number % 5}")
                if turn:
                    studio.topic(f"Topic {number % 5}").delete()
                batch.wait(60)
            except NotFound:
                continue  # another thread deleted the topic in between
            except BaseException as error:  # noqa: BLE001
                unexpected.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    assert not any(thread.is_alive() for thread in threads)
    assert unexpected == []
    studio.cancel_all()
    left = studio._read(lambda cur: cur.execute("SELECT DISTINCT status FROM tasks").fetchall())
    assert {status for (status,) in left} <= {"success", "cancelled"}
    assert all(batch[0].status is TaskStatus.SUCCESS for batch in studio.batches(limit=100))
