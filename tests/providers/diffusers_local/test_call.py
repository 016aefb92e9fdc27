"""Calls are built from what a pipeline's own signature says, so stand-ins with a signature are enough."""

from __future__ import annotations

import hashlib
import io
from types import SimpleNamespace

import pytest
from PIL import Image

from photogram.domain.request import GenerationRequest, ReferenceImage
from photogram.errors import BadRequest, BadResponse, Refused
from photogram.providers.base import Stopped
from photogram.providers.diffusers_local.call import build_call, fit, open_reference, read_result


class Text:
    vae_scale_factor = 8
    image_processor = SimpleNamespace(config=SimpleNamespace(vae_scale_factor=16))
    unet = SimpleNamespace(config=SimpleNamespace(sample_size=64))
    num_timesteps = 4

    def __call__(
        self, prompt, height=None, width=None, num_inference_steps=50, guidance_scale=7.5, negative_prompt=None,
        generator=None, callback_on_step_end=None,
    ): ...  # fmt: skip


class Repaint(Text):
    """Lays the picture over the reference, whose size it has."""

    def __call__(self, prompt, image=None, strength=0.8, generator=None): ...


class Blend(Text):
    """As `Repaint`, but is told the size, too."""

    def __call__(self, prompt, image=None, strength=0.6, height=None, width=None, generator=None): ...


class Edit(Text):
    """Looks at the reference, and makes a picture of any size."""

    def __call__(self, prompt, image=None, height=None, width=None, generator=None): ...


class Distilled(Text):
    def __call__(self, prompt, negative_prompt=None, true_cfg_scale=1.0, generator=None): ...


class Older(Text):
    def __call__(self, prompt, generator=None, callback=None, callback_steps=1): ...


def reference(width=64, height=32, colour="red", kind="PNG", mode="RGB", **options):
    buffer = io.BytesIO()
    Image.new(mode, (width, height), colour).save(buffer, kind, **options)
    data = buffer.getvalue()
    return ReferenceImage(data=data, mime=f"image/{kind.lower()}", sha256=hashlib.sha256(data).hexdigest())


def request(*references, **params):
    return GenerationRequest(
        task_id="tsk_1", model="m", prompt="a lighthouse", params=params, references=references, seed=1
    )


def call(pipeline, *references, cancelled=lambda: False, progress=lambda _: None, **params):
    built = build_call(pipeline, request(*references, **params), progress, cancelled)
    return {name: value for name, value in built.items() if not name.startswith("callback")}


def test_names_are_translated_and_what_was_not_given_is_left_to_the_pipeline():
    assert call(Text()) == {"prompt": "a lighthouse"}
    assert call(
        Text(), width=512, height=256, steps=3, guidance_scale=2.0, negative_prompt="boats"
    ) == {
        "prompt": "a lighthouse", "width": 512, "height": 256, "num_inference_steps": 3, "guidance_scale": 2.0,
        "negative_prompt": "boats",
    }  # fmt: skip


def test_everything_a_pipeline_does_not_take_is_named_at_once():
    with pytest.raises(BadRequest) as told:
        call(Older(), reference(), steps=3, width=512, height=512)
    for name in ("reference image", "steps", "width", "height"):
        assert f"it takes no {name}" in told.value.message
    assert told.value.message.startswith("Older cannot make this")


def test_a_side_off_the_models_grain_is_refused_with_what_is_near():
    with pytest.raises(BadRequest, match="width must be a multiple of 16 px: try 496 or 512"):
        call(Text(), width=504, height=512)
    with pytest.raises(BadRequest, match="height must be a multiple of 16 px: try 16"):
        call(Text(), width=512, height=8)


def test_a_negative_prompt_that_would_be_dropped_in_silence_is_refused():
    with pytest.raises(BadRequest, match="makes nothing of negative_prompt"):
        call(Distilled(), negative_prompt="boats")
    assert call(Distilled()) == {"prompt": "a lighthouse"}


