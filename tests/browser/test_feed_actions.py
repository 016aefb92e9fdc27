"""What stands in the feed and what its buttons do: batches, and images that are made."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, expect

from .feeds import IS_COPIED, head, is_focused, make, open_menu, pictures, seed_field
from .loopback import LOOPBACK, WORKING
from .panels import Panel
from .settings import KINDS

LONG = "a lighthouse at dusk, two boats, watercolor, gulls over the pier, " * 8 + "\nsecond line: \"quotes\" and 'more'"


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
    open_menu(panel, "a lighthouse").get_by_role("menuitem", name="Copy prompt").click()
    assert page.evaluate(IS_COPIED, LONG)
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

    make(
        panel,
        KINDS + "\nstudio.generate('of few', model='kinds:few', width=64, height=64, style='shiny').wait(60)\n"
        "from dataclasses import replace\ncards = studio._engine.registry._cards\nfew = cards['kinds:few']\n"
        "kept = tuple(one for one in few.params if one.name != 'style')\n"
        "cards['kinds:few'] = replace(few, params=kept)",
    )
    head(panel, "of few").get_by_role("button", name="Reuse").click()
    expect(panel.toasts).to_contain_text("Not taken by the model: Style.")
    make(panel, "del cards['kinds:few']\nstudio.form.model = 'sketch:scene'")
    head(panel, "of few").get_by_role("button", name="Reuse").click()
    expect(panel.toasts).to_contain_text("The model kinds:few is gone: the chosen one stays.")
    expect(panel.prompt).to_have_value("of few")
    expect(settings.get_by_role("button", name="Model: Sketch: scene")).to_be_visible()


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


def are_seen(*images: Locator, seen: bool = True) -> None:
    """Waits until the buttons over these images are seen, or not."""
    for image in images:
        for name in ("Star", "Download", "More actions for this image", "Use as reference", "Delete"):
            button = image.get_by_role("button", name=name, exact=True)
            expect(button).to_have_css("opacity", "1" if seen else "0")


def test_what_is_done_with_an_image(panel: Panel, clipboard) -> None:
    panel.open()
    page = panel.page
    make(panel, "batch = studio.generate('a boat', n=3, width=128, height=128, seed=41).wait(60)")
    pictures(panel, 3)
    cards = page.locator(".pg-card[data-status=success]")
    first, second = cards.nth(0), cards.nth(1)

    page.mouse.move(0, 0)
    are_seen(first, second, seen=False)
    first.hover()
    are_seen(first)
    are_seen(second, seen=False)
    page.mouse.move(0, 0)
    are_seen(first, seen=False)
    head(panel, "a boat").get_by_role("button", name="More actions").focus()
    page.keyboard.press("Tab")
    is_focused(first.get_by_role("checkbox"))
    are_seen(first)
    are_seen(second, seen=False)

    second.hover()
    second.get_by_role("button", name="Star").click()
    expect(second.get_by_role("button", name="Take the star off")).to_have_attribute("aria-pressed", "true")
    panel.await_value("batch[1].record.starred", True)

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

    first.get_by_role("button", name=re.compile("^Image 1")).click()
    expect(page.get_by_role("dialog")).to_contain_text("1 / 3")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    second.get_by_role("button", name="More actions for this image").click()
    page.get_by_role("menuitem", name="Details").click()
    expect(page.get_by_role("dialog")).to_contain_text("2 / 3")
    page.keyboard.press("Escape")


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
    question = page.get_by_role("alertdialog", name="Delete this batch and its 2 images?")
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
    panel.await_value("len(studio.batch(batch.id))", 2)


# ── On its way, or not made ─────────────────────────────────────────────────────────────────────────────────────────
