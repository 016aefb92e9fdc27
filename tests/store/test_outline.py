"""What the panel reads: outlines under filters, and what changed among what is shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from photogram.store.outline import (
    MOST_BATCHES,
    MOST_IMAGES,
    Wanted,
    list_changes,
    list_used_models,
    load_batches,
    open_outline,
    read_outline,
)
from photogram.store.store import Store

USER = "ada"
SIZE = '{"width": 8, "height": 4}'
DAY = "TIMESTAMP '2026-01-01'"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def history(store: Store) -> Store:
    """Two topics; of each batch: topic, prompt, model, its images' statuses; a star as `*`."""
    batches = [
        ("boats", "A red Boat", "one", ["success", "success*", "error"]),
        ("boats", "a blue boat", "two", ["pending", "processing"]),
        ("boats", "a cat", "one", ["success"]),
        ("cats", "the cat's boat", "two", ["success*"]),
    ]
    store.write(_fill, batches).result()
    return store


def _fill(cur, batches) -> None:
    for topic in ("boats", "cats"):
        cur.execute(
            "INSERT INTO topics (id, user_id, title, title_source, last_activity_at, created_at) "
            f"VALUES (?, ?, ?, 'user', {DAY}, {DAY})", [topic, USER, topic],
        )  # fmt: skip
    for number, (topic, prompt, model, statuses) in enumerate(batches):
        batch = f"b{number}"
        cur.execute(
            "INSERT INTO batches (id, topic_id, user_id, provider, model, prompt, params_requested, n, created_at) "
            f"VALUES (?, ?, ?, 'kinds', ?, ?, '{{}}', ?, {DAY} + ? * INTERVAL 1 MINUTE)",
            [batch, topic, USER, model, prompt, len(statuses), number],
        )
        for idx, status in enumerate(statuses):
            image, task = f"{batch}i{idx}", f"{batch}t{idx}"
            cur.execute(
                "INSERT INTO generations (id, batch_id, user_id, idx, seed, task_id, starred) "
                "VALUES (?, ?, ?, ?, 1, ?, ?)",
                [image, batch, USER, idx, task, status.endswith("*")],
            )
            cur.execute(
                "INSERT INTO tasks (id, generation_id, batch_id, user_id, provider, attempt, status, params_sent, "
                f"error_kind, created_at, sent_at) VALUES (?, ?, ?, ?, 'kinds', 1, ?, ?, ?, {DAY}, {DAY})",
                [task, image, batch, USER, status.strip("*"), SIZE, "refused" if status == "error" else None],
            )  # fmt: skip


def _set(cur, table: str, id_: str, change: str) -> None:
    cur.execute(f"UPDATE {table} SET {change}, revision = nextval('revision') WHERE id = ?", [id_])


def listed(store: Store, **wanted: object) -> dict[str, int]:
    outline = store.read(read_outline, USER, Wanted(**wanted)).result()
    return {row.id: row.images for row in outline.rows}


def changed(store: Store, change: tuple[str, str, str], **wanted: object) -> dict[str, int]:
    """What is told after a change, to whoever was told everything before."""
    since = store.read(read_outline, USER, Wanted()).result().revision
    store.write(_set, *change).result()
    changes = store.read(list_changes, USER, Wanted(**wanted), since).result()
    assert changes.revision > since
    return {row.id: row.images for row in changes.rows}


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, {"b3": 1, "b2": 1, "b1": 2, "b0": 3}),
        ({"topic_id": "boats"}, {"b2": 1, "b1": 2, "b0": 3}),
        ({"search": "BOAT"}, {"b3": 1, "b1": 2, "b0": 3}),
        ({"search": "cat's"}, {"b3": 1}),
        ({"search": "%"}, {}),
        ({"topic_id": "boats", "search": "cat"}, {"b2": 1}),
        ({"model": "kinds:one"}, {"b2": 1, "b0": 3}),
        ({"model": "one"}, {}),
        ({"starred": True}, {"b3": 1, "b0": 1}),
        ({"statuses": ("pending", "processing")}, {"b1": 2}),
        ({"statuses": ("success",)}, {"b3": 1, "b2": 1, "b0": 2}),
        ({"statuses": ("error",), "starred": True}, {}),
        ({"statuses": ("success",), "starred": True, "search": "red"}, {"b0": 1}),
        ({"statuses": ("nonsense",)}, {}),
    ],
)
def test_an_outline_lists_what_is_wanted_and_counts_only_that(history, wanted, found):
    assert listed(history, **wanted) == found


