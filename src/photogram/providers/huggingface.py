"""Hugging Face's router: one key for the models of several inference providers.

Source: huggingface_hub@ee0a4510 inference/_providers and hf_api.py, huggingface.js packages/inference, hub-docs#2392
and fal-ai/fal#1043 (what the router says with HTTP 402), read 2026-11-23. Each inference provider is spoken to in its
own protocol below `/<provider>`; a card's `wire` names it (`provider`) and what it calls the model (`path`). Its
answers name its own addresses, which the router has below the same path. Not verified: that the router hands on
Replicate's polls (a prediction is waited for up to a minute first) and fal's header of billed units.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import urlsplit

from ..domain.request import GenerationRequest, ReferenceImage
from ..domain.task import RemoteHandle
from ..errors import BadResponse, OutOfCredit, ProviderError
from .base import RemoteAdapter
from .fal import Fal, tell_job
from .fields import build_fields
from .openai import OpenAI
from .protocols import SyncAdapter, write_path
from .replicate import Replicate
from .together import Together
from .wire import Access, Done, Ready, Submitted, WireAnswer, WireRequest, Working


class HuggingFace(RemoteAdapter):
    """Hands each model to the protocol of its inference provider."""

    name = "huggingface"
    base_url = "https://router.huggingface.co"
    key_variables = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
    key_check = "https://huggingface.co/api/whoami-v2"
    own_hosts = ("huggingface.co",)
    codes: ClassVar[Mapping[str, type[ProviderError]]] = {**Together.codes, **Fal.codes}
    phrases: ClassVar[Mapping[str, type[ProviderError]]] = {
        **Together.phrases, **Replicate.phrases, "not_enough_balance": OutOfCredit,
    }  # fmt: skip

    def protocol(self, model: str) -> RemoteAdapter:
        """Returns what speaks to a model's inference provider."""
        provider = str(self.card(model).wire.get("provider"))
        if provider not in PROTOCOLS:
            raise BadResponse(
                f"The inference provider {provider!r} is not known.",
                next_step=f"Its card's wire names one of {', '.join(PROTOCOLS)}.",
            )
        return PROTOCOLS[provider](name=self.name, base_url=self.base_url, facts=self.facts())

    def build_submit(self, request: GenerationRequest, access: Access) -> WireRequest:
        """Asks for one image."""
        return self.protocol(request.model).build_submit(request, access)

    def read_submit(self, answer: WireAnswer, request: GenerationRequest) -> Submitted | Ready:
        """Reads the image, or the job."""
        return self.protocol(request.model).read_submit(answer, request)

    def build_poll(self, handle: RemoteHandle, access: Access) -> WireRequest:
        """Asks how a job is."""
        return self.protocol(handle.model).build_poll(handle, access)

    def read_poll(self, answer: WireAnswer, handle: RemoteHandle) -> Working | Ready | Done:
        """Reads how a job is."""
        return self.protocol(handle.model).read_poll(answer, handle)

    def build_fetch(self, handle: RemoteHandle, access: Access) -> WireRequest:
        """Asks for the result of a job."""
        return self.protocol(handle.model).build_fetch(handle, access)

    def read_fetch(self, answer: WireAnswer, handle: RemoteHandle) -> Ready:
        """Reads where the image is."""
        return self.protocol(handle.model).read_fetch(answer, handle)

    def build_cancel(self, handle: RemoteHandle, access: Access) -> Sequence[WireRequest]:
        """Asks to stop a job, where the inference provider can."""
        return self.protocol(handle.model).build_cancel(handle, access)

    def read_error(self, answer: WireAnswer) -> ProviderError:
        """Reads an answer that is not 2xx, whoever's words the router hands on."""
        return tell_job(super().read_error(answer), answer)


