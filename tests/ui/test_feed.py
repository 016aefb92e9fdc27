"""What a view is told of the history: searches, filters, and what changed among what it shows."""

from __future__ import annotations

from itertools import pairwise

import pytest

from photogram.ui.shown import Shown, read_shown

from .test_session import open_view, said


def rows(message) -> dict[str, int]:
    return {row[0]: row[1] for row in message["rows"]}


@pytest.fixture
def boats(ask, studio):
    """Three batches of one topic: ids by name."""
    studio.new_topic("Boats")
    ids = {name: ask.press(f"a {name}", n=2) for name in ("red boat", "blue boat", "cat")}
    for one in ids.values():
        studio.batch(one).wait(20)
    return ids


def test_a_search_finds_in_the_topic_and_everywhere(ask, studio, boats):
    topic = studio.active_topic.id
    found = ask("look", topic=topic, filter={"search": "BOAT"})["skeleton"]
    assert rows(found) == {boats["red boat"]: 2, boats["blue boat"]: 2}
    assert found["filter"] == {"search": "BOAT"}
    other = studio.new_topic("Others").id
    assert ask("look", topic=other, filter={"search": "boat"})["skeleton"]["rows"] == []
    found = ask("look", topic=other, filter={"search": "boat", "everywhere": True})["skeleton"]
    assert rows(found) == {boats["red boat"]: 2, boats["blue boat"]: 2}
    assert {batch["topic"] for batch in found["batches"]} == {topic}
    assert studio.active_topic.id == other, "looking is not choosing"


def test_filters_count_only_the_images_that_pass(ask, studio, boats):
    studio.batch(boats["cat"])[1].star()
    topic = studio.active_topic.id
    assert rows(ask("look", topic=topic, filter={"starred": True})["skeleton"]) == {boats["cat"]: 1}
    assert rows(ask("look", topic=topic, filter={"status": "busy"})["skeleton"]) == {}
    assert len(rows(ask("look", topic=topic, filter={"status": "success", "model": "kinds:all"})["skeleton"])) == 3
    assert rows(ask("look", topic=topic, filter={"model": "kinds:few"})["skeleton"]) == {}
    assert ask("used")["used"]["models"] == ["kinds:all"]


def test_what_is_selected_under_a_filter_passes_it(ask, studio, boats):
    starred = studio.batch(boats["cat"])[1]
    starred.star()
    ids = [boats["cat"], boats["red boat"]]
    assert ask("images", id="a", ids=ids, filter={"starred": True})["images"]["images"] == [[starred.id], []]
    assert [len(one) for one in ask("images", id="b", ids=ids)["images"]["images"]] == [2, 2]


@pytest.mark.parametrize("filters", [None, 7, [], {"search": 7, "starred": "yes", "everywhere": 1, "status": {}}])
def test_a_filter_that_is_none_filters_nothing(filters):
    assert read_shown({"topic": "top_1", "filter": filters}) == Shown(topic_id="top_1")


def test_what_is_shown_crosses_both_ways():
    shown = Shown(topic_id="top_1", everywhere=True, search="boat", model="a:b", status="busy", starred=True)
    assert read_shown(shown.as_json()) == shown
    assert Shown(topic_id="top_1").as_json() == {"topic": "top_1", "filter": {}}


def test_a_beat_says_what_passes_no_more(ask, studio, boats):
    topic, filters = studio.active_topic.id, {"starred": True}
    studio.batch(boats["cat"])[0].star()
    since = ask("look", topic=topic, filter=filters)["skeleton"]["revision"]
    studio.batch(boats["cat"])[0].star(False)
    studio.batch(boats["red boat"])[0].star()
    told = ask("beat", topic=topic, filter=filters, since=since)["changes"]
    assert rows(told) == {boats["cat"]: 0, boats["red boat"]: 1}


def test_a_view_that_looks_everywhere_stays_there_when_another_topic_is_chosen(ask, studio, boats):
    topic, filters = studio.active_topic.id, {"everywhere": True, "search": "boat"}
    since = ask("look", topic=topic, filter=filters)["skeleton"]["revision"]
    other = studio.new_topic("Others").id
    batch = studio.generate("a third boat", n=1).wait(20)
    told = ask("beat", topic=topic, filter=filters, since=since)
    assert "skeleton" not in told
    assert rows(told["changes"])[batch.id] == 1
    assert told["changes"]["topic"] == other


