"""A press is made once or not at all, whatever is sent again, held up or set meanwhile."""

from __future__ import annotations

import logging

import pytest

from photogram.domain.ids import new_id
from photogram.errors import BadReference, InsufficientCoins, StoreBusy
from photogram.ui import pressing, reusing
from photogram.ui.controller import Controller
from photogram.ui.pressing import MOST_REFUSED

from .conftest import Asked
from .kinds import encode

RED = encode((255, 0, 0), (9, 7))
BUSY = StoreBusy("Waited 30 s: the workspace is in use by another process.", next_step="Try again.")


def fail_once(monkeypatch, name: str, error: Exception) -> None:
    """Lets the next call of this function of `pressing` raise, and the others through."""
    real, errors = getattr(pressing, name), [error]

    def call(*args, **options):
        if errors:
            raise errors.pop()
        return real(*args, **options)

    monkeypatch.setattr(pressing, name, call)


# ── What was refused ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("error", [BUSY, ValueError("a bug")])
def test_a_press_that_was_told_as_failed_is_never_made_later(ask, studio, controller, monkeypatch, error):
    fail_once(monkeypatch, "press", error)
    ask("form", changes={"prompt": "a boat"})
    press_id = new_id("bat")
    told = [ask("press", id=press_id, form={"prompt": "a boat"}) for _ in range(3)]
    assert told[0]["refused"]["error"]["kind"] == ("StoreBusy" if error is BUSY else "internal")
    assert told == [told[0]] * 3, "what is sent again hears the same again"
    assert studio.batches() == []
    assert controller.form.prompt == "a boat"
    ask.press("a boat")  # another press is another one
    assert len(studio.batches()) == 1


def test_more_that_was_told_as_failed_is_never_made_later(ask, studio, monkeypatch):
    first = ask.press()
    fail_once(monkeypatch, "press_again", InsufficientCoins(need_micros=2, have_micros=1))
    press_id = new_id("bat")
    for _ in range(2):
        assert ask("press", id=press_id, of=first)["refused"]["error"]["top_up"] is True
    assert [batch.id for batch in studio.batches()] == [first]


def test_only_the_last_refused_presses_are_remembered(ask):
    ids = [new_id("bat") for _ in range(MOST_REFUSED + 1)]
    for press_id in ids:
        assert "refused" in ask("press", id=press_id, form={"prompt": " "})
    assert "refused" in ask("press", id=ids[1], form={"prompt": "a boat"})
    assert "pressed" in ask("press", id=ids[0], form={"prompt": "a boat"})


# ── What is written after the batch ─────────────────────────────────────────────────────────────────────────────────


def test_a_batch_that_is_made_is_no_failure_whatever_fails_after_it(ask, studio, controller, monkeypatch, caplog):
    def fail(*_: object) -> None:
        raise BUSY

    monkeypatch.setattr(controller, "change", lambda make, real=controller.change: (real(make), fail()))
    monkeypatch.setattr(controller, "find_active", fail)
    press_id = new_id("bat")
    with caplog.at_level(logging.WARNING, "photogram"):
        pressed = ask("press", id=press_id, form={"prompt": "a boat"})["pressed"]
        again = ask("press", id=press_id, form={"prompt": "a boat"})["pressed"]
    assert pressed == again
    assert pressed["topic"] == studio.batch(press_id).topic_id
    assert "not remembered" in caplog.text


# ── What is set meanwhile ───────────────────────────────────────────────────────────────────────────────────────────


def test_what_a_cell_sets_while_a_press_is_made_stays(ask, studio, controller, monkeypatch):
    real = pressing.press

    def press(*args, **options):
        made = real(*args, **options)
        studio.form.update(prompt="from a cell", n=7, seed=3)
        return made

    monkeypatch.setattr(pressing, "press", press)
    ask("form", changes={"prompt": "a boat", "n": 2})
    batch = studio.batch(ask.press("a boat", n=2))
    assert (batch.prompt, len(batch)) == ("a boat", 2)
    assert (controller.form.prompt, controller.form.n, controller.form.params) == ("from a cell", 7, {"seed": 3})


def test_what_a_cell_sets_while_a_reference_is_kept_stays(ask, studio, controller, monkeypatch):
    put = studio._files.put
    monkeypatch.setattr(studio._files, "put", lambda *a, **k: (studio.form.update(n=7), put(*a, **k))[1])
    assert "uploaded" in ask.upload(RED)
    assert (controller.form.n, len(controller.form.references)) == (7, 1)


