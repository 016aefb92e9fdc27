"""xAI's protocol, against a fake of it on this machine."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any, ClassVar

import pytest

from photogram.providers.wire import WireAnswer
from photogram.providers.xai import XAI
from photogram.testing import AT_ONCE, Asked, FakeProvider, Job, ProviderKit, Reply
from photogram.testing.fake import draw

from .test_openai import read_uri

USAGE = {"cost_in_usd_ticks": 600_000_000}


def error(status: int, message: str, code: str = "Some requested entity is wrong") -> Reply:
    return Reply.of({"code": code, "error": message}, status)


def moderated(**image: str) -> Reply:
    return Reply.of({"data": [image | {"respect_moderation": False}], "usage": USAGE})


class FakeXAI(FakeProvider):
    adapter = XAI
    model = "grok-imagine-image-2.0"
    base_path = "/v1"
    no_such: ClassVar = AT_ONCE
    routes: ClassVar = {
        "submit": ("POST", "/images/(?:generations|edits)"),
        "key_check": ("GET", "/api-key"),
    }
    refusals: ClassVar = {
        "moderated": ("submit", moderated(url="")),
        "moderated b64": ("submit", moderated(b64_json="")),
        "no images": ("submit", Reply.of({"data": [], "usage": USAGE})),
    }  # fmt: skip
    bills_refusals = True
    rate_limits: ClassVar = {
        "header": Reply.of({"code": "resource exhausted", "error": "Too many requests"}, 429, retry_after="2"),
        "no hint": error(429, "Too many requests for team."),
    }
    unauthorized = error(
        400, "Incorrect API key provided: ke***ey. You can obtain an API key from https://console.x.ai."
    )
    out_of_credit = error(
        429, "Your team 16f2 has either used all available credits or reached its monthly spending limit."
    )
    cost_micros = 60_000

    def submit(self, asked: Asked, job: Job) -> Reply:
        body = asked.json()
        assert body["response_format"] == "b64_json"
        assert asked.path.endswith("edits") == ("image" in body or "images" in body)
        assert not {"size", "seed", "width", "height"} & body.keys()
        image: dict[str, Any] = {"b64_json": base64.b64encode(job.image).decode(), "revised_prompt": ""}
        return Reply.of({"data": [image | {"mime_type": "image/png", "respect_moderation": True}], "usage": USAGE})

    def read_references(self, asked: Asked) -> Sequence[bytes]:
        body = asked.json()
        images = body.get("images") or [body["image"]]
        assert {image["type"] for image in images} == {"image_url"}
        return [read_uri(image["url"]) for image in images]


class TestXAI(ProviderKit):
    fake_class = FakeXAI

    def test_one_reference_is_image_and_several_are_images(self, studio, fake):
        self.generate(studio, fake, images=[draw(1)])
        self.generate(studio, fake, images=[draw(1), draw(2)])
        one, two = (asked.json() for asked in fake.submits)
        assert ("image" in one, "images" in one) == (True, False)
        assert ("image" in two, "images" in two) == (False, True)

    def test_a_moderated_image_is_booked_as_xai_counts_it(self, studio, fake):
        fake.always["submit"] = fake.refusals["moderated"][1]
        self.generate(studio, fake)
        assert studio.wallet.ledger().query("kind == 'capture'").coins.sum() == pytest.approx(-60)

    def test_an_address_of_the_image_is_fetched(self, studio, fake, monkeypatch):
        fake.routes = {**fake.routes, "download": ("GET", "/made")}
        monkeypatch.setattr(fake, "download", lambda asked, job: Reply(content=draw(5)))
        url = f"{fake.origin}/made"
        fake.always["submit"] = Reply.of({"data": [{"url": url, "respect_moderation": True}], "usage": USAGE})
        assert self.generate(studio, fake)[0].path.read_bytes() == draw(5)

    def test_proportion_resolution_and_quality_are_sent_in_xais_words(self, studio, fake):
        batch = self.generate(studio, fake, aspect_ratio="16:9", resolution="2k", quality="low")
        asked = fake.submits[0].json()
        assert (asked["aspect_ratio"], asked["resolution"], asked["quality"]) == ("16:9", "2k", "low")
        assert batch[0].error is None

    def test_a_model_without_quality_is_sent_none(self, studio, fake):
        studio.generate("x", model="xai:grok-imagine-image").wait(30)
        assert fake.submits[0].json().keys() == {
            "model", "prompt", "n", "response_format", "aspect_ratio", "resolution"
        }  # fmt: skip

    def test_an_estimate_counts_resolution_quality_and_references(self, studio):
        def quote(**params: Any) -> float:
            return studio.generate("x", model="xai:grok-imagine-image-2.0", dry_run=True, **params).total_usd

        assert (quote(), quote(quality="low"), quote(resolution="2k")) == (0.06, 0.04, 0.08)
        assert quote(images=[draw(1), draw(2)]) == 0.08

    @pytest.mark.parametrize(
        ("status", "message", "kind"),
        [
            (400, "Generated image rejected by content moderation.", "refused"),
            (403, "Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO", "refused"),
            (403, "Your newly created team doesn't have any credits yet.", "out_of_credit"),
            (403, "You have run out of credits or need a Grok subscription.", "out_of_credit"),
            (403, "The caller does not have permission to execute the specified operation", "auth"),
            (404, "The model grok-9 does not exist", "bad_request"),
            (400, "Argument not supported: size", "bad_request"),
        ],
    )
    def test_errors_are_told_apart_by_their_words(self, status, message, kind):
        found = XAI().read_error(WireAnswer(status=status, content=error(status, message).content))
        assert found.kind == kind
        assert message.rstrip(".") in found.message
