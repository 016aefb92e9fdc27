"""The prompt, the frame around it, what is said and asked."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from photogram.domain.task import ErrorKind
from photogram.ui.texts import read_texts

from .panels import Panel
from .settings import KINDS, open_settings

WIDER = """() => [...document.querySelectorAll('.pg, .pg *')].filter(one => {
    const box = one.getBoundingClientRect(), frame = document.querySelector('.pg').getBoundingClientRect();
    const out = box.right > frame.right + 1 || box.left < frame.left - 1;
    return out && box.width && !one.closest('.pg-unseen, [hidden]');
}).map(one => one.outerHTML.slice(0, 120))"""


def is_focused_in(page: Page, selector: str) -> None:
    page.wait_for_function("where => !!document.activeElement.closest(where)", arg=selector)


def is_inside(page: Page) -> None:
    """Waits until nothing stands out of the frame, also after what follows a change of its width."""
    page.wait_for_function(f"() => ({WIDER})().length === 0", timeout=10_000)


def batches(panel: Panel) -> int:
    return int(panel.run("print(len(studio.batches()))"))


# ── The prompt ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_prompt_grows_and_says_when_it_comes_to_its_end(panel: Panel) -> None:
    open_settings(panel)  # its models take 500 characters
    page, reason = panel.page, panel.page.locator(".pg-reason")
    low = panel.prompt.bounding_box()["height"]
    panel.prompt.fill("\n".join("abcdef"))
    high = panel.prompt.bounding_box()["height"]
    assert high > low
    panel.prompt.fill("\n" * 60)
    assert high < panel.prompt.bounding_box()["height"] <= 180
    panel.prompt.fill("")
    assert panel.prompt.bounding_box()["height"] == low
    expect(page.locator(".pg-keys")).to_have_text("Ctrl ↵")

    panel.prompt.fill("x" * 440)
    expect(reason).to_have_text("")
    panel.prompt.fill("é" * 460)
    expect(reason).to_have_text("40 characters left")
    panel.prompt.fill("x" * 499)
    expect(reason).to_have_text("1 character left")
    panel.prompt.fill("x" * 503)
    expect(reason).to_have_text("Too long by 3 characters: this model takes 500.")
    expect(panel.prompt).to_have_accessible_description("Too long by 3 characters: this model takes 500.")
    expect(panel.button("Generate")).to_be_disabled()
    panel.prompt.press("Control+Enter")
    expect(panel.toasts.get_by_role("alert")).to_contain_text("Too long by 3 characters")
    assert batches(panel) == 0
    panel.prompt.fill("x" * 500)
    expect(panel.button("Generate")).to_be_enabled()


def test_it_cannot_be_pressed_while_a_setting_is_wrong_and_says_which(panel: Panel) -> None:
    form = open_settings(panel)
    panel.prompt.fill("a boat")
    form.number("Steps").fill("99")
    reason = panel.page.locator(".pg-reason")
    expect(reason).to_contain_text("Fix the settings first: Steps must be 1–50")
    expect(panel.button("Generate")).to_be_disabled()
    form.number("Steps").fill("9")
    expect(panel.button("Generate")).to_be_enabled()
    form.side.get_by_role("textbox", name="Negative prompt").fill(
        "x" * 2_001
    )  # nothing sets that right when the focus goes on
    expect(reason).to_contain_text("Fix the settings first: Negative prompt has")
    expect(form.side.locator(".pg-cost")).to_contain_text("This batch –")  # and not that its price is unknown
    expect(panel.button("Generate")).to_be_disabled()
    panel.prompt.press("Control+Enter")
    expect(panel.toasts.get_by_role("alert")).to_contain_text("Fix the settings first")
    assert batches(panel) == 0
    form.side.get_by_role("textbox", name="Negative prompt").fill("fog")
    expect(panel.button("Generate")).to_be_enabled()


def test_what_failed_stays_and_what_was_made_goes(panel: Panel) -> None:
    form = open_settings(panel, "")
    form.say("studio.keys['fal'] = 'for-a-moment'")
    form.choose("fal:flux")
    panel.prompt.fill("a palace")
    expect(panel.button("Generate")).to_be_enabled()
    form.say("del studio.keys['fal']")  # the panel does not know yet
    panel.button("Generate").click()
    alert = panel.toasts.get_by_role("alert")
    expect(alert).to_contain_text(re.compile("Failed to generate: .*key.*studio.keys"))
    expect(panel.prompt).to_have_value("a palace")
    expect(panel.page.locator(".pg-row")).to_have_count(0)
    alert.get_by_role("button", name="Dismiss").click()

    form.choose("kinds:dear")  # $2 an image; the wallet holds $10
    form.side.get_by_role("group", name="Images").get_by_text("8", exact=True).click()
    panel.button("Generate").click()
    expect(alert).to_contain_text("Insufficient coins: this needs 16,000, and the wallet holds 10,000. Please top up.")
    expect(panel.prompt).to_have_value("a palace")
    expect(panel.page.locator(".pg-feed .pg-wait")).to_have_count(0)
    expect(panel.page.locator(".pg-row")).to_have_count(0)
    alert.get_by_role("button", name="Top up").click()
    expect(panel.page.get_by_role("dialog")).to_be_visible()
    panel.page.keyboard.press("Escape")
    form.side.get_by_role("group", name="Images").get_by_text("1", exact=True).click()
    panel.prompt.press("Control+Enter")
    panel.await_pictures(1)
    expect(panel.prompt).to_have_value("")


def test_on_a_mac_the_hint_is_its_own_key_and_that_key_works(panel: Panel) -> None:
    panel.open()
    page = panel.page
    page.evaluate("() => Object.defineProperty(navigator, 'platform', { value: 'MacIntel', configurable: true })")
    page.evaluate(
        "() => Object.defineProperty(navigator, 'userAgentData', { value: { platform: 'macOS' }, configurable: true })"
    )
    panel.close()
    panel.open()
    expect(page.locator(".pg-keys")).to_have_text("⌘ ↵")
    panel.shrink()
    panel.prompt.fill("a boat")
    panel.prompt.press("Meta+Enter")
    panel.await_pictures(1)
    page.evaluate("() => { delete navigator.platform; delete navigator.userAgentData; }")


FAILS = """
from photogram.errors import BY_KIND, ProviderError
def fail_as(kind):
    def run(request, progress, cancelled):
        error = BY_KIND[kind].__new__(BY_KIND[kind])
        ProviderError.__init__(error, f"In English: {kind}", next_step="Do it.")
        error.retry_after_s, error.sent, error.http_status = 0, True, None
        raise error
    kinds.run = run
    return studio.generate(kind, model="kinds:all", width=16, height=16)
