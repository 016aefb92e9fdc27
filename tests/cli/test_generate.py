from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import time
from pathlib import Path

import pytest
from PIL import Image

from photogram.cli import main

from .conftest import COMMAND, Shell

SMALL = ("--size", "128x96")


def test_json_has_exactly_the_documented_shape(process: Shell, tmp_path: Path) -> None:
    done = process("generate", "a lighthouse at dusk", "-n", "2", "--seed", "7", *SMALL, "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert set(answer) == {"batch", "generations"}
    assert set(answer["batch"]) == {"id", "topic_id", "model", "prompt", "params", "cost_usd"}
    assert answer["batch"]["model"] == "sketch:scene"
    assert answer["batch"]["prompt"] == "a lighthouse at dusk"
    assert answer["batch"]["cost_usd"] == 0
    assert [one["seed"] for one in answer["generations"]] == [7, 8]
    for one in answer["generations"]:
        assert set(one) == {
            "id", "status", "seed", "path", "width", "height", "mime", "sha256", "cost_usd", "error",
        }  # fmt: skip
        assert one["status"] == "success"
        assert one["error"] is None
        data = Path(one["path"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == one["sha256"]
        assert Image.open(one["path"]).size == (one["width"], one["height"]) == (128, 96)


def test_same_seed_gives_the_same_files_in_another_workspace(shell: Shell, tmp_path: Path) -> None:
    def sums(workspace: str) -> list[str]:
        done = shell("generate", "a storm", "-n", "2", "--seed", "3", *SMALL, "--workspace", workspace, "--json")
        return [one["sha256"] for one in json.loads(done.stdout)["generations"]]

    assert sums(str(tmp_path / "a")) == sums(str(tmp_path / "b"))


def test_without_topic_every_call_makes_a_new_one(shell: Shell) -> None:
    for _ in range(2):
        assert shell("generate", "a red balloon, ink", *SMALL).returncode == 0
    assert shell("generate", "a kite", "--topic", "Toys", *SMALL).returncode == 0
    assert shell("generate", "a drum", "--topic", "Toys", *SMALL).returncode == 0
    topics = json.loads(shell("topics", "--json").stdout)
    assert sorted((topic["title"], topic["images"]) for topic in topics) == [
        ("Red balloon", 1), ("Red balloon", 1), ("Toys", 2),
    ]  # fmt: skip


def test_out_copies_the_pictures_unchanged_and_never_over_others(shell: Shell, tmp_path: Path) -> None:
    call = ("generate", "um farol ao entardecer", "-n", "2", "--seed", "7", *SMALL, "--out", "pictures", "--json")
    first = json.loads(shell(*call).stdout)
    names = ["um-farol-ao-entardecer_1_seed_7.png", "um-farol-ao-entardecer_2_seed_8.png"]
    copies = sorted((tmp_path / "pictures").iterdir())
    assert [copy.name for copy in copies] == names
    assert [copy.read_bytes() for copy in copies] == [Path(one["path"]).read_bytes() for one in first["generations"]]
    copies[0].write_bytes(b"mine")
    assert shell(*call).returncode == 0
    assert copies[0].read_bytes() == b"mine"
    assert len(list((tmp_path / "pictures").iterdir())) == 3


def test_a_reference_image_is_taken(shell: Shell, tmp_path: Path) -> None:
    Image.new("RGB", (64, 64), "red").save(tmp_path / "photo.png")
    done = shell("generate", "the same, in ink", "--image", "photo.png", "-p", "style=ink", *SMALL, "--json")
    assert done.returncode == 0, done.stderr
    [row] = json.loads(shell("history", "--json").stdout)
    assert len(row["refs"]) == 1


def test_the_prompt_may_come_from_stdin(process: Shell) -> None:
    done = process("generate", "-", *SMALL, "--json", stdin="a quiet harbour\n")
    assert json.loads(done.stdout)["batch"]["prompt"] == "a quiet harbour"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "PROMPT"),
        (("  ",), "prompt is empty"),
        (("x", "-n", "0"), "at least 1"),
        (("x", "-p", "style"), "name=value"),
        (("x", "-p", "styl=ink", "-p", "widht=9"), "did you mean style"),
        (("x", "-p", "styl=ink", "-p", "widht=9"), "did you mean width"),
        (("x", "--size", "64x64", "--width", "64"), "conflicts"),
        (("x", "--seed", "1", "-p", "seed=2"), "twice"),
        (("x", "-m", "sketch:scenes"), "Did you mean sketch:scene"),
        (("x", "--image", "no-such-file.png"), "no-such-file.png"),
        (("x", "--topic", f"top_{26 * '0'}"), "topic"),
        (("x" * 2001,), "2,000"),
        (("x", "--timeout", "nan"), "seconds"),
    ],
)
def test_bad_input_exits_with_2_and_one_message(
    arguments: tuple[str, ...], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(signal.SIGTERM)
    try:
        code = main(["generate", *arguments, *(["--workspace", str(tmp_path / "w")] if arguments else [])])
    finally:
        signal.signal(signal.SIGTERM, before)
    printed = capsys.readouterr()
    assert code == 2
    assert said in printed.err
    assert "Traceback" not in printed.err
    assert printed.out == ""


def test_bad_input_leaves_nothing_behind(process: Shell) -> None:
    done = process("generate", "x", "-p", "styl=ink")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert json.loads(process("topics", "--json").stdout) == []


def test_a_wait_that_runs_out_exits_with_1_and_names_resume(shell: Shell) -> None:
    call = ("generate", "a storm", "-n", "4", "--size", "1024x1024", "--timeout", "0.05", "--json")
    done = shell(*call)
    assert done.returncode == 1
    assert "photogram resume" in done.stderr
    assert len(json.loads(done.stdout)["generations"]) == 4
    resumed = shell("resume", "--timeout", "120")
    assert resumed.returncode == 0, resumed.stderr
    statuses = json.loads(shell("sql", "select status, count(*) as n from history group by 1", "--json").stdout)
    assert statuses == [{"status": "success", "n": 4}]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="POSIX signals")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_cleanly(environment: dict[str, str], shell: Shell, number: int, code: int) -> None:
    process = subprocess.Popen(
        [*COMMAND, "generate", "a storm", "-n", "20", "--size", "512x512"],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not list(Path(environment["PHOTOGRAM_HOME"]).glob("images/*/*.png")):
        time.sleep(0.05)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == code
    assert "Traceback" not in stderr
    assert ("photogram resume" in stderr) is (number == signal.SIGINT)
    rows = json.loads(shell("sql", "select count(*) as n from history", "--json").stdout)
    assert rows == [{"n": 20}]
    assert shell("resume", "--timeout", "100").returncode == 0
    made = json.loads(shell("sql", "select count(*) as n from history where status = 'success'", "--json").stdout)
    assert made == [{"n": 20}]
