"""What a prompt may be, and the title it gives a topic."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photogram.domain.prompt import DEFAULT_MAX_PROMPT, clean_prompt, title_from_prompt
from photogram.errors import BadParams, EmptyPrompt


def test_a_prompt_is_trimmed():
    assert clean_prompt("  \n a cat \t ") == "a cat"


def test_control_characters_go_and_newline_and_tab_stay():
    assert clean_prompt("a\x00b\x07c\x1b[31m\x85d\x7f\n\te") == "abc[31md\n\te"


def test_line_ends_become_newlines():
    assert clean_prompt("a\r\nb\rc") == "a\nb\nc"


def test_a_lone_surrogate_goes():
    assert clean_prompt("a\ud800b") == "ab"


def test_an_emoji_of_several_code_points_stays_whole():
    assert clean_prompt("👩‍👩‍👧 🇧🇷 é") == "👩‍👩‍👧 🇧🇷 é"


@pytest.mark.parametrize(
    "text", ["", " ", "\n\t", "\x00\x01", "\u200b", "\u200b\u200d\ufeff", "\u00a0\u2003", "\ud800", "\u2060 \u200e"]
)
def test_what_shows_nothing_is_an_empty_prompt(text):
    with pytest.raises(EmptyPrompt):
        clean_prompt(text)


def test_the_limit_counts_code_points_after_cleaning():
    assert clean_prompt("😀" * DEFAULT_MAX_PROMPT + "  ") == "😀" * DEFAULT_MAX_PROMPT
    with pytest.raises(BadParams, match="2,001 characters, and the model takes 2,000"):
        clean_prompt("😀" * (DEFAULT_MAX_PROMPT + 1))


def test_a_prompt_of_millions_is_refused_by_its_length_alone(monkeypatch):
    looked_at = []
    monkeypatch.setattr("photogram.domain.prompt.unicodedata.category", lambda char: looked_at.append(char) or "Lu")
    with pytest.raises(BadParams, match="10,000,000 characters"):
        clean_prompt("X" * 10_000_000)
    assert looked_at == []


def test_blanks_around_a_prompt_do_not_count_however_many():
    assert clean_prompt(" " * 100_000 + "a cat" + "\n" * 100_000) == "a cat"


def test_the_limit_is_the_cards():
    with pytest.raises(BadParams, match="takes 3"):
        clean_prompt("four", max_length=3)


@pytest.mark.parametrize("thing", [None, 7, b"a cat", ["a cat"]])
def test_a_prompt_is_text(thing):
    with pytest.raises(BadParams, match="prompt must be a string"):
        clean_prompt(thing)


@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=200))
def test_cleaning_twice_changes_nothing_more(text):
    try:
        cleaned = clean_prompt(text)
    except EmptyPrompt:
        assert not any(unicodedata.category(char)[0] in "LNPS" for char in text)
        return
    assert clean_prompt(cleaned) == cleaned
    assert not any(unicodedata.category(char) in ("Cc", "Cs") for char in cleaned if char not in "\n\t")
    cleaned.encode("utf-8")


# ── Titles ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("prompt", "title"),
    [
        ("a lighthouse at dusk, watercolor", "Lighthouse at dusk"),
        ("um farol ao entardecer, aquarela", "Farol ao entardecer"),
        ("cat", "Cat"),
        ("a cat", "A cat"),
        ("red, green and blue shapes", "Red, green and blue shapes"),
        ("Minimalist logo for a bakery in the old town of Porto", "Minimalist logo for a bakery"),
        ("x" * 100, "X" + "x" * 46 + "…"),
        ("東京の夜景", "東京の夜景"),
    ],
)
def test_a_title_is_the_first_clause_of_its_prompt(prompt, title):
    assert title_from_prompt(prompt) == title


@given(st.text(min_size=1, max_size=300))
def test_every_prompt_gives_a_short_title(text):
    try:
        prompt = clean_prompt(text)
    except EmptyPrompt:
        return
    title = title_from_prompt(prompt)
    assert title.strip()
    assert "\n" not in title
    assert len(title) <= 50
