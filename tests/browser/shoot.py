"""Saves what the panel looks like, for a person to look at: `python tests/browser/shoot.py FOLDER`.

In a real JupyterLab, light and dark, in windows of 1600, 1200 and 800 px: empty, busy, failed and full; 24 pictures,
`full-dark-1200.png` and so on. Needs the project's `test` extra and a Chromium on the PATH (or in PHOTOGRAM_CHROMIUM).
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS.parent / "src"), str(TESTS)]

from playwright.sync_api import expect, sync_playwright  # noqa: E402

from browser.labs import QUIET, find_chromium, open_lab, write_notebook  # noqa: E402
from browser.loopback import LOOPBACK, SLOW, WORKING  # noqa: E402
from browser.panels import Panel, warm_notebook  # noqa: E402
from browser.settings import Settings, a_file, picture  # noqa: E402

THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
WIDTHS, HEIGHT = (1600, 1200, 800), 1000
WITHOUT_FILES = "async () => { await window.jupyterapp.commands.execute('application:toggle-left-area') }"
"""JupyterLab's own list of files takes a good part of a narrow window."""

HAS_THEME = """theme => document.body.dataset.jpThemeName === theme
    && getComputedStyle(document.querySelector('.pg')).backgroundColor
        === getComputedStyle(document.querySelector('.jp-NotebookPanel-toolbar')).backgroundColor"""
DRAWN = """() => [...document.querySelectorAll('.pg-feed .pg-cell')].every(cell => {
    const box = document.querySelector('.pg-feed').getBoundingClientRect();
    const { top, bottom } = cell.getBoundingClientRect();
    const waits = cell.querySelector('[data-status=success]') || cell.querySelector('.pg-wait:empty');
    return bottom < box.top || top > box.bottom || !waits || cell.querySelector('img')?.naturalWidth > 0;
})"""
SOME = """
studio.generate("a city street at night in the rain", n=2, width=512, height=288).wait(120)
made = studio.generate("a lighthouse at dusk, two boats, watercolor", n=3, width=512, height=384).wait(120)
"""
BUSY = f"""
going = ask("a mountain lake at dawn, mist, pine trees", n=4, poll={WORKING})
ask("northern lights over a snowy village", n=2, poll={WORKING})
"""
FAILED = """
class Each:  # another answer for every image
    def __init__(self): self.places = {}
    def submit(self, task_id):
        answers = retry_later(0), (200, {}, b'{"refused": true}'), (500, {}, b"oops"), "cut"
        return answers[self.places.setdefault(task_id, len(self.places)) % 4]
    def poll(self, job): return None
    def fetch(self, job): return None
server.faults = Each()
ask("a mountain lake at dawn, mist, pine trees", n=4).wait(60)
server.faults = None
stopped = ask("northern lights over a snowy village", n=2, poll=lambda count: Reply(body=b'{"status": "working"}'))
stopped.cancel()
stopped.wait(60)
"""
FULL = """
prompts = {
    "Character designs": "an abstract figure, bold shapes", "Logo ideas": "a sun over hills, minimal",
    "Product photos": "a mountain lake at dawn", "Abstract art": "waves of colour", "Landscapes": "a desert at noon",
}
for at, (title, prompt) in enumerate(prompts.items()):
    studio.new_topic(title)
    studio.generate(prompt, n=5 * at + 4, width=256, height=256).wait(120)
"""


def run(panel: Panel, code: str) -> None:
    said = panel.run(code)
    assert not said, said


def make_empty(panel: Panel) -> None:
    """Nothing yet."""


def make_busy(panel: Panel) -> None:
    """Some that take long and some in line; what is made stands below."""
    run(panel, LOOPBACK.format(price=40_000) + SOME + BUSY + SLOW)
    expect(panel.page.locator(".pg-slow").first).to_be_visible()
    panel.prompt.fill("a harbour in the morning, fishing boats, oil painting")


def make_failed(panel: Panel) -> None:
    """Ways of not being made, and a toast."""
    run(panel, LOOPBACK.format(price=40_000) + SOME + FAILED)
    expect(panel.page.locator(".pg-failed").nth(5)).to_be_visible()


def make_full(panel: Panel) -> None:
    """Topics, references in the form and beside a batch, and some images selected."""
    run(panel, FULL + SOME)
    run(panel, "studio.generate('in another light', n=2, width=512, height=384, images=[made[0]]).wait(120)")
    form = Settings(panel)
    form.add(a_file("sea.png", picture("teal", (300, 200))), a_file("sand.png", picture("khaki", (200, 300))))
    expect(form.previews).to_have_count(2)
    panel.prompt.fill("a harbour in the morning, fishing boats, oil painting")
    cards = panel.page.locator(".pg-feed .pg-card[data-status=success]")
    for at in (0, 1):
        cards.nth(at).hover()
        cards.nth(at).locator(".pg-pick").click()
    panel.toasts.get_by_role("button", name="Dismiss").click()


STATES_OF: dict[str, Callable[[Panel], None]] = {
    "empty": make_empty, "busy": make_busy, "failed": make_failed, "full": make_full,
}  # fmt: skip


def shoot(panel: Panel, state: str, folder: Path) -> None:
    """Saves one state in every look."""
    page = panel.page
    for name, theme in THEMES.items():
        page.evaluate(
            "async theme => { await window.jupyterapp.commands.execute('apputils:change-theme', { theme }) }", theme
        )
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": HEIGHT})
            page.wait_for_function(HAS_THEME, arg=theme)
            page.mouse.move(5, 5)
            page.wait_for_function(DRAWN)
            if state == "failed":
                panel.button("Generate").click()
                expect(panel.toasts.get_by_role("alert")).to_contain_text("Please enter a prompt")
            page.wait_for_timeout(500)  # until what fades in is there
            page.screenshot(path=folder / f"{state}-{name}-{width}.png")
            for toast in panel.toasts.get_by_role("button", name="Dismiss").all():
                toast.click()


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as root, sync_playwright() as playwright, open_lab(Path(root)) as lab:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=QUIET)
        write_notebook(lab.folder / "panel.ipynb", "studio")
        with warm_notebook(browser.new_page(), lab.own, lab.address_of("panel.ipynb")) as panel:
            for state, make in STATES_OF.items():
                panel.open(state, height=HEIGHT)
                if state == "empty":  # JupyterLab's own list of files takes room
                    panel.page.evaluate(
                        "async () => { await jupyterapp.commands.execute('application:toggle-left-area') }"
                    )
                make(panel)
                shoot(panel, state, folder)
                panel.close()
        browser.close()


if __name__ == "__main__":
    main()
