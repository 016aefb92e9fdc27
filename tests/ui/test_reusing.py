"""What the buttons of a batch and of an image do: settings into the form, more of it, code, details."""

from __future__ import annotations

import re
import sys
import threading
import time
from pathlib import Path

import pytest

from photogram.domain.ids import new_id
from photogram.engine.progress import SLOW
from photogram.errors import InsufficientCoins
from photogram.store.sending import Report, save_progress
from photogram.store.stopping import MAY_BE_BILLED, TOLD
from photogram.studio import Generation
from photogram.ui.actions import Once
from photogram.ui.notes import SENTENCES, read_note, write_note
from photogram.ui.texts import LANGUAGES, read_texts

from .conftest import Asked
from .kinds import encode

RED, BLUE = encode((255, 0, 0), (9, 7)), encode((0, 0, 255), (9, 7))
UNUSED = ["", "bat_1", "gen_" + "0" * 26, "../secret", None, 7, ["x"]]


def reuse(ask: Asked, batch_id: object) -> tuple[dict, dict]:
    said = ask("act", action="reuse", batch=batch_id)
    return said["done"]["result"], said["form"]["form"]


def test_reuse_brings_back_model_prompt_references_and_what_was_set(ask, studio):
    ask.upload(RED, "r")
    sha = ask.upload(BLUE, "b")["uploaded"]["reference"]["sha"]
    press_id = ask.press("a boat", params={"width": 128, "style": "bold", "seed": 0}, n=2, references=[sha])
    batch = studio.batch(press_id).wait(20)
    ask("form", changes={"model": "kinds:few", "prompt": "half a sen", "params": {"style": "shiny"}, "n": 8})
    lost, form = reuse(ask, batch.id)
    assert lost == {}
    assert (form["model"], form["prompt"]) == ("kinds:all", "a boat")
    assert form["params"] == {"width": 128, "style": "bold", "seed": 0}
    assert [one["sha"] for one in form["references"]] == [sha]
    assert form["n"] == 8, "how many are paid for next is not the old batch's to say"
    again = studio.batch(ask.press(form["prompt"], n=2)).wait(20)
    assert [one.asset.sha256 for one in again] == [one.asset.sha256 for one in batch]


def test_reuse_can_be_taken_back_with_the_draft_that_it_overwrote(ask, studio):
    ask.upload(RED, "r")
    ask("form", changes={"prompt": "half a sen", "params": {"style": "bold"}})
    before = ask("hello")["state"]["form"]
    reuse(ask, studio.generate("a boat", model="kinds:few").id)
    assert ask("act", action="unreuse")["form"]["form"] == before
    ask("form", changes={"prompt": "typed since"})
    assert ask("act", action="unreuse")["form"]["form"]["prompt"] == "typed since"


def test_reuse_takes_a_seed_only_if_it_was_typed(ask, studio):
    typed, rolled = ask.press(params={"seed": 7}), ask.press(params={"width": 128})
    assert reuse(ask, typed)[1]["params"] == {"seed": 7}
    assert studio.batch(rolled).wait(20)[0].seed is not None
    assert reuse(ask, rolled)[1]["params"] == {"width": 128}


def test_reuse_of_a_cell_s_batch_puts_its_size_into_the_two_fields(ask, studio):
    batch = studio.generate("from a cell", size="128x64")
    lost, form = reuse(ask, batch.id)
    assert (lost, form["params"], form["size"]) == ({}, {"width": 128, "height": 64}, (128, 64))
    batch = studio.generate("from a cell", aspect_ratio="2:1")
    assert reuse(ask, batch.id)[1]["params"] == {"aspect_ratio": "2:1"}


def test_reuse_says_what_it_could_not_apply(ask, studio):
    batch = studio.generate("x", images=[RED, BLUE], mask=encode((0, 0, 0), (9, 7)), steps=5, style="bold")
    reference = batch.record.references[0]
    studio._files.delete(reference.sha256, extension=reference.extension, folder="references")
    lost, form = reuse(ask, batch.id)
    assert lost == {"references": 1, "mask": True}
    assert [one["sha"] for one in form["references"]] == [batch.record.references[1].sha256]

    ask("form", changes={"model": "kinds:few"})
    studio._engine.registry.card = lambda address, card=studio._engine.registry.card: card(
        "gone:model" if address == "kinds:all" else address
    )
    lost, form = reuse(ask, batch.id)
    assert lost == {"gone": "kinds:all", "dropped": ["steps", "style"], "references": 1, "mask": True}
    assert (form["model"], form["prompt"], form["params"], len(form["references"])) == ("kinds:few", "x", {}, 1)


