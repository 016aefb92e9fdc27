"""A key shows itself to nobody."""

from __future__ import annotations

import copy
import json
import pickle

import pytest

from photogram.domain.secret import Secret, mask

KEY = "sk-proj-abcdefghijklmnop1234567890"


def test_a_secret_is_masked_wherever_it_is_printed():
    secret = Secret(KEY)
    assert KEY not in f"{secret} {secret!r} {secret:>40} %s" % secret + str([secret]) + str({"key": secret})
    assert secret.reveal() == KEY


@pytest.mark.parametrize("write", [pickle.dumps, json.dumps, copy.deepcopy])
def test_a_secret_is_not_written_anywhere(write):
    with pytest.raises(TypeError):
        write(Secret(KEY))


def test_a_known_key_is_masked_in_any_text():
    assert mask("odd*key*1234 was refused", [Secret("odd*key*1234"), None]) == "•••• was refused"


@pytest.mark.parametrize("text", [
    "refused: Zw4Planted9QmX", "…mX7rT2vB8nL5kJ3 was refused",
    "refused: Zw4Planted9QmX7rT2vB8nL5kJ3 and again Zw4Planted9",
    "Basic Wnc0UGxhbnRlZDlRbVg3clQydkI4bkw1a0oz", "[Zw4Planted9QmX7rT2vB8nL5kJ3](Zw4Planted9QmX7rT2vB8nL5kJ3)",
])  # fmt: skip
def test_a_known_key_is_masked_also_in_part_and_as_basic_authentication_has_it(text):
    masked = mask(text, [Secret("Zw4Planted9QmX7rT2vB8nL5kJ3")])
    assert "••••" in masked
    assert not any(part in masked for part in ("Planted", "mX7r", "Wnc0", "J3", "Zw4"))


def test_a_very_long_key_is_masked():
    key = "".join(f"{number:04x}" for number in range(2000))
    assert mask(f"a {key} b {key[:7000]}", [Secret(key)]) == "a •••• b ••••"


@pytest.mark.parametrize(
    "text",
    [
        f"Incorrect API key provided: {KEY}.", f"Authorization: Bearer {KEY}", f"GET /v1?key={KEY}&n=1",
        "r8_ABCDEFGHIJKLMNOPQRST", "hf_abcdefghijklmnopqrst", "Authorization: Bearer abcdefgh12345678",
    ],
)  # fmt: skip
def test_what_looks_like_a_key_is_masked_even_if_unknown(text):
    masked = mask(text)
    assert "••••" in masked
    assert "abcdefgh" not in masked.lower()


def test_ordinary_text_is_left_alone():
    text = "A skiff passes the key-shaped rock; risk: none. Bearer of news."
    assert mask(text) == text
