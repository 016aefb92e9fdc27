"""How a model is described in TOML: its params, sizes, prices and limits. `NEW_PROVIDER.md` explains it to people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..domain.asset import TRANSPARENT, WHITE, MaskOffer
from ..domain.card import ModelCard
from ..domain.offer import SizeOffer
from ..domain.params import ParamKind, ParamSpec
from ..domain.price import Price, read_micros
from ..domain.size import PixelBounds

FAULTS = (TypeError, ValueError, KeyError, AttributeError, ArithmeticError)
"""What reading a wrong description raises."""

STANDARD: dict[str, dict[str, Any]] = {
    "seed": {"kind": "int", "min": 0, "max": 2**32 - 1, "help": "The same seed gives the same picture, or nearly."},
    "steps": {"kind": "int", "min": 1, "max": 150, "help": "How many steps; more is slower, and finer up to a point."},
    "guidance_scale": {"kind": "float", "min": 0, "max": 30, "help": "How closely to follow the prompt."},
    "strength": {
        "kind": "float", "min": 0, "max": 1, "step": 0.01, "needs_images": True,
        "help": "How far to go from the reference: 0 stays with it, 1 forgets it.",
    },
    "negative_prompt": {"kind": "text", "max": 10_000, "help": "What to leave out."},
    "quality": {"kind": "choice", "help": "How finely it is made; finer costs more."},
    "style": {"kind": "choice", "help": "What it looks like."},
    "background": {"kind": "choice", "help": "What is behind the subject."},
    "output_format": {"kind": "choice", "help": "Type of the image file."},
}  # fmt: skip
"""Parameters that mean the same everywhere: a model's file states only what differs (`seed = true`: nothing does)."""

_MIMES = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp", "gif": "image/gif"}
_PLAIN = (
    "title", "about", "local", "max_prompt", "deadline_s", "concurrency", "submits_per_minute", "source",
    "successor", "wire",
)  # fmt: skip
_KEYS = frozenset({*_PLAIN, "id", "like", "size", "params", "references", "mask", "price", "read_on", "deprecated_on"})
_TYPES: dict[str, Any] = {
    "title": str, "about": str, "local": bool, "max_prompt": int, "deadline_s": (int, float), "concurrency": int,
    "submits_per_minute": int, "source": str, "successor": str, "wire": Mapping, "params": Mapping,
    "references": Mapping,
}  # fmt: skip
_BOUNDS = {
    "deadline_s": (1, 7 * 86_400),
    "concurrency": (1, 1_000),
    "submits_per_minute": (1, 10**6),
    "max_prompt": (1, 10**6),
}
"""What a limit may be: without one of these a task would wait for ever, or every one fail."""
_BOUND_KEYS = ("min_pixels", "max_pixels", "max_pixels_with_images", "max_ratio")
_SIZE_KEYS = frozenset({*_BOUND_KEYS, "default", "min", "max", "step", "words", "list", "ratios", "resolutions"})
_PRICE_KEYS = frozenset({
    "image", "by", "table", "growth", "first_megapixel", "megapixel", "step_megapixel", "reference",
    "reference_megapixel", "tokens",
})  # fmt: skip


