"""Reference images in a real JupyterLab: by click, drop and paste, refused, cancelled, tried again."""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import partial

import pytest
from playwright.sync_api import Page, expect

from .panels import Panel
from .settings import Settings, a_file, open_settings, picture

DROP = """([files, kind]) => {
    const data = new DataTransfer();
    for (const [name, type, size] of files) {
        const bytes = Uint8Array.from(atob(size), one => one.charCodeAt(0));
        data.items.add(new File([bytes], name, { type }));
    }
    const at = document.querySelector('.pg-feed');
    return at.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: data }));
}"""
PASTE = """([selector, text, picture]) => {
    const data = new DataTransfer();
    if (text) data.setData('text/plain', text);
    const bytes = Uint8Array.from(atob(picture), one => one.charCodeAt(0));
    data.items.add(new File([bytes], 'image.png', { type: 'image/png' }));
    const event = new ClipboardEvent('paste', { bubbles: true, cancelable: true, clipboardData: data });
    return document.querySelector(selector).dispatchEvent(event);
}"""


OpenSettings = Callable[..., Settings]


@pytest.fixture
def settings(panel: Panel) -> OpenSettings:
    return partial(open_settings, panel)


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def test_references_come_by_click_drop_and_paste(settings) -> None:
    form = settings()
    page: Page = form.page
    form.add(a_file("red.png", picture("red", (200, 100))))
    expect(form.panel.toasts).to_contain_text("Reference uploaded")
    form.side.get_by_role("button", name="match size").click()
    form.await_form("studio.form.params == {'width': 96, 'height': 48}")
    form.side.get_by_role("button", name="Remove reference 1").click()
    expect(form.previews).to_have_count(0)
    form.await_form("studio.form.images == []")

    files = [["a.png", "image/png", encoded(picture("teal"))], ["b.png", "image/png", encoded(picture("navy"))]]
    page.evaluate(DROP, [files, "dragover"])
    expect(page.get_by_text("Drop to use as reference")).to_be_visible()
    page.evaluate(DROP, [[], "dragleave"])
    expect(page.get_by_text("Drop to use as reference")).to_have_count(0)
    assert page.evaluate(DROP, [files, "drop"]) is False, "the browser does not open it"
    expect(form.panel.toasts).to_contain_text("2 references uploaded")
    expect(form.previews).to_have_count(2)

    form.panel.prompt.fill("a ")
    assert page.evaluate(PASTE, [".pg-prompt textarea", "boat", encoded(picture("pink"))]) is True, "stays text"
    expect(form.previews).to_have_count(2)
    assert page.evaluate(PASTE, [".pg-prompt textarea", "", encoded(picture("pink"))]) is False
    expect(form.previews).to_have_count(3)
    form.side.locator(".pg-scroll").click(position={"x": 4, "y": 4})  # the focus is nowhere in particular
    assert page.evaluate("() => document.querySelector('.pg').contains(document.activeElement)")
    assert page.evaluate(
        "() => [...document.querySelectorAll('.pg-ref img')].every(one => one.src.startsWith('blob:'))"
    )
    form.await_form("len(studio.form.images) == 3")


def test_from_an_empty_workspace_a_picture_stands_beside_what_was_made_of_it(settings) -> None:
    form = settings()
    page: Page = form.page
    dog = picture("tan", (200, 100))
    form.add(a_file("dog.png", dog))
    expect(form.previews).to_have_count(1)
    form.panel.generate("Transform into cartoon style")
    cards = page.locator(".pg-feed .pg-card")
    expect(cards).to_have_count(2)
    reference, result = cards.first.get_by_role("img", name="Reference 1, 200 × 100"), cards.last.locator("img")
    for image in (reference, result):
        page.wait_for_function("image => image.naturalWidth > 0", arg=image.element_handle())
    expect(cards.first).to_have_text("Reference")
    left, right = cards.first.bounding_box(), cards.last.bounding_box()
    assert left["y"] == right["y"]
    assert left["x"] + left["width"] < right["x"]
    sent = form.say("print(*[(run.prompt, [one.data.hex() for one in run.references]) for run in kinds.runs])")
    assert sent == str(("Transform into cartoon style", [dog.hex()]))

    for place in (cards.first, page.get_by_role("complementary", name="Details")):
        form.panel.run("studio.form.images = []")
        expect(form.previews).to_have_count(0)
        if not place.is_visible():  # it is beside the image that is looked at closely
            cards.last.get_by_role("button", name="Image 1:").click()
        again = place.get_by_role("button", name="Use reference 1 again")
        expect(again).to_have_css("opacity", "0")
        place.get_by_role("img", name="Reference 1, 200 × 100").hover()
        expect(again).to_have_css("opacity", "1")
        again.click()
        expect(form.previews).to_have_count(1)
        expect(form.panel.toasts).to_contain_text("Added as a reference")
    form.await_form("len(studio.form.images) == 1")


