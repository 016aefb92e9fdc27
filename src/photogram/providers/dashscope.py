"""Alibaba's Model Studio (DashScope): Qwen-Image, Wan and Z-Image.

Source: alibabacloud.com/help/en/model-studio (text-to-image-v2-api-reference, wan-image-generation-api-reference,
error-code, image-faq), litellm 1.106's dashscope adapter, public clients of the image-generation endpoint; read
2026-11-23. There are three endpoints by model family, which the card names in `wire`: `path`, whether a task is made
(`later`: it can be polled, resumed, and cancelled while it waits), and what its `input` is (messages, or a prompt).
Keys belong to a region: the built-in address is Singapore's, Beijing's is https://dashscope.aliyuncs.com/api/v1.
Results can be fetched for 24 hours. That a picture which was refused costs nothing is not verified.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import quote

from ..domain.request import GenerationRequest
from ..domain.task import RemoteHandle
from ..errors import AuthFailed, BadResponse, Expired, OutOfCredit, ProviderError, RateLimited, Refused
from .encoded import write_data_uri
from .protocols import QueueAdapter, read_object, read_text
from .wire import Access, Ready, Submitted, WireAnswer, WireRequest


class DashScope(QueueAdapter):
    """`POST /services/aigc/…`, answered with the image, or with a task to ask about at `/tasks/{id}`."""

    name = "dashscope"
    base_url = "https://dashscope-intl.aliyuncs.com/api/v1"
    base_url_variables = ("DASHSCOPE_HTTP_BASE_URL",)
    key_variables = ("DASHSCOPE_API_KEY", "QWEN_API_KEY")
    working: ClassVar[frozenset[str]] = frozenset({"PENDING", "RUNNING", "SUSPENDED"})
    succeeded: ClassVar[frozenset[str]] = frozenset({"SUCCEEDED"})
    failed: ClassVar[frozenset[str]] = frozenset({"FAILED", "CANCELED", "UNKNOWN"})
    codes: ClassVar[Mapping[str, type[ProviderError]]] = {
        "DataInspectionFailed": Refused,
        "data_inspection_failed": Refused,
        "IPInfringementSuspect": Refused,
        "InvalidApiKey": AuthFailed,
        "Arrearage": OutOfCredit,  # HTTP 400
        "AllocationQuota.FreeTierOnly": OutOfCredit,
        "AccessDenied.Unpurchased": OutOfCredit,
        "Throttling": RateLimited,
        "Throttling.RateQuota": RateLimited,
        "Throttling.BurstRate": RateLimited,
        "Throttling.AllocationQuota": RateLimited,
        "LimitRequests": RateLimited,
    }

    def build_submit(self, request: GenerationRequest, access: Access) -> WireRequest:
        """Asks for one image, in the words of its model's family."""
        wire = self.card(request.model).wire
        params: dict[str, Any] = dict(request.params)
        width, height = params.pop("width", None), params.pop("height", None)
        if width and height:
            params["size"] = f"{width}*{height}"
        elif "size" in params:
            params["size"] = str(params["size"]).replace("x", "*")
        if request.seed is not None:
            params["seed"] = request.seed
        images = [write_data_uri(image) for image in request.references]
        if wire.get("input") == "prompt":
            given: dict[str, Any] = {"prompt": request.prompt} | ({"images": images} if images else {})
            if "negative_prompt" in params:
                given["negative_prompt"] = params.pop("negative_prompt")
        else:
            content = [*({"image": image} for image in images), {"text": request.prompt}]
            given = {"messages": [{"role": "user", "content": content}]}
        headers = self.headers(access)
        if wire.get("later"):
            headers["X-DashScope-Async"] = "enable"
        body = {"model": request.model, "input": given, "parameters": dict(wire.get("set", {})) | params | {"n": 1}}
        url = f"{access.base_url}/services/aigc/{wire['path']}"
        return WireRequest(method="POST", url=url, headers=headers, json_body=body)

    def read_submit(self, answer: WireAnswer, request: GenerationRequest) -> Submitted | Ready:
        """Reads the task, or the image of a model that makes none."""
        body = read_object(answer)
        if body.get("code") and not body.get("output"):
            message, code = str(body.get("message") or ""), str(body["code"])
            raise self.read_failure(message, code, detail=answer.excerpt())
        if isinstance(body.get("output"), Mapping) and "task_id" not in body["output"]:
            return self.read_result(body, RemoteHandle(remote_id=""))
        return super().read_submit(answer, request)

    def status_of(self, body: Mapping[str, Any]) -> str:
        """Returns the task's status."""
        output = body.get("output")
        return super().status_of({"status": output.get("task_status") if isinstance(output, Mapping) else None})

    def read_handle(self, body: Mapping[str, Any]) -> RemoteHandle:
        """Reads the task's id."""
        return RemoteHandle(remote_id=read_text(body, "output", "task_id"))

    def build_poll(self, handle: RemoteHandle, access: Access) -> WireRequest:
        """Asks about the task."""
        return WireRequest(method="GET", url=_task_url(handle, access), headers=self.headers(access))

    def read_result(self, body: Mapping[str, Any], handle: RemoteHandle) -> Ready:
        """Reads the first image: of `choices`, or of `results`, where each may have failed by itself."""
        output = body["output"]
        for result in _listed(output.get("results")):
            if isinstance(result.get("url"), str):
                return Ready(url=result["url"])
            if result.get("code"):
                raise self.read_failure(str(result.get("message") or ""), str(result["code"]), detail=str(body)[:2000])
        for choice in _listed(output.get("choices")):
            message = choice.get("message")
            for part in _listed(message.get("content") if isinstance(message, Mapping) else None):
                if isinstance(part.get("image"), str):
                    return Ready(url=part["image"])
        raise BadResponse("The answer has no image.", detail=str(body)[:2000])

    def read_job_failure(self, body: Mapping[str, Any]) -> ProviderError:
        """Reads the task's own code and words."""
        output, word = body["output"], self.status_of(body)
        message, code = str(output.get("message") or ""), str(output.get("code") or "")
        if word == "UNKNOWN":  # it had taken the task, so it may have made it
            said = "The provider no longer knows the task: it was made and billed, as far as is known, or never ran."
            return Expired(said, next_step="Retry makes, and bills, it anew.", detail=str(body)[:2000])
        return self.read_failure(message or f"the task is {word}", code, detail=str(body)[:2000])

    def build_cancel(self, handle: RemoteHandle, access: Access) -> Sequence[WireRequest]:
        """Takes back a task that still waits; one that runs goes on."""
        url = f"{_task_url(handle, access)}/cancel"
        return (WireRequest(method="POST", url=url, headers=self.headers(access)),)


def _task_url(handle: RemoteHandle, access: Access) -> str:
    return f"{access.base_url}/tasks/{quote(handle.remote_id, safe='')}"


def _listed(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
