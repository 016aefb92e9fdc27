"""`photogram resume`, and what lost images hold, with a provider that bills: one process leaves, another carries on."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from faulty.adapter import LoopbackAdapter
from faulty.harness import USER, FastClock, new_batch, until
from faulty.server import CUT_AFTER, Reply, Server

from photogram.cli import main
from photogram.domain.records import BatchRecord
from photogram.engine.engine import Engine
from photogram.providers.registry import Registry
from photogram.store.beats import Beat, Host

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture
def workspace(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("LOOPBACK_KEY", "sk-very-secret-4711")
    monkeypatch.setenv("PHOTOGRAM_CONFIG", str(tmp_path / "none.toml"))
    monkeypatch.setenv("PHOTOGRAM_USER", USER)
    monkeypatch.setattr("photogram.engine.engine.Clock", FastClock)
    monkeypatch.setattr(
        "photogram.engine.engine.default_registry", lambda *_: Registry([LoopbackAdapter(server.url, concurrency=1)])
    )
    before = signal.getsignal(signal.SIGTERM)
    yield tmp_path / "ws"
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def run(workspace: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main([*arguments, "--workspace", str(workspace)])
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        assert "4711" not in printed.out + printed.err
        return code, printed.out, printed.err

    return call


@pytest.fixture
def left(workspace: Path, server: Server) -> BatchRecord:
    """A batch of three whose process ended while the first was polled and the others waited."""
    server.polls_needed = 10**6
    engine = Engine(workspace)
    engine._users = 1
    batch = engine.generate(USER, new_batch(engine, 3)).result(30)
    until(lambda: server.polls)
    engine.close()
    server.polls_needed = 1
    return batch


def statuses(out: str) -> list[str]:
    return [image["status"] for batch in json.loads(out) for image in batch["generations"]]


def test_count_and_cost_are_said_before_anything_is_sent_and_each_end_afterwards(
    run: Run, left: BatchRecord, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    said_first: list[str] = []

    def note(_count: int) -> None:
        said_first.append(capsys.readouterr().err)

    server.on_submit = note
    code, out, err = run("resume")
    assert code == 0
    assert "2 images were not sent (about $0.08): sending now." in said_first[0]
    assert "1 image had been sent already: carrying on." in "".join(said_first) + err
    lines = out.splitlines()
    assert lines[0] == f"{left.id}  a boat"
    assert [line.split()[:2] for line in lines[1:]] == [["1", "success"], ["2", "success"], ["3", "success"]]
    assert all(Path(line.split()[-1]).is_file() for line in lines[1:])
    assert sorted(server.accepted().values()) == [1, 1, 1]
    assert run("resume") == (0, "Nothing was left to do.\n", "")


def test_what_is_begun_anew_is_counted_before_it_is_sent(
    run: Run, workspace: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter = LoopbackAdapter(server.url, concurrency=1, idempotent=True)
    monkeypatch.setattr("photogram.engine.engine.default_registry", lambda *_: Registry([adapter]))
    server.on_submit = lambda _count: Reply(status=202, accepted=True, delay_s=20.0)
    engine = Engine(workspace)
    engine._users = 1
    engine.generate(USER, new_batch(engine, 3)).result(30)
    until(lambda: server.asked)
    engine.close()
    server.on_submit = lambda _count: None
    code, _, err = run("resume")
    assert code == 0
    assert "3 images were not sent (about $0.12): sending now." in err


def test_what_another_computer_left_is_waited_for_until_that_is_silent(
    run: Run, workspace: Path, left: BatchRecord
) -> None:
    (beat,) = (workspace / "owners").glob("*.beat")
    Beat(beat, Host(name="other-\x1b[2Jpc"))
    code, out, err = run("resume", "--json")
    assert (code, statuses(out)) == (0, ["success"] * 3)
    said = err.splitlines()
    assert said[0].startswith("Looking, for 30 s at most, whether other-")
    assert "\x1b" not in err
    assert said[1] == "2 images were not sent (about $0.08): sending now."


def test_json_holds_only_what_was_carried_on_with(run: Run, left: BatchRecord) -> None:
    code, out, _ = run("resume", "--json")
    assert code == 0
    [described] = json.loads(out)
    assert set(described) == {"batch", "generations"}
    assert described["batch"]["id"] == left.id
    assert statuses(out) == ["success"] * 3
    code, out, _ = run("resume", "--json")
    assert (code, json.loads(out)) == (0, [])


def test_failed_one_is_said_with_its_reason_and_exits_with_1(run: Run, left: BatchRecord, server: Server) -> None:
    answers: list[Any] = [(400, {}, b"no"), CUT_AFTER]
    server.on_submit = lambda _count: answers.pop(0) if answers else None
    code, out, _ = run("resume")
    assert code == 1
    ends = out.splitlines()[1:]
    assert [line.split()[1] for line in ends] == ["success", "error", "lost"]
    assert "did not take the request" in ends[1]
    assert "billed" in ends[2]


def test_discard_sends_nothing_frees_the_coins_and_stays_for_what_was_sent(
    run: Run, left: BatchRecord, server: Server
) -> None:
    code, out, err = run("resume", "--discard", "--json")
    assert code == 0
    assert "2 images were not sent (about $0.08): discarding now." in err
    assert statuses(out) == ["success", "cancelled", "cancelled"]
    assert len(server.submits) == 1
    code, out, _ = run("wallet", "--json")
    assert json.loads(out) == {"balance_coins": 9_960, "held_coins": 0, "lost": 0}


def test_wait_that_runs_out_exits_with_1_and_the_next_resume_goes_on(
    run: Run, left: BatchRecord, server: Server
) -> None:
    server.polls_needed = 10**6
    code, out, err = run("resume", "--timeout", "0.3", "--json")
    assert code == 1
    assert "the wait of 0.3 s ran out" in err
    assert "photogram resume" in err
    assert "processing" in statuses(out)
    server.polls_needed = 1
    code, out, _ = run("resume", "--json")
    assert code == 0
    assert statuses(out) == ["success"] * 3
    assert sorted(server.accepted().values()) == [1, 1, 1]


def test_lost_one_is_listed_and_settled(run: Run, workspace: Path, server: Server) -> None:
    server.on_submit = lambda _count: CUT_AFTER
    code, _, _ = run("generate", "a boat", "-m", "loopback:img")
    assert code == 1
    code, out, _ = run("wallet")
    assert out.splitlines()[:2] == ["9,960 coins (US$ 9.96)", "40 more are held for images under way or lost."]
    assert "1 lost" in out
    [lost] = json.loads(run("wallet", "lost", "--json")[1])
    assert (lost["prompt"], lost["provider"], lost["held_coins"]) == ("a boat", "loopback", 40)
    assert lost["task_id"] in run("wallet", "lost")[1]
    code, out, _ = run("wallet", "settle", lost["task_id"], "--not-billed", "--json")
    assert (code, json.loads(out)) == (0, {"balance_coins": 10_000, "held_coins": 0, "lost": 0})
    code, _, err = run("wallet", "settle", lost["task_id"], "--billed")
    assert code == 2
    assert "settled already" in err


def test_cap_stops_a_command_with_2_and_says_how_to_change_it(run: Run, workspace: Path, server: Server) -> None:
    assert run("wallet", "caps", "--day", "30")[0] == 0
    code, _, err = run("generate", "a boat", "-m", "loopback:img")
    assert code == 2
    assert "of the day's 30 are spent or held" in err
    assert server.asked == []
