"""The settings in a real JupyterLab: models, every kind of control, references, the wallet."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from .panels import KERNEL, RUN, Panel

TESTS = str(Path(__file__).parents[1])
KINDS = f"import sys\nsys.path.insert(0, {TESTS!r})\nfrom ui.kinds import add_kinds\nkinds = add_kinds(studio)"
DROP = """([files, kind]) => {
    const data = new DataTransfer();
    for (const [name, type, size] of files) {
        const bytes = Uint8Array.from(atob(size), one => one.charCodeAt(0));
        data.items.add(new File([bytes], name, { type }));
    }
    const at = document.querySelector('.pg-feed');
    return at.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: data }));
}"""
PASTE = """([selector, text, picture]) => {
    const data = new DataTransfer();
    if (text) data.setData('text/plain', text);
    const bytes = Uint8Array.from(atob(picture), one => one.charCodeAt(0));
    data.items.add(new File([bytes], 'image.png', { type: 'image/png' }));
    const event = new ClipboardEvent('paste', { bubbles: true, cancelable: true, clipboardData: data });
    return document.querySelector(selector).dispatchEvent(event);
}"""
UNTIL_TRUE = f"""async code => {{
    const run = {RUN}, until = performance.now() + 20000;
    let said = '';
    do {{
        said = await run(code);
        if (said.startsWith('True')) break;
        await new Promise(resolve => setTimeout(resolve, 50));
    }} while (performance.now() < until);
    return said;
}}"""


def picture(colour: str, size: tuple[int, int] = (40, 20)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def a_file(name: str, data: bytes | None = None, kind: str = "image/png") -> dict[str, object]:
    return {"name": name, "mimeType": kind, "buffer": picture(Path(name).stem) if data is None else data}


class Settings:
    """What a test does with the settings."""

    def __init__(self, panel: Panel) -> None:
        self.panel, self.page = panel, panel.page
        self.side = self.page.get_by_role("complementary", name="Settings")
        self.model = self.side.get_by_role("button", name="Model:")
        self.search = self.page.get_by_role("combobox", name="Search models")
        self.previews = self.side.locator(".pg-ref:not(.waiting, .sending, .failed)")

    def open_list(self) -> Locator:
        self.model.click()
        expect(self.search).to_be_focused()
        return self.page.get_by_role("listbox", name="Model")

    def choose(self, query: str) -> None:
        self.open_list()
        self.search.fill(query)
        self.search.press("Enter")
        expect(self.search).to_have_count(0)

    def number(self, name: str) -> Locator:
        return self.side.get_by_role("spinbutton", name=name)

    def slider(self, name: str) -> Locator:
        return self.side.get_by_role("slider", name=name)

    def group(self, name: str) -> Locator:
        return self.side.get_by_role("group", name=name, exact=True)

    def add(self, *files: dict[str, object]) -> None:
        self.side.locator("input[type=file]").set_input_files(list(files))

    def say(self, code: str) -> str:
        return self.panel.run(code).strip()

    def await_form(self, code: str) -> None:
        """Waits until this is true of the kernel's form; each look is short, so that the kernel hears the panel."""
        said = self.page.evaluate(UNTIL_TRUE, f"print(bool({code}), studio.form)")
        assert said.startswith("True"), f"{code}: {said}"


@pytest.fixture
def settings(panel: Panel) -> Callable[..., Settings]:
    def open_(model: str = "kinds:every kind", **how: object) -> Settings:
        panel.open(**how)
        made = panel.run(KINDS)
        assert not made, made
        opened = Settings(panel)
        if model:
            opened.choose(model)
            expect(opened.model).to_contain_text("Every kind" if "every" in model else "")
        return opened

    return open_


# ── Models ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_model_is_found_by_its_words_and_chosen_by_keyboard(settings) -> None:
    form = settings("")
    models = form.open_list()
    assert models.get_by_role("group").first.get_by_text("on this machine").is_visible()
    assert models.get_by_role("option").count() > 120
    chosen = models.get_by_role("option", selected=True)
    expect(chosen).to_have_text("Sketch: scenefree")
    expect(chosen).to_be_in_viewport()
    form.search.press_sequentially("flux sch")
    titles = models.get_by_role("option").all_inner_texts()
    assert titles
    assert all("schnell" in one.lower() for one in titles if "FLUX" in one)
    assert "no key" in titles[-1]
    active = form.search.get_attribute("aria-activedescendant")
    form.search.press("ArrowDown")
    form.search.press("ArrowDown")
    form.search.press("ArrowUp")
    assert form.search.get_attribute("aria-activedescendant") != active
    wanted = form.page.locator(f"#{form.search.get_attribute('aria-activedescendant')}")
    address = wanted.get_attribute("title")
    form.search.press("Enter")
    expect(form.model).to_be_focused()
    form.await_form(f"studio.form.model == {address!r}")
    expect(form.model).to_have_attribute("aria-busy", "false")

    form.model.press("ArrowDown")  # opens it too
    form.search.press("Escape")
    expect(form.search).to_have_count(0)
    expect(form.model).to_be_focused()
    form.open_list()
    form.search.fill("no such thing at all?")
    expect(models.get_by_role("option").first).to_have_text("Use “no such thing at all?” of diffusers")
    form.panel.prompt.click()  # elsewhere
    expect(form.search).to_have_count(0)


