"""Run as a process: marks one task as sent, and lets itself be stopped before the first byte leaves.

    python stopped_child.py WORKSPACE URL

Says the task's id, then "marked", waits there for a line of input, and says "over" at the end.
"""

from __future__ import annotations

import asyncio
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

real = Finisher.evidence


async def evidence(self: Finisher, op: Any, *args: Any, **kwargs: Any) -> Any:
    result = await real(self, op, *args, **kwargs)
    if op is mark_sent:
        await asyncio.to_thread(told.wait)
        print("marked", flush=True)
        sys.stdin.readline()  # the loop stands still here: nothing can be sent before it is let go on
    return result


Finisher.evidence = evidence  # type: ignore[method-assign]
engine = Engine(Path(sys.argv[1]), registry=Registry([LoopbackAdapter(sys.argv[2])]), clock=FastClock())
engine._users = 1
told = threading.Event()
batch = start(engine)
print(batch.id, only(batch).task_id, engine.owner.id, flush=True)
told.set()
engine.finished(USER, batch.id).result(60)
engine.close()
print("over", flush=True)