@pytest.mark.parametrize("action", ["reuse", "code", "details"])
def test_what_names_no_batch_of_ones_own_does_nothing(ask, open_studio, studio, action):
    theirs = open_studio("bob").generate("theirs")
    for named in (*UNUSED, theirs.id, theirs[0].id, new_id("bat")):
        before = ask("hello")["state"]["form"]
        said = ask("act", action=action, batch=named, image=named)
        assert "refused" in said, named
        assert ask("hello")["state"]["form"] == before


def test_more_is_a_press_of_its_own_in_the_same_topic(ask, studio):
    first = studio.batch(ask.press(n=2, params={"seed": 7, "width": 128})).wait(20)
    studio.new_topic("Elsewhere")
    ask("form", changes={"prompt": "half a sen"})
    press_id = new_id("bat")
    for _ in range(2):  # sent again, as after a connection that was cut
        assert ask("press", id=press_id, of=first.id)["pressed"] == {
            "kind": "pressed", "view": "v", "id": press_id, "topic": first.topic_id,
        }  # fmt: skip
    more = studio.batch(press_id).wait(20)
    assert (more.prompt, more.params, more.topic_id, len(more)) == ("a boat", {"width": 128}, first.topic_id, 2)
    assert not {one.seed for one in more} & {7, 8}
    assert len(studio.batches()) == 2
    assert ask("hello")["state"]["form"]["prompt"] == "half a sen"


def test_more_of_nothing_spends_nothing(ask, open_studio, studio):
    theirs = open_studio("bob").generate("theirs")
    for named in (*(one for one in UNUSED if one), theirs.id, new_id("bat")):
        said = ask("press", id=new_id("bat"), of=named, form={"prompt": ""})
        assert "refused" in said, named
    assert studio.batches() == []


def test_code_is_the_studio_s_own(ask, studio):
    batch = studio.batch(ask.press(n=2)).wait(20)
    assert ask("act", action="code", batch=batch.id)["done"]["result"] == batch.code()


def test_details_hold_the_task_and_all_that_is_known_but_no_prompt(ask, studio):
    batch = studio.batch(ask.press("refuse this secret")).wait(20)
    text = ask("act", action="details", image=batch[0].id)["done"]["result"]
    assert batch[0].record.task_id in text
    for known in (
        batch[0].id,
        batch.id,
        "kinds:all",
        "error (refused)",
        "That was declined.",
        "Rephrase",
        "photogram ",
    ):
        assert known in text
    assert "secret" not in text


def test_every_parameter_is_listed_also_those_that_nobody_set(ask, studio):
    batch = studio.batch(ask.press("a boat", params={"style": "bold", "seed": 3})).wait(20)
    listed = {one["name"]: one for one in ask("act", action="params", image=batch[0].id)["done"]["result"]}
    assert listed["style"] == {"name": "style", "value": "bold", "kind": "choice", "unit": ""}
    assert listed["width"] == {"name": "width", "value": 64, "kind": "int", "unit": "px"}
    assert listed["steps"]["value"] == 20
    assert "seed" not in listed, "each image has its own"
    assert "steps" not in ask("batches", ids=[batch.id])["batches"]["batches"][0]["params"], "asked for, not sent along"


def test_parameters_are_listed_when_their_model_is_gone(ask, studio):
    batch = studio.batch(ask.press("a boat", params={"style": "bold"})).wait(20)
    studio._engine.registry._cards.pop("kinds:all")
    listed = ask("act", action="params", image=batch[0].id)["done"]["result"]
    assert {"name": "style", "value": "bold"} in listed


@pytest.mark.parametrize("image", UNUSED)
def test_parameters_of_no_image_are_refused(ask, image):
    assert ask("act", action="params", image=image)["refused"]["error"]["kind"] in ("BadParams", "NotFound")


