"""kill -9 at any moment: the workspace opens again, and nothing that was acknowledged is missing."""

from __future__ import annotations

import random
import time

import pytest

from photogram.domain.task import TaskStatus

from .children import Child
from .conftest import await_adoption, check_workspace, statuses

GENERATE_FOR_EVER = """
model, seed = sys.argv[2], int(sys.argv[3])
studio = open_studio()
say("ready")
reference = None
while True:
    batch = studio.generate(f"a red boat {seed}", model=model, n=3, seed=seed, width=64, height=64, images=reference)
    say("made", batch.id)
    batch.wait()
    for one in batch:
        say("done", one.id, one.asset.sha256)
    reference = batch[0]
    seed += 3
"""
KILLS = 20


def test_nothing_acknowledged_is_missing_after_twenty_kills(workspace, open_studio, dots):
    dice = random.Random()
    made: set[str] = set()
    done: dict[str, str] = {}
    for kill in range(KILLS):
        model = "sketch:abstract" if kill % 4 == 3 else "dots:plain"
        children = [Child(GENERATE_FOR_EVER, workspace, model, 1_000 * (2 * kill + one)) for one in range(1 + kill % 2)]
        for child in children:
            child.await_line("ready")
        time.sleep(dice.uniform(0.0, 0.7))
        for child in children:
            child.kill()
        for line in (line.split() for child in children for line in child.lines):
            if line[0] == "made":
                made.add(line[1])
            elif line[0] == "done":
                done[line[1]] = line[2]
        studio = open_studio()
        await_adoption(studio)
        check_workspace(studio)
        assert made <= {batch.id for batch in studio.batches(limit=100_000)}
        shas = dict(studio.df()[["generation_id", "sha256"]].itertuples(index=False))
        assert {one: shas.get(one) for one in done} == done
        assert set(statuses(studio)) <= {"success", "pending"}
        studio.close()
    assert len(made) > KILLS / 2, "it was killed too early to show anything"
    assert done
    studio = open_studio()
    studio.resume()
    for batch in studio.batches(limit=100_000):
        batch.wait(60)
    assert set(statuses(studio)) == {"success"}
    check_workspace(studio)


def test_what_was_pending_waits_for_resume_and_is_not_sent_by_itself(workspace, open_studio, dots):
    child = Child("studio = open_studio(); batch = studio.generate('hold on', n=5); dots.started.wait()\n"
                  "say('made', batch.id); time.sleep(60)", workspace)  # fmt: skip
    batch_id = child.await_line("made").split()[1]
    child.kill()
    studio = open_studio()
    await_adoption(studio)
    dots.go.set()
    new = studio.generate("a cat").wait(20)
    time.sleep(1)
    assert new[0].status is TaskStatus.SUCCESS
    assert [request.prompt for request in dots.runs] == ["a cat"]
    old = studio.batch(batch_id)
    assert [one.status for one in old] == [TaskStatus.PENDING] * 5
    assert [batch.id for batch in studio.resume()] == [batch_id]
    assert [one.status for one in old.wait(20)] == [TaskStatus.SUCCESS] * 5
    assert studio.resume() == []


def test_what_was_pending_can_be_dropped_instead(workspace, open_studio, dots):
    child = Child("studio = open_studio(); batch = studio.generate('hold on', n=3); dots.started.wait()\n"
                  "say('made', batch.id); time.sleep(60)", workspace)  # fmt: skip
    batch_id = child.await_line("made").split()[1]
    child.kill()
    studio = open_studio()
    await_adoption(studio)
    batch = studio.batch(batch_id)
    batch.cancel()
    assert [one.status for one in batch] == [TaskStatus.CANCELLED] * 3
    assert studio.resume() == []
    assert dots.runs == []


def test_a_living_process_takes_over_from_one_that_is_killed(workspace, open_studio, dots):
    studio = open_studio()
    child = Child("studio = open_studio(); batch = studio.generate('hold on', n=2); dots.started.wait()\n"
                  "say('made', batch.id); time.sleep(60)", workspace)  # fmt: skip
    batch_id = child.await_line("made").split()[1]
    assert studio.resume() == [], "a living process's work is not taken over"
    child.kill()
    dots.go.set()
    assert [batch.id for batch in studio.resume()] == [batch_id]
    assert all(one.status is TaskStatus.SUCCESS for one in studio.batch(batch_id).wait(20))


def test_of_two_processes_that_resume_at_once_one_paints(workspace, open_studio):
    child = Child("studio = open_studio(); batch = studio.generate('hold on', n=6); dots.started.wait()\n"
                  "say('made', batch.id); time.sleep(60)", workspace)  # fmt: skip
    batch_id = child.await_line("made").split()[1]
    child.kill()
    program = """
    studio = open_studio()
    dots.go.set()
    say("ready")
    while time.time() < float(sys.argv[2]):
        time.sleep(0.001)
    studio.resume()
    studio.batch(sys.argv[3]).wait()
    say("painted", len(dots.runs))
    studio.close()
    """
    start = time.time() + 4
    rivals = [Child(program, workspace, start, batch_id) for _ in range(2)]
    assert [rival.end(60) for rival in rivals] == [0, 0]
    assert sum(int(rival.await_line("painted").split()[1]) for rival in rivals) == 6
    studio = open_studio()
    assert statuses(studio) == {"success": 6}


@pytest.mark.parametrize("size", [64, 300])
def test_a_torn_journal_and_foreign_files_stop_nothing(workspace, open_studio, dots, size):
    open_studio().close()
    (workspace / "owners" / "own_00000000000000000000000000.jsonl").write_text(
        '{"task_id": "tsk_1", "hand' + "x" * size
    )
    (workspace / "owners" / "own_garbage.lock").write_bytes(b"\0" * size)
    (workspace / "images" / "notes.txt").write_text("mine")
    (workspace / "images" / "ab").mkdir(exist_ok=True)
    (workspace / "images" / "ab" / ".half-written.png.123-ab").write_bytes(b"x" * size)
    studio = open_studio()
    assert studio.generate("a cat").wait(20)[0].status is TaskStatus.SUCCESS
    check_workspace(studio)
