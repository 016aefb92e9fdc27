"""The two cards of the sketcher."""

from __future__ import annotations

from ...domain.card import ModelCard
from ...domain.params import ParamKind, ParamSpec

STYLES = ("painting", "watercolor", "ink", "poster", "pixel_art", "blueprint")
"""What `scene` can paint like."""


def _side(name: str, text: str) -> ParamSpec:
    return ParamSpec(name=name, kind=ParamKind.INT, default=1024, min=64, max=2048, step=1, unit="px", help=text)


_COMMON = (
    _side("width", "Width of the picture."),
    _side("height", "Height of the picture."),
    ParamSpec(name="aspect_ratio", kind=ParamKind.RATIO, help="Proportion of the picture, such as 16:9."),
    ParamSpec(
        name="quality",
        kind=ParamKind.CHOICE,
        default="standard",
        choices=("standard", "hd"),
        help="hd paints finer, and takes several times as long.",
    ),
    ParamSpec(
        name="seed",
        kind=ParamKind.INT,
        min=0,
        max=2**32 - 1,
        help="The same prompt, params and seed give the same picture, to the byte, on every machine.",
    ),
    ParamSpec(
        name="negative_prompt", kind=ParamKind.TEXT, max=2_000, help="What to leave out, such as boats or clouds."
    ),
    ParamSpec(
        name="strength",
        kind=ParamKind.FLOAT,
        default=0.6,
        min=0,
        max=1,
        step=0.05,
        help="How far to go from the reference images: 0 stays with them, 1 forgets them.",
    ),
    ParamSpec(name="images", kind=ParamKind.IMAGES, max=4, help="Reference images to repaint."),
)

ABSTRACT_STYLES = (
    "auto",
    "flow",
    "gradient",
    "bauhaus",
    "waves",
    "rings",
    "terrazzo",
    "contours",
    "constellations",
    "stripes",
)
"""What `abstract` can compose like."""

_STYLE = ParamSpec(
    name="style",
    kind=ParamKind.CHOICE,
    choices=STYLES,
    help="What it is painted like; where it is not given, a style word in the prompt decides, else painting.",
)

_FORM = ParamSpec(
    name="style",
    kind=ParamKind.CHOICE,
    default="auto",
    choices=ABSTRACT_STYLES,
    help="What kind of print it is; auto goes by the prompt's words, moods and seed.",
)


def _card(model: str, title: str, about: str, params: tuple[ParamSpec, ...]) -> ModelCard:
    return ModelCard(
        provider="sketch",
        model=model,
        title=title,
        about=about,
        params=params,
        seeded=True,
        local=True,
        price_micros=0,
        concurrency=2,
        source="photogram's own code",
        read_on="2026-07-01",
    )


CARDS = (
    _card(
        "scene",
        "Sketch: scene",
        "A procedural sketcher, not a neural model: it paints landscapes and cityscapes from the words it knows, in "
        "English and Portuguese, offline and free.",
        (*_COMMON[:4], _STYLE, *_COMMON[4:]),
    ),
    _card(
        "abstract",
        "Sketch: abstract",
        "A procedural sketcher, not a neural model: it composes abstract pictures from a prompt's moods and colours, "
        "offline and free.",
        (*_COMMON[:4], _FORM, *_COMMON[4:]),
    ),
)
"""The models of the provider."""
