"""How long the sketcher takes for one picture, on one core: `python benchmarks/sketch_speed.py [width height]`.

It counts the process's own time on the core, so that what else the machine does is left out; the sketcher uses one
thread.
"""

from __future__ import annotations

import os
import statistics
import sys
import time

from photogram.domain.request import GenerationRequest
from photogram.providers.sketch import Sketch

PROMPTS = (
    "a lighthouse at dusk",
    "snowy mountains and a lake in the morning",
    "a city at night, rain",
    "a village in the hills, autumn",
    "três barcos no mar ao meio-dia",
)
ROUNDS = 3


def measure(sketch: Sketch, model: str, params: dict[str, object]) -> list[float]:
    """Returns the milliseconds of every picture."""
    card = next(card for card in sketch.cards() if card.model == model)
    checked = card.check(params)
    times = []
    for seed in range(ROUNDS):
        for prompt in PROMPTS:
            request = GenerationRequest(task_id="tsk_speed", model=model, prompt=prompt, params=checked, seed=seed)
            start = time.process_time()
            sketch.run(request, lambda _: None, lambda: False)
            times.append((time.process_time() - start) * 1000)
    return times


def main() -> None:
    """Prints a table: model, style, quality, median and slowest."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    width, height = (int(side) for side in sys.argv[1:3]) if len(sys.argv) > 2 else (1024, 1024)
    sketch = Sketch()
    styles = next(spec.choices for spec in sketch.cards()[0].params if spec.name == "style")
    jobs: list[tuple[str, dict[str, object]]] = [("scene", {"style": style}) for style in styles]
    jobs += [("scene", {"style": "painting", "quality": "hd"}), ("abstract", {})]
    measure(sketch, "scene", {"width": 128, "height": 128})
    print(f"{'model':9} {'style':12} {'quality':9} {'median':>9} {'slowest':>9}   ({width}×{height})")
    for model, params in jobs:
        times = measure(sketch, model, {"width": width, "height": height, **params})
        style, quality = params.get("style", "auto"), params.get("quality", "standard")
        print(f"{model:9} {style:12} {quality:9} {statistics.median(times):6.0f} ms {max(times):6.0f} ms")


if __name__ == "__main__":
    main()
