"""A JupyterLab as `photogram lab` starts it, and the Chromium that looks at it."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import nbformat

import photogram

from .kernels import write_kernelspec

COMMAND = [sys.executable, "-c", "import sys; from photogram.cli import main; sys.exit(main())"]
QUIET = [
    "--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--disable-gpu",
]  # fmt: skip
"""How Chromium is started: it asks for nothing by itself, and no graphics card is there to paint with."""


def find_chromium() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return os.environ.get("PHOTOGRAM_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


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


@contextmanager
def open_lab(root: Path) -> Iterator[Lab]:
    """Starts one that keeps everything in this folder, its notebooks in `notebooks`; ends it."""
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
    try:
        yield Lab(url=f"{parts.scheme}://{parts.netloc}", token=token, folder=folder, printed=printed)
    finally:
        process.terminate()
        code = process.wait(30)
    assert code == 143


def write_notebook(path: Path, *cells: str) -> None:
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells], metadata={"kernelspec": kernel}
    )
    nbformat.write(notebook, path)