def test_any_model_of_a_provider_is_used_by_its_id(settings) -> None:
    form = settings("")
    form.open_list()
    form.page.get_by_role("option", name="Another model of openai-compatible…").click()
    expect(form.search).to_have_value("openai-compatible:")
    expect(form.search).to_be_focused()
    expect(form.page.get_by_text("Type the id of any model of openai-compatible")).to_be_visible()
    form.search.press_sequentially("My/Own-Model")
    form.search.press("Enter")
    form.await_form("studio.form.model == 'openai-compatible:My/Own-Model'")
    expect(form.model).to_contain_text("My/Own-Model")


def test_marks_say_no_key_and_retiring_and_a_model_that_is_gone(settings) -> None:
    form = settings("")
    form.panel.run("""
from dataclasses import replace
from datetime import timedelta
from photogram.domain.card import ModelCard
soon = (studio._now() + timedelta(days=9)).date().isoformat()
class Old:
    name = 'old'
    def cards(self): return [ModelCard(provider='old', model='one', title='Old one', local=True, price_micros=1500,
                                       deprecated_on=soon, successor='sketch:scene')]
studio._engine.registry.add(Old())
""")
    form.open_list()
    form.search.fill("old one")
    line = form.page.get_by_role("option", name="Old one")
    expect(line).to_contain_text("retiring")
    expect(line).to_contain_text("$0.0015")
    assert "sketch:scene" in (line.get_by_text("retiring").get_attribute("title") or "")
    form.search.press("Enter")
    expect(form.side.get_by_text("Its provider retires it on")).to_be_visible()
    form.choose("fal:flux")
    expect(form.side.get_by_text("No key yet: set studio.keys['fal'] in a cell.")).to_be_visible()
    form.choose("old one")
    form.await_form("studio.form.model == 'old:one'")
    form.panel.run("del studio._engine.registry._cards['old:one']")
    form.panel.close()
    form.panel.open()
    expect(form.side.get_by_text("There is no model old:one any more")).to_be_visible()
    expect(form.model).to_contain_text("This model is gone")
    form.choose("sketch: scene")
    expect(form.side.get_by_text("There is no model")).to_have_count(0)


# ── Controls ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_kind_of_parameter_has_a_control_that_works(settings) -> None:
    form = settings()
    side = form.side
    form.group("Aspect ratio").get_by_role("button", name="16:9").click()
    side.get_by_label("Style").select_option(label="A long name")
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
                    "output_format='jpeg', output_compression=40, steps=21, guidance_scale=4.5, "
                    "negative_prompt='fog, text', sampler='euler', tiling=True, seed=0), studio.batches()[0].params)"
                    ).startswith("True"), form.say("print(studio.batches()[0].params)")  # fmt: skip

    side.get_by_role("button", name="Reset Steps to 20").click()  # back to its default
    expect(form.number("Steps")).to_have_value("20")
    side.get_by_role("button", name="Random seed").click()
    expect(form.number("Seed")).to_have_value("")
    side.get_by_role("button", name="Roll a seed").click()
    expect(form.number("Seed")).not_to_have_value("")
    form.await_form("studio.form.params['seed'] >= 0 and 'steps' not in studio.form.params")

    custom = form.number("Another number of images")
    custom.fill("7")
    form.await_form("studio.form.n == 7")
    custom.fill("99")
    expect(side.get_by_text("1 to 50: 50")).to_be_visible()
    custom.press("Tab")
    expect(custom).to_have_value("50")
    form.await_form("studio.form.n == 50")


def test_a_number_between_steps_is_set_right_and_said(settings) -> None:
    form = settings()
    width, height = form.number("Width"), form.number("Height")
    width.fill("100")
    expect(form.side.get_by_text("steps of 16")).to_be_visible()  # while it stands there
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


