"""From a prompt to a picture, as a notebook sees it."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest
from PIL import Image

from photogram.domain.task import TaskStatus
from photogram.errors import NotFound, NotReady, QueryRefused, Refused, StoreClosed, UnknownModel, WaitTimeout
from photogram.studio import Batch, Studio

from .conftest import files, rows

HISTORY_COLUMNS = [
    "generation_id", "batch_id", "topic_id", "topic_title", "idx", "created_at", "finished_at", "provider", "model",
    "prompt", "params", "refs", "seed", "status", "error_kind", "error", "note", "attempts", "queued_s", "run_s",
    "cost_usd", "cost_source", "width", "height", "mime", "bytes", "sha256", "path", "starred",
]  # fmt: skip


# ── One engine ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_two_studios_on_one_folder_share_one_engine(open_studio):
    first, second = open_studio(), open_studio(user="bob")
    assert first._engine is second._engine


def test_a_link_to_the_folder_is_the_folder(open_studio, tmp_path):
    first = open_studio()
    (tmp_path / "link").symlink_to(first.workspace)
    assert open_studio(folder="link")._engine is first._engine


def test_closing_one_of_two_leaves_the_other_working(open_studio):
    first, second = open_studio(), open_studio()
    first.close()
    first.close()
    assert second.generate("a cat").wait(10)[0].status is TaskStatus.SUCCESS


def test_a_closed_studio_says_so_and_does_not_hang(open_studio):
    studio = open_studio()
    batch = studio.generate("a cat").wait(10)
    studio.close()
    for use in (lambda: studio.generate("a dog"), studio.df, studio.topics, lambda: batch.wait(1), lambda: batch.record,
                lambda: studio.sql("select 1"), studio.resume, lambda: studio.wallet.balance_coins):  # fmt: skip
        with pytest.raises(StoreClosed, match=r"Make a new Studio\(\)"):
            use()


def test_a_studio_can_be_opened_again_and_knows_everything(open_studio):
    first = open_studio()
    made = first.generate("a cat", n=2, seed=3).wait(10)
    first.close()
    again = open_studio().batch(made.id)
    assert [one.seed for one in again] == [3, 4]
    assert again[0].path.is_file()


def test_a_studio_closes_at_the_end_of_its_with(tmp_path):
    with Studio(tmp_path / "workspace") as studio:
        pass
    with pytest.raises(StoreClosed):
        studio.topics()


# ── Making and waiting ──────────────────────────────────────────────────────────────────────────────────────────────


def test_generate_returns_before_the_pictures_are_there(studio, dots):
    batch = studio.generate("hold on", n=3)
    assert len(batch) == 3
    assert not batch.record.finished
    with pytest.raises(NotReady, match="wait"):
        _ = batch[2].image
    dots.go.set()
    assert batch.wait(10) is batch
    assert all(one.status is TaskStatus.SUCCESS for one in batch)


def test_a_made_picture_has_image_path_seed_and_cost(studio):
    one = studio.generate("a cat", seed=7, width=24, height=16).wait(10)[0]
    assert isinstance(one.image, Image.Image)
    assert one.image.size == (24, 16)
    assert one.path.is_absolute()
    assert one.path.suffix == ".png"
    assert (one.seed, one.cost_usd) == (7, 0.0)
    assert one.asset is not None
    assert one.path.read_bytes()[:4] == b"\x89PNG"


def test_the_stored_bytes_are_the_providers_unchanged(studio, dots):
    import hashlib

    made = studio.generate("jpeg please").wait(10)[0]
    assert hashlib.sha256(made.path.read_bytes()).hexdigest() == made.asset.sha256 == made.path.stem
    assert made.path.suffix == ".jpg"
    assert made.asset.mime == "image/jpeg"


def test_a_batch_behaves_like_a_list_of_its_images(studio):
    batch = studio.generate("a cat", n=3).wait(10)
    assert [one.id for one in batch] == [batch[0].id, batch[1].id, batch[-1].id]
    assert [one.id for one in batch[1:]] == [batch[1].id, batch[2].id]
    with pytest.raises(IndexError):
        batch[3]


def test_every_image_has_its_own_seed_counted_up_from_the_users(studio):
    assert [one.seed for one in studio.generate("a cat", n=4, seed=7)] == [7, 8, 9, 10]


def test_seeds_wrap_at_the_largest(studio):
    batch = studio.generate("a cat", n=4, seed=2**32 - 2).wait(10)
    assert [one.seed for one in batch] == [2**32 - 2, 2**32 - 1, 0, 1]
    assert all(one.status is TaskStatus.SUCCESS for one in batch)


def test_random_seeds_differ_between_batches(studio):
    assert len({studio.generate("a cat")[0].seed for _ in range(5)}) > 1


def test_what_is_stored_as_seed_is_what_was_sent(studio, dots):
    batch = studio.generate("a cat", n=3).wait(10)
    assert sorted(one.seed for one in batch) == sorted(request.seed for request in dots.runs)


def test_a_model_without_seeds_gets_none(studio, dots):
    batch = studio.generate("a cat", model="dots:bare", n=2).wait(10)
    assert [one.seed for one in batch] == [None, None]
    assert [request.seed for request in dots.runs] == [None, None]


def test_a_batch_can_be_awaited(studio):
    async def cell() -> Batch:
        batch = studio.generate("a cat", n=2)
        assert await batch is batch
        return batch

    assert all(one.status is TaskStatus.SUCCESS for one in asyncio.run(cell()))


def test_two_batches_can_be_awaited_together(studio):
    async def cell() -> list[Batch]:
        return await asyncio.gather(*(asyncio.ensure_future(wait(studio.generate("a cat"))) for _ in range(2)))

    async def wait(batch: Batch) -> Batch:
        return await batch

    assert all(batch.record.finished for batch in asyncio.run(cell()))


def test_awaiting_can_be_limited_by_asyncio_itself(studio, dots):
    async def cell() -> Batch:
        batch = studio.generate("hold on")

        async def wait() -> None:
            await batch

        with pytest.raises(TimeoutError):
            await asyncio.wait_for(wait(), 0.2)
        dots.go.set()
        return await batch

    assert asyncio.run(cell())[0].status is TaskStatus.SUCCESS


def test_wait_inside_a_running_loop_keeps_the_loop_turning(studio, dots):
    async def cell() -> int:
        ticks = 0

        async def neighbour() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                if ticks == 20:
                    dots.go.set()
                await asyncio.sleep(0.01)

        task = asyncio.create_task(neighbour())
        studio.generate("hold on").wait(10)  # can only end if the neighbour ticks
        assert not task.done()
        task.cancel()
        return ticks

    assert asyncio.run(cell()) >= 20


def test_wait_works_from_another_thread(studio):
    outcomes: list[object] = []
    thread = threading.Thread(target=lambda: outcomes.append(studio.generate("a cat").wait(10)[0].status))
    thread.start()
    thread.join(15)
    assert outcomes == [TaskStatus.SUCCESS]


@pytest.mark.parametrize("inside", ["plain", "loop", "thread"])
def test_a_wait_that_runs_out_leaves_the_work_going(studio, dots, inside):
    batch = studio.generate("hold on", n=2)

    def too_short() -> None:
        started = time.monotonic()
        with pytest.raises(WaitTimeout, match=rf"2 of 2 images of {batch.id} go on"):
            batch.wait(timeout_s=0.2)
        assert time.monotonic() - started < 2

    async def cell() -> None:
        too_short()

    if inside == "plain":
        too_short()
    elif inside == "loop":
        asyncio.run(cell())
    else:
        asyncio.run(asyncio.to_thread(too_short))
    dots.go.set()
    assert all(one.status is TaskStatus.SUCCESS for one in batch.wait(10))


def test_a_wait_of_no_time_answers_at_once(studio, dots):
    batch = studio.generate("hold on")
    with pytest.raises(WaitTimeout):
        batch.wait(0)
    dots.go.set()
    batch.wait(10).wait(0.5)


def test_waiting_never_raises_for_a_failed_image(studio):
    batch = studio.generate("refuse this", n=2).wait(10)
    assert [one.status for one in batch] == [TaskStatus.ERROR] * 2
    error = batch[0].error
    assert error is not None
    assert (error.kind, error.message, error.next_step) == ("refused", "That was declined.", "Rephrase the prompt.")
    assert error.task_id.startswith("tsk_")
    with pytest.raises(Refused, match="declined"):
        _ = batch[0].image


def test_bytes_that_are_no_image_are_never_a_success(studio):
    one = studio.generate("junk").wait(10)[0]
    assert one.status is TaskStatus.ERROR
    assert one.error is not None
    assert one.error.kind == "bad_response"
    assert rows(studio)["assets"] == 0


def test_a_wait_ends_when_its_batch_is_deleted_meanwhile(studio, dots):
    batch = studio.generate("hold on", n=2)
    waiting = threading.Thread(target=batch.wait, daemon=True)
    waiting.start()
    time.sleep(0.1)
    batch.delete()
    waiting.join(10)
    assert not waiting.is_alive()


def test_a_wait_ends_when_its_topic_is_deleted_meanwhile(studio, dots):
    batch = studio.generate("hold on", n=2)
    waiting = threading.Thread(target=batch.wait, daemon=True)
    waiting.start()
    time.sleep(0.1)
    studio.topic(batch.topic_id).delete()
    waiting.join(10)
    assert not waiting.is_alive()


@pytest.mark.parametrize("inside", ["thread", "loop"])
def test_a_wait_ends_with_a_clear_error_when_the_studio_is_closed_meanwhile(open_studio, inside):
    studio = open_studio()
    batch = studio.generate("hold on", n=2)
    raised: list[BaseException] = []

    def wait() -> None:
        async def cell() -> None:
            await batch

        try:
            asyncio.run(cell()) if inside == "loop" else batch.wait()
        except BaseException as error:  # noqa: BLE001
            raised.append(error)

    waiting = threading.Thread(target=wait, daemon=True)
    waiting.start()
    time.sleep(0.2)
    studio.close()
    waiting.join(10)
    assert not waiting.is_alive()
    assert [type(error) for error in raised] == [StoreClosed]


def test_closing_puts_running_local_pictures_back_to_pending(open_studio, dots):
    studio = open_studio()
    batch = studio.generate("hold on", n=3)
    dots.started.wait(5)
    studio.close()
    studio = open_studio()
    assert [one.status for one in studio.batch(batch.id)] == [TaskStatus.PENDING] * 3
    dots.go.set()
    assert [one.id for one in studio.resume()] == [batch.id]
    assert all(one.status is TaskStatus.SUCCESS for one in studio.batch(batch.id).wait(10))


# ── Reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_frame_has_the_columns_of_the_documented_view(studio):
    batch = studio.generate("a cat", n=2).wait(10)
    for frame in (studio.df(), batch.df(), studio.topics()[0].df(), studio.sql("select * from history")):
        assert list(frame.columns) == HISTORY_COLUMNS
        assert len(frame) == 2
    assert [str(one.path) for one in batch] == list(batch.df()["path"])


def test_an_empty_workspace_gives_an_empty_frame_with_the_same_columns(studio):
    assert list(studio.df().columns) == HISTORY_COLUMNS
    assert studio.df().empty
    assert studio.topics() == []
    assert studio.batches() == []


def test_the_frame_can_be_narrowed(studio):
    cat = studio.generate("A minimalist Cat", n=2, topic="Cats").wait(10)
    studio.generate("refuse a dog", topic="Dogs").wait(10)
    studio.generate("cat", model="dots:bare", topic="Dogs").wait(10)
    cat[1].star()
    assert len(studio.df(search="minimalist CAT")) == 2
    assert len(studio.df(topic="cats")) == len(studio.df(topic=studio.topic("Cats"))) == 2
    assert len(studio.df(status="error")) == 1
    assert len(studio.df(status=["error", TaskStatus.SUCCESS])) == 4
    assert len(studio.df(model="dots:bare")) == len(studio.df(model="bare")) == 1
    assert list(studio.df(starred=True)["generation_id"]) == [cat[1].id]
    assert len(studio.df(limit=1)) == 1
    assert len(studio.df(limit=0)) == 0
    assert len(studio.df(search="100%_'; drop table topics; --")) == 0
    with pytest.raises(NotFound):
        studio.df(topic="Birds")


def test_sql_answers_a_select_over_history(studio):
    studio.generate("a cat", n=3).wait(10)
    frame = studio.sql("select model, count(*) as n, sum(cost_usd) as usd from history group by all")
    assert frame.to_dict("records") == [{"model": "plain", "n": 3, "usd": 0.0}]
    assert studio.sql("select prompt from history where idx = ?", [1])["prompt"].tolist() == ["a cat"]
    assert studio.sql("select $word as word", {"word": "cat"})["word"].tolist() == ["cat"]


@pytest.mark.parametrize(
    "query",
    [
        "DROP TABLE batches", "COPY history TO 'out.csv'", "SELECT 1; SELECT 2", "rollback; drop table batches",
        "WITH x AS (INSERT INTO settings VALUES ('a', 'b', '1')) SELECT 1",
        "EXPLAIN ANALYZE INSERT INTO settings VALUES ('a', 'b', '1')",
        "SELECT * FROM read_csv('/etc/passwd')", "ATTACH 'other.duckdb'", "SET threads = 1", "SELECT * FROM batches",
        "SELECT * FROM tasks", "", "this is no sql", "select nothing from history",
    ],
)  # fmt: skip
def test_sql_refuses_everything_else_and_changes_nothing(studio, query):
    studio.generate("a cat").wait(10)
    before = rows(studio)
    with pytest.raises(QueryRefused):
        studio.sql(query)
    assert rows(studio) == before


def test_models_lists_every_model_with_what_it_takes(studio):
    frame = studio.models().set_index("model")
    assert list(studio.models().columns) == [
        "model", "provider", "title", "params", "price_usd", "key_present", "deprecated", "retires_on", "successor",
        "source", "read_on", "origin",
    ]  # fmt: skip
    assert {"sketch:scene", "sketch:abstract", "dots:plain"} <= set(frame.index)
    assert frame.loc["sketch:scene", "price_usd"] == 0
    assert "seed" in frame.loc["sketch:scene", "params"]
    assert bool(frame.loc["sketch:scene", "key_present"])


def test_an_unknown_model_names_the_near_one_and_writes_nothing(studio):
    with pytest.raises(UnknownModel, match="dots:plain"):
        studio.generate("a cat", model="dots:plian")
    assert sum(rows(studio).values()) == 0
    assert files(studio) == []


def test_the_default_model_is_the_sketcher(tmp_path, monkeypatch):
    monkeypatch.delenv("PHOTOGRAM_MODEL", raising=False)
    with Studio(tmp_path / "workspace") as studio:
        assert studio.generate("a cat", width=64, height=64).model == "sketch:scene"


def test_asking_for_what_is_not_there_says_so(studio):
    for ask in (studio.batch, studio.generation, studio.topic):
        with pytest.raises(NotFound):
            ask("top_nothing" if ask == studio.topic else "nothing")


# ── Events ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_event_comes_after_its_commit_and_only_to_its_user(open_studio):
    ada, bob = open_studio("ada"), open_studio("bob")
    seen: list[tuple[str, str]] = []
    unsubscribe = ada.subscribe(lambda event: seen.append((str(event.kind), event.batch_id)))
    bobs = bob.generate("a dog").wait(10)
    adas = ada.generate("a cat").wait(10)
    deadline = time.monotonic() + 5
    while ("task", adas.id) not in seen and time.monotonic() < deadline:
        time.sleep(0.01)
    unsubscribe()
    assert ("batch", adas.id) in seen
    assert ("task", adas.id) in seen
    assert bobs.id not in {batch_id for _, batch_id in seen}
    heard = len(seen)
    ada.generate("a cat").wait(10)
    assert len(seen) == heard


def test_a_listener_that_fails_stops_nothing(studio):
    studio.subscribe(lambda event: 1 / 0)
    assert studio.generate("a cat").wait(10)[0].status is TaskStatus.SUCCESS
