"""Hugging Face's router, against a fake of it on this machine, in the protocol of each inference provider."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from photogram.domain.task import RemoteHandle
from photogram.errors import BadResponse, OutOfCredit, Refused
from photogram.providers.base import RemoteAdapter
from photogram.providers.huggingface import HuggingFace
from photogram.providers.registry import Registry, default_registry
from photogram.providers.wire import Access, Ready, Submitted, WireAnswer
from photogram.testing import AT_ONCE, Asked, FakeProvider, Job, ProviderKit, Reply
from photogram.testing.fake import draw

from .test_fal import FakeFal
from .test_replicate import FakeReplicate, failed

CREDITS = (
    "You have exceeded your monthly included credits for Inference Providers. "
    "Subscribe to PRO to get 20x more monthly included credits."
)


class FakeInference(FakeProvider):
    """`hf-inference`."""

    adapter = HuggingFace
    model = "stabilityai/stable-diffusion-xl-base-1.0"
    no_such: ClassVar = AT_ONCE
    routes: ClassVar = {
        "submit": ("POST", "/hf-inference/models/[^/]+/[^/]+"),
        "key_check": ("GET", "/api/whoami-v2"),
    }
    refusals: ClassVar = {"nsfw": ("submit", Reply.of({"error": "NSFW content detected: {reason}"}, 400))}
    rate_limits: ClassVar = {
        "header": Reply.of({"error": "Too many requests"}, 429, retry_after="2"),
        "no hint": Reply.of({"error": "Too many requests"}, 429),
    }
    unauthorized = Reply.of({"error": "Invalid username or password."}, 401)
    out_of_credit = Reply.of({"error": CREDITS}, 402)

    def submit(self, asked: Asked, job: Job) -> Reply:
        return Reply(headers={"content-type": "image/png"}, content=job.image)

    def key_check(self, asked: Asked, job: Job | None) -> Reply:
        return Reply.of({"type": "user", "name": "someone"})

    def read_prompt(self, asked: Asked) -> str:
        return str(asked.json()["inputs"])

    def read_seed(self, asked: Asked) -> int | None:
        return asked.json()["parameters"].get("seed")  # type: ignore[no-any-return]


class TestInference(ProviderKit):
    fake_class = FakeInference

    def test_parameters_have_a_place_of_their_own(self, studio: Any, fake: FakeProvider) -> None:
        studio.generate(
            "a fox", model="huggingface:someone/model", size="768x1024", steps=9, seed=1, negative_prompt="dogs"
        ).wait(timeout_s=60)
        (asked,) = fake.submits
        assert asked.path == "/hf-inference/models/someone/model"
        assert asked.json() == {"inputs": "a fox", "parameters": {
            "width": 768, "height": 1024, "num_inference_steps": 9, "seed": 1, "negative_prompt": "dogs",
        }}  # fmt: skip


def routed(fake: type[FakeProvider], path: str) -> dict[str, tuple[str, str]]:
    """Returns a fake's routes as they are behind the router."""
    kinds = ("poll", "cancel", "fetch", "submit")
    routes = {kind: (method, path + pattern) for kind, (method, pattern) in fake.routes.items() if kind in kinds}
    return routes | {"download": fake.routes["download"], "key_check": FakeInference.routes["key_check"]}


class FakeRoutedFal(FakeFal):
    adapter = HuggingFace
    model = "black-forest-labs/FLUX.1-schnell"
    routes: ClassVar = routed(FakeFal, "/fal-ai")
    unauthorized = FakeInference.unauthorized
    out_of_credit = Reply.of({"error": "Pay-as-you go is not enabled for provider fal-ai yet."}, 402)

    def _answer(self, asked: Asked) -> Reply:
        own = asked.path.startswith(("/files/", "/api/"))
        assert own or asked.query.get("_subdomain") == "queue", f"{asked.path} is not asked of the queue"
        return super()._answer(asked)

    def submit(self, asked: Asked, job: Job) -> Reply:
        return super().submit(replace(asked, path=asked.path.removeprefix("/fal-ai")), job)


class TestRoutedFal(ProviderKit):
    fake_class = FakeRoutedFal

    def test_what_is_sent_is_fals(self, studio: Any, fake: FakeProvider) -> None:
        batch = self.generate(studio, fake, prompt="a fox", size="768x1024", seed=1)
        assert batch[0].error is None
        assert fake.submits[0].path == "/fal-ai/fal-ai/flux/schnell"
        assert fake.submits[0].json() == {
            "prompt": "a fox", "image_size": {"width": 768, "height": 1024}, "num_inference_steps": 4, "seed": 1,
        }  # fmt: skip


