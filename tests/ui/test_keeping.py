"""Whole files and ZIPs in parts, and what is selected."""

from __future__ import annotations

import hashlib
import io
import re
import time
import zipfile

import pytest

from photogram.domain.ids import new_id
from photogram.ui import archives
from photogram.ui.archives import IDLE_S, MOST_OPEN, Archive, Archives, Entry
from photogram.ui.controller import Controller
from photogram.ui.front_end import HERE
from photogram.ui.keeping import MOST_SELECTED
from photogram.ui.pictures import PART_BYTES

from .conftest import Asked

ZIP = "zip_" + "0" * 26


@pytest.fixture
def batch(ask, studio):
    """Three pictures with seeds 7, 8 and 9."""
    return studio.batch(ask.press("Um farol: à noite!", n=3, params={"seed": 7})).wait(20)


def store_large(studio, image, size_bytes: int) -> bytes:
    """Makes an image's file so long, as a provider's may be; the rest of the row stays as it is."""
    data = image.path.read_bytes()
    data += hashlib.shake_256(data).digest(size_bytes - len(data))
    image.path.write_bytes(data)
    return data


def fetch_zip(ask: Asked, archive_id: str = ZIP, **of: object) -> tuple[str, bytes]:
    """Has a ZIP made and takes all of it."""
    told = ask("zip", id=archive_id, **of)["zip"]
    while not told["parts"]:
        assert told["made"] < told["of"]
        told = ask("zip", id=archive_id, **of)["zip"]
    parts = []
    for part in range(told["parts"]):
        assert ask("zip", id=archive_id, part=part)["zip"]["part"] == part
        parts += ask.buffers[0]
    data = b"".join(parts)
    assert len(data) == told["size"]
    return told["name"], data


