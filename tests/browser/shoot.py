"""Saves what the panel looks like, for a person to look at: `python tests/browser/shoot.py FOLDER [STATE …]`.

In a real JupyterLab, light and dark, in windows of 1600, 1200 and 800 px: empty, busy, failed, full, unsent, with
uploads, in Portuguese, and what opens over some of them; `full-dark-1200.png` and so on. States that are named are
shown alone.
Needs the project's `test` extra and a Chromium on the PATH (or in PHOTOGRAM_CHROMIUM).
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS.parent / "src"), str(TESTS)]

from playwright.sync_api import sync_playwright  # noqa: E402

from browser.labs import QUIET, find_chromium, open_lab, write_notebook  # noqa: E402
from browser.panels import Panel, warm_notebook  # noqa: E402
from browser.scenes import STATES, Scene  # noqa: E402

THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
HEIGHT = 1000
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


def shoot(panel: Panel, name: str, scene: Scene, folder: Path) -> None:
    """Saves one scene in every look."""
    page = panel.page
    for look, theme in THEMES.items():
        page.evaluate(
            "async theme => { await window.jupyterapp.commands.execute('apputils:change-theme', { theme }) }", theme
        )
        for width in scene.widths:
            page.set_viewport_size({"width": width, "height": HEIGHT})
            page.wait_for_function(HAS_THEME, arg=theme)
            page.mouse.move(5, 5)
            page.wait_for_function(DRAWN)
            scene.show(panel)
            page.wait_for_function(DRAWN)
            page.evaluate("() => document.querySelector('.pg').scrollIntoView({ block: 'center' })")
            page.wait_for_timeout(500)  # until what fades in is there
            page.screenshot(path=folder / f"{name}-{look}-{width}.png")
            scene.leave(panel)
            page.evaluate("() => document.querySelectorAll('.pg-toast > .pg-ghost').forEach(one => one.click())")


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    wanted = sys.argv[2:] or STATES
    with tempfile.TemporaryDirectory() as root, sync_playwright() as playwright, open_lab(Path(root)) as lab:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=QUIET)
        write_notebook(lab.folder / "panel.ipynb", "studio")
        with warm_notebook(browser.new_page(), lab.own, lab.address_of("panel.ipynb")) as panel:
            for at, name in enumerate(wanted):
                state = STATES[name]
                panel.open(name, height=HEIGHT, studio=f"pg.Studio({{name!r}}, lang={state.lang!r})")
                if not at:
                    panel.page.evaluate(WITHOUT_FILES)
                state.make(panel)
                for scene, what in state.scenes.items():
                    shoot(panel, "-".join(filter(None, [name, scene])), what, folder)
                panel.close()
        browser.close()


if __name__ == "__main__":
    main()