class OwnModels(SyncAdapter):
    """`hf-inference`: the image's bytes are the answer."""

    def build_submit(self, request: GenerationRequest, access: Access) -> WireRequest:
        """Asks for one image of a model of the hub."""
        wire = self.card(request.model).wire
        fields = build_fields(request, wire)
        body = {"inputs": fields.pop("prompt"), "parameters": fields}
        url = f"{access.base_url}/hf-inference/models/{write_path(name_model(self, request))}"
        headers = self.headers(access) | {"Accept": "image/png"}
        return WireRequest(method="POST", url=url, headers=headers, json_body=body)

    def read_submit(self, answer: WireAnswer, request: GenerationRequest) -> Ready:
        """Reads the bytes; JSON in their place is read as what other providers answer."""
        if answer.headers.get("content-type", "").startswith("image/"):
            return Ready(data=answer.content)
        return super().read_submit(answer, request)


class RoutedFal(Fal):
    """fal's queue; the router knows it by a word in the query."""

    auth = RemoteAdapter.auth

    def build_submit(self, request: GenerationRequest, access: Access) -> WireRequest:
        """Asks for one image."""
        wire = super().build_submit(request, below(access, "fal-ai"))
        return replace(wire, url=f"{wire.url}?_subdomain=queue")

    def read_handle(self, body: Mapping[str, Any]) -> RemoteHandle:
        """Reads the job's addresses, as the router has them."""
        return route(super().read_handle(body), f"{self.base_url}/fal-ai", "?_subdomain=queue")


class RoutedReplicate(Replicate):
    """Replicate's predictions, waited for in the submit; input images travel along."""

    def build_upload(self, image: ReferenceImage, access: Access) -> WireRequest | None:
        """Uploads nothing: the router has no place for files."""
        return None

    def build_submit(self, request: GenerationRequest, access: Access) -> WireRequest:
        """Asks for one image."""
        wire = super().build_submit(request, below(access, "replicate/v1"))
        return replace(wire, headers={**wire.headers, "Prefer": "wait"})

    def read_handle(self, body: Mapping[str, Any]) -> RemoteHandle:
        """Reads the prediction's addresses, as the router has them."""
        return route(super().read_handle(body), f"{self.base_url}/replicate")


class RoutedTogether(Together):
    """Together's generations."""

    def build_submit(self, request: GenerationRequest, access: Access) -> WireRequest:
        """Asks for one image."""
        wire = super().build_submit(request, below(access, "together/v1"))
        return replace(wire, json_body=wire.json_body | {"model": name_model(self, request)})


class RoutedNscale(OpenAI):
    """Nscale's generations, which are OpenAI's of old: the format of the answer is asked for, nothing is streamed."""

    def build_submit(self, request: GenerationRequest, access: Access) -> WireRequest:
        """Asks for one image."""
        body = self.build_body(request) | {"model": name_model(self, request), "response_format": "b64_json"}
        return self.build_post(f"{access.base_url}/nscale/v1/images/generations", body, access)


PROTOCOLS: Mapping[str, type[RemoteAdapter]] = {
    "hf-inference": OwnModels, "fal-ai": RoutedFal, "replicate": RoutedReplicate, "together": RoutedTogether,
    "nscale": RoutedNscale,
}  # fmt: skip
"""What speaks to each inference provider, by the name that the router has for it."""


def name_model(adapter: RemoteAdapter, request: GenerationRequest) -> Any:
    """Returns what an inference provider calls a model."""
    return adapter.card(request.model).wire.get("path", request.model)


def below(access: Access, path: str) -> Access:
    """Returns the access to one inference provider behind the router."""
    return replace(access, base_url=f"{access.base_url}/{path}")


def route(handle: RemoteHandle, place: str, query: str = "") -> RemoteHandle:
    """Returns a handle whose addresses are the router's: it has an inference provider's own below a place of its."""

    def routed(url: str | None) -> str | None:
        return f"{place}{urlsplit(url).path}{query}" if url else None

    return replace(
        handle, poll_url=routed(handle.poll_url), result_url=routed(handle.result_url),
        cancel_url=routed(handle.cancel_url),
    )  # fmt: skip
