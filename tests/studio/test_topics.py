"""Topics: made, found, named, remembered, covered and deleted."""

from __future__ import annotations

import time

import pytest

from photogram.domain.task import TaskStatus
from photogram.errors import BadParams, NotFound, StoreBusy
from photogram.studio import Topic

from .conftest import rows


def test_without_a_topic_generate_makes_one_titled_from_the_prompt(studio):
    batch = studio.generate("a lighthouse at dusk, watercolor")
    (topic,) = studio.topics()
    assert topic.id == batch.topic_id
    assert topic.title == "Lighthouse at dusk"
    assert topic.record.title_source == "rule"
    assert studio.active_topic == topic


def test_a_first_batch_makes_its_topic_the_active_one_in_its_own_commit(studio, monkeypatch):
    def fail(*_: object) -> None:
        raise StoreBusy("nothing more can be written")

    monkeypatch.setattr(studio, "_write", fail)
    batch = studio.generate("a boat")
    assert studio.active_topic.id == batch.topic_id


def test_the_next_batch_goes_to_the_active_topic(studio):
    first = studio.generate("a cat")
    assert studio.generate("a dog").topic_id == first.topic_id
    assert [topic.title for topic in studio.topics()] == ["A cat"]


def test_a_new_topic_becomes_active_unless_told_otherwise(studio):
    logos = studio.new_topic("Logos")
    assert studio.active_topic == logos
    other = studio.new_topic("Other", activate=False)
    assert studio.active_topic == logos
    assert other.activate() == studio.active_topic


def test_a_topic_without_a_name_gets_it_from_its_first_prompt_only(studio):
    topic = studio.new_topic()
    studio.generate("a red fox in the snow")
    assert topic.title == "Red fox in the snow"
    studio.generate("a blue whale")
    assert topic.title == "Red fox in the snow"


def test_a_name_that_a_person_gave_stays(studio):
    topic = studio.new_topic("Logos")
    studio.generate("a red fox")
    assert topic.title == "Logos"


def test_a_topic_is_found_by_title_whatever_its_case_and_by_id(studio):
    topic = studio.new_topic("Straße am Meer")
    assert studio.topic("straße AM meer") == studio.topic(topic.id) == topic
    assert studio.topic("  Straße am Meer ") == topic


def test_of_two_topics_with_one_title_the_last_active_is_found(studio):
    first, second = studio.new_topic("Twins"), studio.new_topic("Twins")
    assert studio.topic("twins") == second
    studio.generate("a cat", topic=first)
    assert studio.topic("twins") == first


def test_topic_takes_a_title_that_is_found_or_made(studio):
    one = studio.generate("a cat", topic="Pets")
    two = studio.generate("a dog", topic="pets")
    assert one.topic_id == two.topic_id
    assert [topic.title for topic in studio.topics()] == ["Pets"]


def test_naming_a_topic_for_one_batch_does_not_make_it_the_active_one(studio):
    active = studio.new_topic("Active")
    studio.generate("a cat", topic="Pets")
    assert studio.active_topic == active


def test_topic_takes_a_topic_and_an_id(studio):
    topic = studio.new_topic("Pets", activate=False)
    assert studio.generate("a cat", topic=topic).topic_id == topic.id
    assert studio.generate("a cat", topic=topic.id).topic_id == topic.id
    assert topic.images == 2
    assert [len(batch) for batch in topic] == [1, 1]


def test_an_id_that_is_not_there_is_an_error_and_not_a_title(studio):
    with pytest.raises(NotFound):
        studio.generate("a cat", topic="top_00000000000000000000000000")
    assert studio.topics() == []


@pytest.mark.parametrize("kind", ["params", "prompt", "reference"])
def test_a_call_that_is_refused_makes_no_topic(studio, kind):
    wrong = {
        "params": {"prompt": "a cat", "width": -1}, "prompt": {"prompt": " "},
        "reference": {"prompt": "a cat", "images": b"no image"},
    }[kind]  # fmt: skip
    with pytest.raises(Exception, match=r".+"):
        studio.generate(topic="New", **wrong)
    assert rows(studio)["topics"] == 0


