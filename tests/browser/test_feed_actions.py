"""What stands in the feed and what its buttons do: batches, and images in every state, with a provider that errs."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Locator, Page, expect

from .cells import NOTEBOOK, run_cell
from .loopback import GLIMPSE, LOOPBACK, SLOW, STATES, WORKING
from .panels import Panel
from .settings import Settings

LONG = "a lighthouse at dusk, two boats, watercolor, gulls over the pier, " * 8 + "\nsecond line: \"quotes\" and 'more'"


@pytest.fixture
def clipboard(panel: Panel):
    panel.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    return lambda: panel.page.evaluate("() => navigator.clipboard.readText()")


def open_tall(panel: Panel) -> None:
    """Opens a panel in which every batch of a test is drawn at once."""
    panel.open(height=2400)
    panel.page.evaluate(f"() => {{ {NOTEBOOK}.widgets[0].model.sharedModel.setSource('studio.panel(height=2200)') }}")
    run_cell(panel.page, 0)
    expect(panel.page.locator(".pg")).to_have_css("height", "2200px")


def make(panel: Panel, code: str) -> None:
    """Runs code that makes batches, and must print nothing."""
    said = panel.run(code)
    assert not said, said


def head(panel: Panel, prompt: str) -> Locator:
    return panel.page.locator(".pg-head").filter(has_text=prompt)


def line(panel: Panel, prompt: str) -> Locator:
    """The cards of the first line of a batch."""
    batch = head(panel, prompt).locator("xpath=ancestor::*[contains(@class, 'pg-line')][1]/following-sibling::*[1]")
    return batch.locator(".pg-card")


def open_menu(panel: Panel, prompt: str) -> Locator:
    head(panel, prompt).get_by_role("button", name="More actions").click()
    menu = panel.page.locator(".pg").get_by_role("menu", name="More actions")
    expect(menu).to_be_visible()
    return menu


def press(panel: Panel, prompt: str) -> None:
    panel.prompt.fill(prompt)
    panel.button("Generate").click()


def seed_field(panel: Panel) -> Locator:
    return panel.page.get_by_role("spinbutton", name=re.compile("^Seed"))


def is_focused(locator: Locator) -> None:
    expect(locator).to_be_focused()


def pictures(panel: Panel, n: int) -> None:
    expect(panel.page.locator(".pg-feed .pg-card[data-status=success] img")).to_have_count(n)


# ── A batch ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_batch_says_what_it_is_and_its_menu_is_for_keys_too(panel: Panel, clipboard) -> None:
    panel.open()
    page = panel.page
    make(panel, f"batch = studio.generate({LONG!r}, n=2, width=128, height=96, style='watercolor').wait(60)")
    pictures(panel, 2)
    facts = head(panel, "a lighthouse").locator(".pg-facts span")
    expect(facts).to_have_text(["sketch:scene", "128 × 96", "2 images", "just now", "free"])
    expect(page.get_by_role("img", name=re.compile("^Image 2: a lighthouse"))).to_be_visible()

    whole = panel.button("Show all of the prompt")  # over the panel, whatever its length
    whole.focus()
    page.keyboard.press("Enter")
    dialog = page.locator(".pg").get_by_role("dialog", name="Prompt")
    expect(dialog.get_by_role("document")).to_have_text(LONG, use_inner_text=True)
    dialog.get_by_role("button", name="Copy").click()
    expect(panel.toasts).to_contain_text("Prompt copied")
    assert clipboard() == LONG
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    is_focused(whole)

    button = head(panel, "a lighthouse").get_by_role("button", name="More actions")
    button.focus()
    page.keyboard.press("Enter")
    menu = page.locator(".pg").get_by_role("menu")
    items = menu.get_by_role("menuitem")
    expect(items).to_have_text(["Copy prompt", "Copy as Python code", "Download ZIP", "Delete"])
    for key, at in (("ArrowDown", 1), ("End", 3), ("ArrowDown", 0), ("ArrowUp", 3), ("c", 0), ("c", 1), ("Home", 0)):
        page.keyboard.press(key)
        is_focused(items.nth(at))
    page.keyboard.press("Escape")
    expect(menu).to_have_count(0)
    is_focused(button)

    open_menu(panel, "a lighthouse").get_by_role("menuitem", name="Copy as Python code").click()
    expect(panel.toasts).to_contain_text("Python code copied")
    code = clipboard()
    made = panel.run(
        f"names = {{}}\nexec({code!r}, names)\nagain = names['batch'].wait(60)\nnames['studio'].close()\n"
        "print([(one.seed, one.asset.sha256) for one in again] == [(one.seed, one.asset.sha256) for one in batch])"
    )
    assert made == "True\n"
    pictures(panel, 4)


def test_a_menu_at_the_lower_edge_is_not_cut_off(panel: Panel) -> None:
    panel.open(width=800)
    make(panel, "for at in range(6): studio.generate(f'boat {at}', width=128, height=128).wait(60)")
    page = panel.page
    pictures(panel, 6) if page.locator(".pg-head").count() == 6 else page.locator(".pg-head").first.wait_for()
    frame = page.locator(".pg").bounding_box()
    heads = page.locator(".pg-head").get_by_role("button", name="More actions")
    for button in heads.all():
        box = button.bounding_box()
        if not box or not frame["y"] < box["y"] < frame["y"] + frame["height"] - 30:
            continue
        page.mouse.click(box["x"] + 5, box["y"] + 5)
        menu = page.locator(".pg-menu")
        expect(menu).to_be_visible()
        at = menu.bounding_box()
        assert frame["y"] <= at["y"]
        assert at["y"] + at["height"] <= frame["y"] + frame["height"]
        assert frame["x"] <= at["x"]
        assert at["x"] + at["width"] <= frame["x"] + frame["width"]
        assert menu.evaluate("one => one.scrollHeight <= one.clientHeight")
        page.keyboard.press("Escape")


def test_settings_are_used_again_and_it_is_said_what_could_not_be(panel: Panel) -> None:
    panel.open()
    page = panel.page
    make(
        panel,
        "one = studio.generate('reference', width=128, height=128).wait(60)[0]\n"
        "batch = studio.generate('with two', width=128, height=96, seed=0, style='watercolor', "
        "images=[one, studio.generate('other', width=128, height=128).wait(60)[0]]).wait(60)\n"
        "rolled = studio.generate('rolled', width=192, height=192).wait(60)",
    )
    panel.prompt.fill("half a sentence")
    panel.button("Hide the settings").click()
    expect(page.get_by_role("complementary", name="Settings")).to_have_count(0)
    head(panel, "with two").get_by_role("button", name="Reuse").click()
    settings = page.get_by_role("complementary", name="Settings")
    expect(settings).to_be_visible()
    expect(panel.toasts).to_contain_text("Settings applied")
    expect(panel.prompt).to_have_value("with two")
    expect(page.get_by_role("spinbutton", name="Width")).to_have_value("128")
    expect(page.get_by_role("spinbutton", name="Height")).to_have_value("96")
    expect(seed_field(panel)).to_have_value("0")
    expect(settings.get_by_role("button", name="Remove reference")).to_have_count(2)
    panel.toasts.get_by_role("button", name="Undo").click()
    expect(panel.prompt).to_have_value("half a sentence")
    expect(settings.get_by_role("button", name="Remove reference")).to_have_count(0)

    scrolled = settings.locator(".pg-scroll")
    scrolled.evaluate("box => { box.scrollTop = box.scrollHeight }")
    assert scrolled.evaluate("box => box.scrollTop") > 50
    head(panel, "rolled").get_by_role("button", name="Reuse").click()
    expect(panel.prompt).to_have_value("rolled")
    page.wait_for_function("box => box.scrollTop === 0", arg=scrolled.element_handle())
    expect(seed_field(panel)).to_have_value("")
    expect(settings.get_by_role("button", name="Remove reference")).to_have_count(0)

    make(
        panel,
        "lost = batch.record.references[0]\n"
        "studio._files.delete(lost.sha256, extension=lost.extension, folder='references')",
    )
    head(panel, "with two").get_by_role("button", name="Reuse").click()
    expect(panel.toasts).to_contain_text("1 reference could not be used.")
    expect(settings.get_by_role("button", name="Remove reference")).to_have_count(1)


def test_more_shows_placeholders_at_once_and_has_new_seeds(panel: Panel) -> None:
    panel.open()
    page = panel.page
    make(panel, "batch = studio.generate('a boat', n=3, width=128, height=128, seed=7).wait(60)")
    pictures(panel, 3)
    panel.prompt.fill("half a sentence")
    shown = page.evaluate(
        """() => new Promise(resolve => {
            new MutationObserver(() => {
                const waiting = document.querySelectorAll('.pg-feed .pg-wait').length;
                if (waiting) resolve(waiting);
            }).observe(document.querySelector('.pg-feed'), { childList: true, subtree: true });
            [...document.querySelectorAll('.pg-head button')].find(one => one.innerText.trim() === 'More').click();
        })"""
    )
    assert shown == 3
    expect(panel.toasts).to_contain_text("Generating 3 images")
    pictures(panel, 6)
    said = panel.run(
        "new, old = studio.batches()\n"
        "print(new.prompt, new.params, len(new), new.topic_id == old.topic_id, {g.seed for g in new} & {7, 8, 9})"
    )
    assert said == "a boat {'width': 128, 'height': 128} 3 True set()\n"
    expect(panel.prompt).to_have_value("half a sentence")


def test_more_than_the_wallet_holds_says_so_and_tops_up(panel: Panel) -> None:
    panel.open()
    make(panel, LOOPBACK.format(price=6_000_000) + "\nask('a dear boat').wait(60)")
    pictures(panel, 1)
    expect(head(panel, "a dear boat").locator(".pg-facts")).to_contain_text("$0.04")
    make(panel, "held = ask('another', poll=" + WORKING + ")")
    expect(panel.page.locator(".pg-wait")).to_have_count(1)
    head(panel, "a dear boat").get_by_role("button", name="More", exact=True).click()
    alert = panel.toasts.get_by_role("alert")
    expect(alert).to_contain_text("coins")
    expect(alert.get_by_role("button", name="Top up")).to_be_visible()
    expect(panel.page.locator(".pg-head")).to_have_count(2)
    make(panel, "held.cancel()")


# ── An image ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_done_with_an_image(panel: Panel, clipboard) -> None:
    panel.open()
    page = panel.page
    make(panel, "batch = studio.generate('a boat', n=3, width=128, height=128, seed=41).wait(60)")
    pictures(panel, 3)
    cards = page.locator(".pg-card[data-status=success]")
    second = cards.nth(1)

    second.hover()
    second.get_by_role("button", name="Star").click()
    expect(second.get_by_role("button", name="Take the star off")).to_have_attribute("aria-pressed", "true")
    assert panel.run("import time\nfor _ in range(100):\n    if batch[1].record.starred: break\n    time.sleep(.05)\n"
                     "print(batch[1].record.starred)") == "True\n"  # fmt: skip

    second.get_by_role("button", name="seed 42").click()
    expect(panel.toasts).to_contain_text("Seed copied")
    expect(seed_field(panel)).to_have_value("42")
    assert clipboard() == "42"

    second.get_by_role("button", name="Use as reference").click()
    expect(panel.toasts).to_contain_text("Added as a reference")
    expect(panel.button("Remove reference 1")).to_have_count(1)

    second.get_by_role("button", name="More actions for this image").click()
    items = page.locator(".pg-menu").get_by_role("menuitem")
    expect(items).to_have_text(
        ["Details", "Download", "Reuse seed", "Use as reference", "Take the star off", "Delete"]
    )  # fmt: skip
    items.last.click()
    expect(cards).to_have_count(2)
    is_focused(cards.nth(1).get_by_role("button", name=re.compile("^Image 3")))
    expect(head(panel, "a boat").locator(".pg-facts")).to_contain_text("2 images")
    panel.prompt.press("Control+z")  # there it is the text's own
    cards.nth(1).get_by_role("button", name=re.compile("^Image 3")).press("Control+z")
    expect(cards).to_have_count(3)
    expect(panel.toasts.get_by_role("button", name="Undo")).to_have_count(0)
    expect(second.get_by_role("button", name="seed 42")).to_be_visible()
    expect(second.get_by_role("button", name="Take the star off")).to_have_count(1)

    cards.first.get_by_role("button", name=re.compile("^Image 1")).click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_two_views_agree_on_what_is_deleted(panel: Panel) -> None:
    panel.open()
    page = panel.page
    make(panel, "batch = studio.generate('a boat', n=2, width=128, height=128).wait(60)")
    pictures(panel, 2)
    page.evaluate("async () => { await window.jupyterapp.commands.execute('notebook:create-output-view') }")
    try:
        expect(page.locator(".pg")).to_have_count(2)
        views = [page.locator(".pg").nth(at) for at in (0, 1)]
        for view in views:
            expect(view.locator(".pg-card[data-status=success] img")).to_have_count(2)
        card = views[1].locator(".pg-card[data-status=success]").first
        card.hover()
        card.get_by_role("button", name="Delete").click()
        for view in views:
            expect(view.locator(".pg-card[data-status=success]")).to_have_count(1)
        views[1].locator(".pg-toasts").get_by_role("button", name="Undo").click()
        for view in views:
            expect(view.locator(".pg-card[data-status=success] img")).to_have_count(2)
    finally:
        panel.spoil()  # the notebook shares its window with the other view now


def test_a_batch_is_deleted_after_a_question_and_comes_back(panel: Panel) -> None:
    panel.open()
    page = panel.page
    make(panel, "batch = studio.generate('a boat', n=3, width=128, height=128).wait(60)\nbatch[0].delete()")
    pictures(panel, 2)
    open_menu(panel, "a boat").get_by_role("menuitem", name="Delete").click()
    question = page.get_by_role("alertdialog", name="Delete this batch and all 2 images?")
    expect(question).to_contain_text("a boat")
    page.keyboard.press("Escape")
    expect(question).to_have_count(0)
    is_focused(head(panel, "a boat").get_by_role("button", name="More actions"))
    pictures(panel, 2)
    open_menu(panel, "a boat").get_by_role("menuitem", name="Delete").click()
    question.get_by_role("button", name="Delete").click()
    expect(page.locator(".pg-head")).to_have_count(0)
    is_focused(page.locator(".pg-feed"))
    expect(panel.toasts).to_contain_text("Batch deleted")
    panel.toasts.get_by_role("button", name="Undo").click()
    pictures(panel, 2)
    assert panel.run("print(len(studio.batch(batch.id)))") == "2\n"


# ── On its way, or not made ─────────────────────────────────────────────────────────────────────────────────────────


def card(panel: Panel, prompt: str, at: int = 0) -> Locator:
    return line(panel, prompt).nth(at)


def test_every_way_in_which_an_image_is_not_made(panel: Panel, clipboard) -> None:
    open_tall(panel)
    page = panel.page
    make(panel, LOOPBACK.format(price=40_000) + STATES)

    going = card(panel, "in line")
    expect(going).to_contain_text("2 before it")
    expect(going.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "40")
    card(panel, "unwanted").get_by_role("button", name="Cancel").click()
    expect(card(panel, "unwanted")).to_contain_text("Cancelled")
    assert panel.run("print(stopped[0].status)") == "cancelled\n"
    is_focused(card(panel, "unwanted").get_by_role("button", name="Retry", exact=True))

    expect(card(panel, "too many")).to_contain_text(re.compile("rate|limit|requests", re.I))
    expect(card(panel, "indecent")).to_contain_text("The prompt was refused.")
    expect(card(panel, "indecent")).to_contain_text("Rephrase the prompt.")
    expect(card(panel, "broken")).to_contain_text("The provider failed (HTTP 500).")
    expect(card(panel, "vanished")).to_contain_text(re.compile("billed|unknown", re.I))
    for prompt in ("too many", "indecent", "broken", "vanished"):
        expect(card(panel, prompt).get_by_role("button", name="Retry", exact=True)).to_be_enabled()
        expect(head(panel, prompt).locator(".pg-facts")).not_to_contain_text("free")

    card(panel, "broken").get_by_role("button", name="Copy details").click()
    expect(panel.toasts).to_contain_text("Details copied")
    details = clipboard()
    task = panel.run("print(next(b for b in studio.batches() if b.prompt == 'broken')[0].record.task_id)").strip()
    assert task in details
    assert "HTTP 500" in details
    assert "oops" in details
    card(panel, "broken").get_by_role("button", name="The provider failed").click()
    whole = page.get_by_role("dialog", name="The provider failed (HTTP 500).")
    expect(whole).to_contain_text(task)
    page.keyboard.press("Escape")

    card(panel, "indecent").get_by_role("button", name="Change").click()
    expect(panel.prompt).to_have_value("indecent")

    make(panel, "server.on_submit = server.on_poll = lambda count: None")
    open_menu(panel, "broken").get_by_role("menuitem", name="Retry failed (2)").click()
    expect(line(panel, "broken").locator("img")).to_have_count(2)
    card(panel, "vanished").get_by_role("button", name="Retry", exact=True).click()
    card(panel, "unwanted").get_by_role("button", name="Retry", exact=True).click()
    for prompt in ("vanished", "unwanted"):
        expect(line(panel, prompt).locator("img")).to_have_count(1)
    card(panel, "too many").hover()
    card(panel, "too many").get_by_role("button", name="Delete").click()
    expect(head(panel, "too many")).to_have_count(0)


IMPATIENT = """
from photogram.engine import poll, progress
usual = poll.poll_pause_s, progress.CUT_OFF_S
poll.poll_pause_s, progress.CUT_OFF_S = lambda polls: 0.1, 0.0
"""
FULL = """
from photogram.errors import StorageFailed
from photogram.store.files import LocalFiles
put = LocalFiles.put
def refuse(self, *given, **said):
    raise StorageFailed("The disk is full.")
