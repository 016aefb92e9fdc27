"""A card checks a call: everything that is wrong at once, in words that say what to do."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from photogram.domain.card import ModelCard
from photogram.domain.params import ParamKind, ParamSpec, read_ratio
from photogram.domain.size import resolve_size
from photogram.errors import BadParams, PhotogramError

SIDE = {"kind": ParamKind.INT, "default": 1024, "min": 64, "max": 2048, "step": 8, "unit": "px"}
CARD = ModelCard(
    provider="test",
    model="full",
    title="Every kind of parameter",
    params=(
        ParamSpec(name="width", **SIDE),
        ParamSpec(name="height", **SIDE),
        ParamSpec(name="aspect_ratio", kind=ParamKind.RATIO),
        ParamSpec(name="quality", kind=ParamKind.CHOICE, default="standard", choices=("standard", "hd")),
        ParamSpec(name="strength", kind=ParamKind.FLOAT, min=0, max=1, step=0.05, default=0.6),
        ParamSpec(name="guidance_scale", kind=ParamKind.FLOAT, min=1, max=20),
        ParamSpec(name="seed", kind=ParamKind.INT, min=0, max=2**32 - 1),
        ParamSpec(name="transparent", kind=ParamKind.BOOL, default=False),
        ParamSpec(name="negative_prompt", kind=ParamKind.TEXT, max=10),
        ParamSpec(name="images", kind=ParamKind.IMAGES, min=1, max=2),
    ),
)
NEEDY = ModelCard(
    provider="test",
    model="needy",
    title="Needs a parameter",
    params=(ParamSpec(name="mask", kind=ParamKind.TEXT, required=True), ParamSpec(name="steps", kind=ParamKind.INT)),
)


def problems_of(params: dict[str, Any], card: ModelCard = CARD) -> tuple[str, ...]:
    with pytest.raises(BadParams) as caught:
        card.check(params)
    return caught.value.problems


# ── What passes ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_defaults_are_filled_in_and_what_has_none_is_left_out():
    assert CARD.check({}) == {
        "width": 1024, "height": 1024, "quality": "standard", "strength": 0.6, "transparent": False,
    }  # fmt: skip


def test_none_means_not_given():
    assert CARD.check({"quality": None, "size": None, "unheard_of": None}) == CARD.check({})


@pytest.mark.parametrize("value", [512, 512.0, "512", " 512 ", np.int64(512), np.float64(512)])
def test_a_whole_number_is_read_from_every_notation_that_means_one(value):
    width = CARD.check({"width": value})["width"]
    assert width == 512
    assert type(width) is int


@pytest.mark.parametrize("value", [0.5, "0.5", np.float32(0.5), np.float64(0.5), Fraction(1, 2)])
def test_a_number_is_read_from_every_notation_that_means_one(value):
    strength = CARD.check({"strength": value})["strength"]
    assert strength == 0.5
    assert type(strength) is float


@pytest.mark.parametrize("written", ["HD", "hd", " Hd "])
def test_a_choice_ignores_case_and_blanks(written):
    assert CARD.check({"quality": written})["quality"] == "hd"


@pytest.mark.parametrize(
    ("written", "read"), [("true", True), ("off", False), ("1", True), (False, False), ("NO", False)]
)
def test_a_switch_is_read_from_what_a_shell_gives(written, read):
    assert CARD.check({"transparent": written})["transparent"] is read


def test_every_step_of_a_range_passes():
    for step in range(21):
        assert CARD.check({"strength": step / 20})["strength"] == step / 20


def test_the_largest_seed_passes_and_one_more_does_not():
    assert CARD.check({"seed": 2**32 - 1})["seed"] == 2**32 - 1
    assert "4294967295" in problems_of({"seed": 2**32})[0]


# ── What does not ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_problem_is_named_at_once():
    problems = problems_of({
        "widht": 3, "height": 70, "quality": "hdd", "strength": 0.33, "guidance_scale": 99, "seed": -1,
        "transparent": "perhaps", "negative_prompt": "x" * 11, "aspect_ratio": "wide", "images": [1, 2, 3],
    })  # fmt: skip
    wrong = (
        "widht", "height", "quality", "strength", "guidance_scale", "seed", "transparent", "negative_prompt",
        "aspect_ratio", "images",
    )  # fmt: skip
    for name in wrong:
        assert sum(problem.startswith(name) for problem in problems) == 1, name
    assert len(problems) == len(wrong)


def test_the_message_holds_every_problem_and_the_model():
    with pytest.raises(BadParams) as caught:
        CARD.check({"seed": -1, "quality": "best"})
    for problem in caught.value.problems:
        assert problem in str(caught.value)
    assert "test:full" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "meant"),
    [("widht", "width"), ("negative_promt", "negative_prompt"), ("aspectratio", "aspect_ratio"), ("sise", "size")],
)
def test_an_unknown_name_gets_the_near_match(name, meant):
    assert problems_of({name: 1}) == (f"{name} is not a parameter of this model; did you mean {meant}?",)


def test_an_unknown_name_without_a_near_match_gets_the_list():
    (problem,) = problems_of({"zzz": 1})
    assert all(name in problem for name in CARD.specs)


def test_an_off_step_value_names_its_neighbours():
    assert "0.3 or 0.35" in problems_of({"strength": 0.33})[0]
    assert "64 or 72" in problems_of({"width": 70})[0]


def test_a_wrong_choice_lists_the_choices_and_the_near_match():
    (problem,) = problems_of({"quality": "standart"})
    assert "standard, hd" in problem
    assert "did you mean standard?" in problem


def test_what_is_missing_is_named():
    assert problems_of({"steps": 3}, NEEDY) == ("mask is missing",)


@pytest.mark.parametrize(
    "value",
    [True, 1.5, "many", "", int, [], {}, float("nan"), float("inf"), "inf", b"7", 7j, 10**400, 10**5_000, "9" * 5_000],
    ids=lambda value: f"{type(value).__name__}",
)
def test_what_is_no_whole_number_is_refused_in_one_sentence(value):
    (problem,) = problems_of({"seed": value})
    assert problem.startswith("seed must be")
    assert len(problem) < 500


@pytest.mark.parametrize(
    "value", [True, "much", float("nan"), "-inf", [], 10**5_000], ids=lambda value: f"{type(value).__name__}"
)
def test_what_is_no_number_is_refused_in_one_sentence(value):
    (problem,) = problems_of({"guidance_scale": value})
    assert problem.startswith("guidance_scale must be")


def test_a_text_loses_its_control_characters_and_keeps_newline_and_tab():
    assert CARD.check({"negative_prompt": " a\x00\x1b\n\tb\x7f "})["negative_prompt"] == "a\n\tb"


def test_a_text_loses_lone_surrogates():
    assert CARD.check({"negative_prompt": "a\ud800b"})["negative_prompt"] == "ab"


# ── Sizes ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("written", ["512x768", "512X768", " 512 x 768 ", "512×768", "512*768"])
def test_size_is_width_and_height(written):
    checked = CARD.check({"size": written})
    assert (checked["width"], checked["height"]) == (512, 768)
    assert "size" not in checked


@pytest.mark.parametrize(
    "written", ["512", "512x", "x512", "1e3x5", "512x768x3", "-512x768", "512.5x768", "wide", 512, "", "9999999x64"]
)
def test_a_size_that_is_none_is_refused_with_an_example(written):
    (problem,) = problems_of({"size": written})
    assert "1024x768" in problem


def test_both_sides_of_a_size_are_checked():
    assert len(problems_of({"size": "63x2049"})) == 2


@pytest.mark.parametrize("other", [{"width": 512}, {"height": 512}, {"aspect_ratio": "1:1"}])
def test_size_conflicts_with_its_other_notations(other):
    (problem,) = problems_of({"size": "512x512", **other})
    assert problem.startswith(f"size conflicts with {next(iter(other))}")


def test_a_ratio_conflicts_with_both_sides_together():
    (problem,) = problems_of({"aspect_ratio": "1:1", "width": 512, "height": 512})
    assert "aspect_ratio conflicts with width and height" in problem


@pytest.mark.parametrize(
    ("written", "ratio"), [("16:9", (16, 9)), ("9/16", (9, 16)), ("4x3", (4, 3)), ("32:18", (16, 9))]
)
def test_a_ratio_is_read_in_lowest_terms(written, ratio):
    assert read_ratio(written) == ratio


@pytest.mark.parametrize("written", ["0:1", "1:0", "-1:2", "1.5:1", "1:2:3", "wide", "", "10001:1", 1.5, None, "²:1"])
def test_what_is_no_ratio_is_none(written):
    assert read_ratio(written) is None


@pytest.mark.parametrize("ratio", ["1:1", "16:9", "9:16", "4:3", "3:2", "2:3", "21:9", "5:4"])
def test_a_ratio_keeps_the_number_of_pixels_and_the_steps(ratio):
    checked = CARD.check({"aspect_ratio": ratio})
    across, down = (int(side) for side in ratio.split(":"))
    assert checked["width"] * down == checked["height"] * across
    assert checked["width"] % 8 == checked["height"] % 8 == 0
    assert 0.7 <= checked["width"] * checked["height"] / 1024**2 <= 1.01


def test_a_ratio_and_one_side_give_the_other():
    assert CARD.check({"aspect_ratio": "16:9", "width": 1280})["height"] == 720
    assert CARD.check({"aspect_ratio": "9:16", "height": 1280})["width"] == 720


def test_a_ratio_is_settled_in_pixels_and_not_sent_beside_them():
    checked = CARD.check({"aspect_ratio": "16:9"})
    assert "aspect_ratio" not in checked
    assert CARD.check(checked) == checked


def test_a_ratio_that_leads_out_of_range_says_so():
    (problem,) = problems_of({"aspect_ratio": "100:1"})
    assert "100:1" in problem
    assert "64–2048" in problem


def test_a_side_that_is_no_number_is_named_once():
    problems = problems_of({"width": "wide", "aspect_ratio": "16:9"})
    assert len(problems) == 1
    assert problems[0].startswith("width must be a whole number")


ANY_SIZE = ModelCard(
    provider="p", model="m", title="m",
    params=(
        ParamSpec(name="width", kind=ParamKind.INT, min=64, max=2048, step=8, unit="px"),
        ParamSpec(name="height", kind=ParamKind.INT, min=64, max=2048, step=8, unit="px"),
        ParamSpec(name="aspect_ratio", kind=ParamKind.RATIO),
    ),
)  # fmt: skip


def test_a_size_without_a_default_is_left_to_the_model():
    assert ANY_SIZE.check({}) == {}
    assert ANY_SIZE.check({"size": "512x768"}) == {"width": 512, "height": 768}
    assert ANY_SIZE.check({"aspect_ratio": "2:1", "width": 512})["height"] == 256


@pytest.mark.parametrize(
    ("half", "missing"),
    [({"width": 512}, "go together"), ({"height": 512}, "go together"), ({"aspect_ratio": "2:1"}, "needs one side")],
)
def test_half_a_size_without_a_default_is_refused(half, missing):
    (problem,) = problems_of(half, ANY_SIZE)
    assert missing in problem


# ── Properties ──────────────────────────────────────────────────────────────────────────────────────────────────────

NAMES = st.sampled_from([*CARD.specs, "size", "widht", "n", "prompt", ""])
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.binary(max_size=5),
    st.lists(st.integers(), max_size=3), st.sampled_from(["16:9", "512x512", "hd", 10**400, np.int64(3), object()]),
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no finding
@given(st.dictionaries(NAMES, VALUES, max_size=6))
def test_a_check_either_gives_whole_params_or_says_what_is_wrong(params):
    try:
        checked = CARD.check(params)
    except BadParams as error:
        problems = error.problems
        assert problems
        assert len(set(problems)) == len(problems)
    else:
        assert set(checked) <= set(CARD.specs)
        assert CARD.check(checked) == checked
        for name in ("width", "height"):
            assert 64 <= checked[name] <= 2048
            assert checked[name] % 8 == 0


@given(st.integers(1, 10_000), st.integers(1, 10_000))
def test_any_ratio_gives_a_size_of_that_ratio_or_a_problem(across, down):
    specs = {name: CARD.specs[name] for name in ("width", "height")}
    size, problems = resolve_size({"aspect_ratio": f"{across}:{down}"}, specs)
    if not problems:
        assert size is not None
        assert abs(size[0] / size[1] / (across / down) - 1) < 0.15


@given(st.floats(0, 1))
def test_a_number_on_the_card_is_within_a_step_or_named(value):
    try:
        strength = CARD.check({"strength": value})["strength"]
    except PhotogramError as error:
        message = str(error)
        assert "steps of 0.05" in message
    else:
        assert strength * 20 == pytest.approx(round(strength * 20))


FORMATS = ModelCard(
    provider="test",
    model="formats",
    title="A parameter that depends on another",
    params=(
        ParamSpec(name="compression", kind=ParamKind.INT, default=80, only=(("output_format", ("jpeg", "webp")),)),
        ParamSpec(name="output_format", kind=ParamKind.CHOICE, default="png", choices=("png", "jpeg", "webp")),
    ),
)


def test_a_param_that_goes_only_with_another_value_says_so():
    assert problems_of({"compression": 50}, FORMATS) == ("compression goes only with output_format jpeg or webp",)
    assert FORMATS.check({"compression": 50, "output_format": "webp"}) == {"compression": 50, "output_format": "webp"}


def test_its_default_is_left_out_where_it_does_not_go():
    assert FORMATS.check({}) == {"output_format": "png"}
    assert FORMATS.check({"output_format": "jpeg"}) == {"compression": 80, "output_format": "jpeg"}
