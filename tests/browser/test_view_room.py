"""What is to be read has room, in both languages and at every width: a page without JupyterLab."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from photogram.studio import Studio

from .views import View, show

in_both_languages = pytest.mark.parametrize("unopened", ["en-US", "pt-BR"], indirect=True)
ICONS = ".pg .mdi { min-width: 17px; }"
"""As wide as they are: their font comes with JupyterLab."""

CUT = """box => [...box.querySelectorAll('button, span, b')].filter(one => one.checkVisibility())
    .filter(one => one.clientWidth > 1 && one.scrollWidth > one.clientWidth + 1).map(one => one.innerText)"""
"""Words that are cut, or stand out of their box."""


LAID_OUT = """() => {
    const box = document.querySelector('.pg-feed'), { paddingLeft, paddingRight } = getComputedStyle(box);
    return pg.$refs.feed.width === Math.floor(box.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight));
}"""


def resize(view: View, width: int) -> None:
    """Gives the window another width, and waits until the feed is laid out anew."""
    view.page.set_viewport_size({"width": width, "height": 800})
    while not view.do(LAID_OUT):
        view.page.clock.run_for(50)
    view.settle()


def is_cut(box: Locator) -> list[str]:
    return box.evaluate(CUT)


@in_both_languages
def test_what_a_batch_is_stands_in_its_head_at_every_width(view: View, studio: Studio) -> None:
    view.page.add_style_tag(content=ICONS)
    show(view, studio, n=2)
    facts = view.page.locator(".pg-facts")
    for width in (1600, 1200, 920, 560, 400):
        resize(view, width)
        for fact in ("model", "size", "count", "time", "cost"):
            expect(facts.locator(f"[data-fact={fact}]")).to_be_visible()
        assert is_cut(facts) == [], width
        assert facts.evaluate("one => one.scrollWidth <= one.clientWidth"), width
        assert view.page.locator(".pg-head").evaluate(
            "one => one.offsetHeight <= one.parentElement.offsetHeight && one.closest('.pg-line').offsetHeight < 60"
        ), width


@in_both_languages
def test_a_flat_card_of_what_failed_has_whole_buttons(view: View, studio: Studio) -> None:
    view.page.add_style_tag(content=ICONS)
    batch = studio.generate("refuse this", n=3, width=256, height=144)
    batch.wait(20)
    view.pass_s(6)
    steps = view.page.locator(".pg-steps")
    expect(steps).to_have_count(3)
    for width in (1440, 1220, 920, 800, 480):
        resize(view, width)
        assert view.page.locator(".pg-card").first.evaluate("one => one.offsetHeight < 140"), "a flat one"
        assert is_cut(steps.first) == [], width
        assert steps.first.evaluate("one => one.scrollWidth <= one.clientWidth"), width


RING = """one => {
    const { outlineOffset, outlineWidth, outlineStyle } = getComputedStyle(one), box = one.getBoundingClientRect();
    const around = parseFloat(outlineOffset) + parseFloat(outlineWidth), clip = one.parentElement.getBoundingClientRect();
    return outlineStyle === 'none' || box.left - around < clip.left || box.right + around > clip.right
        || box.top - around < clip.top || box.bottom + around > clip.bottom;
}"""
"""Whether the ring around what has the focus is cut off by what it is in, or is not there."""


def test_the_ring_of_a_segment_with_the_focus_is_whole(view: View) -> None:
    segments = view.page.get_by_role("group", name="Images").locator("button, input")
    view.page.keyboard.press("Tab")  # who uses the keyboard sees a ring
    for segment in segments.all():
        segment.focus()
        assert not segment.evaluate(RING)


def test_left_edges_line_up_at_every_width(view: View, studio: Studio) -> None:
    show(view, studio)
    boxes = [view.page.locator(one).first for one in (".pg-prompt", ".pg-search", ".pg-head", ".pg-card")]
    for width in (1200, 800, 480):
        resize(view, width)
        assert len({round(box.evaluate("one => one.getBoundingClientRect().left")) for box in boxes}) == 1, width
