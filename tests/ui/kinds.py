"""A local model with every kind of parameter, for tests of the form; and how to put it into a studio."""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Callable
from dataclasses import replace

from PIL import Image

from photogram.domain.card import ModelCard
from photogram.domain.params import ParamKind, ParamSpec
from photogram.domain.request import GenerationRequest, MadeImage
from photogram.errors import Refused
from photogram.providers.base import Stopped
from photogram.studio import Studio

SIDE = {"kind": ParamKind.INT, "default": 64, "min": 16, "max": 256, "step": 16, "unit": "px"}


def encode(colour: tuple[int, int, int], size: tuple[int, int] = (8, 8), kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, kind)
    return buffer.getvalue()


class Kinds:
    """`kinds:all` has every kind of parameter, `kinds:few` another style and one reference, no seed.

    `kinds:dear` costs $2, and takes seeds that JavaScript has no whole numbers for.

    In a prompt "refuse" fails, "hold" waits for `go`.
    """

    name = "kinds"

    def __init__(self) -> None:
        self.go = threading.Event()
        self.runs: list[GenerationRequest] = []

    def cards(self) -> list[ModelCard]:
        size = (
            ParamSpec(name="width", **SIDE), ParamSpec(name="height", **SIDE),
            ParamSpec(name="aspect_ratio", kind=ParamKind.RATIO),
        )  # fmt: skip
        seed = ParamSpec(name="seed", kind=ParamKind.INT, min=0, max=2**32 - 1)
        every = (
            *size,
            ParamSpec(
                name="style", kind=ParamKind.CHOICE, default="plain",
                choices=("plain", "bold", "a_long_name", "and_one_more"),
            ),
            ParamSpec(name="quality", kind=ParamKind.CHOICE, default="standard", choices=("standard", "hd")),
            ParamSpec(name="background", kind=ParamKind.CHOICE, default="opaque", choices=("opaque", "transparent")),
            ParamSpec(name="resolution", kind=ParamKind.CHOICE, choices=("1K", "2K", "4K")),
            ParamSpec(name="output_format", kind=ParamKind.CHOICE, default="png", choices=("png", "jpeg")),
            ParamSpec(
                name="output_compression", kind=ParamKind.INT, min=0, max=100, only=(("output_format", ("jpeg",)),)
            ),
            ParamSpec(name="steps", kind=ParamKind.INT, default=20, min=1, max=50),
            ParamSpec(name="guidance_scale", kind=ParamKind.FLOAT, default=3.5, min=0, max=20, step=0.5),
            ParamSpec(name="strength", kind=ParamKind.FLOAT, default=0.5, min=0, max=1, step=0.05),
            ParamSpec(name="negative_prompt", kind=ParamKind.TEXT, max=2_000),
            ParamSpec(name="sampler", kind=ParamKind.TEXT),
            ParamSpec(name="tiling", kind=ParamKind.BOOL, default=False),
            ParamSpec(name="images", kind=ParamKind.IMAGES, max=3),
            ParamSpec(name="mask", kind=ParamKind.IMAGES, max=1),
            seed,
        )  # fmt: skip
        few = (
            *size, ParamSpec(name="style", kind=ParamKind.CHOICE, choices=("plain", "shiny")),
            ParamSpec(name="images", kind=ParamKind.IMAGES, max=1),
        )  # fmt: skip
        dear = (*(spec for spec in every if spec is not seed), replace(seed, max=2**63 - 1))
        return [
            ModelCard(
                provider=self.name, model=model, title=title, params=params, seeded=model != "few", local=True,
                price_micros=price, max_prompt=500, reference_mimes=frozenset({"image/png", "image/jpeg"}),
            )
            for model, title, params, price in (
                ("all", "Every kind", every, 0), ("few", "A few", few, 0), ("dear", "Dear", dear, 2_000_000)
            )
        ]  # fmt: skip

    def run(
        self, request: GenerationRequest, progress: Callable[[float], None], cancelled: Callable[[], bool]
    ) -> MadeImage:
        self.runs.append(request)
        while "hold" in request.prompt and not self.go.wait(0.01):
            if cancelled():
                raise Stopped
        if "refuse" in request.prompt:
            raise Refused("That was declined.")
        red, green, blue = hashlib.sha256(f"{request.prompt}{request.seed}".encode()).digest()[:3]
        return MadeImage(
            data=encode((red, green, blue), (request.params["width"], request.params["height"])), seed=request.seed
        )


def add_kinds(studio: Studio, kinds: Kinds | None = None) -> Kinds:
    """Adds the models to a studio's engine."""
    kinds = kinds or Kinds()
    studio._engine.registry.add(kinds)
    return kinds
