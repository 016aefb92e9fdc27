"""Copying where the page may not write to the clipboard, and a seed for a model that takes none."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from .feeds import open_menu
from .panels import Panel
from .settings import Settings

FORBID = """allowed => {
    navigator.clipboard.writeText = () => Promise.reject(new Error('not allowed'));
    document.execCommand = () => allowed;
}"""


@pytest.mark.parametrize("by_command", [True, False])
def test_what_cannot_be_copied_is_shown_to_be_copied_by_hand(panel: Panel, settings, by_command: bool) -> None:
    form: Settings = settings("")
    page = panel.page
    panel.spoil()
    panel.run("studio.generate('a boat', n=1, width=128, height=128, seed=42).wait()")
    page.evaluate(FORBID, by_command)
    open_menu(panel, "a boat").get_by_role("menuitem", name="Copy prompt").click()
    by_hand = page.get_by_role("dialog", name="The clipboard may not be written to: copy it from here")
    if by_command:
        expect(panel.toasts).to_contain_text("Prompt copied")
        expect(by_hand).to_have_count(0)
    else:
        expect(by_hand).to_contain_text("a boat")
        by_hand.press("Escape")

    form.choose("kinds:few")
    panel.button("seed 42").click()
    copied = "A few takes no seed; it is on the clipboard." if by_command else "A few takes no seed."
    expect(panel.toasts.get_by_text(copied, exact=True)).to_be_visible()
