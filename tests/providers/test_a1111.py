"""The web UI's protocol, against a fake of it on this machine."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any, ClassVar

import pytest

from photogram.domain.request import GenerationRequest, ReferenceImage
from photogram.domain.secret import Secret
from photogram.providers.a1111 import A1111
from photogram.providers.wire import Access, WireAnswer, Working
from photogram.testing import AT_ONCE, Asked, FakeProvider, Job, ProviderKit, Reply, wait_until


class FakeA1111(FakeProvider):
    adapter = A1111
    model = "loaded"
    key = "user:password-0123"
    no_such: ClassVar = {
        "poll": AT_ONCE["poll"], "download": AT_ONCE["download"], "refusals": "it refuses nothing",
        "out_of_credit": "it is free",
    }  # fmt: skip
    routes: ClassVar = {
        "submit": ("POST", "/sdapi/v1/(?:txt2img|img2img)"),
        "watch": ("GET", "/sdapi/v1/progress"),
        "cancel": ("POST", "/sdapi/v1/interrupt"),
        "key_check": ("GET", "/sdapi/v1/sd-models"),
    }
    rate_limits: ClassVar = {"of a proxy": Reply.of({"detail": "busy"}, 503, retry_after="1")}
    unauthorized = Reply.of({"detail": "Incorrect username or password"}, 401)

    def submit(self, asked: Asked, job: Job) -> Reply:
        info = json.dumps({"seed": asked.json()["seed"], "all_seeds": [asked.json()["seed"]], "infotexts": [""]})
        image = base64.b64encode(job.image).decode()
        return Reply.of({"images": [image], "parameters": asked.json(), "info": info})

    def watch(self, asked: Asked, job: Job | None) -> Reply:
        assert asked.query == {"skip_current_image": "true"}
        return Reply.of({"progress": 0.42, "eta_relative": 3.1, "state": {}, "current_image": None})

    def cancel(self, asked: Asked, job: Job | None) -> Reply:
        return Reply.of({})

    def is_let_in(self, asked: Asked) -> bool:
        return asked.headers.get("authorization") == f"Basic {base64.b64encode(self.key.encode()).decode()}"

    def read_references(self, asked: Asked) -> Sequence[bytes]:
        assert asked.path.endswith("img2img")
        return [base64.b64decode(image) for image in asked.json()["init_images"]]

    def read_mask(self, asked: Asked) -> bytes | None:
        return base64.b64decode(asked.json()["mask"])


class TestA1111(ProviderKit):
    fake_class = FakeA1111

    def test_progress_shows_while_the_submit_has_no_answer(self, studio: Any, fake: FakeProvider) -> None:
        fake.hold.clear()
        batch = studio.generate("a boat", model="a1111:loaded")
        wait_until(lambda: batch[0].record.progress == pytest.approx(0.42))
        fake.hold.set()
        assert batch.wait(timeout_s=60)[0].error is None

    def test_only_one_is_sent_at_a_time(self, studio: Any, fake: FakeProvider) -> None:
        fake.hold.clear()
        batch = studio.generate("a boat", model="a1111:loaded", n=3)
        wait_until(lambda: fake.count("watch") >= 2)
        assert len(fake.submits) == 1
        fake.hold.set()
        batch.wait(timeout_s=60)
        assert len(fake.submits) == 3

    def test_cancel_of_one_that_waits_interrupts_nothing(self, studio: Any, fake: FakeProvider) -> None:
        fake.hold.clear()
        batch = studio.generate("a boat", model="a1111:loaded", n=2)
        wait_until(lambda: fake.submits)
        waiting = next(one for one in batch if one.status == "pending")
        waiting.cancel()
        assert fake.count("cancel") == 0
        fake.hold.set()
        batch.wait(timeout_s=60)
        assert sorted(one.status for one in batch) == ["cancelled", "success"]


HERE = Access(base_url="http://127.0.0.1:7860")
IMAGE = ReferenceImage(data=b"png", mime="image/png", sha256="a" * 64)


def submit(model: str = "loaded", **facts: Any) -> Any:
    return A1111().build_submit(GenerationRequest(task_id="tsk_1", model=model, prompt="a boat", **facts), HERE)


def test_params_are_said_in_the_servers_words() -> None:
    request = submit(seed=7, params={"width": 512, "guidance_scale": 5.0, "sampler": "Euler a", "scheduler": "Karras"})
    assert request.url == "http://127.0.0.1:7860/sdapi/v1/txt2img"
    assert request.json_body == {
        "prompt": "a boat", "seed": 7, "width": 512, "cfg_scale": 5.0, "sampler_name": "Euler a",
        "scheduler": "Karras", "batch_size": 1, "n_iter": 1,
    }  # fmt: skip


def test_named_checkpoint_is_loaded_and_stays() -> None:
    body = submit("sd_xl_base_1.0 [31e35c80fc]").json_body
    assert body["override_settings"] == {"sd_model_checkpoint": "sd_xl_base_1.0 [31e35c80fc]"}
    assert body["override_settings_restore_afterwards"] is False


def test_strength_is_the_servers_denoising() -> None:
    assert submit(params={"strength": 0.3}, references=(IMAGE,)).json_body["denoising_strength"] == 0.3


def test_user_and_password_are_never_shown() -> None:
    access = Access(base_url="http://127.0.0.1:7860", key=Secret("user:secret-word"))
    request = A1111().build_submit(GenerationRequest(task_id="tsk_1", model="loaded", prompt="a"), access)
    encoded = base64.b64encode(b"user:secret-word").decode()
    assert encoded not in repr(request)
    header = request.headers["Authorization"]
    assert isinstance(header, Secret)
    assert header.reveal() == f"Basic {encoded}"


@pytest.mark.parametrize(
    ("info", "seed"),
    [('{"seed": 12}', 12), ("", None), (None, None), ("not json", None), ('{"seed": -1}', None), ("[1]", None)],
)
def test_seed_is_read_from_info_where_it_is_there(info: Any, seed: int | None) -> None:
    body = {"images": [base64.b64encode(b"png").decode()], "parameters": {}, "info": info}
    answer = WireAnswer(status=200, content=json.dumps(body).encode())
    ready = A1111().read_submit(answer, GenerationRequest(task_id="tsk_1", model="loaded", prompt="a"))
    assert (ready.data, ready.seed) == (b"png", seed)


@pytest.mark.parametrize(("said", "read"), [(0.5, 0.5), (0, None), (7, 1.0), ("x", None), (None, None)])
def test_progress_is_between_nothing_and_all(said: Any, read: float | None) -> None:
    answer = WireAnswer(status=200, content=json.dumps({"progress": said}).encode())
    assert A1111().read_watch(answer) == Working(progress=read)
