"""What the user asked for, under the names that a model has for it.

A card's `wire` table says what differs: `names = {steps = "num_inference_steps"}`; `values`, how a choice is written
(`values = {output_format = {jpeg = "jpg"}}`); `images` and `mask`, the fields of input images; `set`, what is sent
every time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..domain.request import GenerationRequest, ReferenceImage
from .encoded import write_data_uri


def build_fields(
    request: GenerationRequest, wire: Mapping[str, Any], *, write: Callable[[ReferenceImage], str] = write_data_uri
) -> dict[str, Any]:
    """Returns prompt, parameters, seed and input images as one object.

    Args:
        request: What to make.
        wire: The card's quirks. `images` is written `image` for a field of one image, `images[]` for a list, `image#`
            for `image`, `image_2`, `image_3`…; a list of such for a model of which it is not known which it reads.
        write: How an input image travels that was not uploaded first.
    """
    names, values = wire.get("names", {}), wire.get("values", {})
    fields: dict[str, Any] = {"prompt": request.prompt, **request.params}
    fields |= {name: said[fields[name]] for name, said in values.items() if fields.get(name) in said}
    if request.seed is not None:
        fields["seed"] = request.seed
    fields = {names.get(name, name): value for name, value in fields.items()} | dict(wire.get("set", {}))
    given = [*request.references, *((request.mask,) if request.mask else ())]
    uploads = request.uploads or ("",) * len(given)
    written = [upload or write(image) for upload, image in zip(uploads, given, strict=True)]
    if request.mask:
        fields[wire.get("mask", "mask")] = written.pop()
    return fields | name_images(written, wire.get("images", "images[]"))


def name_images(images: Sequence[str], place: str | Sequence[str]) -> dict[str, Any]:
    """Returns input images under their fields' names (see `build_fields`); none for no images."""
    if not images:
        return {}
    if not isinstance(place, str):
        return {name: value for one in place for name, value in name_images(images, one).items()}
    if place.endswith("[]"):
        return {place[:-2]: list(images)}
    if place.endswith("#"):
        return {place[:-1] + (f"_{number}" if number > 1 else ""): one for number, one in enumerate(images, 1)}
    return {place: images[0]}


def read_words(said: Any, depth: int = 0) -> list[str]:
    """Returns every text in what a provider says somewhere in its own shape, such as the reasons of a refusal."""
    if isinstance(said, str):
        return [said] if said.strip() else []
    if depth > 4 or not isinstance(said, (Mapping, list)):
        return []
    inside = said.values() if isinstance(said, Mapping) else said
    return [word for one in inside for word in read_words(one, depth + 1)]
