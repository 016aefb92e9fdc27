"""What a view says and does by itself, whatever its kernel does: a page without JupyterLab, on the test's own clock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from ui.kinds import Kinds, add_kinds

from photogram.studio import Batch, Studio
from photogram.ui.controller import Controller

from .panels import Watch
from .views import View


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Studio]:
    monkeypatch.setenv("PHOTOGRAM_MODEL", "kinds:all")
    monkeypatch.setenv("PHOTOGRAM_CONFIG", str(tmp_path / "no-config.toml"))
    with Studio(tmp_path / "workspace", user="ada") as opened:
        kinds: Kinds = add_kinds(opened)
        yield opened
        kinds.go.set()


@pytest.fixture
def view(browser: Browser, studio: Studio) -> Iterator[View]:
    context = browser.new_context(viewport={"width": 1300, "height": 800}, locale="en-US")
    page = context.new_page()
    watch = Watch(page, ("data:", "blob:", "about:"))
    yield View(page, Controller(studio))
    context.close()
    assert not watch.wrong


BUSY = {"kind": "StoreBusy", "message": "Waited 30 s: the notebook of process 7 holds it.", "next_step": "Try again."}


def press(view: View, prompt: str) -> str:
    """Writes a prompt and presses Generate; returns the id of the press."""
    view.prompt.fill(prompt)
    view.button("Generate").click()
    view.settle()
    return view.heard("press")[-1]["id"]


def show(view: View, studio: Studio, n: int = 1) -> Batch:
    """Makes a batch, and shows it with its pictures."""
    batch = studio.generate("a boat", n=n).wait(20)
    view.pass_s(6)
    expect(view.cards).to_have_count(n)
    return batch


def refuse(view: View, what: str, error: dict[str, str] = BUSY, **facts: object) -> None:
    view.tell("refused", view=view.do("() => pg.view"), what=what, error=error, **facts)


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
    expect(view.toasts).to_have_text(["Generating 1 image", "Please enter a prompt"])


# ── What is not shown ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_filter_takes_what_it_hides_out_of_the_selection_and_a_question_names_all(view: View, studio: Studio) -> None:
    batch = show(view, studio, n=3)
    batch[1].star()
    view.pass_s(6)
    view.do("async () => { await pg.selectAll(); pg.sift({ starred: true }); }")
    view.settle()
    bar = view.page.get_by_role("toolbar", name="Selected images")
    expect(view.cards).to_have_count(1)
    expect(bar).to_contain_text("1 selected")
    view.pass_s(1)
    assert view.heard("select")[-1]["ids"] == [batch[1].id]

    view.button("More actions").click()
    view.page.get_by_role("menuitem", name="Delete").click()
    expect(view.page.get_by_role("alertdialog")).to_contain_text("all 3 images")
    view.page.keyboard.press("Escape")

    batch[1].star(False)  # in a cell
    view.pass_s(6)
    expect(bar).to_have_count(0)


def test_a_press_that_is_elsewhere_by_now_leaves_no_place_behind(view: View, studio: Studio) -> None:
    seen = studio.new_topic("Seen")
    view.pass_s(6)
    view.lost = {"press"}
    press(view, "a boat")
    expect(view.page.locator(".pg-feed .pg-wait")).to_have_count(1)
    studio.new_topic("Elsewhere")
    view.lost = set()
    view.pass_s(16)
    assert [batch.topic_id for batch in studio.batches()] == [seen.id]
    expect(view.page.locator(".pg-topic[aria-current=true]")).to_contain_text("Elsewhere")
    expect(view.page.locator(".pg-feed .pg-card, .pg-feed .pg-wait")).to_have_count(0)


# ── What is waited for, and what is over ────────────────────────────────────────────────────────────────────────────


def test_nothing_is_pressed_with_a_model_that_is_just_being_changed_or_has_no_key(view: View, studio: Studio) -> None:
    view.lost = {"form"}
    view.prompt.fill("a boat")
    view.do("() => pg.choose('kinds:few')")
    expect(view.page.locator(".pg-reason")).to_contain_text("The model is being changed")
    expect(view.button("Generate")).to_be_disabled()
    view.prompt.press("Control+Enter")
    assert not [one for one in view.settle() if one["kind"] == "press"]
    view.lost = set()
    view.pass_s(11)
    expect(view.button("Generate")).to_be_enabled()
    assert studio.form.model == "kinds:few"

    models = view.do("() => pg.models.map(one => ({ ...one, key: one.provider !== 'kinds' }))")
    view.tell("models", models=models)
    expect(view.page.locator(".pg-reason")).to_have_text("No key yet: set studio.keys['kinds'] in a cell.")
    expect(view.button("Generate")).to_be_disabled()
    view.pass_s(6)  # it is looked for again
    expect(view.button("Generate")).to_be_enabled()


def test_what_was_typed_just_now_is_not_lost_with_its_page(view: View, studio: Studio) -> None:
    view.prompt.fill("half a")
    view.do("() => window.dispatchEvent(new Event('pagehide'))")
    view.settle()
    assert studio.form.prompt == "half a"
    view.prompt.fill("half a sentence")
    view.do("() => window.app.unmount()")
    assert [one["kind"] for one in view.settle()] == ["form", "bye"]
    assert studio.form.prompt == "half a sentence"


def test_nothing_seems_to_succeed_once_nobody_hears_it(view: View, studio: Studio) -> None:
    show(view, studio, n=2)
    view.button("Image 1: a boat").click()
    expect(view.page.get_by_role("dialog")).to_be_visible()
    view.do("() => { pg.popUp({ kind: 'text', title: 'x', text: 'y' }); pg.top_up(); }")
    view.do(
        "() => { pg.toast('', 'Gone', { action: { label: 'Undo', run: () => {} } }); window.asked = pg.ask('star'); }"
    )
    view.tell("closed", error={"kind": "StoreClosed", "message": "", "next_step": ""})
    expect(view.page.get_by_role("dialog")).to_have_count(0)
    expect(view.page.locator(".pg-popup, .pg-light, .pg-toast button:text('Undo')")).to_have_count(0)
    assert view.do("async () => [await window.asked, await pg.ask('star')].every(one => one === undefined)")
    assert view.do("() => document.activeElement === pg.$refs.root")
