"""Gemini's `generateContent`, against a fake of it on this machine."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any, ClassVar

import pytest

from photogram.providers.google import Google, count_tokens
from photogram.testing import AT_ONCE, Asked, FakeProvider, Job, ProviderKit, Reply
from photogram.testing.fake import draw

ASKED = {"promptTokenCount": 20, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 20}]}
MADE = ASKED | {
    "candidatesTokenCount": 1130, "thoughtsTokenCount": 700, "totalTokenCount": 1850,
    "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1120}],
}  # fmt: skip


def part(data: bytes, **more: Any) -> dict[str, Any]:
    return {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(data).decode()}} | more


def answer(*parts: dict[str, Any], finish: str = "STOP", usage: Any = MADE, **more: Any) -> Reply:
    candidate = {"content": {"role": "model", "parts": list(parts)}, "finishReason": finish, "index": 0} | more
    return Reply.of({"candidates": [candidate], "usageMetadata": usage, "modelVersion": "x"})


def ended(finish: str, **more: Any) -> tuple[str, Reply]:
    candidate = {"finishReason": finish, "index": 0} | more
    return "submit", Reply.of({"candidates": [candidate], "usageMetadata": ASKED})


def error(code: int, status: str, message: str, *details: dict[str, Any]) -> Reply:
    return Reply.of({"error": {"code": code, "message": message, "status": status, "details": list(details)}}, code)


def blocked(reason: str, **more: str) -> tuple[str, Reply]:
    return "submit", Reply.of({"promptFeedback": {"blockReason": reason} | more, "usageMetadata": ASKED})


RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "2s"}
QUOTA = {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": "PerMinute"}]}


class FakeGoogle(FakeProvider):
    adapter = Google
    model = "gemini-nano-banana-2.1"
    base_path = "/v1beta"
    no_such: ClassVar = AT_ONCE
    routes: ClassVar = {
        "submit": ("POST", "/models/[^/]*(?:image|banana)[^/]*:generateContent"),  # a text model names topics
        "key_check": ("GET", "/models"),
    }
    refusals: ClassVar = {
        "prompt: safety": blocked("SAFETY"),
        "prompt: prohibited": blocked("PROHIBITED_CONTENT", blockReasonMessage="{reason}"),
        "prompt: blocklist": blocked("BLOCKLIST"),
        "prompt: image safety": blocked("IMAGE_SAFETY"),
        "prompt: other": blocked("OTHER"),
        "image: safety": ended("IMAGE_SAFETY", finishMessage="{reason}"),
        "image: prohibited": ended("IMAGE_PROHIBITED_CONTENT"),
        "image: recitation": ended("IMAGE_RECITATION"),
        "image: other": ended("IMAGE_OTHER"),
        "safety": ended("SAFETY", content={}),
        "prohibited": ended("PROHIBITED_CONTENT", content={"role": "model"}),
        "recitation": ended("RECITATION", content={"parts": [{"text": "{reason}"}]}),
        "SPII": ended("SPII"),
    }
    bills_refusals = True
    rate_limits: ClassVar = {
        "in the body": error(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota.", QUOTA, RETRY),
        "in words": error(429, "RESOURCE_EXHAUSTED", "Quota exceeded. Please retry in 1.5s."),
        "no hint": error(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."),
        "overloaded": error(503, "UNAVAILABLE", "The model is overloaded.", RETRY),
    }
    unauthorized = error(
        400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.",
        {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"},
    )  # fmt: skip
    out_of_credit = error(429, "RESOURCE_EXHAUSTED", "Your prepayment credits are depleted. Please go to AI Studio.")
    job_failed = ended("NO_IMAGE", finishMessage="Unable to show the generated image.")
    cost_micros = round(20 * 1.5 + (10 + 700) * 7.5 + 1120 * 30)

    def submit(self, asked: Asked, job: Job) -> Reply:
        draft = draw(9000 + job.number)
        return answer(
            {"text": "First a sketch.", "thought": True}, part(draft, thought=True), {"text": "Here it is:"},
            part(job.image), {"text": "Enjoy."},
        )  # fmt: skip

    def read_prompt(self, asked: Asked) -> str:
        return asked.json()["contents"][0]["parts"][0]["text"]

    def read_seed(self, asked: Asked) -> int | None:
        return asked.json()["generationConfig"].get("seed")

    def read_references(self, asked: Asked) -> Sequence[bytes]:
        images = [part["inlineData"] for part in asked.json()["contents"][0]["parts"][1:]]
        assert {image["mimeType"] for image in images} == {"image/png"}
        return [base64.b64decode(image["data"]) for image in images]


class TestGoogle(ProviderKit):
    fake_class = FakeGoogle

    def test_only_an_image_is_asked_for_and_its_size_in_googles_words(self, studio, fake):
        self.generate(studio, fake, size="2752x1536", thinking="high", seed=5)
        assert fake.submits[0].path == "/v1beta/models/gemini-nano-banana-2.1:generateContent"
        assert fake.submits[0].json()["generationConfig"] == {
            "responseModalities": ["IMAGE"], "candidateCount": 1, "seed": 5,
            "imageConfig": {"aspectRatio": "16:9", "imageSize": "2K"}, "thinkingConfig": {"thinkingLevel": "HIGH"},
        }  # fmt: skip

    def test_without_a_proportion_the_references_decide(self, studio, fake):
        self.generate(studio, fake, images=[draw(1)])
        assert fake.submits[0].json()["generationConfig"]["imageConfig"] == {"imageSize": "1K"}

    def test_a_model_of_one_resolution_is_sent_none(self, studio, fake):
        batch = studio.generate("x", model="google:gemini-2.5-flash-image", aspect_ratio="21:9").wait(30)
        assert batch[0].error is None
        assert fake.submits[0].json()["generationConfig"]["imageConfig"] == {"aspectRatio": "21:9"}

    def test_the_last_draft_is_the_image_where_there_is_no_other(self, studio, fake):
        fake.says["submit"] = [answer(part(draw(1), thought=True), part(draw(2), thought=True))]
        assert self.generate(studio, fake)[0].path.read_bytes() == draw(2)

    @pytest.mark.parametrize("finish", ["NO_IMAGE", "OTHER", "MAX_TOKENS", "STOP", "SOMETHING_NEW"])
    def test_no_image_is_a_failure_that_may_pass_not_a_refusal_and_its_tokens_are_booked(self, studio, fake, finish):
        fake.always["submit"] = answer({"text": "I would rather write a poem."}, finish=finish, usage=ASKED)
        failed = self.generate(studio, fake)[0].error
        assert failed.kind == "remote_failed"
        assert finish in failed.message
        assert "poem" in failed.message
        assert "Retry" in failed.next_step
        assert studio.wallet.ledger().query("kind == 'capture'").coins.sum() == pytest.approx(-20 * 1.5 / 1000)

    def test_the_wait_is_read_from_the_body(self):
        limited = FakeGoogle.rate_limits["in the body"]
        from photogram.providers.wire import WireAnswer

        found = Google().read_error(WireAnswer(status=429, content=limited.content))
        assert (found.kind, found.retry_after_s) == ("rate_limited", 2.0)

    def test_rate_limit_that_never_ends_is_told_in_googles_words(self, studio, fake):
        said = "Quota exceeded, limit: 0. Check your plan and billing."
        fake.always["submit"] = error(429, "RESOURCE_EXHAUSTED", f"{said} Your key: {fake.key}", RETRY)
        failed = self.generate(studio, fake)[0].error
        assert f"{failed.message} {failed.next_step}".startswith("Rate limit exceeded. Try again later. ")
        assert said in failed.next_step
        assert fake.key not in failed.next_step

    @pytest.mark.parametrize(
        ("usage", "counted"),
        [
            (MADE, {"text_in": 20, "image_in": 0, "text_out": 710, "image_out": 1120}),
            ({"promptTokenCount": 600, "candidatesTokenCount": 1290, "promptTokensDetails": [
                {"modality": "TEXT", "tokenCount": 42}, {"modality": "IMAGE", "tokenCount": 558}]},
             {"text_in": 42, "image_in": 558, "text_out": 0, "image_out": 1290}),
            ({"promptTokenCount": "x", "candidatesTokensDetails": [None, {"modality": 1}]},
             {"text_in": 0, "image_in": 0, "text_out": 0, "image_out": 0}),
            (None, {}),
        ],
    )  # fmt: skip
    def test_tokens_are_counted_by_kind(self, usage, counted):
        assert count_tokens(usage) == counted

    def test_a_retired_model_names_its_successor(self):
        card = Google().card("gemini-3.1-flash-image")
        assert (card.deprecated_on, card.successor) == ("2026-10-29", "google:gemini-nano-banana-2.1")

    @pytest.mark.parametrize("card", Google().cards()[:-1], ids=lambda card: card.model)
    def test_an_estimate_is_the_worst_case_of_what_the_tokens_cost(self, card):
        tokens = {"1K": 1120, "2K": 1120 if "pro" in card.model else 1680, "4K": 2000 if "pro" in card.model else 2520}
        for resolution in [one.params.get("resolution", "1K") for one in card.sizes.offered[::11]]:
            image_out = 1290 if "2.5" in card.model else tokens[resolution]
            real = card.price.of_tokens({"text_in": 300, "image_out": image_out, "text_out": 400})
            assert real <= card.estimate_micros({"resolution": resolution}) <= 1.3 * real
