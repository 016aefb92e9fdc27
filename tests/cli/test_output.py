from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from photogram.cli.output import plain, to_json
from photogram.cli.pictures import slug


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (float("nan"), None), (pd.NaT, None), (pd.NA, None), (np.int64(7), 7), (np.float32(0.5), 0.5),
        (np.array([1, 2]), [1, 2]), (Decimal("3"), 3), (Decimal("0.25"), 0.25), (b"\x01\xff", "01ff"),
        (datetime(2026, 11, 23, tzinfo=UTC), "2026-11-23T00:00:00+00:00"), (timedelta(seconds=2), 2.0),
        ({"a": (np.True_,)}, {"a": [True]}),
    ],
)  # fmt: skip
def test_every_value_of_a_query_has_a_json_form(value: object, expected: object) -> None:
    assert to_json(value) == expected


@given(st.text())
def test_no_text_controls_the_terminal(text: str) -> None:
    assert not any(ord(char) < 32 or 127 <= ord(char) < 160 or char in "\u202e\u2066" for char in plain(text))


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("A lighthouse, at dusk!", "a-lighthouse-at-dusk"), ("../../etc/passwd", "etc-passwd"), ("🙂", "picture"),
        ("maçã São", "maçã-são"), ("x" * 500, "picture"), ("灯台 夕暮れ", "灯台-夕暮れ"),
    ],
)  # fmt: skip
def test_file_names_come_from_the_prompt(prompt: str, name: str) -> None:
    assert slug(prompt) == name
