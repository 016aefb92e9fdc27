"""A small soak in the suite; the large one is a command: `python tests/faulty/soak.py --tasks 300 --kills 20`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_thirty_tasks_and_three_kills_lose_nothing_and_pay_nothing_twice() -> None:
    command = [sys.executable, str(Path(__file__).with_name("soak.py")), "--tasks", "30", "--kills", "3"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    assert done.stdout, done.stderr
    summary = json.loads(done.stdout)
    assert summary["broken"] == []
    assert done.returncode == 0
    assert summary["tasks"] >= 30
    assert summary["accepted_twice"] == 0
    assert summary["statuses"]["success"] >= 10
