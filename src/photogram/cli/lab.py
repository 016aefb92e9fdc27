"""`photogram lab`: JupyterLab, open on a notebook that makes pictures."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import StorageFailed, StoreError
from .options import count, seconds

if TYPE_CHECKING:
    from argparse import _SubParsersAction

NOTEBOOK = "photogram-quickstart.ipynb"
_PACKAGED = "01_quickstart.ipynb"
_CONFIG = Path(__file__).with_name("jupyter")
"""A Jupyter configuration folder that turns off the extension which asks for news."""


def add_to(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    parser = commands.add_parser("lab", help="open JupyterLab on a ready notebook", description=lab.__doc__)
    parser.add_argument(
        "folder", nargs="?", type=Path, default=Path(), metavar="DIR", help="where to work (default: here)"
    )
    parser.add_argument("--no-browser", action="store_true", help="open no browser, only print the address")
    parser.add_argument(
        "--port", type=count, metavar="P", help="port to listen on (default: 8888, or the next free one)"
    )
    parser.add_argument("--start-timeout", type=seconds, default=120.0, help=argparse.SUPPRESS)
    parser.set_defaults(run=lab)


def lab(options: argparse.Namespace) -> int:
    """Puts the quickstart notebook into a folder (never over one that is there) and opens JupyterLab on it."""
    if importlib.util.find_spec("jupyterlab") is None:
        print("photogram: JupyterLab is not installed. Install it with: pip install 'photogram[lab]'", file=sys.stderr)
        return 1
    notebook = place_notebook(options.folder)
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen(  # noqa: S603  (our own interpreter, no shell)
            build_command(notebook, port=options.port, browser=not options.no_browser),
            env=build_environment(os.environ),
            stdout=log,
            stderr=log,
            start_new_session=os.name == "posix",  # Ctrl-C reaches us alone: we stop it without its question
        )
        try:
            address = _wait_for_address(server, notebook.name, timeout_s=options.start_timeout)
            if address:
                print(
                    f"\n  JupyterLab is open on {notebook.name}:\n\n    {address}\n\n  Ctrl-C stops it.\n", flush=True
                )
                server.wait()
        except KeyboardInterrupt:
            print("\nJupyterLab stops.", file=sys.stderr)
            return 0
        finally:
            _stop(server)
        log.seek(0)
        print(f"photogram: JupyterLab ended:\n{log.read().decode('utf-8', 'replace')}", file=sys.stderr)
        return 1 if address is None else server.returncode


def place_notebook(folder: Path) -> Path:
    """Copies the quickstart into `folder`, without its saved outputs; an existing one is left as it is.

    Raises:
        StorageFailed: The folder cannot be made or written.
    """
    target = folder.expanduser().absolute() / NOTEBOOK
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("x", encoding="utf-8") as file:
            json.dump(
                _without_outputs(json.loads(find_notebook().read_text("utf-8"))), file, ensure_ascii=False, indent=1
            )
    except FileExistsError:
        if not target.is_file():
            raise StorageFailed(f"{target.parent} is not a folder to work in.") from None
    except OSError as error:
        raise StorageFailed(f"{target} cannot be written: {error.strerror or error}.") from error
    return target


def find_notebook() -> Path:
    """Returns the quickstart notebook: inside the package, or beside `src` where it runs from a source tree.

    Raises:
        StoreError: It is in neither place.
    """
    package = Path(str(files("photogram")))
    for candidate in (package / "notebooks" / _PACKAGED, package.parents[1] / "notebooks" / _PACKAGED):
        if candidate.is_file():
            return candidate
    raise StoreError("The quickstart notebook is missing.", next_step="Install Photogram again.")


def build_command(notebook: Path, *, port: int | None, browser: bool) -> list[str]:
    """Returns the command that serves the notebook's folder and opens the notebook.

    Args:
        notebook: Absolute path of the notebook.
        port: The only port to take; None takes the first free one from 8888.
        browser: Whether to open a browser.
    """
    command = [sys.executable, "-m", "jupyterlab", str(notebook), f"--ServerApp.root_dir={notebook.parent}"]
    command += ["--ServerApp.log_level=WARN", "--LabApp.news_url=None"]
    command += ["--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate"]
    if port:
        command += [f"--port={port}", "--ServerApp.port_retries=0"]
    if not browser:
        command.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    return command


def build_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Returns the server's environment: the user's, with our configuration folder in front of the others."""
    path = os.pathsep.join(part for part in (str(_CONFIG), environment.get("JUPYTER_CONFIG_PATH", "")) if part)
    return {**environment, "JUPYTER_CONFIG_PATH": path}


def _without_outputs(notebook: dict[str, Any]) -> dict[str, Any]:
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    return notebook


def _wait_for_address(server: subprocess.Popen[bytes], name: str, *, timeout_s: float) -> str | None:
    """Returns the address of the notebook once the server answers, or None if it ended or does not say."""
    from urllib.parse import quote

    from jupyter_server.serverapp import list_running_servers

    deadline = time.monotonic() + timeout_s
    while server.poll() is None and time.monotonic() < deadline:
        for found in list_running_servers():
            if found["pid"] == server.pid:
                token = f"?token={found['token']}" if found.get("token") else ""
                return f"{found['url']}lab/tree/{quote(name)}{token}"
        time.sleep(0.1)
    return None


def _stop(server: subprocess.Popen[bytes]) -> None:
    if server.poll() is None:
        server.terminate()
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
