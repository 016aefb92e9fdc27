"""What is to be read has room, in both languages and at every width: a page without JupyterLab."""

from __future__ import annotations

import itertools
import re

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
    for width, everywhere in itertools.product((1600, 1200, 920, 560, 400), (False, True)):
        resize(view, width)
        view.do("everywhere => pg.sift({ everywhere })", everywhere)  # where each batch names its topic, too
        view.pass_s(1)
        expect(view.page.locator(".pg-origin")).to_have_count(int(everywhere))
        for fact in ("count", "time", "cost") if everywhere else ("model", "size", "count", "time", "cost"):
            expect(facts.locator(f"[data-fact={fact}]")).to_be_visible()
        assert everywhere or is_cut(facts) == [], width
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
    const around = parseFloat(outlineOffset) + parseFloat(outlineWidth);
    const clip = one.parentElement.getBoundingClientRect();
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


SETTINGS = """() => Object.fromEntries(['.pg-scroll', '.pg-many', '.pg-cost > span', '.pg-cost > button', 'aside']
    .map(one => [one, document.querySelector(`.pg-side.left ${one}`).getBoundingClientRect().toJSON()]))"""


@in_both_languages
def test_how_many_and_what_it_costs_are_seen_at_any_height(view: View) -> None:
    view.page.add_style_tag(content=ICONS)
    for height in (760, 500, 320):
        for cost in (0, 67_200, 16_000_000):  # free, and more than there is in the wallet
            view.do("([height, cost]) => { pg.dragged = height; pg.form.cost = cost; }", [height, cost])
            boxes = view.do(SETTINGS)
            many, said, wallet = boxes[".pg-many"], boxes[".pg-cost > span"], boxes[".pg-cost > button"]
            assert boxes[".pg-scroll"]["bottom"] <= many["top"] < many["bottom"] <= said["top"]
            assert wallet["bottom"] <= boxes["aside"]["bottom"]
            assert wallet["top"] <= said["top"] < said["bottom"] <= wallet["bottom"], "in one row"
            assert boxes[".pg-scroll"]["height"] > height / 2


def test_a_wallet_that_holds_too_little_is_marked_before_the_press(view: View) -> None:
    wallet, settings = view.page.locator(".pg-cost > button"), view.page.locator(".pg-bar .pg-gap button")
    colour = "one => getComputedStyle(one).color"
    bad = view.do(
        "() => { const one = document.querySelector('.pg-prompt'); one.style.color = 'var(--pg-bad)';"
        " const { color } = getComputedStyle(one); one.style.color = ''; return color; }"
    )
    for cost, marked in ((10_000_000, False), (10_001_000, True)):  # 10,000 coins are $10
        resize(view, 1300)
        view.do("cost => { pg.form.cost = cost }", cost)
        assert (wallet.locator("b").evaluate(colour) == bad) == marked
        assert ("Not enough for this batch" in (wallet.get_attribute("title") or "")) == marked
        resize(view, 800)
        assert (settings.evaluate(colour) == bad) == marked
        assert (settings.get_attribute("title") == "Not enough for this batch") == marked


def test_a_narrow_frame_says_what_will_be_made_and_what_it_costs(view: View) -> None:
    summary = view.page.locator(".pg-bar").get_by_role("button", name="·")
    expect(summary).to_have_count(0)  # it is all beside it
    resize(view, 480)
    expect(summary).to_have_text("Every kind · 1 · free")
    view.do("() => { pg.set({ n: 4 }); pg.form.cost = 160000; }")
    expect(summary).to_have_text("Every kind · 4 · about $0.16")
    assert summary.evaluate("one => one.scrollWidth <= one.clientWidth")
    view.do("() => { pg.form.card.title = 'A model with a name that has no end '.repeat(4) }")
    assert view.page.locator(".pg-bar").evaluate("one => one.scrollWidth <= one.clientWidth"), "it gives way"
    summary.click()
    expect(view.page.get_by_role("complementary", name="Settings")).to_be_visible()


@in_both_languages
def test_choices_stand_beside_each_other_only_where_they_have_room(view: View) -> None:
    view.do("""() => {
        const background = pg.form.card.controls.find(one => one.name === 'background');
        background.choices = ['auto', 'opaque', 'transparent'];
    }""")
    for segments in view.page.locator(".pg-seg").all():
        assert (
            segments.evaluate("""box => [...box.querySelectorAll('button')].filter(one => {
            const words = document.createRange();
            words.selectNodeContents(one);
            return words.getBoundingClientRect().width > one.clientWidth - 6;
        }).map(one => one.innerText)""")
            == []
        )


BOXES = """() => [...document.querySelectorAll('.pg-search button, .pg-search select')]
    .map(one => JSON.stringify(one.getBoundingClientRect()))"""


@in_both_languages
def test_what_was_found_is_said_without_moving_what_is_under_the_pointer(view: View, studio: Studio) -> None:
    view.page.add_style_tag(content=ICONS)
    show(view, studio, n=3)
    here, everywhere = view.page.locator(".pg-scope button").all()
    for width in (1600, 1300, 920, 480):
        resize(view, width)
        before = view.do(BOXES)
        everywhere.click()
        view.settle()
        expect(view.page.locator(".pg-found")).to_have_text(re.compile("^3 images|^3 imagens"))
        assert view.do(BOXES) == before, width
        view.page.get_by_role("searchbox").fill("boat")
        view.pass_s(2)
        assert is_cut(view.page.locator(".pg-find")) == [], width
        view.page.get_by_role("searchbox").fill("")
        view.pass_s(2)
        here.click()
        view.settle()