def read_zip(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_file_comes_part_by_part_as_it_is_asked_for(ask, batch, studio):
    data = store_large(studio, batch[0], 2 * PART_BYTES + 5)
    parts = []
    for part in (0, 1, 2):
        full = ask("full", id=batch[0].id, part=part)["full"]
        assert (full["part"], full["parts"], full["size"]) == (part, 3, len(data))
        parts += ask.buffers[0]
    assert b"".join(parts) == data
    assert ask("full", id=batch[0].id, part=1)["full"]["part"] == 1, "a lost part is asked for again"
    assert ask.buffers[0] == [data[PART_BYTES : 2 * PART_BYTES]]


def test_a_downloaded_file_is_called_after_its_prompt_its_seed_and_its_id(ask, batch):
    assert ask("full", id=batch[1].id)["full"]["name"] == f"um-farol-à-noite_seed_8_{batch[1].id[-6:]}.png"


@pytest.mark.parametrize("part", [-1, 1, 2**61, "0", None, 0.5])
def test_a_part_that_is_none_is_refused_or_the_first(ask, batch, part):
    said = ask("full", id=batch[0].id, part=part)
    assert "refused" in said or said["full"]["part"] == 0


def test_a_file_that_is_gone_from_the_workspace_is_refused(ask, batch):
    batch[0].path.unlink()
    refused = ask("full", id=batch[0].id, part=0)["refused"]
    assert (refused["what"], refused["id"]) == ("full", batch[0].id)


def test_a_batch_comes_as_a_zip_with_the_names_of_save_zip(ask, batch, tmp_path):
    batch[1].delete()
    name, data = fetch_zip(ask, batch=batch.id)
    assert name == f"um-farol-à-noite_{batch.id[-6:]}.zip"
    files = read_zip(data)
    assert list(files) == ["image_1_seed_7.png", "image_3_seed_9.png"]
    assert files["image_3_seed_9.png"] == batch[2].path.read_bytes()
    with zipfile.ZipFile(batch.save_zip(tmp_path / "same.zip")) as saved:
        assert saved.namelist() == list(files)


def test_chosen_images_of_several_batches_come_in_a_folder_each(ask, batch, studio):
    other = studio.batch(ask.press("um farol: à noite", n=2, params={"seed": 7})).wait(20)
    name, data = fetch_zip(ask, ids=[other[1].id, batch[0].id, batch[2].id, new_id("gen"), "nonsense"])
    assert name == "photogram_3_images.zip"
    assert list(read_zip(data)) == [
        f"um-farol-à-noite_{other.id[-6:]}/image_2_seed_8.png",
        f"um-farol-à-noite_{batch.id[-6:]}/image_1_seed_7.png",
        f"um-farol-à-noite_{batch.id[-6:]}/image_3_seed_9.png",
    ]
    name, data = fetch_zip(ask, "zip_" + "1" * 26, ids=[batch[0].id])
    assert name == f"um-farol-à-noite_{batch.id[-6:]}.zip"
    assert list(read_zip(data)) == ["image_1_seed_7.png"]


def test_a_large_zip_is_made_in_steps_and_read_in_parts(ask, batch, studio, monkeypatch):
    whole = [store_large(studio, one, PART_BYTES + 1) for one in batch]
    monkeypatch.setattr(archives, "STEP_BYTES", 1)
    steps = [ask("zip", id=ZIP, batch=batch.id)["zip"] for _ in range(4)]
    assert [(one["made"], one["of"]) for one in steps] == [(1, 3), (2, 3), (3, 3), (3, 3)]
    assert [one["parts"] for one in steps] == [0, 0, 4, 4]
    _, data = fetch_zip(ask, batch=batch.id)
    assert list(read_zip(data).values()) == whole


def test_a_zip_that_is_over_is_gone_and_others_are_not(ask, batch):
    other = "zip_" + "1" * 26
    for archive_id in (ZIP, other):
        fetch_zip(ask, archive_id, batch=batch.id)
    assert ask("zip", id=ZIP, over=True) == {}
    assert "refused" in ask("zip", id=ZIP, part=0)
    assert ask("zip", id=other, part=0)["zip"]["part"] == 0
    assert "refused" in ask("zip", id=other, part=1)


def test_a_zip_of_nothing_or_without_an_id_is_refused(ask, batch, studio):
    empty = studio.batch(ask.press("refuse this")).wait(20)
    assert ask("zip", id=ZIP, batch=empty.id)["refused"]["id"] == ZIP
    for body in ({"ids": []}, {"ids": ["/etc/passwd"]}, {"batch": "/etc"}, {}):
        assert "refused" in ask("zip", id=ZIP, **body)
    for archive_id in (None, "", "../x", "zip_1"):
        assert "refused" in ask("zip", id=archive_id, batch=batch.id)


def test_another_user_s_pictures_are_neither_fetched_nor_selected(ask, batch, open_studio):
    bob = Asked(Controller(open_studio("bob")))
    assert "refused" in bob("full", id=batch[0].id, part=0)
    assert "refused" in bob("zip", id=ZIP, batch=batch.id)
    assert "refused" in bob("zip", id=ZIP, ids=[batch[0].id])
    assert bob("images", ids=[batch.id])["images"]["images"] == [[]]
    bob("select", ids=[batch[0].id])
    assert bob.controller.studio.selected == []


def test_what_is_not_fetched_is_thrown_away(studio, batch):
    now = 0.0
    kept = Archives(now=lambda: now)
    asset = batch[0].asset
    entry = Entry(name="a.png", sha256=asset.sha256, extension=asset.extension, size_bytes=asset.size_bytes)
    made = [kept.begin(str(at), lambda: Archive("a.zip", [entry], studio._files)) for at in range(MOST_OPEN + 1)]
    assert kept.get("0") is None, "only so many are kept at once"
    assert kept.get("1") is made[1]
    now = IDLE_S
    assert kept.get("2") is made[2]
    now = IDLE_S + 1
    kept.sweep()
    assert [kept.get(str(at)) for at in range(MOST_OPEN + 1)] == [None, None, made[2], None, None]
    assert made[1]._file.closed


@pytest.mark.parametrize("kind", ["hello", "beat"])
def test_what_a_page_left_half_done_is_thrown_away_while_other_views_do_other_things(
    ask, controller, batch, monkeypatch, kind
):
    ask("zip", id=ZIP, batch=batch.id)
    ask("upload", batch[0].path.read_bytes(), id="u", part=0, parts=2, size=PART_BYTES + 1)
    (archive,), uploads = controller.keeping._archives._open.values(), controller.references._uploads
    ask(kind)
    assert uploads._open, "it may still be fetched, and go on"
    assert not archive._file.closed
    monkeypatch.setattr(archives, "IDLE_S", -1)
    monkeypatch.setattr("photogram.ui.uploads.STALE_S", -1)
    ask(kind)
    assert archive._file.closed
    assert not uploads._open


def test_a_view_that_goes_leaves_no_zip_and_other_views_keep_theirs(session, heard, controller, batch):
    made = controller.keeping._archives
    for view in ("v", "w"):
        session.receive({"kind": "zip", "view": view, "id": ZIP, "batch": batch.id})
        heard.wait(lambda message: message["kind"] == "zip" and message["parts"], view=view)
    gone, kept = made.get(f"v {ZIP}"), made.get(f"w {ZIP}")
    session.receive({"kind": "bye", "view": "v"})
    while not gone._file.closed:
        time.sleep(0.01)
    assert "v" not in session._views
    assert (made.get(f"v {ZIP}"), made.get(f"w {ZIP}")) == (None, kept)
    assert not kept._file.closed


def test_the_images_of_batches_that_no_view_has_seen_are_told(ask, batch, studio):
    refused = studio.batch(ask.press("refuse this", n=2)).wait(20)
    batch[1].delete()
    said = ask("images", id="q", ids=[refused.id, batch.id, new_id("bat")])["images"]
    assert (said["id"], said["images"]) == ("q", [[], [batch[0].id, batch[2].id], []])


def test_the_code_sees_what_is_selected(ask, batch, studio):
    assert studio.selected == []
    ask("select", ids=[batch[2].id, batch[0].id, new_id("gen"), "nonsense"])
    assert [one.id for one in studio.selected] == [batch[2].id, batch[0].id]
    assert studio.selected[0].seed == 9
    batch[2].delete()
    assert [one.id for one in studio.selected] == [batch[0].id]
    batch.delete()
    assert studio.selected == []
    ask("select", ids=[])
    batch.undelete()
    assert studio.selected == []


def test_the_newest_view_s_selection_is_the_studio_s(controller, batch, studio):
    def say(view: str, kind: str, **body: object):
        return [one.message for one in controller.answer({"kind": kind, "view": view, **body})]

    assert say("a", "select", ids=[batch[0].id]) == []
    assert say("b", "select", ids=[batch[1].id]) == [{"kind": "selected", "by": "b"}]
    assert say("a", "select", ids=[]) == [], "it let go because another took over"
    assert [one.id for one in studio.selected] == [batch[1].id]
    assert say("c", "hello")[-1] == {"kind": "selected", "by": ""}
    assert studio.selected == [], "until the view that has them says so again"
    say("b", "select", ids=[batch[1].id])
    assert [one.id for one in studio.selected] == [batch[1].id]
    say("b", "select", ids=[])
    assert say("d", "hello")[-1]["kind"] != "selected"


def test_many_images_are_starred_deleted_and_brought_back_in_a_commit_each(ask, batch, studio):
    ids = [one.id for one in batch]
    events: list[object] = []
    studio.subscribe(events.append)
    for body in ({"action": "star", "starred": True}, {"action": "delete"}, {"action": "undelete"}):
        assert "done" in ask("act", ids=ids, **body)
    assert [one.record.starred for one in batch] == [True, True, True]
    assert len(events) == 3


def test_what_is_gone_of_many_does_not_keep_the_others(ask, batch):
    ids = [one.id for one in batch]
    batch[1].delete()
    assert "done" in ask("act", action="star", ids=ids, starred=True)
    assert [batch[0].record.starred, batch[2].record.starred] == [True, True]
    assert "done" in ask("act", action="delete", ids=ids)
    assert "refused" in ask("act", action="star", ids=ids, starred=True), "none of them is there"


def test_what_is_deleted_elsewhere_meanwhile_is_deleted(ask, batch, studio, open_studio):
    other = studio.batch(ask.press("another", n=2)).wait(20)
    images, topic = [one.id for one in other], studio.new_topic("Boats")
    other[0].delete()
    batch.delete()
    topic.delete()
    both = [batch.id, *images]
    for ids in ([batch.id], images[:1], [batch[0].id], both, both):
        assert "done" in ask("act", action="delete", ids=ids), ids
    assert ask("act", action="delete_topic", topic=topic.id)["done"]["result"] == 0

    bob = Asked(Controller(open_studio("bob")))
    for ids in ([batch.id], images[:1], [images[0], new_id("gen")]):
        assert bob("act", action="delete", ids=ids)["refused"]["error"]["kind"] == "NotYours"
    assert bob("act", action="delete_topic", topic=topic.id)["refused"]["error"]["kind"] == "NotYours"
    for ids in ([new_id("bat")], [batch.id, new_id("bat")], [new_id("gen")], [images[0], new_id("gen")]):
        assert ask("act", action="delete", ids=ids)["refused"]["error"]["kind"] == "NotFound"
    assert ask("act", action="delete_topic", topic=new_id("top"))["refused"]["error"]["kind"] == "NotFound"


def test_what_is_still_being_made_is_cancelled_when_many_are_deleted(ask, studio, controller):
    batch = studio.batch(ask.press("hold this", n=2))
    assert "done" in ask("act", action="delete", ids=[one.id for one in batch])
    ask("act", action="undelete", ids=[one.id for one in batch])
    assert [one.status for one in batch] == ["cancelled", "cancelled"]


def test_the_browser_selects_no_more_than_is_taken():
    """It says what it left out; the kernel would cut it silently."""
    (most,) = re.findall(r"PICK_MOST = (\d+)", (HERE / "view" / "selecting.js").read_text("utf-8"))
    assert int(most) == MOST_SELECTED