def test_retry_of_the_failed_ones_leaves_the_others_alone(ask, studio):
    batch = studio.batch(ask.press("refuse", n=3)).wait(20)
    batch[2].delete()
    failed = [batch[0].id, batch[1].id]
    assert "done" in ask("act", action="retry", ids=failed)
    record = batch.wait(20).record
    assert [(one.id, one.attempts) for one in record.generations] == [(one, 2) for one in failed]


def test_the_same_action_sent_again_is_done_once(ask, studio):
    batch = studio.batch(ask.press("refuse", n=1)).wait(20)
    for _ in range(2):
        assert "done" in ask("act", action="retry", id="ask_1", ids=[batch[0].id])
        batch.wait(20)
    assert batch[0].record.attempts == 2
    before = studio.wallet.balance_coins
    for _ in range(2):
        assert ask("act", action="top_up", id="ask_2", coins=500)["done"]["wallet"] == before + 500


def test_an_action_that_was_refused_half_way_is_not_done_further_when_it_is_sent_again(ask, studio, monkeypatch):
    failed = [one.id for one in studio.batch(ask.press("refuse", n=5)).wait(20)]
    real, tried = Generation.retry, []

    def retry(self):
        tried.append(self.id)
        if len(tried) == 3:
            raise InsufficientCoins(need_micros=2, have_micros=1)
        real(self)

    monkeypatch.setattr(Generation, "retry", retry)
    told = [ask("act", action="retry", id="ask_1", ids=failed) for _ in range(3)]
    assert told[0]["refused"]["error"]["top_up"] is True
    assert told == [told[0]] * 3, "what is sent again hears the same again"
    assert tried == failed[:3]
    assert "done" in ask("act", action="retry", id="ask_2", ids=failed[2:]), "another click is another one"


def test_an_action_that_is_done_stays_so_whatever_fails_after_it(ask, studio, controller, monkeypatch):
    before, real = studio.wallet.balance_coins, controller.say_around
    monkeypatch.setattr(controller, "say_around", lambda **_: 1 / 0)
    assert "refused" in ask("act", action="top_up", id="ask_1", coins=500)
    monkeypatch.setattr(controller, "say_around", real)
    assert ask("act", action="top_up", id="ask_1", coins=500)["done"]["result"] == before + 500


def test_only_the_last_answers_are_remembered():
    once = Once(most=2)
    assert [once(name, lambda name=name: name) for name in "abc"] == ["a", "b", "c"]
    assert [once(name, lambda: "anew") for name in "bca"] == ["b", "c", "anew"]
    for name in "xyz":
        once.remember({"id": name})
    assert [once.find_refused(name) for name in "xyz"] == [None, {"id": "y"}, {"id": "z"}]
    once.remember({"id": None})
    assert once.find_refused("") is None, "what has no id is not sent again"


def test_a_cancel_that_takes_long_holds_up_neither_a_press_nor_the_feed_nor_other_actions(
    session, heard, studio, monkeypatch
):
    from photogram.studio import Batch

    batch, go = studio.generate("a boat").wait(20), threading.Event()
    monkeypatch.setattr(Batch, "cancel", lambda self: go.wait(20))
    session.receive({"kind": "act", "view": "v", "action": "cancel", "id": "slow", "ids": [batch.id]})
    press_id = new_id("bat")
    session.receive({"kind": "press", "view": "v", "id": press_id, "form": {"prompt": "another"}})
    heard.wait(lambda one: one["kind"] == "pressed" and one["id"] == press_id)
    session.receive({"kind": "batches", "view": "v", "ids": [batch.id]})
    heard.wait(lambda one: one["kind"] == "batches")
    star = {"action": "star", "id": "star", "ids": [batch[0].id], "starred": True}
    session.receive({"kind": "act", "view": "v", **star})
    heard.wait(lambda one: one["kind"] == "done" and one["id"] == "star")
    assert not any(one["kind"] == "done" and one["id"] == "slow" for one in heard.messages)
    go.set()
    heard.wait(lambda one: one["kind"] == "done" and one["id"] == "slow")


