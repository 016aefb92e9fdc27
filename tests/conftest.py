"""For every test: no test touches the real keyring, and no key that a test plants is left anywhere.

At the end of a run every file below the tests' temporary folders and everything that was captured (logs, output) is
searched for the planted keys; one that is found fails the run. And what could not be tested for want of a right to
mount a small disk is said there, in words that nobody overlooks.
"""

from __future__ import annotations

import mmap
import os
from pathlib import Path

import pytest

from photogram.testing import FakeProvider

os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
PLANTED_IN_ENVIRONMENT = "Zq7Planted0Key1In2The3Environment4x"
os.environ["PHOTOGRAM_KEY_PLANTED"] = PLANTED_IN_ENVIRONMENT  # whoever writes the environment anywhere is caught

PLANTED = (
    PLANTED_IN_ENVIRONMENT,
    FakeProvider.key,
    "sk-very-secret-4711",  # tests/faulty
    "sk-test-abcdefghijklmnopqrstuvwxyz0123456789",  # tests/studio/test_safety.py
    "Qx8Planted7Key6Of5A4Session3y",  # tests/providers/test_keys.py
)

_NEEDLES = [key.encode() for key in PLANTED]
_found: list[str] = []


def find_planted(folder: Path) -> list[Path]:
    """Returns the files below a folder that hold a planted key."""
    found = []
    for root, _, names in os.walk(folder, followlinks=False):
        for name in names:
            path = Path(root, name)
            try:
                if not path.is_file() or path.stat().st_size < min(map(len, _NEEDLES)):
                    continue
                with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                    if any(data.find(needle) >= 0 for needle in _NEEDLES):
                        found.append(path)
            except (OSError, ValueError):  # gone meanwhile, or a test took the right to read it away
                continue
    return found


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    for title, text in report.sections:
        if any(key in text for key in PLANTED):
            _found.append(f"{report.nodeid}: {title}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    factory = getattr(session.config, "_tmp_path_factory", None)
    base = getattr(factory, "_basetemp", None)  # None: no test asked for a folder
    if base is not None:
        _found.extend(map(str, find_planted(base)))
    if _found:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    no_disk = [one for one in terminalreporter.stats.get("skipped", []) if "mount" in str(one.longrepr[-1])]
    if no_disk:
        terminalreporter.section(f"NOT TESTED HERE: {len(no_disk)} OF FULL AND READ-ONLY DISKS", yellow=True, bold=True)
        terminalreporter.line("They mount a small file system: run them as root, or so: unshare -rm python -m pytest …")
        for one in no_disk:
            terminalreporter.line(f"  {one.nodeid}")
    if _found:
        terminalreporter.section("KEYS THAT WERE PLANTED WERE FOUND", red=True)
        for place in dict.fromkeys(_found):
            terminalreporter.line(place)
