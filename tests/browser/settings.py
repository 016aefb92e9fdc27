"""What the browser tests do with the panel's settings."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import Locator, expect

from .panels import RUN, Panel

TESTS = str(Path(__file__).parents[1])
KINDS = f"import sys\nsys.path.insert(0, {TESTS!r})\nfrom ui.kinds import add_kinds\nkinds = add_kinds(studio)"
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
        found = self.open_list().get_by_role("option").first
        self.search.fill(query)
        expect(found).not_to_contain_text("Use “")  # the list knows a model that was added a moment ago
        self.search.press("Enter")
        expect(self.search).to_have_count(0)
        expect(self.model).to_have_attribute("aria-busy", "false")  # its controls are there

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


def open_settings(panel: Panel, model: str = "kinds:every kind") -> Settings:
    """Opens a panel with the models of every kind, and chooses the one that is found by these words."""
    panel.open()
    made = panel.run(KINDS)
    assert not made, made
    opened = Settings(panel)
    if model:
        opened.choose(model)
        expect(opened.model).to_contain_text("Every kind" if "every" in model else "")
    return opened
