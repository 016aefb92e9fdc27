"""How well processes take turns on one workspace, beside opening and closing DuckDB for every transaction.

    python benchmarks/store_turns.py [--processes 4] [--seconds 10] [--handovers 0]

Each process raises one shared counter and adds one row of its own per transaction, as fast as it can. Printed: turns,
how long they were waited for (opening included), transactions by process (fairness), and whether counter and rows are
exact: if not, it exits with 1. With --handovers it goes on until the file went that often from one process to another,
as the rows themselves show, and exits with 1 if it did not.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from photogram.store import Cursor, Store
from photogram.store.turn import OsLock

SPARE = 0.02
"""So many more turns than handovers are taken: now and then a process gets the file back before another wanted it."""

HANDOVERS = """
    SELECT count(*) FROM (
        SELECT split_part(id, '_', 1) AS process, lag(process) OVER (ORDER BY seen) AS before FROM counted
    ) WHERE process <> before
"""


def prepare(cur: Cursor) -> None:
    cur.execute("CREATE TABLE IF NOT EXISTS counter (k INTEGER PRIMARY KEY, v BIGINT)")
    cur.execute("INSERT INTO counter VALUES (0, 0) ON CONFLICT DO NOTHING")
    cur.execute("CREATE TABLE IF NOT EXISTS counted (id VARCHAR PRIMARY KEY, seen BIGINT)")


def count(cur: Cursor, id_: str) -> int:
    (value,) = cur.execute("UPDATE counter SET v = v + 1 WHERE k = 0 RETURNING v").fetchone()
    cur.execute("INSERT INTO counted VALUES (?, ?)", [id_, value])
    return value


def start_together(workspace: Path) -> None:
    """Importing takes longer than many turns: nobody starts before all can."""
    (workspace / f"ready-{os.getpid()}").touch()
    while not (workspace / "go").exists():
        time.sleep(0.002)


def take_turns(workspace: Path, seconds: float, quota: int) -> dict:
    store = Store.open(workspace)
    done, last, backwards, latencies = 0, -1, 0, []
    start_together(workspace)
    until = time.time() + seconds
    while time.time() < until and not (workspace / "stop").exists():
        started = time.perf_counter()
        value = store.write(count, f"{os.getpid()}_{done}").result()
        latencies.append(time.perf_counter() - started)
        backwards += value <= last
        last, done = value, done + 1
        if quota and len(store.waits_s()) >= quota:
            quota = 0
            (workspace / f"had-{os.getpid()}").touch()
            if len(list(workspace.glob("had-*"))) == len(list(workspace.glob("ready-*"))):
                (workspace / "stop").touch()
    store.close()
    return {"done": done, "backwards": backwards, "waits": store.waits_s(), "latencies": latencies}


def open_each_time(workspace: Path, seconds: float, quota: int) -> dict:
    # Without a lock beside it this peer loses rows: DuckDB 2.0.0's own lock does not cover its closing.
    lock = OsLock(workspace / "peer.lock")
    done, waits, latencies = 0, [], []
    start_together(workspace)
    until = time.time() + seconds
    while time.time() < until:
        started = time.perf_counter()
        while not lock.take():
            time.sleep(0.002)
        connection = duckdb.connect(str(workspace / "history.duckdb"), config={"threads": 2})
        waits.append(time.perf_counter() - started)
        connection.execute("BEGIN")
        count(connection, f"{os.getpid()}_{done}")
        connection.execute("COMMIT")
        connection.close()
        lock.free()
        latencies.append(time.perf_counter() - started)
        done += 1
    return {"done": done, "backwards": 0, "waits": waits, "latencies": latencies}


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] * 1e3 if values else 0.0


def run(mode: str, processes: int, seconds: float, handovers: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder)
        store = Store.open(workspace)
        store.write(prepare).result()
        store.close()
        seconds = 36_000 if handovers else seconds
        quota = math.ceil(handovers * (1 + SPARE) / processes)
        children = [
            subprocess.Popen(
                [sys.executable, __file__, "--child", mode, folder, str(seconds), str(quota)], stdout=subprocess.PIPE
            )
            for _ in range(processes)
        ]
        while len(list(workspace.glob("ready-*"))) < processes:
            time.sleep(0.01)
        (workspace / "go").touch()
        started = time.perf_counter()
        results = [json.loads(child.communicate()[0]) for child in children]
        took = time.perf_counter() - started
        store = Store.open(workspace)
        value, rows, distinct, went = store.read(
            lambda cur: cur.execute(
                f"SELECT (SELECT v FROM counter), count(*), count(DISTINCT seen), ({HANDOVERS}) FROM counted"
            ).fetchone()
        ).result()
        store.close()
    done = sum(result["done"] for result in results)
    exact = value == rows == distinct == done and not any(result["backwards"] for result in results)
    waits = [wait for result in results for wait in result["waits"]]
    latencies = [latency for result in results for latency in result["latencies"]]
    shares = sorted(result["done"] for result in results)
    print(
        f"{mode:>14} {processes} processes: {done / took:7.0f} tx/s   turns {len(waits):6d} handovers {went:6d} "
        f"waited p50 {percentile(waits, 0.5):6.1f} p99 {percentile(waits, 0.99):7.1f} max {max(waits) * 1e3:7.1f} ms   "
        f"tx p50 {percentile(latencies, 0.5):5.1f} p99 {percentile(latencies, 0.99):6.1f} ms   "
        f"least/most {shares[0]}/{shares[-1]} = {shares[0] / max(1, shares[-1]):.2f}   exact {exact}"
    )
    if not exact:
        sys.exit(f"counter {value}, rows {rows}, distinct {distinct}, acknowledged {done}")
    if went < handovers:
        sys.exit(f"only {went} handovers of {handovers}")
    return done / took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--handovers", type=int, default=0)
    parser.add_argument("--child", nargs=4)
    options = parser.parse_args()
    if options.child:
        mode, folder, seconds, quota = options.child
        work = take_turns if mode == "turns" else open_each_time
        print(json.dumps(work(Path(folder), float(seconds), int(quota))))
        return
    print(f"DuckDB {duckdb.__version__}, Python {sys.version.split()[0]}, {os.cpu_count()} cores")
    if options.handovers:
        run("turns", options.processes, 0, options.handovers)
        return
    for processes in sorted({1, 2, options.processes}):
        ours = run("turns", processes, options.seconds, 0)
        peer = run("open each time", processes, options.seconds, 0)
        print(f"{'':>14} ratio {ours / peer:.1f}")


if __name__ == "__main__":
    main()
