"""kill -9 at any moment: whatever was acknowledged is there."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

from photogram.store import Store

from .processes import finish, prepared, start
from .workers import ids, totals

KILLS = int(os.environ.get("PHOTOGRAM_TEST_KILLS", "24"))


def test_every_acknowledged_row_outlives_kills_at_random_moments(tmp_path: Path) -> None:
    prepared(tmp_path)
    chance = random.Random(7)
    running, acknowledged = [start("counting", tmp_path) for _ in range(3)], []
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.15, 0.7))
        victim = running.pop(chance.randrange(len(running)))
        victim.kill()
        out, err = victim.communicate()
        assert err == ""
        acknowledged += out.splitlines()
        running.append(start("counting", tmp_path))
    (tmp_path / "stop").touch()
    for process in running:
        acknowledged += [line for line in finish(process) if not line.startswith("turns")]
    store = Store.open(tmp_path)
    written = store.read(ids).result(timeout=20)
    counter, rows, distinct = store.read(totals).result()
    store.close()
    assert set(acknowledged) <= written
    assert counter == rows == distinct
    assert len(written) - len(acknowledged) <= KILLS, "at most the one write that each victim had under way"
    assert len(acknowledged) > 5 * KILLS
