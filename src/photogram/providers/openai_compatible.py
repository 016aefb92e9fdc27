"""Servers of one's own that speak OpenAI's images protocol: vLLM-Omni, SGLang, Xinference, LocalAI, sd.cpp, Aquiles.

No two of them speak it alike. How a server differs stands in its card's `wire` table: `server` names one that is known
here, every other entry is a `Habits` of its own. Source: docs.vllm.ai vllm-omni serving/image_generation_api and
image_edit_api, stable-diffusion.cpp examples/server/api.md (0137f168), LocalAI docs features/image-generation, sglang
multimodal_gen openai/protocol.py and xinference core/restful_api.py (excerpts); read 2026-11-23. Not verified against
running servers: Aquiles, and the reference images of LocalAI and Xinference.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

from ..domain.request import GenerationRequest
from ..errors import BadRequest
from .encoded import write_base64
from .openai import OpenAI
from .wire import Access, Ready, WireAnswer, WireRequest

OPENAI_FIELDS = frozenset({
    "model", "prompt", "n", "size", "quality", "style", "background", "moderation", "output_format",
    "output_compression", "response_format",
})  # fmt: skip
"""What OpenAI's own protocol has; everything else is an extra."""

NOWHERE = ("0.0.0.0", "::")  # noqa: S104  (what servers that listen everywhere call themselves)


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How a server's protocol differs from OpenAI's.

    Attributes:
        response_format: What to ask for so that the image comes in the answer; "" where the server knows no such thing.
        size: What stands between the sides ("x", "*"); "sides" where width and height are two numbers.
        names: What it calls our parameters; a dot leads into a table (`sample_params.sample_steps`).
        extras: Where parameters go that OpenAI does not have: "" beside the others, "prompt" into sd.cpp's block in the
            prompt, or the name of a field that takes them as JSON text.
        negative: What separates the negative prompt from the prompt where it is sent behind it, such as "|"; else "".
        references: How input images are sent: "form", "json" (OpenAI's own), or the name of a field of a generation
            that takes a list of base64 texts.
        image_field: What an input image is called in a form.
        rewrite_result_host: Whether a result's address counts as one on the server itself, whatever host it names.
    """

    response_format: str = "b64_json"
    size: str = "x"
    names: Mapping[str, str] = field(default_factory=lambda: {"steps": "num_inference_steps"})
    extras: str = ""
    negative: str = ""
    references: str = "form"
    image_field: str = "image[]"
    rewrite_result_host: bool = False


SERVERS: Mapping[str, Mapping[str, Any]] = {
    "vllm-omni": {"image_field": "image"},
    "sglang": {},
    "xinference": {"size": "*", "extras": "kwargs", "image_field": "image"},
    "localai": {
        "names": {"steps": "step", "guidance_scale": "cfg_scale"}, "negative": "|", "references": "ref_images",
        "rewrite_result_host": True,
    },
    "sd.cpp": {
        "response_format": "", "extras": "prompt",
        "names": {"steps": "sample_params.sample_steps", "guidance_scale": "sample_params.guidance.txt_cfg"},
    },
    "aquiles": {"image_field": "image", "rewrite_result_host": True},
}  # fmt: skip
"""The habits of servers that are known, by the name that `wire.server` gives; where it gives none, SGLang's, which has
OpenAI's own and a diffusion model's parameters beside them."""


def read_habits(wire: Mapping[str, Any]) -> Habits:
    """Returns the habits that a card's `wire` table states.

    Raises:
        BadRequest: It states what there is not.
    """
    stated = dict(wire)
    server = str(stated.pop("server", "")) or "sglang"
    known = [one.name for one in fields(Habits)]
    unknown = sorted(stated.keys() - {*known}) + ([] if server in SERVERS else [f"server {server}"])
    if unknown:
        raise BadRequest(
            f"The model's wire table has {', '.join(unknown)}, which there is not.",
            next_step=f"It takes {', '.join(known)}, and server, which is one of {', '.join(SERVERS)}.",
        )
    return Habits(**{**SERVERS[server], **stated})


class OpenAICompatible(OpenAI):
    """`POST {base}/images/generations` or `/images/edits`, with a server's own habits; free, the key optional."""

    name = "openai-compatible"
    base_url = ""
    base_url_variables = ()
    key_variables = ("OPENAI_COMPATIBLE_API_KEY",)
    key_required = False

    def habits(self, model: str) -> Habits:
        """Returns how the server of a model differs from OpenAI."""
        return read_habits(self.card(model).wire)

    def streams(self, request: GenerationRequest) -> bool:
        """Tells that none of them sends glimpses."""
        return False

    def build_body(self, request: GenerationRequest) -> dict[str, Any]:
        """Returns what is asked for in the server's words."""
        habits = self.habits(request.model)
        body = super().build_body(request)
        if habits.response_format:
            body["response_format"] = habits.response_format
        if "size" in body and habits.size == "sides":
            body["width"], body["height"] = (int(side) for side in body.pop("size").split("x"))
        elif "size" in body:
            body["size"] = body["size"].replace("x", habits.size)
        negative = body.pop("negative_prompt", "") if habits.negative else ""
        if negative:
            body["prompt"] = f"{body['prompt']}{habits.negative}{negative}"
        extras: dict[str, Any] = {}
        for name in [name for name in body if name not in OPENAI_FIELDS]:
            _place(extras, habits.names.get(name, name), body.pop(name))
        if extras and habits.extras == "prompt":
            body["prompt"] += f" <sd_cpp_extra_args>{json.dumps(extras)}</sd_cpp_extra_args>"
        elif extras and habits.extras:
            body[habits.extras] = json.dumps(extras)
        else:
            body |= extras
        return body

    def build_edit(self, request: GenerationRequest, body: dict[str, Any], access: Access) -> WireRequest:
        """Sends the references as the server wants them."""
        habits = self.habits(request.model)
        if habits.references == "form":
            return self.build_form(request, body, access, habits.image_field)
        if habits.references == "json":
            return super().build_edit(request, body, access)
        if request.mask:
            raise BadRequest("This server takes references beside the prompt, and no mask with them.")
        body[habits.references] = [write_base64(image) for image in request.references]
        return self.build_post(f"{self.root(access)}/images/generations", body, access)

    def read_submit(self, answer: WireAnswer, request: GenerationRequest) -> Ready:
        """Reads the image, or where on the server it is."""
        ready = super().read_submit(answer, request)
        if not ready.url:
            return ready
        try:
            parts = urlsplit(ready.url)
            here = self.habits(request.model).rewrite_result_host or parts.hostname in NOWHERE
        except ValueError:
            return ready  # refused, as no address, when it is fetched
        return replace(ready, url=urlunsplit(("", "", parts.path, parts.query, ""))) if here else ready

    def build_download(self, ready: Ready, access: Access) -> WireRequest:
        """Fetches the image; with the key, if the server has one and is where the image is."""
        request = super().build_download(ready, access)
        url = urljoin(f"{access.base_url}/", request.url)
        return replace(request, url=url, headers=self.headers(access) if access.owns(url) else {})


def _place(tree: dict[str, Any], path: str, value: Any) -> None:
    """Puts a value where a dotted name leads."""
    *above, last = path.split(".")
    for name in above:
        tree = tree.setdefault(name, {})
    tree[last] = value
