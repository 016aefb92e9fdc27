"""Together AI: OpenAI's answers to a diffusion model's questions.

Source: docs.together.ai docs/inference/images (parameters, reference-images, overview) and
reference/post-images-generations, together 3.1.1 (types/image_generate_params.py, image_data_b64.py),
huggingface_hub inference/_providers/together.py; read 2026-11-23. The image comes in the answer as `b64_json` when
"base64" is asked for. Not verified: data URIs as reference images, and the words in which a prompt is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ..domain.request import GenerationRequest
from ..errors import AuthFailed, OutOfCredit, ProviderError, Refused
from .encoded import write_data_uri
from .protocols import SyncAdapter
from .wire import Access, WireRequest


class Together(SyncAdapter):
    """`POST /images/generations`, with and without references."""

    name = "together"
    base_url = "https://api.together.ai/v1"
    base_url_variables = ("TOGETHER_BASE_URL",)
    key_variables = ("TOGETHER_API_KEY",)
    key_check = "models"
    own_hosts = ("together.ai", "together.xyz")
    codes: ClassVar[Mapping[str, type[ProviderError]]] = {
        "invalid_api_key": AuthFailed,
        "credit_limit": OutOfCredit,
        "content_policy_violation": Refused,
    }
    phrases: ClassVar[Mapping[str, type[ProviderError]]] = {
        "nsfw": Refused,
        "content policy": Refused,
        "moderation": Refused,
        "safety checker": Refused,
        "credit limit": OutOfCredit,
    }

    def build_submit(self, request: GenerationRequest, access: Access) -> WireRequest:
        """Asks for one image; references travel as data URIs, under the name that the model has for them."""
        body: dict[str, Any] = {
            "model": request.model, "prompt": request.prompt, "n": 1, "response_format": "base64", **request.params
        }  # fmt: skip
        if request.seed is not None:
            body["seed"] = request.seed
        if request.references:
            images = [write_data_uri(image) for image in request.references]
            name = self.card(request.model).wire.get("references", "reference_images")
            body[name] = images[0] if name == "image_url" else images
        return self.build_post(f"{access.base_url}/images/generations", body, access)
