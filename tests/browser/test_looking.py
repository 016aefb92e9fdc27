"""Looking closely, and taking pictures out of the panel."""

from __future__ import annotations

import re
import zipfile

from playwright.sync_api import expect

from .boats import card, cards, light, read, whole
from .cells import NOTEBOOK
from .panels import Panel

COUNT_BLOBS = """() => {
    const make = URL.createObjectURL, revoke = URL.revokeObjectURL;
    window.whole = new Set();
    URL.createObjectURL = blob => {
        const url = make.call(URL, blob);
        if (blob.type === 'image/png') window.whole.add(url);
        return url;
    };
    URL.revokeObjectURL = url => { window.whole.delete(url); revoke.call(URL, url); };
}"""
LOSE = """
from photogram.ui.studio_panel import StudioPanel
_send, lost = StudioPanel.send, []
def send(self, content, buffers=None):
    said = content['args'][0]
    if said['kind'] == 'full' and {which}:
        lost.append(said['part'])
    else:
        _send(self, content, buffers)
StudioPanel.send = send
"""


# ── Looking ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_image_is_looked_at_whole_with_everything_beside_it(panel: Panel, fill) -> None:
    fill(2, 3)
    page = panel.page
    form = "print(studio.form.params, studio.form.n, studio.form.model, studio.form.references, studio.form.prompt)"
    width, before = page.get_by_role("spinbutton", name="Width").input_value(), panel.run(form)
    card(panel, 1, 2).focus()
    card(panel, 1, 2).press("Enter")
    assert whole(panel) == [128, 160]
    facts = light(panel).get_by_role("complementary", name="Details")
    for name, value in (("Width", "128 px"), ("Height", "160 px"), ("Quality", "Standard")):  # the last nobody set
        term = facts.locator("dt").get_by_text(name, exact=True)
        expect(term.locator("xpath=following-sibling::dd[1]")).to_have_text(value)
    for said in ("boat 1", "sketch:scene", "128 × 160 · PNG", "8", "free", "2 / 3"):
        expect(facts.get_by_text(said, exact=False).first).to_be_visible()
    ids = panel.run("one = made[1][1].record; print(one.id, one.batch_id, one.task_id)").split()
    assert facts.locator("code").all_inner_texts() == ids
    expect(light(panel).locator(".pg-place").first).to_have_text("2 of 6")

    page.keyboard.press("ArrowLeft")
    expect(light(panel).locator(".pg-place").first).to_have_text("1 of 6")
    expect(panel.button("Previous image")).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("ArrowLeft")
    for at in (2, 3, 4):
        page.keyboard.press("ArrowRight")
        expect(light(panel).locator(".pg-place").first).to_have_text(f"{at} of 6")
    expect(facts).to_contain_text("boat 0")
    assert page.get_by_role("spinbutton", name="Width").input_value() == width, "the form is not touched"
    assert panel.run(form) == before

    for _ in range(30):  # the focus stays inside
        page.keyboard.press("Tab")
        assert page.evaluate("() => !!document.activeElement.closest('[role=dialog]')")
    for key in ("d", "d", "b", "x"):
        page.keyboard.press(key)
    page.keyboard.press("Escape")
    expect(light(panel)).to_have_count(0)
    expect(card(panel, 0, 1)).to_be_focused()
    assert page.evaluate(f"() => {NOTEBOOK}.widgets.length") == 1


def test_the_way_goes_over_what_was_not_loaded_and_keeps_three_pictures(panel: Panel, fill) -> None:
    fill(14)
    page = panel.page
    page.evaluate(COUNT_BLOBS)
    panel.run("made[1][0].delete()")
    expect(page.locator(".pg-topic small").first).to_have_text("13 images")
    card(panel, 13, 1).click()
    expect(light(panel)).to_be_focused()
    for at in range(2, 14):
        page.keyboard.press("ArrowRight")
        expect(light(panel).locator(".pg-place").first).to_have_text(f"{at} of 13")
        assert whole(panel) == [128, 160]
        assert page.evaluate("() => window.whole.size") <= 3
    expect(light(panel)).to_contain_text("boat 0")
    expect(panel.button("Next image")).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("Escape")
    expect(card(panel, 0, 1)).to_be_focused()
    expect(card(panel, 0, 1)).to_be_in_viewport()
    assert page.evaluate("() => window.whole.size") == 0
    panel.spoil()