def test_named_sizes_say_what_they_are(settings) -> None:
    form = settings("openai:gpt image 1.5")
    sizes = form.group("Size")
    expect(sizes.get_by_role("button")).to_have_count(4)
    assert [one.replace("\n", " ") for one in sizes.get_by_role("button").all_inner_texts()] == [
        "Square 1024 × 1024", "Landscape 1536 × 1024", "Portrait 1024 × 1536", "Auto",
    ]  # fmt: skip
    sizes.get_by_role("button", name="Landscape").click()
    form.await_form("studio.form.params == {'size': '1536x1024'}")
    sizes.get_by_role("button", name="Square").click()
    form.await_form("studio.form.params == {}")


def test_what_is_typed_reaches_the_kernel_and_is_there_again_in_another_kernel(settings, panel: Panel) -> None:
    form = settings("")
    panel.prompt.fill("half a sen")
    form.number("Width").fill("512")
    form.group("Images").get_by_text("8", exact=True).click()
    form.slider("Strength").press("ArrowRight")
    form.await_form("studio.form.prompt == 'half a sen' and studio.form.n == 8 and 'strength' in studio.form.params")
    strength = form.number("Strength").input_value()
    panel.page.evaluate(f"async () => {{ await {KERNEL}.restart() }}")
    panel.spoil()
    panel.open()
    expect(panel.prompt).to_have_value("half a sen")
    expect(form.number("Width")).to_have_value("512")
    expect(form.number("Strength")).to_have_value(strength)
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


# ── References ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_references_come_by_click_drop_and_paste(settings) -> None:
    form = settings()
    page: Page = form.page
    form.add(a_file("red.png", picture("red", (200, 100))))
    expect(form.panel.toasts).to_contain_text("Reference uploaded")
    form.side.get_by_role("button", name="match size").click()
    form.await_form("studio.form.params == {'width': 96, 'height': 48}")
    form.side.get_by_role("button", name="Remove reference 1").click()
    expect(form.previews).to_have_count(0)
    form.await_form("studio.form.images == []")

    files = [["a.png", "image/png", encoded(picture("teal"))], ["b.png", "image/png", encoded(picture("navy"))]]
    page.evaluate(DROP, [files, "dragover"])
    expect(page.get_by_text("Drop to use as reference")).to_be_visible()
    page.evaluate(DROP, [[], "dragleave"])
    expect(page.get_by_text("Drop to use as reference")).to_have_count(0)
    assert page.evaluate(DROP, [files, "drop"]) is False, "the browser does not open it"
    expect(form.panel.toasts).to_contain_text("2 references uploaded")
    expect(form.previews).to_have_count(2)

    form.panel.prompt.fill("a ")
    assert page.evaluate(PASTE, [".pg-prompt textarea", "boat", encoded(picture("pink"))]) is True, "stays text"
    expect(form.previews).to_have_count(2)
    assert page.evaluate(PASTE, [".pg-prompt textarea", "", encoded(picture("pink"))]) is False
    expect(form.previews).to_have_count(3)
    form.side.locator(".pg-scroll").click(position={"x": 4, "y": 4})  # the focus is nowhere in particular
    assert page.evaluate("() => document.querySelector('.pg').contains(document.activeElement)")
    assert page.evaluate(
        "() => [...document.querySelectorAll('.pg-ref img')].every(one => one.src.startsWith('blob:'))"
    )
    form.await_form("len(studio.form.images) == 3")


def test_what_is_no_reference_is_said_and_nothing_is_lost(settings) -> None:
    form = settings()
    toasts = form.panel.toasts
    form.add(a_file("red.png"), a_file("notes.txt", b"hello", "text/plain"), a_file("big.png", bytes(10 * 2**20 + 1)))
    expect(toasts).to_contain_text("notes.txt is not an image")
    expect(toasts).to_contain_text("big.png is larger than 10 MB")
    expect(form.previews).to_have_count(1)
    form.add(a_file("teal.png"), a_file("navy.png"), a_file("pink.png"))
    expect(toasts).to_contain_text("Every kind takes 3 references at most. Not added: pink.png")
    expect(form.previews).to_have_count(3)
    form.side.get_by_role("button", name="Remove reference 3").click()
    form.add(a_file("fake.png", b"not an image at all, whatever its name says"))
    expect(toasts).to_contain_text("Failed to upload reference: The file is not an image")
    failed = form.side.get_by_role("button", name="Cancel the upload of fake.png")
    failed.click()
    expect(failed).to_have_count(0)
    expect(form.previews).to_have_count(2)

    form.panel.run("""
from photogram.domain.card import ModelCard
class Plain:
    name = 'plain'
    def cards(self): return [ModelCard(provider='plain', model='one', title='Plain', local=True, price_micros=0)]
studio._engine.registry.add(Plain())
""")
    form.choose("plain")
    expect(form.side.get_by_text("Plain takes no reference images: remove them")).to_be_visible()
    form.page.evaluate(DROP, [[["a.png", "image/png", encoded(picture("teal"))]], "drop"])
    expect(toasts).to_contain_text("Plain takes no reference images")
    form.await_form("len(studio.form.images) == 2")


