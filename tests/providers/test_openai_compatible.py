"""Servers that speak OpenAI's protocol each in its own way, against fakes of them on this machine."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from photogram.domain.request import GenerationRequest, ReferenceImage
from photogram.domain.secret import Secret
from photogram.errors import BadRequest, UserError
from photogram.providers.cards import ProviderFacts, read_facts
from photogram.providers.openai_compatible import SERVERS, OpenAICompatible, read_habits
from photogram.providers.wire import Access, Ready, WireAnswer
from photogram.testing import AT_ONCE, Asked, FakeProvider, Job, ProviderKit, Reply, open_studio
from photogram.testing.fake import draw


def error(status: int, message: str, **headers: str) -> Reply:
    return Reply.of({"detail": message}, status, **headers)


class FakeServer(FakeProvider):
    """vLLM-Omni: a diffusion model's parameters beside OpenAI's, edits by a form."""

    adapter = OpenAICompatible
    model = "Qwen/Qwen-Image"
    base_path = "/v1"
    no_such: ClassVar = {**AT_ONCE, "out_of_credit": "it is free"}
    routes: ClassVar = {"submit": ("POST", "/images/(?:generations|edits)"), "key_check": ("GET", "/models")}
    refusals: ClassVar = {
        "OpenAI's code": ("submit", Reply.of(
            {"error": {"message": "{reason}", "type": "invalid_request_error", "code": "content_policy_violation"}}, 400
        )),
    }  # fmt: skip
    rate_limits: ClassVar = {
        "busy": error(429, "Too many requests", retry_after="1"),
        "starting": error(503, "The model is being loaded", retry_after="2"),
    }
    unauthorized = error(401, "Unauthorized")

    def submit(self, asked: Asked, job: Job) -> Reply:
        assert self.read(asked, "response_format") == "b64_json"
        assert (
            not {"stream", "partial_images", "steps"} & (asked.json() if self.is_json(asked) else asked.form()).keys()
        )
        return Reply.of({"created": 1, "data": [{"b64_json": base64.b64encode(job.image).decode()}]})

    @staticmethod
    def is_json(asked: Asked) -> bool:
        return asked.headers["content-type"] == "application/json"

    def read(self, asked: Asked, name: str) -> Any:
        return asked.json().get(name) if self.is_json(asked) else asked.field(name)

    def read_prompt(self, asked: Asked) -> str:
        return self.read(asked, "prompt")

    def read_seed(self, asked: Asked) -> int | None:
        return int(self.read(asked, "seed"))

    def read_references(self, asked: Asked) -> Sequence[bytes]:
        return asked.form()["image"]


class TestServer(ProviderKit):
    fake_class = FakeServer

    def test_a_server_without_keys_is_asked_without_one(self, studio, fake, monkeypatch):
        monkeypatch.delenv("OPENAI_COMPATIBLE_API_KEY")
        monkeypatch.setattr(type(fake), "is_let_in", lambda self, asked: "authorization" not in asked.headers)
        batch = self.generate(studio, fake)
        assert batch[0].error is None
        assert studio.df().iloc[0].cost_source == "free"

    def test_the_names_are_the_servers(self, studio, fake):
        self.generate(studio, fake, steps=20, guidance_scale=4.5, negative_prompt="fog", true_cfg_scale=4, seed=9)
        assert fake.submits[0].json() == {
            "model": "Qwen/Qwen-Image", "prompt": fake.read_prompt(fake.submits[0]), "n": 1, "size": "1024x1024",
            "response_format": "b64_json", "num_inference_steps": 20, "guidance_scale": 4.5, "negative_prompt": "fog",
            "true_cfg_scale": 4, "seed": 9,
        }  # fmt: skip


class FakeSdCpp(FakeServer):
    """sd.cpp's server: what OpenAI does not have stands in the prompt; it knows no response_format."""

    model = "sd-cpp-local"

    def submit(self, asked: Asked, job: Job) -> Reply:
        fields = {*(asked.json() if self.is_json(asked) else asked.form())}
        assert fields <= {
            "model", "prompt", "n", "size", "output_format", "output_compression", "image[]", "mask"
        }  # fmt: skip
        return Reply.of({"created": 1, "data": [{"b64_json": base64.b64encode(job.image).decode()}]})

    def read_prompt(self, asked: Asked) -> str:
        return re.sub(r" <sd_cpp_extra_args>.*</sd_cpp_extra_args>$", "", self.read(asked, "prompt"), flags=re.DOTALL)

    def read_extras(self, asked: Asked) -> Any:
        found = re.search(r"<sd_cpp_extra_args>(.*)</sd_cpp_extra_args>$", self.read(asked, "prompt"), re.DOTALL)
        assert found
        return json.loads(found[1])

    def read_seed(self, asked: Asked) -> int | None:
        return self.read_extras(asked)["seed"]

    def read_references(self, asked: Asked) -> Sequence[bytes]:
        return asked.form()["image[]"]

    def read_mask(self, asked: Asked) -> bytes | None:
        return asked.form()["mask"][0]


