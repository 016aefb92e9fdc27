"""The feed at scale: what is drawn, kept and told of 10,000 images; searching; many images at once."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from .many import ALL_DRAWN, CELLS, COUNT_URLS, PLACE, SCROLL, TESTS, TOP, scroll, seed
from .panels import Panel


def search_field(page: Page):
    return page.get_by_role("searchbox")


@pytest.fixture
def received(panel: Panel):
    """What the page's websockets receive, message by message."""
    messages: list[bytes] = []

    def add(payload: str | bytes) -> None:
        messages.append(payload.encode() if isinstance(payload, str) else payload)

    panel.page.on("websocket", lambda socket: socket.on("framereceived", add))
    panel.spoil()  # so that the page is opened with this listening
    return messages


def test_ten_thousand_images(panel: Panel, received):
    panel.open()
    seed(panel, 10_000)
    page = panel.page
    page.wait_for_function(ALL_DRAWN)
    page.evaluate(COUNT_URLS)
    before = len(received)
    panel.show()  # as opening it again with all of it
    page.wait_for_function(ALL_DRAWN)
    assert sum(map(len, received[before:])) < 1_000_000
    expect(page.locator(".pg-topic")).to_contain_text("10,000 images")

    height = page.evaluate("() => document.querySelector('.pg-feed').scrollHeight")
    for width, sides in ((1600, True), (1600, False), (800, True)):
        page.set_viewport_size({"width": width, "height": 1000})
        if not sides:
            for side in ("settings", "topics"):
                panel.button(f"Hide the {side}").click()
        for to in (-1, height // 2, height // 3, 0):
            scroll(page, to)
            assert 0 < page.evaluate(CELLS) < 60, (width, sides, to)
    page.set_viewport_size({"width": 1600, "height": 1000})

    for step in range(40):  # what is far is given back
        page.evaluate(SCROLL, (step * 7919 % 100) / 100 * height)
        page.wait_for_function(ALL_DRAWN)
    page.wait_for_function("() => window.pictures.size > 100 && window.pictures.size <= 500")
    scroll(page, 0)
    expect(page.locator(".pg-said").first).to_contain_text("no. 456")


LAND = """
import gc
from photogram.ui.session import Session
shas = [f"{n:064x}" for n in range(450)]
for one in [one for one in gc.get_objects() if isinstance(one, Session)]:
    one._engine.thread.call(one._send, {"kind": "thumbs", "ids": [], "shas": shas}, [b"picture"] * len(shas))
"""


def test_pictures_that_land_while_nobody_scrolls_are_given_back(panel: Panel):
    panel.open()
    panel.page.evaluate(COUNT_URLS)
    assert panel.run(LAND) == ""
    panel.page.wait_for_function("() => window.pictures.size > 0 && window.pictures.size <= 400")


COUNT_RENDERS = """() => { // Vue calls the hooks `u` of a component whenever it was rendered again
    window.rendered = [];
    let cards = 0;
    const walk = (node) => {
        const { component, children } = node ?? {};
        if (component?.type?.props?.image && component.subTree?.el?.classList?.contains('pg-card')) {
            const note = () => window.rendered.push(component.props.image.id);
            component.u = [...(component.u ?? []), note];
            cards++;
        }
        if (component) walk(component.subTree);
        if (Array.isArray(children)) children.forEach(walk);
        else if (node?.suspense) walk(node.suspense.activeBranch);
    };
    [...document.querySelectorAll('*')].forEach((root) => walk(root._vnode));
    return cards;
}"""


def test_one_card_s_update_draws_one_card_and_is_small(panel: Panel, received):
    panel.open()
    seed(panel, 300)
    page = panel.page
    page.wait_for_function(ALL_DRAWN)
    page.evaluate("""() => {
        window.drawn = new Set();
        new MutationObserver((all) => all.forEach(({ target }) => {
            const card = (target.closest ? target : target.parentElement).closest('.pg-card');
            if (card) window.drawn.add(card.dataset.id);
        })).observe(document.querySelector('.pg-feed'), {
            subtree: true, childList: true, attributes: true, characterData: true,
        });
    }""")
    assert page.evaluate(COUNT_RENDERS) == page.locator(".pg-card[data-id]").count() > 8
    before = len(received)
    starred = panel.run("one = studio.batches()[0][0]\none.star()\nprint(one.id)").strip()
    card = page.locator(f'.pg-card[data-id="{starred}"]')
    expect(card.get_by_role("button", name="Take the star off")).to_be_visible()
    assert page.evaluate("() => [...window.drawn]") == [starred]
    assert page.evaluate("() => window.rendered") == [starred]
    told = [one for one in received[before:] if b'"changes"' in one and starred.encode() in one]
    assert len({one[one.index(b'"changes"') :] for one in told}) == 1  # a heartbeat just then has the same answer
    assert len(told[0]) < 5_000


def test_the_feed_stays_where_it_is_read(panel: Panel):
    panel.open()
    seed(panel, 600)
    page = panel.page
    page.wait_for_function(ALL_DRAWN)
    scroll(page, 3000)
    place = page.evaluate(PLACE)
    panel.run("for n in range(2): studio.generate(f'from a cell {n}', n=3, width=128, height=128).wait()")
    chip = page.get_by_role("button", name="2 new")
    expect(chip).to_be_visible()
    assert page.evaluate(PLACE) == place
    assert page.evaluate(TOP) > 3000

    page.set_viewport_size({"width": 1250, "height": 1000})  # other columns, the same prompt at the upper edge
    page.wait_for_function(ALL_DRAWN)
    assert page.evaluate(PLACE)[0] == place[0]
    page.set_viewport_size({"width": 1600, "height": 1000})
    page.wait_for_function(ALL_DRAWN)

    chip.click()
    expect(page.locator(".pg-said").first).to_have_text("from a cell 1")
    assert page.evaluate(TOP) == 0
    expect(chip).to_have_count(0)
    expect(page.locator(".pg-feed")).to_be_focused()  # what had the focus is gone: no key leaves the panel

    page.locator(".pg-feed .pg-view").first.focus()
    page.evaluate(SCROLL, -1)  # its line is not drawn any more
    expect(page.locator(".pg-feed")).to_be_focused()
    assert page.evaluate(TOP) > 3000

    scroll(page, 3000)  # what is pressed is shown, wherever one was
    panel.shrink(1)
    panel.prompt.fill("a boat")
    panel.button("Generate").click()
    expect(page.locator(".pg-said").first).to_have_text("a boat")
    assert page.evaluate(TOP) == 0
    expect(chip).to_have_count(0)


SAID = ".pg-feed .pg-said span"


def test_searching_a_topic_and_everything(panel: Panel):
    panel.open()
    panel.run("studio.new_topic('Logos'); studio.generate('a red fox', n=1, width=128, height=128).wait()")
    panel.run("studio.new_topic('Coast')")
    panel.run("for n in range(30): studio.generate(f'boat {n}', n=1, width=128, height=128).wait()")
    panel.run("studio.generate('a red boat', n=2, width=128, height=128).wait()")
    page, said = panel.page, panel.page.locator(SAID)
    field = page.get_by_role("searchbox", name="Search prompts in “Coast”")
    field.fill("BOAT 2")
    expect(page.locator(".pg-found")).to_have_text("11 images")  # 2 and 20 to 29: all of the topic's history
    expect(said.first).to_have_text("boat 29")
    field.fill("red")
    expect(said).to_have_text(["a red boat"])

    panel.button("Everything").click()
    expect(said).to_have_text(["a red boat", "a red fox"])
    panel.run("studio.generate('a red kite', n=1, width=128, height=128).wait()")
    expect(said).to_have_text(["a red kite", "a red boat", "a red fox"])
    panel.run("studio.generate('a blue kite', n=1, width=128, height=128).wait()")
    panel.run("studio.topic('Coast').delete()")
    expect(said).to_have_text(["a red fox"])
    page.get_by_title("Open in “Logos”").click()
    expect(page.locator(".pg-topic.on")).to_contain_text("Logos")
    expect(field).to_have_count(0)
    expect(search_field(page)).to_have_value("")
    expect(said).to_have_text(["a red fox"])

    search_field(page).fill("nowhere")
    expect(page.get_by_text("No prompt here contains “nowhere”.")).to_be_visible()
    panel.button("Clear the search").click()
    expect(said).to_have_text(["a red fox"])
    search_field(page).fill("nowhere")
    expect(page.get_by_text("Nothing found")).to_be_visible()
    panel.shrink(1)
    panel.prompt.fill("a new one")
    panel.button("Generate").click()  # what is made must be seen
    expect(said).to_have_text(["a new one", "a red fox"])
    expect(search_field(page)).to_have_value("")
    panel.await_pictures(2)


def test_filters_end_right_while_things_change(panel: Panel):
    panel.open()
    panel.run(
        f"import sys; sys.path.insert(0, {TESTS!r})\nfrom ui.kinds import add_kinds\nkinds = add_kinds(studio)\n"
        "studio.new_topic('Filters')\n"
        "first = studio.generate('first', n=3, width=128, height=128).wait()\n"
        "held = studio.generate('hold this', n=2, model='kinds:all', width=64, height=64)"
    )
    page, said = panel.page, panel.page.locator(SAID)
    expect(said).to_have_text(["hold this", "first"])
    panel.button("Starred").click()
    expect(page.get_by_text("No image passes these filters.")).to_be_visible()
    panel.run("first[1].star()")
    expect(page.locator(".pg-feed .pg-card")).to_have_count(1)
    expect(page.locator(".pg-facts")).to_contain_text("1 of 3 images")
    panel.run("first[0].star()")
    expect(page.locator(".pg-feed .pg-card")).to_have_count(2)
    panel.run("first[0].star(False); first[1].star(False)")
    expect(page.get_by_text("Nothing found")).to_be_visible()
    panel.button("Show all images").click()
    expect(said).to_have_text(["hold this", "first"])

    page.get_by_label("Filter by status").select_option("busy")
    expect(said).to_have_text(["hold this"])
    panel.run("kinds.go.set(); held.wait()")
    expect(page.get_by_text("Nothing found")).to_be_visible()
    page.get_by_label("Filter by status").select_option("success")
    expect(said).to_have_text(["hold this", "first"])
    page.get_by_label("Filter by status").select_option("")
    page.get_by_role("search").hover()
    models = page.get_by_label("Filter by model")
    expect(models.locator("option")).to_have_text(["All models", "kinds:all", "sketch:scene"])
    models.select_option("kinds:all")
    expect(said).to_have_text(["hold this"])
    panel.run("studio.generate('not this', n=1, width=128, height=128).wait(); held.delete()")
    expect(page.get_by_text("Nothing found")).to_be_visible()


def test_two_hundred_images_at_once_end_right(panel: Panel):
    panel.open()
    panel.run(
        f"import sys; sys.path.insert(0, {TESTS!r})\nfrom ui.kinds import add_kinds\nkinds = add_kinds(studio)\n"
        "studio.new_topic('Burst')\n"
        "all = [studio.generate(f'hold {n}', n=50, model='kinds:all', width=16, height=16) for n in range(4)]\n"
        "from threading import Event, Semaphore\n"
        "run, some, rest = kinds.run, Semaphore(100), Event()\n"
        "def run_half(*given):\n"
        "    if not some.acquire(blocking=False): rest.wait(60)\n"
        "    return run(*given)\n"
        "kinds.run = run_half"
    )
    page = panel.page
    expect(page.locator(".pg-said").first).to_have_text("hold 3")
    panel.run("kinds.go.set()")
    panel.button("More actions").first.click()
    expect(page.get_by_role("menuitem", name="Copy prompt")).to_be_focused()
    panel.run("rest.set()")  # 100 of them come at the earliest while the menu is open
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("menuitem", name="Copy as Python code")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("menu")).to_have_count(0)
    panel.button("Hide the topics").click()
    expect(page.get_by_role("complementary", name="Topics")).to_have_count(0)
    panel.button("Show the topics").click()
    panel.prompt.fill("typed meanwhile")
    panel.run("for one in all: one.wait()")
    expect(panel.prompt).to_have_value("typed meanwhile")
    page.wait_for_function(ALL_DRAWN)
    height = page.evaluate("() => document.querySelector('.pg-feed').scrollHeight")
    for part in range(1, 12):  # every one of the 200 is on the screen once
        scroll(page, height * part // 11)
        expect(page.locator(".pg-feed .pg-wait")).to_have_count(0)
    scroll(page, 0)
    expect(page.locator(".pg-facts").first).to_contain_text("50 images")
    expect(page.locator(".pg-topic.on")).to_contain_text("200 images")


def test_a_topic_that_was_left_is_there_again_with_the_truth(panel: Panel):
    panel.open()
    panel.run("studio.new_topic('One'); one = studio.generate('in one', n=2, width=128, height=128).wait()")
    panel.run("studio.new_topic('Two'); studio.generate('in two', n=1, width=128, height=128).wait()")
    page, said = panel.page, panel.page.locator(SAID)
    panel.await_pictures(1)
    topics = page.get_by_role("complementary", name="Topics")
    topics.get_by_role("button", name="One").first.click()
    panel.await_pictures(2)
    topics.get_by_role("button", name="Two").first.click()
    expect(said).to_have_text(["in two"])
    panel.run("one[0].delete(); one[1].star()")
    topics.get_by_role("button", name="One").first.click()
    expect(page.locator(".pg-feed .pg-card")).to_have_count(1)
    expect(panel.button("Take the star off")).to_be_visible()
