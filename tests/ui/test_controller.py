from __future__ import annotations

import time

import pytest

from photogram.domain.asset import sniff_mime
from photogram.domain.ids import new_id
from photogram.errors import BadReference
from photogram.ui.controller import Controller
from photogram.ui.references import References
from photogram.ui.shown import Shown

from .conftest import Asked
from .kinds import encode

RED = encode((255, 0, 0), (9, 7))


def test_a_view_that_opens_an_empty_workspace_gets_everything(ask):
    said = ask("hello", lang="pt-PT")
    state = said["state"]
    assert (state["view"], state["lang"], state["topics"], state["active"]) == ("v", "pt-BR", [], None)
    assert state["form"]["model"] == "kinds:all"
    assert [one["address"] for one in state["models"] if one["provider"] == "kinds"] == [
        "kinds:all", "kinds:few", "kinds:dear",
    ]  # fmt: skip
    kinds = {one["kind"] for one in state["form"]["card"]["controls"]}
    assert kinds == {"int", "float", "choice", "text", "bool", "ratio"}
    assert said["skeleton"]["rows"] == []


def test_what_was_read_ahead_is_shown_only_while_it_is_true(ask, controller, studio, monkeypatch):
    studio.generate("a boat", n=1).wait(20)
    controller.warm_up()
    read, outline = [], controller.feed.outline
    monkeypatch.setattr(
        controller.feed, "outline", lambda *args, **kwargs: read.append(args) or outline(*args, **kwargs)
    )
    studio.wallet.top_up(coins=500)
    skeleton = ask("hello")["skeleton"]
    assert read == []
    assert (skeleton["view"], len(skeleton["rows"]), skeleton["wallet"]) == ("v", 1, 10_500)
    ask("hello")
    assert len(read) == 1, "it is shown once"

    controller.warm_up()
    studio.generate("a kite", n=1).wait(20)
    assert len(ask("hello")["skeleton"]["rows"]) == 2
    controller.warm_up()
    studio.active_topic = studio.new_topic("Another")
    assert ask("hello")["skeleton"]["rows"] == []


def test_the_first_pictures_are_there_before_the_outline_that_shows_them(ask, controller, studio):
    studio.generate("a boat", n=1).wait(20)
    newest = studio.generate("a kite", n=14).wait(20)
    for read_ahead in (False, True):
        if read_ahead:
            controller.warm_up()
        said = ask("hello")
        assert [kind for kind in said if kind in ("thumbs", "skeleton")] == ["thumbs", "skeleton"]
        assert said["thumbs"]["ids"] == [image.id for image in newest][:12]
        thumbs = next(buffers for buffers in ask.buffers if buffers)
        assert len(thumbs) == len(said["thumbs"]["shas"]) == 12
        assert all(sniff_mime(one) == "image/webp" for one in thumbs)
    assert "thumbs" not in ask("look", topic=newest.topic_id)


def test_a_bound_of_zero_is_told(ask):
    controls = {one["name"]: one for one in ask("hello")["state"]["form"]["card"]["controls"]}
    assert controls["guidance_scale"] | {"help": ""} == {
        "name": "guidance_scale", "kind": "float", "default": 3.5, "min": 0, "max": 20, "step": 0.5, "help": "",
    }  # fmt: skip
    assert controls["seed"]["min"] == 0
    assert controls["tiling"]["default"] is False


def test_the_same_press_twice_is_one_batch(ask, studio):
    press_id = ask.press(n=3)
    again = ask("press", id=press_id, form={"prompt": "a boat", "n": 3})
    assert again["pressed"]["id"] == press_id
    assert [batch.id for batch in studio.batches()] == [press_id]
    assert len(studio.batch(press_id).wait(20)) == 3
    assert len(studio.topics()) == 1
    assert studio.active_topic.batches()[0].id == press_id


def test_the_same_press_again_takes_nothing_from_what_was_typed_since(ask, controller):
    press_id = ask.press("a boat")
    ask("form", changes={"prompt": "something new", "n": 4})
    assert set(ask("press", id=press_id, form={"prompt": "a boat", "n": 1})) == {"pressed"}
    assert (controller.form.prompt, controller.form.n) == ("something new", 4)


def test_a_press_is_made_with_the_model_that_it_names(ask, studio):
    assert ask("form", changes={"model": "sketch:scene"})["form"]["form"]["model"] == "sketch:scene"
    press_id = ask.press("a boat", model="sketch:abstract")  # the change before it was lost on its way
    assert studio.batch(press_id).wait(20).model == "sketch:abstract"


