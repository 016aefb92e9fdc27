"""A real JupyterLab, started by the real command, in a real Chromium. Nothing may leave this machine."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import nbformat
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

import photogram

from .kernels import write_kernelspec
from .panels import Panel, Watch, warm_notebook

COMMAND = [sys.executable, "-c", "import sys; from photogram.cli import main; sys.exit(main())"]
QUIET = [
    "--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
]  # fmt: skip
IS_IDLE = "() => window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"


expect.set_options(timeout=30_000)  # what is awaited comes sooner or later on any machine


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


def find_chromium() -> str:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found = os.environ.get("PHOTOGRAM_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if not found:
        pytest.fail("No Chromium: put one on the PATH, or name it in PHOTOGRAM_CHROMIUM.", pytrace=False)
    return found


# Not for the whole session: while Playwright's loop runs in this thread, no other test can use asyncio.run.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=find_chromium(), args=QUIET)
        yield launched
        launched.close()


def find_port() -> int:
    """Returns a port that is free: two servers that start at the same moment would both choose Jupyter's usual one."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@dataclass(frozen=True)
class Lab:
    """A running server: its address, its token, the folder it serves, and the address that the command printed."""

    url: str
    token: str
    folder: Path
    printed: str

    def address_of(self, name: str) -> str:
        return f"{self.url}/lab/tree/{name}?reset&token={self.token}"

    @property
    def own(self) -> tuple[str, ...]:
        """How the addresses begin that a page may ask for."""
        return (self.url, self.url.replace("http", "ws"), "data:", "blob:", "file:")


@pytest.fixture(scope="package")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    root = tmp_path_factory.mktemp("lab")
    (root / "config").mkdir()
    exposed = {"LabApp": {"expose_app_in_browser": True}}  # lets the tests reach JupyterLab's own commands
    (root / "config" / "jupyter_lab_config.json").write_text(json.dumps(exposed))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PHOTOGRAM_", "JUPYTER"))}
    source = str(Path(photogram.__file__).parents[1])
    environment = {
        **kept,
        "PYTHONPATH": os.pathsep.join(filter(None, [source, os.environ.get("PYTHONPATH", "")])),
        "JUPYTER_CONFIG_DIR": str(root / "config"),
        "JUPYTERLAB_SETTINGS_DIR": str(root / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(root / "workspaces"),
        "JUPYTER_DATA_DIR": str(root / "data"),
        "JUPYTER_PATH": str(root / "data"),  # its kernels go before those of the environment
        "JUPYTER_RUNTIME_DIR": str(root / "runtime"),
        "IPYTHONDIR": str(root / "ipython"),
    }
    write_kernelspec(root / "data")
    folder = root / "notebooks"
    process = subprocess.Popen(
        [*COMMAND, "lab", str(folder), "--no-browser", "--port", str(find_port())],
        env=environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout
    printed = ""
    for line in process.stdout:
        found = re.search(r"http://\S+", line)
        if found:
            printed = found[0]
            break
    assert printed, "photogram lab ended without printing an address"
    parts = urlsplit(printed)
    token = parse_qs(parts.query).get("token", [""])[0]
    yield Lab(url=f"{parts.scheme}://{parts.netloc}", token=token, folder=folder, printed=printed)
    process.terminate()
    assert process.wait(30) == 143


@pytest.fixture
def page(browser: Browser, lab: Lab) -> Iterator[Page]:
    """A tall page, so that JupyterLab draws every cell; fails on page errors, dialogs and requests elsewhere."""
    context = browser.new_context(viewport={"width": 1280, "height": 6000})
    page = context.new_page()
    page.set_default_timeout(60_000)
    watch = Watch(page, lab.own)
    yield page
    if page.url.startswith(lab.url):
        page.evaluate("async () => { await window.jupyterapp?.shell?.currentWidget?.sessionContext?.shutdown?.() }")
    context.close()
    assert not watch.wrong


@pytest.fixture(scope="module")
def warm_panel(browser: Browser, lab: Lab, request: pytest.FixtureRequest) -> Iterator[Panel]:
    name = f"{request.module.__name__.rpartition('.')[2]}.ipynb"
    write_notebook(lab.folder / name, "studio")
    context = browser.new_context(viewport={"width": 1600, "height": 1000})
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


def write_notebook(path: Path, *cells: str) -> None:
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells], metadata={"kernelspec": kernel}
    )
    nbformat.write(notebook, path)


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
