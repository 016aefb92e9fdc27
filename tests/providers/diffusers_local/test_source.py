from __future__ import annotations

import json

import pytest

from photogram.errors import BadRequest
from photogram.providers.diffusers_local import source

INDEX = {
    "_class_name": "StableDiffusionPipeline",
    "_diffusers_version": "0.42.1",
    "unet": ["diffusers", "UNet2DConditionModel"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"],
    "feature_extractor": [None, None],
    "requires_safety_checker": False,
}


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "models" / "mine"
    made.mkdir(parents=True)
    (made / source.INDEX).write_text(json.dumps(INDEX), "utf-8")
    return made


@pytest.mark.parametrize("model", ["org/name", "stabilityai/sdxl-turbo", "black-forest-labs/FLUX.1-schnell"])
def test_org_and_name_are_a_model_of_the_hub(model):
    assert source.find_folder(model) is None


def test_a_folder_of_the_working_directory_never_takes_the_place_of_a_hub_model(folder, monkeypatch):
    monkeypatch.chdir(folder.parent.parent)
    assert source.find_folder("models/mine") is None
    assert source.find_folder("./models/mine") == folder


def test_what_begins_like_a_path_is_a_folder(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder.parent))
    monkeypatch.setenv("USERPROFILE", str(folder.parent))
    monkeypatch.chdir(folder)
    for model in (str(folder), "~/mine", ".", "./", "../mine"):
        assert source.find_folder(model).resolve() == folder.resolve(), model


@pytest.mark.parametrize("model", ["name", "a/b/c", "org/na me", "-org/name", "https://hub.example/org/name", "", "*"])
def test_what_is_neither_is_told_how_to_write_it(model):
    with pytest.raises(BadRequest, match="neither a model of the hub nor a folder") as told:
        source.find_folder(model)
    assert "diffusers:org/name" in told.value.next_step


def test_a_folder_that_is_none_is_told(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"")
    for name, words in (
        ("nowhere", "There is no folder"),
        ("model.safetensors", "is one file, and a pipeline is a folder"),
        (".", "has no model_index.json"),
    ):
        with pytest.raises(BadRequest, match=words):
            source.find_folder(f"{tmp_path}/{name}")
    with pytest.raises(BadRequest, match="There is no folder"):
        source.find_folder("~nobody-of-this-name/model")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "\ud800"])
def test_a_damaged_index_is_told(tmp_path, text):
    path = tmp_path / source.INDEX
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(BadRequest, match=r"model_index\.json of mine"):
        source.read_index(path, "mine")


def check(**changed):
    source.check_index(INDEX | changed, "mine", lambda name: name == "stable_diffusion")


def test_the_libraries_own_parts_are_taken():
    check()


@pytest.mark.parametrize(
    ("part", "value"),
    [("unet", ["my_unet", "UNet"]), ("vae", ["os", "system"]), ("vae", [["x"], "y"]), ("vae", [7, 7])],
)
def test_code_of_a_models_own_is_refused(part, value):
    with pytest.raises(BadRequest, match=rf"code of its own \({part}\)"):
        check(**{part: value})


def test_a_pipeline_class_of_a_models_own_is_refused():
    with pytest.raises(BadRequest, match=r"code of its own \(the pipeline\)"):
        check(_class_name=["my_pipeline", "MyPipeline"])


def test_code_in_a_parts_folder_is_refused():
    with pytest.raises(BadRequest, match=r"code of its own \(unet\)"):
        source.check_files(INDEX, ["model_index.json", "unet/diffusers.py", "unet/model.safetensors"], "mine")
    source.check_files(INDEX, ["convert.py", "scripts/train.py", "unet/model.safetensors"], "mine")


def test_weights_that_are_only_pickled_are_refused():
    names = ["model_index.json", "unet/diffusion_pytorch_model.bin", "text_encoder/model.safetensors"]
    with pytest.raises(BadRequest, match=r"only as pickled files \(unet\)"):
        source.check_files(INDEX, names, "mine")
    source.check_files(INDEX, [*names, "unet/diffusion_pytorch_model.safetensors"], "mine")


def test_pickles_that_no_part_reads_do_not_matter():
    names = ["v1-5-pruned.ckpt", "vae_decoder/openvino_model.bin", "unet/model.safetensors", "unet/optimizer.bin"]
    source.check_files(INDEX, names, "mine")


def test_the_half_size_weights_are_read_where_they_are_wanted_or_the_only_ones():
    full, half = "unet/diffusion_pytorch_model.safetensors", "unet/diffusion_pytorch_model.fp16.safetensors"
    shard = "unet/diffusion_pytorch_model.fp16-00001-of-00002.safetensors"
    assert source.pick_variant([full], half=True) is None
    assert source.pick_variant([full, half], half=True) == "fp16"
    assert source.pick_variant([full, half], half=False) is None
    assert source.pick_variant([half], half=False) == "fp16"
    assert source.pick_variant([full, shard], half=True) == "fp16"