def test_a_press_that_was_forgotten_is_still_one_batch(ask, studio):
    press_id = ask.press()
    other = Asked(Controller(studio))  # as after a restart of the kernel
    assert other("press", id=press_id, form={"prompt": "a boat"})["pressed"]["id"] == press_id
    assert len(studio.batches()) == 1
    assert studio.wallet.held_coins == 0


def test_a_press_takes_everything_that_is_in_the_form_at_that_moment(ask, studio):
    ask("form", changes={"prompt": "old", "n": 1})
    press_id = ask.press("new", n=2, params={"seed": 0, "width": 128})
    batch = studio.batch(press_id).wait(20)
    assert (batch.prompt, len(batch), batch.params) == ("new", 2, {"seed": 0, "width": 128})
    assert [one.seed for one in batch] == [0, 1]


def test_a_press_that_fails_keeps_the_prompt_and_one_that_succeeds_clears_it(ask, controller):
    ask("form", changes={"prompt": "a boat", "params": {"width": 17}})
    refused = ask("press", id=new_id("bat"), form={"prompt": "a boat", "params": {"width": 17}})["refused"]
    assert refused["what"] == "press"
    assert "steps of 16" in refused["error"]["message"]
    assert controller.form.prompt == "a boat"
    ask.press("a boat", params={})
    assert controller.form.prompt == ""


@pytest.mark.parametrize("press_id", [None, 7, "", "bat_1", "top_" + "0" * 26, "bat_" + "u" * 26])
def test_a_press_without_an_id_of_its_own_does_nothing(ask, studio, press_id):
    assert "refused" in ask("press", id=press_id, form={"prompt": "a boat"})
    assert studio.batches() == []


def test_an_empty_wallet_says_so_and_offers_to_top_up(ask, studio):
    ask("form", changes={"model": "kinds:dear"})
    refused = ask("press", id=new_id("bat"), form={"prompt": "a boat", "n": 50})["refused"]
    assert refused["error"]["top_up"] is True
    before = studio.wallet.balance_coins
    assert ask("act", action="top_up", coins=500)["done"]["wallet"] == before + 500


def test_the_form_is_there_again_in_another_kernel(ask, studio):
    ask("form", changes={"model": "kinds:few", "prompt": "half a sen", "n": 8, "params": {}})
    ask("form", changes={"params": {"style": "shiny"}})
    ask("layout", layout={"left": False, "right": True, "junk": "x" * 100})
    state = Asked(Controller(studio))("hello")["state"]
    form = state["form"]
    assert (form["model"], form["prompt"], form["n"], form["params"]) == (
        "kinds:few", "half a sen", 8, {"style": "shiny"},
    )  # fmt: skip
    assert state["layout"] == {"left": False, "right": True}


def test_a_change_of_model_says_what_it_left_out(ask):
    ask("form", changes={"params": {"steps": 5, "width": 128}})
    said = ask("form", changes={"model": "kinds:few"}, seq=7)["form"]
    assert (said["seq"], said["by"], said["dropped"]) == (7, "v", ["steps"])
    assert said["form"]["params"] == {"width": 128}
    assert said["form"]["card"]["address"] == "kinds:few"


def test_the_cost_of_the_whole_batch_is_told(ask):
    ask("form", changes={"model": "kinds:dear"})
    assert ask("form", changes={"n": 4})["form"]["form"]["cost"] == 8_000_000


def test_a_topic_comes_as_an_outline_with_its_first_ten(ask, studio):
    topic = studio.new_topic("Boats")
    ids = [ask.press(f"boat {number}", n=1 + number % 3) for number in range(12)]
    for batch_id in ids:
        studio.batch(batch_id).wait(20)
    said = ask("look", topic=topic.id)["skeleton"]
    assert [row[0] for row in said["rows"]] == ids[::-1]
    assert [row[1] for row in said["rows"]] == [1 + number % 3 for number in range(12)][::-1]
    assert [batch["id"] for batch in said["batches"]] == ids[:1:-1]
    rest = ask("batches", ids=ids[:2])["batches"]["batches"]
    assert [batch["prompt"] for batch in rest] == ["boat 0", "boat 1"]


