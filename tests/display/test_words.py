from __future__ import annotations

from datetime import datetime

import pytest

from photogram.display.words import cost_text, count_text, duration_text, ordinal, size_text, time_text

from .samples import make_asset, make_batch, make_generation


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0.0 s"), (2.44, "2.4 s"), (41, "41 s"), (185, "3 min 05 s"), (7_800, "2 h 10 min")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@pytest.mark.parametrize(
    ("micros", "source", "text"),
    [
        (0, "free", "free"), (0, "unknown", "price unknown"), (210_000, "reported", "$0.21"),
        (3_000, "reported", "$0.003"),
        (5_000_000, "computed", "$5.00"), (1, "estimated", "about $0.000001"),
    ],
)  # fmt: skip
def test_prices(micros: int, source: str, text: str) -> None:
    assert cost_text(micros, source=source) == text


@pytest.mark.parametrize(
    ("number", "text"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (11, "11th"), (22, "22nd"), (113, "113th")]
)
def test_ordinals(number: int, text: str) -> None:
    assert ordinal(number) == text


@pytest.mark.parametrize(
    ("count", "noun", "text"), [(1, "image", "1 image"), (1204, "image", "1,204 images"), (2, "batch", "2 batches")]
)
def test_counts(count: int, noun: str, text: str) -> None:
    assert count_text(count, noun) == text


def test_times_are_absolute() -> None:
    assert time_text(datetime(2026, 11, 3, 8, 5)) == "3 Nov 2026, 08:05 UTC"


def test_sizes_are_what_the_files_are() -> None:
    same = make_batch(make_generation(0), make_generation(1), params={"size": "1x1"})
    assert size_text(same) == "1024 × 768"
    mixed = make_batch(make_generation(0), make_generation(1, asset=make_asset(1, 64, 64)))
    assert size_text(mixed) == "several sizes"
