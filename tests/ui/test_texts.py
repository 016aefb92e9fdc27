from __future__ import annotations

import re
from pathlib import Path

import pytest

import photogram.ui
from photogram import errors
from photogram.domain.task import ErrorKind
from photogram.ui.texts import LANGUAGES, choose_language, read_texts

HERE = Path(photogram.ui.__file__).parent
SOURCES = "".join(file.read_text("utf-8") for file in [*HERE.rglob("*.vue"), *HERE.rglob("*.js")])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_everything_with_the_same_places_to_fill(language):
    english, other = read_texts("en"), read_texts(language)
    assert set(other) == set(english)
    for key, text in other.items():
        assert text
        assert set(re.findall(r"\{(\w+)\}", text)) == set(re.findall(r"\{(\w+)\}", english[key])), key


def test_every_text_that_a_component_asks_for_is_there():
    calls = re.findall(r"\bt\(((?:[^()]|\([^()]*\))*)\)", SOURCES)
    asked = {key for call in calls for key in re.findall(r"'([a-z]+\.[a-z_]+)'", call)}
    assert len(asked) > 50
    assert asked - set(read_texts("en")) == set()


def _concrete(base: type[errors.PhotogramError]) -> set[str]:
    return {cls.__name__ for cls in base.__subclasses__()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_error_has_words(language):
    """As `view/explaining.js` finds them: a task's kind, or an exception's name."""
    exceptions = _concrete(errors.UserError) | _concrete(errors.StoreError)
    names = {re.sub(r"(?!^)([A-Z])", r"_\1", name).lower() for name in exceptions}
    words = read_texts(language)
    assert {f"error.{kind}" for kind in (*ErrorKind, *names)} - set(words) == set()


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [("pt-BR", "pt-BR"), ("pt-PT", "pt-BR"), ("PT", "pt-BR"), ("en-GB", "en"), ("de", "en"), (None, "en"), ("", "en")],
)
def test_the_nearest_language_is_chosen(wanted, chosen):
    assert choose_language(None, wanted) == chosen


def test_a_studio_s_own_choice_goes_before_the_browser_s():
    assert choose_language("pt-BR", "en") == "pt-BR"


def test_no_component_shows_text_as_html():
    assert "v-html" not in SOURCES
    assert "innerHTML" not in SOURCES
