"""What a view says and does by itself, whatever its kernel does: a page without JupyterLab, on the test's own clock."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from photogram.studio import Studio
from photogram.ui.controller import Controller
from photogram.ui.shown import Shown

from .views import BUSY, View, press, refuse, show

# ── Opened ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_view_that_is_opened_says_so_asks_ever_less_often_and_keeps_what_it_is_told(unopened: View) -> None:
    view, body = unopened, unopened.page.locator("#here")
    view.lost = {"hello"}
    view.settle()
    expect(body).to_have_text("")
    view.pass_s(2)
    expect(body).to_have_text("Opening the studio…")
    view.pass_s(34)
    expect(body).to_have_text("No answer from the kernel… A running cell may be holding it.")
    assert [one["code"] for one in view.heard("hello")] == [True] * 4, "at once, and after 5, 15 and 35 seconds"
    view.lost = set()
    view.give(*view.answer(view.heard("hello")[-1]))  # before the code, which is longer
    expect(view.prompt).to_have_count(0)
    view.open()
    expect(view.prompt).to_be_visible()
    expect(view.page.get_by_text("No topics yet").first).to_be_visible()
    view.pass_s(60)
    assert len(view.heard("hello")) == 4


# ── Said again, and told once ───────────────────────────────────────────────────────────────────────────────────────


def test_a_press_that_was_lost_is_said_again_and_one_that_waits_is_not(view: View, studio: Studio) -> None:
    view.lost = {"press", "beat"}  # as by a kernel that is busy with a cell
    press_id = press(view, "a boat")
    view.pass_s(30)
    assert len(view.heard("press")) <= 2, "once more at most: it has it already"
    view.lost = {"press"}  # it answers, but not this
    view.pass_s(11)
    assert {one["id"] for one in view.heard("press")} == {press_id}
    assert len(view.heard("press")) > 2
    view.prompt.fill("a house")
    view.lost = set()
    view.pass_s(11)
    assert [batch.id for batch in studio.batches()] == [press_id]
    expect(view.prompt).to_have_value("a house")
    assert studio.form.prompt == "a house", "said again, a press brings back nothing of what it replaced"


def test_only_the_parameters_that_changed_are_said_also_again_and_with_a_press(view: View, studio: Studio) -> None:
    view.lost = {"form", "press"}
    view.do("() => { pg.setParams({ steps: 5, style: 'bold' }); pg.setParams({ steps: 7 }); }")
    view.pass_s(1)
    studio.form.update(seed=3)  # in a cell; the view hears of it only with its answer
    view.do("() => pg.setParams({ style: null })")
    view.pass_s(11)
    said = [one["changes"] for one in view.heard("form")]
    both = {"params": {"steps": 7, "style": None}}
    assert said[:3] == [{"params": {"steps": 7, "style": "bold"}}, {"params": {"style": None}}, both], (
        "then what is lost"
    )
    press_id = press(view, "a boat")
    assert view.heard("press")[-1]["changes"] == {"prompt": "a boat", **both}
    view.do("() => pg.setParams({ steps: 9 })")
    view.pass_s(11)
    assert view.heard("press")[-1]["changes"] == {"prompt": "a boat", "params": {"style": None}}, "the later one stays"
    view.lost = set()
    view.pass_s(11)
    assert studio.batch(press_id).params == {"steps": 7}, "as it was on the screen"
    assert studio.form.params == {"seed": 3, "steps": 9}
    assert view.do("() => ({ ...pg.form.params })") == {"seed": 3, "steps": 9}


def test_what_is_refused_is_told_once_and_only_to_who_waits_for_it(view: View) -> None:
    view.lost = {"press", "act", "form"}
    first = press(view, "a boat")
    refuse(view, "press", id="bat_of_another")
    expect(view.button("Generate")).to_have_attribute("aria-busy", "true")
    refuse(view, "press", id=first)
    expect(view.toasts.filter(has_text="Failed to generate")).to_have_count(1)
    expect(view.prompt).to_have_value("a boat")
    expect(view.page.locator(".pg-feed .pg-wait")).to_have_count(0)

    view.do("() => { pg.toasts = []; window.asked = pg.ask('star', { ids: [] }); }")
    asked = view.settle()[-1]["id"]
    for said in ({"what": "act", "id": asked}, {"what": "form", "seq": 7}):
        refuse(view, **said)
        expect(view.toasts).to_have_text("Waited 30 s: the notebook of process 7 holds it. Try again.")
        view.do("() => { pg.toasts = []; }")
        refuse(view, **said)
    for what in ("beat", "thumbs", "batches", "look", "models"):
        refuse(view, what)
    for what, name in (("press", first), ("act", "ask_of_another"), ("images", "ask_of_another")):
        refuse(view, what, id=name)
    expect(view.toasts).to_have_count(0)


def test_a_held_workspace_is_named_and_not_a_running_cell(view: View) -> None:
    notice = view.page.locator(".pg-notice")
    refuse(view, "beat")
    expect(notice).to_have_text("Waited 30 s: the notebook of process 7 holds it. Try again.")
    view.pass_s(6)
    expect(notice).to_have_count(0)
    view.lost = {"beat"}
    view.tell("busy", view=view.do("() => pg.view"), error=BUSY)
    view.pass_s(20)
    expect(notice).to_contain_text("process 7 holds it")
    view.do("() => { pg.trouble = null }")
    expect(notice).to_contain_text("A running cell may be holding it.")


# ── Read again ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_tab_that_comes_to_the_front_asks_once_whichever_of_its_events_say_so(view: View) -> None:
    def come(*events: str) -> list[str]:
        view.do(f"() => {{ {'; '.join(events)}; }}")
        return [one["kind"] for one in view.settle()]

    window, tab = "window.dispatchEvent(new Event('focus'))", "document.dispatchEvent(new Event('visibilitychange'))"
    for events in ((window,), (tab,), (tab, window)):
        assert come(*events) == ["beat"]
    view.do("() => pg.look(null)")
    assert come(tab, window) == ["look"], "what is asked for already is on its way"

    view.lost = {"beat"}  # as while the connection is cut, or the kernel is busy
    assert come(tab, window) == ["beat"]
    assert come(tab, window) == []
    before = len(view.heard("beat"))
    view.pass_s(15)
    assert len(view.heard("beat")) == before + 3, "the one of every 5 s goes whether or not the last was answered"
    refuse(view, "beat")
    assert come(window) == ["beat"], "a refusal is an answer"


def test_a_message_that_was_lost_is_noticed_with_the_next_one(view: View, studio: Studio) -> None:
    batch = show(view, studio, n=3)
    feed, name, shown = Controller(studio).feed, view.do("() => pg.view"), Shown(topic_id=batch.topic_id)
    known = at = view.do("() => pg.revision")
    told = []
    for image in batch:
        image.star()
        at, replies = feed.changes(name, shown, at)
        told.append(replies)
    view.give(*told[1], *told[2])  # the first one is lost
    stars = "() => Object.values(pg.batches)[0].images.map(one => !!one.starred)"
    assert view.do(stars) == [False] * 3, "nothing is taken out of its order"
    said = view.settle()
    assert [(one["kind"], one["since"]) for one in said] == [("beat", known)], "asked once, from where it knows all"
    assert view.do(stars) == [True] * 3
    assert view.do("() => pg.revision") == at


# ── Pressed once ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_more_is_one_press_however_it_is_clicked_or_held(view: View, studio: Studio) -> None:
    show(view, studio)
    more = view.page.locator(".pg-head").last.get_by_role("button", name="More", exact=True)
    more.dblclick()
    assert len(view.settle()) > 0
    more.click()  # answered just now
    view.settle()
    assert len(view.heard("press")) == 1
    studio.batches()[0].wait(20)
    view.pass_s(6)
    expect(view.cards).to_have_count(2)
    more.focus()
    for _ in range(3):
        view.page.keyboard.down("Enter")
        view.pass_s(2)
    view.page.keyboard.up("Enter")
    assert len(view.heard("press")) == 2


def test_a_held_key_and_a_double_click_say_nothing_twice(view: View) -> None:
    view.prompt.focus()
    view.page.keyboard.down("Control")
    for _ in range(5):
        view.page.keyboard.down("Enter")
    view.page.keyboard.up("Enter")
    view.page.keyboard.up("Control")
    expect(view.toasts).to_have_text(["Please enter a prompt"])
    press(view, "a boat")
    view.button("Generate").click()  # the second one of a double click
    expect(view.toasts).to_have_text(["Generating 1 image"])


# ── What is pressed is what is on the screen ────────────────────────────────────────────────────────────────────────


def test_placeholders_have_the_proportions_that_were_picked_a_moment_ago(view: View) -> None:
    view.lost = {"press", "form"}  # a kernel that is busy: it settles no size
    view.page.get_by_role("group", name="Aspect ratio").get_by_role("button", name="16:9", exact=True).click()
    press(view, "a boat")
    box = view.page.locator(".pg-feed .pg-wait").bounding_box()
    assert box
    assert box["width"] / box["height"] == pytest.approx(16 / 9, rel=0.02)


def test_a_setting_that_was_set_right_a_moment_ago_is_pressed_right(view: View, studio: Studio) -> None:
    steps = view.page.get_by_role("spinbutton", name="Steps")
    steps.fill("99")
    view.pass_s(1)
    expect(view.page.locator(".pg-reason")).to_contain_text("Steps must be 1–50, not 99")
    steps.fill("9")
    press(view, "a boat")
    assert studio.batches()[0].params["steps"] == 9
    view.pass_s(1)

    steps.fill("98")
    view.pass_s(1)
    view.prompt.fill("a house")
    view.button("Generate").click()  # the field sets it right as it loses the focus
    view.settle()
    assert studio.batches()[0].params["steps"] == 50
    view.pass_s(1)

    view.do("() => pg.setParams({ steps: 97 })")
    press(view, "a tree")  # the kernel had no time to say that it is wrong, and refuses
    expect(view.toasts.first).to_contain_text("Failed to generate: steps must be 1–50, not 97")
    assert len(studio.batches()) == 2
    expect(view.prompt).to_have_value("a tree")


def test_generating_is_said_when_it_was_accepted(view: View) -> None:
    view.do("() => { pg.keyless = () => ''; }")
    view.lost = {"press"}
    press_id = press(view, "a boat")
    expect(view.page.locator(".pg-feed .pg-wait")).to_have_count(1)
    expect(view.toasts).to_have_count(0)
    refuse(view, "press", {"kind": "Refused", "message": "No.", "next_step": ""}, id=press_id)
    expect(view.toasts).to_have_text([re.compile("Failed to generate: No")])


def test_the_title_of_a_new_topic_is_news_also_where_the_topic_is_told_before_the_answer(view: View) -> None:
    view.lost = {"press"}
    press(view, "a boat at dusk")
    answers = view.answer(view.heard("press")[-1])
    view.do("() => pg.beat()")
    view.settle()
    expect(view.page.locator(".pg-topic")).to_have_count(1)
    view.give(*answers)
    expect(view.toasts.last).to_have_text("Topic title generated: Boat at dusk")
