"""AI Horde's protocol, against a fake of it on this machine."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pytest

from photogram.domain.request import GenerationRequest
from photogram.domain.task import RemoteHandle
from photogram.errors import BadRequest, RateLimited, RemoteFailed
from photogram.providers.horde import ANONYMOUS, Horde
from photogram.providers.wire import Access, Ready, WireAnswer, Working
from photogram.testing import Asked, FakeProvider, Job, ProviderKit, Reply


def no(rc: str, status: int, message: str = "{reason}", **headers: str) -> Reply:
    return Reply.of({"message": message, "rc": rc}, status, **headers)


def check(**facts: Any) -> Reply:
    usual = {
        "finished": 0, "processing": 0, "restarted": 0, "waiting": 1, "done": False, "faulted": False,
        "wait_time": 34, "queue_position": 3, "kudos": 10.0, "is_possible": True,
    }  # fmt: skip
    return Reply.of(usual | facts)


def generation(**facts: Any) -> dict[str, Any]:
    return {"img": "", "seed": "1", "id": "gen", "censored": False, "gen_metadata": [], "state": "ok",
            "model": "AlbedoBase XL (SDXL)", "worker_id": "w", "worker_name": "someone's"} | facts  # fmt: skip


CENSORED = generation(censored=True, gen_metadata=[{"type": "censorship", "value": "{reason}"}])


class FakeHorde(FakeProvider):
    adapter = Horde
    model = "AlbedoBase XL (SDXL)"
    base_path = "/api/v2"
    no_such: ClassVar = {
        "out_of_credit": "it is free", "unknown_status": "it answers with counts, without a word",
        "not_cancelled": "a request is taken back at any time",
    }  # fmt: skip
    routes: ClassVar = {
        "submit": ("POST", "/generate/async"),
        "poll": ("GET", "/generate/check/(?P<job>[^/]+)"),
        "fetch": ("GET", "/generate/status/(?P<job>[^/]+)"),
        "cancel": ("DELETE", "/generate/status/(?P<job>[^/]+)"),
        "download": ("GET", "/r2/(?P<job>[^/]+)"),
        "key_check": ("GET", "/find_user"),
    }
    refusals: ClassVar = {
        "prompt": ("submit", no("CorruptPrompt", 400)),
        "censored": ("fetch", check(done=True, finished=1, waiting=0, generations=[CENSORED])),
    }
    rate_limits: ClassVar = {
        "parallel": no("TooManyPrompts", 429),
        "per second": Reply.of({"message": "2 per 1 second"}, 429, retry_after="1"),
        "timeout": no("TimeoutIP", 403, "your IP address has been put into timeout for 3 more seconds. Try again"),
        "maintenance": no("MaintenanceMode", 400),
    }
    unauthorized = no("InvalidAPIKey", 401, "No user matching sent API Key.")
    job_failed: ClassVar = ("poll", check(faulted=True))

    def submit(self, asked: Asked, job: Job) -> Reply:
        assert asked.headers["client-agent"].startswith("photogram:")
        return Reply.of({"id": job.id, "kudos": 10.0}, 202)

    def poll(self, asked: Asked, job: Job | None) -> Reply:
        if job is None:
            return no("RequestNotFound", 404)
        done = self.done(job)
        return check(done=done, finished=int(done), waiting=int(not done), queue_position=0 if done else 2)

    def fetch(self, asked: Asked, job: Job | None) -> Reply:
        assert job
        image = generation(img=f"{self.origin}/r2/{job.id}", seed=job.asked.json()["params"]["seed"])
        return check(done=True, finished=1, waiting=0, generations=[image])

    def cancel(self, asked: Asked, job: Job | None) -> Reply:
        return check(waiting=0, generations=[])

    def read_seed(self, asked: Asked) -> int | None:
        return int(asked.json()["params"]["seed"])

    def read_references(self, asked: Asked) -> Sequence[bytes]:
        return [base64.b64decode(asked.json()["source_image"])]

    def read_mask(self, asked: Asked) -> bytes | None:
        assert asked.json()["source_processing"] == "inpainting"
        return base64.b64decode(asked.json()["source_mask"])


class TestHorde(ProviderKit):
    fake_class = FakeHorde

    def test_full_status_is_asked_once(self, studio: Any, fake: FakeProvider) -> None:
        fake.polls_needed = 3
        assert self.generate(studio, fake)[0].error is None
        assert (fake.count("poll"), fake.count("fetch")) == (3, 1)


HERE = Access(base_url="https://aihorde.net/api/v2")
JOB = RemoteHandle(remote_id="a/../b")


def submit(**facts: Any) -> Mapping[str, Any]:
    request = GenerationRequest(task_id="tsk_1", model="stable_diffusion", prompt="a boat", **facts)
    body = Horde().build_submit(request, HERE).json_body
    assert isinstance(body, dict)
    return body


def answer(body: Any, status: int = 200) -> WireAnswer:
    return WireAnswer(status=status, content=json.dumps(body).encode())


def test_who_has_no_key_is_anonymous_and_says_who_asks() -> None:
    headers = Horde().headers(HERE)
    assert headers["apikey"] == ANONYMOUS
    assert str(headers["Client-Agent"]).count(":") >= 2


def test_params_are_said_in_the_hordes_words() -> None:
    body = submit(
        seed=7,
        params={"width": 512, "height": 768, "negative_prompt": "fog", "guidance_scale": 5.0, "sampler": "k_euler",
                "strength": 0.4, "nsfw": False, "slow_workers": True, "post_processing": "GFPGAN"},
    )  # fmt: skip
    assert body == {
        "prompt": "a boat ### fog", "models": ["stable_diffusion"], "r2": True, "nsfw": False, "slow_workers": True,
        "params": {"width": 512, "height": 768, "cfg_scale": 5.0, "sampler_name": "k_euler", "denoising_strength": 0.4,
                   "post_processing": ["GFPGAN"], "n": 1, "seed": "7"},
    }  # fmt: skip


def test_place_in_line_counts_those_before_ours_and_only_while_it_waits() -> None:
    def read(**facts: Any) -> Any:
        return Horde().read_poll(answer({"done": False, "waiting": 1} | facts), JOB)

    assert read(queue_position=1) == Working(queue_position=0)
    assert read(queue_position=0, waiting=0, processing=1) == Working()


def test_request_that_nobody_can_serve_ends_and_says_what_to_do() -> None:
    with pytest.raises(RemoteFailed, match="No worker") as raised:
        Horde().read_poll(answer({"done": False, "waiting": 1, "is_possible": False}), JOB)
    assert "another model" in raised.value.next_step


def test_image_inside_the_answer_is_read_too() -> None:
    found = Horde().read_fetch(answer({"generations": [generation(img=base64.b64encode(b"webp").decode())]}), JOB)
    assert found == Ready(data=b"webp", seed=1)


def test_id_of_a_job_leads_nowhere_else() -> None:
    assert Horde().build_poll(JOB, HERE).url == "https://aihorde.net/api/v2/generate/check/a%2F..%2Fb"


@pytest.mark.parametrize(
    ("rc", "status", "kind"),
    [("KudosUpfront", 403, BadRequest), ("TimeoutIP", 403, RateLimited), ("NoValidWorkers", 400, RemoteFailed),
     ("RequestNotFound", 404, RemoteFailed)],
)  # fmt: skip
def test_codes_say_more_than_the_status(rc: str, status: int, kind: type[Exception]) -> None:
    assert type(Horde().read_error(answer({"message": "why", "rc": rc}, status))) is kind
