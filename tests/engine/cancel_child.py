"""A process with two pictures at the loopback provider, one at a time, and one that it paints, until it is told to end.

    python cancel_child.py WORKSPACE URL

It prints the batches' ids, then whenever that changes what it carries, and ends when its input does.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from faulty.adapter import LoopbackAdapter
from faulty.harness import USER, FastClock, new_batch

from photogram.domain.card import ModelCard
from photogram.domain.request import GenerationRequest, MadeImage
from photogram.engine.engine import Engine
from photogram.providers.base import Stopped
from photogram.providers.registry import Registry


class Patient:
    """A painter that goes on until it is stopped."""

    name = "patient"
    painting = False

    def cards(self) -> list[ModelCard]:
        return [ModelCard(provider=self.name, model="slow", title="Slow", local=True, price_micros=0)]

    def run(
        self, request: GenerationRequest, progress: Callable[[float], None], cancelled: Callable[[], bool]
    ) -> MadeImage:
        self.painting = True
        while not cancelled():
            time.sleep(0.01)
        self.painting = False
        raise Stopped


def main(workspace: Path, url: str) -> None:
    painter = Patient()
    registry = Registry([LoopbackAdapter(url, concurrency=1), painter])
    engine = Engine(workspace, registry=registry, clock=FastClock())
    engine._users = 1
    sent = engine.generate(USER, new_batch(engine, 2)).result(60)
    painted = engine.generate(USER, replace(new_batch(engine, model="patient:slow"), local=True)).result(60)
    print(f"batches {sent.id} {painted.id}", flush=True)
    over = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read() and None) or over.set(), daemon=True).start()
    said = ""
    while not over.wait(0.01):
        now = f"carries {len(engine._runner.carried())}, {'paints' if painter.painting else 'paints nothing'}"
        if now != said:
            said = now
            print(now, flush=True)
    engine.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
