"""fal's queue, against a fake of it on this machine."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any, ClassVar

import pytest

from photogram.errors import OutOfCredit, Refused, RemoteFailed
from photogram.providers.fal import Fal
from photogram.providers.wire import Done, WireAnswer
from photogram.testing import Asked, FakeProvider, Job, ProviderKit, Reply
from photogram.testing.fake import draw

POLICY = {
    "loc": ["body", "prompt"], "msg": "The content was flagged: {reason}", "type": "content_policy_violation",
    "url": "https://docs.fal.ai/errors#content_policy_violation",
}  # fmt: skip


class FakeFal(FakeProvider):
    adapter = Fal
    model = "fal-ai/flux-2-pro"
    routes: ClassVar = {
        "poll": ("GET", "/.+/requests/(?P<job>[^/]+)/status"),
        "cancel": ("PUT", "/.+/requests/(?P<job>[^/]+)/cancel"),
        "fetch": ("GET", "/.+/requests/(?P<job>[^/]+)"),
        "download": ("GET", "/files/(?P<job>[^/]+).png"),
        "key_check": ("GET", "/v1/models/pricing"),
        "submit": ("POST", "/[^/]+/.+"),
    }
    refusals: ClassVar = {
        "at once": ("submit", Reply.of({"detail": [POLICY]}, 422, x_fal_retryable="false")),
        "in place of the result": ("fetch", Reply.of({"detail": [POLICY]}, 422, x_fal_request_id="job0000")),
        "as a list": ("fetch", Reply.of([POLICY], 422)),
        "in the status": ("poll", Reply.of(
            {"status": "COMPLETED", "request_id": "x", "error": "{reason}", "error_type": "content_policy_violation"}
        )),
    }  # fmt: skip
    rate_limits: ClassVar = {
        "header": Reply.of({"detail": "Too many requests"}, 429, retry_after="2"),
        "no hint": Reply.of({"detail": "Too many requests"}, 429),
    }
    unauthorized = Reply.of({"detail": "Cannot access application. Authentication is required."}, 401)
    out_of_credit = Reply.of(
        {"detail": "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing."}, 403
    )
    job_failed = ("poll", Reply.of(
        {"status": "COMPLETED", "request_id": "x", "error": "Runner disconnected", "error_type": "runner_disconnected"}
    ))  # fmt: skip
    unknown_status = Reply.of({"status": "pondering", "request_id": "x"})
    not_cancelled: ClassVar = {
        "over": Reply.of({"status": "ALREADY_COMPLETED"}, 400),
        "unknown": Reply.of({"status": "NOT_FOUND"}, 404),
    }
    units: ClassVar[str | None] = None
    result: ClassVar[dict[str, Any]] = {}

    def submit(self, asked: Asked, job: Job) -> Reply:
        app = "/".join(asked.path.split("/")[1:3])  # the addresses that follow drop the rest of the model's id
        base = f"https://queue.fal.run/{app}/requests/{job.id}"
        return Reply.of({
            "status": "IN_QUEUE", "request_id": job.id, "queue_position": 2, "response_url": base,
            "status_url": f"{base}/status", "cancel_url": f"{base}/cancel",
        })  # fmt: skip

    def poll(self, asked: Asked, job: Job) -> Reply:
        if self.done(job):
            return Reply.of({"status": "COMPLETED", "request_id": job.id, "metrics": {"inference_time": 1.5}})
        if job.polls == 1:
            return Reply.of({"status": "IN_QUEUE", "request_id": job.id, "queue_position": 1}, 202)
        return Reply.of({"status": "IN_PROGRESS", "request_id": job.id, "logs": None}, 202)

    def fetch(self, asked: Asked, job: Job) -> Reply:
        url = f"{self.origin}/files/{job.id}.png"
        image = {"url": url, "width": 1024, "height": 1024, "content_type": "image/png"}
        body = {"images": [image], "seed": self.read_seed(job.asked), "has_nsfw_concepts": [False]} | self.result
        return Reply.of(body, **({"x_fal_billable_units": self.units} if self.units else {}))

    def cancel(self, asked: Asked, job: Job) -> Reply:
        return Reply.of({"status": "CANCELLATION_REQUESTED"}, 202)

    def key_check(self, asked: Asked, job: Job | None) -> Reply:
        return Reply.of({"prices": [{"unit_price": 0.003}]})

    def read_references(self, asked: Asked) -> Sequence[bytes]:
        assert asked.path == "/fal-ai/flux-2-pro/edit"
        return [read_uri(uri) for uri in asked.json()["image_urls"]]


def read_uri(uri: str) -> bytes:
    head, _, data = uri.partition(",")
    assert head == "data:image/png;base64"
    return base64.b64decode(data)


class TestFal(ProviderKit):
    fake_class = FakeFal

    def asked_of(self, studio: Any, fake: FakeProvider, model: str, **params: Any) -> Asked:
        batch = studio.generate("a fox", model=f"fal:{model}", **params)
        batch.wait(timeout_s=60)
        assert batch[0].error is None
        return fake.submits[0]

    def test_size_is_an_object_and_steps_have_fals_name(self, studio: Any, fake: FakeProvider) -> None:
        asked = self.asked_of(studio, fake, "fal-ai/flux/schnell", size="768x1024", steps=3, seed=5)
        assert asked.path == "/fal-ai/flux/schnell"
        assert asked.json() == {
            "prompt": "a fox", "seed": 5, "num_inference_steps": 3, "image_size": {"width": 768, "height": 1024},
            "output_format": "png", "enable_safety_checker": True,
        }  # fmt: skip

    def test_size_may_be_one_of_fals_words(self, studio: Any, fake: FakeProvider) -> None:
        asked = self.asked_of(studio, fake, "fal-ai/flux/schnell", size="landscape_16_9")
        assert asked.json()["image_size"] == "landscape_16_9"

    def test_flux_3_is_edited_at_an_endpoint_of_its_own(self, studio: Any, fake: FakeProvider) -> None:
        model = "blackforestlabs/flux-3/text-to-image"
        asked = self.asked_of(studio, fake, model, images=[draw(1, 300, 300)], aspect_ratio="3:2")
        assert asked.path == "/blackforestlabs/flux-3/edit-image"
        body = asked.json()
        assert [read_uri(uri) for uri in body.pop("image_urls")] == [draw(1, 300, 300)]
        assert body == {"prompt": "a fox", "aspect_ratio": "3:2"}

    def test_kontext_is_sent_one_image(self, studio: Any, fake: FakeProvider) -> None:
        asked = self.asked_of(studio, fake, "fal-ai/flux-pro/kontext", images=[draw(1)], seed=1)
        assert asked.path == "/fal-ai/flux-pro/kontext"
        assert read_uri(asked.json()["image_url"]) == draw(1)

    def test_seedream_and_nano_banana_have_their_sizes(self, studio: Any, fake: FakeProvider) -> None:
        self.asked_of(studio, fake, "fal-ai/bytedance/seedream/v4/text-to-image", size="4096x2160", seed=1)
        self.asked_of(studio, fake, "fal-ai/nano-banana-pro", size="2048x2048")
        assert fake.submits[0].json()["image_size"] == {"width": 4096, "height": 2160}
        body = fake.submits[1].json()
        assert (body["aspect_ratio"], body["resolution"], "image_size" in body) == ("1:1", "2K", False)

    def test_any_other_model_takes_what_fals_models_mostly_take(self, studio: Any, fake: FakeProvider) -> None:
        asked = self.asked_of(
            studio, fake, "someone/new-model/v9", size="640x480", steps=9, seed=1, images=[draw(1)], mask=draw(2)
        )
        assert asked.path == "/someone/new-model/v9"
        body = asked.json()
        images = [body.pop("image_url"), *body.pop("image_urls"), body.pop("mask_url")]
        assert [read_uri(uri) for uri in images] == [draw(1), draw(1), draw(2)]
        assert body == {
            "prompt": "a fox", "seed": 1, "num_inference_steps": 9, "output_format": "png",
            "image_size": {"width": 640, "height": 480},
        }  # fmt: skip

    def test_billed_units_are_booked_at_the_models_unit_price(
        self, studio: Any, fake: FakeProvider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(fake, "units", "1.5")
        studio.generate("a fox", model="fal:fal-ai/flux/dev").wait(timeout_s=60)
        row = studio.df().iloc[0]
        assert (round(row.cost_usd * 1e6), row.cost_source) == (37_500, "computed")

    @pytest.mark.parametrize(("units", "coins"), [("2", 6), (None, 3)])
    @pytest.mark.parametrize("flags", [{"has_nsfw_concepts": [True]}, {"nsfw_content_detected": [True]}])
    def test_blackened_image_is_a_refusal_that_was_billed(
        self, studio: Any, fake: FakeProvider, monkeypatch: pytest.MonkeyPatch, units: str | None, coins: int,
        flags: dict[str, Any],
    ) -> None:  # fmt: skip
        monkeypatch.setattr(fake, "units", units)
        monkeypatch.setattr(fake, "result", {"has_nsfw_concepts": None} | flags)
        before = studio.wallet.balance_coins
        batch = studio.generate("a fox", model="fal:fal-ai/flux/schnell").wait(timeout_s=60)
        assert batch[0].error.kind == "refused"
        assert "billed" in batch[0].error.message
        assert before - studio.wallet.balance_coins == pytest.approx(coins)
        assert fake.count("download") == 0

    def test_result_may_be_one_image_or_a_data_uri(
        self, studio: Any, fake: FakeProvider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        data = base64.b64encode(draw(9)).decode()
        result = {"images": None, "image": {"url": f"data:image/png;base64,{data}"}, "seed": 11}
        monkeypatch.setattr(fake, "result", result)
        batch = self.generate(studio, fake)
        assert (batch[0].path.read_bytes(), batch[0].seed) == (draw(9), 11)

    def test_failure_of_the_model_in_place_of_the_result_ends_the_wait(self, studio: Any, fake: FakeProvider) -> None:
        detail = [{"loc": ["body"], "msg": "The model ran out of time", "type": "generation_timeout"}]
        fake.always["fetch"] = Reply.of({"detail": detail}, 504)
        batch = self.generate(studio, fake)
        assert batch[0].error.kind == "remote_failed"
        assert "ran out of time" in batch[0].error.message
        assert fake.count("fetch") == 1


def test_failure_that_is_the_requests_own_is_asked_for_where_the_result_would_be() -> None:
    body = b'{"status": "COMPLETED", "error": "Invalid status code: 422"}'
    assert Fal().read_poll(WireAnswer(status=200, content=body), None) == Done()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (403, b'{"detail": "User is locked. Reason: TOP_UP."}', OutOfCredit),
        (422, b'[{"msg": "flagged", "type": "content_policy_violation"}]', Refused),
        (500, b'{"detail": "runner gone", "error_type": "runner_disconnected"}', RemoteFailed),
    ],
)
def test_what_fal_says_is_told_apart(status: int, body: bytes, kind: type) -> None:
    assert type(Fal().read_error(WireAnswer(status=status, content=body))) is kind
