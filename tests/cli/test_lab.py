from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from photogram.cli import lab
from photogram.errors import StorageFailed


def test_the_notebook_is_copied_once_and_never_over_changes(tmp_path: Path) -> None:
    notebook = lab.place_notebook(tmp_path / "new folder")
    content = json.loads(notebook.read_text("utf-8"))
    assert notebook.name == "photogram-quickstart.ipynb"
    assert not any(cell.get("outputs") for cell in content["cells"])
    notebook.write_text("mine", "utf-8")
    assert lab.place_notebook(notebook.parent).read_text("utf-8") == "mine"


def test_a_folder_that_cannot_be_is_said_clearly(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageFailed, match="not a folder"):
        lab.place_notebook(tmp_path / "file")


def test_the_server_asks_nobody_for_news_and_runs_as_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    command = lab.build_command(tmp_path / "n.ipynb", port=9999, browser=False)
    for part in ("--allow-root", "--no-browser", "--port=9999", "--LabApp.news_url=None"):
        assert part in command
    monkeypatch.setattr(os, "geteuid", lambda: 1000, raising=False)
    assert "--allow-root" not in lab.build_command(tmp_path / "n.ipynb", port=None, browser=True)


def test_the_users_own_jupyter_configuration_stays(tmp_path: Path) -> None:
    path = lab.build_environment({"JUPYTER_CONFIG_PATH": "/theirs", "HOME": "/h"})
    ours, theirs = path["JUPYTER_CONFIG_PATH"].split(os.pathsep)
    assert theirs == "/theirs"
    assert json.loads((Path(ours) / "labconfig/page_config.json").read_text())["disabledExtensions"]
    assert path["HOME"] == "/h"


def test_without_jupyterlab_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from photogram.cli import build_parser

    monkeypatch.setattr(lab.importlib.util, "find_spec", lambda name: None)
    options = build_parser().parse_args(["lab"])
    assert options.run(options) == 1
    assert "pip install 'photogram[lab]'" in capsys.readouterr().err
