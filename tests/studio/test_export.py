"""Taking pictures out, and making a batch again."""

from __future__ import annotations

import re
import zipfile

import numpy as np
import pytest

from photogram.domain.task import TaskStatus
from photogram.errors import NotReady, StorageFailed
from photogram.providers.openai import OpenAI
from photogram.studio import Studio
from photogram.studio.prepare import plan_batch

from .painters import encode


def names_in(path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return archive.namelist()


def test_a_zip_names_every_image_by_place_seed_and_true_extension(studio, tmp_path):
    batch = studio.generate("jpeg please", n=3, seed=7).wait(10)
    path = batch.save_zip(tmp_path / "out.zip")
    assert names_in(path) == ["image_1_seed_7.jpg", "image_2_seed_8.jpg", "image_3_seed_9.jpg"]
    with zipfile.ZipFile(path) as archive:
        assert archive.read("image_2_seed_8.jpg") == batch[1].path.read_bytes()


def test_a_zip_of_a_model_without_seeds_names_no_seed(studio, tmp_path):
    batch = studio.generate("a cat", model="dots:bare", n=2).wait(10)
    assert names_in(batch.save_zip(tmp_path / "out.zip")) == ["image_1.png", "image_2.png"]


def test_a_zip_leaves_out_what_is_missing_and_keeps_the_places(studio, tmp_path):
    batch = studio.generate("a cat", n=3, seed=7).wait(10)
    batch[1].delete()
    assert names_in(batch.save_zip(tmp_path / "out.zip")) == ["image_1_seed_7.png", "image_3_seed_9.png"]


def test_a_zip_has_a_name_of_its_own_where_none_is_given(studio, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    batch = studio.generate("a cat").wait(10)
    path = batch.save_zip()
    assert path.parent == tmp_path
    assert re.fullmatch(rf"batch_{batch.id}_\d{{13}}\.zip", path.name)
    assert batch.save_zip(tmp_path / "new" / "out.zip").is_file()
    (tmp_path / "folder").mkdir()
    assert batch.save_zip(tmp_path / "folder").parent == tmp_path / "folder"


def test_a_zip_of_nothing_says_so_and_leaves_no_file(studio, tmp_path):
    batch = studio.generate("refuse this").wait(10)
    with pytest.raises(NotReady, match="no image"):
        batch.save_zip(tmp_path / "out.zip")
    assert not (tmp_path / "out.zip").exists()


def test_a_zip_whose_images_are_gone_leaves_no_broken_file(studio, tmp_path):
    batch = studio.generate("a cat", n=2).wait(10)
    batch[1].path.unlink()
    with pytest.raises(StorageFailed):
        batch.save_zip(tmp_path / "out.zip")
    assert list(tmp_path.glob("*.zip*")) == []


@pytest.mark.parametrize("save", ["save", "save_zip"])
def test_a_place_that_cannot_be_written_is_named(studio, tmp_path, save):
    batch = studio.generate("a cat").wait(10)
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageFailed, match="file"):
        getattr(batch[0] if save == "save" else batch, save)(tmp_path / "file" / "out")


def test_a_single_image_is_saved_unchanged_under_its_own_name(studio, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    one = studio.generate("jpeg please").wait(10)[0]
    path = one.save()
    assert path.parent == tmp_path
    assert re.fullmatch(rf"generation_{one.id}_\d{{13}}\.jpg", path.name)
    assert path.read_bytes() == one.path.read_bytes()
    assert one.save(tmp_path / "deep" / "mine.jpg").read_bytes() == one.path.read_bytes()


# ── The same again ──────────────────────────────────────────────────────────────────────────────────────────────────


def again(studio: Studio, **call: object) -> None:
    """Makes a batch, makes it again from its settings, and compares."""
    first = studio.generate(**call).wait(20)  # type: ignore[arg-type]
    settings = first.settings()
    second = studio.generate(**settings).wait(20)
    assert [one.status for one in first] == [TaskStatus.SUCCESS] * len(first)
    assert [one.asset.sha256 for one in second] == [one.asset.sha256 for one in first]
    assert [one.seed for one in second] == [one.seed for one in first]
    assert second.settings() == settings


def test_settings_make_the_same_again(studio):
    again(studio, prompt="a cat", n=3, seed=7, width=24, height=16)


def test_settings_make_the_same_again_with_a_random_seed(studio):
    again(studio, prompt="a cat", n=2)


def test_settings_make_the_same_again_when_seeds_wrap(studio):
    again(studio, prompt="a cat", n=3, seed=2**32 - 2)


def test_settings_keep_the_first_seed_when_the_first_image_is_gone(studio):
    batch = studio.generate("a cat", n=3).wait(10)
    seed = batch[0].seed
    batch[0].delete()
    assert studio.batch(batch.id).settings()["seed"] == seed


def test_settings_hold_what_was_asked_for_and_not_the_defaults(studio):
    batch = studio.generate("a cat", aspect_ratio="3:4", seed=1)
    assert batch.settings() == {"prompt": "a cat", "model": "dots:plain", "n": 1, "aspect_ratio": "3:4", "seed": 1}


@pytest.mark.parametrize("size", [{"aspect_ratio": "2:1"}, {"size": "24x16"}, {"width": 24}, {}])
def test_settings_make_the_same_size_again(studio, size):
    again(studio, prompt="a cat", seed=5, **size)


def test_settings_of_a_model_with_a_list_of_sizes_hold_what_was_asked_for():
    card = OpenAI().card("gpt-image-1.5")
    plan = plan_batch(card, "a fox", 1, (), {"width": np.int64(1536), "height": 1024})
    assert plan.requested == {"width": 1536, "height": 1024}
    assert plan.tasks[0].params["size"] == "1536x1024"
    assert plan_batch(card, "a fox", 1, (), {"aspect_ratio": "3:2"}).requested == {"aspect_ratio": "3:2"}


def test_settings_make_the_same_again_without_seeds(studio):
    again(studio, prompt="a cat", model="dots:bare", n=2)


def test_settings_make_the_same_again_with_references_that_are_gone_from_where_they_were(studio, tmp_path):
    for name, colour in (("one.png", (255, 0, 0)), ("two.png", (0, 255, 0))):
        (tmp_path / name).write_bytes(encode(colour, (9, 9), "PNG"))
    first = studio.generate("a cat", seed=1, images=[tmp_path / "one.png", tmp_path / "two.png"]).wait(10)
    (tmp_path / "one.png").unlink()
    (tmp_path / "two.png").unlink()
    second = studio.generate(**first.settings()).wait(10)
    assert second[0].asset.sha256 == first[0].asset.sha256
    assert second.record.references == first.record.references


def test_the_sketcher_makes_the_same_again(studio):
    again(
        studio, prompt="a lighthouse at dusk", model="sketch:scene", width=64, height=64, style="watercolor",
        negative_prompt="boats", quality="hd",
    )  # fmt: skip


# ── The same picture everywhere ─────────────────────────────────────────────────────────────────────────────────────


def test_the_same_prompt_params_and_seed_give_the_same_files_in_two_workspaces(open_studio):
    batches = [
        open_studio(folder=folder).generate(
            "a lighthouse at dusk, watercolor", model="sketch:scene", n=4, seed=7, size="1024x768"
        )
        for folder in ("one", "two")
    ]
    digests = [[one.asset.sha256 for one in batch.wait(60)] for batch in batches]
    assert digests[0] == digests[1]
    assert len(set(digests[0])) == 4
    for one in batches[0]:
        assert (one.asset.width, one.asset.height, one.asset.mime) == (1024, 768, "image/png")
    assert [one.seed for one in batches[0]] == [7, 8, 9, 10]


def test_the_same_picture_twice_is_one_file(studio):
    first, second = (studio.generate("a cat", seed=1).wait(10)[0] for _ in range(2))
    assert first.id != second.id
    assert first.path == second.path
    first.delete()
    assert second.image.size == (16, 16)