def test_a_batch_that_the_wallet_cannot_pay_makes_no_topic(studio):
    from photogram.errors import InsufficientCoins

    with pytest.raises(InsufficientCoins, match="top_up"):
        studio.generate("a cat", model="dots:dear", n=50, topic="New")
    assert rows(studio) == dict.fromkeys(rows(studio), 0)


def test_the_active_topic_is_remembered_per_user_and_workspace(open_studio):
    ada, bob, elsewhere = open_studio("ada"), open_studio("bob"), open_studio("ada", folder="other")
    topic = ada.new_topic("Logos")
    assert bob.active_topic is None
    assert elsewhere.active_topic is None
    for studio in (ada, bob, elsewhere):
        studio.close()
    assert open_studio("ada").active_topic == topic


def test_the_active_topic_can_be_set_by_title_by_id_and_to_none(studio):
    logos = studio.new_topic("Logos", activate=False)
    for given in ("logos", logos.id, logos):
        studio.active_topic = given
        assert studio.active_topic == logos
        studio.active_topic = None
        assert studio.active_topic is None
    with pytest.raises(NotFound):
        studio.active_topic = "nothing"


def test_a_deleted_topic_is_active_no_more(studio):
    topic = studio.new_topic("Logos")
    topic.delete()
    assert studio.active_topic is None
    batch = studio.generate("a cat")
    assert batch.topic_id != topic.id


# ── Titles ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_topic_can_be_renamed(studio):
    topic = studio.new_topic("Logos").rename("  Old\n\tlogos\x00 ")
    assert topic.title == "Old logos"
    assert topic.record.title_source == "user"


def test_a_renamed_rule_title_is_not_replaced_by_the_next_prompt(studio):
    topic = studio.new_topic().rename("Mine")
    studio.generate("a red fox")
    assert topic.title == "Mine"


@pytest.mark.parametrize("title", ["", "  ", "\x00", "x" * 201, "\u200b", "\ud800"])
def test_a_title_that_shows_nothing_or_is_too_long_is_refused(studio, title):
    topic = studio.new_topic("Logos")
    for give in (topic.rename, studio.new_topic, lambda title: studio.generate("a cat", topic=title)):
        with pytest.raises(BadParams, match="a title has 1–200 characters"):
            give(title)
    assert [topic.title for topic in studio.topics()] == ["Logos"]


def test_a_title_of_200_characters_passes(studio):
    assert studio.new_topic("é" * 200).title == "é" * 200


def test_a_title_that_looks_like_an_id_is_found_as_a_title(studio):
    topic = studio.new_topic("top_secret")
    assert studio.topic("top_secret") == topic
    assert studio.generate("a cat", topic="top_secret").topic_id == topic.id


# ── Covers ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_first_success_is_the_cover(studio):
    topic = studio.new_topic("Cats")
    studio.generate("refuse this").wait(10)
    assert topic.record.cover_sha256 is None
    first = studio.generate("a cat").wait(10)[0]
    studio.generate("another cat").wait(10)
    assert topic.record.cover_sha256 == first.asset.sha256


def test_the_next_image_is_the_cover_once_the_first_is_deleted_and_the_first_again_once_it_is_back(studio):
    topic = studio.new_topic("Cats")
    first, second = (studio.generate(prompt).wait(10)[0] for prompt in ("a cat", "another cat"))
    covers = first.asset.sha256, second.asset.sha256
    first.delete()
    assert topic.record.cover_sha256 == covers[1]
    second.delete()
    assert topic.record.cover_sha256 is None
    first.undelete()
    assert topic.record.cover_sha256 == covers[0]


def test_a_deleted_batch_gives_up_its_cover_too(studio):
    topic = studio.new_topic("Cats")
    first, second = (studio.generate(prompt).wait(10) for prompt in ("a cat", "another cat"))
    covers = first[0].asset.sha256, second[0].asset.sha256
    first.delete()
    assert topic.record.cover_sha256 == covers[1]
    first.undelete()
    assert topic.record.cover_sha256 == covers[0]


