"""OpenAI's image models: generations and edits, streamed so that the picture shows while it forms.

Source: openai-python 3.54.0 (types/image_generate_params.py, image_edit_params.py, images_response.py) and
openai-openapi, read 2026-11-23. There is no job id and no cancel: a closed connection is billed all the same, and a
submit in doubt is `lost`. Azure and self-hosted servers speak the same protocol with other habits: see `azure.py` and
`openai_compatible.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ..domain.asset import EXTENSIONS
from ..domain.price import Price
from ..domain.request import GenerationRequest, ReferenceImage
from ..domain.size import pixels_of
from ..errors import AuthFailed, BadResponse, OutOfCredit, ProviderError, Refused
from .encoded import read_base64, write_data_uri
from .protocols import SyncAdapter
from .wire import Access, Partial, Ready, WireAnswer, WireRequest

OPENAI_CODES: Mapping[str, type[ProviderError]] = {
    "moderation_blocked": Refused,
    "content_policy_violation": Refused,
    "insufficient_quota": OutOfCredit,
    "billing_hard_limit_reached": OutOfCredit,
    "invalid_api_key": AuthFailed,
}
"""Codes of OpenAI's errors that its HTTP status does not tell apart; shared by those that speak its protocol."""

PARTIAL_IMAGES = 2
"""Glimpses asked for while an image forms."""

GLIMPSED_PIXELS = 4_194_304
"""Pixels of the largest image of which there are glimpses: each is as large as the image, and comes before it."""

NOT_STREAMED = ("gif", "svg")
"""Formats of which there are no glimpses."""


class OpenAI(SyncAdapter):
    """`POST /images/generations`, or `/images/edits` where there are references."""

    name = "openai"
    base_url = "https://api.openai.com/v1"
    base_url_variables: tuple[str, ...] = ("OPENAI_BASE_URL",)
    key_variables: tuple[str, ...] = ("OPENAI_API_KEY",)
    key_check = "models"
    codes: ClassVar[Mapping[str, type[ProviderError]]] = OPENAI_CODES

    def streams(self, request: GenerationRequest) -> bool:
        """Tells whether glimpses of this image are to be sent while it forms."""
        width, height = pixels_of(request.params) or (0, 0)
        return request.params.get("output_format") not in NOT_STREAMED and width * height <= GLIMPSED_PIXELS

    def build_submit(self, request: GenerationRequest, access: Access) -> WireRequest:
        """Asks for one image."""
        body = self.build_body(request)
        if self.streams(request):
            body |= {"stream": True, "partial_images": PARTIAL_IMAGES}
        if request.references:
            return self.build_edit(request, body, access)
        return self.build_post(f"{self.root(access)}/images/generations", body, access)

    def build_edit(self, request: GenerationRequest, body: dict[str, Any], access: Access) -> WireRequest:
        """Asks for a change of the references, which travel as data URIs in JSON."""
        body["images"] = [{"image_url": write_data_uri(image)} for image in request.references]
        if request.mask:
            body["mask"] = {"image_url": write_data_uri(request.mask)}
        return self.build_post(f"{self.root(access)}/images/edits", body, access)

    def build_form(
        self, request: GenerationRequest, body: Mapping[str, Any], access: Access, image_field: str = "image[]"
    ) -> WireRequest:
        """Asks for the same by a multipart form, as those do that read no JSON there."""
        url = f"{self.root(access)}/images/edits"
        return WireRequest(
            method="POST", url=url, headers=self.headers(access), fields=write_form(body),
            files=write_files(request, image_field),
        )  # fmt: skip

    def build_body(self, request: GenerationRequest) -> dict[str, Any]:
        """Returns what is asked for, without input images."""
        params = dict(request.params)
        width, height = params.pop("width", None), params.pop("height", None)
        model, effort = params.pop("svg_model", None), params.pop("svg_effort", None)
        body = {"model": request.model, "prompt": request.prompt, "n": 1} | params
        if request.seed is not None:  # OpenAI's own models have none; one of a gateway may
            body["seed"] = request.seed
        if width and height:
            body["size"] = f"{width}x{height}"
        if model:
            body["svg"] = {"model": model} | ({"reasoning": {"effort": effort}} if effort else {})
        return body

    def read_event(self, event: Mapping[str, Any]) -> Partial | None:
        """Reads a glimpse, `image_generation.partial_image` or `image_edit.partial_image`."""
        if not str(event.get("type", "")).endswith(".partial_image"):
            return None
        index = event.get("partial_image_index")
        progress = (index + 1) / (PARTIAL_IMAGES + 1) if isinstance(index, int) else None
        return Partial(preview=read_base64(event.get("b64_json")), progress=progress)

    def read_submit(self, answer: WireAnswer, request: GenerationRequest) -> Ready:
        """Reads the answer, or a stream's last event; one that is only a glimpse is the end of a broken stream."""
        if b".partial_image" in answer.content[:500]:
            raise BadResponse("The stream ended before the image was done.", detail=answer.excerpt())
        return super().read_submit(answer, request)

    def read_cost(self, body: Mapping[str, Any], request: GenerationRequest) -> tuple[int | None, str]:
        """Computes the cost from the tokens that were counted; not that of an SVG, whose author's price is unknown."""
        if body.get("svg_usage"):
            return None, "computed"
        price = self.card(request.model).price or Price()
        return price.of_tokens(count_tokens(body.get("usage"))), "computed"


def write_form(body: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Returns a body's values as fields of a multipart form."""
    return tuple((name, str(value).lower() if isinstance(value, bool) else str(value)) for name, value in body.items())


def write_files(request: GenerationRequest, image_field: str) -> tuple[tuple[str, tuple[str, bytes, str]], ...]:
    """Returns the input images as files of a multipart form, the mask last.

    Args:
        request: What is asked for.
        image_field: What each reference is called; the mask is `mask`.
    """

    def write(name: str, image: ReferenceImage) -> tuple[str, bytes, str]:
        return f"{name}.{EXTENSIONS.get(image.mime, 'png')}", image.data, image.mime

    files = [(image_field, write(f"image{place}", image)) for place, image in enumerate(request.references, 1)]
    return (*files, *([("mask", write("mask", request.mask))] if request.mask else []))


def count_tokens(usage: Any) -> dict[str, int]:
    """Returns the tokens by kind of OpenAI's `usage`: text_in, text_cached, image_in, image_cached, image_out.

    None at all where the image's own are not counted: what is left would pass for the whole cost.
    """
    details = _within(usage, "input_tokens_details")
    cached = _within(details, "cached_tokens_details")
    counted = {"image_out": _count(usage, "output_tokens")}
    if not counted["image_out"]:
        return {}
    for kind in ("text", "image"):
        from_cache = _count(cached, f"{kind}_tokens")
        counted |= {f"{kind}_in": _count(details, f"{kind}_tokens") - from_cache, f"{kind}_cached": from_cache}
    if not details:
        counted["image_in"] = _count(usage, "input_tokens")  # the dearer kind: rather booked too high than too low
    return {kind: tokens for kind, tokens in counted.items() if tokens > 0}


def _within(table: Any, name: str) -> Mapping[str, Any]:
    found = table.get(name) if isinstance(table, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _count(table: Any, name: str) -> int:
    value = table.get(name) if isinstance(table, Mapping) else None
    return value if isinstance(value, int) and value > 0 else 0
