"""The web API of AUTOMATIC1111, Forge, SD.Next and stable-diffusion.cpp's server, on the user's own machine.

Source: AUTOMATIC1111/stable-diffusion-webui modules/api (read 2026-11-23), stable-diffusion.cpp examples/server/api.md.
One request makes one image and is answered when it is done; meanwhile its progress can be asked for. The server makes
one at a time and knows no job by name: progress and interrupt are of whatever runs, so only one is sent at a time.
The model `loaded` is whatever checkpoint the server has; any other id is a checkpoint's title or file name.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..domain.request import GenerationRequest
from ..domain.secret import Secret
from ..domain.task import RemoteHandle
from ..errors import BadResponse
from .base import RemoteAdapter
from .encoded import read_base64, write_base64
from .fields import build_fields
from .protocols import read_number, read_object, read_seed
from .wire import Access, Ready, WireAnswer, WireRequest, Working

LOADED = "loaded"
"""The model that names none: whatever the server has loaded."""


class A1111(RemoteAdapter):
    """`POST /sdapi/v1/txt2img`, or `/img2img` where there are references."""

    name = "a1111"
    base_url = "http://127.0.0.1:7860"
    base_url_variables = ("A1111_BASE_URL", "SD_WEBUI_URL")
    key_variables = ("A1111_AUTH", "SD_WEBUI_AUTH")
    key_required = False
    cancels_unanswered = True

    def headers(self, access: Access) -> dict[str, str | Secret]:
        """Lets in whom `--api-auth` wants: the key is `user:password`."""
        if access.key is None:
            return {}
        encoded = base64.b64encode(access.key.reveal().encode()).decode()
        return {"Authorization": Secret(encoded).after("Basic ")}

    def build_key_check(self, access: Access) -> WireRequest | None:
        """Lists the checkpoints."""
        return self._ask("GET", "sd-models", access)

    def build_submit(self, request: GenerationRequest, access: Access) -> WireRequest:
        """Asks for one image; white parts of a mask are changed."""
        body = build_fields(request, self.card(request.model).wire, write=write_base64)
        if request.model != LOADED:
            body["override_settings"] = {"sd_model_checkpoint": request.model}
            body["override_settings_restore_afterwards"] = False  # else it is loaded anew for every image
        path = "img2img" if request.references else "txt2img"
        return self._ask("POST", path, access, body | {"batch_size": 1, "n_iter": 1})

    def read_submit(self, answer: WireAnswer, request: GenerationRequest) -> Ready:
        """Reads the first image, and the seed from `info`, which is JSON in a text, or empty (sd.cpp)."""
        body = read_object(answer)
        images = body.get("images")
        if not isinstance(images, list) or not images:
            raise BadResponse("The answer has no image.", detail=answer.excerpt())
        try:
            info = json.loads(body.get("info") or "{}")
        except (TypeError, ValueError):
            info = {}
        seed = read_seed(info.get("seed")) if isinstance(info, Mapping) else None
        return Ready(data=read_base64(images[0]), seed=seed if seed is None or seed >= 0 else None)

    def build_watch(self, request: GenerationRequest, access: Access) -> WireRequest:
        """Asks how far it is."""
        return self._ask("GET", "progress?skip_current_image=true", access)

    def read_watch(self, answer: WireAnswer) -> Working:
        """Reads how far it is; 0 where it has not begun."""
        progress = read_number(read_object(answer).get("progress"))
        return Working(progress=min(progress, 1.0) if progress else None)

    def build_cancel(self, handle: RemoteHandle, access: Access) -> Sequence[WireRequest]:
        """Interrupts what runs."""
        return (self._ask("POST", "interrupt", access, {}),)

    def _ask(self, method: str, path: str, access: Access, body: Any = None) -> WireRequest:
        url = f"{access.base_url}/sdapi/v1/{path}"
        return WireRequest(method=method, url=url, headers=self.headers(access), json_body=body)
