"""Local providers for tests: quick, and as slow, broken or dear as a test wants them."""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Callable

from PIL import Image

from photogram.domain.card import ModelCard
from photogram.domain.params import ParamKind, ParamSpec
from photogram.domain.request import GenerationRequest, MadeImage
from photogram.errors import Refused
from photogram.providers.base import Stopped

SIDE = {"kind": ParamKind.INT, "default": 16, "min": 8, "max": 64, "step": 1, "unit": "px"}


def encode(colour: tuple[int, int, int], size: tuple[int, int], kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, kind)
    return buffer.getvalue()


class Dots:
    """`dots:plain` paints one colour at once, from prompt, seed and references. What stands in its prompt changes that:

    "refuse" fails, "hold" waits for `go` (and can be cancelled), "jpeg" gives a JPEG, "junk" gives no image.
    `dots:bare` takes no seed; `dots:dear` costs a dollar.
    """

    name = "dots"

    def __init__(self) -> None:
        self.go = threading.Event()
        self.started = threading.Event()
        self.runs: list[GenerationRequest] = []

    def cards(self) -> list[ModelCard]:
        params = (
            ParamSpec(name="width", **SIDE), ParamSpec(name="height", **SIDE),
            ParamSpec(name="aspect_ratio", kind=ParamKind.RATIO),
            ParamSpec(name="images", kind=ParamKind.IMAGES, max=2),
        )  # fmt: skip
        seed = ParamSpec(name="seed", kind=ParamKind.INT, min=0, max=2**32 - 1)
        return [
            ModelCard(
                provider=self.name, model=model, title=model, params=(*params, seed) if seeded else params,
                seeded=seeded, local=True, price_micros=price, max_reference_bytes=2_000, concurrency=2,
            )
            for model, seeded, price in (("plain", True, 0), ("bare", False, 0), ("dear", True, 1_000_000))
        ]  # fmt: skip

    def run(
        self, request: GenerationRequest, progress: Callable[[float], None], cancelled: Callable[[], bool]
    ) -> MadeImage:
        self.runs.append(request)
        self.started.set()
        progress(0.5)
        while "hold" in request.prompt and not self.go.wait(0.01):
            if cancelled():
                raise Stopped
        if "refuse" in request.prompt:
            raise Refused("That was declined.")
        if "junk" in request.prompt:
            return MadeImage(data=b"this is no image")
        said = f"{request.prompt}{request.seed}{[one.sha256 for one in request.references]}"
        red, green, blue = hashlib.sha256(said.encode()).digest()[:3]
        size = request.params["width"], request.params["height"]
        kind = "JPEG" if "jpeg" in request.prompt else "PNG"
        return MadeImage(data=encode((red, green, blue), size, kind), seed=request.seed)