def test_a_delete_that_takes_long_holds_up_only_what_deletes_and_its_undo_stays_behind_it(
    session, heard, studio, monkeypatch
):
    from photogram.studio import Batch

    batch, other, go = studio.generate("a boat").wait(20), studio.generate("another").wait(20), threading.Event()
    delete = Batch.delete
    monkeypatch.setattr(Batch, "delete", lambda self: (go.wait(20), delete(self)))

    def act(action: str, act_id: str, **body: object) -> None:
        session.receive({"kind": "act", "view": "v", "action": action, "id": act_id, **body})

    def find_done(act_id: str):
        return next((one for one in heard.messages if one["kind"] == "done" and one["id"] == act_id), None)

    act("delete", "slow", ids=[batch.id])
    act("undelete", "undo", ids=[batch.id])
    for action, body in (("star", {"ids": [other[0].id], "starred": True}), ("code", {"batch": other.id})):
        act(action, action, **body)
        heard.wait(lambda one, act_id=action: one["kind"] == "done" and one["id"] == act_id)
    assert (find_done("slow"), find_done("undo")) == (None, None)
    go.set()
    heard.wait(lambda one: one["kind"] == "done" and one["id"] == "undo")
    assert find_done("slow")
    assert studio.batch(batch.id).id == batch.id, "it is back"


def test_a_note_comes_without_what_the_browser_says_itself(ask, studio):
    assert write_note(f"{SLOW} 3 before it in the provider's queue.") == "3 before it in the provider's queue."
    assert write_note(SLOW) is None
    assert write_note(None) is None
    assert write_note("Waits for a key.") == "Waits for a key."


def test_a_note_s_facts_cross_for_another_language():
    note = "Too many requests. Waiting until 12:00:05 UTC."
    cut_off = " Check your connection; it has been so since 11:59:00 UTC."
    assert read_note(note + cut_off) == [["until", "12:00:05"], ["since", "11:59:00"]]
    assert read_note(MAY_BE_BILLED) == [["may_be_billed"]]
    assert read_note("Something that only its provider knows.") is None
    assert read_note(None) is None


def test_every_note_that_the_engine_writes_is_known():
    engine = Path(sys.modules["photogram.engine.engine"].__file__).parent
    sources = "".join(one.read_text("utf-8") for one in [*engine.glob("*.py"), engine.parent / "store" / "ending.py"])
    at = re.sub(r"\{\w[\w.]*:%H:%M:%S\}", "12:00:05", sources)
    timed = re.findall(r'"([^"\n]*12:00:05 UTC\.[^"\n]*)"', at)
    plain = [*re.findall(r'note="([^"]+)"', sources), *re.findall(r'"(Settled: [^"]+)"', sources), TOLD, MAY_BE_BILLED]
    assert len(timed) >= 4
    assert len(plain) >= 6
    assert [note for note in [*timed, *plain] if not read_note(note)] == []
    for language in LANGUAGES:
        assert {f"note.{name}" for name in SENTENCES} <= set(read_texts(language))


def test_glimpses_of_what_is_being_drawn_come_with_its_changes(ask, studio, monkeypatch):
    batch = studio.batch(ask.press("hold", n=2))
    deadline = time.monotonic() + 20
    while any(one.status == "pending" for one in batch) and time.monotonic() < deadline:
        time.sleep(0.01)
    drawn = batch[1].record.task_id
    monkeypatch.setattr(studio._engine, "glimpses", lambda ids: {drawn: b"seen"} if drawn in set(ids) else {})
    since = ask("look", topic=batch.topic_id)["skeleton"]["revision"]
    studio._write(save_progress, [Report(task_id=drawn, progress=0.5, queue_position=None, note=None)])
    said = ask("beat", topic=batch.topic_id, since=since)
    assert [one["id"] for one in said["changes"]["images"]] == [batch[1].id]
    assert (said["glimpses"]["ids"], ask.buffers[-1]) == ([batch[1].id], [b"seen"])
    assert ask("batches", ids=[batch.id])["glimpses"]["ids"] == [batch[1].id], "also after a reload"
    batch.cancel()
    assert "glimpses" not in ask("batches", ids=[batch.id])
