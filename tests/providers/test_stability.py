"""Stability's protocol, against a fake of it on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import pytest

from photogram.domain.request import GenerationRequest, ReferenceImage
from photogram.errors import BadParams
from photogram.providers.stability import Stability
from photogram.providers.wire import Access, WireRequest
from photogram.testing import AT_ONCE, Asked, FakeProvider, Job, ProviderKit, Reply


def no(name: str, status: int, **headers: str) -> Reply:
    return Reply.of({"id": "9160aa70", "name": name, "errors": ["{reason}"]}, status, **headers)


class FakeStability(FakeProvider):
    adapter = Stability
    model = "sd3.5-large"
    no_such: ClassVar = AT_ONCE
    routes: ClassVar = {
        "submit": ("POST", "/v2beta/stable-image/(?:generate/(?:sd3|ultra|core)|edit/inpaint)"),
        "key_check": ("GET", "/v1/user/balance"),
    }
    refusals: ClassVar = {
        "prompt": ("submit", no("content_moderation", 403)),
        "blurred": ("submit", Reply(
            headers={"content-type": "image/png", "finish-reason": "CONTENT_FILTERED", "seed": "3"}, content=b"\x89PNG",
        )),
    }  # fmt: skip
    rate_limits: ClassVar = {
        "header": no("rate_limit_exceeded", 429, retry_after="2"),
        "no hint": no("rate_limit_exceeded", 429),
    }
    unauthorized = no("unauthorized", 401)
    out_of_credit = no("payment_required", 402)

    def submit(self, asked: Asked, job: Job) -> Reply:
        assert asked.headers["content-type"].startswith("multipart/form-data")
        assert asked.headers["accept"] == "image/*"
        headers = {"content-type": "image/png", "finish-reason": "SUCCESS", "seed": asked.field("seed")}
        return Reply(headers=headers, content=job.image)

    def read_prompt(self, asked: Asked) -> str:
        return asked.field("prompt")

    def read_seed(self, asked: Asked) -> int | None:
        return int(asked.field("seed"))

    def read_references(self, asked: Asked) -> Sequence[bytes]:
        assert asked.field("mode") == "image-to-image"
        return asked.form()["image"]


class TestStability(ProviderKit):
    fake_class = FakeStability

    def test_core_makes_no_1024_and_says_what_it_makes(self, studio: Any, fake: FakeProvider) -> None:
        with pytest.raises(BadParams, match="16:9"):
            studio.generate("a boat", model="stability:core", size="1024x1024")
        assert not fake.submits


HERE = Access(base_url="https://api.stability.ai")
IMAGE = ReferenceImage(data=b"png", mime="image/png", sha256="a" * 64)
MASK = ReferenceImage(data=b"mask", mime="image/png", sha256="b" * 64)


def submit(model: str, seed: int | None = 7, **facts: Any) -> WireRequest:
    given = facts.pop("params", {})
    checked = Stability().card(model).check(given | ({"images": ["x"]} if facts.get("references") else {}))
    params = {name: value for name, value in checked.items() if name not in ("images", "mask")}
    request = GenerationRequest(task_id="tsk_1", model=model, prompt="a boat", seed=seed, params=params, **facts)
    return Stability().build_submit(request, HERE)


@pytest.mark.parametrize(
    ("model", "params", "endpoint", "fields"),
    [
        ("sd3.5-large", {"size": "1024x1024", "negative_prompt": "fog"}, "generate/sd3",
         {"prompt": "a boat", "model": "sd3.5-large", "seed": "7", "aspect_ratio": "1:1", "negative_prompt": "fog",
          "output_format": "png"}),
        ("sd3.5-large-turbo", {}, "generate/sd3",
         {"prompt": "a boat", "model": "sd3.5-large-turbo", "seed": "7", "aspect_ratio": "1:1",
          "output_format": "png"}),
        ("sd3.5-medium", {"aspect_ratio": "16:9"}, "generate/sd3",
         {"prompt": "a boat", "model": "sd3.5-medium", "seed": "7", "aspect_ratio": "16:9", "output_format": "png"}),
        ("ultra", {"output_format": "webp"}, "generate/ultra",
         {"prompt": "a boat", "seed": "7", "aspect_ratio": "1:1", "output_format": "webp"}),
        ("core", {"style": "pixel-art"}, "generate/core",
         {"prompt": "a boat", "seed": "7", "aspect_ratio": "1:1", "style_preset": "pixel-art",
          "output_format": "png"}),
    ],
)  # fmt: skip
def test_each_model_has_its_endpoint_and_fields(model: str, params: Any, endpoint: str, fields: Any) -> None:
    request = submit(model, params=params)
    assert request.url == f"https://api.stability.ai/v2beta/stable-image/{endpoint}"
    assert dict(request.fields) == fields
    assert request.files == ()


def test_reference_brings_its_proportion_and_a_strength() -> None:
    fields = dict(submit("ultra", references=(IMAGE,)).fields)
    assert (fields["strength"], "mode" in fields, "aspect_ratio" in fields) == ("0.7", False, False)
    fields = dict(submit("sd3.5-large", references=(IMAGE,), params={"strength": 0.3}).fields)
    assert (fields["strength"], fields["mode"], "aspect_ratio" in fields) == ("0.3", "image-to-image", False)


def test_inpaint_takes_image_and_mask_as_files() -> None:
    request = submit("inpaint", references=(IMAGE,), mask=MASK)
    assert request.url.endswith("/edit/inpaint")
    assert [(name, data) for name, (_, data, _) in request.files] == [("image", b"png"), ("mask", b"mask")]
    assert dict(request.fields) == {"prompt": "a boat", "seed": "7", "output_format": "png", "grow_mask": "5"}
    with pytest.raises(BadParams, match="images is missing"):
        Stability().card("inpaint").check({})
