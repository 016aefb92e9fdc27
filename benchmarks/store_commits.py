"""How many task changes a second one process commits, beside opening and closing DuckDB for every change.

    python benchmarks/store_commits.py [--changes 2000]

Each change is one UPDATE of one row of `tasks`. *Concurrently* is how the engine does it: many are under way at once,
and the store commits what has queued together. *One at a time* waits for each before the next.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from photogram.store import Cursor, Store

TASKS = 500


def fill(cur: Cursor) -> None:
    cur.executemany(
        "INSERT INTO tasks (id, generation_id, batch_id, user_id, provider, attempt, status, params_sent, created_at, "
        "sent_at) VALUES (?, 'g', 'b', 'me', 'sketch', 1, 'processing', '{}', now()::TIMESTAMP, now()::TIMESTAMP)",
        [[f"tsk_{n}"] for n in range(TASKS)],
    )


def report_progress(cur: Cursor, task_id: str, progress: float) -> None:
    cur.execute(
        "UPDATE tasks SET progress = ?, revision = nextval('revision') WHERE id = ? AND status = 'processing'",
        [progress, task_id],
    )


def concurrently(store: Store, changes: int) -> float:
    started = time.perf_counter()
    futures = [store.write(report_progress, f"tsk_{n % TASKS}", n / changes) for n in range(changes)]
    for future in futures:
        future.result()
    return changes / (time.perf_counter() - started)


def one_at_a_time(store: Store, changes: int) -> tuple[float, list[float]]:
    latencies = []
    for n in range(changes):
        started = time.perf_counter()
        store.write(report_progress, f"tsk_{n % TASKS}", n / changes).result()
        latencies.append(time.perf_counter() - started)
    return changes / sum(latencies), latencies


def opening_each_time(workspace: Path, changes: int) -> float:
    started = time.perf_counter()
    for n in range(changes):
        connection = duckdb.connect(str(workspace / "history.duckdb"), config={"threads": 2})
        report_progress(connection, f"tsk_{n % TASKS}", n / changes)
        connection.close()
    return changes / (time.perf_counter() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=2000)
    changes = parser.parse_args().changes
    print(f"DuckDB {duckdb.__version__}, Python {sys.version.split()[0]}")
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(Path(folder))
        store.write(fill).result()
        together, alone, latencies = [], [], []
        for _ in range(3):
            together.append(concurrently(store, changes))
            rate, times = one_at_a_time(store, changes // 4)
            alone.append(rate)
            latencies += times
        store.close()
        peer = opening_each_time(Path(folder), changes // 20)
    ordered = sorted(latencies)
    many, single = statistics.median(together), statistics.median(alone)
    print(f"concurrently    {many:6.0f} changes/s   {many / peer:5.1f} × the peer")
    print(
        f"one at a time   {single:6.0f} changes/s   {single / peer:5.1f} × the peer   "
        f"p50 {statistics.median(ordered) * 1e3:.1f} p99 {ordered[int(0.99 * len(ordered))] * 1e3:.1f} ms"
    )
    print(f"open each time  {peer:6.0f} changes/s")


if __name__ == "__main__":
    main()
