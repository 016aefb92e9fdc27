"""Finding the way in a feed: batches by their prompt, their cards, menus and buttons."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, expect

from .cells import NOTEBOOK, run_cell
from .panels import Panel

IS_COPIED = """async text => { // it is there a moment after the click
    for (let left = 200; left > 0; left -= 1) {
        if (await navigator.clipboard.readText() === text) return true;
        await new Promise(resolve => setTimeout(resolve, 25));
    }
    return false;
}"""


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


def card(panel: Panel, prompt: str, at: int = 0) -> Locator:
    return line(panel, prompt).nth(at)
