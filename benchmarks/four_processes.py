"""Four processes generate in one workspace at once while a fifth reads: nothing fails, and turns are short.

    python benchmarks/four_processes.py [--images 50] [--size 256] [--per-batch 5] [--model sketch:scene]

Target: 200 successes, 200 rows, no error; a turn waited for under 250 ms at the median and under 2 s at the 99th
percentile.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROCESSES = 4
MEDIAN_MS, P99_MS = 250, 2_000


def generate(folder: str, place: int, options: dict) -> dict:
    import photogram as pg

    studio = pg.Studio(folder, user="bench")
    topic = studio.new_topic(f"process {place}", activate=False)
    wait_until(options["start"])
    made, left, started = [], options["images"], time.perf_counter()
    while left:
        n = min(left, options["per_batch"])
        side = options["size"]
        batch = studio.generate(
            f"boat {place}-{left}", n=n, seed=place * 1_000 + left, model=options["model"], width=side, height=side,
            topic=topic,
        )  # fmt: skip
        made += [str(one.status) for one in batch.wait()]
        left -= n
    took_s = time.perf_counter() - started
    studio.close()
    return {"statuses": made, "waits": studio._engine.store.waits_s(), "took_s": took_s}


def read(folder: str, _place: int, options: dict) -> dict:
    import photogram as pg

    studio = pg.Studio(folder, user="bench")
    wait_until(options["start"])
    latencies, rows = [], 0
    while rows < PROCESSES * options["images"] and time.time() < options["start"] + 600:
        started = time.perf_counter()
        frame = studio.df(status="success")
        latencies.append(time.perf_counter() - started)
        assert len(frame) >= rows, "rows went missing"
        rows = len(frame)
        time.sleep(0.05)
    studio.close()
    return {"rows": rows, "waits": studio._engine.store.waits_s(), "latencies": latencies}


def wait_until(moment: float) -> None:
    while time.time() < moment:
        time.sleep(0.005)


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] * 1e3


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=50)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--per-batch", type=int, default=5)
    parser.add_argument("--model", default="sketch:scene")
    parser.add_argument("--child", nargs=4)
    given = parser.parse_args()
    if given.child:
        what, folder, place, options = given.child
        print(json.dumps((read if what == "read" else generate)(folder, int(place), json.loads(options))))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        options = {**vars(given), "start": time.time() + 5}
        command = [sys.executable, __file__, "--child"]
        started = time.perf_counter()
        children = [
            subprocess.Popen(
                [*command, "generate" if place < PROCESSES else "read", folder, str(place), json.dumps(options)],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            )
            for place in range(PROCESSES + 1)
        ]  # fmt: skip
        outcomes = [child.communicate() for child in children]
        took_s = time.perf_counter() - started
        errors = [errors for _, errors in outcomes if errors] + [child.args for child in children if child.returncode]
        if errors:
            sys.exit(f"an error was shown: {errors}")
        *makers, reader = (json.loads(said) for said, _ in outcomes)
        rows, files = count(Path(folder))
    successes = sum(maker["statuses"].count("success") for maker in makers)
    waits = [wait for one in [*makers, reader] for wait in one["waits"]]
    median, p99 = statistics.median(waits) * 1e3, percentile(waits, 0.99)
    wanted = PROCESSES * given.images
    print(
        f"{PROCESSES} × {given.images} images of {given.size}²: {successes} successes, {rows} rows, {files} files in "
        f"{took_s:.0f} s (slowest {max(maker['took_s'] for maker in makers):.0f} s), {os.cpu_count()} cores\n"
        f"{len(waits)} turns waited for: median {median:.0f} ms, p99 {p99:.0f} ms, longest {max(waits) * 1e3:.0f} ms "
        f"(targets < {MEDIAN_MS} and < {P99_MS})\n"
        f"reader: {len(reader['latencies'])} frames, median {statistics.median(reader['latencies']) * 1e3:.0f} ms, "
        f"p99 {percentile(reader['latencies'], 0.99):.0f} ms"
    )
    exact = successes == rows == reader["rows"] == wanted
    return 0 if exact and median < MEDIAN_MS and p99 < P99_MS else 1


def count(folder: Path) -> tuple[int, int]:
    import photogram as pg
    from photogram.store import assets

    with pg.Studio(folder, user="bench") as studio:
        frame = studio.df(status="success")
        assert studio._read(assets.find_orphans) == {}
        missing = frame[frame["path"].isna()]
    assert missing.empty, missing.T.to_string()
    return len(frame), sum(Path(path).is_file() for path in frame["path"])


if __name__ == "__main__":
    sys.exit(main())
