"""Which kernel the notebooks of the browser tests get: this environment's, or the one of `run.py --kernels`."""

from __future__ import annotations

import json
import os
from importlib.metadata import version
from pathlib import Path

PYTHON, WANTED = "PHOTOGRAM_KERNEL_PYTHON", "PHOTOGRAM_KERNEL_VERSION"


def wanted_version() -> str:
    """The version of ipykernel that is to run, or how it begins."""
    return os.environ.get(WANTED) or version("ipykernel")


def write_kernelspec(data: Path) -> None:
    """Makes another environment's Python the kernel `python3` of a server with this data folder, if one is named."""
    if python := os.environ.get(PYTHON):
        folder = data / "kernels" / "python3"
        folder.mkdir(parents=True)
        argv = [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        spec = {"argv": argv, "display_name": "Python 3", "language": "python"}
        (folder / "kernel.json").write_text(json.dumps(spec))
