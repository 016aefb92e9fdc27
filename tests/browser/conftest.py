"""A real JupyterLab, started by the real command, in a real Chromium. Nothing may leave this machine."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from ui.kinds import Kinds, add_kinds

from photogram.studio import Studio
from photogram.ui.controller import Controller

from .boats import FILL
from .labs import QUIET, Lab, find_chromium, open_lab, write_notebook
from .panels import Panel, Watch, warm_notebook
from .settings import Settings, open_settings
from .views import View

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


class Warm:
    """The notebook in which panels are shown: opened when it is first needed, and again where a test spoilt it."""

    def __init__(self, browser: Browser, lab: Lab) -> None:
        self._browser, self._lab = browser, lab
        self._panel: Panel | None = None
        self._file = ""
        self._opened = ExitStack()
        write_notebook(lab.folder / "warm.ipynb", "studio")

    def give(self, file: str) -> Panel:
        """Gives the panel to a test of this file; the first one of each file gets a new kernel."""
        if self._panel is None or self._panel.is_spoilt:
            self.close()
            context = self._browser.new_context(viewport={"width": 1600, "height": 1000})
            self._opened.callback(context.close)
            warm = warm_notebook(context.new_page(), self._lab.own, self._lab.address_of("warm.ipynb"))
            self._panel = self._opened.enter_context(warm)
        elif file != self._file:
            self._panel.renew_kernel()
        self._file = file
        return self._panel

    def close(self) -> None:
        self._opened.close()


@pytest.fixture(scope="package")
def warm(browser: Browser, lab: Lab) -> Iterator[Warm]:
    made = Warm(browser, lab)
    yield made
    made.close()


@pytest.fixture
def panel(warm: Warm, request: pytest.FixtureRequest) -> Iterator[Panel]:
    """The panel of a workspace of this test's own, in a page shared by all tests and a kernel shared by its file's.

    Fails on errors in the console and on requests to anywhere else. `panel.open()` shows it; after a test that fails,
    or that says `panel.spoil()`, the next one gets a page and a kernel of its own.
    """
    panel = warm.give(request.module.__name__)
    panel.workspace = re.sub(r"\W+", "_", request.node.name)
    panel.watch.wrong.clear()
    try:
        yield panel
        if panel.is_open:
            panel.close()
        assert not panel.watch.wrong
    except BaseException:
        panel.spoil()
        raise


@pytest.fixture
def clipboard(panel: Panel):
    panel.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    return lambda: panel.page.evaluate("() => navigator.clipboard.readText()")


@pytest.fixture
def settings(panel: Panel) -> Callable[..., Settings]:
    """Opens a panel with the models of every kind."""
    return partial(open_settings, panel)


@pytest.fixture
def fill(panel: Panel) -> Callable[..., None]:
    """Opens the panel and makes so many batches of so many images, the newest called after the highest number."""

    def fill_(batches: int, n: int = 1) -> None:
        panel.open()
        assert panel.run(FILL.format(batches=batches, n=n)) == ""
        expect(panel.page.locator(".pg-topic small").first).to_contain_text(f"{batches * n} image")
        panel.page.wait_for_function("() => document.querySelector('.pg-feed .pg-card[data-status=success] img')")

    return fill_


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


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Studio]:
    monkeypatch.setenv("PHOTOGRAM_MODEL", "kinds:all")
    monkeypatch.setenv("PHOTOGRAM_CONFIG", str(tmp_path / "no-config.toml"))
    with Studio(tmp_path / "workspace", user="ada") as opened:
        kinds: Kinds = add_kinds(opened)
        yield opened
        kinds.go.set()


@pytest.fixture
def unopened(browser: Browser, studio: Studio, request: pytest.FixtureRequest) -> Iterator[View]:
    """A view that has not got the panel's code yet; indirectly parametrized, in another language than English."""
    locale = getattr(request, "param", "en-US")
    context = browser.new_context(viewport={"width": 1300, "height": 800}, locale=locale)
    page = context.new_page()
    watch = Watch(page, ("data:", "blob:", "about:"))
    yield View(page, Controller(studio))
    context.close()
    assert not watch.wrong


@pytest.fixture
def view(unopened: View) -> View:
    unopened.open()
    return unopened