"""

# ── What is said ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_toasts_are_few_stay_while_they_are_looked_at_and_go(panel: Panel) -> None:
    panel.open()
    page, alerts = panel.page, panel.toasts.get_by_role("alert").locator(".pg-toast")
    page.clock.install()
    panel.spoil()  # the page's clock is ours from now on
    for _ in range(3):
        panel.button("Generate").click()
    expect(alerts).to_have_text(["Please enter a prompt"])  # said again is said once
    files = page.locator(".pg-side input[type=file]")
    for name in "abcdef":
        files.set_input_files([{"name": f"{name}.txt", "mimeType": "text/plain", "buffer": b"no image"}])
    expect(alerts).to_have_text([f"{name}.txt is not an image" for name in "cdef"])
    alerts.first.hover()
    page.clock.fast_forward(30_000)
    expect(alerts).to_have_count(4)
    alerts.last.get_by_role("button", name="Dismiss").press("Escape")
    expect(alerts).to_have_count(3)
    is_focused_in(page, ".pg")
    page.mouse.move(5, 5)
    page.clock.run_for(100)
    page.clock.run_for(6_000)
    expect(alerts).to_have_count(0)


BILLED = """
from photogram.domain.events import Event, EventKind
from photogram.store.ending import SAY
from photogram.store.stopping import MAY_BE_BILLED
task_id = studio.batches()[0][0].record.task_id
event = Event(kind=EventKind.BATCH, user_id=studio.user)
studio._write(lambda cur: cur.execute(SAY, [MAY_BE_BILLED, task_id]) and None, event=event)
"""


def test_errors_are_told_in_portuguese_by_kind_and_their_own_words_are_copied(panel: Panel) -> None:
    panel.open(studio="pg.Studio({name!r}, lang='pt-BR')")
    page, texts = panel.page, read_texts("pt-BR")
    expect(page.locator(".pg")).to_have_attribute("lang", "pt-BR")
    panel.button("Gerar").click()
    expect(panel.toasts.get_by_role("alert")).to_contain_text("Digite um prompt")
    assert not panel.run(KINDS)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    for kind in ErrorKind:
        made = panel.run(FAILS + f"fail_as({str(kind)!r}).wait(timeout_s=60)")
        assert not made, made
        card = page.locator(".pg-failed").first  # the newest stands first
        expect(card).to_contain_text(texts[f"error.{kind}"])
        expect(card).not_to_contain_text("In English")
    card.get_by_role("button", name="Copiar detalhes").click()
    expect(panel.toasts).to_contain_text("Detalhes copiados")
    assert "In English: lost" in page.evaluate("() => navigator.clipboard.readText()")
    said = panel.run(BILLED)
    assert not said, said
    expect(card).to_contain_text(texts["note.may_be_billed"])  # a note is the engine's English, too
    expect(card).not_to_contain_text("It was sent")


def test_settings_that_do_not_go_together_are_named_in_portuguese(panel: Panel) -> None:
    panel.open(studio="pg.Studio({name!r}, lang='pt-BR')")
    assert not panel.run(KINDS + "\nstudio.form.update(model='kinds:all', output_format='jpeg', output_compression=50)")
    panel.page.get_by_role("group", name="Formato").get_by_text("png").click()
    said = panel.page.locator(".pg-side .pg-problem")
    expect(said).to_have_text("Estes ajustes não combinam: Formato, Compressão")
    panel.page.get_by_role("group", name="Formato").get_by_text("jpeg").click()
    expect(said).to_have_count(0)


# ── The frame ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_side_panels_fold_and_it_is_remembered(panel: Panel) -> None:
    panel.open()
    page = panel.page
    for side, name in (("settings", "Settings"), ("topics", "Topics")):
        column = page.get_by_role("complementary", name=name)
        expect(column).to_be_visible()
        panel.button(f"Hide the {side}").click()
        expect(column).to_have_count(0)
        expect(panel.button(f"Show the {side}")).to_be_focused()
        expect(panel.button(f"Show the {side}")).to_have_attribute("aria-expanded", "false")
    panel.button("Show the topics").click()
    expect(page.get_by_role("complementary", name="Topics")).to_be_visible()
    panel.run("pass")  # the last word has reached the kernel
    panel.show()
    expect(page.get_by_role("complementary", name="Topics")).to_be_visible()
    expect(page.get_by_role("complementary", name="Settings")).to_have_count(0)


def test_below_900_px_they_are_drawers_that_keep_the_focus(panel: Panel) -> None:
    panel.open()
    page = panel.page
    panel.shrink(4)
    panel.generate("a lighthouse at dusk, two boats, watercolor, and a very long prompt that goes on and on", 4)
    page.set_viewport_size({"width": 800, "height": 1000})
    expect(page.locator(".pg-side")).to_have_count(0)
    for side, name in (("settings", "Settings"), ("topics", "Topics")):
        opener, drawer = panel.button(f"Show the {side}"), page.get_by_role("complementary", name=name)
        opener.click()
        expect(drawer).to_be_visible()
        is_focused_in(page, ".pg-side")
        for _ in range(40):  # the middle is out of reach: the keys never come to it
            page.keyboard.press("Tab")
            assert not page.evaluate("() => !!document.activeElement.closest('.pg-middle')")
        page.locator(".pg-shut").focus()
        page.keyboard.press("Escape")
        expect(drawer).to_have_count(0)
        expect(opener).to_be_focused()
        opener.click()
        frame = page.locator(".pg").bounding_box()
        page.mouse.click(frame["x"] + (frame["width"] - 20 if side == "settings" else 20), frame["y"] + 300)
        expect(drawer).to_have_count(0)
        expect(opener).to_be_focused()
        opener.click()
        panel.button(f"Hide the {side}").and_(page.locator(".pg-shut")).click()
        expect(drawer).to_have_count(0)
    panel.button("Show the topics").click()
    page.locator("button.pg-topic").first.click()
    expect(page.locator(".pg-side")).to_have_count(0)
    page.set_viewport_size({"width": 1600, "height": 1000})
    expect(page.locator(".pg-side")).to_have_count(2)


def test_nothing_is_wider_than_its_frame(panel: Panel) -> None:
    panel.open()
    page = panel.page
    panel.shrink(2)
    panel.generate("an_unbreakable_word_of_a_prompt_" * 8, 2)
    around = 1600 - page.evaluate("() => document.querySelector('.pg').clientWidth")  # JupyterLab's own
    for width in (1000, 800, 420):
        page.set_viewport_size({"width": width + around, "height": 1000})
        page.wait_for_function("width => Math.abs(document.querySelector('.pg').clientWidth - width) < 60", arg=width)
        is_inside(page)
        for side in ("settings", "topics") if width < 900 else ():
            panel.button(f"Show the {side}").click()
            expect(page.locator(".pg-side")).to_be_visible()
            is_inside(page)
            page.locator(".pg-shut").press("Escape")
