"""What a batch was made with: back in the form, as code, in a list; and what is known of an image that failed."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..display.words import time_text
from ..domain.card import ModelCard
from ..domain.ids import is_id
from ..domain.size import pixels_of
from ..errors import BadParams, UnknownModel
from ..store.batches import get_generation
from ..store.tasks import newest_task
from ..studio import Batch, Studio
from ..studio.form import Form
from . import said
from .wire import Json

if TYPE_CHECKING:
    from .controller import Controller


def find_batch(studio: Studio, batch_id: str) -> Batch:
    """Returns the batch that a message names.

    Raises:
        BadParams: It names none.
        NotFound, NotYours: There is none, or it is another user's.
    """
    if not is_id(batch_id, "bat"):
        raise BadParams(["the message names no batch"])
    return studio.batch(batch_id)


def reuse(controller: Controller, message: Json) -> Json:
    """Puts a batch's settings into the form: model, prompt, references and every parameter that the user set.

    How many images are made next stays as it is: nobody is to pay for fifty because a batch had fifty.

    Returns:
        What could not be applied: `gone` (the model's address; the form keeps its own), `dropped` (names of
        parameters that the model does not take, or not so), `references` (how many), `mask`.
    """
    studio = controller.studio
    record = find_batch(studio, said.text(message, "batch")).record
    gone = ""
    try:
        card: ModelCard | None = studio._engine.registry.card(record.address)
    except UnknownModel:
        gone = record.address
        card = _current_card(controller)
    there = [
        asset for asset in record.references
        if studio._files.exists(asset.sha256, extension=asset.extension, folder="references")
    ]  # fmt: skip
    images = card.specs.get("images") if card else None
    kept = tuple(asset for asset in there if card and asset.mime in card.reference_mimes)[: _most(images)]
    params = dict(record.params) if card is None else _in_its_words(record.params, card)
    dropped: list[str] = []

    def put_in(form: Form) -> Form:
        made = replace(form, prompt=record.prompt, params=params, references=kept)
        if card:
            made, lost = made.switch(card)
            dropped.extend(lost)
        controller.reused = form, made
        return made

    controller.change(put_in)
    lost = {
        "gone": gone, "dropped": dropped, "references": len(record.references) - len(kept), "mask": bool(record.mask),
    }  # fmt: skip
    return {name: value for name, value in lost.items() if value}


def take_back(controller: Controller, _: Json) -> None:
    """Puts back what the last `reuse` replaced: a prompt may have been half written. What was set since then stays."""
    if controller.reused:
        before, after = controller.reused
        controller.reused = None
        controller.change(lambda form: form.undo(before, after))


def write_code(controller: Controller, message: Json) -> str:
    """Returns a batch as Python code."""
    return find_batch(controller.studio, said.text(message, "batch")).code()


def list_params(controller: Controller, message: Json) -> list[Json]:
    """Returns every parameter that an image was made with, also those that were not set: `name` and `value`.

    Where the model is still known also `kind` and `unit`.
    """
    studio = controller.studio
    task = studio._read(newest_task, studio.user, _image_id(message))
    try:
        specs = studio._engine.registry.card(task.address).specs
    except UnknownModel:
        specs = {}
    known = sorted(task.params.items(), key=lambda item: list(specs).index(item[0]) if item[0] in specs else len(specs))
    return [
        {"name": name, "value": value}
        | ({"kind": str(specs[name].kind), "unit": specs[name].unit} if name in specs else {})
        for name, value in known
    ]


def write_details(controller: Controller, message: Json) -> str:
    """Returns what is known of an image that was not made, for whoever is asked for help. Its prompt is left out."""
    batch = controller.studio._read(get_generation, controller.studio.user, _image_id(message))
    image = batch.generations[0]
    error = image.error
    facts = {
        "task": f"{image.task_id} (attempt {image.attempts})",
        "image": f"{image.id}, number {image.idx + 1} of {batch.id}",
        "model": batch.address,
        "status": f"{image.status} ({error.kind})" if error else str(image.status),
        "message": error.message if error else "",
        "next step": error.next_step if error else "",
        "note": image.note or "",
        "seed": "" if image.seed is None else str(image.seed),
        "created": time_text(image.created_at),
        "sent": time_text(image.sent_at) if image.sent_at else "not sent",
        "ended": time_text(image.finished_at) if image.finished_at else "",
        "software": f"photogram {__version__}, Python {platform.python_version()}, {platform.system()}",
    }
    lines = [f"{name}: {value}" for name, value in facts.items() if value]
    return "\n".join([*lines, *(["", error.detail] if error and error.detail else [])])


def _image_id(message: Json) -> str:
    image_id = said.text(message, "image")
    if not is_id(image_id, "gen"):
        raise BadParams(["the message names no image"])
    return image_id


def _current_card(controller: Controller) -> ModelCard | None:
    try:
        return controller.card
    except UnknownModel:
        return None


def _most(images: Any) -> int:
    return int(images.max or 1) if images else 0


def _in_its_words(params: Mapping[str, Any], card: ModelCard) -> dict[str, Any]:
    """Returns params as the form has them: a size that a cell wrote as one text has two fields there."""
    params = dict(params)
    if "size" in params and "size" not in card.specs and "width" in card.specs and "height" in card.specs:
        sides = pixels_of({"size": "".join(str(params["size"]).split())})
        if sides:
            del params["size"]
            params["width"], params["height"] = sides
    return params