class TestSdCpp(ProviderKit):
    fake_class = FakeSdCpp

    def test_steps_and_guidance_stand_in_the_prompt(self, studio, fake):
        said = {"steps": 28, "guidance_scale": 3.5, "negative_prompt": "fog", "strength": 0.6, "seed": 4}
        self.generate(studio, fake, images=[draw(1)], **said)
        assert fake.read_extras(fake.submits[0]) == {
            "seed": 4, "negative_prompt": "fog", "strength": 0.6,
            "sample_params": {"sample_steps": 28, "guidance": {"txt_cfg": 3.5}},
        }  # fmt: skip


def facts(**wire: Any) -> ProviderFacts:
    model = {
        "id": "stablediffusion", "price": 0, "wire": wire, "read_on": "2026-11-23", "source": "my own",
        "params": {"seed": True, "steps": True, "guidance_scale": True, "negative_prompt": True},
        "size": {"default": "512x512", "min": 64, "max": 2048}, "references": {"max": 2},
    }  # fmt: skip
    return read_facts({"title": "Mine", "model": [model]}, "mine")


class LocalAI(OpenAICompatible):
    name = "mine"

    def facts(self) -> ProviderFacts:
        return facts(server="localai", response_format="url")


class FakeLocalAI(FakeServer):
    """LocalAI: the negative prompt behind a bar, references in the generation, a result on a host that is nowhere."""

    adapter = LocalAI
    model = "stablediffusion"
    no_such: ClassVar = {name: why for name, why in FakeServer.no_such.items() if name != "download"}
    routes: ClassVar = {**FakeServer.routes, "download": ("GET", "/generated-images/(?P<job>\\w+)\\.png")}
    keyless: ClassVar = frozenset()
    named = "http://localai.internal:8080"

    def submit(self, asked: Asked, job: Job) -> Reply:
        assert asked.path.endswith("/generations")
        return Reply.of({"created": 1, "data": [{"url": f"{self.named}/generated-images/{job.id}.png"}]})

    def read_references(self, asked: Asked) -> Sequence[bytes]:
        return [base64.b64decode(text) for text in asked.json()["ref_images"]]


class TestLocalAI(ProviderKit):
    fake_class = FakeLocalAI

    def test_the_negative_prompt_follows_a_bar(self, studio, fake):
        self.generate(studio, fake, prompt="an otter", negative_prompt="fog", steps=15, guidance_scale=7)
        asked = fake.submits[0].json()
        assert (asked["prompt"], asked["step"], asked["cfg_scale"]) == ("an otter|fog", 15, 7)
        assert "negative_prompt" not in asked

    @pytest.mark.parametrize("named", ["http://0.0.0.0:8080", "http://[::]:8080", "", "http://169.254.169.254"])
    def test_a_result_is_fetched_from_the_server_whatever_host_it_names(self, studio, fake, named):
        fake.named = named
        assert self.generate(studio, fake)[0].error is None
        assert fake.count("download") == 1


# ── Each flag by itself ─────────────────────────────────────────────────────────────────────────────────────────────


ACCESS = Access(base_url="http://127.0.0.1:9/v1", key=Secret("k" * 20))
REQUEST = GenerationRequest(
    task_id="tsk_1", model="stablediffusion", prompt="x", seed=5, params={"width": 512, "height": 768, "steps": 9}
)


def build(wire: Mapping[str, Any]) -> dict[str, Any]:
    return OpenAICompatible(name="mine", facts=facts(**wire)).build_submit(REQUEST, ACCESS).json_body


COMMON = {"model": "stablediffusion", "prompt": "x", "n": 1}


@pytest.mark.parametrize(
    ("wire", "body"),
    [
        ({}, {"size": "512x768", "response_format": "b64_json", "seed": 5, "num_inference_steps": 9}),
        ({"response_format": ""}, {"size": "512x768", "seed": 5, "num_inference_steps": 9}),
        ({"response_format": "base64"},
         {"size": "512x768", "response_format": "base64", "seed": 5, "num_inference_steps": 9}),
        ({"size": "sides"},
         {"width": 512, "height": 768, "response_format": "b64_json", "seed": 5, "num_inference_steps": 9}),
        ({"names": {"steps": "sampling.count", "seed": "sampling.seed"}},
         {"size": "512x768", "response_format": "b64_json", "sampling": {"count": 9, "seed": 5}}),
        ({"server": "aquiles"},
         {"size": "512x768", "response_format": "b64_json", "seed": 5, "num_inference_steps": 9}),
        ({"server": "xinference"},
         {"size": "512*768", "response_format": "b64_json", "kwargs": '{"num_inference_steps": 9, "seed": 5}'}),
        ({"server": "xinference", "size": "x", "extras": ""},
         {"size": "512x768", "response_format": "b64_json", "seed": 5, "num_inference_steps": 9}),
    ],
)  # fmt: skip
def test_every_habit_is_a_flag(wire, body):
    assert build(wire) == COMMON | body


