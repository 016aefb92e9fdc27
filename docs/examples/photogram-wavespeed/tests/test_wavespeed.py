"""WaveSpeed's protocol, against a fake of it on this machine."""

import base64
import re
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from photogram_wavespeed import WaveSpeed

from photogram import Studio
from photogram.testing import Asked, FakeProvider, Job, ProviderKit, Reply
from photogram.testing.fake import draw


def wrap(**data: Any) -> Reply:
    """Returns an answer in WaveSpeed's envelope."""
    return Reply.of({"code": 200, "message": "success", "data": data})


def refuse(status: int, message: str) -> Reply:
    """Returns an answer that says no by its HTTP status, which the envelope repeats."""
    return Reply.of({"code": status, "message": message}, status)


def fail(code: int, error: str) -> Reply:
    """Returns the answer to a poll of a job that failed."""
    return wrap(id="any", status="failed", outputs=[], code=code, error=error)


def decode(uri: str) -> bytes:
    """Returns the bytes of a data URI."""
    head, _, data = uri.partition(";base64,")
    assert head.startswith("data:image/")
    return base64.b64decode(data)


class FakeWaveSpeed(FakeProvider):
    """Written from wavespeed.ai/docs: submit-task, get-result, error-codes, balance (read 2026-11-23)."""

    adapter = WaveSpeed
    model = "wavespeed-ai/flux-dev"
    base_path = "/api/v3"
    no_such: ClassVar[Mapping[str, str]] = {"cancel": "its documentation has none"}
    routes: ClassVar[Mapping[str, tuple[str, str]]] = {
        "key_check": ("GET", "/balance"),
        "submit": ("POST", "/(wavespeed-ai/flux-(dev|schnell)|bytedance/seedream-v4/edit)"),
        "poll": ("GET", r"/predictions/(?P<job>\w+)/result"),
        "download": ("GET", r"/files/(?P<job>\w+)\.png"),
    }
    refusals: ClassVar[Mapping[str, tuple[str, Reply]]] = {
        "moderated": ("poll", fail(1200, "Content flagged as potentially sensitive: {reason}")),
        "at once": ("submit", fail(1200, "Content flagged as potentially sensitive: {reason}")),
    }
    rate_limits: ClassVar[Mapping[str, Reply]] = {"it never says when": refuse(429, "Too Many Requests")}
    unauthorized = refuse(401, "invalid authentication")
    out_of_credit = refuse(402, "Insufficient credits")
    job_failed = ("poll", fail(1403, "The task could not be completed."))
    unknown_status = wrap(id="any", status="pondering", outputs=[])

    def is_let_in(self, asked: Asked) -> bool:
        """Tells whether a request carries the key, whatever the adapter thinks of how."""
        return asked.headers.get("authorization") == f"Bearer {self.key}"

    def key_check(self, asked: Asked, job: Job | None) -> Reply:
        """Answers with the balance."""
        return wrap(balance=156.78)

    def submit(self, asked: Asked, job: Job) -> Reply:
        """Takes a job; names its own host, wherever it was asked."""
        if not re.fullmatch(r"\d+\*\d+", asked.json().get("size", "")):
            return refuse(400, "size is invalid")
        get = f"https://api.wavespeed.ai/api/v3/predictions/{job.id}/result"
        return wrap(id=job.id, status="created", outputs=[], urls={"get": get}, error="")

    def poll(self, asked: Asked, job: Job | None) -> Reply:
        """Says how a job is."""
        if job is None:
            return refuse(404, "prediction not found")
        if not self.done(job):
            return wrap(id=job.id, status="created" if job.polls == 1 else "processing", outputs=[], error="")
        return wrap(id=job.id, status="completed", outputs=[f"{self.origin}/files/{job.id}.png"], code=0, error="")

    def read_references(self, asked: Asked) -> list[bytes]:
        """Returns the input images: one in `image`, or a list in `images`."""
        body = asked.json()
        return [decode(uri) for uri in body.get("images", [body["image"]] if "image" in body else [])]

    def read_mask(self, asked: Asked) -> bytes | None:
        """Returns the mask."""
        return decode(asked.json()["mask_image"])


class TestWaveSpeed(ProviderKit):
    """Every promise of the kit, and what is particular to this service."""

    fake_class = FakeWaveSpeed

    def test_submit_speaks_the_services_own_names(self, studio: Studio, fake: FakeWaveSpeed) -> None:
        """A size is `width*height`, and steps are `num_inference_steps`; `num_images` is never sent."""
        self.generate(studio, fake, "a lighthouse", size="1536x1024", steps=30, guidance_scale=4, seed=7)
        assert fake.submits[0].path == "/api/v3/wavespeed-ai/flux-dev"
        assert fake.submits[0].json() == {
            "prompt": "a lighthouse", "size": "1536*1024", "num_inference_steps": 30, "guidance_scale": 4, "seed": 7,
            "output_format": "jpeg",
        }  # fmt: skip

    def test_edit_is_sent_all_its_images_and_no_seed(self, studio: Studio, fake: FakeWaveSpeed) -> None:
        """Seedream takes up to ten images and nothing else, and none at all is an error before anything is sent."""
        images = [draw(place, 96, 64) for place in range(10)]
        batch = studio.generate("put them together", model="wavespeed:bytedance/seedream-v4/edit", images=images)
        assert batch.wait(timeout_s=60)[0].error is None
        assert fake.submits[0].path == "/api/v3/bytedance/seedream-v4/edit"
        assert fake.read_references(fake.submits[0]) == images
        assert sorted(fake.submits[0].json()) == ["images", "prompt", "size"]

    @pytest.mark.parametrize("word", ["cancelled", "timeout"])
    def test_job_that_was_stopped_there_is_an_error(self, studio: Studio, fake: FakeWaveSpeed, word: str) -> None:
        """Besides `failed`, there are two words for a job that ends without an image."""
        fake.always["poll"] = wrap(id="any", status=word, outputs=[], error=f"it was {word}")
        error = self.generate(studio, fake)[0].error
        assert error.kind == "remote_failed"
        assert f"it was {word}" in error.message

    @pytest.mark.parametrize("outputs", [None, [], [None], {}])
    def test_job_that_is_done_without_an_image_makes_no_sense(
        self, studio: Studio, fake: FakeWaveSpeed, outputs: Any
    ) -> None:
        """It is an error, never waited on."""
        fake.always["poll"] = wrap(id="any", status="completed", outputs=outputs)
        assert self.generate(studio, fake)[0].error.kind == "bad_response"
