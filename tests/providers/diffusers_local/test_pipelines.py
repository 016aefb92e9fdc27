"""A real pipeline, tiny and of random weights, through the real Studio."""

from __future__ import annotations

import io
import json
import shutil
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from photogram.domain.task import TaskStatus
from photogram.errors import BadParams, BadRequest, Refused, RemoteFailed
from photogram.providers.diffusers_local import provider

from .tiny import SIDE_PX, save_flux, save_pipeline

pytestmark = pytest.mark.diffusers


def make(studio, folder, prompt="a lighthouse", **params):
    """Makes a batch with a folder's pipeline and waits for it."""
    return studio.generate(prompt, model=f"diffusers:{folder}", **({"steps": 2} | params)).wait(240)


def sha(batch, index=0):
    error = batch[index].error
    assert error is None, error.message + error.detail
    return batch[index].asset.sha256


def picture(width=96, height=64, colour=(200, 40, 40)):
    return Image.new("RGB", (width, height), colour)


class Gate:
    """Stops a denoiser before its second step until `go`."""

    def __init__(self, model):
        self.steps, self.reached, self.go = 0, threading.Event(), threading.Event()
        self._hook = model.register_forward_pre_hook(self._before)

    def _before(self, _model, _arguments):
        self.steps += 1
        if self.steps == 2:
            self.reached.set()
            assert self.go.wait(240)

    def remove(self):
        self.go.set()
        self._hook.remove()


@pytest.fixture
def gate(studio, tiny, loads):
    make(studio, tiny, seed=1)
    gate = Gate(provider.SHELF._held.unet)
    yield gate
    gate.remove()


def test_text_becomes_a_png_of_the_models_own_size(studio, tiny, loads):
    batch = make(studio, tiny, seed=7)
    sha(batch)
    assert batch[0].image.size == (SIDE_PX, SIDE_PX)
    assert batch[0].asset.mime == "image/png"
    assert batch[0].seed == 7
    assert batch[0].cost_usd == 0
    assert batch.params == {"steps": 2, "seed": 7}


def test_the_seed_decides_the_picture(studio, tiny, loads):
    first, again, other = (make(studio, tiny, seed=seed) for seed in (7, 7, 8))
    assert sha(first) == sha(again)
    assert sha(first) != sha(other)


def test_every_image_of_a_batch_has_a_seed_of_its_own(studio, tiny, loads):
    batch = make(studio, tiny, n=2, seed=7)
    assert [one.seed for one in batch] == [7, 8]
    assert sha(batch, 1) == sha(make(studio, tiny, seed=8))


def test_what_is_asked_for_reaches_the_pipeline(studio, tiny, loads):
    plain = make(studio, tiny, seed=7)
    for params in ({"prompt": "a castle"}, {"negative_prompt": "boats"}, {"guidance_scale": 1.5}, {"steps": 3}):
        assert sha(make(studio, tiny, seed=7, **params)) != sha(plain), params
    assert make(studio, tiny, size="96x72")[0].image.size == (96, 72)
    assert make(studio, tiny, aspect_ratio="2:1", width=128)[0].image.size == (128, 64)


def test_a_model_is_loaded_once_for_all_images_tasks_and_workspaces(open_studio, tiny, loads):
    one, two = open_studio("one"), open_studio("two")
    make(one, tiny, n=2)
    make(one, tiny, images=picture())
    make(two, tiny)
    assert loads == [str(tiny)]


def test_text_and_image_pipelines_share_every_weight(studio, tiny, loads):
    from photogram.providers.diffusers_local.loading import for_task

    make(studio, tiny)
    make(studio, tiny, images=picture())
    text, image = (for_task(provider.SHELF._held, image=one) for one in (False, True))
    assert type(text).__name__ == "StableDiffusionPipeline"
    assert type(image).__name__ == "StableDiffusionImg2ImgPipeline"
    assert text.unet is image.unet
    assert text.vae is image.vae


def test_another_model_takes_the_place_of_the_first(studio, tiny, tmp_path, loads):
    import weakref

    other = save_pipeline(tmp_path / "other", seed=1)
    first = sha(make(studio, tiny, seed=7))
    unet = weakref.ref(provider.SHELF._held.unet)
    assert sha(make(studio, other, seed=7)) != first
    assert unet() is None
    assert sha(make(studio, tiny, seed=7)) == first
    assert loads == [str(tiny), str(other), str(tiny)]


def test_a_folder_that_was_saved_anew_is_loaded_anew(studio, tmp_path, loads):
    import os

    folder = save_pipeline(tmp_path / "mine")
    before = sha(make(studio, folder, seed=7))
    shutil.rmtree(folder)
    save_pipeline(tmp_path / "next", seed=1).rename(folder)
    later = (folder / "model_index.json").stat().st_mtime_ns + 1_000_000_000
    os.utime(folder / "model_index.json", ns=(later, later))
    assert sha(make(studio, folder, seed=7)) != before
    assert len(loads) == 2