def test_what_changed_comes_alone(ask, studio, controller):
    press_id = ask.press(n=50)
    batch = studio.batch(press_id).wait(30)
    topic = studio.active_topic.id
    since, _ = controller.feed.changes("v", Shown(topic_id=topic), 0)
    batch[7].star()
    revision, (reply,) = controller.feed.changes("v", Shown(topic_id=topic), since)
    assert revision > since
    assert reply.message["batches"] == []
    assert [(image["id"], image["starred"]) for image in reply.message["images"]] == [(batch[7].id, True)]
    assert [row[:2] for row in reply.message["rows"]] == [[press_id, 50]]
    assert controller.feed.changes("v", Shown(topic_id=topic), revision) == (revision, [])


def test_what_was_deleted_is_gone_and_comes_back(ask, studio, controller):
    press_id = ask.press(n=2)
    first, second = studio.batch(press_id).wait(20)
    topic = studio.active_topic.id

    def rows_after(action: str, ids: list[str]) -> list[list[object]]:
        since, _ = controller.feed.changes("v", Shown(topic_id=topic), 0)
        assert "done" in ask("act", action=action, ids=ids)
        return [row[:2] for row in controller.feed.changes("v", Shown(topic_id=topic), since)[1][0].message["rows"]]

    assert rows_after("delete", [first.id]) == [[press_id, 1]]
    assert rows_after("delete", [second.id]) == [[press_id, 0]]
    assert rows_after("undelete", [first.id]) == [[press_id, 1]]
    assert rows_after("delete", [press_id]) == [[press_id, 0]]
    assert rows_after("undelete", [press_id]) == [[press_id, 1]]


def test_pictures_come_small_by_what_shows_them_and_whole_in_parts(ask, studio):
    press_id = ask.press(n=2)
    batch = studio.batch(press_id).wait(20)
    thumbs = ask("thumbs", ids=[batch[0].id, batch[1].id, studio.active_topic.id, "nonsense"])["thumbs"]
    assert set(thumbs["shas"]) >= {one.asset.sha256 for one in batch}
    assert all(data[:4] == b"RIFF" for data in ask.buffers[0])
    full = ask("full", id=batch[0].id)["full"]
    assert (full["part"], full["parts"], full["mime"]) == (0, 1, "image/png")
    assert ask.buffers[0] == [batch[0].path.read_bytes()]


def test_another_user_s_pictures_stay_unseen(ask, open_studio, studio):
    batch = studio.batch(ask.press()).wait(20)
    bob = Asked(Controller(open_studio("bob")))
    assert bob("thumbs", ids=[batch[0].id, batch.id, batch.topic_id])["thumbs"]["shas"] == []
    assert bob.buffers == [[]]
    assert bob("batches", ids=[batch.id])["batches"]["batches"] == []
    assert "refused" in bob("full", id=batch[0].id)
    assert bob("look", topic=batch.topic_id)["skeleton"]["rows"] == []
    assert "refused" in bob("act", action="delete", ids=[batch[0].id])
    assert "refused" in bob("press", id=batch.id, form={"prompt": "mine"})
    assert batch[0].status == "success"


def test_an_uploaded_reference_is_used_and_shown_beside_the_result(ask, studio):
    said = ask.upload(RED)
    reference = said["uploaded"]["reference"]
    assert (reference["width"], reference["height"]) == (9, 7)
    assert [one["sha"] for one in said["form"]["form"]["references"]] == [reference["sha"]]
    batch = studio.batch(ask.press(references=[reference["sha"]])).wait(20)
    assert [one.sha256 for one in batch.record.references] == [reference["sha"]]
    row = ask("look", topic=batch.topic_id)["skeleton"]["rows"][0]
    assert row[2] == 1
    assert reference["sha"] in ask("thumbs", ids=[batch.id])["thumbs"]["shas"]


def test_what_cannot_be_shown_is_said_and_why(ask, studio):
    gone, broken, whole = studio.batch(ask.press(n=3)).wait(20)
    gone.path.unlink()
    broken.path.write_bytes(b"no picture")
    thumbs = ask("thumbs", ids=[gone.id, broken.id, whole.id])["thumbs"]
    assert thumbs["shas"] == [whole.asset.sha256]
    assert thumbs["unread"] == {gone.asset.sha256: "missing", broken.asset.sha256: "unreadable"}
    assert "unread" not in ask("thumbs", ids=[whole.id])["thumbs"]


def test_a_picture_becomes_a_reference(ask, studio):
    made = studio.batch(ask.press()).wait(20)[0]
    said = ask("act", action="use_as_reference", ids=[made.id])
    assert said["done"]["result"] == {"taken": 1}
    assert [one["sha"] for one in said["form"]["form"]["references"]] == [made.asset.sha256]