@pytest.mark.parametrize("wire", [{"server": "a1111"}, {"seperator": "*"}, {"server": "localai", "url": 1}])
def test_a_flag_that_there_is_not_is_named_before_anything_is_sent(wire):
    with pytest.raises(BadRequest) as caught:
        build(wire)
    assert [word for word in ("a1111", "seperator", "url") if word in caught.value.message]
    assert "response_format" in caught.value.next_step
    assert "vllm-omni" in caught.value.next_step


def test_every_known_server_is_understood():
    for server in SERVERS:
        assert read_habits({"server": server})


@pytest.mark.parametrize(
    ("wire", "named", "fetched"),
    [
        ({}, "http://0.0.0.0:9/images/a.png?x=1", "http://127.0.0.1:9/images/a.png?x=1"),
        ({}, "http://127.0.0.1:9/images/a.png", "http://127.0.0.1:9/images/a.png"),
        ({}, "/images/a.png", "http://127.0.0.1:9/images/a.png"),
        ({}, "images/a.png", "http://127.0.0.1:9/v1/images/a.png"),
        ({}, "https://cdn.example/a.png", "https://cdn.example/a.png"),
        ({"rewrite_result_host": True}, "https://cdn.example/a.png", "http://127.0.0.1:9/a.png"),
    ],
)
def test_where_a_result_is_fetched_and_who_sees_the_key(wire, named, fetched):
    adapter = OpenAICompatible(name="mine", facts=facts(**wire))
    answer = WireAnswer(status=200, content=json.dumps({"data": [{"url": named}]}).encode())
    ready = adapter.read_submit(answer, REQUEST)
    assert isinstance(ready, Ready)
    request = adapter.build_download(ready, ACCESS)
    assert request.url == fetched
    assert ("Authorization" in request.headers) == fetched.startswith("http://127.0.0.1:9/")


def test_references_travel_as_the_card_says():
    image = ReferenceImage(data=draw(1), mime="image/png", sha256="0")
    request = replace(REQUEST, references=(image, image), mask=image)

    def edit(**wire: Any) -> Any:
        return OpenAICompatible(name="mine", facts=facts(**wire)).build_submit(request, ACCESS)

    form = edit()
    assert form.url.endswith("/images/edits")
    assert [name for name, _ in form.files] == ["image[]", "image[]", "mask"]
    assert dict(form.fields)["num_inference_steps"] == "9"
    assert [name for name, _ in edit(image_field="image").files] == ["image", "image", "mask"]
    body = edit(references="json").json_body
    assert len(body["images"]) == 2
    assert body["mask"]["image_url"].startswith("data:image/png;base64,")
    with pytest.raises(BadRequest, match="no mask"):
        edit(references="ref_images")


# ── An endpoint that a user defined ─────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def own_server() -> Iterator[FakeServer]:
    fake = FakeServer()
    yield fake
    fake.close()


def test_an_endpoint_of_ones_own_has_its_own_name_key_and_models(
    own_server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHOTOGRAM_CONFIG", "/nonexistent/photogram.toml")
    monkeypatch.setenv("MY_GPU_KEY", own_server.key)
    monkeypatch.setenv("OPENAI_COMPATIBLE_API_KEY", "another-key-that-must-not-go-there")
    adapter = OpenAICompatible(name="mine", base_url=own_server.url, key_variables=("MY_GPU_KEY",), facts=facts())
    with open_studio(tmp_path / "ws", adapter) as studio:
        batch = studio.generate("x", model="mine:stablediffusion", n=2, steps=4).wait(30)
        assert [one.error for one in batch] == [None, None]
        assert {asked.headers["authorization"] for asked in own_server.submits} == {f"Bearer {own_server.key}"}
        assert own_server.submits[0].json()["size"] == "512x512"
        assert studio.models().model.tolist() == ["mine:stablediffusion"]


def test_without_an_address_nothing_is_sent_and_the_variable_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PHOTOGRAM_CONFIG", "/nonexistent/photogram.toml")
    with open_studio(tmp_path / "ws", OpenAICompatible()) as studio:
        with pytest.raises(UserError, match="PHOTOGRAM_OPENAI_COMPATIBLE_BASE_URL"):
            studio.generate("x", model="openai-compatible:any")
        assert studio.df().empty
