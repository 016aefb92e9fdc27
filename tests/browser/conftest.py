"""A real JupyterLab, started by the real command, in a real Chromium. Nothing may leave this machine."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from .labs import QUIET, Lab, find_chromium, open_lab, write_notebook
from .panels import Panel, Watch, warm_notebook

IS_IDLE = "() => window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"


expect.set_options(timeout=30_000)  # what is awaited comes sooner or later on any machine


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


# Not for the whole session: while Playwright's loop runs in this thread, no other test can use asyncio.run.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    found = find_chromium()
    if not found:
        pytest.fail("No Chromium: put one on the PATH, or name it in PHOTOGRAM_CHROMIUM.", pytrace=False)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=found, args=QUIET)
        yield launched
        launched.close()


@pytest.fixture(scope="package")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with open_lab(tmp_path_factory.mktemp("lab")) as opened:
        yield opened


@pytest.fixture(scope="package")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """Keeps what JupyterLab is made of from page to page, as a browser does: to compile it is most of the work."""
    opened = browser.new_context(viewport={"width": 1600, "height": 1000})
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext, lab: Lab) -> Iterator[Page]:
    """A tall page, so that JupyterLab draws every cell; fails on page errors, dialogs and requests elsewhere."""
    page = context.new_page()
    page.set_viewport_size({"width": 1280, "height": 6000})
    page.set_default_timeout(60_000)
    watch = Watch(page, lab.own)
    yield page
    if page.url.startswith(lab.url):
        page.evaluate("async () => { await window.jupyterapp?.shell?.currentWidget?.sessionContext?.shutdown?.() }")
    page.close()
    assert not watch.wrong


@pytest.fixture(scope="module")
def warm_panel(browser: Browser, lab: Lab, request: pytest.FixtureRequest) -> Iterator[Panel]:
    name = f"{request.module.__name__.rpartition('.')[2]}.ipynb"
    write_notebook(lab.folder / name, "studio")
    context = browser.new_context(viewport={"width": 1600, "height": 1000})  # a test's clock is its whole context's
    with warm_notebook(context.new_page(), lab.own, lab.address_of(name)) as panel:
        yield panel
    context.close()


@pytest.fixture
def panel(warm_panel: Panel, request: pytest.FixtureRequest) -> Iterator[Panel]:
    """The panel of a workspace of this test's own, in a page and a kernel shared by the tests of its file.

    Fails on errors in the console and on requests to anywhere else. `panel.open()` shows it; after a test that fails,
    or that says `panel.spoil()`, the next one gets a page and a kernel of its own.
    """
    warm_panel.workspace = re.sub(r"\W+", "_", request.node.name)
    warm_panel.watch.wrong.clear()
    try:
        yield warm_panel
        if warm_panel.is_open:
            warm_panel.close()
        assert not warm_panel.watch.wrong
    except BaseException:
        warm_panel.spoil()
        raise


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    if report.failed and "panel" in getattr(item, "funcargs", {}):
        item.funcargs["panel"].spoil()
    return report


OpenNotebook = Callable[..., Path]


@pytest.fixture
def open_notebook(lab: Lab, page: Page, request: pytest.FixtureRequest) -> OpenNotebook:
    """Writes a notebook of these cells, opens it, and waits for its kernel."""

    def open_(*cells: str) -> Path:
        path = lab.folder / f"{request.node.name}.ipynb"
        write_notebook(path, *cells)
        page.goto(lab.address_of(path.name))
        page.wait_for_function(IS_IDLE)
        return path

    return open_