@pytest.mark.parametrize(
    ("pipeline", "asked", "image", "told"),
    [
        (Repaint(), {}, (64, 32), None),
        (Repaint(), {"width": 48, "height": 48}, (48, 48), None),
        (Blend(), {}, (64, 32), (64, 32)),
        (Blend(), {"width": 48, "height": 48}, (48, 48), (48, 48)),
        (Edit(), {}, (64, 32), None),
        (Edit(), {"width": 48, "height": 48}, (64, 32), (48, 48)),
    ],
)
def test_a_reference_has_the_size_of_the_picture_where_it_is_laid_under_it(pipeline, asked, image, told):
    built = call(pipeline, reference(), **asked)
    assert built["image"].size == image
    assert ((built["width"], built["height"]) if "width" in built else None) == told


def test_a_reference_is_brought_to_the_grain_and_down_to_the_models_own_size():
    assert fit(Image.new("RGB", (50, 30)), None, 512, 8).size == (48, 32)
    assert fit(Image.new("RGB", (4000, 1000)), None, 512, 8).size == (1024, 256)
    assert fit(Image.new("RGB", (9, 3000)), None, 512, 8).size == (8, 3000)
    same = Image.new("RGB", (64, 64))
    assert fit(same, (64, 64), 512, 8) is same


def test_a_reference_is_upright_and_without_transparency():
    turned = Image.Exif()
    turned[0x0112] = 6  # to be turned by a quarter
    assert open_reference(reference(64, 32, kind="JPEG", exif=turned)).size == (32, 64)
    clear = open_reference(reference(colour=(0, 0, 0, 0), mode="RGBA"))
    assert (clear.mode, clear.getpixel((0, 0))) == ("RGB", (255, 255, 255))


# ── Progress and cancel ───────────────────────────────────────────────────────────────────────────────────────────


def step(pipeline, number, progress, cancelled=lambda: False, **params):
    built = build_call(pipeline, request(**params), progress, cancelled)
    if "callback" in built:
        assert built["callback_steps"] == 1
        return built["callback"](number, 999, "latents")
    return built["callback_on_step_end"](pipeline, number, 999, {"latents": "as they were"})


def test_each_step_is_told_and_the_last_is_not_yet_the_end():
    told = []
    for number in range(4):
        assert step(Text(), number, told.append) == {"latents": "as they were"}
    assert told == [0.2, 0.4, 0.6, 0.8]


def test_the_older_form_of_callback_serves_as_well():
    told = []
    step(Older(), 0, told.append)
    assert told == [0.2]
    with pytest.raises(Stopped):
        step(Older(), 0, told.append, lambda: True)


def test_a_pipeline_that_does_not_count_its_steps_is_measured_by_those_asked_for():
    pipeline, told = Text(), []
    pipeline.num_timesteps = None
    step(pipeline, 0, told.append)
    assert told == []
    step(pipeline, 0, told.append, steps=9)
    assert told == [0.1]


def test_a_cancel_leaves_the_pipeline_at_the_next_step():
    told = []
    with pytest.raises(Stopped):
        step(Text(), 0, told.append, lambda: True)
    assert told == []


def test_a_pipeline_without_callbacks_is_called_without():
    assert set(build_call(Edit(), request(), lambda _: None, lambda: False)) == {"prompt"}


# ── Results ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_picture_becomes_a_png_with_every_pixel():
    picture = Image.effect_noise((20, 10), 60).convert("RGB")
    data = read_result(SimpleNamespace(images=[picture]))
    opened = Image.open(io.BytesIO(data))
    assert (opened.format, opened.mode) == ("PNG", "RGB")
    assert opened.tobytes() == picture.tobytes()


def test_transparency_is_kept():
    opened = Image.open(io.BytesIO(read_result(SimpleNamespace(images=[Image.new("RGBA", (8, 8), (1, 2, 3, 4))]))))
    assert opened.getpixel((0, 0)) == (1, 2, 3, 4)


def test_what_the_safety_checker_took_away_is_a_refusal():
    picture = Image.new("RGB", (8, 8))
    with pytest.raises(Refused):
        read_result(SimpleNamespace(images=[picture], nsfw_content_detected=[True]))
    for unharmed in ([False], None):
        assert read_result(SimpleNamespace(images=[picture], nsfw_content_detected=unharmed))


@pytest.mark.parametrize("images", [None, [], [[1]], "no"])
def test_no_picture_is_no_success(images):
    with pytest.raises(BadResponse):
        read_result(SimpleNamespace(images=images))
