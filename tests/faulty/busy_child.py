"""A process that makes so many images at once, looks for orphans as any does, and ends when none of all is open.

python busy_child.py WORKSPACE URL N SEED
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from faulty.adapter import LoopbackAdapter
from faulty.harness import USER, FastClock, new_batch
from faulty.soak_child import count
from photogram.engine import resume
from photogram.engine.engine import Engine
from photogram.providers.registry import Registry


class Brisk(FastClock):
    """Polls come four times as quick."""

    speed = 4.0


resume.LOOK_EVERY_S *= Brisk.speed  # orphans are looked for in real time


def main(workspace: Path, url: str, n: int) -> int:
    engine = Engine(workspace, registry=Registry([LoopbackAdapter(url, concurrency=2 * n)]), clock=Brisk())
    engine._users = 1
    engine.adopt(USER).result(60)
    engine.generate(USER, new_batch(engine, n)).result(60)
    while True:
        total, open_ = engine.read(count).result(60)
        print(f"{total} {open_}", flush=True)
        if total >= 2 * n and not open_:
            break
        time.sleep(0.2)
    engine.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
