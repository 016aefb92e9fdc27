"""What a killed process leaves: images that were never sent."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import photogram

from .panels import Panel
from .settings import TESTS

LEAVES_SOME = f"""
import sys, time
sys.path.insert(0, {TESTS!r})
import photogram as pg
from ui.kinds import add_kinds
studio = pg.Studio(sys.argv[1])
kinds = add_kinds(studio)
studio.generate('hold this', n=5, model='kinds:dear', width=16, height=16)
while not kinds.runs:
    time.sleep(0.01)
print('now', flush=True)
time.sleep(600)
"""


def leave_some(panel: Panel) -> None:
    """Kills a process on the panel's workspace that began a batch of five at $2 each, and could not send all of it."""
    workspace = panel.run("print(studio.workspace, end='')")
    env = {name: value for name, value in os.environ.items() if not name.startswith("PHOTOGRAM_")}
    env["PYTHONPATH"] = str(Path(photogram.__file__).parents[1])
    command = [sys.executable, "-c", LEAVES_SOME, workspace]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as child:
        assert child.stdout
        assert child.stdout.readline() == "now\n"
        child.kill()