def test_a_reference_image_is_repainted_in_its_own_proportions(studio, tiny, loads):
    red, blue = (make(studio, tiny, images=picture(40, 24, one), strength=0.5, seed=7) for one in ("red", "blue"))
    assert red[0].image.size == (40, 24)
    assert sha(red) != sha(blue)


def test_a_large_reference_is_brought_to_the_models_own_size(studio, tiny, loads):
    assert make(studio, tiny, images=picture(400, 100))[0].image.size == (128, 32)


def test_a_reference_is_cut_to_the_size_that_was_asked_for(studio, tiny, loads):
    assert make(studio, tiny, images=picture(100, 60), size="64x80")[0].image.size == (64, 80)


def test_progress_is_seen_while_it_runs(studio, tiny, gate):
    batch = studio.generate("a lighthouse", model=f"diffusers:{tiny}", steps=4)
    assert gate.reached.wait(240)
    for _ in range(2_000):
        generation = batch.record.generations[0]
        if generation.progress is not None:
            break
        time.sleep(0.01)
    assert generation.status is TaskStatus.PROCESSING
    assert generation.progress == pytest.approx(1 / 5)
    gate.go.set()
    batch.wait(240)
    assert batch[0].status is TaskStatus.SUCCESS
    assert gate.steps == 4


def test_cancel_ends_it_at_the_next_step(studio, tiny, gate):
    batch = studio.generate("a lighthouse", model=f"diffusers:{tiny}", steps=50, n=2, seed=3)
    assert gate.reached.wait(240)
    batch.cancel()
    gate.go.set()
    batch.wait(240)
    assert [one.status for one in batch] == [TaskStatus.CANCELLED] * 2
    before = gate.steps
    again = make(studio, tiny, seed=7)  # has waited for its turn, so the cancelled one is over; two steps of its own
    assert (before, gate.steps) == (2, 4)
    assert sha(again) == sha(make(studio, tiny, seed=7))  # the pipeline is as good as before


def test_two_workspaces_take_turns_and_a_waiting_one_can_be_cancelled(open_studio, studio, tiny, gate):
    held = studio.generate("a lighthouse", model=f"diffusers:{tiny}", steps=3)
    assert gate.reached.wait(240)
    waiting = open_studio("two").generate("a castle", model=f"diffusers:{tiny}", steps=3)
    waiting.cancel()
    waiting.wait(240)
    assert waiting[0].status is TaskStatus.CANCELLED
    assert held[0].status is TaskStatus.PROCESSING
    gate.go.set()
    sha(held.wait(240))


def test_a_pipeline_of_another_family_is_called_by_its_own_signature(studio, tmp_path, loads):
    flux = save_flux(tmp_path / "flux")
    first, again = (make(studio, flux, size="96x64", seed=7) for _ in range(2))
    assert first[0].image.size == (96, 64)
    assert sha(first) == sha(again)
    repainted = make(studio, flux, images=picture(64, 32), strength=0.5, steps=4)
    assert repainted[0].image.size == (64, 32)
    assert "width must be a multiple of 16 px: try 64 or 80" in failure(make(studio, flux, size="72x64")).message
    assert "makes nothing of negative_prompt" in failure(make(studio, flux, negative_prompt="boats")).message
    assert loads == [str(flux)]


# ── What cannot be made ───────────────────────────────────────────────────────────────────────────────────────────


def failure(batch):
    assert batch[0].status is TaskStatus.ERROR
    return batch[0].error.exception()


def test_an_unknown_param_is_named_before_anything_is_written(studio, tiny, loads):
    with pytest.raises(BadParams, match=r"guidance is not a parameter .* did you mean guidance_scale"):
        make(studio, tiny, guidance=3)
    assert len(studio.df()) == 0
    assert loads == []


def test_a_param_that_the_pipeline_does_not_take_is_named(studio, tiny, loads, monkeypatch):
    import diffusers

    real = diffusers.StableDiffusionPipeline.__call__

    def call(self, prompt, num_inference_steps, width=None, height=None, generator=None):
        return real(self, prompt, height, width, num_inference_steps, generator=generator)

    monkeypatch.setattr(diffusers.StableDiffusionPipeline, "__call__", call)
    error = failure(make(studio, tiny, negative_prompt="boats", guidance_scale=3))
    assert isinstance(error, BadRequest)
    assert "it takes no guidance_scale" in error.message
    assert "it takes no negative_prompt" in error.message
    sha(make(studio, tiny))


def test_what_the_pipeline_itself_refuses_is_told(studio, tiny, loads):
    error = failure(make(studio, tiny, images=picture(), strength=0.0, steps=2))
    assert isinstance(error, (BadRequest, RemoteFailed))
    assert "StableDiffusionImg2ImgPipeline" in error.message
    sha(make(studio, tiny))


