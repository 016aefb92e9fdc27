"""How much longer `python -c "import photogram"` takes than `python -c pass`. Target: under 150 ms.

python benchmarks/import_time.py [--runs 21]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time

TARGET_MS = 150


def timed(code: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return (time.perf_counter() - started) * 1e3


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=21)
    runs: int = parser.parse_args().runs
    for code in ("pass", "import photogram"):
        timed(code)  # compiles what is not compiled yet
    pairs = [(timed("pass"), timed("import photogram")) for _ in range(runs)]  # interleaved: a busy moment hits both
    empty, package = (statistics.median(column) for column in zip(*pairs, strict=True))
    more = package - empty
    print(
        f"pass {empty:.0f} ms, import photogram {package:.0f} ms: {more:.0f} more ({runs} runs, target < {TARGET_MS})"
    )
    return 0 if more < TARGET_MS else 1


if __name__ == "__main__":
    sys.exit(main())
