"""A disk that fills up."""

from __future__ import annotations

from pathlib import Path

import pytest

from photogram.errors import StorageFailed
from photogram.store import Cursor, Store

from .workers import count, prepare, totals


def store_blob(cur: Cursor, n: int) -> None:
    # Random letters: DuckDB compresses anything else to nothing.
    cur.execute(
        "INSERT INTO blobs SELECT ?, string_agg(chr(65 + (random() * 50)::INTEGER), '') FROM range(1000000)", [n]
    )


def test_a_full_disk_refuses_what_does_not_fit_keeps_the_rest_and_recovers(small_disk: Path) -> None:
    store = Store.open(small_disk)
    store.write(prepare).result()
    store.write(lambda cur: cur.execute("CREATE TABLE blobs (n INTEGER PRIMARY KEY, blob VARCHAR)")).result()
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(12 * 1024 * 1024))
    stored = refused = 0
    while refused < 4:
        blob = store.write(store_blob, stored)
        row = store.write(count, f"beside {stored} {refused}")
        error = blob.exception(timeout=60)
        if error is None:
            stored += 1
        else:
            assert isinstance(error, StorageFailed), error
            assert "Free some disk space" in error.next_step or "disk" in error.next_step
            refused += 1
        assert row.exception(timeout=60) is None or refused, "what fits is written"
        assert stored < 200
    with pytest.raises(StorageFailed, match="No space left"):
        store.files.put(bytes(range(256)) * 40_000, extension="png")
    assert list((small_disk / "images").rglob("*.*")) == [], "nothing half-written is left"
    assert store.read(lambda cur: cur.execute("SELECT count(*) FROM blobs").fetchall()[0][0]).result() == stored
    ballast.unlink()
    assert store.write(count, "afterwards").result(timeout=60) > 0
    store.write(store_blob, 10_000).result(timeout=60)
    store.files.put(bytes(range(256)) * 40_000, extension="png")
    store.close()
    again = Store.open(small_disk)
    counter, rows, distinct = again.read(totals).result(timeout=60)
    assert counter == rows == distinct
    assert again.read(lambda cur: cur.execute("SELECT count(*) FROM blobs").fetchall()[0][0]).result() == stored + 1
    again.close()