def test_what_can_be_done_with_the_image_that_is_looked_at(panel: Panel, fill) -> None:
    fill(1, 3)
    page = panel.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    card(panel, 0, 1).click()
    shown = light(panel)
    shown.get_by_role("button", name="Star", exact=True).click()
    expect(shown.get_by_role("button", name="Take the star off")).to_be_visible()
    shown.get_by_role("button", name="Use as reference").click()
    expect(panel.toasts).to_contain_text("Added as a reference")
    shown.get_by_role("button", name="Reuse seed").click()
    expect(panel.toasts).to_contain_text("Seed copied")
    shown.get_by_role("button", name="Copy prompt").click()
    expect(panel.toasts).to_contain_text("Prompt copied")
    assert page.evaluate("() => navigator.clipboard.readText()") == "boat 0"
    shown.get_by_role("button", name="Copy: Image id").click()
    assert page.evaluate("() => navigator.clipboard.readText()") == panel.run("print(made[0][0].id)").strip()

    expect(shown.get_by_role("button", name="Actual size")).to_be_disabled()  # it is small: all of it is seen already
    shown.get_by_role("button", name="Delete").click()
    expect(shown.locator(".pg-place").first).to_have_text("1 of 2")
    expect(shown).to_contain_text("2 / 3")
    panel.run("made[0][1].delete()")  # by a cell, while it is looked at
    expect(shown).to_contain_text("3 / 3")
    page.keyboard.press("Control+z")  # the key of the toast, which the Tab key does not reach from here
    expect(shown.locator(".pg-place").first).to_have_text("2 of 2")
    page.keyboard.press("ArrowLeft")
    expect(shown).to_contain_text("1 / 3")
    panel.await_value("made[0][0].record.starred", True)
    page.keyboard.press("Escape")
    page.locator(".pg-feed").wait_for()


def test_an_image_larger_than_its_room_is_seen_in_its_own_size(panel: Panel, fill) -> None:
    fill(1)
    page = panel.page
    panel.run("studio.generate('large', width=1536, height=1536).wait()")
    page.get_by_role("button", name="Image 1: large").click()
    assert whole(panel) == [1536, 1536]
    zoom, shown, canvas = panel.button("Actual size"), light(panel).locator(".pg-picture"), page.locator(".pg-canvas")
    fitted = shown.bounding_box()
    assert fitted["width"] == fitted["height"] < 760
    expect(zoom).to_have_attribute("aria-pressed", "false")
    zoom.click()
    assert shown.bounding_box()["width"] == 1536
    assert shown.bounding_box()["height"] == 1536
    canvas.hover()
    page.mouse.wheel(0, 300)
    page.wait_for_function("box => box.scrollTop === 300", arg=canvas.element_handle())
    zoom.click()
    assert shown.bounding_box() == fitted
    shown.click(position={"x": fitted["width"] - 2, "y": fitted["height"] - 2})  # there it comes close
    expect(zoom).to_have_attribute("aria-pressed", "true")
    page.wait_for_function(
        "box => box.scrollTop + box.clientHeight > 1535 && box.scrollLeft + box.clientWidth > 1535",
        arg=canvas.element_handle(),
    )
    page.keyboard.press("ArrowRight")
    expect(zoom).to_be_disabled()
    page.keyboard.press("ArrowLeft")
    expect(zoom).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("Escape")


def test_it_fills_the_screen_and_leaves_it_again(panel: Panel, fill) -> None:
    fill(1)
    page = panel.page
    card(panel, 0, 1).click()
    panel.button("Fill the screen").click()
    page.wait_for_function("() => document.fullscreenElement === document.querySelector('.pg')")
    box = light(panel).bounding_box()
    assert box
    width, height = page.evaluate("() => [innerWidth, innerHeight]")
    assert (width - 2, height - 2) <= (box["width"], box["height"]) <= (width, height), "all but the frame's own line"
    page.keyboard.press("d")
    page.keyboard.press("Escape")
    expect(light(panel)).to_have_count(0)
    page.wait_for_function("() => !document.fullscreenElement")
    assert page.evaluate(f"() => {NOTEBOOK}.widgets.length") == 1


# ── Taking out ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_images_are_downloaded_unchanged_two_at_once(panel: Panel, fill) -> None:
    fill(1, 2)
    page, files = panel.page, {}
    page.on("download", lambda one: files.update({one.suggested_filename: read(one)}))
    large = "p = made[0][0].path; p.write_bytes(p.read_bytes() + bytes(5 << 20)); print(p.stat().st_size)"
    size = int(panel.run(large))
    with page.expect_event("download", lambda _: len(files) == 2):
        for image in (1, 2):
            card(panel, 0, image).hover()
            cards(panel).nth(image - 1).get_by_role("button", name="Download", exact=True).click()
    expect(panel.toasts.get_by_text("Image downloaded")).to_have_count(1)  # said again, it is said once
    ids = panel.run("print(made[0][0].id[-6:], made[0][1].id[-6:])").split()
    assert set(files) == {f"boat-0_seed_7_{ids[0]}.png", f"boat-0_seed_8_{ids[1]}.png"}
    assert len(files[f"boat-0_seed_7_{ids[0]}.png"]) == size
    assert files[f"boat-0_seed_8_{ids[1]}.png"].hex() == panel.run("print(made[0][1].path.read_bytes().hex())").strip()


