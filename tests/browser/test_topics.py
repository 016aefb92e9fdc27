"""The topics beside the feed: made, named, renamed, deleted and brought back, by mouse and by keys alone."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from .panels import Panel


def rows(panel: Panel) -> Locator:
    return panel.page.locator(".pg-row")


def row(panel: Panel, title: str) -> Locator:
    return panel.page.get_by_role("listitem").filter(has=panel.page.get_by_role("button", name=re.compile(f"^{title}")))


def titles(panel: Panel) -> Locator:
    return panel.page.locator(".pg-row b")


def press(panel: Panel, text: str) -> None:
    panel.prompt.fill(text)
    panel.button("Generate").click()


def focused(page: Page) -> str:
    return page.evaluate("() => document.activeElement.getAttribute('aria-label') || document.activeElement.innerText")


def test_five_topics_are_made_named_searched_renamed_and_deleted(panel: Panel) -> None:
    panel.open()
    page = panel.page
    expect(page.get_by_text("No topics yet: describe something and press Generate.")).to_be_visible()
    others = ["Product photos", "Abstract art", "Landscapes"]
    panel.run(f"for title in reversed({others}): studio.new_topic(title, activate=False)")

    panel.shrink()
    press(panel, "character designs for a comic")
    expect(panel.toasts).to_contain_text("Generating 1 image")
    expect(panel.toasts).to_contain_text("Topic title generated: Character designs for a comic")
    panel.await_pictures(1)
    expect(titles(panel)).to_have_text(["Character designs for a comic", *others])

    panel.button("New topic").click()
    expect(titles(panel)).to_have_text(["New topic", "Character designs for a comic", *others])
    expect(rows(panel).first).to_contain_text("nothing yet")
    expect(page.locator(".pg-topic[aria-current=true]")).to_contain_text("New topic")
    expect(panel.prompt).to_be_focused()
    panel.shrink(2)
    press(panel, "minimalist logo")
    expect(panel.toasts).to_contain_text("Topic title generated: Minimalist logo")
    panel.await_pictures(2)
    expect(titles(panel).first).to_have_text("Minimalist logo")
    expect(rows(panel).first).to_contain_text("2 images")
    expect(rows(panel).first.locator("img")).to_be_visible()

    row(panel, "Minimalist logo").hover()  # renamed by its menu
    panel.button("More for “Minimalist logo”").click()
    page.get_by_role("menuitem", name="Rename").click()
    name = page.get_by_role("textbox", name="Name of the topic")
    expect(name).to_be_focused()
    name.fill("   ")
    name.press("Enter")
    expect(panel.toasts).to_contain_text("A topic needs a name")
    expect(name).to_have_attribute("aria-invalid", "true")
    name.fill("Something else")
    name.press("Escape")
    expect(titles(panel).first).to_have_text("Minimalist logo")
    titles(panel).first.dblclick()
    name.fill("Logo Ideas")
    name.press("Enter")
    expect(titles(panel).first).to_have_text("Logo Ideas")
    kept = ["Character designs for a comic", *others]
    panel.await_value("[one.title for one in studio.topics()]", ["Logo Ideas", *kept])

    panel.run("studio.generate('another', n=43, width=64, height=64).wait()")  # what the list says may be old by now
    expect(rows(panel).first).to_contain_text("45 images")
    row(panel, "Character designs").click()
    expect(page.locator(".pg-said")).to_have_text(["character designs for a comic"])
    row(panel, "Logo Ideas").click()
    expect(page.locator(".pg-said").first).to_have_text("another")
    search = page.get_by_role("searchbox", name="Search prompts in “Logo Ideas”")
    search.fill("minimalist")
    expect(page.locator(".pg-said")).to_have_text(["minimalist logo"])
    expect(page.locator(".pg-feed .pg-card[data-status=success]")).to_have_count(2)
    search.fill("")
    expect(page.locator(".pg-said").first).to_have_text("another")
    row(panel, "Logo Ideas").hover()
    panel.button("More for “Logo Ideas”").click()
    page.get_by_role("menuitem", name="Delete…").click()
    question = page.get_by_role("alertdialog", name="Delete 'Logo Ideas' and all 45 images?")
    expect(question.get_by_role("button", name="Cancel")).to_be_focused()
    question.press("Escape")
    expect(question).to_have_count(0)
    expect(titles(panel)).to_have_count(5)
    assert focused(page).startswith("More for"), "the focus is where it was"
    page.keyboard.press("Delete")
    question.get_by_role("button", name="Delete").click()
    expect(titles(panel)).to_have_text(kept)
    expect(panel.toasts).to_contain_text("'Logo Ideas' deleted")
    panel.await_value("[one.title for one in studio.topics()]", kept)
    panel.button("Undo").click()
    expect(titles(panel)).to_have_text(["Logo Ideas", *kept])
    expect(page.locator(".pg-topic[aria-current=true]")).to_contain_text("Logo Ideas")
    expect(page.locator(".pg-said").first).to_contain_text("another")


def test_keys_alone_go_through_the_list(panel: Panel) -> None:
    panel.open()
    page = panel.page
    panel.run("for title in ('Fern', 'Elm', 'Daisy', 'Cedar', 'Birch'): studio.new_topic(title, activate=False)")
    expect(titles(panel)).to_have_text(["Birch", "Cedar", "Daisy", "Elm", "Fern"])
    panel.button("New topic").focus()
    page.keyboard.press("Tab")
    assert focused(page).startswith("Birch")
    for key, reached in [
        ("ArrowDown", "Cedar"), ("ArrowDown", "Daisy"), ("ArrowUp", "Cedar"), ("End", "Fern"), ("ArrowDown", "Fern"),
        ("Home", "Birch"), ("ArrowUp", "Birch"),
    ]:  # fmt: skip
        page.keyboard.press(key)
        assert focused(page).startswith(reached), key
    page.keyboard.press("Enter")
    expect(page.locator(".pg-topic[aria-current=true]")).to_contain_text("Birch")
    page.keyboard.press("F2")
    page.keyboard.type("Beech")
    page.keyboard.press("Enter")
    expect(titles(panel).first).to_have_text("Beech")
    assert focused(page).startswith("Beech")
    page.keyboard.press("Tab")
    assert focused(page) == "More for “Beech”"
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem", name="Rename")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    question = page.get_by_role("alertdialog", name="Delete 'Beech'? It is empty.")
    expect(question.get_by_role("button", name="Cancel")).to_be_focused()
    for reached in ("Delete", "Cancel", "Delete"):  # the focus stays in the question
        page.keyboard.press("Tab")
        assert focused(page) == reached
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(titles(panel)).to_have_text(["Cedar", "Daisy", "Elm", "Fern"])
    page.wait_for_function("() => document.activeElement.innerText.startsWith('Cedar')")


def test_a_topic_that_is_still_at_work_says_so_before_it_goes(panel: Panel) -> None:
    panel.open()
    panel.run(
        "batch = studio.generate('slow', n=12, width=2048, height=2048, topic='Storms')\nstudio.active_topic = 'Storms'"
    )
    expect(titles(panel)).to_have_text(["Storms"])
    titles(panel).first.click()
    panel.page.keyboard.press("Delete")
    question = panel.page.get_by_role("alertdialog", name="Delete 'Storms' and all 12 images?")
    expect(question).to_contain_text("still being made and will be cancelled")
    question.get_by_role("button", name="Delete").click()
    expect(titles(panel)).to_have_count(0)
    panel.await_value("studio.active_topic", None)


def test_the_row_of_a_new_topic_is_there_at_once(panel: Panel) -> None:
    panel.open()
    panel.shrink()
    panel.prompt.fill("a harbour")
    busy = panel.page.evaluate(
        """async () => {
            document.querySelector('.pg-main').click();
            await new Promise(requestAnimationFrame);
            return document.querySelector('.pg-topics [aria-busy=true]')?.innerText;
        }"""
    )
    assert busy == "New topic\nsending…"
    panel.await_pictures(1)
    expect(titles(panel)).to_have_text(["A harbour"])
    expect(panel.page.locator(".pg-topics [aria-busy=true]")).to_have_count(0)


def test_a_title_that_comes_later_from_a_text_model_is_told_and_one_of_a_person_is_not(panel: Panel) -> None:
    panel.open()
    panel.shrink()
    panel.generate("a harbour")
    expect(titles(panel)).to_have_text(["A harbour"])
    made = panel.run(
        "from photogram.store import topics\nfrom photogram.domain.events import Event, EventKind\n"
        "named = Event(kind=EventKind.TOPIC, user_id=studio.user)\n"
        "title = studio.active_topic.id, 'Quiet harbour at dawn', 'model'\n"
        "studio._write(topics.rename_topic, studio.user, *title, event=named)"
    )
    assert not made, made
    expect(panel.toasts).to_contain_text("Topic title generated: Quiet harbour at dawn")
    panel.run("studio.active_topic.rename('Mine')")
    expect(titles(panel)).to_have_text(["Mine"])
    expect(panel.toasts).not_to_contain_text("Mine")


def test_five_hundred_topics_stay_light(panel: Panel) -> None:
    panel.open()
    page = panel.page
    panel.run(
        """
from datetime import timedelta
from photogram.store import topics
from photogram.domain.ids import new_id
def fill(cur):
    for at in range(500):
        when = studio._now() + timedelta(seconds=at)
        topics.create_topic(cur, studio.user, new_id('top'), f'Topic {at:03}', 'user', when)
studio._write(fill)
studio.new_topic('The last', activate=False)
"""
    )
    expect(titles(panel)).to_have_count(501)
    titles(panel).first.click()
    page.keyboard.press("End")
    expect(rows(panel).last.get_by_role("button").first).to_be_focused()
    expect(rows(panel).last).to_be_in_viewport()
    page.evaluate(
        """() => {
            window.touched = new Set();
            const row = node => (node.closest ? node : node.parentElement).closest('.pg-row');
            new MutationObserver(all => all.forEach(one => window.touched.add(row(one.target)))).observe(
                document.querySelector('.pg-topics'),
                { subtree: true, characterData: true, childList: true, attributes: true }
            );
        }"""
    )
    panel.run("studio.topic('Topic 250').rename('Two hundred and fifty')")
    expect(titles(panel).get_by_text("Two hundred and fifty", exact=True)).to_have_count(1)
    assert page.evaluate("() => window.touched.size") == 1, "one topic's change draws its own row again, and no other"
