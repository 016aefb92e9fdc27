"""1,000 tasks that poll for a minute in one process: CPU, memory, starvation; beside it, a coroutine per task.

python benchmarks/thousand_polls.py [--tasks 1000] [--seconds 60]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx2
from loopback import Jobs, serving

from photogram.domain.ids import new_id
from photogram.engine.engine import Engine
from photogram.engine.retry import poll_pause_s
from photogram.providers.registry import Registry
from photogram.store.batches import NewBatch, NewTask


def cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def measure_engine(url: str, tasks: int, seconds: float) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Path(folder), registry=Registry([Jobs(url)]))
        engine._users = 1
        poller, late = engine._runner.remote.follower.poller, []
        poll_now = poller._poll_now

        def noted(polling) -> None:
            late.append(time.monotonic() - polling.due)
            poll_now(polling)

        poller._poll_now = noted
        memory, began, before = rss_mb(), time.monotonic(), cpu_s()
        for _ in range(0, tasks, 50):
            batch = NewBatch(
                id=new_id("bat"), topic_id=new_id("top"), new_topic=True, provider="jobs", model="img", prompt="x",
                params={}, owner=engine.owner.id, local=False, created_at=engine.clock.now(),
                tasks=[
                    NewTask(id=new_id("tsk"), generation_id=new_id("gen"), idx=idx, seed=idx, params={}, hold_micros=1)
                    for idx in range(min(50, tasks))
                ],
            )  # fmt: skip
            engine.generate("u", batch).result(60)
        while len(poller._by_task) < tasks:
            time.sleep(0.05)
        submitted, submit_cpu = time.monotonic() - began, cpu_s() - before
        began, before = time.monotonic(), cpu_s()
        time.sleep(seconds)
        spent, lasted = cpu_s() - before, time.monotonic() - began
        result = {
            "submitted_in_s": submitted, "submit_cpu_s": submit_cpu, "cpu_percent": 100 * spent / lasted,
            "memory_growth_mb": rss_mb() - memory, "polls": len(late),
            "polls_per_task_least": min(polling.polls for polling in poller._by_task.values()),
            "late_p50_ms": 1000 * statistics.median(late), "late_max_ms": 1000 * max(late),
        }  # fmt: skip
        engine.close()
        return result


async def measure_plain(url: str, tasks: int, seconds: float) -> dict[str, float]:
    """The plain shape: a coroutine per task, all on one client, no place in line."""
    memory, late, polls = rss_mb(), [], [0] * tasks
    async with httpx2.AsyncClient(timeout=60, limits=httpx2.Limits(max_connections=128)) as client:

        async def one(number: int) -> None:
            said = (await client.post(f"{url}/jobs", json={"prompt": "x"})).json()
            while True:
                due = time.monotonic() + poll_pause_s(polls[number])
                await asyncio.sleep(due - time.monotonic())
                late.append(time.monotonic() - due)
                (await client.get(said["poll"])).json()
                polls[number] += 1

        running = [asyncio.ensure_future(one(number)) for number in range(tasks)]
        while min(polls) < 1:  # noqa: ASYNC110  (only to begin the measurement once all have begun)
            await asyncio.sleep(0.05)
        began, before = time.monotonic(), cpu_s()
        await asyncio.sleep(seconds)
        spent, lasted = cpu_s() - before, time.monotonic() - began
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    return {
        "cpu_percent": 100 * spent / lasted, "memory_growth_mb": rss_mb() - memory, "polls": sum(polls),
        "polls_per_task_least": min(polls), "late_p50_ms": 1000 * statistics.median(late),
        "late_max_ms": 1000 * max(late),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--only", choices=["engine", "plain"])
    parser.add_argument("--url")
    options = parser.parse_args()
    if options.only:
        if options.only == "engine":
            result = measure_engine(options.url, options.tasks, options.seconds)
        else:
            result = asyncio.run(measure_plain(options.url, options.tasks, options.seconds))
        print(json.dumps({name: round(value, 1) for name, value in result.items()}))
        return
    for shape in ("engine", "plain"):
        with serving() as url:
            command = [sys.executable, __file__, "--only", shape, "--url", url]
            command += ["--tasks", str(options.tasks), "--seconds", str(options.seconds)]
            print(f"{shape:>7}", subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())


if __name__ == "__main__":
    main()
