"""Pollinations' protocol, against a fake of it on this machine."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any, ClassVar

import pytest

from photogram.domain.request import GenerationRequest
from photogram.errors import BadParams
from photogram.providers.pollinations import Pollinations
from photogram.providers.wire import Access
from photogram.testing import AT_ONCE, Asked, FakeProvider, Job, ProviderKit, Reply
from photogram.testing.fake import draw


def no(status: int, code: str, message: str = "{reason}", *, kind: str = "", **headers: str) -> Reply:
    error = {"code": code, "message": message, "timestamp": "2026-11-23T00:00:00.000Z"} | (
        {"type": kind} if kind else {}
    )
    return Reply.of({"status": status, "success": False, "error": error}, status, **headers)


class FakePollinations(FakeProvider):
    adapter = Pollinations
    model = "flux"
    no_such: ClassVar = AT_ONCE
    routes: ClassVar = {
        "submit": ("POST", "/v1/images/(?:generations|edits)"),
        "key_check": ("GET", "/account/key"),
    }
    refusals: ClassVar = {
        "safe": ("submit", no(400, "BAD_REQUEST", kind="safety_error")),
        "of the maker": ("submit", no(400, "BAD_REQUEST", "Rejected by our safety system: {reason}")),
    }
    rate_limits: ClassVar = {"limit": no(429, "RATE_LIMITED"), "header": no(429, "RATE_LIMITED", retry_after="1")}
    unauthorized = no(401, "UNAUTHORIZED", "Authentication required.")
    out_of_credit = no(402, "PAYMENT_REQUIRED", "Insufficient pollen balance or API key budget exhausted.")
    usage: ClassVar = {"input_tokens": 0, "output_tokens": 1, "total_tokens": 1,
                       "input_tokens_details": {"text_tokens": 0, "image_tokens": 0}}  # fmt: skip

    def submit(self, asked: Asked, job: Job) -> Reply:
        body = asked.json()
        assert (body["n"], body["response_format"]) == (1, "b64_json")
        image = {"b64_json": base64.b64encode(job.image).decode()}
        return Reply.of({"created": 1, "data": [image], "usage": self.usage})

    def read_references(self, asked: Asked) -> Sequence[bytes]:
        assert asked.path.endswith("/edits")
        return [base64.b64decode(image["image_url"].partition(",")[2]) for image in asked.json()["image"]]


class TestPollinations(ProviderKit):
    fake_class = FakePollinations

    def test_references_arrive_at_the_edits_of_a_model_that_takes_them(self, studio: Any, fake: FakeProvider) -> None:
        given = [draw(100), draw(101)]
        batch = studio.generate("a boat", model="pollinations:seedream5", images=given).wait(timeout_s=60)
        assert batch[0].error is None
        assert list(fake.read_references(fake.submits[0])) == given

    def test_images_of_a_model_without_seed_differ_all_the_same(self, studio: Any, fake: FakeProvider) -> None:
        batch = studio.generate("a boat", model="pollinations:kontext", n=3).wait(timeout_s=60)
        assert len({asked.json()["seed"] for asked in fake.submits}) == 3
        assert [one.seed for one in batch] == [None] * 3

    def test_cost_of_a_model_by_tokens_is_computed(self, studio: Any, fake: FakeProvider) -> None:
        usage = {"input_tokens": 20, "output_tokens": 1120, "total_tokens": 1140,
                 "input_tokens_details": {"text_tokens": 20, "image_tokens": 0}}  # fmt: skip
        fake.usage = usage  # type: ignore[attr-defined]
        batch = studio.generate("a boat", model="pollinations:nanobanana-2-lite").wait(timeout_s=60)
        assert batch[0].error is None
        row = studio.df().iloc[0]
        assert (round(row.cost_usd * 1e6), row.cost_source) == (round(20 * 0.25 + 1120 * 30), "computed")


def body_of(task: str, model: str = "kontext", seed: int | None = None, **params: Any) -> Any:
    checked = Pollinations().card(model).check(params)
    request = GenerationRequest(task_id=task, model=model, prompt="a boat", seed=seed, params=checked)
    return Pollinations().build_submit(request, Access(base_url="https://gen.pollinations.ai")).json_body


def test_same_task_asks_for_the_same_picture_and_another_for_another() -> None:
    assert body_of("tsk_1") == body_of("tsk_1")
    assert body_of("tsk_1")["seed"] != body_of("tsk_2")["seed"]
    assert 0 <= body_of("tsk_1")["seed"] < 2**31


def test_seed_of_a_model_that_has_one_is_the_users() -> None:
    assert body_of("tsk_1", "flux", 0)["seed"] == 0


def test_size_and_params_are_said_in_its_words() -> None:
    body = body_of("tsk_1", "gpt-image-2", size="1536x1024", quality="high", safe="privacy")
    assert (body["size"], body["quality"], body["safe"], body["model"]) == (
        "1536x1024",
        "high",
        "privacy",
        "gpt-image-2",
    )
    assert "stream" not in body
    with pytest.raises(BadParams, match="quality"):
        body_of("tsk_1", "flux", quality="high")