@pytest.mark.parametrize(
    ("wanted", "made"),
    [
        ({}, {"b3": 1, "b2": 1, "b1": 0, "b0": 2}),
        ({"starred": True}, {"b3": 1, "b0": 1}),
        ({"statuses": ("error",)}, {"b0": 0}),
    ],
)
def test_an_outline_counts_what_is_made_of_what_is_wanted(history, wanted, made):
    outline = history.read(read_outline, USER, Wanted(**wanted)).result()
    assert {row.id: row.made for row in outline.rows} == made


def test_an_outline_comes_with_the_details_of_its_first_batches(history):
    outline, first = history.read(open_outline, USER, Wanted(search="boat"), 2).result()
    assert [row.id for row in outline.rows] == ["b3", "b1", "b0"]
    assert [batch.id for batch in first] == ["b3", "b1"]
    assert [len(batch.generations) for batch in first] == [1, 2]
    assert outline.rows[0].size == (8, 4)


def test_another_user_s_batches_are_not_listed(history):
    assert history.read(read_outline, "bob", Wanted()).result().rows == []
    assert history.read(list_changes, "bob", Wanted(), 0).result().rows == ()
    assert history.read(list_used_models, "bob").result() == []


@pytest.mark.parametrize(
    ("change", "wanted", "told"),
    [
        (("generations", "b0i0", "starred = true"), {"starred": True}, {"b0": 2}),
        (("generations", "b0i1", "starred = false"), {"starred": True}, {"b0": 0}),
        (("tasks", "b1t0", "status = 'success'"), {"statuses": ("pending", "processing")}, {"b1": 1}),
        (("tasks", "b1t0", "status = 'success'"), {"statuses": ("success",)}, {"b1": 1}),
        (("tasks", "b1t0", "status = 'success'"), {"search": "cat"}, {"b1": 0}),
        (("tasks", "b1t0", "status = 'success'"), {"topic_id": "cats"}, {}),
        (("generations", "b0i0", f"deleted_at = {DAY}"), {"topic_id": "boats"}, {"b0": 2}),
        (("batches", "b3", f"deleted_at = {DAY}"), {}, {"b3": 0}),
        (("batches", "b2", "prompt = 'a boat'"), {"search": "cat"}, {"b2": 0}),
    ],
)
def test_what_a_filter_lets_through_no_more_is_told_as_none(history, change, wanted, told):
    assert changed(history, change, **wanted) == told


def test_details_of_what_is_filtered_out_do_not_cross(history):
    since = history.read(read_outline, USER, Wanted()).result().revision
    history.write(_set, "batches", "b0", "n = 3").result()
    changes = history.read(list_changes, USER, Wanted(search="cat"), since).result()
    assert [(row.id, row.images) for row in changes.rows] == [("b0", 0)]
    assert changes.batches == []
    assert history.read(list_changes, USER, Wanted(search="boat"), since).result().batches[0].id == "b0"


def test_of_very_many_only_the_newest_are_read(store):
    store.write(_fill, [("boats", f"boat {number}", "one", ["success"] * 30) for number in range(15)]).result()
    changes = store.read(list_changes, USER, Wanted(), 0).result()
    assert len(changes.rows) == 15
    assert [batch.id for batch in changes.batches] == [f"b{number}" for number in range(14, 14 - MOST_BATCHES, -1)]
    assert changes.others == ["b2", "b1", "b0"]
    star = "UPDATE generations SET starred = true, revision = nextval('revision')"
    store.write(lambda cur: cur.execute(star) and None).result()
    again = store.read(list_changes, USER, Wanted(), changes.revision).result()
    assert len(again.images) == MOST_IMAGES
    assert {*again.others, *(image.batch_id for image in again.images)} == {row.id for row in changes.rows}


def test_nothing_is_read_where_nothing_changed(history):
    since = history.read(read_outline, USER, Wanted()).result().revision
    assert history.read(list_changes, USER, Wanted(), since).result().rows == ()


def test_the_models_that_made_something_are_listed_once(history):
    assert history.read(list_used_models, USER).result() == ["kinds:one", "kinds:two"]
    history.write(_set, "topics", "boats", f"deleted_at = {DAY}").result()
    assert history.read(list_used_models, USER).result() == ["kinds:two"]
    assert listed(history) == {"b3": 1}


def test_details_come_in_the_order_asked_for(history):
    found = history.read(load_batches, USER, ["b3", "b0", "nothing", "b1"]).result()
    assert [batch.id for batch in found] == ["b3", "b0", "b1"]
