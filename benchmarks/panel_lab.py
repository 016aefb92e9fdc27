"""A JupyterLab and a page for panel.py."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from browser.cells import await_kernel
from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[1]
SCRIPT = (Path(__file__).parent / "panel_page.js").read_text("utf-8")


class Received:
    """Counts the bytes that a page's websockets receive."""

    def __init__(self, page: Page) -> None:
        self.bytes = 0
        page.on("websocket", lambda socket: socket.on("framereceived", self._count))

    def _count(self, payload: str | bytes) -> None:
        self.bytes += len(payload)


@contextmanager
def open_lab(folder: Path) -> Iterator[Callable[[str], str]]:
    """Starts JupyterLab on the folder's `nb`, and gives the address of a notebook by its name."""
    config = folder / "config"
    config.mkdir(exist_ok=True)
    (config / "jupyter_lab_config.json").write_text('{"LabApp": {"expose_app_in_browser": true}}')
    own = {
        "JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "spaces", "IPYTHONDIR": "ipython",
    }  # fmt: skip
    environment = {**os.environ, **{name: str(folder / place) for name, place in own.items()}}
    environment["PYTHONPATH"] = str(ROOT / "src")
    command = [sys.executable, "-c", "import sys; from photogram.cli import main; sys.exit(main())"]
    process = subprocess.Popen(
        [*command, "lab", str(folder / "nb"), "--no-browser"], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout
        printed = next(found[0] for line in process.stdout if (found := re.search(r"http://\S+", line)))
        base, token = re.match(r"(http://[^/]+).*token=(\w+)", printed).groups()
        yield lambda name: f"{base}/lab/tree/{name}?reset&token={token}"
    finally:
        process.terminate()
        process.wait(30)


def open_page(browser: Browser, *, give_up_s: float = 60) -> Page:
    page = browser.new_context(viewport={"width": 1600, "height": 1000}).new_page()
    page.set_default_timeout(give_up_s * 1000)
    return page


def open_notebook(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_function("() => window.jupyterapp?.shell?.currentWidget?.sessionContext")
    await_kernel(page)
    page.evaluate(f"() => {{ {SCRIPT} }}")


def write_notebook(path: Path, *cells: str) -> None:
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells], metadata={"kernelspec": kernel}
    )
    path.parent.mkdir(exist_ok=True)
    nbformat.write(notebook, path)


def heap_mb(page: Page) -> float:
    session = page.context.new_cdp_session(page)
    for _ in range(2):
        session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    session.detach()
    return metrics["JSHeapUsedSize"] / 1e6