def test_strength_without_an_image_is_refused_before_loading(studio, tiny, loads):
    with pytest.raises(BadParams, match="strength does nothing without a reference image"):
        make(studio, tiny, strength=0.5)
    assert loads == []


def test_a_missing_folder_is_named(studio, tmp_path, loads):
    error = failure(make(studio, tmp_path / "nowhere"))
    assert isinstance(error, BadRequest)
    assert str(tmp_path / "nowhere") in error.message


def test_pickled_weights_are_refused(studio, tiny, tmp_path, loads):
    import torch

    folder = tmp_path / "pickled"
    shutil.copytree(tiny, folder)
    (folder / "unet" / "diffusion_pytorch_model.safetensors").unlink()
    torch.save({}, folder / "unet" / "diffusion_pytorch_model.bin")
    error = failure(make(studio, folder))
    assert "pickled files (unet)" in error.message
    assert "safetensors" in error.next_step
    assert loads == []


def test_code_that_comes_with_a_model_is_never_run(studio, tiny, tmp_path, loads):
    folder = tmp_path / "foreign"
    shutil.copytree(tiny, folder)
    (folder / "unet" / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Evil: pass\n", "utf-8")
    index = json.loads((folder / "model_index.json").read_text("utf-8"))
    (folder / "model_index.json").write_text(json.dumps(index | {"unet": ["evil", "Evil"]}), "utf-8")
    assert "code of its own (unet)" in failure(make(studio, folder)).message
    assert not (tmp_path / "ran").exists()
    assert loads == []


def test_code_under_a_librarys_name_is_never_run(studio, tiny, tmp_path, loads):
    folder = tmp_path / "disguised"
    shutil.copytree(tiny, folder)
    (folder / "unet" / "diffusers.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n", "utf-8")
    assert "code of its own (unet)" in failure(make(studio, folder)).message
    assert not (tmp_path / "ran").exists()
    assert loads == []


def test_a_folder_that_is_not_complete_is_told(studio, tiny, tmp_path, loads):
    folder = tmp_path / "torn"
    shutil.copytree(tiny, folder)
    (folder / "vae" / "diffusion_pytorch_model.safetensors").write_bytes(b"not weights")
    error = failure(make(studio, folder))
    assert isinstance(error, RemoteFailed)
    assert "could not load" in error.message
    sha(make(studio, tiny))


def test_weights_that_are_there_only_in_half_size_are_read(studio, tmp_path, loads):
    folder = save_pipeline(tmp_path / "half", variant="fp16")
    assert (folder / "unet" / "diffusion_pytorch_model.fp16.safetensors").exists()
    sha(make(studio, folder))


def test_a_full_memory_names_the_way_out(studio, tiny, loads, gate, monkeypatch):
    import torch

    def full(*_arguments, **_options):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")

    monkeypatch.setattr(provider.SHELF._held.vae, "decode", full)
    error = failure(make(studio, tiny, steps=1))
    assert "does not fit into memory" in error.message
    assert "smaller size" in error.next_step
    monkeypatch.undo()


def test_what_the_safety_checker_takes_away_is_a_refusal(studio, tiny, loads, monkeypatch):
    import diffusers

    def call(self, prompt, num_inference_steps=1, generator=None):
        return SimpleNamespace(images=[picture()], nsfw_content_detected=[True])

    monkeypatch.setattr(diffusers.StableDiffusionPipeline, "__call__", call)
    assert isinstance(failure(make(studio, tiny)), Refused)


def test_a_relative_folder_is_looked_for_from_here(studio, tiny, loads, monkeypatch):
    monkeypatch.chdir(tiny.parent)
    sha(make(studio, f"./{tiny.name}"))


def test_transparent_references_become_white(studio, tiny, loads):
    clear, white = Image.new("RGBA", (64, 64), (0, 0, 0, 0)), Image.new("RGB", (64, 64), "white")
    shas = []
    for image in (clear, white):
        buffer = io.BytesIO()
        image.save(buffer, "PNG")
        shas.append(sha(make(studio, tiny, images=buffer.getvalue(), seed=7)))
    assert shas[0] == shas[1]


def test_the_kernels_own_bars_are_as_before(studio, tiny, loads, capfd):
    import diffusers
    import transformers

    make(studio, tiny)
    assert "Loading pipeline" not in capfd.readouterr().err
    for library in (diffusers, transformers):
        assert library.utils.logging.is_progress_bar_enabled()


def test_the_folder_of_the_test_is_not_written_to(studio, tiny, loads):
    before = {path: path.stat().st_mtime_ns for path in Path(tiny).rglob("*")}
    make(studio, tiny)
    assert before == {path: path.stat().st_mtime_ns for path in Path(tiny).rglob("*")}
