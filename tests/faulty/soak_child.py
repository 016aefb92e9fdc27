"""A process of the soak: resumes, makes batches until there are so many tasks, and may be killed at any moment.

    python soak_child.py WORKSPACE URL TARGET SEED [SECONDS]

It ends by itself once there are TARGET tasks and all of them are over.
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from faulty.adapter import LoopbackAdapter
from faulty.harness import USER, FastClock, new_batch
from photogram.engine.engine import Engine
from photogram.providers.registry import Registry
from photogram.store import Cursor, ledger

GRANT_MICROS = 100_000_000
"""Enough for everything, or the soak would stop for want of coins."""


def count(cur: Cursor) -> tuple[int, int]:
    """Returns how many tasks there are, and how many are not over."""
    return cur.execute("SELECT count(*), count(*) FILTER (status IN ('pending', 'processing')) FROM tasks").fetchall()[
        0
    ]


def main(workspace: Path, url: str, target: int, seed: int) -> int:
    chance = random.Random(seed)
    engine = Engine(workspace, registry=Registry([LoopbackAdapter(url, deadline_s=600.0)]), clock=FastClock())
    engine._users = 1
    engine.write(ledger.choose_first_grant, USER, GRANT_MICROS).result(60)
    engine.adopt(USER).result(60)
    print("ready", flush=True)
    while True:
        engine.resume(USER).result(60)  # the user presses Send, and has set a key that was not accepted
        total, open_ = engine.read(count).result(60)
        print(f"{total} {open_}", flush=True)
        if total >= target and not open_:
            break
        if total < target and open_ < 12:
            engine.generate(USER, new_batch(engine, min(chance.randint(1, 4), target - total))).result(60)
        else:
            time.sleep(0.05)
    engine.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
