"""A batch as Python code, tried by running it; and more of a batch."""

from __future__ import annotations

import pytest

from photogram.domain.card import ModelCard
from photogram.domain.ids import new_id
from photogram.domain.params import ParamKind, ParamSpec
from photogram.domain.request import MadeImage
from photogram.domain.task import TaskStatus
from photogram.errors import StorageFailed
from photogram.studio import Batch, Studio
from photogram.studio.press import press_again

from .painters import encode

RED = encode((255, 0, 0), (9, 9), "PNG")


def run(code: str) -> dict:
    names: dict = {}
    exec(compile(code, "<copied>", "exec"), names)
    return names


def pictures(batch: Batch) -> list[tuple[int | None, str]]:
    return [(one.seed, one.asset.sha256) for one in batch.wait(20)]


def check_same_again(batch: Batch) -> Batch:
    """Runs a batch's code, and compares what it makes to the pixel."""
    before = pictures(batch)
    made = run(batch.code())["batch"]
    try:
        assert made.id != batch.id
        assert pictures(made) == before
        assert (made.prompt, made.model, made.params.get("width")) == (
            batch.prompt, batch.model, batch.params.get("width"),
        )  # fmt: skip
    finally:
        made._studio.close()
    return made


def test_code_draws_what_the_sketcher_drew(studio):
    check_same_again(
        studio.generate(
            "a lighthouse at dusk", model="sketch:scene", n=2, width=64, height=64, style="watercolor", quality="hd",
            negative_prompt="boats",
        )
    )  # fmt: skip


@pytest.mark.parametrize("prompt", ["a \"cat\"\nand 'a dog'", "ünïcödé 🦊 \\n", "x" * 1900, "{seed} {0} %s"])
def test_code_holds_any_prompt(studio, prompt):
    check_same_again(studio.generate(prompt, seed=0, width=24))


@pytest.mark.parametrize("size", [{"aspect_ratio": "2:1"}, {"size": "24x16"}, {"width": 24}])
def test_code_keeps_the_size_as_it_was_asked_for(studio, size):
    check_same_again(studio.generate("a cat", seed=5, **size))


def test_code_draws_the_same_when_seeds_wrap_or_the_first_image_is_gone(studio):
    wrapped = studio.generate("a cat", n=3, seed=2**32 - 2)
    check_same_again(wrapped)
    wrapped[0].delete()
    left = studio.batch(wrapped.id)
    made = run(left.code())
    assert pictures(made["batch"])[1:] == pictures(left)
    made["studio"].close()


def test_code_finds_references_in_the_workspace(studio, tmp_path):
    (tmp_path / "red.png").write_bytes(RED)
    batch = studio.generate("a cat", seed=1, images=[tmp_path / "red.png"])
    (tmp_path / "red.png").unlink()
    code = batch.code()
    assert str(studio.workspace) in code.splitlines()[2]
    assert code.count(str(studio.workspace)) == 1, "a workspace may be moved: only one line names its folder"
    assert check_same_again(batch).record.references == batch.record.references


def test_code_says_that_a_model_takes_no_seed(studio):
    batch = studio.generate("a cat", model="dots:bare", n=2)
    assert "# dots:bare takes no seed" in batch.code()
    assert "seed=" not in batch.code()
    check_same_again(batch)


def test_code_in_the_folder_of_the_default_workspace_names_none(studio, monkeypatch):
    monkeypatch.setenv("PHOTOGRAM_HOME", str(studio.workspace))
    monkeypatch.setenv("PHOTOGRAM_USER", studio.user)
    assert "studio = pg.Studio()\n" in studio.generate("a cat").code()
    monkeypatch.setenv("PHOTOGRAM_USER", "someone")
    assert "studio = pg.Studio(user='ada')\n" in studio.generate("a cat").code()


class Whimsical:
    """Chooses its seeds itself, and has a parameter whose name is a word of Python."""

    name = "whim"
    seeds = (5, 99, 7)

    def cards(self) -> list[ModelCard]:
        params = (
            ParamSpec(name="class", kind=ParamKind.TEXT),
            ParamSpec(name="seed", kind=ParamKind.INT, min=0, max=1000),
        )
        return [ModelCard(provider=self.name, model="w", title="w", params=params, local=True, price_micros=0)]

    def run(self, request, progress, cancelled) -> MadeImage:
        seed = request.seed if request.params.get("class") == "kept" else self.seeds[request.seed % 3]
        return MadeImage(data=encode((seed % 255, 0, 0), (8, 8), "PNG"), seed=seed)


def test_code_of_seeds_that_are_not_in_a_row_has_them_all(studio):
    studio._engine.registry.add(Whimsical())
    batch = studio.generate("a cat", model="whim:w", n=3, seed=3)
    assert [seed for seed, _ in pictures(batch)] == [5, 99, 7]
    code = batch.code()
    assert "# The seeds are not in a row: the same pictures come as a batch each.\nseeds = [5, 99, 7]\n" in code
    made = run(code)
    assert [made["batches"][at].record.n for at in range(3)] == [1, 1, 1]
    made["studio"].close()


def test_code_gives_a_parameter_whose_name_is_a_word_of_python(studio):
    studio._engine.registry.add(Whimsical())
    batch = studio.generate("a cat", model="whim:w", n=2, seed=3, **{"class": "kept"})
    assert "**{'class': 'kept'}" in batch.code()
    check_same_again(batch)


# ── More of it ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_more_is_the_same_with_new_seeds_in_the_same_topic(studio):
    batch = studio.generate("a cat", n=2, topic="Cats", seed=7, width=24, images=RED).wait(10)
    studio.new_topic("Dogs")
    more = batch.more().wait(10)
    assert (more.prompt, more.model, more.topic_id) == (batch.prompt, batch.model, batch.topic_id)
    assert more.params == {"width": 24}
    assert more.record.references == batch.record.references
    assert len(more) == 2
    assert not {one.seed for one in more} & {one.seed for one in batch}
    assert [one.status for one in more] == [TaskStatus.SUCCESS] * 2
    assert studio.active_topic.record.title == "Dogs"
    assert len(batch.more(5)) == 5


def test_more_keeps_its_count_when_images_were_deleted(studio):
    batch = studio.generate("a cat", n=3).wait(10)
    batch[0].delete()
    assert len(studio.batch(batch.id).more()) == 3


def test_the_same_press_for_more_twice_is_one_batch(studio):
    batch, press_id = studio.generate("a cat", n=2).wait(10), new_id("bat")
    for _ in range(2):
        assert press_again(studio, batch.record, batch_id=press_id).id == press_id
    assert len(studio.batches()) == 2


def test_more_of_a_batch_whose_reference_is_gone_says_so_and_makes_nothing(studio):
    batch = studio.generate("a cat", images=RED).wait(10)
    reference = batch.record.references[0]
    studio._files.delete(reference.sha256, extension=reference.extension, folder="references")
    with pytest.raises(StorageFailed):
        batch.more()
    assert len(studio.batches()) == 1
    studio._files.put(RED, extension="png", folder="references")


def test_more_needs_no_more_than_the_wallet_holds(open_studio):
    studio: Studio = open_studio()
    batch = studio.generate("a cat", model="dots:dear").wait(10)
    held = studio.wallet.balance_coins
    more = batch.more(2).wait(10)
    assert [one.status for one in more] == [TaskStatus.SUCCESS] * 2
    assert studio.wallet.balance_coins == held - 2000
