"""Whatever a browser says: no path is read, nothing is spent without a press, and one message asks for only so much."""

from __future__ import annotations

from pathlib import Path

import pytest

from photogram.domain.ids import new_id
from photogram.providers.diffusers_local import Diffusers
from photogram.ui.feed import MOST_IDS

from .kinds import encode

RED = encode((255, 0, 0), (9, 7))


def test_no_message_makes_the_kernel_read_a_path(ask, studio, tmp_path, monkeypatch):
    secret = tmp_path / "secret.png"
    secret.write_bytes(RED)
    mine = ask.upload(encode((0, 0, 255), (9, 7)))["uploaded"]["reference"]["sha"]
    made = ask.press(references=[mine])
    opened: list[object] = []
    real = Path.open
    monkeypatch.setattr(Path, "open", lambda self, *a, **k: (opened.append(self), real(self, *a, **k))[1])
    for path in (str(secret), f"file://{secret}", "../secret.png", {"path": str(secret)}):
        for kind, body in (
            ("form", {"changes": {"references": [mine, path], "params": {"images": path, "mask": path}}}),
            ("press", {"id": new_id("bat"), "form": {"prompt": "x", "references": [path], "params": {"images": path}}}),
            ("press", {"id": new_id("bat"), "form": {"prompt": "x", "references": [mine], "params": {"mask": path}}}),
            ("thumbs", {"ids": [path]}), ("full", {"id": path}), ("look", {"topic": path}),
            ("batches", {"ids": [path]}),
            ("act", {"action": "use_as_reference", "ids": [path]}),
            ("act", {"action": "use_reference", "batch": made, "sha": path}),
            ("upload", {"id": path, "part": 0, "parts": 1}),
        ):  # fmt: skip
            ask(kind, **body)
    assert secret not in opened
    assert len(studio.batches()) == 5, "a reference that is none is refused; a parameter that is none is left out"
    assert all(batch.record.mask is None for batch in studio.batches())


KINDS = ("hello", "look", "beat", "batches", "thumbs", "full", "press", "form", "upload", "act", "layout", "nonsense")
NAMES = (
    "id", "ids", "topic", "form", "changes", "action", "since", "part", "parts", "size", "search", "lang", "model",
    "layout",
)  # fmt: skip


def test_no_message_can_spend_or_stop_the_panel(ask, studio):
    for junk in (None, 7, "x", [], {}, [[]], "top_" + "0" * 26, "gen_" + "0" * 26, -1, 1e999, 10**30):
        for kind in KINDS:
            ask(kind, **dict.fromkeys(NAMES, junk))
    assert studio.batches() == []
    assert ask("hello")["state"]["view"] == "v"


def test_one_message_asks_for_only_so_much(ask, studio):
    batch = studio.batch(ask.press(n=2)).wait(20)
    assert len(ask("batches", ids=[batch.id] * 10 * MOST_IDS)["batches"]["batches"]) == 1


@pytest.mark.parametrize("path", ["{folder}", "/etc/passwd", "~", "~/models", "./model", "..", "C:\\model"])
def test_no_message_names_a_folder_as_a_model(ask, studio, tmp_path, path):
    studio._engine.registry.add(Diffusers())
    model = f"diffusers:{path.format(folder=tmp_path)}"
    for kind, body in (
        ("form", {"changes": {"model": model}}),
        ("press", {"id": new_id("bat"), "form": {"prompt": "x", "model": model}}),
        ("press", {"id": new_id("bat"), "form": {"prompt": "x"}, "changes": {"model": model}}),
    ):
        error = ask(kind, **body)["refused"]["error"]
        assert (error["kind"], error["message"]) == ("UnknownModel", "The panel opens no folders.")
        assert error["next_step"] == f"Name it in a cell: studio.form.model = {model!r}"
    assert (studio.form.model, studio.batches()) == ("kinds:all", [])

    assert ask("form", changes={"model": "diffusers:org/name"})["form"]["form"]["model"] == "diffusers:org/name"
    studio.form.model = model
    assert ask("form", changes={"model": model, "n": 2})["form"]["form"]["n"] == 2
    assert "refused" not in ask("press", id=new_id("bat"), form={"prompt": "x", "model": model})
