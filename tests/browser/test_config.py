"""The settings in a real JupyterLab: every kind of control, the wallet."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from .heard import listening
from .panels import Panel
from .settings import a_file

# ── Controls ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_kind_of_parameter_has_a_control_that_works(settings) -> None:
    form = settings()
    side = form.side
    form.group("Aspect ratio").get_by_role("button", name="16:9").click()
    side.get_by_label("Style").select_option(label="A long name")
    form.group("Quality").get_by_role("button", name="HD").click()
    form.group("Background").get_by_role("button", name="Transparent").click()
    side.get_by_label("Resolution").select_option("2K")
    form.number("Strength").fill("0.75")
    expect(side.get_by_text("Compression")).to_have_count(0)
    form.group("Format").get_by_text("JPEG").click()
    form.number("Compression").fill("40")
    form.slider("Steps").press("ArrowRight")
    form.number("Guidance").fill("4.5")
    side.get_by_label("Negative prompt").fill("fog, text")
    side.get_by_label("Sampler").fill("euler")
    form.group("Seamless tile").get_by_text("On").click()
    form.number("Seed").fill("0")
    form.group("Images").get_by_text("2", exact=True).click()
    form.panel.generate("a boat", n=2)
    assert form.say("print(dict(studio.batches()[0].params) == dict(aspect_ratio='16:9', style='a_long_name', "
                    "quality='hd', background='transparent', resolution='2K', strength=0.75, "
                    "output_format='jpeg', output_compression=40, steps=21, guidance_scale=4.5, "
                    "negative_prompt='fog, text', sampler='euler', tiling=True, seed=0), studio.batches()[0].params)"
                    ).startswith("True"), form.say("print(studio.batches()[0].params)")  # fmt: skip

    side.get_by_role("button", name="Reset Steps to 20").click()  # back to its default
    expect(form.number("Steps")).to_have_value("20")
    expect(form.number("Steps")).to_be_focused()  # the button is gone, the focus is not
    side.get_by_role("button", name="Random seed").click()
    expect(form.number("Seed")).to_have_value("")
    expect(side.get_by_role("button", name="Random seed")).to_be_focused()
    side.get_by_role("button", name="Roll a seed").click()
    expect(form.number("Seed")).not_to_have_value("")
    form.await_form("studio.form.params['seed'] >= 0 and 'steps' not in studio.form.params")

    custom = form.number("Another number of images")
    custom.fill("7")
    form.await_form("studio.form.n == 7")
    custom.fill("99")
    expect(side.get_by_text("50 at most: 99 became 50")).to_be_visible()
    custom.press("Tab")
    expect(custom).to_have_value("50")
    form.await_form("studio.form.n == 50")


PROPORTIONS = r"""box => [...box.querySelectorAll('.pg-tile')].map(tile => {
    const named = /(\d+) *[:×] *(\d+)/.exec(tile.innerText), drawn = tile.querySelector('i').getBoundingClientRect();
    return named && [named[1] / named[2], drawn.width / drawn.height];
}).filter(Boolean)"""
"""Of every tile that names proportions, those and the ones that are drawn."""


def test_a_number_between_steps_is_set_right_and_said(settings) -> None:
    form = settings()
    drawn_ratios = form.group("Aspect ratio").evaluate(PROPORTIONS)
    assert len(drawn_ratios) > 4
    for named, drawn in drawn_ratios:
        assert drawn == pytest.approx(named, rel=0.06)
    width, height = form.number("Width"), form.number("Height")
    width.fill("100")
    expect(form.side.get_by_text("steps of 16")).to_be_visible()  # while it stands there
    expect(width).to_have_accessible_description(re.compile("steps of 16"))
    width.press("Enter")
    expect(width).to_have_value("96")
    expect(form.side.get_by_text("It goes in steps of 16: 100 became 96")).to_be_visible()
    expect(height).to_have_value("96")  # the lock
    form.await_form("studio.form.params['width'] == studio.form.params['height'] == 96")
    width.fill("9000")
    width.press("Tab")
    expect(form.side.get_by_text("256 at most: 9,000 became 256")).to_be_visible()
    expect(width).to_have_value("256")
    form.number("Guidance").fill("3.7")
    form.number("Guidance").press("Enter")
    expect(form.side.get_by_text("It goes in steps of 0.5: 3.7 became 3.5")).to_be_visible()

    form.group("Aspect ratio").get_by_role("button", name="4:3").click()
    form.await_form("studio.form.params == {'aspect_ratio': '4:3'}")
    expect(width).to_have_value("64")
    expect(height).to_have_value("48")
    width.fill("1")  # on the way to 128 the lock forgets no proportion
    width.fill("12")
    width.fill("128")
    expect(height).to_have_value("96")
    form.slider("Height").press("ArrowRight")
    expect(height).to_have_value("112")
    form.side.get_by_role("button", name="Keep the proportions").click()
    height.fill("240")
    height.press("Enter")
    before = width.input_value()
    form.await_form(f"studio.form.params['height'] == 240 and studio.form.params['width'] == {before}")
    form.side.get_by_role("button", name="Reset the size").click()
    expect(height).to_have_value("64")
    expect(form.group("Aspect ratio").get_by_role("button").first).to_be_focused()


def test_named_sizes_say_what_they_are(settings) -> None:
    form = settings("openai:gpt image 1.5")
    sizes = form.group("Size")
    expect(sizes.get_by_role("button")).to_have_count(4)
    assert [one.replace("\n", " ") for one in sizes.get_by_role("button").all_inner_texts()] == [
        "Square 1024 × 1024", "Landscape 1536 × 1024", "Portrait 1024 × 1536", "Auto",
    ]  # fmt: skip
    for named, drawn in sizes.evaluate(PROPORTIONS):
        assert drawn == pytest.approx(named, rel=0.06)
    sizes.get_by_role("button", name="Landscape").click()
    form.await_form("studio.form.params == {'size': '1536x1024'}")
    sizes.get_by_role("button", name="Square").click()
    form.await_form("studio.form.params == {}")


TYPE = """async () => { // by the page's own timers: on no machine is a pause between two keys as long as the last
    const pause = () => new Promise(done => setTimeout(done, 20));
    const put = async (field, value) => {
        field.value = value;
        field.dispatchEvent(new Event('input', { bubbles: true }));
        await pause();
    };
    const field = document.querySelector('.pg-prompt textarea');
    const slider = document.querySelector('.pg-side.left input[type=range][aria-label=Steps]');
    for (const text of ['a', 'a ', 'a b', 'a bo', 'a boat']) await put(field, text);
    for (const steps of [21, 22, 25, 30]) await put(slider, steps);
    return window.heard.filter(([kind]) => kind === 'form').length;
}"""


def test_typing_and_dragging_leave_as_one_message_and_coming_back_asks_at_once(settings) -> None:
    form = settings()
    page = form.page
    with listening(page) as heard:
        assert page.evaluate(TYPE) == 0, "nothing leaves while somebody types"
        form.await_form("studio.form.prompt == 'a boat' and studio.form.params == {'steps': 30}")
        assert heard("form") == 1
        window, tab = (
            "window.dispatchEvent(new Event('focus'))",
            "document.dispatchEvent(new Event('visibilitychange'))",
        )
        for event in (window, tab, f"{tab}; {window}"):
            come = f"() => {{ const before = window.heard.length; {event}; return window.heard.slice(before) }}"
            left = page.wait_for_function(f"() => {{ const left = ({come})(); return left.length && left }}")
            assert left.json_value() == [["beat", ""]], "it does not wait for the next beat"


def test_what_is_typed_reaches_the_kernel_and_is_there_again_in_another_kernel(settings, panel: Panel) -> None:
    form = settings("")
    panel.button("Hide the topics").click()
    frame, edge = panel.page.locator(".pg"), panel.page.get_by_role("separator", name="Height of the panel")
    edge.press("ArrowDown")
    edge.press("ArrowDown")
    panel.prompt.fill("half a sen")
    form.number("Width").fill("512")
    form.group("Images").get_by_text("8", exact=True).click()
    form.slider("Strength").press("ArrowRight")
    form.await_form("studio.form.prompt == 'half a sen' and studio.form.n == 8 and 'strength' in studio.form.params")
    strength = form.number("Strength").input_value()
    panel.renew_kernel()
    panel.open()
    expect(panel.prompt).to_have_value("half a sen")
    expect(form.number("Width")).to_have_value("512")
    expect(form.number("Strength")).to_have_value(strength)
    expect(form.side).to_be_visible()
    expect(panel.page.get_by_role("complementary", name="Topics")).to_have_count(0)
    assert frame.bounding_box()["height"] == 800
    expect(form.group("Images").get_by_role("button", pressed=True)).to_have_text("8")


def test_another_model_keeps_what_it_takes_and_says_what_it_does_not(settings) -> None:
    form = settings()
    form.panel.prompt.fill("a boat")
    form.number("Width").fill("128")
    form.number("Steps").fill("7")
    form.number("Seed").fill("0")
    form.add(a_file("red.png"), a_file("blue.png"))
    expect(form.previews).to_have_count(2)
    form.choose("kinds:a few")
    expect(form.panel.toasts).to_contain_text("A few does not take: Steps, Seed")
    expect(form.number("Width")).to_have_value("128")
    expect(form.panel.prompt).to_have_value("a boat")
    expect(form.previews).to_have_count(2)
    reason = "A few takes 1 reference: remove 1, or choose another model."
    expect(form.side.get_by_text(reason)).to_be_visible()
    form.panel.prompt.press("Control+Enter")
    expect(form.panel.toasts).to_contain_text("Fix the settings first: A few takes 1 reference image, not 2")
    assert form.say("print(len(studio.batches()))") == "0"
    form.side.get_by_role("button", name="Remove reference 2").click()
    expect(form.side.get_by_text(reason)).to_have_count(0)
    expect(form.panel.button("Generate")).to_have_attribute("aria-disabled", "false")
    form.choose("kinds:every kind")
    form.await_form("studio.form.params == {'width': 128, 'height': 128} and len(studio.form.images) == 1")


# ── The wallet ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_wallet_is_topped_up_in_a_dialog_that_says_what_coins_are(settings) -> None:
    form = settings("kinds:dear")
    cost, wallet = form.side.get_by_text("This batch about $2.00"), form.side.get_by_role("button", name="Wallet")
    expect(cost).to_have_attribute("title", "1 × about $2.00 · 2,000 coins · $2.00")
    expect(wallet).to_have_attribute("title", "Wallet · 10,000 coins · $10.00 · Top up")
    form.group("Images").get_by_text("8", exact=True).click()
    expect(form.side.get_by_text("This batch about $16.00")).to_be_visible()
    expect(wallet).to_contain_text("Not enough for this batch")  # said before the press
    expect(wallet).to_have_attribute("title", re.compile("Not enough for this batch"))
    form.panel.prompt.fill("a yacht")
    form.panel.button("Generate").click()
    form.panel.toasts.get_by_role("button", name="Top up").click()
    dialog = form.page.get_by_role("dialog", name="Top up the wallet")
    expect(dialog).to_contain_text("Topping up moves no money")
    expect(dialog).to_contain_text("10,000 coins · $10.00")
    expect(dialog.get_by_role("button", pressed=True)).to_contain_text("10,000")  # enough for the batch
    for _ in range(9):
        form.page.keyboard.press("Tab")
        assert dialog.evaluate("one => one.contains(document.activeElement)")
    form.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    wallet.click()
    dialog.get_by_label("Another amount, in coins").fill("0")
    expect(dialog.get_by_text("From 1 to 1,000,000,000 coins")).to_be_visible()
    dialog.get_by_label("Another amount, in coins").fill("2500")
    expect(dialog.get_by_text("$2.50")).to_be_visible()
    dialog.get_by_role("button", name="Add 2,500 coins").click()
    expect(form.panel.toasts).to_contain_text("The wallet now holds 12,500 coins")
    expect(wallet).to_contain_text("12,500")
    expect(wallet).to_be_focused()
    form.group("Images").get_by_text("4", exact=True).click()
    expect(wallet).not_to_contain_text("Not enough")
    assert form.say("print(studio.wallet.balance_coins)") == "12500.0"
