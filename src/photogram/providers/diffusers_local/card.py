"""What a pipeline takes, as cards: one for any model, and a few for models whose own defaults are wrong for them."""

from __future__ import annotations

from ...domain.card import ModelCard
from ...domain.params import ParamKind, ParamSpec

NAME = "diffusers"
"""Short name of the provider."""


def _side(name: str, text: str) -> ParamSpec:
    return ParamSpec(name=name, kind=ParamKind.INT, min=64, max=4096, step=8, unit="px", help=text)


def _steps(default: int | None = None) -> ParamSpec:
    return ParamSpec(
        name="steps",
        kind=ParamKind.INT,
        default=default,
        min=1,
        max=1000,
        help="Denoising steps; more take longer. Not given: the pipeline's own number.",
    )


def _guidance(default: float | None = None) -> ParamSpec:
    return ParamSpec(
        name="guidance_scale",
        kind=ParamKind.FLOAT,
        default=default,
        min=0,
        max=50,
        help="How closely to keep to the prompt. Not given: the pipeline's own value.",
    )


_SIZE = (
    _side("width", "Width of the picture. Not given, with height: the model's own size."),
    _side("height", "Height of the picture. Not given, with width: the model's own size."),
    ParamSpec(name="aspect_ratio", kind=ParamKind.RATIO, help="Proportion, such as 16:9, together with one side."),
)
_NEGATIVE = ParamSpec(
    name="negative_prompt", kind=ParamKind.TEXT, max=5_000, help="What to keep away from, where the pipeline can."
)
_SEED = ParamSpec(
    name="seed",
    kind=ParamKind.INT,
    min=0,
    max=2**32 - 1,
    help="The noise to start from: the same on every device. The picture is the same on the same machine and versions.",
)
_IMAGE = (
    ParamSpec(
        name="strength",
        kind=ParamKind.FLOAT,
        min=0,
        max=1,
        help="How far to go from the reference image: 0 stays with it, 1 forgets it.",
    ),
    ParamSpec(name="images", kind=ParamKind.IMAGES, max=1, help="A reference image to repaint."),
)


def _card(model: str, title: str, about: str, params: tuple[ParamSpec, ...], source: str, read_on: str) -> ModelCard:
    return ModelCard(
        provider=NAME,
        model=model,
        title=title,
        about=about,
        params=params,
        seeded=True,
        local=True,
        price_micros=0,
        concurrency=1,
        source=source,
        read_on=read_on,
    )


ANY = _card(
    "*",
    "Any diffusers pipeline",
    "Any text-to-image or image-to-image pipeline, by hub id (org/name) or folder (/path, ~/path, ./path), in this "
    "process on CUDA, MPS or CPU. Its licence is the model's own.",
    (*_SIZE, _steps(), _guidance(), _NEGATIVE, _SEED, *_IMAGE),
    "the signatures of diffusers 0.42.1",
    "2026-11-23",
)

SDXL_TURBO = _card(
    "stabilityai/sdxl-turbo",
    "SDXL Turbo",
    "Pictures of 512 pixels in 1–4 steps, made without guidance and so without a negative prompt. With a reference "
    "image, steps × strength must be at least 1.",
    (*_SIZE, _steps(1), _guidance(0.0), _SEED, *_IMAGE),
    "diffusers' guide to SDXL Turbo",
    "2026-11-23",
)

CARDS = (ANY, SDXL_TURBO)
"""The models of the provider."""
