from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell

from photogram import Batch, Studio, load_ipython_extension
from photogram.errors import BadParams, EmptyPrompt, QueryRefused


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    monkeypatch.setenv("PHOTOGRAM_HOME", str(tmp_path / "workspace"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    load_ipython_extension(shell)
    yield shell
    studio = shell.user_ns.get("studio")
    if isinstance(studio, Studio):
        studio.close()
    InteractiveShell.clear_instance()


def test_imagine_makes_a_batch_from_the_cell(session: InteractiveShell) -> None:
    batch = session.run_cell_magic(
        "imagine", "-m sketch:abstract -n 2 --seed 5 --size 64x64 -p quality=hd", "calm waves\n"
    )
    assert isinstance(batch, Batch)
    batch.wait(timeout_s=60)
    assert batch.prompt == "calm waves"
    assert batch.model == "sketch:abstract"
    assert [one.seed for one in batch] == [5, 6]
    assert isinstance(session.user_ns["studio"], Studio)


def test_imagine_uses_the_sessions_own_studio(session: InteractiveShell, tmp_path: Path) -> None:
    session.user_ns["studio"] = mine = Studio(tmp_path / "elsewhere")
    batch = session.run_cell_magic("imagine", "--size 64x64 --topic Toys", "a kite")
    assert mine.topic("toys").id == batch.topic_id


def test_photosql_answers_with_a_frame(session: InteractiveShell) -> None:
    session.run_cell_magic("imagine", "--size 64x64", "a kite").wait(timeout_s=60)
    cell = session.run_cell_magic("photosql", "", "select prompt\nfrom history")
    line = session.run_line_magic("photosql", "select prompt from history")
    assert isinstance(cell, pd.DataFrame)
    assert cell.equals(line)
    assert list(cell["prompt"]) == ["a kite"]


@pytest.mark.parametrize("line", ["--nope", "-n x", "-p styleink", "--topic 'open"])
def test_a_wrong_option_is_an_error_in_the_cell(session: InteractiveShell, line: str) -> None:
    with pytest.raises(BadParams, match="imagine"):
        session.run_cell_magic("imagine", line, "a kite")


def test_empty_cells_are_refused(session: InteractiveShell) -> None:
    with pytest.raises(EmptyPrompt):
        session.run_cell_magic("imagine", "", "  \n")
    with pytest.raises(QueryRefused, match="no query"):
        session.run_cell_magic("photosql", "", "\n")
