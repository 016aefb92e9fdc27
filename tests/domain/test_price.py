"""A price formula states the worst case of what one image may cost."""

from __future__ import annotations

import pytest

from photogram.domain.asset import Asset
from photogram.domain.price import Price


def picture(width: int, height: int) -> Asset:
    return Asset(sha256="a" * 64, mime="image/png", width=width, height=height, size_bytes=1)


TABLE = Price(by=("quality",), table={"low": 6_000, "high": 211_000}, growth=0.15, per_reference=50_000)


@pytest.mark.parametrize(
    ("params", "micros"),
    [
        ({"quality": "high", "width": 1024, "height": 1024}, 211_000),
        ({"quality": "high", "width": 640, "height": 1024}, 211_000),
        ({"quality": "auto", "width": 1024, "height": 1024}, 211_000),
        ({"quality": "high", "size": "auto"}, 211_000),
        ({"quality": "high", "width": 2048, "height": 2048}, 305_950),
        ({"quality": "low", "size": "2048x2048"}, 8_700),
    ],
)
def test_a_picture_above_a_megapixel_costs_more_than_the_table_says(params, micros):
    assert TABLE.estimate(params) == micros
    assert TABLE.estimate(params, [picture(64, 64)] * 2) == micros + 100_000


def test_each_begun_megapixel_of_a_reference_is_counted():
    price = Price(first_megapixel=30_000, per_megapixel=15_000, per_reference_megapixel=15_000)
    made = {"width": 1024, "height": 1024}
    assert price.estimate(made) == 30_000
    assert price.estimate(made, [picture(512, 512)]) == 45_000
    assert price.estimate(made, [picture(1024, 1024), picture(1025, 1024)]) == 30_000 + 15_000 + 30_000
    assert price.estimate(made, [picture(4000, 3000)]) == 30_000 + 12 * 15_000


def test_without_growth_the_table_is_all():
    assert Price(by=("size",), table={"1024x1024": 5, "4096x4096": 7}).estimate({"width": 4096, "height": 4096}) == 7