def test_what_a_cell_sets_around_a_reuse_stays(ask, studio, controller, monkeypatch):
    batch_id, find = ask.press("a boat", params={"seed": 7}), reusing.find_batch
    ask("form", changes={"prompt": "half a sen", "n": 2})
    monkeypatch.setattr(reusing, "find_batch", lambda *args: (studio.form.update(n=7), find(*args))[1])
    ask("act", action="reuse", batch=batch_id)
    assert (controller.form.prompt, controller.form.n, controller.form.params) == ("a boat", 7, {"seed": 7})
    studio.form.update(n=8)
    ask("act", action="unreuse")
    assert (controller.form.prompt, controller.form.n, controller.form.params) == ("half a sen", 8, {})


def test_a_press_brings_what_was_lost_on_its_way(ask, controller):
    ask("form", changes={"prompt": "half a sen"})
    form = {"prompt": "half a sentence", "n": 2, "params": {"seed": 1}}
    assert "pressed" in ask("press", id=new_id("bat"), form=form, changes=form)
    assert (controller.form.prompt, controller.form.n, controller.form.params) == ("", 2, {"seed": 1})


def test_of_two_who_change_parameters_at_once_each_changes_its_own(ask, studio, controller):
    other = Asked(Controller(studio))
    ask("form", changes={"params": {"style": "bold"}})
    studio.form.update(seed=5)  # neither view has heard of it
    ask("form", changes={"params": {"steps": 9}})
    other("form", changes={"params": {"guidance_scale": 4.5, "style": None}})
    assert studio.form.params == {"seed": 5, "steps": 9, "guidance_scale": 4.5}
    form = {"prompt": "a boat", "params": {"steps": 9, "tiling": True}}
    press_id = new_id("bat")
    assert "pressed" in ask("press", id=press_id, form=form, changes={"params": {"tiling": True}})
    assert studio.batch(press_id).params == {"steps": 9, "tiling": True}, "what was on the screen is what is paid for"
    assert controller.form.params == {"seed": 5, "steps": 9, "guidance_scale": 4.5, "tiling": True}


def test_what_was_set_before_another_model_was_chosen_comes_with_it_however_often_it_is_said(ask, controller):
    ask("form", changes={"params": {"width": 128, "seed": 5}})
    lost = {"params": {"height": 32, "style": "bold"}, "model": "kinds:few"}  # both were, on their way
    told = [ask("form", changes=lost)["form"] for _ in range(2)]
    assert [one["dropped"] for one in told] == [["seed", "style"], ["style"]]
    assert controller.form.model == "kinds:few"
    assert controller.form.params == {"width": 128, "height": 32}


def test_what_is_set_for_another_model_is_left_out_and_told(ask, controller):
    ask("form", changes={"model": "kinds:few", "params": {"style": "shiny"}})
    said = ask("form", changes={"params": {"steps": 9, "style": "shiny", "width": 128, "size": "64x64"}})["form"]
    assert said["dropped"] == ["steps"]
    assert controller.form.params == {"style": "shiny", "width": 128, "size": "64x64"}
    assert "steps" not in str(said["form"]["problems"])


# ── Where it goes, and with what ────────────────────────────────────────────────────────────────────────────────────


def test_a_press_lands_in_the_topic_that_was_on_the_screen(ask, open_studio, studio):
    seen, active = studio.new_topic("Seen"), studio.new_topic("Active")
    theirs = open_studio("bob").new_topic("Theirs")
    gone = studio.new_topic("Gone", activate=False)
    gone.delete()
    for named, where in ((seen, seen), (gone, active), (theirs, active)):
        pressed = ask("press", id=new_id("bat"), topic=named.id, form={"prompt": "a boat"})["pressed"]
        assert pressed["topic"] == where.id
    assert ask("press", id=new_id("bat"), topic=["x"], form={"prompt": "a boat"})["pressed"]["topic"] == active.id
    assert [len(topic.batches()) for topic in (seen, active)] == [1, 3]
    assert studio.active_topic == active


def test_a_press_without_a_reference_that_was_on_the_screen_spends_nothing(ask: Asked, studio):
    mine = ask.upload(RED)["uploaded"]["reference"]["sha"]
    ask("form", changes={"references": []})  # as a cell, or another view, may do
    refused = ask("press", id=new_id("bat"), form={"prompt": "a boat", "references": [mine]})["refused"]
    assert refused["error"] == {
        "kind": BadReference.__name__, "message": "A reference image is not in the form any more.",
        "next_step": "Add it again, then press Generate.", "top_up": False,
    }  # fmt: skip
    assert studio.batches() == []
