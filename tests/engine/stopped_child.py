"""Run as a process: marks one task as sent, and is stopped by the system before the first byte leaves.

    python stopped_child.py WORKSPACE URL

Says the task's id when it is about to be stopped, and "over" at the end.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from faulty.adapter import LoopbackAdapter
from faulty.harness import USER, FastClock, only, start

from photogram.engine.engine import Engine
from photogram.engine.finish import Finisher
from photogram.providers.registry import Registry
from photogram.store.sending import mark_sent
from photogram.store.store import DATABASE
from photogram.store.turn import OsLock

POLL_S = 0.02
real = Finisher.evidence


async def evidence(self: Finisher, op: Any, *args: Any, **kwargs: Any) -> Any:
    result = await real(self, op, *args, **kwargs)
    if op is mark_sent:
        while not (told.is_set() and turn.take()):  # stopped with the database file, it would keep everybody waiting
            await asyncio.sleep(POLL_S)
        print("marked", flush=True)
        turn.free()
        os.kill(os.getpid(), signal.SIGSTOP)
    return result


Finisher.evidence = evidence  # type: ignore[method-assign]
engine = Engine(Path(sys.argv[1]), registry=Registry([LoopbackAdapter(sys.argv[2])]), clock=FastClock())
engine._users = 1
told = threading.Event()
turn = OsLock(Path(sys.argv[1]) / f"{DATABASE}.lock")
batch = start(engine)
print(batch.id, only(batch).task_id, engine.owner.id, flush=True)
told.set()
engine.finished(USER, batch.id).result(60)
engine.close()
print("over", flush=True)
