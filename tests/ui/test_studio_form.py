"""`studio.form`: what a cell reads and sets, and what the panels are told of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from photogram.errors import BadParams, BadReference, UnknownModel
from photogram.studio import Studio

from .kinds import encode

RED, BLUE = encode((255, 0, 0), (9, 7)), encode((0, 0, 255), (9, 7))


def test_a_cell_reads_what_the_panel_was_told(ask, studio):
    ask("form", changes={"prompt": "a boat", "n": 4, "params": {"seed": 0}})
    assert (studio.form.prompt, studio.form.n, dict(studio.form.params)) == ("a boat", 4, {"seed": 0})
    assert studio.form.model == "kinds:all"
    assert repr(studio.form) == "<Form 4 × kinds:all, 'a boat', seed=0>"


def test_what_a_cell_sets_every_open_panel_is_told(ask, heard, session, studio):
    session.receive({"kind": "hello", "view": "v", "lang": "en"})
    heard.wait(lambda one: one["kind"] == "skeleton")
    studio.form.prompt = "from a cell"
    said = heard.wait(lambda one: one["kind"] == "form" and one["form"]["prompt"] == "from a cell")
    assert (said["by"], said["form"]["problems"]) == (None, {})


def test_two_studios_of_one_process_have_one_form(open_studio):
    one, other = open_studio(), open_studio()
    one.form.update(prompt="a boat", n=3)
    assert (other.form.prompt, other.form.n) == ("a boat", 3)
    assert open_studio("bob").form.prompt == ""


def test_a_form_is_remembered_without_a_panel(open_studio, tmp_path):
    studio = open_studio()
    studio.form.update(prompt="a boat", steps=20, images=[RED])
    studio.close()
    again = open_studio()
    assert (again.form.prompt, dict(again.form.params)) == ("a boat", {"steps": 20})
    assert [path.read_bytes() for path in again.form.images] == [RED]


def test_all_problems_come_at_once_and_nothing_changes(studio):
    before = studio.form.settings()
    with pytest.raises(BadParams) as raised:
        studio.form.update(prompt=7, n=51, steps=9_999, nonsense=1)
    assert len(raised.value.problems) == 4, raised.value
    assert "nonsense is not a parameter" in str(raised.value)
    assert studio.form.settings() == before


@pytest.mark.parametrize("given", [
    {"prompt": "x" * 200_001}, {"n": 0}, {"n": None}, {"n": True}, {"model": 7}, {"mask": "a.png"}, {"steps": "many"},
])  # fmt: skip
def test_what_makes_no_sense_is_said(studio, given):
    with pytest.raises(BadParams):
        studio.form.update(**given)


def test_what_was_wrong_before_does_not_stop_what_is_right(ask, studio):
    ask("form", changes={"params": {"steps": 9_999}})  # typed in a panel, which shows what is wrong with it
    assert len(studio.form.problems) == 1
    studio.form.update(prompt="a boat", seed=3)
    assert dict(studio.form.params) == {"steps": 9_999, "seed": 3}
    with pytest.raises(BadParams):
        studio.form.update(steps=9_999)
    studio.form.update(steps=None)
    assert studio.form.problems == []


def test_another_model_keeps_what_it_takes(studio):
    studio.form.update(prompt="a boat", steps=20, seed=7, images=[RED])
    studio.form.model = "kinds:few"
    assert studio.form.prompt == "a boat"
    assert "steps" not in studio.form.params
    assert len(studio.form.images) == 1
    with pytest.raises(UnknownModel):
        studio.form.model = "kinds:none"
    assert studio.form.model == "kinds:few"


def test_numbers_of_numpy_and_shells_are_plain_ones(studio):
    studio.form.update(n=np.int64(2), steps=np.int32(20), seed="7", width=np.int64(128), height=128)
    kept = studio.form.settings()
    assert (kept["n"], kept["steps"], kept["seed"], kept["width"]) == (2, 20, 7, 128)
    assert {type(kept[name]) for name in ("n", "steps", "seed", "width")} == {int}


def test_params_are_replaced_whole_or_not_at_all(studio):
    studio.form.params = {"steps": 20}
    studio.form.params = {"seed": 3}
    assert dict(studio.form.params) == {"seed": 3}
    with pytest.raises(TypeError):
        studio.form.params["seed"] = 4  # type: ignore[index]
    with pytest.raises(BadParams):
        studio.form.params = [1]  # type: ignore[assignment]


def test_a_slip_of_the_pen_is_not_kept_silently(studio):
    with pytest.raises(AttributeError, match=r"update\(seed=…\)"):
        studio.form.seed = 7
    with pytest.raises(AttributeError):
        studio.form.cost_usd = 7  # type: ignore[misc]


def test_references_are_whatever_generate_takes(studio, tmp_path: Path):
    (tmp_path / "red.png").write_bytes(RED)
    studio.form.images = tmp_path / "red.png"
    studio.form.images += [BLUE]
    assert [path.read_bytes() for path in studio.form.images] == [RED, BLUE]
    with pytest.raises(BadReference):
        studio.form.images = [tmp_path / "none.png"]
    with pytest.raises(BadReference):
        studio.form.images = [b"no image"]
    with pytest.raises(BadParams):
        studio.form.images = [RED] * 100
    assert len(studio.form.images) == 2
    studio.form.images = None
    assert studio.form.images == []


def test_its_settings_make_what_it_says(studio):
    studio.form.update(prompt="a boat", n=2, seed=7, steps=20, images=[RED])
    batch = studio.generate(**studio.form.settings()).wait(20)
    assert (batch.prompt, len(batch), batch.params["seed"], len(batch.record.references)) == ("a boat", 2, 7, 1)
    studio.form.clear()
    assert studio.form.settings() == {"prompt": "", "model": "kinds:all", "n": 1}
    studio.form.update(**batch.settings())
    again = studio.generate(**studio.form.settings())
    assert {**again.params} == {**batch.params}


def test_a_cell_shows_the_form_with_its_price_and_what_is_wrong(ask, studio):
    studio.form.update(prompt="a <b>boat</b>", seed=7, images=[RED])
    html = studio.form._repr_html_()
    assert "a &lt;b&gt;boat&lt;/b&gt;" in html
    assert "seed=7" in html
    assert html.count("<img") == 1

    ask("form", changes={"params": {"steps": 9_999}})
    assert f"<b>{studio.form.problems[0]}</b>" in studio.form._repr_html_()


def test_two_threads_that_set_different_things_have_set_both(studio: Studio):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as pool:
        for at in range(10):
            calls = [{"prompt": f"boat {at}"}, {"seed": at}, {"n": at + 1}, {"steps": 10 + at}]
            list(pool.map(lambda one: studio.form.update(**one), calls))
            kept = studio.form.settings()
            assert (kept["prompt"], kept["seed"], kept["n"], kept["steps"]) == (f"boat {at}", at, at + 1, 10 + at)