def test_a_file_that_is_gone_is_told_and_looked_at_small(panel: Panel, fill) -> None:
    fill(1)
    panel.run("made[0][0].path.unlink()")
    card(panel, 0, 1).click()
    expect(light(panel).get_by_role("alert")).to_contain_text("Only a small version can be shown")
    light(panel).get_by_role("button", name="Download").click()
    expect(panel.toasts).to_contain_text("Failed to download image")


LOSE_FILES = """
from shutil import rmtree
like = studio.generate('like it', images=[made[0][2]], width=128, height=128).wait()
find = lambda image: studio.workspace.rglob(image.asset.sha256 + '*')
for file in find(made[0][1]): file.write_bytes(b'no picture')
for one in (0, 2):
    for file in find(made[0][one]): file.unlink()
rmtree(studio.workspace / 'thumbs')
print(*[one.id for one in made[0]], like[0].id)
"""


def test_a_card_says_that_its_file_is_gone_or_broken_and_what_to_do(panel: Panel, fill) -> None:
    fill(1, 3)
    gone, broken, _, whole = panel.run(LOSE_FILES).split()
    panel.show()
    page = panel.page
    missing = "Put it back into the workspace, or delete the image and generate it again."
    for image, said in ((gone, missing), (broken, "No small picture can be made")):
        expect(page.locator(f".pg-card[data-id={image}]")).to_contain_text(said)
    expect(page.locator(".pg-card.pg-input")).to_contain_text("The file is missing")
    expect(page.locator(".pg-card.pg-input")).to_contain_text("Add the picture again to use it.")
    expect(page.locator(f".pg-card[data-id={whole}] img")).to_be_visible()
    page.get_by_role("button", name="Image 1: boat 0").click()
    alert = light(panel).get_by_role("alert")
    expect(alert).to_contain_text(f"It cannot be shown: The file is missing. {missing}")  # as its card says it
    page.keyboard.press("Escape")

    panel.run("made[0][0].path.write_bytes(like[0].path.read_bytes())")  # it is put back
    panel.show()
    expect(page.locator(f".pg-card[data-id={gone}] img")).to_be_visible()


def test_a_topic_whose_cover_is_gone_says_so(panel: Panel, fill) -> None:
    fill(1)
    cover = panel.page.locator(".pg-topic .pg-cover")
    expect(cover).to_have_attribute("src", re.compile("blob:"))
    panel.run("from shutil import rmtree\nmade[0][0].path.unlink()\nrmtree(studio.workspace / 'thumbs')")
    panel.show()
    expect(cover).to_have_attribute("title", "The file is missing")
    expect(cover).to_have_css("width", "42px")


def test_a_batch_is_downloaded_as_a_zip(panel: Panel, fill) -> None:
    fill(1, 3)
    page = panel.page
    panel.button("More actions").first.click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Download ZIP").click()
    assert download.value.suggested_filename == panel.run("print(f'boat-0_{made[0].id[-6:]}.zip')").strip()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [f"image_{at}_seed_{6 + at}.png" for at in (1, 2, 3)]
    expect(panel.toasts).to_contain_text("Batch downloaded as ZIP")
    panel.run("for one in made[0]: one.path.unlink(missing_ok=True)")
    panel.button("More actions").first.click()
    page.get_by_role("menuitem", name="Download ZIP").click()
    expect(panel.toasts).to_contain_text("Failed to download batch")


# ── The last one: its page keeps the clock that it sets ─────────────────────────────────────────────────────────────


def test_a_lost_part_is_asked_for_again_and_silence_is_told(panel: Panel, fill) -> None:
    fill(1, 2)
    page = panel.page
    panel.spoil()
    page.clock.install()
    panel.run("p = made[0][0].path; p.write_bytes(p.read_bytes() + bytes(5 << 20))")
    panel.run(LOSE.format(which="said['part'] == 1 and not lost"))
    card(panel, 0, 1).hover()
    with page.expect_download() as download:
        cards(panel).nth(0).get_by_role("button", name="Download", exact=True).click()
        panel.await_value("lost", [1])
        page.clock.fast_forward(9000)
    assert len(read(download.value)) == int(panel.run("print(p.stat().st_size)"))
    expect(panel.toasts).to_contain_text("Image downloaded")

    panel.run(LOSE.format(which="True"))
    card(panel, 0, 2).hover()
    cards(panel).nth(1).get_by_role("button", name="Download", exact=True).click()
    expect(panel.page.get_by_role("progressbar", name="Downloading the image")).to_be_visible()
    page.clock.fast_forward(61_000)
    page.clock.fast_forward(1_000)
    expect(panel.toasts).to_contain_text("Failed to download image: the kernel does not answer")
