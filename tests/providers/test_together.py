"""Together's protocol, against a fake of it on this machine."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any, ClassVar

import pytest

from photogram.errors import BadParams
from photogram.providers.together import Together
from photogram.testing import AT_ONCE, Asked, FakeProvider, Job, ProviderKit, Reply
from photogram.testing.fake import draw

from .test_openai import read_uri

KONTEXT, SCHNELL = "black-forest-labs/FLUX.1-kontext-pro", "black-forest-labs/FLUX.1-schnell"


def error(status: int, message: str, kind: str = "invalid_request_error", code: Any = None, **headers: str) -> Reply:
    said = {"message": message, "type": kind, "param": None, "code": code}
    return Reply.of({"id": "o9Hn", "error": said}, status, **headers)


class FakeTogether(FakeProvider):
    adapter = Together
    model = "black-forest-labs/FLUX.2-pro"
    base_path = "/v1"
    no_such: ClassVar = AT_ONCE
    routes: ClassVar = {"submit": ("POST", "/images/generations"), "key_check": ("GET", "/models")}
    refusals: ClassVar = {
        "NSFW": ("submit", error(422, "NSFW content detected in the prompt: {reason}")),
        "moderation": ("submit", error(400, "Request Moderated: the moderation found {reason}")),
        "policy": ("submit", error(400, "{reason}", code="content_policy_violation")),
    }
    rate_limits: ClassVar = {
        "header": error(429, "You have reached the rate limit.", "rate_limit", retry_after="2"),
        "no hint": error(429, "You have reached the rate limit.", "rate_limit"),
    }
    unauthorized = error(401, "Invalid API key provided.", code="invalid_api_key")
    out_of_credit = error(402, "Credit limit exceeded, please add credits.", "credit_limit")

    def submit(self, asked: Asked, job: Job) -> Reply:
        assert asked.json()["response_format"] == "base64"
        image = {"index": 0, "type": "b64_json", "b64_json": base64.b64encode(job.image).decode(), "timings": {}}
        return Reply.of({"id": "o9Hn", "model": asked.json()["model"], "object": "list", "data": [image]})

    def read_references(self, asked: Asked) -> Sequence[bytes]:
        return [read_uri(uri) for uri in asked.json()["reference_images"]]


class TestTogether(ProviderKit):
    fake_class = FakeTogether

    def test_what_is_asked_for_is_in_togethers_words(self, studio, fake):
        studio.generate("x", model="together:black-forest-labs/FLUX.2-flex", size="512x768", steps=20, seed=3,
                        guidance_scale=4, output_format="jpeg", disable_safety_checker=True).wait(30)  # fmt: skip
        assert fake.submits[0].json() == {
            "model": "black-forest-labs/FLUX.2-flex", "prompt": "x", "n": 1, "response_format": "base64", "seed": 3,
            "width": 512, "height": 768, "steps": 20, "guidance_scale": 4, "output_format": "jpeg",
            "disable_safety_checker": True,
        }  # fmt: skip

    def test_kontext_takes_one_reference_under_a_name_of_its_own_and_a_proportion(self, studio, fake):
        batch = studio.generate("x", model=f"together:{KONTEXT}", images=[draw(1)], aspect_ratio="16:9").wait(30)
        assert batch[0].error is None
        asked = fake.submits[0].json()
        assert read_uri(asked["image_url"]) == draw(1)
        assert asked["aspect_ratio"] == "16:9"
        assert not {"reference_images", "width", "height", "steps"} & asked.keys()

    def test_schnell_makes_a_square_of_known_size_and_no_other_that_is_asked_for_in_pixels(self, studio, fake):
        batch = studio.generate("x", model=f"together:{SCHNELL}", size="1024x1024").wait(30)
        assert fake.submits[0].json()["aspect_ratio"] == "1:1"
        assert (batch.df().iloc[0].cost_usd, batch.df().iloc[0].cost_source) == (0.0027, "estimated")
        with pytest.raises(BadParams, match="1024x1024"):
            studio.generate("x", model=f"together:{SCHNELL}", size="1344x768")

    def test_any_other_model_is_asked_for_by_its_id(self, studio, fake):
        batch = studio.generate("x", model="together:Qwen/Qwen-Image", negative_prompt="fog", steps=30).wait(30)
        assert batch[0].error is None
        asked = fake.submits[0].json()
        assert (asked["model"], asked["negative_prompt"], asked["steps"]) == ("Qwen/Qwen-Image", "fog", 30)
        assert studio.df().iloc[0].cost_source == "unknown"
