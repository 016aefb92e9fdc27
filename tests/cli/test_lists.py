from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from .conftest import Shell, environment_in, shell_in

SMALL = ("--size", "64x64")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two topics with three pictures, made once."""
    folder = tmp_path_factory.mktemp("filled")
    shell = shell_in(folder, environment_in(folder))
    assert shell("generate", "a red balloon", "-n", "2", "--seed", "1", "--topic", "Toys", *SMALL).returncode == 0
    assert shell("generate", "waves", "-m", "sketch:abstract", "--topic", "Art", *SMALL).returncode == 0
    return folder / "workspace"


@pytest.fixture
def filled(workspace: Path, tmp_path: Path, shell: Shell) -> Shell:
    """Each test has a copy: a workspace may be moved."""
    shutil.copytree(workspace, tmp_path / "workspace")
    return shell


def rows_of(shell: Shell, *arguments: str) -> list[dict[str, object]]:
    done = shell(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert isinstance(rows, list)
    return rows


def test_history_filters(filled: Shell) -> None:
    assert len(rows_of(filled, "history")) == 3
    assert {row["prompt"] for row in rows_of(filled, "history", "--search", "BALLOON")} == {"a red balloon"}
    assert {row["topic_title"] for row in rows_of(filled, "history", "--topic", "art")} == {"Art"}
    assert rows_of(filled, "history", "--status", "error") == []
    assert len(rows_of(filled, "history", "--limit", "1")) == 1
    assert len(rows_of(filled, "history", "-m", "sketch:abstract")) == 1
    [row] = rows_of(filled, "history", "--search", "waves")
    assert isinstance(row["params"], dict)
    assert Path(str(row["path"])).is_file()


def test_sql_answers_as_objects(filled: Shell) -> None:
    query = "select prompt, count(*) as n, sum(cost_usd) as usd, max(error) as error from history group by 1 order by 1"
    assert rows_of(filled, "sql", query) == [
        {"prompt": "a red balloon", "n": 2, "usd": 0.0, "error": None},
        {"prompt": "waves", "n": 1, "usd": 0.0, "error": None},
    ]


@pytest.mark.parametrize(
    "query", ["drop table topics", "select 1; select 2", "select * from read_csv('/etc/passwd')", ""]
)
def test_sql_refuses_all_but_one_select(filled: Shell, query: str) -> None:
    done = filled("sql", query)
    assert done.returncode == 2
    assert done.stderr.startswith("photogram: ")
    assert "Traceback" not in done.stderr


def test_models_lists_what_there_is(shell: Shell) -> None:
    rows = rows_of(shell, "models")
    assert {"sketch:scene", "sketch:abstract"} <= {row["model"] for row in rows}
    assert {"model", "provider", "params", "price_usd", "key_present", "deprecated"} <= set(rows[0])
    assert shell("models").returncode == 0


def test_topics_are_listed_renamed_and_deleted(filled: Shell) -> None:
    assert [row["title"] for row in rows_of(filled, "topics")] == ["Art", "Toys"]
    assert filled("topics", "rename", "art", "Arte").returncode == 0
    assert filled("topics", "delete", "Toys").returncode == 0
    assert [(row["title"], row["images"]) for row in rows_of(filled, "topics")] == [("Arte", 1)]
    assert filled("topics", "delete", "nothing").returncode == 2


@pytest.mark.parametrize("command", ["history", "topics"])
def test_an_empty_workspace_says_how_to_begin(process: Shell, command: str) -> None:
    assert "photogram generate" in process(command).stdout
    assert rows_of(process, command) == []


def test_a_terminal_escape_in_a_prompt_is_not_printed(shell: Shell) -> None:
    shell("generate", "a boat \u202e and \u200b a sea", *SMALL)
    table = shell("history").stdout
    assert "a boat" in table
    assert "\u202e" not in table


def test_doctor_finds_a_healthy_workspace_healthy(filled: Shell) -> None:
    findings = rows_of(filled, "doctor")
    assert all(set(finding) == {"name", "ok", "message", "next_step"} for finding in findings)
    assert all(finding["ok"] for finding in findings)
    assert filled("doctor", "--purge").returncode == 0


def test_doctor_tells_of_a_missing_file(filled: Shell) -> None:
    Path(str(rows_of(filled, "history")[0]["path"])).unlink()
    done = filled("doctor")
    assert done.returncode == 1
    assert "!!  files" in done.stdout


def test_without_a_command_the_usage_is_shown(process: Shell) -> None:
    done = process()
    assert done.returncode == 2
    assert "usage: photogram" in done.stderr
    assert process("--version").stdout.startswith("photogram ")