def test_uploads_go_one_by_one_can_be_cancelled_and_tried_again(settings) -> None:
    form = settings()
    form.panel.run("""
from threading import Event
from photogram.ui.uploads import Uploads
from photogram.errors import BadReference
real, go, seen = Uploads.take, Event(), []
def take(self, upload_id, **said):
    seen.append((upload_id, said['part']))
    if said['part'] == 2: go.wait(30)
    return real(self, upload_id, **said)
Uploads.take = take
""")
    noise = picture("red") + bytes(5 * 2**20)
    form.add(a_file("long.png", noise), a_file("next.png", picture("teal") + bytes(2 * 2**20)))
    bar = form.side.get_by_role("progressbar", name="Uploading long.png")
    expect(bar).to_have_attribute("aria-valuenow", "2")
    expect(bar).to_have_attribute("aria-valuemax", "6")
    expect(form.side.get_by_role("progressbar", name="Uploading next.png")).to_have_attribute("aria-valuenow", "0")
    assert form.say("print(len({one for one, _ in seen}), len(seen))") == "1 3", "three parts are handed over at most"
    expect(form.panel.button("Generate")).to_have_attribute("aria-disabled", "true")
    form.side.get_by_role("button", name="Cancel the upload of long.png").click()
    form.panel.run("go.set()")
    expect(form.panel.toasts).to_contain_text("Reference uploaded")
    expect(form.previews).to_have_count(1)
    form.await_form("len(studio.form.images) == 1")

    form.panel.run("""
from photogram.ui.references import References
added, left = References.add, [1]
def add(self, data):
    if left: left.pop(); raise BadReference('The disk is full.', next_step='Free some room.')
    return added(self, data)
References.add = add
""")
    form.add(a_file("again.png", picture("pink")))
    expect(form.panel.toasts).to_contain_text("Failed to upload reference: The disk is full. Free some room.")
    form.side.get_by_role("button", name="Upload again.png again").click()
    expect(form.previews).to_have_count(2)
    form.panel.run("References.add, Uploads.take = added, real")


def test_an_upload_without_an_answer_says_so_and_is_there_when_the_answer_comes_late(settings) -> None:
    form = settings()
    form.panel.run("""
from threading import Event
from photogram.ui.uploads import Uploads
real, go = Uploads.take, Event()
def take(self, *given, **said):
    go.wait(60)
    return real(self, *given, **said)
Uploads.take = take
""")
    form.page.evaluate("""() => { // the ten seconds after which a part is sent again are half a second here
        window.realTimeout = window.setTimeout;
        window.setTimeout = (run, ms, ...rest) => window.realTimeout(run, ms === 10000 ? 500 : ms, ...rest);
    }""")
    form.add(a_file("late.png", picture("red") + bytes(3 * 2**20)))
    expect(form.side.get_by_text("The kernel does not answer yet: a cell may be running.")).to_be_visible()
    expect(form.panel.toasts).to_contain_text("Failed to upload reference: the kernel does not answer")
    again = form.side.get_by_role("button", name="Upload late.png again")
    expect(again).to_be_visible()
    again.click()
    form.page.evaluate("() => { window.setTimeout = window.realTimeout; }")
    form.panel.run("go.set()")
    expect(form.previews).to_have_count(1)
    expect(again).to_have_count(0)
    form.await_form("len(studio.form.images) == 1")
    form.panel.run("Uploads.take = real")


# ── The wallet ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_wallet_is_topped_up_in_a_dialog_that_says_what_coins_are(settings) -> None:
    form = settings("kinds:dear")
    expect(form.side.get_by_text("This batch about $2.00")).to_be_visible()
    form.group("Images").get_by_text("8", exact=True).click()
    expect(form.side.get_by_text("This batch about $16.00")).to_be_visible()
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
    wallet = form.side.get_by_role("button", name="Wallet")
    wallet.click()
    dialog.get_by_label("Another amount, in coins").fill("0")
    expect(dialog.get_by_text("From 1 to 1,000,000,000 coins")).to_be_visible()
    dialog.get_by_label("Another amount, in coins").fill("2500")
    expect(dialog.get_by_text("$2.50")).to_be_visible()
    dialog.get_by_role("button", name="Add 2,500 coins").click()
    expect(form.panel.toasts).to_contain_text("The wallet now holds 12,500 coins")
    expect(wallet).to_contain_text("12,500")
    expect(wallet).to_be_focused()
    assert form.say("print(studio.wallet.balance_coins)") == "12500.0"
