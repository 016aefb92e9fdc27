"""Colour words, moods and palettes."""

from __future__ import annotations

import colorsys
import subprocess
import sys
from pathlib import Path

import pytest

import photogram
from photogram.providers.sketch.abstract import ABSTRACT_STYLES
from photogram.providers.sketch.abstract_palette import alike, chroma_of, distance, lightness_of, mix, to_lab, to_rgb
from photogram.providers.sketch.colours import COLOURS, fold
from photogram.providers.sketch.moods import MOODS, PALETTES, read_moods


def test_fold_strips_case_accents_and_signs() -> None:
    assert fold("Céu AZUL-marinho, três luas & 3 Corações!") == [
        "ceu",
        "azul",
        "marinho",
        "tres",
        "luas",
        "3",
        "coracoes",
    ]


def test_fold_keeps_words_of_other_scripts() -> None:
    assert fold("красный 青い 波") == ["красныи", "青い", "波"]


def test_fold_of_signs_alone_is_empty() -> None:
    assert fold("… ✨ ___ !") == []


def test_every_colour_word_is_folded_and_can_be_met() -> None:
    assert len(COLOURS) >= 200
    assert all(fold(word) == [word] for word in COLOURS)


def test_pigments_are_never_raw() -> None:
    assert all(0 < channel < 255 for rgb in COLOURS.values() for channel in rgb)


@pytest.mark.parametrize(
    ("portuguese", "english"),
    [("vermelhas", "red"), ("azuis", "blue"), ("dourada", "gold"), ("roxos", "purple"), ("pretas", "black"),
     ("turquesa", "turquoise"), ("amarela", "yellow"), ("verdes", "green"), ("cinzento", "grey"), ("lilás", "lilac")],
)  # fmt: skip
def test_both_languages_name_one_pigment(portuguese: str, english: str) -> None:
    assert COLOURS[fold(portuguese)[0]] == COLOURS[english]


@pytest.mark.parametrize(
    ("word", "degrees"), [("red", 0), ("orange", 28), ("yellow", 48), ("green", 135), ("teal", 182), ("blue", 217)]
)
def test_pigments_have_the_hue_of_their_name(word: str, degrees: float) -> None:
    red, green, blue = (channel / 255 for channel in COLOURS[word])
    hue = colorsys.rgb_to_hsv(red, green, blue)[0] * 360
    assert min(abs(hue - degrees), 360 - abs(hue - degrees)) < 12


def test_every_mood_has_a_palette_and_known_forms() -> None:
    suited = set().union(*(palette.moods for palette in PALETTES))
    assert {mood.name for mood in MOODS} <= suited
    assert suited <= {mood.name for mood in MOODS}
    assert {style for mood in MOODS for style in mood.styles} <= set(ABSTRACT_STYLES)


def test_palettes_are_many_and_their_inks_stand_apart() -> None:
    assert len(PALETTES) >= 24
    assert len({palette.name for palette in PALETTES}) == len(PALETTES)
    for palette in PALETTES:
        inks = palette.inks
        assert all(distance(one, other) > 0.04 for place, one in enumerate(inks) for other in inks[:place]), (
            palette.name
        )
        assert max(abs(lightness_of(ink) - lightness_of(palette.ground)) for ink in inks) > 0.35, palette.name


@pytest.mark.parametrize(
    ("words", "names"),
    [("calm", {"calm"}), ("tranquilidade", {"calm"}), ("caótico", {"chaotic"}), ("outonal", {"autumnal"}),
     ("noite elétrica", {"dark", "electric"}), ("friend playground", {"joyful"}), ("violin", set())],
)  # fmt: skip
def test_moods_are_met_in_both_languages(words: str, names: set[str]) -> None:
    assert {mood.name for mood in read_moods(fold(words))} == names


def test_oklab_goes_there_and_back() -> None:
    for rgb in COLOURS.values():
        assert max(abs(a - b) for a, b in zip(to_rgb(to_lab(rgb)), rgb, strict=True)) <= 1


def test_mixing_leads_from_one_to_the_other() -> None:
    red, blue = COLOURS["red"], COLOURS["blue"]
    assert mix(red, blue, 0.0) == red
    assert mix(red, blue, 1.0) == blue
    assert distance(mix(red, blue, 0.25), red) < distance(mix(red, blue, 0.25), blue)


def test_alike_goes_by_hue_and_greys_are_no_hue() -> None:
    assert alike(COLOURS["crimson"], COLOURS["red"])
    assert not alike(COLOURS["blue"], COLOURS["red"])
    assert not alike(COLOURS["grey"], COLOURS["red"])
    assert alike(COLOURS["black"], COLOURS["charcoal"])
    assert chroma_of(COLOURS["grey"]) < 0.02 < chroma_of(COLOURS["red"])


def test_what_the_card_needs_loads_neither_numpy_nor_pillow() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from photogram.providers.sketch import abstract_forms, colours, moods\n"
        "sys.exit(any(name in sys.modules for name in ('numpy', 'PIL')))"
    )
    source = str(Path(photogram.__file__).parent.parent) if photogram.__file__ else "src"
    assert subprocess.run([sys.executable, "-c", code, source], check=False).returncode == 0
