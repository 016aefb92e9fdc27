from __future__ import annotations

import re
from pathlib import Path

import pytest

import photogram.ui
from photogram import errors
from photogram.domain.params import ParamSpec
from photogram.domain.task import ErrorKind
from photogram.providers.registry import default_registry
from photogram.ui.describe import HIDDEN
from photogram.ui.texts import LANGUAGES, choose_language, read_texts

TECHNICAL = frozenset({
    "sampler", "scheduler",  # as all programs call them
    "output_format", "aspect_ratio", "resolution", "safety_tolerance",
})  # fmt: skip
"""Parameters whose choices are no words; `auto` is one wherever it stands."""

NAMES = frozenset({
    "RealESRGAN_x4plus", "RealESRGAN_x2plus", "RealESRGAN_x4plus_anime_6B", "NMKD_Siax", "4x_AnimeSharp", "GFPGAN",
    "CodeFormers",
})  # fmt: skip
"""Choices that are names of models."""

SIZE = re.compile(r"\d+x\d+|\d+K")

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


def _specs() -> list[ParamSpec]:
    return [spec for card in default_registry().cards() for spec in card.params]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_parameter_of_every_model_has_a_name_and_is_explained(language):
    """As `view/wording.js` and `view/explaining.js` find them."""
    names, words = {spec.name for spec in _specs()}, read_texts(language)
    assert len(names) > 40
    assert {f"param.{name}" for name in names} - set(words) == set()
    assert {f"help.{name}" for name in names - HIDDEN} - set(words) == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_choice_that_is_a_word_has_words(language):
    choices = {choice for spec in _specs() for choice in spec.choices if spec.name not in TECHNICAL or choice == "auto"}
    assert len(choices) > 50
    said = {f"choice.{one}" for one in choices - NAMES if not SIZE.fullmatch(one)}
    assert said - set(read_texts(language)) == set()


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


SAID = "aria-label|aria-description|aria-roledescription|aria-valuetext|title|placeholder|alt|label"
"""Attributes that somebody reads or hears."""


@pytest.mark.parametrize("file", sorted(HERE.rglob("*.vue")), ids=lambda file: file.stem)
def test_no_template_holds_a_word(file):
    template = re.fullmatch(r".*?<template>(.*)</template>.*", file.read_text("utf-8"), re.DOTALL).group(1)
    written = re.sub(r"<!--.*?-->|\{\{.*?\}\}", "", template, flags=re.DOTALL)
    said = re.findall(rf"""\s(?:{SAID})=(".*?"|'.*?')""", written)
    said += re.findall(r">([^<>]*)<", re.sub(r"""=(".*?"|'.*?')""", "", written, flags=re.DOTALL))
    assert [one for one in said if re.search(r"[^\W\d_]", one)] == []
