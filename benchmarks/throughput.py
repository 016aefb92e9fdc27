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

AT_ONCE = 32


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run_photogram(url: str, images: int) -> dict[str, float]:
    from photogram.domain.ids import new_id
    from photogram.engine.engine import Engine
    from photogram.providers.registry import Registry
    from photogram.store.batches import NewBatch, NewTask

    with tempfile.TemporaryDirectory(dir=os.environ.get("PHOTOGRAM_BENCH_DIR")) as folder:
        engine = Engine(Path(folder), registry=Registry([Sync(url, AT_ONCE)]))
        engine._users = 1
        began, batches = time.monotonic(), []
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
        seconds = time.monotonic() - began
        count = "SELECT count(*) FROM tasks WHERE status = 'success'"
        made = engine.read(lambda cur: cur.execute(count).fetchall()[0][0]).result(60)
        assert made == images, f"{made} of {images}"
        done = engine.workers.submit(lambda: None, later=True)  # behind the last thumbnail
        done.result(600)
        result = {"images_s": images / seconds, "peak_mb": peak_mb(), "thumbs_too_s": time.monotonic() - began}
        engine.close()
        return result


async def _all_at_once(images: int, one: Callable[[], Awaitable[bytes]]) -> None:
    places = asyncio.Semaphore(AT_ONCE)

    async def placed() -> None:
        async with places:
            assert (await one()).startswith(b"\x89PNG")

    await asyncio.gather(*(placed() for _ in range(images)))


def run_openai(url: str, images: int) -> dict[str, float]:
    import openai

    async def main() -> float:
        async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client:

            async def one() -> bytes:
                answer = await client.images.generate(model="img", prompt="x")
                return base64.b64decode(answer.data[0].b64_json)

            began = time.monotonic()
            await _all_at_once(images, one)
            return time.monotonic() - began

    seconds = asyncio.run(main())
    return {"images_s": images / seconds, "peak_mb": peak_mb()}


def run_litellm(url: str, images: int) -> dict[str, float]:
    import litellm

    async def one() -> bytes:
        answer = await litellm.aimage_generation(
            model="openai/img", prompt="x", api_base=f"{url}/v1", api_key="none", max_retries=0
        )
        return base64.b64decode(answer.data[0].b64_json)

    async def main() -> float:
        began = time.monotonic()
        await _all_at_once(images, one)
        return time.monotonic() - began

    seconds = asyncio.run(main())
    return {"images_s": images / seconds, "peak_mb": peak_mb()}


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
                said = subprocess.run(command, capture_output=True, text=True, check=False)
            if said.returncode:
                print(f"{name}: failed\n{said.stderr[-800:]}")
                continue
            found.setdefault(name, []).append(json.loads(said.stdout.strip().splitlines()[-1]))
    peer = statistics.median(run["images_s"] for run in found.get("openai", found["photogram"]))
    for name, runs in found.items():
        middle = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        thumbs = f", all thumbnails after {middle['thumbs_too_s']:.1f} s" if "thumbs_too_s" in middle else ""
        ratio = middle["images_s"] / peer
        print(f"{name:>10}: {middle['images_s']:6.1f} images/s ({ratio:.2f}×), peak {middle['peak_mb']:.0f} MB{thumbs}")


if __name__ == "__main__":
    main()
