"""What stays of a studio in a saved notebook: small, and readable where no kernel is."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from .cells import NOTEBOOK, outputs, picture_widths, run_cell, save
from .conftest import IS_IDLE
from .labs import Lab, write_notebook
from .panels import LANDED, SHUT_DOWN, Watch

STRIP = ".photogram-strip"
FULL = f"""() => {NOTEBOOK}.widgets[1].model.outputs.toJSON()
    .some(one => (one.data?.['text/html'] ?? '').split('<img').length === 5)"""


@contextmanager
def watched(context: BrowserContext, lab: Lab) -> Iterator[Page]:
    """A page on which Jupyter may say in the console that a widget is gone; nothing else."""
    page = context.new_page()
    page.set_default_timeout(60_000)
    watch = Watch(page, lab.own)
    yield page
    page.evaluate(SHUT_DOWN)
    page.close()
    assert [said for said in watch.wrong if "widget model not found" not in said] == []


@pytest.fixture
def page(context: BrowserContext, lab: Lab) -> Iterator[Page]:
    with watched(context, lab) as page:
        yield page


@pytest.fixture(scope="module")
def saved(context: BrowserContext, lab: Lab) -> Path:
    """A notebook in which a panel made four pictures; saved, and its kernel shut down."""
    path = lab.folder / "saved.ipynb"
    write_notebook(path, "import photogram as pg\nstudio = pg.Studio('saved')", "studio")
    with watched(context, lab) as page:
        page.goto(lab.address_of(path.name))
        page.wait_for_function(IS_IDLE)
        run_cell(page, 0)
        run_cell(page, 1)
        page.get_by_role("spinbutton", name="Width").fill("256")
        page.get_by_role("group", name="Images").get_by_text("4", exact=True).click()
        page.get_by_role("textbox", name="Prompt", exact=True).fill('a boat, "big" & <b>red</b>')
        page.keyboard.press("Control+Enter")
        page.wait_for_function(LANDED, arg=4)
        page.wait_for_function(FULL)
        expect(page.locator(STRIP)).to_be_hidden()
        save(page)
    return path


def test_without_a_kernel_it_shows_the_last_pictures_and_how_to_go_on(saved: Path, lab: Lab, page: Page) -> None:
    assert saved.stat().st_size < 50_000
    page.goto(lab.address_of(saved.name))
    strip = page.locator(STRIP)
    expect(strip).to_be_visible(timeout=30_000)
    expect(strip).to_contain_text("4 images in this Photogram studio")
    expect(strip).to_contain_text("To open the studio, run the notebook’s cells down to this one.")
    expect(strip.locator("img")).to_have_count(4)
    own = page.locator(".jp-OutputArea-output.jupyter-widgets")  # Jupyter's, which nothing can take the place of
    expect(own).to_have_text("Error displaying widget: model not found")
    assert own.bounding_box()["y"] < strip.bounding_box()["y"]
    assert all(picture_widths(page, STRIP))
    assert strip.locator("img").first.get_attribute("alt") == 'a boat, "big" & <b>red</b>'
    assert page.locator(".pg").count() == 0
    html = next(one["data"]["text/html"] for one in outputs(page)[1] if "text/html" in one["data"])
    assert len("".join(html)) < 40_000


def test_run_again_the_panel_takes_its_place(saved: Path, lab: Lab, page: Page) -> None:
    page.goto(lab.address_of(saved.name))
    expect(page.locator(STRIP)).to_be_visible(timeout=30_000)
    page.wait_for_function("() => window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel")
    run_cell(page, 0)
    run_cell(page, 1)
    page.wait_for_function(LANDED, arg=4)
    expect(page.locator(STRIP)).to_be_hidden()


def test_as_static_html_it_shows_the_same(saved: Path, browser: Browser, tmp_path: Path) -> None:
    exported, notebook = tmp_path / "export.html", shutil.copy(saved, tmp_path / "saved.ipynb")
    command = [sys.executable, "-m", "nbconvert", "--to", "html", "--output", str(exported), str(notebook)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    with closing(browser.new_context(offline=True)) as context:  # nbconvert's page asks the internet for scripts
        page = context.new_page()
        page.goto(exported.as_uri(), wait_until="domcontentloaded")
        expect(page.locator(STRIP)).to_be_visible(timeout=30_000)
        assert len(picture_widths(page, STRIP)) == 4
        assert all(picture_widths(page, STRIP))


def test_an_executed_notebook_has_the_strip_too_and_stays_small(lab: Lab, page: Page, tmp_path: Path) -> None:
    """As a documentation's build runs one: nobody looks at the panel, and the state of its widgets is saved."""
    notebook = lab.folder / "batch.ipynb"
    make = "await studio.generate('a boat', n=2, width=64, height=64)"
    write_notebook(notebook, f"import photogram as pg\nstudio = pg.Studio({str(tmp_path / 'w')!r})", make, "studio")
    command = [sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", "--inplace", str(notebook)]
    subprocess.run(command, check=True, capture_output=True, timeout=200)
    written = json.loads(notebook.read_text("utf-8"))
    shown = written["cells"][2]["outputs"]
    assert [sorted(one["data"]) for one in shown] == [
        ["application/vnd.jupyter.widget-view+json", "text/plain"], ["text/html", "text/plain"],
    ]  # fmt: skip
    assert "".join(shown[1]["data"]["text/html"]).count("<img") == 2
    state = written["metadata"]["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    assert shown[0]["data"]["application/vnd.jupyter.widget-view+json"]["model_id"] in state
    assert notebook.stat().st_size < 50_000

    kept = {**os.environ, "JUPYTER_DATA_DIR": str(lab.folder.parent / "data")}
    subprocess.run([sys.executable, "-m", "jupyter", "trust", str(notebook)], env=kept, check=True, timeout=60)
    page.goto(lab.address_of(notebook.name))
    strip = page.locator(STRIP)
    expect(strip).to_be_visible(timeout=30_000)
    page.wait_for_function("() => window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel")
    page.wait_for_timeout(3_000)  # by then a panel would say that it is being opened, or that nobody answers
    expect(strip).to_be_visible()
    assert page.locator(".pg").count() == 0
    assert "Opening" not in page.locator(".jp-Notebook").inner_text()
