"""1,000 real PNGs of 1024² (about 1 MB each, base64 in JSON) from a loopback server: images a second and peak memory.

    python benchmarks/throughput.py [--images 1000] [--rounds 1]

*photogram* saves, hashes, checks and commits every one; the bare clients (`pip install openai litellm`) only make the
call and decode it. Each contender runs in a process of its own, against a server in another.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import importlib.util
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from loopback import Sync, serving

AT_ONCE = {"photogram": 32, "openai": 8, "litellm": 8}
"""Calls at once, for each what suits it best: the bare clients spend a quarter more CPU at 32 than at 8."""


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class Measured:
    """Counts from its making: seconds, and this process's CPU."""

    def __init__(self) -> None:
        self.began, self.cpu = time.monotonic(), cpu_s()

    def result(self, images: int) -> dict[str, float]:
        seconds = time.monotonic() - self.began
        return {"images_s": images / seconds, "cpu_ms": 1000 * (cpu_s() - self.cpu) / images}


def run_photogram(url: str, images: int) -> dict[str, float]:
    from photogram.domain.ids import new_id
    from photogram.engine.engine import Engine
    from photogram.providers.registry import Registry
    from photogram.store.batches import NewBatch, NewTask

    with tempfile.TemporaryDirectory(dir=os.environ.get("PHOTOGRAM_BENCH_DIR")) as folder:
        engine = Engine(Path(folder), registry=Registry([Sync(url, AT_ONCE["photogram"])]))
        engine._users = 1
        measured, batches = Measured(), []
        for first in range(0, images, 50):
            batch = NewBatch(
                id=new_id("bat"), topic_id=new_id("top"), new_topic=True, provider="sync", model="img", prompt="x",
                params={}, owner=engine.owner.id, local=False, created_at=engine.clock.now(),
                tasks=[
                    NewTask(id=new_id("tsk"), generation_id=new_id("gen"), idx=idx, seed=idx, params={}, hold_micros=1)
                    for idx in range(min(50, images - first))
                ],
            )  # fmt: skip
            batches.append(engine.generate("u", batch).result(120))
        for batch in batches:
            engine.finished("u", batch.id).result(600)
        result = measured.result(images)
        count = "SELECT count(*) FROM tasks WHERE status = 'success'"
        made = engine.read(lambda cur: cur.execute(count).fetchall()[0][0]).result(60)
        assert made == images, f"{made} of {images}"
        done = engine.workers.submit(lambda: None, later=True)  # behind the last thumbnail
        done.result(600)
        result |= {"peak_mb": peak_mb(), "thumbs_too_s": time.monotonic() - measured.began}
        engine.close()
        return result


async def _call_all(client: str, images: int, one: Callable[[], Awaitable[bytes]]) -> None:
    places = asyncio.Semaphore(AT_ONCE[client])

    async def placed() -> None:
        async with places:
            assert (await one()).startswith(b"\x89PNG")

    await asyncio.gather(*(placed() for _ in range(images)))


def run_openai(url: str, images: int) -> dict[str, float]:
    import openai

    async def main() -> dict[str, float]:
        async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client:

            async def one() -> bytes:
                answer = await client.images.generate(model="img", prompt="x")
                return base64.b64decode(answer.data[0].b64_json)

            measured = Measured()
            await _call_all("openai", images, one)
            return measured.result(images)

    return asyncio.run(main()) | {"peak_mb": peak_mb()}


def run_litellm(url: str, images: int) -> dict[str, float]:
    import litellm

    async def one() -> bytes:
        answer = await litellm.aimage_generation(
            model="openai/img", prompt="x", api_base=f"{url}/v1", api_key="none", max_retries=0
        )
        return base64.b64decode(answer.data[0].b64_json)

    async def main() -> dict[str, float]:
        measured = Measured()
        await _call_all("litellm", images, one)
        return measured.result(images)

    return asyncio.run(main()) | {"peak_mb": peak_mb()}


CONTENDERS = {"photogram": run_photogram, "openai": run_openai, "litellm": run_litellm}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", choices=sorted(CONTENDERS))
    parser.add_argument("--url")
    options = parser.parse_args()
    if options.only:
        print(json.dumps(CONTENDERS[options.only](options.url, options.images)))
        return
    found: dict[str, list[dict[str, float]]] = {}
    for _ in range(options.rounds):
        for name in CONTENDERS:
            if name != "photogram" and not importlib.util.find_spec(name):
                print(f"{name}: not installed, left out")
                continue
            with serving() as url:
                command = [sys.executable, __file__, "--only", name, "--url", url, "--images", str(options.images)]
                offline = os.environ | {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}  # it fetches prices otherwise
                said = subprocess.run(command, capture_output=True, text=True, check=False, env=offline)
            if said.returncode:
                print(f"{name}: failed\n{said.stderr[-800:]}")
                continue
            found.setdefault(name, []).append(json.loads(said.stdout.strip().splitlines()[-1]))
    peer = statistics.median(run["images_s"] for run in found.get("openai", found["photogram"]))
    for name, runs in found.items():
        middle = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        thumbs = f", all thumbnails after {middle['thumbs_too_s']:.1f} s" if "thumbs_too_s" in middle else ""
        ratio = middle["images_s"] / peer
        speed = f"{middle['images_s']:6.1f} images/s ({ratio:.2f}×), {middle['cpu_ms']:.1f} ms of CPU each"
        print(f"{name:>10}: {speed}, peak {middle['peak_mb']:.0f} MB{thumbs}")


if __name__ == "__main__":
    main()
