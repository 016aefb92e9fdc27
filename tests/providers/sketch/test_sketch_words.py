"""What the sketcher reads in a prompt, in English and Portuguese."""

import pytest

from photogram.providers.sketch.colours import COLOURS
from photogram.providers.sketch.compose import WATER
from photogram.providers.sketch.placing import LAND, count_of
from photogram.providers.sketch.reading import Thing, read_prompt, singulars
from photogram.providers.sketch.vessels import FLOATING, FLYING
from photogram.providers.sketch.words import PLACES, THINGS


@pytest.mark.parametrize(
    ("prompt", "name", "count"),
    [
        ("two boats on the sea", "boat", 2),
        ("3 birds", "bird", 3),
        ("três barcos no mar", "boat", 3),
        ("uma dúzia de gaivotas", "bird", 12),
        ("a flock of seagulls", "bird", 9),
        ("two small red sailboats", "sailboat", 2),
        ("lighthouse", "lighthouse", None),
        ("pinheiros", "pine", None),
        ("dois balões", "balloon", 2),
        ("1 castle and four houses", "house", 4),
    ],
)
def test_a_thing_is_counted(prompt, name, count):
    thing = read_prompt(prompt).thing(name)
    assert thing is not None
    assert thing.count == count


@pytest.mark.parametrize(
    ("prompt", "name", "colour"),
    [
        ("a red lighthouse", "lighthouse", "red"),
        ("casa azul", "house", "azul"),
        ("um farol vermelho e um barco verde", "boat", "verde"),
        ("um farol vermelho e um barco verde", "lighthouse", "vermelho"),
        ("mar azul, farol branco", "lighthouse", "branco"),
        ("a yellow boat near a green house", "boat", "yellow"),
        ("a yellow boat near a green house", "house", "green"),
    ],
)
def test_a_colour_belongs_to_the_thing_beside_it(prompt, name, colour):
    scene = read_prompt(prompt)
    thing = scene.thing(name)
    assert thing is not None
    assert thing.colour == COLOURS[colour]
    assert scene.tint is None


def test_a_bare_colour_tints_everything():
    assert read_prompt("red").tint == COLOURS["red"]
    assert read_prompt("hills").tint is None


def test_a_colour_of_a_place_is_kept_for_it():
    assert read_prompt("a pink sea").colour_of("sea") == COLOURS["pink"]


@pytest.mark.parametrize(
    ("prompt", "negative", "absent"),
    [
        ("sea, no boats", "", "boat"),
        ("hills without trees or houses", "", "house"),
        ("mar sem barcos", "", "boat"),
        ("sea with boats", "boats, clouds", "boat"),
        ("praia sem palmeiras e sem nuvens", "", "clouds"),
    ],
)
def test_what_is_denied_is_left_out(prompt, negative, absent):
    scene = read_prompt(prompt, negative)
    assert absent in scene.absent
    assert scene.thing(absent) is None


def test_no_means_in_the_in_portuguese():
    assert "sea" in read_prompt("barcos no mar").places
    assert "sea" in read_prompt("boats, no sea").absent


def test_a_negation_does_not_reach_over_the_next_thing():
    scene = read_prompt("a sea with no boats and a lighthouse on a cliff with seagulls")
    assert scene.thing("bird") is not None


@pytest.mark.parametrize(
    ("prompt", "time"),
    [
        ("por do sol na praia", "sunset"),
        ("pôr do sol", "sunset"),
        ("golden hour in the hills", "golden"),
        ("meia-noite", "midnight"),
        ("noite", "night"),
        ("ao meio-dia", "noon"),
        ("a lighthouse at dusk", "dusk"),
        ("manhã", "morning"),
        ("hills", ""),
    ],
)
def test_the_time_of_day_is_read(prompt, time):
    assert read_prompt(prompt).time == time


@pytest.mark.parametrize(
    ("prompt", "style"),
    [
        ("a cat, watercolor", "watercolor"),
        ("aquarela de um gato", "watercolor"),
        ("nanquim", "ink"),
        ("pixel art castle", "pixel_art"),
        ("planta baixa de um farol", "blueprint"),
        ("cartaz de viagem", "poster"),
        ("a cat", ""),
    ],
)
def test_a_style_word_is_read(prompt, style):
    assert read_prompt(prompt).style == style


def test_northern_lights_and_aurora_boreal_are_one():
    assert read_prompt("northern lights").weather == read_prompt("aurora boreal").weather == {"aurora"}


def test_unknown_words_are_kept_and_small_words_are_not():
    assert read_prompt("a giraffe in the quantum soup").unknown == ("giraffe", "quantum", "soup")


@pytest.mark.parametrize(("plural", "singular"), [("balões", "balao"), ("árvores", "arvore"), ("berries", "berry")])
def test_plurals_have_their_singular(plural, singular):
    from photogram.providers.sketch.colours import fold

    assert singular in singulars(fold(plural)[0])


def test_a_plural_without_a_number_is_several():
    boats = read_prompt("boats").thing("boat")
    boat = read_prompt("boat").thing("boat")
    assert count_of(boats, FLOATING["boat"]) > count_of(boat, FLOATING["boat"]) == 1
    assert count_of(Thing(name="boat", count=5), FLOATING["boat"]) == 5


def test_every_figure_has_its_word_and_every_water_is_a_place():
    assert set(LAND) | set(FLOATING) | set(FLYING) <= set(THINGS)
    assert set(PLACES) >= WATER


def test_a_colour_follows_its_noun_in_portuguese():
    scene = read_prompt("mar azul, veleiros, manhã")
    assert scene.colour_of("sea") == COLOURS["azul"]
    assert scene.thing("sailboat").colour is None
