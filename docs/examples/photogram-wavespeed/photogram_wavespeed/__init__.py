"""WaveSpeed's image models. Source: wavespeed.ai/docs (submit-task, get-result, error-codes; read 2026-11-23)."""

from collections.abc import Mapping
from typing import Any, ClassVar

from photogram.domain.request import GenerationRequest
from photogram.domain.task import RemoteHandle
from photogram.errors import BadResponse, ProviderError, Refused
from photogram.providers.fields import build_fields
from photogram.providers.protocols import QueueAdapter, read_text
from photogram.providers.wire import Access, Ready, WireRequest


class WaveSpeed(QueueAdapter):
    """Posts to the model's own path, then asks at `data.urls.get` until the image's address is in `data.outputs`."""

    name = "wavespeed"
    base_url = "https://api.wavespeed.ai/api/v3"
    key_variables = ("WAVESPEED_API_KEY",)
    working = frozenset({"created", "processing"})
    succeeded = frozenset({"completed"})
    failed = frozenset({"failed", "cancelled", "timeout"})
    codes: ClassVar[Mapping[str, type[ProviderError]]] = {"1200": Refused}

    def build_key_check(self, access: Access) -> WireRequest:
        """Asks for the balance."""
        return WireRequest(method="GET", url=f"{access.base_url}/balance", headers=self.headers(access))

    def build_submit(self, request: GenerationRequest, access: Access) -> WireRequest:
        """Sends everything under the model's own names, and the size as `width*height`."""
        body = build_fields(request, self.card(request.model).wire)
        body["size"] = f"{body.pop('width')}*{body.pop('height')}"
        url = f"{access.base_url}/{request.model}"
        return WireRequest(method="POST", url=url, headers=self.headers(access), json_body=body)

    def status_of(self, body: Mapping[str, Any]) -> str:
        """Reads the status word, which is inside `data`, as all else is."""
        return super().status_of(read_data(body))

    def read_handle(self, body: Mapping[str, Any]) -> RemoteHandle:
        """Reads the job's id, and where to ask about it."""
        return RemoteHandle(remote_id=read_text(body, "data", "id"), poll_url=read_text(body, "data", "urls", "get"))

    def read_result(self, body: Mapping[str, Any], handle: RemoteHandle) -> Ready:
        """Reads the image's address."""
        match read_data(body).get("outputs"):
            case [str(url), *_]:
                return Ready(url=url)
        raise BadResponse("The job is done, but the answer has no image.", detail=str(body)[:2000])

    def read_job_failure(self, body: Mapping[str, Any]) -> ProviderError:
        """Reads the reason and its code."""
        data = read_data(body)
        return self.read_failure(str(data.get("error") or ""), str(data.get("code")), detail=str(body)[:2000])


def read_data(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns what an answer's envelope holds: `{"code": 200, "message": "success", "data": {…}}`."""
    data = body.get("data")
    return data if isinstance(data, Mapping) else {}
