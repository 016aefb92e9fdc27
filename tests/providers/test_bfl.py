"""Black Forest Labs' protocol, against a fake of it on this machine."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any, ClassVar

import pytest

from photogram.errors import BadParams, RemoteFailed
from photogram.providers.bfl import BFL
from photogram.providers.wire import WireAnswer
from photogram.testing import Asked, FakeProvider, Job, ProviderKit, Reply, wait_until
from photogram.testing.fake import draw


def moderated(word: str, status: int = 200) -> Reply:
    return Reply.of(
        {"id": "x", "status": word, "result": None, "details": {"Moderation Reasons": ["{reason}"]}}, status
    )


class FakeBFL(FakeProvider):
    adapter = BFL
    model = "flux-2-pro"
    base_path = "/v1"
    no_such: ClassVar = {"cancel": "its documentation has none"}
    routes: ClassVar = {
        "submit": ("POST", "/flux-[a-z0-9.-]+"),
        "poll": ("GET", "/get_result"),
        "download": ("GET", "/results/(?P<job>[^/]+)/sample.png"),
        "key_check": ("GET", "/credits"),
    }
    refusals: ClassVar = {
        "prompt": ("poll", moderated("Request Moderated")),
        "picture": ("poll", moderated("Content Moderated")),
        "prompt, 422": ("poll", moderated("Request Moderated", 422)),
        "policy": ("poll", Reply.of({"status": "Error", "error": "content_policy_violation", "message": "{reason}"})),
    }
    rate_limits: ClassVar = {
        "header": Reply.of({"detail": "Too many requests"}, 429, retry_after="2"),
        "body": Reply.of({"error": "rate_limit_exceeded", "message": "Too many tasks", "retry_after": 2}, 429),
        "no hint": Reply.of({"detail": "Too many requests"}, 429),
        "maintenance": Reply.of({"detail": "Unavailable"}, 503, retry_after="2"),
    }
    unauthorized = Reply.of({"detail": "Not authenticated"}, 403)
    out_of_credit = Reply.of({"error": "insufficient_credits", "message": "Your account has not enough credits"}, 402)
    job_failed = ("poll", Reply.of({"id": "x", "status": "Error", "details": {"error": "worker died"}}, 422))
    unknown_status = Reply.of({"id": "x", "status": "pondering"})
    cost_micros = 45_000

    def submit(self, asked: Asked, job: Job) -> Reply:
        url = f"https://api.us1.bfl.ai/v1/get_result?id={job.id}"
        return Reply.of({"id": job.id, "polling_url": url, "cost": 4.5, "input_mp": 1.0, "output_mp": 1.0})

    def poll(self, asked: Asked, job: Job | None) -> Reply:
        if job is None:
            return Reply.of({"id": asked.query["id"], "status": "Task not found", "result": None})
        if not self.done(job):
            word = ("Pending", "Reasoning", "Generating")[min(job.polls - 1, 2)]
            return Reply.of({"id": job.id, "status": word, "result": None, "progress": 0.5})
        sample = f"https://delivery-us1.bfl.ai/results/{job.id}/sample.png?se=2026"
        result = {"sample": sample, "prompt": self.read_prompt(job.asked), "seed": self.read_seed(job.asked)}
        return Reply.of({"id": job.id, "status": "Ready", "result": result, "progress": None, "details": None})

    def key_check(self, asked: Asked, job: Job | None) -> Reply:
        return Reply.of({"credits": 120.5})

    def read_references(self, asked: Asked) -> Sequence[bytes]:
        body = asked.json()
        names = ["input_image", *(f"input_image_{number}" for number in range(2, 11))]
        return [base64.b64decode(body[name]) for name in names if name in body]


class TestBFL(ProviderKit):
    fake_class = FakeBFL

    def body_of(self, studio: Any, fake: FakeProvider, model: str, **params: Any) -> dict[str, Any]:
        batch = studio.generate("a fox", model=f"bfl:{model}", **params)
        batch.wait(timeout_s=60)
        assert batch[0].error is None
        assert fake.submits[0].path == f"/v1/{model}"
        return dict(fake.submits[0].json())

    def test_flex_is_sent_its_steps_and_guidance(self, studio: Any, fake: FakeProvider) -> None:
        body = self.body_of(studio, fake, "flux-2-flex", seed=3, steps=20, guidance_scale=3, aspect_ratio="16:9")
        assert body == {
            "prompt": "a fox", "seed": 3, "steps": 20, "guidance": 3.0, "width": 1280, "height": 720,
            "output_format": "png", "safety_tolerance": 2,
        }  # fmt: skip

    def test_flux_3_is_sent_exactly_what_its_strict_schema_has(self, studio: Any, fake: FakeProvider) -> None:
        image = draw(1, 300, 300)
        body = self.body_of(studio, fake, "flux-3-image", size="2048x2048", images=[image, image], grounding=False)
        written = base64.b64encode(image).decode()
        assert body == {
            "prompt": "a fox", "aspect_ratio": "1:1", "resolution": "2k", "safety_tolerance": 2, "grounding": False,
            "images": [written, written],
        }  # fmt: skip

    def test_references_are_held_by_their_pixels(self, studio: Any, fake: FakeProvider) -> None:
        def held(*images: bytes) -> float:
            quote = studio.generate("a fox", model="bfl:flux-2-pro", images=list(images), dry_run=True)
            return round(quote.total_usd, 6)

        assert [held(), held(draw(1)), held(draw(1), draw(2, 2048, 1024))] == [0.03, 0.045, 0.075]
        fake.polls_needed = 10**9
        studio.generate("a fox", model="bfl:flux-2-pro", images=[draw(2, 2048, 1024)])
        ledger = studio.wallet.ledger()
        assert ledger[ledger.kind == "hold"].coins.tolist() == [-60]

    def test_kontext_is_sent_a_proportion(self, studio: Any, fake: FakeProvider) -> None:
        body = self.body_of(studio, fake, "flux-kontext-pro", aspect_ratio="3:2", images=[draw(1)], seed=1)
        assert (body["aspect_ratio"], base64.b64decode(body["input_image"])) == ("3:2", draw(1))
        assert not body.keys() & {"width", "height", "size"}

    def test_kontext_refuses_a_size_that_it_does_not_make(self, studio: Any, fake: FakeProvider) -> None:
        with pytest.raises(BadParams, match="it makes 1:1"):
            studio.generate("a fox", model="bfl:flux-kontext-pro", size="512x512")

    def test_ultra_is_sent_a_proportion(self, studio: Any, fake: FakeProvider) -> None:
        body = self.body_of(studio, fake, "flux-pro-1.1-ultra", aspect_ratio="21:9", raw=True, seed=1)
        assert (body["aspect_ratio"], body["raw"]) == ("21:9", True)

    def test_fill_is_sent_image_and_mask(self, studio: Any, fake: FakeProvider) -> None:
        body = self.body_of(studio, fake, "flux-pro-1.0-fill", images=[draw(1)], mask=draw(2), seed=1)
        assert [base64.b64decode(body[name]) for name in ("image", "mask")] == [draw(1), draw(2)]

    def test_moderated_job_is_booked_only_if_the_answer_names_a_cost(self, studio: Any, fake: FakeProvider) -> None:
        fake.always["poll"] = Reply.of({"id": "x", "status": "Content Moderated", "cost": 4.5})
        before = studio.wallet.balance_coins
        batch = self.generate(studio, fake)
        assert batch[0].error.kind == "refused"
        assert before - studio.wallet.balance_coins == pytest.approx(45)

    @pytest.mark.parametrize("status", [200, 404])
    def test_forgotten_job_is_expired_and_billed(self, studio: Any, fake: FakeProvider, status: int) -> None:
        fake.always["poll"] = Reply.of({"id": "x", "status": "Task not found", "result": None}, status)
        before = studio.wallet.balance_coins
        batch = self.generate(studio, fake)
        assert batch[0].error.kind == "expired"
        assert "billed" in batch[0].error.message
        assert before - studio.wallet.balance_coins == pytest.approx(45)

    def test_job_that_is_cancelled_was_billed_when_it_was_sent(self, studio: Any, fake: FakeProvider) -> None:
        fake.polls_needed = 10**9
        batch = studio.generate("a fox", model="bfl:flux-2-pro")
        wait_until(lambda: fake.count("poll") > 0)
        batch.cancel()
        batch.wait(timeout_s=60)
        assert "billed" in batch[0].record.note


def test_status_in_an_answer_that_is_no_2xx_is_about_the_job() -> None:
    answer = WireAnswer(status=503, content=b'{"status": "Error", "details": {"error": "out of memory"}}')
    error = BFL().read_error(answer)
    assert isinstance(error, RemoteFailed)
    assert error.http_status is None  # a fact of the job: not asked again until the deadline
    assert "out of memory" in error.message


def test_form_that_a_fake_forgets_is_missing_until_it_says_that_there_is_none() -> None:
    class Forgetful(FakeBFL):
        out_of_credit = None
        rate_limits: ClassVar = {}

    assert Forgetful.missing() - Forgetful.no_such.keys() == {"out_of_credit", "rate_limits"}
    assert FakeBFL.missing() == FakeBFL.no_such.keys()
