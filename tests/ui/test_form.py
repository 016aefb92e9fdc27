from __future__ import annotations

from dataclasses import replace

import pytest

from photogram.domain.asset import Asset
from photogram.studio.form import MAX_PARAMS, Form, find_problems, recall, settle

from .kinds import Kinds

ALL, FEW, DEAR = Kinds().cards()
FORM = Form(model=ALL.address, prompt="a boat")


def asset(digit: str) -> Asset:
    return Asset(sha256=digit * 64, mime="image/png", width=8, height=6, size_bytes=70)


def test_what_makes_no_sense_changes_nothing():
    for given in (
        {"n": 0}, {"n": 51}, {"n": "many"}, {"n": None}, {"params": [1]}, {"params": {"steps": [1, 2]}}, {"prompt": 7},
        {"references": ["f" * 64, 7, None]}, {"references": "x"}, {"model": "other:model"}, {"nonsense": 1},
    ):  # fmt: skip
        assert FORM.change(given) == FORM, given


def test_seed_zero_is_a_seed():
    assert FORM.change({"params": {"seed": 0}}).params == {"seed": 0}


def test_params_change_each_for_itself_and_none_takes_one_out():
    form = FORM.change({"params": {"seed": 0, "steps": 5}})
    assert form.change({"params": {"steps": 9}}).params == {"seed": 0, "steps": 9}
    assert form.change({"params": {"seed": None, "tiling": None}}).params == {"steps": 5}
    for nothing in ({"steps": [9]}, {}, None):
        assert form.change({"params": nothing}) == form
    many = form.change({"params": {f"p{number}": 1 for number in range(2 * MAX_PARAMS)}})
    assert len(many.params) == MAX_PARAMS


def test_references_can_be_taken_out_and_ordered_but_not_named():
    form = FORM.add(asset("a"), 3).add(asset("b"), 3)
    assert form.change({"references": ["b" * 64, "a" * 64, "c" * 64]}).references == (asset("b"), asset("a"))
    assert form.change({"references": []}).references == ()


def test_a_model_of_one_reference_takes_the_newest():
    assert FORM.add(asset("a"), 1).add(asset("b"), 1).references == (asset("b"),)


def test_another_model_keeps_what_it_takes_too():
    form = FORM.change({"params": {"width": 128, "style": "bold", "steps": 5, "seed": 0}, "n": 4}).add(asset("a"), 3)
    switched, dropped = form.switch(FEW)
    assert switched.params == {"width": 128}
    assert sorted(dropped) == ["seed", "steps", "style"]
    assert (switched.prompt, switched.n, switched.references) == ("a boat", 4, (asset("a"),))
    assert form.change({"params": {"style": "plain", "steps": None, "seed": None}}).switch(FEW) == (
        replace(switched, params={"width": 128, "style": "plain"}),
        [],
    )


def test_what_is_wrong_is_said_beside_its_field():
    problems = find_problems(ALL, {"width": 100, "style": "bald", "guidance_scale": 0.3, "steps": 10})
    assert set(problems) == {"width", "style", "guidance_scale"}
    assert "steps of 16" in problems["width"]
    assert set(find_problems(ALL, {"output_compression": 5})) == {"output_compression"}
    assert set(find_problems(FEW, {}, references=2)) == {"images"}
    assert find_problems(ALL, {"output_compression": 5, "output_format": "jpeg", "aspect_ratio": "1:1"}) == {}


def test_cost_and_size_are_those_of_the_whole_batch():
    assert settle(DEAR, Form(model=DEAR.address, n=4, params={"aspect_ratio": "4:1"})) == (8_000_000, (128, 32))
    assert settle(ALL, FORM) == (0, (64, 64))
    assert settle(ALL, FORM.change({"params": {"width": 17}})) == (None, None)


def test_a_form_is_remembered_whole():
    form = FORM.change({"params": {"seed": 0, "tiling": True}, "n": 3}).add(asset("a"), 3)
    assert recall(form.as_json(), "x:y") == form


@pytest.mark.parametrize(
    "kept",
    [
        None, 7, [], {"model": 7}, {"references": 7}, {"n": "x", "params": 5},
        {"references": [{}, None, {"sha": "../../etc", "mime": "image/png"}]},
        {"references": [{"sha": "a" * 64, "mime": "text/html", "width": 1, "height": 1, "bytes": 1}]},
    ],
)  # fmt: skip
def test_a_setting_that_cannot_be_read_gives_an_empty_form(kept):
    assert recall(kept, "x:y") == Form(model="x:y")


def test_a_seed_that_javascript_would_round_crosses_as_a_text_and_comes_back_as_the_same_number(ask, studio):
    seed = 2**60 + 1
    studio.form.update(model="kinds:dear", seed=seed)
    shown = ask("hello")["state"]["form"]
    assert shown["params"] == {"seed": str(seed)}
    made = studio.batch(ask.press(model="kinds:dear", params=shown["params"])).wait(20)
    assert (made[0].seed, made.params) == (seed, {"seed": seed})
    told = ask("batches", ids=[made.id])["batches"]["batches"][0]
    assert (told["images"][0]["seed"], told["params"]) == (str(seed), {"seed": str(seed)})
    assert ask("act", action="reuse", batch=made.id)["form"]["form"]["params"] == {"seed": str(seed)}
    assert ask("form", changes={"params": {"seed": str(seed - 2)}})["form"]["form"]["problems"] == {}
    assert studio.form.params == {"seed": seed - 2}