LocalFiles.put = refuse
"""


def test_from_an_empty_workspace_each_error_is_told_and_ends_well(panel: Panel, clipboard) -> None:
    panel.open()
    make(panel, LOOPBACK.format(price=40_000))
    form = Settings(panel)
    form.choose("loopback")
    wallet = form.side.get_by_role("button", name="Wallet")
    expect(wallet).to_contain_text("10,000")

    make(panel, "server.on_submit = lambda count: retry_later(0)")
    press(panel, "too fast")
    limited = card(panel, "too fast")
    expect(limited.locator(".pg-why")).to_have_text(re.compile(r"Rate limit exceeded\.\s*Try again later\."))
    expect(wallet).to_contain_text("10,000")  # its coins are back
    make(panel, "server.on_submit = lambda count: None")
    limited.get_by_role("button", name="Retry", exact=True).click()
    pictures(panel, 1)
    expect(wallet).to_contain_text("9,960")

    make(panel, IMPATIENT + f"server.on_poll = {WORKING}")
    press(panel, "out of reach")
    cut = card(panel, "out of reach")
    expect(cut).to_contain_text("2 before it")
    make(panel, "going = studio.batches()[0]\nserver.unplug()" + SLOW)
    expect(cut).to_contain_text("Taking longer than expected…")
    expect(cut).to_contain_text("Check your connection")
    expect(cut).to_have_attribute("data-status", "processing")
    make(panel, "server.on_poll = lambda count: None\nserver.plug_in()")
    pictures(panel, 2)

    make(panel, FULL)
    press(panel, "no room")
    unstored = card(panel, "no room")
    expect(unstored).to_contain_text("The image could not be stored: The disk is full.")
    expect(unstored).to_contain_text("Free some disk space, then retry.")
    unstored.get_by_role("button", name="Copy details").click()
    expect(panel.toasts).to_contain_text("Details copied")
    assert panel.run("print(studio.batches()[0][0].record.task_id)").strip() in clipboard()
    make(panel, "LocalFiles.put = put\npoll.poll_pause_s, progress.CUT_OFF_S = usual")
    unstored.get_by_role("button", name="Retry", exact=True).click()
    pictures(panel, 3)
    assert panel.run("print(len(server.jobs))") == "3\n", "none was paid for twice"
    expect(wallet).to_contain_text("9,880")


def test_what_takes_long_says_why_and_since_when_also_after_a_reload(panel: Panel) -> None:
    panel.open()
    page = panel.page
    make(panel, LOOPBACK.format(price=40_000) + f"going = ask('in line', n=2, poll={WORKING})")
    going = page.locator(".pg-card[data-status=processing]").first
    expect(going).to_contain_text("2 before it")
    expect(going).not_to_contain_text("Taking longer")
    make(panel, SLOW)
    expect(going).to_contain_text("Taking longer than expected…")
    expect(going).to_contain_text("2 before it")
    elapsed = going.locator(".pg-elapsed")
    expect(elapsed).to_have_text(re.compile(r"^(4[5-9]|5\d) s$|^1 min"))
    before = elapsed.inner_text()
    expect(elapsed).not_to_have_text(before)  # it ticks by itself
    page.evaluate("async () => { await window.jupyterapp.commands.execute('docmanager:save') }")
    page.reload()
    elapsed.first.wait_for()
    expect(elapsed).to_have_text(re.compile(r"^(4[5-9]|5\d) s$|^\d min"))
    expect(going).to_contain_text("Taking longer than expected…")
    open_menu(panel, "in line").get_by_role("menuitem", name="Cancel all").click()
    expect(page.locator(".pg-card[data-status=cancelled]")).to_have_count(2)


def test_a_glimpse_of_what_is_being_drawn_is_shown_until_it_is_there(panel: Panel) -> None:
    panel.open()
    page = panel.page
    make(panel, LOOPBACK.format(price=40_000) + GLIMPSE + f"going = ask('drawn', poll={WORKING})")
    glimpse = page.locator(".pg-card[data-status=processing] .pg-glimpse")
    page.wait_for_function("() => document.querySelector('.pg-glimpse')?.naturalWidth === 96")
    expect(page.locator(".pg-card[data-status=processing]")).to_contain_text("2 before it")
    make(panel, "server.on_poll = lambda count: None")
    pictures(panel, 1)
    expect(glimpse).to_have_count(0)


OVERLAPS = """() => [...document.querySelectorAll('.pg-feed .pg-card')].flatMap(card => {
    const frame = card.getBoundingClientRect(), problems = [];
    const parts = 'button:not(.pg-view, .pg-why), input, b, small, .pg-elapsed, .pg-progress, .pg-why > span';
    const box = one => one.getBoundingClientRect();
    const seen = [...card.querySelectorAll(parts)].filter(one => box(one).width > 1 && box(one).height > 1);
    for (const one of seen) {
        const a = box(one), name = `${card.dataset.status}: ${one.className || one.tagName}`;
        const out = Math.max(frame.left - a.left, a.right - frame.right, frame.top - a.top, a.bottom - frame.bottom);
        if (out > 1) problems.push(`${name} leaves the card`);
        for (const other of seen) {
            if (one === other || one.contains(other) || other.contains(one)) continue;
            const b = box(other);
            const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
            const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
            if (across > 1 && down > 1) problems.push(`${name} over ${other.className || other.tagName}`);
        }
    }
    return problems;
})"""


def find_overlaps(page: Page) -> list[str]:
    return page.evaluate(OVERLAPS)


def test_nothing_overlaps_in_the_smallest_cells(panel: Panel) -> None:
    open_tall(panel)
    page = panel.page
    make(panel, LOOPBACK.format(price=40_000) + STATES + SLOW)
    make(panel, "studio.generate('a picture', width=128, height=128, seed=4294967290).wait(60)")
    expect(card(panel, "in line")).to_contain_text("Taking longer")
    expect(page.locator(".pg-card")).to_have_count(8)
    assert find_overlaps(page) == []
    style = page.add_style_tag(content=" ")
    for width, height in ((150, 110), (150, 150), (200, 110), (260, 110)):
        rule = f".pg-cell {{ width: {width}px !important; height: {height}px !important }}"
        style.evaluate("(one, rule) => { one.textContent = rule }", rule)
        assert find_overlaps(page) == [], json.dumps([width, height])
    style.evaluate("one => one.remove()")
    make(panel, "studio.cancel_all()")
