"""What the settings show and take: models, sizes, references."""

from __future__ import annotations

import math
from datetime import date

import pytest

from photogram.domain.asset import Asset
from photogram.domain.card import ModelCard
from photogram.domain.offer import SizeOffer
from photogram.domain.params import ParamKind, ParamSpec
from photogram.domain.secret import Secret
from photogram.domain.size import PixelBounds
from photogram.errors import BadParams, BadReference
from photogram.studio.form import Form, find_form_problems, find_reference_problem, settle
from photogram.ui import describe
from photogram.ui.describe import describe_choice, describe_model
from photogram.ui.matching import match_size

from .kinds import Kinds, encode

ALL, FEW, DEAR = Kinds().cards()
IMAGES = ParamSpec(name="images", kind=ParamKind.IMAGES, max=2)


def asset(width: int = 8, height: int = 6, **changes) -> Asset:
    return Asset(
        **{"sha256": "a" * 64, "mime": "image/png", "width": width, "height": height, "size_bytes": 70} | changes
    )


def card(*params: ParamSpec, **changes) -> ModelCard:
    return ModelCard(**{"provider": "p", "model": "m", "title": "M", "params": (*params, IMAGES)} | changes)


def sides(step: int, low: int = 64, high: int = 2048, default: int | None = 1024) -> tuple[ParamSpec, ...]:
    made = {"kind": ParamKind.INT, "default": default, "min": low, "max": high, "step": step}
    return ParamSpec(name="width", **made), ParamSpec(name="height", **made)


# ── Models ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_models_are_listed_while_a_cell_adds_some(ask, studio, monkeypatch):
    class Late(Kinds):
        name = "late"

    has_key = describe.has_key

    def look_while_some_are_added(*args, **kwargs):
        studio._engine.registry.add(Late())
        return has_key(*args, **kwargs)

    monkeypatch.setattr(describe, "has_key", look_while_some_are_added)
    assert "late" not in {one["provider"] for one in ask("models")["models"]["models"]}
    assert "late" in {one["provider"] for one in ask("models")["models"]["models"]}


def test_models_come_local_first_and_a_provider_s_any_model_is_its_last_line(ask):
    models = ask("hello")["state"]["models"]
    providers = list(dict.fromkeys(one["provider"] for one in models))
    assert len(providers) == len(
        [one for at, one in enumerate(models) if models[at - 1]["provider"] != one["provider"]]
    )
    local = [one["local"] for one in models]
    assert local == sorted(local, reverse=True)
    keyed = [one["key"] for one in models if not one["local"]]
    assert keyed == sorted(keyed, reverse=True)
    for provider in ("fal", "replicate", "huggingface", "openai-compatible", "diffusers"):
        lines = [one for one in models if one["provider"] == provider]
        assert [one.get("any", False) for one in lines] == [False] * (len(lines) - 1) + [True], provider
    assert next(one for one in models if one["address"] == "kinds:dear")["micros"] == 2_000_000


def test_any_model_of_a_provider_is_chosen_by_its_id(ask):
    form = ask("form", changes={"model": "fal:somebody/their-own"})["form"]["form"]
    assert (form["model"], form["card"]["title"], form["cost"]) == (
        "fal:somebody/their-own",
        "somebody/their-own",
        None,
    )


def test_a_key_that_came_since_is_seen_when_the_models_are_asked_for_again(ask, studio):
    def has_key():
        return {one["provider"]: one["key"] for one in ask("models")["models"]["models"]}["fal"]

    assert has_key() is False
    studio.keys["fal"] = "a-key-for-a-test"
    assert has_key() is True


def test_what_only_the_keyring_knows_is_asked_for_after_the_pictures(ask, studio, monkeypatch):
    keyring = {"fal": "a-key-for-a-test"}
    monkeypatch.setattr(
        "photogram.config.keys._read_keyring",
        lambda name: asked.append(name) or (Secret(keyring[name]) if name in keyring else None),
    )
    monkeypatch.setattr("photogram.config.keys._from_keyring", {})

    def keys(said):
        return {one["provider"]: one["key"] for one in said["models"]}

    asked = []
    first = keys(ask("hello")["state"])
    assert asked == []
    assert (first["fal"], first["bfl"]) == (True, True), "nobody is told that a key is missing before it is known"
    known = keys(ask("models")["models"])
    assert "fal" in asked
    assert (known["fal"], known["bfl"]) == (True, False)
    assert keys(ask("hello")["state"])["bfl"] is False


