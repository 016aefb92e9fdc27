"""What the kernel says and does about topics, and about what was never sent, without a browser."""

from __future__ import annotations

import pytest

from photogram.domain.ids import new_id
from photogram.domain.task import TaskStatus


def test_only_topics_that_changed_are_told(studio, ask):
    old, other = studio.new_topic("Old"), studio.new_topic("Other")
    said = ask("hello")
    assert {one["title"] for one in said["state"]["topics"]} == {"Old", "Other"}
    since = said["skeleton"]["revision"]
    assert ask("beat", topic=other.id, since=since)["beat"].get("topics_changed") == []
    old.rename("New")
    told = ask("beat", topic=other.id, since=since)["changes"]
    assert "topics" not in told
    assert [(one["id"], one["title"], one["by"]) for one in told["topics_changed"]] == [(old.id, "New", "user")]
    old.delete()
    told = ask("beat", topic=other.id, since=told["revision"])["changes"]
    assert (told["topics_changed"], told["topics_gone"]) == ([], [old.id])
    old.undelete()
    told = ask("beat", topic=other.id, since=told["revision"])["changes"]
    assert [one["id"] for one in told["topics_changed"]] == [old.id]
    assert told["topics_gone"] == []


@pytest.mark.parametrize("active", [True, False])
def test_a_view_that_opens_a_topic_which_is_gone_is_shown_the_active_one(studio, ask, session, heard, active):
    gone, other = studio.new_topic("Gone"), studio.new_topic("Other")
    since = ask("hello")["skeleton"]["revision"]
    gone.delete()
    studio.active_topic = other if active else None
    session.receive({"kind": "look", "view": "v", "topic": gone.id, "since": since, "activate": True})
    told = heard.wait(lambda one: one["kind"] == "skeleton")
    assert (told["topic"], told["asked"], told["topics_gone"]) == (other.id if active else None, False, [gone.id])
    shown = studio.generate("a boat", topic=other)
    if active:
        assert heard.wait(lambda one: one["kind"] == "changes")["batches"][0]["id"] == shown.id


def test_an_action_tells_only_topics_that_changed_since(studio, ask):
    studio.new_topic("Before")
    since = ask("hello")["skeleton"]["revision"]
    studio.new_topic("A")
    done = ask("act", action="new_topic", title="B", since=since)["done"]
    assert {one["title"] for one in done["topics_changed"]} == {"A", "B"}
    done = ask("act", action="new_topic", title="C", since=ask("hello")["skeleton"]["revision"])["done"]
    assert [one["title"] for one in done["topics_changed"]] == ["C"]


def test_what_goes_with_a_topic_is_counted_when_it_is_asked(studio, ask):
    studio.generate("a boat", n=3, topic="Boats", width=16, height=16).wait()
    held = studio.generate("hold this", n=2, topic="Boats", width=16, height=16)
    topic = studio.topic("Boats")
    assert ask("act", action="count_topic", topic=topic.id)["done"]["result"] == {"images": 5, "running": 2}
    assert ask("act", action="delete_topic", topic=topic.id)["done"]["result"] == 5
    assert ask("act", action="count_topic", topic=topic.id)["refused"]["error"]["kind"] == "NotFound"
    assert ask("act", action="undelete_topic", topic=topic.id)["done"]["result"] == topic.id
    assert studio.topic("Boats").images == 5
    assert {one.status for one in held} == {TaskStatus.CANCELLED}


@pytest.mark.parametrize("title", ["", "   ", "x" * 201])
def test_a_topic_keeps_its_name_where_the_new_one_is_none(studio, ask, title):
    topic = studio.new_topic("Mine")
    assert ask("act", action="rename_topic", topic=topic.id, title=title)["refused"]["error"]["kind"] == "BadParams"
    assert topic.title == "Mine"


def test_a_press_says_in_which_topic_it_landed(studio, ask):
    press_id = new_id("bat")
    said = ask("press", id=press_id, form={"prompt": "a boat", "params": {"width": 16, "height": 16}})
    assert said["pressed"]["topic"] == studio.active_topic.id
    rows = {one["id"]: one for one in ask("hello")["state"]["topics"]}
    assert rows[studio.active_topic.id]["by"] == "rule"


def test_too_little_in_the_wallet_is_told_in_numbers(ask):
    form = {"model": "kinds:dear", "prompt": "a palace", "n": 8, "params": {"width": 16, "height": 16}}
    ask("form", changes={"model": "kinds:dear"})
    refused = ask("press", id=new_id("bat"), form=form)["refused"]["error"]
    assert refused["top_up"] is True
    assert refused["facts"] == {"need": 16000, "have": 10000}, "the browser groups them as its language does"


class Left:
    """Stands for what an ended process left: as many images at $2 as it is told."""

    def __init__(self, monkeypatch, *counts: int) -> None:
        self.sent = 0
        self._counts = list(counts)
        monkeypatch.setattr("photogram.ui.actions.quote_all_unsent", self._quote)
        monkeypatch.setattr("photogram.ui.actions.pick_up", self._send)

    def _quote(self, _studio):
        from photogram.studio.prepare import Quote

        n = self._counts.pop(0)
        return Quote(n=n, total_usd=2.0 * n, cost_source="estimated") if n else None

    def _send(self, _studio):
        self.sent += 1
        return [object()] * 3, []


def test_send_sends_what_the_view_said_and_otherwise_nothing(ask, monkeypatch):
    left = Left(monkeypatch, 3, 4, 3, 0)
    send = {"action": "send_unsent", "n": 3, "usd": 6.0}
    assert ask("act", **send)["done"]["result"] == 3
    assert left.sent == 1
    assert ask("act", **send)["done"]["result"] is None, "there are four now"
    assert ask("act", action="send_unsent")["done"]["result"] is None, "the message says nothing of it"
    assert ask("act", **send)["done"]["result"] == 0, "somebody else sent them"
    assert left.sent == 1