# ── Deleting ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_deleting_a_topic_hides_everything_in_it_and_undo_brings_it_back(studio):
    topic = studio.new_topic("Cats")
    batch = studio.generate("a cat", n=3).wait(10)
    studio.generate("a dog", topic="Dogs").wait(10)
    assert topic.delete() == 3
    assert [one.title for one in studio.topics()] == ["Dogs"]
    assert set(studio.df()["prompt"]) == {"a dog"}
    assert set(studio.sql("select prompt from history")["prompt"]) == {"a dog"}
    assert len(studio.batches()) == 1
    for read in (lambda: topic.title, lambda: studio.batch(batch.id), lambda: studio.generation(batch[0].id)):
        with pytest.raises(NotFound):
            read()
    assert topic.undelete().images == 3
    assert len(studio.df()) == 4
    assert studio.batch(batch.id)[0].path.is_file()


def test_deleting_a_topic_cancels_what_runs_in_it_first(studio, dots):
    topic = studio.new_topic("Cats")
    batch = studio.generate("hold on", n=5)
    dots.started.wait(5)
    assert topic.delete() == 5
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        statuses = studio._read(
            lambda cur: [
                row[0] for row in cur.execute("SELECT status FROM tasks WHERE batch_id = ?", [batch.id]).fetchall()
            ]
        )
        if statuses == ["cancelled"] * 5:
            break
        time.sleep(0.02)
    assert statuses == ["cancelled"] * 5
    assert not dots.go.is_set()


def test_deleting_a_topic_keeps_the_ledger(studio):
    topic = studio.new_topic("Dear cats")
    studio.generate("a cat", model="dots:dear", n=2).wait(10)
    balance, entries = studio.wallet.balance_coins, rows(studio)["ledger"]
    assert balance == 8_000
    topic.delete()
    assert studio.wallet.balance_coins == balance
    assert rows(studio)["ledger"] == entries


def test_cancelling_a_dear_image_gives_its_hold_back(studio, dots):
    topic = studio.new_topic("Dear cats")
    studio.generate("hold on", model="dots:dear", n=3)
    assert studio.wallet.balance_coins == 7_000
    dots.started.wait(5)
    topic.delete()
    deadline = time.monotonic() + 5
    while studio.wallet.balance_coins != 10_000 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert studio.wallet.balance_coins == 10_000


def test_nothing_more_is_made_in_a_deleted_topic(studio):
    topic = studio.new_topic("Cats")
    batch = studio.generate("refuse a cat").wait(10)
    topic.delete()
    for make in (batch.retry, batch[0].retry, lambda: studio.generate("a cat", topic=topic)):
        with pytest.raises(NotFound):
            make()
    assert rows(studio)["tasks"] == 1


def test_deleting_twice_says_so(studio):
    topic = studio.new_topic("Cats")
    topic.delete()
    with pytest.raises(NotFound, match="was deleted"):
        topic.delete()


def test_topics_are_equal_by_what_they_name(studio):
    topic = studio.new_topic("Cats")
    assert {topic, Topic(studio, topic.id)} == {studio.topic("cats")}
    assert topic != "Cats"


def test_topics_come_last_active_first(studio):
    names = ["One", "Two", "Three"]
    for name in names:
        studio.new_topic(name)
    studio.generate("a cat", topic="Two").wait(10)
    assert [topic.title for topic in studio.topics()] == ["Two", "Three", "One"]
    assert studio.topic("Two").record.batches == 1


def test_a_topic_shows_its_pictures(studio):
    topic = studio.new_topic("Cats")
    batch = studio.generate("a cat", n=2).wait(10)
    html = topic._repr_html_()
    assert "Cats" in html
    assert html.count("data:image/webp") >= 2
    assert batch[0].status is TaskStatus.SUCCESS