def test_a_model_that_is_gone_stays_chosen_and_is_said(ask, controller):
    controller.change(lambda _: Form(model="kinds:gone", prompt="a boat"))
    form = ask("hello")["state"]["form"]
    assert (form["model"], form["card"], form["prompt"]) == ("kinds:gone", None, "a boat")
    assert "kinds:gone" in form["problems"]["model"]
    assert ask("form", changes={"model": "kinds:few"})["form"]["form"]["card"]["title"] == "A few"


def test_a_model_that_retires_within_a_month_says_when_and_what_comes_then():
    def retires(on: str):
        made = card(deprecated_on=on, successor="p:new")
        return describe_choice(made, True, date(2026, 11, 24))["retires"]

    assert retires("2027-03-01") is None
    assert retires("2026-12-16") == {"on": "2026-12-16", "past": False, "successor": "p:new"}
    assert retires("2026-11-01") == {"on": "2026-11-01", "past": True, "successor": "p:new"}


def test_auto_is_one_of_the_proportions():
    offer = SizeOffer.of_ratios({"auto": "", "1:1": "1024x1024", "16:9": "1360x768"})
    assert describe_model(card(sizes=offer))["ratios"] == ["auto", "1:1", "16:9"]


# ── Sizes ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_size_of_a_proportion_is_the_provider_s_own_or_the_proportion_itself():
    offer = SizeOffer.of_ratios({"1:1": "1024x1024", "16:9": "", "auto": ""})
    model = card(sizes=offer, price_micros=0)
    shown = [settle(model, Form(model="p:m", params={"aspect_ratio": one}))[1] for one in ("1:1", "16:9", "auto")]
    assert shown == [(1024, 1024), (16, 9), None]


@pytest.mark.parametrize("reference", [(1920, 1080), (1080, 1920), (777, 777), (3000, 1000), (100, 99)])
@pytest.mark.parametrize("step", [1, 8, 32, 64])
def test_a_free_size_takes_the_reference_s_proportions_and_keeps_its_pixels(step, reference):
    model = card(*sides(step))
    params = match_size(
        model, Form(model="p:m", references=(asset(*reference),), params={"aspect_ratio": "1:1"})
    ).params
    assert set(params) == {"width", "height"}
    assert find_form_problems(model, Form(model="p:m", params=params)) == {}
    shape = reference[0] / reference[1]
    assert abs(math.log(params["width"] / params["height"] / shape)) < (0.02 if step < 64 else 0.05)
    assert abs(math.log(params["width"] * params["height"] / 1024**2)) < 0.25


def test_matching_keeps_to_the_model_s_pixels_and_longest_proportion():
    model = card(*sides(16), bounds=PixelBounds(max_pixels=1_100_000, max_ratio=2))
    params = match_size(model, Form(model="p:m", references=(asset(4000, 1000),))).params
    assert find_form_problems(model, Form(model="p:m", params=params)) == {}
    assert params["width"] / params["height"] == pytest.approx(2, abs=0.05)


def test_matching_takes_the_nearest_of_what_is_offered():
    wide = (asset(1920, 1080),)
    named = card(sizes=SizeOffer.of_sizes(["1024x1024", "1536x1024", "1024x1536", "auto"]))
    assert match_size(named, Form(model="p:m", references=wide)).params == {"size": "1536x1024"}
    ratios = card(sizes=SizeOffer.of_ratios({"auto": "", "1:1": "", "16:9": "", "21:9": ""}, {"1K": 1, "2K": 2}))
    form = Form(model="p:m", references=wide, params={"resolution": "2K", "seed": 0})
    assert match_size(ratios, form).params == {"resolution": "2K", "seed": 0, "aspect_ratio": "16:9"}
    free = card(ParamSpec(name="aspect_ratio", kind=ParamKind.RATIO))
    assert match_size(free, Form(model="p:m", references=wide)).params == {"aspect_ratio": "16:9"}


def test_matching_without_a_reference_or_a_size_says_so():
    with pytest.raises(BadReference):
        match_size(ALL, Form(model="kinds:all"))
    with pytest.raises(BadParams, match="one size only"):
        match_size(card(), Form(model="p:m", references=(asset(),)))


def test_a_view_asks_for_the_match(ask):
    ask.upload(encode((1, 2, 3), (200, 100)))
    form = ask("form", changes={"match_size": True}, seq=3)["form"]["form"]
    assert form["size"] in ([96, 48], (96, 48))
    assert form["problems"] == {}


