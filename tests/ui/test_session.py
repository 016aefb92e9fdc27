from __future__ import annotations

import threading
import time
from itertools import pairwise

from photogram.domain.ids import new_id
from photogram.errors import StorageFailed
from photogram.store import settings
from photogram.store.settings import set_setting
from photogram.ui.session import GONE_S, PAUSE_S, Session


def said(kind: str):
    return lambda message: message["kind"] == kind


def press(session: Session, prompt: str = "a boat", *, view: str = "v", **form: object) -> str:
    press_id = new_id("bat")
    session.receive({"kind": "press", "view": view, "id": press_id, "form": {"prompt": prompt, **form}})
    return press_id


def open_view(session: Session, heard, studio, view: str = "v") -> str:
    topic = studio.active_topic or studio.new_topic("Boats")
    session.receive({"kind": "hello", "view": view})
    heard.wait(lambda message: message["kind"] == "skeleton" and message["topic"] == topic.id, view=view)
    return topic.id


def has_image(message, status: str) -> bool:
    images = [*message.get("images", []), *(one for batch in message.get("batches", []) for one in batch["images"])]
    return any(image["status"] == status for image in images)


def test_a_picture_is_told_when_it_lands_without_being_asked(session, heard, studio):
    open_view(session, heard, studio)
    press_id = press(session)
    heard.wait(said("pressed"))
    heard.wait(lambda message: press_id in [row[0] for row in message.get("rows", [])])
    heard.wait(lambda message: has_image(message, "success"))


def test_a_batch_made_in_a_cell_is_told_too(session, heard, studio):
    open_view(session, heard, studio)
    batch = studio.generate("from a cell")
    heard.wait(lambda message: batch.id in [row[0] for row in message.get("rows", [])])


def test_changes_follow_each_other_without_a_gap(session, heard, studio):
    open_view(session, heard, studio)
    for number in range(5):
        press(session, f"boat {number}", n=4)
    heard.wait(
        lambda message: sum(map(len, [studio.batches()])) == 5 and all(b.record.finished for b in studio.batches())
    )
    studio.batches()[0][0].star()
    heard.wait(lambda message: any(image.get("starred") for image in message.get("images", [])))
    told = [message for message in heard.messages if message["kind"] in ("skeleton", "changes")]
    assert told[0]["kind"] == "skeleton"
    for before, after in pairwise(told):
        assert after["since"] == before["revision"]
        assert after["revision"] > after["since"]


def test_a_view_that_is_opened_sees_what_another_one_set_just_before(session, heard, studio, monkeypatch):
    open_view(session, heard, studio, "one")
    remember = set_setting

    def remember_slowly(*args):
        time.sleep(0.3)
        return remember(*args)

    monkeypatch.setattr(settings, "set_setting", remember_slowly)
    session.receive({"kind": "layout", "view": "one", "layout": {"height": 620}})
    session.receive({"kind": "hello", "view": "other"})
    assert heard.wait(said("state"), view="other")["layout"]["height"] == 620


def test_a_burst_is_a_few_messages(session, heard, studio):
    open_view(session, heard, studio)
    press(session, n=50)
    started = time.monotonic()
    heard.wait(lambda message: all(batch.record.finished for batch in studio.batches()) and said("changes")(message))
    took = time.monotonic() - started
    time.sleep(3 * PAUSE_S)
    count = len([message for message in heard.messages if message["kind"] == "changes"])
    assert count <= 2 + (took + 3 * PAUSE_S) / PAUSE_S


def test_every_view_is_told_what_the_disk_does_not_let_its_row_say(session, heard, studio):
    open_view(session, heard, studio)
    engine = studio._engine
    full = StorageFailed("No space left on device.", next_step="Free some disk space.")
    engine.thread.call(engine._finisher._hold_up, "tsk_1", full)
    told = heard.wait(lambda message: message["kind"] == "refused" and message["what"] == "store")
    assert "view" not in told
    assert told["error"]["kind"] == "StorageFailed"
    assert told["error"]["message"].endswith(": No space left on device. Free some disk space.")
    engine.thread.call(engine._finisher._hold_up, "tsk_2", full)  # once is enough
    press_id = press(session)
    heard.wait(lambda message: press_id in [row[0] for row in message.get("rows", [])])
    assert len([message for message in heard.messages if message.get("what") == "store"]) == 1


def test_two_views_of_one_studio_are_both_told(session, heard, studio):
    for view in ("left", "right"):
        open_view(session, heard, studio, view)
    press_id = press(session, view="left")
    heard.wait(said("pressed"), view="left")
    for view in ("left", "right"):
        heard.wait(lambda message: press_id in [row[0] for row in message.get("rows", [])], view=view)
    assert not [one for one in heard.messages if one["kind"] == "pressed" and one["view"] == "right"]


def test_what_one_view_types_the_other_gets(session, heard, studio):
    for view in ("left", "right"):
        open_view(session, heard, studio, view)
    session.receive({"kind": "form", "view": "left", "changes": {"prompt": "half a sen"}, "seq": 1})
    form = heard.wait(lambda one: one["kind"] == "form" and one["by"] == "left", view="right")
    assert form["form"]["prompt"] == "half a sen"