def read_card(entry: Mapping[str, Any], provider: str) -> ModelCard:
    """Reads one model, whole.

    Raises:
        TypeError, ValueError, KeyError, AttributeError, ArithmeticError: It is not described as it should be.
    """
    _only(entry, _KEYS, "a model")
    for name, kind in _TYPES.items():
        if name in entry and (not isinstance(entry[name], kind) or isinstance(entry[name], bool) != (kind is bool)):
            raise TypeError(f"{name} must not be {entry[name]!r}")
        least, most = _BOUNDS.get(name, (0, 0))
        if most and name in entry and not least <= entry[name] <= most:
            raise ValueError(f"{name} must be from {least} to {most}, not {entry[name]!r}")
    if not entry.get("id") or not isinstance(entry["id"], str):
        raise ValueError("id is missing")
    if isinstance(file := entry.get("wire", {}).get("workflow"), str):
        entry = {**entry, "wire": {**entry["wire"], "workflow": _read_workflow(file)}}
    sizes, bounds, side_specs = _read_size(entry.get("size"))
    params = [read_spec(name, facts) for name, facts in entry.get("params", {}).items() if facts is not False]
    card = ModelCard(
        provider=provider, model=entry["id"], title=entry.get("title", entry["id"]),
        params=(*side_specs, *params, *_image_specs(entry)), sizes=sizes, bounds=bounds,
        seeded="seed" in {spec.name for spec in params},
        read_on=str(entry.get("read_on", "")),
        deprecated_on=str(entry["deprecated_on"]) if "deprecated_on" in entry else None,
        **{name: entry[name] for name in _PLAIN if name in entry and name != "title"},
    )  # fmt: skip
    if entry.get("mask"):
        card = replace(card, mask=_read_mask(entry["mask"]))
    references = entry.get("references", {})
    if "types" in references:
        card = replace(card, reference_mimes=frozenset(_MIMES[kind] for kind in references["types"]))
    if "bytes" in references:
        card = replace(card, max_reference_bytes=int(references["bytes"]))
    if "price" in entry:
        price = _read_price(entry["price"])
        flat = price == Price(per_image=price.per_image)
        card = replace(card, price_micros=price.per_image) if flat else replace(card, price=price)
    return card


def _read_workflow(file: str) -> dict[str, Any]:
    """Returns the graph of nodes in a JSON file that a card's `wire.workflow` names, so that it is read once.

    Raises:
        ValueError: There is none.
    """
    try:
        graph = json.loads(Path(file).read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"the workflow {file} cannot be read: {error}") from error
    if isinstance(graph, dict) and isinstance(graph.get("nodes"), list):
        raise ValueError(f"the workflow {file} is as the canvas saves it; export it for the API instead")
    if not isinstance(graph, dict) or not all(
        isinstance(node, dict) and "class_type" in node for node in graph.values()
    ):
        raise ValueError(f"the workflow {file} is no graph of nodes")
    return graph


def read_spec(name: str, facts: Any) -> ParamSpec:
    """Reads one parameter: `true`, or a table of what it states; its kind follows from that where none is named."""
    stated = STANDARD.get(name, {}) | ({} if facts is True else dict(facts))
    if "kind" not in stated:
        default = stated.get("default")
        numbers = [stated.get(part) for part in ("default", "min", "max", "step") if stated.get(part) is not None]
        if "choices" in stated:
            stated["kind"] = "choice"
        elif isinstance(default, bool):
            stated["kind"] = "bool"
        elif numbers and all(isinstance(number, (int, float)) for number in numbers):
            stated["kind"] = "int" if all(isinstance(number, int) for number in numbers) else "float"
        else:
            raise ValueError(f"params.{name} needs a kind, choices or a range")
    if "only" in stated:
        stated["only"] = tuple((other, tuple(values)) for other, values in stated["only"].items())
    stated["kind"] = ParamKind(stated["kind"])
    if stated["kind"] is ParamKind.CHOICE:
        stated["choices"] = tuple(stated.get("choices", ()))
        if not stated["choices"]:
            raise ValueError(f"params.{name} needs its choices")
    return ParamSpec(name=name, **stated)


def _image_specs(entry: Mapping[str, Any]) -> list[ParamSpec]:
    specs = []
    if references := entry.get("references"):
        _only(references, frozenset({"max", "min", "bytes", "types"}), "references")
        specs.append(
            ParamSpec(
                name="images", kind=ParamKind.IMAGES, min=references.get("min", 0), max=references.get("max", 1),
                required=bool(references.get("min")), help="Reference images.",
            )
        )  # fmt: skip
    if entry.get("mask"):
        specs.append(ParamSpec(name="mask", kind=ParamKind.IMAGES, max=1, help="Where to change the reference."))
    return specs


