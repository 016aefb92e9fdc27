"""Model Studio's protocol, against a fake of it on this machine."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any, ClassVar

import pytest

from photogram.domain.request import GenerationRequest, ReferenceImage
from photogram.domain.task import RemoteHandle
from photogram.errors import BadParams, RateLimited, Refused, RemoteFailed
from photogram.providers.dashscope import DashScope
from photogram.providers.wire import Access, Ready, WireAnswer, WireRequest
from photogram.testing import AT_ONCE, Asked, FakeProvider, Job, ProviderKit, Reply


def no(code: str, status: int, **headers: str) -> Reply:
    return Reply.of({"code": code, "message": "{reason}", "request_id": "r-1"}, status, **headers)


def task(status: str, **facts: Any) -> Reply:
    return Reply.of({"request_id": "r-1", "output": {"task_id": "job0000", "task_status": status} | facts})


def choices(url: str) -> dict[str, Any]:
    content = [{"image": url, "type": "image"}]
    return {"choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": content}}]}


class FakeDashScope(FakeProvider):
    adapter = DashScope
    model = "qwen-image-3.0"
    base_path = "/api/v1"
    no_such: ClassVar = {"key_check": "no question is known that costs nothing"}
    routes: ClassVar = {
        "submit": ("POST", "/services/aigc/(?:image-generation/generation|(?:text|image)2image/image-synthesis)"),
        "poll": ("GET", "/tasks/(?P<job>[^/]+)"),
        "cancel": ("POST", "/tasks/(?P<job>[^/]+)/cancel"),
        "download": ("GET", "/files/(?P<job>[^/]+)"),
    }
    refusals: ClassVar = {
        "prompt": ("submit", no("DataInspectionFailed", 400)),
        "200 without output": ("submit", no("DataInspectionFailed", 200)),
        "result": ("poll", task("FAILED", code="DataInspectionFailed", message="{reason}")),
        "one result": ("poll", task("SUCCEEDED", results=[{"code": "DataInspectionFailed", "message": "{reason}"}])),
        "infringement": ("poll", task("FAILED", code="IPInfringementSuspect", message="{reason}")),
    }
    rate_limits: ClassVar = {
        "rate": no("Throttling.RateQuota", 429),
        "burst": no("Throttling.BurstRate", 429, retry_after="1"),
    }
    unauthorized = no("InvalidApiKey", 401)
    out_of_credit = no("Arrearage", 400)
    job_failed: ClassVar = ("poll", task("FAILED", code="InternalError.Timeout", message="timed out"))
    unknown_status = task("pondering")
    not_cancelled: ClassVar = {
        "it runs": Reply.of({"code": "UnsupportedOperation", "message": "the task is not PENDING"}, 400),
        "it is over": Reply.of({"code": "InvalidParameter", "message": "no such task"}, 404),
    }

    def submit(self, asked: Asked, job: Job) -> Reply:
        assert asked.headers["x-dashscope-async"] == "enable"
        return Reply.of({"output": {"task_id": job.id, "task_status": "PENDING"}, "request_id": "r-1"})

    def poll(self, asked: Asked, job: Job | None) -> Reply:
        if job is None:
            return task("UNKNOWN")
        if not self.done(job):
            return task("RUNNING", task_id=job.id)
        return task("SUCCEEDED", task_id=job.id, **choices(f"{self.origin}/files/{job.id}"))

    def cancel(self, asked: Asked, job: Job | None) -> Reply:
        return Reply.of({"request_id": "r-1"})

    def read_prompt(self, asked: Asked) -> str:
        given = asked.json()["input"]
        return str(given["prompt"] if "prompt" in given else given["messages"][0]["content"][-1]["text"])

    def read_seed(self, asked: Asked) -> int | None:
        return int(asked.json()["parameters"]["seed"])

    def read_references(self, asked: Asked) -> Sequence[bytes]:
        parts = asked.json()["input"]["messages"][0]["content"][:-1]
        return [base64.b64decode(part["image"].partition(",")[2]) for part in parts]


class FakeSync(FakeDashScope):
    model = "qwen-image-2.0"
    no_such: ClassVar = {
        "poll": AT_ONCE["poll"], "cancel": AT_ONCE["cancel"], **FakeDashScope.no_such,
    }  # fmt: skip
    routes: ClassVar = {
        "submit": ("POST", "/services/aigc/multimodal-generation/generation"),
        "download": ("GET", "/files/(?P<job>[^/]+)"),
    }
    refusals: ClassVar = {
        "prompt": ("submit", no("DataInspectionFailed", 400)),
        "200 without output": ("submit", no("DataInspectionFailed", 200)),
    }
    job_failed = None
    unknown_status = None
    not_cancelled: ClassVar = {}

    def submit(self, asked: Asked, job: Job) -> Reply:
        assert "x-dashscope-async" not in asked.headers
        return Reply.of({"request_id": "r-1", "output": choices(f"{self.origin}/files/{job.id}"),
                         "usage": {"image_count": 1, "width": 1024, "height": 1024}})  # fmt: skip


class TestDashScope(ProviderKit):
    fake_class = FakeDashScope

    def test_task_that_the_service_forgot_may_have_been_made_so_its_estimate_is_booked(
        self, studio: Any, fake: FakeProvider
    ) -> None:
        fake.always["poll"] = task("UNKNOWN")
        batch = studio.generate("a boat", model="dashscope:wan2.7-image").wait(timeout_s=60)
        assert batch[0].error.kind == "expired"
        assert "billed" in batch[0].error.message
        row = studio.df().iloc[0]
        assert (row.cost_usd, row.cost_source) == (0.03, "estimated")


class TestDashScopeSync(ProviderKit):
    fake_class = FakeSync


HERE = Access(base_url="https://dashscope-intl.aliyuncs.com/api/v1")
IMAGE = ReferenceImage(data=b"png", mime="image/png", sha256="a" * 64)
URI = "data:image/png;base64,cG5n"


def submit(model: str, params: Any, **facts: Any) -> WireRequest:
    given = params | ({"images": ["x"]} if facts.get("references") else {})
    checked = DashScope().card(model).check(given)
    params = {name: value for name, value in checked.items() if name != "images"}
    request = GenerationRequest(task_id="tsk_1", model=model, prompt="a boat", seed=7, params=params, **facts)
    return DashScope().build_submit(request, HERE)


@pytest.mark.parametrize(
    ("model", "size", "path", "later"),
    [
        ("qwen-image-3.0-pro", "1024*1024", "image-generation/generation", True),
        ("qwen-image-2.0-pro", "1024*1024", "multimodal-generation/generation", False),
        ("qwen-image-max", "1664*928", "multimodal-generation/generation", False),
        ("z-image-turbo", "1024*1024", "multimodal-generation/generation", False),
        ("wan2.7-image", "1024*1024", "image-generation/generation", True),
        ("wan2.6-t2i", "1280*1280", "image-generation/generation", True),
        ("some-newer-image-model", "1024*1024", "image-generation/generation", True),
    ],
)
def test_models_that_take_messages(model: str, size: str, path: str, later: bool) -> None:
    request = submit(model, {})
    assert request.url == f"https://dashscope-intl.aliyuncs.com/api/v1/services/aigc/{path}"
    assert ("X-DashScope-Async" in request.headers) == later
    body = request.json_body
    assert body["model"] == model
    assert body["input"] == {"messages": [{"role": "user", "content": [{"text": "a boat"}]}]}
    assert (body["parameters"]["size"], body["parameters"]["n"], body["parameters"]["seed"]) == (size, 1, 7)
    assert "width" not in body["parameters"]


def test_references_come_before_the_text() -> None:
    body = submit("wan2.6-image", {}, references=(IMAGE, IMAGE)).json_body
    assert body["input"]["messages"][0]["content"] == [{"image": URI}, {"image": URI}, {"text": "a boat"}]
    assert body["parameters"]["enable_interleave"] is False


@pytest.mark.parametrize(
    ("model", "path", "references", "images"),
    [("wan2.2-t2i-flash", "text2image/image-synthesis", (), {}),
     ("wan2.5-i2i-preview", "image2image/image-synthesis", (IMAGE,), {"images": [URI]})],
)  # fmt: skip
def test_models_that_take_a_prompt(model: str, path: str, references: Any, images: Any) -> None:
    request = submit(model, {"negative_prompt": "fog", "watermark": True}, references=references)
    assert request.url.endswith(f"/services/aigc/{path}")
    assert request.headers["X-DashScope-Async"] == "enable"
    assert request.json_body["input"] == {"prompt": "a boat", "negative_prompt": "fog"} | images
    assert "negative_prompt" not in request.json_body["parameters"]
    assert request.json_body["parameters"]["watermark"] is True


def test_model_of_five_sizes_names_them() -> None:
    with pytest.raises(BadParams, match="1328x1328"):
        DashScope().card("qwen-image-plus").check({"size": "1024x1024"})
    assert submit("qwen-image-plus", {"aspect_ratio": "1:1"}).json_body["parameters"]["size"] == "1328*1328"


def test_wan_pro_makes_4k_only_without_references() -> None:
    card = DashScope().card("wan2.7-image-pro")
    assert card.check({"size": "4096x4096"})["width"] == 4096
    assert card.check({"size": "2048x2048", "images": ["x"]})["width"] == 2048
    with pytest.raises(BadParams, match="4,194,304 at most from reference images"):
        card.check({"size": "4096x4096", "images": ["x"]})


def test_result_of_the_older_tasks_is_read() -> None:
    body = {"output": {"task_id": "t", "task_status": "SUCCEEDED", "results": [{"url": "https://x/1.png"}]}}
    answer = WireAnswer(status=200, content=json.dumps(body).encode())
    assert DashScope().read_poll(answer, RemoteHandle(remote_id="t")) == Ready(url="https://x/1.png")


@pytest.mark.parametrize(
    ("code", "kind"), [("InternalError", RemoteFailed), ("DataInspectionFailed", Refused), ("Throttling", RateLimited)]
)
def test_failed_task_is_told_by_its_code(code: str, kind: type[Exception]) -> None:
    content = task("FAILED", code=code, message="why").content
    with pytest.raises(kind):
        DashScope().read_poll(WireAnswer(status=200, content=content), RemoteHandle(remote_id="t"))
