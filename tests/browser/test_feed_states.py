"""Images in every state but made, with a provider that errs: what the feed says of them, and what can be done."""

from __future__ import annotations

import json
import re

from playwright.sync_api import Page, expect

from .feeds import card, head, is_focused, line, make, open_menu, open_tall, pictures, press
from .loopback import GLIMPSE, LATE, LOOPBACK, SLOW, STATES, WORKING
from .panels import Panel
from .settings import Settings


def test_every_way_in_which_an_image_is_not_made(panel: Panel, clipboard) -> None:
    open_tall(panel)
    page = panel.page
    make(panel, LOOPBACK.format(price=40_000) + STATES)

    going = card(panel, "in line")
    expect(going).to_contain_text("2 before it")
    expect(going.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "40")
    card(panel, "unwanted").get_by_role("button", name="Cancel").click()
    expect(card(panel, "unwanted")).to_contain_text("Cancelled")
    panel.await_value("stopped[0].status", "cancelled")
    is_focused(card(panel, "unwanted").get_by_role("button", name="Retry", exact=True))

    expect(card(panel, "too many")).to_contain_text(re.compile("rate|limit|requests", re.I))
    expect(card(panel, "indecent")).to_contain_text("The prompt was refused.")
    expect(card(panel, "indecent")).to_contain_text("Rephrase the prompt.")
    expect(card(panel, "broken")).to_contain_text("The provider failed (HTTP 500).")
    expect(card(panel, "vanished")).to_contain_text(re.compile("billed|unknown", re.I))
    expect(card(panel, "vanished")).to_contain_text("Look at the provider's page before you retry.")
    make(panel, LATE)
    expect(card(panel, "vanished")).to_contain_text(
        "It may still come, and be billed: it is asked about now and then. "
        "Retry asks at once, and pays only if there is nothing to be had."
    )
    for prompt in ("too many", "indecent", "broken", "vanished"):
        expect(card(panel, prompt).get_by_role("button", name="Retry", exact=True)).to_be_enabled()
        expect(head(panel, prompt).locator(".pg-facts")).not_to_contain_text("free")

    statuses, said = page.get_by_label("Filter by status"), page.locator(".pg-said")
    for status, prompts in (
        ("lost", ["vanished"]),
        ("cancelled", ["unwanted"]),
        ("error", ["broken", "indecent", "too many"]),
    ):
        statuses.select_option(status)
        expect(said).to_have_text(prompts)
    statuses.select_option("")

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


FORBID = """allowed => {
    navigator.clipboard.writeText = () => Promise.reject(new Error('not allowed'));
    document.execCommand = () => allowed;
}"""
ALLOW = "() => { delete navigator.clipboard.writeText; delete document.execCommand; }"


def test_what_cannot_be_copied_is_shown_and_a_seed_that_cannot_be_reused_is_said(panel: Panel, settings) -> None:
    form = settings("")
    page = panel.page
    panel.run("studio.generate('a boat', n=1, width=128, height=128, seed=42).wait()")
    form.choose("kinds:few")
    by_hand = page.get_by_role("dialog", name="The clipboard may not be written to: copy it from here")
    for by_command in (True, False):
        page.evaluate(FORBID, by_command)
        open_menu(panel, "a boat").get_by_role("menuitem", name="Copy prompt").click()
        if by_command:
            expect(panel.toasts).to_contain_text("Prompt copied")
            expect(by_hand).to_have_count(0)
        else:
            expect(by_hand).to_contain_text("a boat")
            by_hand.press("Escape")
        panel.button("seed 42").click()
        copied = "A few takes no seed; it is on the clipboard." if by_command else "A few takes no seed."
        expect(panel.toasts.get_by_text(copied, exact=True)).to_be_visible()
    page.evaluate(ALLOW)