def _read_mask(mask: Any) -> MaskOffer:
    """Reads what a mask must be: `true`, a word that says which parts change, or a table."""
    stated: Mapping[str, Any] = {} if mask is True else {"changes": mask} if isinstance(mask, str) else mask
    _only(stated, frozenset({"changes", "bytes", "types"}), "mask")
    changes = stated.get("changes", "")
    if changes not in (TRANSPARENT, WHITE, ""):
        raise ValueError(f"mask changes must be {TRANSPARENT} or {WHITE}, not {changes!r}")
    mimes = frozenset(_MIMES[kind] for kind in stated.get("types", ()))
    return MaskOffer(changes=changes, max_bytes=stated.get("bytes"), mimes=mimes)


def _read_size(size: Any) -> tuple[SizeOffer | None, PixelBounds | None, list[ParamSpec]]:
    if size is None:
        return None, None, []
    _only(size, _SIZE_KEYS, "size")
    if "list" in size:
        return SizeOffer.of_sizes(tuple(size["list"])), None, []
    if "ratios" in size:
        ratios = size["ratios"]
        ratios = ratios if isinstance(ratios, Mapping) else dict.fromkeys(ratios, "")
        return SizeOffer.of_ratios(ratios, size.get("resolutions")), None, []
    width, _, height = str(size["default"]).partition("x")
    specs = [
        ParamSpec(
            name=name, kind=ParamKind.INT, default=int(side), min=size["min"], max=size["max"],
            step=size.get("step", 1), unit="px", help=f"{name.capitalize()} of the picture.",
        )
        for name, side in (("width", width), ("height", height))
    ]  # fmt: skip
    specs.append(ParamSpec(name="aspect_ratio", kind=ParamKind.RATIO, help="Proportion of the picture, such as 16:9."))
    if words := size.get("words"):
        specs.append(ParamSpec(name="size", kind=ParamKind.CHOICE, choices=tuple(words), help="A size in words."))
    bounds = {name: size[name] for name in _BOUND_KEYS if name in size}
    return None, PixelBounds(**bounds) if bounds else None, specs


def _read_price(price: Any) -> Price:
    """Reads a price in US dollars: a number per image, or a table (see `Price`); tokens are per million."""
    if isinstance(price, (int, float)):
        return Price(per_image=_micros(price))
    _only(price, _PRICE_KEYS, "price")
    if not 0 <= price.get("growth", 0.0) < 1_000:
        raise ValueError(f"a price's growth must be a share from 0 on, not {price['growth']!r}")
    return Price(
        per_image=_micros(price.get("image")), by=tuple(price.get("by", ())),
        table=read_prices(price.get("table", {})), growth=price.get("growth", 0.0),
        first_megapixel=_micros(price.get("first_megapixel")), per_megapixel=_micros(price.get("megapixel")),
        per_step_megapixel=_micros(price.get("step_megapixel")), per_reference=_micros(price.get("reference")) or 0,
        per_reference_megapixel=_micros(price.get("reference_megapixel")) or 0,
        per_token=read_prices(price.get("tokens", {})),
    )  # fmt: skip


def read_prices(prices: Mapping[str, float]) -> dict[str, int]:
    """Returns a table of US dollars in micro-dollars.

    Raises:
        ValueError: One of them is none.
    """
    return {name: _to_micros(usd) for name, usd in prices.items()}


def _micros(usd: float | None) -> int | None:
    return None if usd is None else _to_micros(usd)


def _to_micros(usd: float) -> int:
    micros = read_micros(usd * 1e6)
    if micros is None:
        raise ValueError(f"a price must be a number of US dollars from 0 on, not {usd!r}")
    return micros


def _only(table: Mapping[str, Any], known: frozenset[str], what: str) -> None:
    if unknown := sorted(table.keys() - known):
        raise ValueError(f"{what} has no {', '.join(unknown)}; it has {', '.join(sorted(known))}")
