"""AI Horde: volunteers' machines, free, without a key; who has an account (and kudos) waits less.

Source: Haidra-Org/AI-Horde at fbd5ed46 (its API models, exceptions and limits; read 2026-11-23). A cheap check may be
asked every second, the full status (which has the images) ten times a minute, so it is asked once, at the end. A
request that nobody takes is forgotten after 20 minutes; the images' addresses work for 30.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, ClassVar
from urllib.parse import quote

from ..domain.request import GenerationRequest
from ..domain.secret import Secret
from ..domain.task import RemoteHandle
from ..errors import BadRequest, BadResponse, ProviderError, RateLimited, Refused, RemoteFailed
from .encoded import read_base64, write_base64
from .protocols import QueueAdapter, read_object, read_seed, read_text
from .wire import Access, Done, Ready, Submitted, WireAnswer, WireRequest, Working

ANONYMOUS = "0000000000"
"""The key of whoever has none; it is public."""

NAMES = {
    "guidance_scale": "cfg_scale", "sampler": "sampler_name", "strength": "denoising_strength",
}  # fmt: skip
"""What the Horde calls a parameter, where it is not our name."""

OUTER = ("nsfw", "slow_workers", "trusted_workers", "allow_downgrade")
"""Parameters that stand beside `params`, not in it."""


class Horde(QueueAdapter):
    """`POST /generate/async`, then `/generate/check`, and `/generate/status` once it is done."""

    name = "horde"
    base_url = "https://aihorde.net/api/v2"
    key_variables = ("AI_HORDE_API_KEY", "HORDE_API_KEY")
    key_check = "find_user"
    key_required = False
    auth = ("apikey", "")
    codes: ClassVar[Mapping[str, type[ProviderError]]] = {
        "CorruptPrompt": Refused,
        "Profanity": Refused,
        "KudosUpfront": BadRequest,  # 403: too large for this account, which another size puts right
        "AnonForbidden": BadRequest,
        "BadClientAgent": BadRequest,
        "BannedClientAgent": BadRequest,
        "NotTrusted": BadRequest,
        "UntrustedUnsafeIP": BadRequest,
        "TimeoutIP": RateLimited,
        "TooManyPrompts": RateLimited,
        "MaintenanceMode": RateLimited,
        "NoValidWorkers": RemoteFailed,
        "RequestNotFound": RemoteFailed,
        "RequestExpired": RemoteFailed,
    }

    def headers(self, access: Access) -> dict[str, str | Secret]:
        """Names the key, or the anonymous one, and who asks."""
        return {"apikey": ANONYMOUS, "Client-Agent": client_agent()} | super().headers(access)

    def build_submit(self, request: GenerationRequest, access: Access) -> WireRequest:
        """Asks for one image; what to leave out follows the prompt after `###`."""
        given = dict(request.params)
        prompt = request.prompt
        if negative := given.pop("negative_prompt", None):
            prompt += f" ### {negative}"
        body: dict[str, Any] = {"prompt": prompt, "models": [request.model], "r2": True}
        body |= {name: given.pop(name) for name in OUTER if name in given}
        if post_processing := given.pop("post_processing", None):
            given["post_processing"] = [post_processing]
        params = {NAMES.get(name, name): value for name, value in given.items()} | {"n": 1}
        if request.seed is not None:
            params["seed"] = str(request.seed)
        for image in request.references[:1]:
            body |= {"source_image": write_base64(image), "source_processing": "img2img"}
        if request.mask:
            body |= {"source_mask": write_base64(request.mask), "source_processing": "inpainting"}
        return self.build_post(f"{access.base_url}/generate/async", body | {"params": params}, access)

    def read_submit(self, answer: WireAnswer, request: GenerationRequest) -> Submitted:
        """Reads the request's id."""
        return Submitted(handle=RemoteHandle(remote_id=read_text(read_object(answer), "id")))

    def build_poll(self, handle: RemoteHandle, access: Access) -> WireRequest:
        """Asks the cheap check."""
        url = f"{access.base_url}/generate/check/{quote(handle.remote_id, safe='')}"
        return WireRequest(method="GET", url=url, headers=self.headers(access))

    def read_poll(self, answer: WireAnswer, handle: RemoteHandle) -> Working | Done:
        """Reads the counts: one image is waiting, in work, or done; a request may also have failed, or be hopeless."""
        body = read_object(answer)
        if body.get("faulted"):
            raise RemoteFailed("The Horde gave up on it after several workers failed.", detail=answer.excerpt())
        if body.get("done") is True:
            return Done()
        if body.get("done") is not False:
            raise BadResponse("The Horde does not say whether it is done.", detail=answer.excerpt())
        if body.get("is_possible") is False:
            raise RemoteFailed(
                "No worker of the Horde can make this now.",
                next_step="Choose another model or a smaller size; or Retry, which asks about this one again for 20 "
                "minutes.", detail=answer.excerpt(),
            )  # fmt: skip
        position = body.get("queue_position")  # 1 is the next one; it counts while the image waits
        waits = bool(body.get("waiting")) and isinstance(position, int)
        return Working(queue_position=max(position - 1, 0) if waits and isinstance(position, int) else None)

    def build_fetch(self, handle: RemoteHandle, access: Access) -> WireRequest:
        """Asks for the full status."""
        return WireRequest(method="GET", url=self._status_url(handle, access), headers=self.headers(access))

    def read_fetch(self, answer: WireAnswer, handle: RemoteHandle) -> Ready:
        """Reads the image's address (or the image itself, where a worker has no storage) and the seed it was made by.

        Raises:
            Refused: A worker's filter took the image away.
            RemoteFailed: There is none.
        """
        images = read_object(answer).get("generations")
        if images == []:
            raise RemoteFailed("The Horde ended the request without an image.", detail=answer.excerpt())
        if not isinstance(images, list) or not isinstance(images[0], Mapping):
            raise BadResponse("The Horde's answer has no images.", detail=answer.excerpt())
        image = images[0]
        if image.get("censored"):
            why = [str(one.get("value") or one.get("ref")) for one in image.get("gen_metadata") or ()
                   if isinstance(one, Mapping) and one.get("type") == "censorship"]  # fmt: skip
            raise self.read_failure(f"the image was censored: {', '.join(why) or 'not safe'}", detail=answer.excerpt(),
                                    otherwise=Refused)  # fmt: skip
        used = read_seed(image.get("seed"))
        data = read_text(image, "img")
        if data.startswith(("https://", "http://")):
            return Ready(url=data, seed=used)
        return Ready(data=read_base64(data), seed=used)

    def build_cancel(self, handle: RemoteHandle, access: Access) -> Sequence[WireRequest]:
        """Takes the request back."""
        return (WireRequest(method="DELETE", url=self._status_url(handle, access), headers=self.headers(access)),)

    def _status_url(self, handle: RemoteHandle, access: Access) -> str:
        return f"{access.base_url}/generate/status/{quote(handle.remote_id, safe='')}"


@cache
def client_agent() -> str:
    """Returns who asks, as the Horde wants to be told: name, version, contact."""
    try:
        installed = version("photogram")
    except PackageNotFoundError:  # run from its source
        installed = "0"
    return f"photogram:{installed}:the Photogram developers"