# ── References ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_wrong_with_the_references_is_said_in_a_sentence():
    needs = ModelCard(
        provider="p",
        model="m",
        title="M",
        params=(ParamSpec(name="images", kind=ParamKind.IMAGES, min=1, max=1, required=True),),
    )
    none = ModelCard(provider="p", model="m", title="M")
    png = card(reference_mimes=frozenset({"image/png"}), max_reference_bytes=100)
    for model, references, said in (
        (none, (asset(),), "takes no reference images"),
        (FEW, (asset(), asset()), "takes 1 reference image, not 2: remove 1"),
        (ALL, (asset(),) * 5, "takes 3 reference images, not 5: remove 2"),
        (needs, (), "needs 1 reference image"),
        (png, (asset(mime="image/jpeg"),), "takes PNG as references only"),
        (png, (asset(size_bytes=101),), "at most"),
    ):
        assert said in (find_reference_problem(model, references) or ""), said
        assert set(find_form_problems(model, Form(model=model.address, references=references))) == {"images"}
    assert find_reference_problem(ALL, (asset(),)) is None
    assert find_reference_problem(none, ()) is None


def test_too_many_references_leave_cost_and_size_known():
    form = Form(model=DEAR.address, references=(asset(),) * 5, params={"width": 128, "height": 64})
    assert settle(DEAR, form) == (2_000_000, (128, 64))


def test_references_beyond_what_another_model_takes_stay_and_hold_the_press_back(ask, controller, studio):
    shas = [ask.upload(encode((at, 0, 0)), f"u{at}")["uploaded"]["reference"]["sha"] for at in range(2)]
    form = ask("form", changes={"model": "kinds:few"})["form"]["form"]
    assert [one["sha"] for one in form["references"]] == shas
    assert "remove 1" in form["problems"]["images"]
    refused = ask("press", id="bat_" + "0" * 26, form={"prompt": "a boat", "references": shas})
    assert "refused" in refused
    assert studio.batches() == []
    refused = ask.upload(encode((9, 9, 9)), "another")["refused"]
    assert "takes 1 reference at most" in refused["error"]["message"]
    assert [one.sha256 for one in controller.form.references] == shas
    left = ask("form", changes={"without": [shas[0]]})["form"]["form"]
    assert [one["sha"] for one in left["references"]] == shas[1:]
    assert left["problems"] == {}
    ask.upload(encode((9, 9, 9)), "another")  # the only one of a model that takes one is replaced
    assert len(controller.form.references) == 1


def test_taking_one_out_leaves_what_came_meanwhile(ask, controller):
    first = ask.upload(encode((1, 0, 0)), "1")["uploaded"]["reference"]["sha"]
    second = ask.upload(encode((2, 0, 0)), "2")["uploaded"]["reference"]["sha"]
    ask("form", changes={"without": [first, "nonsense", 7]})
    ask("form", changes={"without": [first]})  # sent again
    assert [one.sha256 for one in controller.form.references] == [second]


def test_a_part_that_is_sent_again_after_the_last_is_answered_again(ask, controller):
    data = encode((5, 5, 5))
    first = ask.upload(data)["uploaded"]
    again = ask("upload", data, id="u", part=0, parts=1, size=len(data))
    assert again == {"uploaded": first}
    assert len(controller.form.references) == 1


def test_an_upload_that_was_cancelled_is_forgotten(ask, controller):
    data = encode((5, 5, 5)) + b"\0" * 10
    assert "part" in ask("upload", data[:10] + b"\0" * 30, id="u", part=1, parts=2, size=len(data))
    assert ask("upload", id="u", cancel=True) == {}
    assert ask("upload", id="unheard of", cancel=True) == {}
    assert "part" in ask("upload", data[:40], id="u", part=0, parts=2, size=len(data)), "begins anew"
    assert controller.form.references == ()


def test_an_upload_that_was_finished_before_its_cancel_came_is_taken_out(ask, controller):
    ask.upload(encode((5, 5, 5)))
    assert ask("upload", id="u", cancel=True)["form"]["form"]["references"] == []
    assert controller.form.references == ()


def test_the_small_picture_of_each_reference_is_there_at_once(ask):
    shas = [ask.upload(encode((at, 0, 0)), f"u{at}")["uploaded"]["reference"]["sha"] for at in range(2)]
    assert ask("thumbs", ids=shas[1:])["thumbs"]["shas"] == shas[1:]
    assert ask("thumbs", ids=["f" * 64])["thumbs"]["shas"] == [], "only what the form holds"


# ── The wallet ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_top_up_that_is_sent_again_is_made_once(ask, studio):
    before = studio.wallet.balance_coins
    done = [ask("act", action="top_up", coins=1500, id="ask_1")["done"] for _ in range(2)]
    assert [one["result"] for one in done] == [before + 1500] * 2
    assert studio.wallet.balance_coins == before + 1500
    assert "refused" in ask("act", action="top_up", coins=-5, id="ask_2")