def test_a_reference_of_a_batch_becomes_one_again_by_its_content(ask, studio):
    mine = ask.upload(encode((1, 2, 3)), "mine")["uploaded"]["reference"]
    batch = studio.batch(ask.press(references=[mine["sha"]])).wait(20)
    ask("form", changes={"without": [mine["sha"]]})
    said = ask("act", action="use_reference", batch=batch.id, sha=mine["sha"])
    assert [one["sha"] for one in said["form"]["form"]["references"]] == [mine["sha"]]
    other = ask.upload(encode((3, 2, 1)), "other")["uploaded"]["reference"]["sha"]
    for sha in (other, "", None, str(batch[0].path)):
        assert ask("act", action="use_reference", batch=batch.id, sha=sha)["refused"]["error"]["kind"] == "BadParams"


def test_more_pictures_than_there_is_room_for_are_counted_and_it_is_said_why(ask, studio):
    made = [one.id for one in studio.batch(ask.press(n=5)).wait(20)]
    ask.upload(encode((1, 0, 0)), "u")
    said = ask("act", action="use_as_reference", ids=made)
    assert said["done"]["result"] == {"taken": 2, "most": 3}
    assert len(said["form"]["form"]["references"]) == 3
    full = ask("act", action="use_as_reference", ids=made)["refused"]["error"]
    assert "3 references at most" in full["message"]


def _refuse(*_: object) -> None:
    raise BadReference("no")


def test_a_picture_that_cannot_be_a_reference_says_why_after_those_that_can(ask, studio, monkeypatch):
    made = [one.id for one in studio.batch(ask.press(n=2)).wait(20)]
    add = References.add

    def add_once(self, data):
        monkeypatch.setattr(References, "add", _refuse)
        return add(self, data)

    monkeypatch.setattr(References, "add", add_once)
    result = ask("act", action="use_as_reference", ids=made)["done"]["result"]
    assert (result["taken"], result["why"]["message"]) == (1, "no")


def test_one_reference_too_many_is_refused_and_nothing_is_lost(ask):
    for number in range(3):
        assert "uploaded" in ask.upload(encode((number, 0, 0)), f"u{number}")
    refused = ask.upload(encode((9, 9, 9)), "u9")["refused"]
    assert "3 references at most" in refused["error"]["message"]
    assert len(ask("hello")["state"]["form"]["references"]) == 3


def test_ten_thousand_images_are_told_quickly_and_in_little(ask, studio):
    """Rows written past the API: 1,000 batches of ten."""
    import json

    topic = studio.new_topic("Many").id
    studio._write(_fill, studio.user, topic, 1_000, 10)
    started = time.perf_counter()
    said = ask("look", topic=topic)["skeleton"]
    print(f"{time.perf_counter() - started:.3f} s")
    assert sum(row[1] for row in said["rows"]) == 10_000
    assert len(json.dumps(said["rows"])) < 80_000
    assert len(said["batches"]) == 10


def _fill(cur, user_id: str, topic_id: str, batches: int, images: int) -> None:
    made = f"SELECT range AS b FROM range({batches})"
    each = f"SELECT b, i FROM ({made}) CROSS JOIN (SELECT range AS i FROM range({images}))"
    bat, gen = "format('bat_{:026d}', b)", "format('gen_{:022d}{:04d}', b, i)"
    cur.execute(
        "INSERT INTO batches (id, topic_id, user_id, provider, model, prompt, params_requested, n, created_at) "
        f"SELECT {bat}, ?, ?, 'kinds', 'all', 'boat ' || b, '{{}}', {images}, TIMESTAMP '2026-01-01' + b * INTERVAL 1 "
        f"MINUTE FROM ({made})",
        [topic_id, user_id],
    )
    cur.execute(
        "INSERT INTO generations (id, batch_id, user_id, idx, seed, task_id) "
        f"SELECT {gen}, {bat}, ?, i, i, 'tsk' || {gen} FROM ({each})",
        [user_id],
    )
    cur.execute(
        "INSERT INTO tasks (id, generation_id, batch_id, user_id, provider, attempt, status, params_sent, created_at) "
        f"SELECT 'tsk' || {gen}, {gen}, {bat}, ?, 'kinds', 1, 'cancelled', '{{\"width\": 64, \"height\": 48}}', "
        f"TIMESTAMP '2026-01-01' FROM ({each})",
        [user_id],
    )
