"""What the tests run in processes of their own: `python workers.py <name> <workspace> …`."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import duckdb

from photogram.store import Cursor, Store
from photogram.store.turn import Turn

# ── Operations ──────────────────────────────────────────────────────────────────────────────────────────────────────


def prepare(cur: Cursor) -> None:
    cur.execute("CREATE TABLE IF NOT EXISTS counter (k INTEGER PRIMARY KEY, v BIGINT)")
    cur.execute("INSERT INTO counter VALUES (0, 0) ON CONFLICT DO NOTHING")
    cur.execute("CREATE TABLE IF NOT EXISTS counted (id VARCHAR PRIMARY KEY, seen BIGINT)")


def count(cur: Cursor, id_: str) -> int:
    """Raises the counter once for each id, however often it is run."""
    known = cur.execute("SELECT seen FROM counted WHERE id = ?", [id_]).fetchall()
    if known:
        return known[0][0]
    ((value,),) = cur.execute("UPDATE counter SET v = v + 1 WHERE k = 0 RETURNING v").fetchall()
    cur.execute("INSERT INTO counted VALUES (?, ?)", [id_, value])
    return value


def totals(cur: Cursor) -> tuple[int, int, int]:
    return cur.execute("SELECT (SELECT v FROM counter), count(*), count(DISTINCT seen) FROM counted").fetchall()[0]


def ids(cur: Cursor) -> set[str]:
    return {row[0] for row in cur.execute("SELECT id FROM counted").fetchall()}


SLOW = "SELECT count(*) FROM range(1000000000000)"


def slow(cur: Cursor) -> int:
    return cur.execute(SLOW).fetchall()[0][0]


def say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())  # whole lines, also where a parent and its child speak


# ── Processes ───────────────────────────────────────────────────────────────────────────────────────────────────────


def counting(workspace: str, until: str = "stop") -> None:
    """Counts as fast as it can, saying each id once it is acknowledged, until the file `until` is there."""
    store = Store.open(Path(workspace))
    n = last = 0
    while not (Path(workspace) / until).exists():
        id_ = f"{os.getpid()}_{n}"
        value = store.write(count, id_).result()
        assert value > last, "a turn saw an older state than the one before"
        last, n = value, n + 1
        say(id_)
    turns = len(store.waits_s())
    store.close()
    say("turns", turns)


def taking(workspace: str, rounds: str) -> None:
    """Takes the bare turn many times, raising the number in a file each time; says how often another came between."""
    turn = Turn(Path(workspace) / "db")
    file = Path(workspace) / "value"
    (Path(workspace) / f"ready{os.getpid()}").touch()
    while len(list(Path(workspace).glob("ready*"))) < 3:
        time.sleep(0.005)
    last, changes = -1, 0
    for _ in range(int(rounds)):
        assert turn.take(lambda: True)
        value = int(file.read_text()) if file.exists() else 0
        changes += value != last
        file.write_text(str(value + 1))
        last = value + 1
        deadline = time.monotonic() + 0.02
        while not turn.wanted() and time.monotonic() < deadline:
            time.sleep(0)
        turn.give_up()
    say(changes)


def holding_turn(workspace: str) -> None:
    """Holds the turn, reading, until it is killed; nothing interrupts it from within."""
    store = Store.open(Path(workspace))

    def hold(cur: Cursor) -> None:
        say("holding")
        time.sleep(600)

    store.write(hold).result()


def holding_foreign(workspace: str, how: str = "") -> None:
    connection = duckdb.connect(str(Path(workspace) / "history.duckdb"), read_only=how == "read only")
    say("holding")
    sys.stdin.readline()
    connection.close()


def hogging(workspace: str, size: str) -> None:
    """Writes, and then holds the GIL for as long as the sum takes."""
    store = Store.open(Path(workspace))
    store.write(count, f"hog{os.getpid()}").result()
    time.sleep(0.4)
    say("hogging")
    started = time.monotonic()
    sum(range(int(size)))
    say(time.monotonic() - started)


def exiting(workspace: str, during: str) -> None:
    store = Store.open(Path(workspace))
    store.write(prepare).result()
    if during == "query":
        store.query(SLOW, user_id="me", time_limit_s=600)
        store.read(slow)
        time.sleep(0.5)
    elif during == "query at once":
        store.query(SLOW, user_id="me", time_limit_s=600)  # the first imports pandas
    elif during == "commit":
        for n in range(3000):
            store.write(count, f"exit_{n}")
    elif during == "long write":
        store.write(slow)
        time.sleep(0.3)
    elif during == "sigterm":
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        store.read(slow)
        time.sleep(0.3)
        say("exiting")
        os.kill(os.getpid(), signal.SIGTERM)
    say("exiting")


def exiting_busy(workspace: str) -> None:
    """Ends while another process holds the file, and a write, evidence and a read wait for it."""
    store = Store.open(Path(workspace))
    store.write(count, "never")
    store.write_evidence(count, "never either")
    store.read(totals)
    time.sleep(0.3)
    say("exiting")


def forking(workspace: str) -> None:
    """Forks while its store is busy; the child says how the inherited store and a new one behave, and outlives us."""
    from photogram.errors import StoreForked

    store = Store.open(Path(workspace))
    store.write(prepare).result()
    stop = threading.Event()

    def keep_busy() -> None:
        n = 0
        while not stop.is_set():
            store.write(count, f"parent_{n}").result()
            n += 1

    thread = threading.Thread(target=keep_busy, daemon=True)
    thread.start()
    time.sleep(0.3)
    before = time.monotonic()
    if os.fork() == 0:
        for call in (
            lambda: store.write(count, "x"), lambda: store.read(totals), lambda: store.query("select 1", user_id="me"),
            store.busy, store.foreign_writes,
        ):  # fmt: skip
            try:
                call()
                say("child not refused")
            except StoreForked:
                say("child refused")
        store.close()
        say("child waits")
        while (Path(workspace) / "parent-alive").exists():
            time.sleep(0.02)
        own = Store.open(Path(workspace))
        say("child counts", own.write(count, "child").result(timeout=20) > 0)
        own.close()
        say("child done")
        sys.exit(0)
    say("forked in", time.monotonic() - before)
    n = store.write(count, "after the fork").result(timeout=10)
    say("parent counts", n > 0)
    time.sleep(60)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