class FakeRoutedReplicate(FakeReplicate):
    adapter = HuggingFace
    model = "black-forest-labs/FLUX.1-schnell:replicate"
    base_path = ""
    routes: ClassVar = routed(FakeReplicate, "/replicate/v1")
    unauthorized = FakeInference.unauthorized
    out_of_credit = FakeInference.out_of_credit
    refusals: ClassVar = FakeReplicate.refusals | {"at once": ("submit", failed("NSFW content detected. {reason}"))}

    def submit(self, asked: Asked, job: Job) -> Reply:
        assert asked.headers["prefer"] == "wait"
        return super().submit(asked, job)


class TestRoutedReplicate(ProviderKit):
    fake_class = FakeRoutedReplicate

    def test_prediction_that_is_done_at_once_is_not_asked_about(
        self, studio: Any, fake: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def submit(asked: Asked, job: Job) -> Reply:
            return Reply.of(fake.prediction(job, "succeeded", output=[f"{fake.origin}/files/{job.id}.png"]), 201)

        monkeypatch.setattr(fake, "submit", submit)
        batch = self.generate(studio, fake, prompt="a fox", aspect_ratio="3:2", seed=1)
        assert batch[0].error is None
        assert fake.count("poll") == 0
        assert fake.submits[0].path == "/replicate/v1/models/black-forest-labs/flux-schnell/predictions"
        assert fake.submits[0].json() == {"input": {
            "prompt": "a fox", "aspect_ratio": "3:2", "num_inference_steps": 4, "seed": 1, "go_fast": False,
            "output_format": "png",
        }}  # fmt: skip


class FakeGenerations(FakeInference):
    """Together and Nscale."""

    routes: ClassVar = {"submit": ("POST", "/(?:together|nscale)/v1/images/generations")}

    def submit(self, asked: Asked, job: Job) -> Reply:
        return Reply.of({"data": [{"b64_json": base64.b64encode(job.image).decode()}]})

    def read_seed(self, asked: Asked) -> int | None:
        return asked.json().get("seed")


class TestGenerations:
    fake = ProviderKit.fake
    studio = ProviderKit.studio
    fake_class = FakeGenerations

    def test_together_is_sent_its_own_words(self, studio: Any, fake: FakeProvider) -> None:
        model = "huggingface:black-forest-labs/FLUX.1-schnell:together"
        batch = studio.generate("a fox", model=model, seed=1).wait(timeout_s=60)
        assert batch[0].path.read_bytes() == draw(0)
        assert fake.submits[0].path == "/together/v1/images/generations"
        assert fake.submits[0].json() == {
            "prompt": "a fox", "model": "black-forest-labs/FLUX.1-schnell", "n": 1, "response_format": "base64",
            "aspect_ratio": "1:1", "steps": 4, "seed": 1,
        }  # fmt: skip

    def test_nscale_is_sent_a_size_and_nothing_is_streamed(self, studio: Any, fake: FakeProvider) -> None:
        model = "huggingface:black-forest-labs/FLUX.1-schnell:nscale"
        batch = studio.generate("a fox", model=model, size="768x1024").wait(timeout_s=60)
        assert batch[0].path.read_bytes() == draw(0)
        assert fake.submits[0].path == "/nscale/v1/images/generations"
        assert fake.submits[0].json() == {
            "prompt": "a fox", "model": "black-forest-labs/FLUX.1-schnell", "n": 1, "response_format": "b64_json",
            "size": "768x1024",
        }  # fmt: skip


def test_every_card_names_a_provider_that_is_known() -> None:
    adapter = HuggingFace()
    for card in adapter.cards():
        assert adapter.protocol(card.model).card(card.model) == card


def test_card_that_names_another_provider_is_told_which_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    adapter = HuggingFace()
    monkeypatch.setattr(HuggingFace, "card", lambda self, model: type("Card", (), {"wire": {"provider": "acme"}}))
    with pytest.raises(BadResponse, match="acme") as caught:
        adapter.protocol("any")
    assert "fal-ai" in caught.value.next_step


def test_json_in_place_of_the_bytes_is_read_too() -> None:
    data = base64.b64encode(draw(1)).decode()
    answer = WireAnswer(
        status=200, headers={"content-type": "application/json"},
        content=f'{{"data": [{{"b64_json": "{data}"}}]}}'.encode(),
    )  # fmt: skip
    model = FakeInference.model
    found = HuggingFace().read_submit(answer, request_of(model))
    assert found == Ready(data=draw(1))


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (402, b'{"error": "Pre-paid credits are required"}', OutOfCredit),
        (403, b'{"error": {"code": "NOT_ENOUGH_BALANCE", "message": "NOT_ENOUGH_BALANCE"}}', OutOfCredit),
        (422, b'{"detail": [{"msg": "flagged", "type": "content_policy_violation"}]}', Refused),
    ],
)
def test_what_the_router_says_is_told_apart(status: int, body: bytes, kind: type) -> None:
    assert type(HuggingFace().read_error(WireAnswer(status=status, content=body))) is kind


