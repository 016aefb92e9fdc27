"""What a view shows and lets go of: a page without JupyterLab, on the test's own clock."""

from __future__ import annotations

from playwright.sync_api import expect

from photogram.domain.ids import new_id
from photogram.studio import Generation, Studio
from photogram.ui.controller import Controller

from .panels import COUNT_BLOBS
from .settings import picture
from .views import View, press, refuse, show

DROP = """() => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(['x'], 'c.png', { type: 'image/png' }));
    for (const kind of ['dragenter', 'drop']) {
        pg.$refs.root.dispatchEvent(new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true }));
    }
}"""


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
    expect(view.page.get_by_role("alertdialog")).to_contain_text("its 3 images")
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


def test_of_many_deleted_images_only_those_that_were_refused_come_back(view: View, studio: Studio) -> None:
    batch = show(view, studio, n=3)
    deleted, refused, other = [one.id for one in batch]
    view.lost = {"act"}
    page = [deleted, *(new_id("gen") for _ in range(499))]  # as many as one message takes
    view.do("ids => { void pg.deleteImages(ids); }", [*page, refused])
    first, second = [one for one in view.settle() if one["kind"] == "act"]
    assert (first["ids"], second["ids"]) == (page, [refused])
    expect(view.cards).to_have_count(1)
    refuse(view, "act", id=second["id"])
    view.give(*Controller(studio).answer(first))
    expect(view.cards).to_have_count(2)
    assert view.do("() => pg.rows.map(row => row.images)") == [2]
    shown = view.cards.evaluate_all("cards => cards.map(card => card.dataset.id)")
    assert shown == [refused, other]
    expect(view.toasts.filter(has_text="process 7 holds it")).to_have_count(1)
    expect(view.toasts.filter(has_text="images deleted")).to_contain_text("500 images deleted")
    view.button("Undo").click()
    assert [(one["action"], one["ids"]) for one in view.settle()] == [("undelete", page)]


def test_what_was_refused_comes_back_where_it_was_and_nowhere_else(view: View, studio: Studio) -> None:
    batch = show(view, studio, n=2)
    view.lost = {"act"}
    view.do("id => { void pg.deleteImages([id]); }", batch[0].id)
    asked = view.settle()[-1]["id"]
    view.do("id => pg.look(id)", studio.new_topic("Elsewhere").id)
    view.settle()
    refuse(view, "act", id=asked)
    assert view.do("() => pg.rows.length") == 0
    view.do("id => pg.look(id)", batch.topic_id)
    view.settle()
    expect(view.cards).to_have_count(2)


# ── Looking from one image to the next ──────────────────────────────────────────────────────────────────────────────


FAIL = "UPDATE tasks SET status = 'error', error_kind = 'refused', revision = nextval('revision') WHERE id = ?"
UNMAKE = "UPDATE generations SET asset_sha256 = NULL, revision = nextval('revision') WHERE task_id = ?"


def _fail(cur, task_ids: list[str]) -> None:
    for one in task_ids:
        cur.execute(FAIL, [one])
        cur.execute(UNMAKE, [one])


def fail(studio: Studio, *images: Generation) -> None:
    studio._write(_fail, [one.record.task_id for one in images])


def test_the_way_and_its_count_are_of_the_images_that_are_made(view: View, studio: Studio) -> None:
    batches = [studio.generate(f"boat {at}", n=4).wait(20) for at in range(12)]  # the first ten come with the outline
    fail(studio, *batches[0][2:], batches[5][1], batches[11][0])
    view.pass_s(6)
    place = view.page.locator(".pg-light .pg-place").first
    view.button("Image 2: boat 11").click()
    view.pass_s(1)
    expect(place).to_have_text("1 of 44")
    expect(view.button("Previous image")).to_be_disabled()
    for at in range(2, 45):
        view.page.keyboard.press("ArrowRight")
        view.pass_s(1)
        expect(place).to_have_text(f"{at} of 44")
    expect(view.page.locator(".pg-facts-side")).to_contain_text("boat 0")
    expect(view.button("Next image")).to_be_disabled()

    fail(studio, batches[0][1])  # it is the last one still, and then the one before it is
    view.pass_s(6)
    expect(place).to_have_text("44 of 44")
    view.page.keyboard.press("ArrowLeft")
    view.pass_s(1)
    expect(place).to_have_text("43 of 43")
    expect(view.button("Next image")).to_be_disabled()


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


def test_an_upload_ends_with_its_panel(view: View) -> None:
    view.lost = {"upload"}
    files = [{"name": name, "mimeType": "image/png", "buffer": picture("red")} for name in ("a.png", "b.png")]
    view.page.locator(".pg-side.left input[type=file]").set_input_files(files)
    expect(view.page.locator(".pg-ref.sending")).to_have_count(1)
    view.tell("closed", error={"kind": "StoreClosed", "message": "", "next_step": ""})
    expect(view.page.locator(".pg-ref")).to_have_count(0)
    view.pass_s(60)
    view.do(DROP)
    expect(view.page.locator(".pg-ref")).to_have_count(0)
    view.pass_s(60)
    expect(view.toasts).to_have_count(0)


UPLOAD = """([name]) => {
    pg.addFiles([new File(['x'], `${name}.png`, { type: 'image/png' })]);
    pg.on_uploaded({ id: pg.uploads[0].id, reference: { sha: name, width: 8, height: 8, mime: 'image/png' } });
}"""


def test_no_picture_stays_in_memory_that_is_not_shown_any_more(view: View, studio: Studio) -> None:
    blobs = "() => window.blobs.size"
    view.do(COUNT_BLOBS)
    show(view, studio, n=2)
    shown = view.do(blobs)
    assert shown >= 2
    view.lost = {"upload", "thumbs"}  # the kernel's own small pictures are still on their way
    for name in ("red", "teal"):
        view.do(UPLOAD, [name])
    previews = view.page.locator(".pg-ref img")
    expect(previews).to_have_count(2)
    assert view.do(blobs) == shown + 2
    view.button("Remove reference 1").click()
    expect(previews).to_have_count(1)
    assert view.do(blobs) == shown + 1
    view.button("Reuse").click()
    view.settle()
    expect(previews).to_have_count(0)
    assert view.do(blobs) == shown, "what a reuse replaced"
    view.do(UPLOAD, ["navy"])
    view.do("() => pg.addFiles([new File(['x'], 'pink.png', { type: 'image/png' })])")
    view.button("Image 1: a boat").click()
    expect(view.page.get_by_role("dialog").locator("img").first).to_be_visible()
    assert view.do(blobs) >= shown + 2
    view.do("() => window.app.unmount()")
    assert view.do(blobs) == 0


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
