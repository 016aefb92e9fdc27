"""Run as a process: starts one task through the loopback provider and dies at the moment that is named."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from faulty.adapter import LoopbackAdapter
from faulty.harness import start

from photogram.engine import finish
from photogram.engine.engine import Engine
from photogram.engine.finish import Finisher
from photogram.providers.registry import Registry
from photogram.providers.wire import Ready
from photogram.store.sending import save_handle

workspace, url, moment = Path(sys.argv[1]), sys.argv[2], sys.argv[3]


def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)


adapter = LoopbackAdapter(url)
if moment == "between mark and post":
    adapter.build_submit = die
if moment == "between response and journal":
    adapter.read_submit = die
if moment == "between journal and commit":
    real = Finisher.evidence

    async def evidence(self, op, *args, **kwargs):
        if op is save_handle:
            die()
        return await real(self, op, *args, **kwargs)

    Finisher.evidence = evidence
if moment == "between an address and the download":
    adapter.read_submit = lambda answer, _: Ready(url=f"{url}/images/{answer.json()['id']}.png", cost_micros=40_000)
    adapter.build_download = die
if moment == "while polling":
    adapter.build_poll = die
if moment == "between image and row":
    finish.finish_success = die
if moment == "exit while polling":
    pass
engine = Engine(workspace, registry=Registry([adapter]))
engine._users = 1
Engine._open[str(workspace)] = engine
batch = start(engine)
print(batch.id, flush=True)
if moment == "exit while polling":
    time.sleep(1.0)
else:
    time.sleep(60)
