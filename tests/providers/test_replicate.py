"""Replicate's predictions, against a fake of them on this machine."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import Any, ClassVar

import pytest
from PIL import Image

from photogram.errors import Expired, RemoteFailed
from photogram.providers.replicate import MOST_INLINE_BYTES, Replicate
from photogram.providers.wire import WireAnswer
from photogram.testing import Asked, FakeProvider, Job, ProviderKit, Reply
from photogram.testing.fake import draw


def failed(error: str | None, status: str = "failed") -> Reply:
    return Reply.of({"id": "x", "status": status, "output": None, "error": error, "logs": ""})


class FakeReplicate(FakeProvider):
    adapter = Replicate
    model = "black-forest-labs/flux-2-pro"
    base_path = "/v1"
    routes: ClassVar = {
        "submit": ("POST", "/(?:models/[^/]+/[^/]+/)?predictions"),
        "poll": ("GET", "/predictions/(?P<job>[^/]+)"),
        "cancel": ("POST", "/predictions/(?P<job>[^/]+)/cancel"),
        "upload": ("POST", "/files"),
        "download": ("GET", "/files/(?P<job>[^/]+).png"),
        "key_check": ("GET", "/account"),
    }
    refusals: ClassVar = {
        "nsfw": ("poll", failed("NSFW content detected. Try running it again, or try a different prompt. {reason}")),
        "E005": ("poll", failed(
            "The input or output was flagged as sensitive. Please try again with different inputs. (E005) {reason}"
        )),
    }  # fmt: skip
    rate_limits: ClassVar = {
        "in words": Reply.of({"detail": "Request was throttled. Your rate limit resets in ~30s."}, 429),
        "in the body": Reply.of({"detail": "Request was throttled.", "status": 429, "retry_after": 2}, 429),
        "header": Reply.of({"detail": "Request was throttled."}, 429, retry_after="2"),
    }
    unauthorized = Reply.of(
        {"title": "Unauthenticated", "detail": "You did not pass a valid token", "status": 401}, 401
    )
    out_of_credit = Reply.of(
        {"title": "Insufficient credit", "detail": "You have insufficient credit to run this model.", "status": 402},
        402,
    )
    job_failed = ("poll", failed("CUDA out of memory"))
    unknown_status = Reply.of({"id": "x", "status": "pondering"})
    not_cancelled: ClassVar = {"unknown": Reply.of({"detail": "Prediction not found"}, 404)}

    def submit(self, asked: Asked, job: Job) -> Reply:
        return Reply.of(self.prediction(job, "starting"), 201)

    def poll(self, asked: Asked, job: Job) -> Reply:
        if not self.done(job):
            return Reply.of(self.prediction(job, "starting" if job.polls == 1 else "processing"))
        return Reply.of(self.prediction(job, "succeeded", output=self.output(f"{self.origin}/files/{job.id}.png")))

    def cancel(self, asked: Asked, job: Job) -> Reply:
        return Reply.of(self.prediction(job, "canceled"))

    def upload(self, asked: Asked, job: Job | None) -> Reply:
        (content,) = asked.form()["content"]
        url = f"https://api.replicate.com/v1/files/file{len(self.uploaded)}"
        self.uploaded[url] = content
        return Reply.of({"id": "file", "urls": {"get": url}}, 201)

    def key_check(self, asked: Asked, job: Job | None) -> Reply:
        return Reply.of({"type": "user", "username": "someone"})

    def output(self, url: str) -> Any:
        return url

    def prediction(self, job: Job, status: str, output: Any = None) -> dict[str, Any]:
        get = f"https://api.replicate.com/v1/predictions/{job.id}"
        return {
            "id": job.id, "status": status, "output": output, "error": None, "logs": "", "metrics": {},
            "input": job.asked.json()["input"], "urls": {"get": get, "cancel": f"{get}/cancel"},
        }  # fmt: skip

    def read_prompt(self, asked: Asked) -> str:
        return str(asked.json()["input"]["prompt"])

    def read_seed(self, asked: Asked) -> int | None:
        return asked.json()["input"].get("seed")  # type: ignore[no-any-return]

    def read_references(self, asked: Asked) -> Sequence[bytes]:
        return [self.read_image(given) for given in asked.json()["input"]["input_images"]]

    def read_image(self, given: str) -> bytes:
        if given in self.uploaded:
            return self.uploaded[given]
        head, _, data = given.partition(",")
        assert head == "data:image/png;base64"
        return base64.b64decode(data)


def large(number: int) -> bytes:
    """Returns a PNG that is too large for a data URI."""
    buffer = io.BytesIO()
    Image.effect_noise((600, 500 + number), 100).save(buffer, "PNG")
    assert len(buffer.getvalue()) > MOST_INLINE_BYTES
    return buffer.getvalue()


class TestReplicate(ProviderKit):
    fake_class = FakeReplicate

    def asked_of(self, studio: Any, fake: FakeProvider, model: str, **params: Any) -> Asked:
        batch = studio.generate("a fox", model=f"replicate:{model}", **params)
        batch.wait(timeout_s=60)
        assert batch[0].error is None
        return fake.submits[0]

    def test_size_is_a_custom_proportion(self, studio: Any, fake: FakeProvider) -> None:
        asked = self.asked_of(studio, fake, fake.model, size="768x1024", seed=5, output_format="jpeg")
        assert asked.path == "/v1/models/black-forest-labs/flux-2-pro/predictions"
        assert asked.json() == {"input": {
            "prompt": "a fox", "seed": 5, "width": 768, "height": 1024, "aspect_ratio": "custom", "safety_tolerance": 2,
            "output_format": "jpg",
        }}  # fmt: skip

    def test_dev_is_sent_its_own_names(self, studio: Any, fake: Any) -> None:
        asked = self.asked_of(
            studio, fake, "black-forest-labs/flux-dev", aspect_ratio="3:2", steps=30, strength=0.5, seed=1,
            images=[draw(1)],
        )  # fmt: skip
        given = asked.json()["input"]
        assert fake.read_image(given.pop("image")) == draw(1)
        assert given == {
            "prompt": "a fox", "seed": 1, "aspect_ratio": "3:2", "num_inference_steps": 30, "guidance": 3.5,
            "prompt_strength": 0.5, "go_fast": False, "output_format": "png",
        }  # fmt: skip

    def test_flux_3_is_sent_proportion_and_resolution(self, studio: Any, fake: Any) -> None:
        model = "black-forest-labs/flux-3-image"
        given = self.asked_of(studio, fake, model, images=[draw(1, 300, 300)], resolution="2k").json()["input"]
        assert [fake.read_image(one) for one in given.pop("images")] == [draw(1, 300, 300)]
        assert given == {
            "prompt": "a fox", "aspect_ratio": "auto", "resolution": "2k", "safety_tolerance": 2, "grounding": True,
            "output_format": "png",
        }  # fmt: skip

    def test_version_is_asked_for_where_one_is_named(self, studio: Any, fake: Any) -> None:
        asked = self.asked_of(studio, fake, "someone/model:0123abcd", size="640x480", steps=9, seed=1, mask=draw(2),
                              images=[draw(1)])  # fmt: skip
        assert asked.path == "/v1/predictions"
        body = asked.json()
        assert body["version"] == "0123abcd"
        given = body["input"]
        assert (given["width"], given["height"], given["num_inference_steps"]) == (640, 480, 9)
        assert "size" not in given
        assert {fake.read_image(given[name]) for name in ("image", "input_image")} == {draw(1)}
        assert fake.read_image(given["mask"]) == draw(2)

    def test_model_without_version_is_asked_by_its_name(self, studio: Any, fake: FakeProvider) -> None:
        asked = self.asked_of(studio, fake, "someone/model", aspect_ratio="match_input_image")
        assert asked.path == "/v1/models/someone/model/predictions"
        assert asked.json()["input"]["aspect_ratio"] == "match_input_image"

    def test_large_references_are_uploaded_and_small_ones_are_not(self, studio: Any, fake: Any) -> None:
        given = [large(1), draw(2), large(3)]
        batch = self.generate(studio, fake, images=given)
        assert batch[0].error is None
        assert list(fake.uploaded.values()) == [given[0], given[2]]
        assert list(fake.read_references(fake.submits[0])) == given

    def test_upload_that_fails_costs_nothing(self, studio: Any, fake: FakeProvider) -> None:
        fake.always["upload"] = Reply.of({"detail": "The file is too large"}, 413)
        before = studio.wallet.balance_coins
        batch = self.generate(studio, fake, images=[large(1)])
        assert batch[0].error.kind == "bad_request"
        assert "too large" in batch[0].error.message
        assert not fake.submits
        assert studio.wallet.balance_coins == before

    def test_output_may_be_a_list(self, studio: Any, fake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(fake, "output", lambda url: [url, "https://replicate.delivery/other.png"])
        assert self.generate(studio, fake)[0].error is None

    @pytest.mark.parametrize(("status", "words"), [("aborted", "had not begun"), ("canceled", "was canceled")])
    def test_prediction_that_was_stopped_ends_the_wait(
        self, studio: Any, fake: FakeProvider, status: str, words: str
    ) -> None:
        fake.always["poll"] = failed(None, status)
        batch = self.generate(studio, fake)
        assert batch[0].error.kind == "remote_failed"
        assert words in batch[0].error.message
        assert fake.count("poll") == 1


def test_output_that_was_deleted_is_expired() -> None:
    answer = WireAnswer(status=200, content=b'{"status": "succeeded", "output": null, "data_removed": true}')
    with pytest.raises(Expired, match="billed"):
        Replicate().read_poll(answer, None)  # type: ignore[arg-type]


def test_failure_without_words_is_a_failure() -> None:
    error = Replicate().read_job_failure({"status": "failed", "error": None})
    assert isinstance(error, RemoteFailed)
