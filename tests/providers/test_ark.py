"""Seedream's protocol, against a fake of it on this machine."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any, ClassVar

import pytest

from photogram.domain.request import GenerationRequest
from photogram.errors import BadParams
from photogram.providers.ark import Ark
from photogram.providers.wire import Access
from photogram.testing import AT_ONCE, Asked, FakeProvider, Job, ProviderKit, Reply


def no(code: str, status: int, message: str = "{reason}", **headers: str) -> Reply:
    kind = {400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 429: "TooManyRequests"}[status]
    return Reply.of({"error": {"code": code, "message": message, "param": "", "type": kind}}, status, **headers)


class FakeArk(FakeProvider):
    adapter = Ark
    model = "seedream-4-0-250828"
    base_path = "/api/v3"
    no_such: ClassVar = {**AT_ONCE, "key_check": "no question is known that costs nothing"}
    routes: ClassVar = {"submit": ("POST", "/images/generations")}
    refusals: ClassVar = {
        "prompt": ("submit", no("InputTextSensitiveContentDetected", 400)),
        "reference": ("submit", no("InputImageSensitiveContentDetected", 400)),
        "picture": ("submit", no("OutputImageSensitiveContentDetected", 400)),
        "risk": ("submit", no("OutputImageRiskDetection", 400)),
        "longer code": ("submit", no(
            "OutputImageSensitiveContentDetected.PolicyViolation", 400,
            "The output image may contain sensitive information: {reason}",
        )),
        "that image alone": ("submit", Reply.of({"model": "m", "data": [
            {"error": {"code": "OutputImageSensitiveContentDetected", "message": "{reason}"}}]})),
    }  # fmt: skip
    rate_limits: ClassVar = {
        "requests": no("RateLimitExceeded.EndpointRPMExceeded", 429),
        "overload": no("ServerOverloaded", 429, retry_after="1"),
    }
    unauthorized = no("AuthenticationError", 401, "The API key in the request is missing or invalid.")
    out_of_credit = no("AccountOverdueError", 403, "The request failed because your account has an overdue balance.")

    def submit(self, asked: Asked, job: Job) -> Reply:
        body = asked.json()
        assert body["response_format"] == "b64_json"
        assert not {"n", "stream", "sequential_image_generation", "width", "height", "seed"} & body.keys()
        image = {"b64_json": base64.b64encode(job.image).decode(), "size": body["size"]}
        usage = {"generated_images": 1, "output_tokens": 4096, "total_tokens": 4096}
        return Reply.of({"model": body["model"], "created": 1, "data": [image], "usage": usage})

    def read_references(self, asked: Asked) -> Sequence[bytes]:
        return [base64.b64decode(uri.partition(",")[2]) for uri in asked.json()["image"]]


class TestArk(ProviderKit):
    fake_class = FakeArk

    def test_limit_that_the_owner_set_is_no_rate_limit(self, studio: Any, fake: FakeProvider) -> None:
        fake.always["submit"] = no("SetLimitExceeded", 429, "The model service has been paused.")
        assert self.generate(studio, fake)[0].error.kind == "out_of_credit"
        assert len(fake.submits) == 1


def body_of(model: str, **params: Any) -> Any:
    checked = Ark().card(model).check(params)
    request = GenerationRequest(task_id="tsk_1", model=model, prompt="a boat", params=checked)
    return Ark().build_submit(request, Access(base_url="https://ark.ap-southeast.bytepluses.com/api/v3")).json_body


@pytest.mark.parametrize(
    ("model", "params", "size"),
    [
        ("seedream-4-0-250828", {}, "2048x2048"),
        ("seedream-4-0-250828", {"size": "1K"}, "1K"),
        ("seedream-4-5-251128", {"size": "4k"}, "4K"),
        ("seedream-5-0-260128", {"size": "2560x1440"}, "2560x1440"),
        ("doubao-seedream-4-0-250828", {"size": "1024x1024"}, "1024x1024"),
    ],
)
def test_size_is_said_in_words_or_pixels(model: str, params: Any, size: str) -> None:
    body = body_of(model, **params)
    assert (body["model"], body["size"], body["watermark"]) == (model, size, False)


@pytest.mark.parametrize("model", ["seedream-4-5-251128", "seedream-5-0-260128"])
def test_picture_that_is_too_small_for_the_model_says_how_large_it_must_be(model: str) -> None:
    with pytest.raises(BadParams, match="3,686,400 at least"):
        Ark().card(model).check({"size": "1024x1024"})


def test_output_format_is_for_the_model_that_has_it() -> None:
    assert body_of("seedream-5-0-260128")["output_format"] == "png"
    with pytest.raises(BadParams, match="output_format"):
        Ark().card("seedream-4-5-251128").check({"output_format": "png"})