def request_of(model: str) -> Any:
    from photogram.domain.request import GenerationRequest

    return GenerationRequest(task_id="tsk_1", model=model, prompt="a fox")


MINE = """
[[providers.huggingface.model]]
id = "Qwen/Qwen-Image"
like = "*"
title = "Qwen-Image (fal)"
wire = { provider = "fal-ai", path = "fal-ai/qwen-image", unit_price = 0.02 }

[[providers.huggingface.model]]
id = "black-forest-labs/FLUX.1-schnell"
wire = { unit_price = 0.5 }

[[providers.huggingface.model]]
id = "someone/together"
wire = { provider = "together" }

[[providers.huggingface.model]]
id = "someone/nscale"
wire = { provider = "nscale" }

[providers.router]
protocol = "huggingface"
base_url = "https://router.example/hf"

[[providers.router.model]]
id = "some/flux"
wire = { provider = "fal-ai", path = "fal-ai/flux/dev" }
"""


@pytest.fixture
def mine(tmp_path: Path) -> Registry:
    (tmp_path / "models.toml").write_text(MINE)
    registry = default_registry(tmp_path / "models.toml")
    assert registry.problems == []
    return registry


@pytest.mark.parametrize(
    ("provider", "model", "url", "named"),
    [
        ("huggingface", "Qwen/Qwen-Image", "fal-ai/fal-ai/qwen-image?_subdomain=queue", None),
        ("huggingface", "someone/together", "together/v1/images/generations", "someone/together"),
        ("huggingface", "someone/nscale", "nscale/v1/images/generations", "someone/nscale"),
        ("router", "some/flux", "fal-ai/fal-ai/flux/dev?_subdomain=queue", None),
    ],
)
def test_users_own_model_is_asked_of_its_inference_provider(
    provider: str, model: str, url: str, named: str | None, mine: Registry
) -> None:
    adapter = mine.provider(provider)
    assert isinstance(adapter, RemoteAdapter)
    asked = adapter.build_submit(request_of(model), Access(base_url=adapter.base_url))
    assert asked.url == f"{adapter.base_url}/{url}"
    assert asked.json_body.get("model") == named


def test_job_behind_a_router_elsewhere_is_asked_about_there(mine: Registry) -> None:
    adapter = mine.provider("router")
    assert isinstance(adapter, RemoteAdapter)
    urls = {f"{name}_url": f"https://queue.fal.run/x/{name}" for name in ("status", "response", "cancel")}
    answer = WireAnswer(status=200, content=json.dumps({"request_id": "x", "status": "IN_QUEUE", **urls}).encode())
    taken = adapter.read_submit(answer, request_of("some/flux"))
    assert isinstance(taken, Submitted)
    assert taken.handle.poll_url == "https://router.example/hf/fal-ai/x/status?_subdomain=queue"


def test_price_that_the_user_corrected_is_what_is_computed_with(mine: Registry) -> None:
    adapter = mine.provider("huggingface")
    assert isinstance(adapter, RemoteAdapter)
    answer = WireAnswer(
        status=200, headers={"x-fal-billable-units": "2"}, content=b'{"images": [{"url": "https://x.example/1.png"}]}'
    )
    handle = RemoteHandle(remote_id="x", model="black-forest-labs/FLUX.1-schnell")
    assert adapter.read_fetch(answer, handle).cost_micros == 1_000_000
