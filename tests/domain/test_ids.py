"""Ids sort by time and are never made twice."""

from __future__ import annotations

import re
import threading
import time

import pytest

from photogram.domain import ids
from photogram.domain.ids import new_id


def test_an_id_has_its_prefix_and_26_characters():
    assert re.fullmatch(r"bat_[0-9a-hjkmnp-tv-z]{26}", new_id("bat"))


def test_an_unknown_prefix_is_refused():
    with pytest.raises(ValueError, match="xyz"):
        new_id("xyz")


def test_ids_sort_by_the_order_they_were_made_in():
    made = [new_id("gen") for _ in range(5_000)]
    assert made == sorted(made)


def test_ids_of_many_threads_are_unique():
    made: list[list[str]] = [[] for _ in range(8)]

    def make(into: list[str]) -> None:
        into += [new_id("tsk") for _ in range(2_000)]

    threads = [threading.Thread(target=make, args=(into,)) for into in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({one for into in made for one in into}) == 16_000
    assert all(into == sorted(into) for into in made)


def test_a_clock_that_goes_back_does_not_unsort_them(monkeypatch):
    now = time.time_ns()
    monkeypatch.setattr(ids.time, "time_ns", lambda: now + 10**12)
    before = new_id("bat")
    monkeypatch.setattr(ids.time, "time_ns", lambda: now - 3_600 * 10**9)
    assert before < new_id("bat")