def test_a_filter_ends_with_its_topic(ask, studio, boats):
    topic = studio.active_topic.id
    since = ask("look", topic=topic, filter={"search": "boat"})["skeleton"]["revision"]
    other = studio.new_topic("Others").id
    told = ask("beat", topic=topic, filter={"search": "boat"}, since=since)["skeleton"]
    assert (told["topic"], told["filter"], told["asked"]) == (other, {}, False)


def test_what_is_on_the_screen_comes_with_its_pictures(ask, studio, boats):
    images = [one.id for one in studio.batch(boats["cat"])]
    told = ask("batches", ids=list(boats.values()), seen={boats["cat"]: [1, 2]})
    assert told["batches"]["coming"] == told["thumbs"]["ids"] == images[1:]
    assert len(ask.buffers[1]) == 1
    for nonsense in ({}, {boats["cat"]: "all"}, {boats["cat"]: [-1, 9]}, {boats["cat"]: [1]}, 7):
        assert ask("batches", ids=list(boats.values()), seen=nonsense)["batches"]["coming"] == []


def test_a_view_is_told_what_its_filter_lets_through(session, heard, studio):
    topic = open_view(session, heard, studio)
    filters = {"search": "boat"}
    session.receive({"kind": "look", "view": "v", "topic": topic, "filter": filters})
    heard.wait(lambda one: one["kind"] == "skeleton" and one["filter"] == filters)
    cat, boat = studio.generate("a cat"), studio.generate("a boat")
    heard.wait(lambda one: one["kind"] == "changes" and rows(one).get(boat.id))
    boat.wait(20), cat.wait(20)
    told = [one for one in heard.messages if one["kind"] == "changes" and one["filter"] == filters]
    assert not any(rows(one).get(cat.id) for one in told)
    session.receive({"kind": "look", "view": "v", "topic": topic})
    heard.wait(lambda one: one["kind"] == "skeleton" and one["asked"] and not one["filter"] and len(one["rows"]) == 2)
    boat.delete()
    heard.wait(lambda one: one["kind"] == "changes" and not one["filter"] and rows(one).get(boat.id) == 0)


def test_two_views_with_two_filters_are_told_each_its_own(session, heard, studio):
    topic = open_view(session, heard, studio, "left")
    open_view(session, heard, studio, "right")
    session.receive({"kind": "look", "view": "left", "topic": topic, "filter": {"search": "boat"}})
    heard.wait(lambda one: one["kind"] == "skeleton" and one["filter"], view="left")
    cat = studio.generate("a cat").wait(20)
    heard.wait(lambda one: rows(one).get(cat.id) == 1 if one["kind"] == "changes" else False, view="right")
    heard.wait(lambda one: rows(one).get(cat.id) == 0 if one["kind"] == "changes" else False, view="left")


def test_a_history_that_is_copied_in_crosses_as_rows(session, heard, studio):
    from .test_controller import _fill

    topic = open_view(session, heard, studio)
    studio._write(_fill, studio.user, topic, 400, 10)
    studio.topic(topic).rename("Many")  # the rows were written past the API: nobody was told
    told = heard.wait(lambda one: one["kind"] == "changes" and len(one["rows"]) == 400)
    assert len(told["batches"]) + len(told["others"]) == 400
    assert len(told["batches"]) <= 12


def test_what_is_told_follows_without_a_gap_under_a_filter(session, heard, studio):
    topic = open_view(session, heard, studio)
    session.receive({"kind": "look", "view": "v", "topic": topic, "filter": {"everywhere": True}})
    heard.wait(lambda one: one["kind"] == "skeleton" and one["filter"])
    for number in range(4):
        studio.generate(f"boat {number}").wait(20)
    heard.wait(lambda one: said("changes")(one) and any(image["status"] == "success" for image in one["images"]))
    told = [one for one in heard.messages if one["kind"] in ("skeleton", "changes") and one["filter"]]
    assert len(told) > 1
    for before, after in pairwise(told):
        assert after["since"] == before["revision"]