def test_a_view_that_says_nothing_is_told_nothing_until_it_beats(controller, heard, studio):
    now = 0.0
    session = Session(controller, heard.take, now=lambda: now)
    topic = open_view(session, heard, studio)
    since = heard.wait(said("skeleton"))["revision"]
    now = GONE_S
    batch = studio.generate("nobody looks").wait(20)
    studio._engine.call(session.tell_changes()).result(20)
    assert session._views == {}, "a page that was reloaded leaves nothing behind"
    assert not [one for one in heard.messages if one["kind"] == "changes"]
    session.receive({"kind": "beat", "view": "v", "since": since, "topic": topic})
    told = heard.wait(said("changes"))
    assert [row[0] for row in told["rows"]] == [batch.id]
    session.close()


def test_a_beat_that_missed_nothing_is_answered_in_little(session, heard, studio):
    topic = open_view(session, heard, studio)
    since = heard.wait(said("skeleton"))["revision"]
    session.receive({"kind": "beat", "view": "v", "since": since, "topic": topic})
    assert heard.wait(said("beat"))["revision"] == since


def test_what_another_studio_of_the_process_writes_is_told(session, heard, studio, open_studio):
    open_view(session, heard, studio)
    other = open_studio()
    batch = other.generate("elsewhere")
    heard.wait(lambda message: batch.id in [row[0] for row in message.get("rows", [])])


def test_everything_is_sent_by_the_engine_s_thread(controller, studio):
    threads: list[str] = []
    done = threading.Event()

    def send(message, _) -> None:
        threads.append(threading.current_thread().name)
        if message["kind"] == "changes":
            done.set()

    session = Session(controller, send)
    studio.new_topic("Boats")
    session.receive({"kind": "hello", "view": "v"})
    press(session)
    assert done.wait(20)
    session.close()
    assert set(threads) == {"photogram-engine"}


def test_what_is_sent_again_while_it_is_done_is_not_done_again(session, heard, controller, monkeypatch):
    begun, go, answer = [], threading.Event(), controller.answer

    def slow(message, buffers):
        begun.append(message["kind"])
        go.wait(20)
        return answer(message, buffers)

    monkeypatch.setattr(controller, "answer", slow)
    for message in ({"kind": "press", "id": new_id("bat"), "form": {"prompt": "a boat"}}, {"kind": "act", "id": "ask"}):
        for _ in range(3):
            session.receive({"view": "v", **message})
    session.receive({"kind": "beat", "view": "v"})
    go.set()
    heard.wait(said("pressed"))
    heard.wait(lambda message: message.get("what") == "act")
    session.receive({"kind": "act", "view": "v", "id": "ask"})  # answered, and so not under way any more
    heard.wait(lambda _: begun.count("act") == 2)
    assert begun.count("press") == 1


def test_a_view_that_waits_for_the_workspace_is_told_who_holds_it(session, heard, studio, controller, monkeypatch):
    go, answer = threading.Event(), controller.answer
    monkeypatch.setattr("photogram.ui.session.HELD_S", 0.05)
    monkeypatch.setattr(controller, "answer", lambda *args: (go.wait(20), answer(*args))[1])
    monkeypatch.setattr(studio._engine.store, "busy", lambda: "the workspace is in use by process 7.")
    session.receive({"kind": "beat", "view": "v"})
    error = heard.wait(said("busy"))["error"]
    assert (error["kind"], error["message"]) == ("StoreBusy", "The workspace is in use by process 7.")
    go.set()
    heard.wait(said("beat"))


def test_whatever_goes_wrong_once_the_views_are_told_the_next_time(session, heard, studio, controller, monkeypatch):
    open_view(session, heard, studio)
    changes, tell_new_form, wrong = controller.feed.changes, controller.tell_new_form, []

    def fail(*_):
        wrong.append(1)
        raise ValueError("a bug")

    monkeypatch.setattr(controller.feed, "changes", lambda *args: changes(*args) if wrong else fail())
    batch = studio.generate("a boat")
    heard.wait(lambda message: batch.id in [row[0] for row in message.get("rows", [])])
    monkeypatch.setattr(controller, "tell_new_form", lambda: tell_new_form() if len(wrong) > 1 else fail())
    studio.form.prompt = "not told"
    while len(wrong) < 2:
        time.sleep(0.01)
    studio.form.prompt = "from a cell"
    heard.wait(lambda message: message["kind"] == "form" and message["form"]["prompt"] == "from a cell")


def test_a_closed_studio_says_so(controller, heard, studio):
    session = Session(controller, heard.take)
    studio.close()
    session.receive({"kind": "hello", "view": "v"})
    assert heard.wait(said("closed"))["error"]["kind"] == "StoreClosed"


def test_a_closed_session_is_silent(session, heard, studio):
    open_view(session, heard, studio)
    session.close()
    before = len(heard.messages)
    studio.generate("a boat").wait(20)
    studio._engine.call(session.tell_changes())
    assert len(heard.messages) == before
