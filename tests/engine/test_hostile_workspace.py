"""A workspace that came from a download, its rows and files forged.

No key leaves, no file outside it is read or removed, and opening it neither fails nor hangs.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from faulty.harness import USER, finish, new_batch, only, read
from faulty.server import Server, png

from photogram.domain.asset import Asset
from photogram.domain.ids import new_id
from photogram.domain.records import GenerationRecord
from photogram.domain.task import TaskStatus
from photogram.engine.engine import Engine
from photogram.store import Cursor, batches
from photogram.store import tasks as task_rows
from photogram.store.owners import Owner

FORGED = new_id("own")
HANDLES: tuple[Any, ...] = (
    "[", "[" * 100_000, "7", '"words"', "[]", "{}", '{"remote_id": 7}', '{"poll_url": "https://x.example"}',
    '{"remote_id": "1", "poll_url": ["https://x.example"], "expires_at": "soon", "cost_micros": "1e9", "more": {}}',
)  # fmt: skip


@pytest.fixture
def foreign() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


def forge(engine: Engine, *, owner: str | None = FORGED, handle: str | None = None) -> GenerationRecord:
    """Writes a task that a process is said to have sent, with a handle that its provider is said to have given."""
    batch = engine.store.write(task_rows.start_batch, USER, new_batch(engine)).result(30)[0]

    def change(cur: Cursor) -> None:
        cur.execute(
            "UPDATE tasks SET status = 'processing', sent_at = ?, owner = ?, handle = ?",
            [engine.clock.now(), owner, handle],
        )

    engine.store.write(change).result(30)
    return only(read(engine, batch))


def ended(engine: Engine, generation: GenerationRecord) -> GenerationRecord:
    engine.adopt(USER).result(30)
    engine.finished(USER, generation.batch_id).result(60)
    return only(engine.read(batches.get_batch, USER, generation.batch_id).result(30))


def journal(workspace: Path, *lines: str) -> Path:
    path = workspace / "owners" / f"{FORGED}.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


@pytest.mark.parametrize("owner", ["../../victim", "../victim", "own_/../../../victim", ".", "own_x"])
def test_owner_that_is_a_path_removes_and_reads_no_file(engine: Engine, workspace: Path, owner: str) -> None:
    victims = [workspace.parent / "victim.jsonl", workspace.parent / "victim.lock", workspace / "victim.jsonl"]
    generation = forge(engine, owner=owner)
    line = json.dumps({"task_id": generation.task_id, "handle": '{"remote_id": "1"}'})
    for victim in victims:
        victim.write_text(line)
    assert ended(engine, generation).status is TaskStatus.LOST
    assert [victim.read_text() for victim in victims] == [line] * 3


@pytest.mark.parametrize("names", [("poll_url", "cancel_url", "result_url"), ("image_url",)])
@pytest.mark.parametrize("where", ["row", "journal"])
def test_forged_handle_sends_the_key_to_nobody(
    engine: Engine, workspace: Path, server: Server, foreign: Server, where: str, names: tuple[str, ...]
) -> None:
    urls = dict.fromkeys(names, f"{foreign.url}/jobs/x")
    handle = json.dumps({"remote_id": "x", **urls})
    generation = forge(engine, handle=handle if where == "row" else None)
    if where == "journal":
        journal(workspace, json.dumps({"task_id": generation.task_id, "handle": handle}))
    failed = ended(engine, generation)
    assert failed.error
    assert failed.error.kind == "bad_response"
    assert (foreign.keys, server.keys) == ([], [])


@pytest.mark.parametrize("handle", HANDLES[2:])  # the column takes JSON only
def test_handle_that_is_none_in_a_row_is_none(engine: Engine, server: Server, handle: str) -> None:
    generation = forge(engine, handle=handle)
    assert ended(engine, generation).status in (TaskStatus.LOST, TaskStatus.ERROR)
    assert server.keys == []


def test_journal_of_nonsense_hides_no_handle_that_is_one(engine: Engine, workspace: Path, server: Server) -> None:
    finish(engine, engine.generate(USER, new_batch(engine)).result(30))
    generation = forge(engine)
    true = json.dumps({"remote_id": "job0", "poll_url": f"{server.url}/jobs/job0"})
    nonsense = [json.dumps({"task_id": generation.task_id, "handle": handle}) for handle in HANDLES]
    entries: list[Any] = [
        [], 7, {"handle": "{}"}, {"handle": true}, {"task_id": [1], "handle": true},
        {"task_id": generation.task_id, "handle": {"remote_id": "1"}},
    ]  # fmt: skip
    nonsense += ["", "{", "[" * 100_000, *map(json.dumps, entries)]
    path = journal(workspace, *nonsense, json.dumps({"task_id": generation.task_id, "handle": true}))
    path.write_bytes(b"\xff\xfe\n" + path.read_bytes())
    assert ended(engine, generation).status is TaskStatus.SUCCESS


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
@pytest.mark.parametrize("kind", ["pipe", "folder", "link"])
@pytest.mark.parametrize("suffix", ["jsonl", "lock"])
def test_owner_whose_files_are_none_is_gone(workspace: Path, tmp_path: Path, kind: str, suffix: str) -> None:
    owner = Owner(workspace)
    path = workspace / "owners" / f"{FORGED}.{suffix}"
    other = tmp_path / "elsewhere"
    other.write_text("private")
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "link":
            path.symlink_to(other)
    assert owner.dead() == [FORGED]
    assert list(owner.handles_of(FORGED)) == []
    owner.forget(FORGED)
    owner.close()
    assert other.read_text() == "private"


def test_reference_in_whose_place_another_file_was_put_is_not_sent(
    engine: Engine, workspace: Path, server: Server, tmp_path: Path
) -> None:
    secret = tmp_path / "id_ed25519"
    secret.write_bytes(b"private")
    data = png()
    sha256 = hashlib.sha256(data).hexdigest()
    asset = Asset(sha256=sha256, mime="image/png", width=32, height=24, size_bytes=len(data))
    engine.store.files.put(data, extension="png", folder="references")
    path = engine.store.files.path(sha256, extension="png", folder="references")
    path.unlink()
    path.symlink_to(secret)
    batch = new_batch(engine)
    object.__setattr__(batch, "references", (asset,))
    generation = only(finish(engine, engine.generate(USER, batch).result(30)))
    assert generation.error
    assert (generation.error.kind, server.submits) == ("storage", [])
    assert "changed from outside" in generation.error.message


def test_living_process_is_still_known(engine: Engine, workspace: Path) -> None:
    other = Owner(workspace)
    assert not engine.owner.is_dead(other.id)
    other.close()
    assert engine.owner.is_dead(other.id)
