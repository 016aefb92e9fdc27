"""The interpreter ends: at once, with success, and with what was queued written."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from photogram.store import Store

from .processes import finish, prepared, start, wait_for
from .workers import count, ids


@pytest.mark.parametrize("during", ["nothing", "query", "query at once", "commit", "long write", "sigterm"])
def test_exit_is_quick_and_clean(tmp_path: Path, during: str) -> None:
    process = start("exiting", tmp_path, during)
    wait_for(process, "exiting")
    started = time.monotonic()
    finish(process, timeout_s=20)
    assert time.monotonic() - started < 3
    store = Store.open(tmp_path)  # the file is free
    assert store.write(count, "after").result(timeout=5) > 0
    if during == "commit":
        written = store.read(ids).result()
        numbers = sorted(int(id_.split("_")[1]) for id_ in written if id_.startswith("exit_"))
        assert numbers == list(range(len(numbers))), "what was written is the head of the queue, without gaps"
        assert numbers
    store.close()


def test_exit_while_another_process_holds_the_file(tmp_path: Path) -> None:
    prepared(tmp_path)
    holder = start("holding_turn", tmp_path)
    wait_for(holder, "holding")
    process = start("exiting_busy", tmp_path)
    wait_for(process, "exiting")
    started = time.monotonic()
    finish(process, timeout_s=20)
    assert time.monotonic() - started < 3
    holder.kill()
    holder.wait()
