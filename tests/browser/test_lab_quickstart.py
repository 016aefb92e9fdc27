from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from .cells import errors, outputs, picture_widths, run_all, save
from .conftest import IS_IDLE
from .labs import Lab

NAME = "photogram-quickstart.ipynb"


def test_the_quickstart_runs_from_top_to_bottom_and_stays_readable(
    lab: Lab, page: Page, browser: Browser, tmp_path: Path
) -> None:
    assert f"/lab/tree/{NAME}" in lab.printed
    page.goto(f"{lab.printed}&reset")  # without the notebooks that other tests left open in this workspace
    page.wait_for_function(f"() => window.jupyterapp?.shell?.currentWidget?.context?.path === '{NAME}'")
    page.wait_for_function(IS_IDLE)
    run_all(page)
    assert errors(page) == []
    page.wait_for_function("() => !document.querySelector('.photogram .pg-busy')")
    widths = picture_widths(page)
    assert len(widths) >= 20
    assert all(widths)

    save(page)
    notebook = lab.folder / NAME
    assert notebook.stat().st_size < 2_500_000
    assert (lab.folder / "photogram-data" / "history.duckdb").is_file()
    page.screenshot(path=tmp_path / "run.png")

    page.evaluate("async () => { await window.jupyterapp.shell.currentWidget.sessionContext.shutdown() }")
    page.goto("about:blank")
    page.goto(lab.address_of(NAME))  # the saved file: no kernel has run a cell of it
    page.wait_for_function("() => document.querySelectorAll('.photogram img').length >= 20")
    assert all(picture_widths(page))
    page.screenshot(path=tmp_path / "reopened.png")
    _assert_export_shows_pictures(notebook, tmp_path / "export.html", browser)


def _assert_export_shows_pictures(notebook: Path, exported: Path, browser: Browser) -> None:
    command = [sys.executable, "-m", "nbconvert", "--to", "html", "--output", str(exported), str(notebook)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    with closing(browser.new_context(offline=True)) as context:  # nbconvert's page asks the internet for maths scripts
        page = context.new_page()
        page.goto(exported.as_uri(), wait_until="domcontentloaded")
        assert len(picture_widths(page)) >= 20
        assert all(picture_widths(page))


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_a_grid_is_readable_in_both_themes(theme: str, page: Page, open_notebook: object, tmp_path: Path) -> None:
    assert callable(open_notebook)
    cell = (
        "import photogram as pg\n"
        "batch = await pg.Studio('themes').generate('a boat', n=2, seed=1, width=64, height=64)\nbatch"
    )
    open_notebook(cell)
    page.evaluate(
        "async theme => { await window.jupyterapp.commands.execute('apputils:change-theme', {theme}) }", theme
    )
    page.wait_for_function("dark => (document.body.dataset.jpThemeLight === 'false') === dark", arg="Dark" in theme)
    run_all(page)
    assert errors(page) == []
    assert outputs(page)[0]
    ink, ground = page.evaluate(
        """() => {
            const style = getComputedStyle(document.querySelector('.photogram .pg-prompt'));
            return [style.color, getComputedStyle(document.querySelector('.photogram')).backgroundColor];
        }"""
    )
    assert abs(_brightness(ink) - _brightness(ground)) > 150
    page.screenshot(path=tmp_path / "theme.png", clip={"x": 0, "y": 0, "width": 1280, "height": 900})


def _brightness(colour: str) -> float:
    numbers = [float(part) for part in colour.split("(")[1].rstrip(")").split(",")[:3]]
    return sum(numbers) / 3