def test_what_is_no_reference_is_said_and_nothing_is_lost(settings) -> None:
    form = settings()
    toasts = form.panel.toasts
    form.add(
        a_file("red.png"), a_file("notes.txt", b"hello", "text/plain"), a_file("big.png", bytes(10 * 2**20 + 1)),
        a_file("moving.gif", b"GIF89a", "image/gif"),
    )  # fmt: skip
    expect(toasts).to_contain_text("notes.txt is not an image")
    expect(toasts).to_contain_text("moving.gif: this model takes JPEG, PNG")
    expect(toasts).to_contain_text("big.png is larger than 10 MB")
    expect(form.previews).to_have_count(1)
    form.add(a_file("teal.png"), a_file("navy.png"), a_file("pink.png"))
    expect(toasts).to_contain_text("Every kind takes 3 references at most. Not added: pink.png")
    expect(form.previews).to_have_count(3)
    form.side.get_by_role("button", name="Remove reference 3").click()
    form.add(a_file("fake.png", b"not an image at all, whatever its name says"))
    expect(toasts).to_contain_text("Failed to upload reference: The file is not an image")
    failed = form.side.get_by_role("button", name="Cancel the upload of fake.png")
    failed.click()
    expect(failed).to_have_count(0)
    expect(form.previews).to_have_count(2)

    form.panel.run("""
from photogram.domain.card import ModelCard
class Plain:
    name = 'plain'
    def cards(self): return [ModelCard(provider='plain', model='one', title='Plain', local=True, price_micros=0)]
studio._engine.registry.add(Plain())
""")
    form.choose("plain")
    expect(form.side.get_by_text("Plain takes no reference images: remove them")).to_be_visible()
    form.page.evaluate(DROP, [[["a.png", "image/png", encoded(picture("teal"))]], "drop"])
    expect(toasts).to_contain_text("Plain takes no reference images")
    form.await_form("len(studio.form.images) == 2")


def test_uploads_go_one_by_one_can_be_cancelled_and_tried_again(settings) -> None:
    form = settings()
    form.panel.run("""
from threading import Event
from photogram.ui.uploads import Uploads
from photogram.errors import BadReference
real, go, seen = Uploads.take, Event(), []
def take(self, upload_id, **said):
    seen.append((upload_id, said['part']))
    if said['part'] == 2: go.wait(30)
    return real(self, upload_id, **said)
Uploads.take = take
""")
    noise = picture("red") + bytes(5 * 2**20)
    form.add(a_file("long.png", noise), a_file("next.png", picture("teal") + bytes(2 * 2**20)))
    bar = form.side.get_by_role("progressbar", name="Uploading long.png")
    expect(bar).to_have_attribute("aria-valuenow", "2")
    expect(bar).to_have_attribute("aria-valuemax", "6")
    expect(form.side.get_by_role("progressbar", name="Uploading next.png")).to_have_attribute("aria-valuenow", "0")
    assert form.say("print(len({one for one, _ in seen}), len(seen))") == "1 3", "three parts are handed over at most"
    expect(form.panel.button("Generate")).to_have_attribute("aria-disabled", "true")
    form.side.get_by_role("button", name="Cancel the upload of long.png").click()
    form.panel.run("go.set()")
    expect(form.panel.toasts).to_contain_text("Reference uploaded")
    expect(form.previews).to_have_count(1)
    form.await_form("len(studio.form.images) == 1")

    form.panel.run("""
from photogram.ui.references import References
added, left = References.add, [1]
def add(self, data):
    if left: left.pop(); raise BadReference('The disk is full.', next_step='Free some room.')
    return added(self, data)
References.add = add
""")
    form.add(a_file("again.png", picture("pink")))
    expect(form.panel.toasts).to_contain_text("Failed to upload reference: The disk is full. Free some room.")
    form.side.get_by_role("button", name="Upload again.png again").click()
    expect(form.previews).to_have_count(2)
    form.panel.run("References.add, Uploads.take = added, real")


def test_an_upload_without_an_answer_says_so_and_is_there_when_the_answer_comes_late(settings) -> None:
    form = settings()
    form.panel.run("""
from threading import Event
from photogram.ui.uploads import Uploads
real, go = Uploads.take, Event()
def take(self, *given, **said):
    go.wait(60)
    return real(self, *given, **said)
Uploads.take = take
""")
    form.page.evaluate("""() => { // the ten seconds after which a part is sent again are half a second here
        window.realTimeout = window.setTimeout;
        window.setTimeout = (run, ms, ...rest) => window.realTimeout(run, ms === 10000 ? 500 : ms, ...rest);
    }""")
    form.add(a_file("late.png", picture("red") + bytes(3 * 2**20)))
    expect(form.side.get_by_text("The kernel does not answer yet: a cell may be running.")).to_be_visible()
    expect(form.panel.toasts).to_contain_text("Failed to upload reference: the kernel does not answer")
    again = form.side.get_by_role("button", name="Upload late.png again")
    expect(again).to_be_visible()
    again.click()
    form.page.evaluate("() => { window.setTimeout = window.realTimeout; }")
    form.panel.run("go.set()")
    expect(form.previews).to_have_count(1)
    expect(again).to_have_count(0)
    form.await_form("len(studio.form.images) == 1")
    form.panel.run("Uploads.take = real")
