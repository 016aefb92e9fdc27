"""`import photogram` costs next to nothing, and imports point one way only."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import photogram

ROOT = Path(__file__).resolve().parents[1]
SOURCE = Path(photogram.__file__).resolve().parents[1]
HEAVY = (
    "duckdb",
    "pandas",
    "numpy",
    "PIL",
    "httpx2",
    "ipyvuetify",
    "ipywidgets",
    "IPython",
    "nest_asyncio2",
    "pyarrow",
)


def python(code: str) -> str:
    env = os.environ | {"PYTHONPATH": str(SOURCE)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


LIGHT = {
    "the package": "import photogram",
    "its names": "import photogram; dir(photogram); photogram.__version__",
    "its errors": "from photogram import PhotogramError, UserError, StoreError, ProviderError",
    "the domain": "import photogram.domain.card, photogram.domain.records, photogram.domain.request",
    "the settings": "import photogram.config; photogram.config.default_model()",
    "the command line": "import photogram.cli; photogram.cli.build_parser()",
}


@pytest.mark.parametrize("what", LIGHT)
def test_it_does_not_load_what_is_heavy(what):
    loaded = python(f"{LIGHT[what]}\nimport sys\nprint(*[one for one in {HEAVY} if one in sys.modules])")
    assert loaded == ""


def test_it_writes_nothing_and_starts_nothing(tmp_path):
    python(f"import os; os.chdir({str(tmp_path)!r}); import photogram, threading; assert threading.active_count() == 1")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "module", ["photogram.store", "photogram.engine.engine", "photogram.studio", "photogram.providers.sketch"]
)
def test_nothing_below_the_ui_loads_a_widget(module):
    assert (
        python(f"import {module}, sys; print(*[one for one in ('ipywidgets', 'ipyvuetify') if one in sys.modules])")
        == ""
    )


def test_imports_point_one_way():
    """Runs import-linter's contracts of pyproject.toml."""
    linter = Path(sys.executable).with_name("lint-imports")
    command = str(linter) if linter.exists() else shutil.which("lint-imports")
    assert command, "import-linter is part of the extra `test`"
    done = subprocess.run(
        [command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONPATH": str(SOURCE)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
