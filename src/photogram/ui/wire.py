"""Rows as the JSON that crosses to the browser. Nothing here reads or decides; empty values are left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias

from ..display.words import size_text
from ..domain.asset import Asset
from ..domain.records import BatchRecord, GenerationRecord, TopicRecord
from ..domain.task import TaskError
from ..errors import BadParams, InsufficientCoins, PhotogramError
from ..store.outline import OutlineRow
from .notes import read_note, write_note

Json: TypeAlias = dict[str, Any]

LONGEST, SHORTEST = 3.0, 0.4
"""Proportions (width / height) of a picture's place in the feed; longer ones are shown inside it."""


MAX_SAFE_INTEGER = 2**53 - 1


@dataclass(frozen=True, slots=True)
class Reply:
    """One message to the browser.

    Attributes:
        message: `{kind, …}`; with `view` it is for that view only.
        buffers: What comes with it as bytes.
    """

    message: Json
    buffers: Sequence[bytes] = field(default=(), repr=False)

    def to(self, view: str) -> Reply:
        """Returns the same for another view."""
        return Reply({**self.message, "view": view}, self.buffers)


def write_row(row: OutlineRow) -> list[Any]:
    """Returns an outline row: [id, images, references, width / height, created in ms, made]."""
    ratio = min(LONGEST, max(SHORTEST, row.size[0] / row.size[1]))
    return [row.id, row.images, row.references, round(ratio, 4), write_time(row.created_at), row.made]


def write_batch(batch: BatchRecord) -> Json:
    """Returns a batch with its images."""
    return {
        "id": batch.id,
        "topic": batch.topic_id,
        "prompt": batch.prompt,
        "model": batch.address,
        "params": write_params(batch.params),
        "n": batch.n,
        "created": write_time(batch.created_at),
        "size": size_text(batch),
        "references": [write_reference(asset) for asset in batch.references],
        "images": [write_image(image) for image in batch.generations],
    }


def write_image(image: GenerationRecord) -> Json:
    """Returns one image of a batch."""
    asset = image.asset
    return _said({
        "id": image.id,
        "batch": image.batch_id,
        "idx": image.idx,
        "seed": exact(image.seed),
        "status": str(image.status),
        "created": write_time(image.created_at),
        "finished": write_time(image.finished_at) if image.finished_at else None,
        "progress": image.progress,
        "queue": image.queue_position,
        "note": write_note(image.note),
        "note_facts": read_note(image.note),
        "error": write_task_error(image.error) if image.error else None,
        "task": image.task_id,
        "attempts": image.attempts,
        "sha": asset.sha256 if asset else None,
        "width": asset.width if asset else None,
        "height": asset.height if asset else None,
        "mime": asset.mime if asset else None,
        "cost_micros": image.cost_micros,
        "cost_source": image.cost_source,
        "starred": image.starred,
        "deleted": True if image.deleted else None,
    })  # fmt: skip


def write_reference(asset: Asset) -> Json:
    """Returns what is shown of an input image."""
    return {"sha": asset.sha256, "width": asset.width, "height": asset.height, "mime": asset.mime}


def write_topic(topic: TopicRecord) -> Json:
    """Returns a topic for the sidebar."""
    return _said({
        "id": topic.id,
        "title": topic.title,
        "by": topic.title_source,
        "cover": topic.cover_sha256,
        "images": topic.images,
        "batches": topic.batches,
        "active_at": write_time(topic.last_activity_at),
    })  # fmt: skip


def write_task_error(error: TaskError) -> Json:
    """Returns why an image failed; the technical detail is asked for when somebody copies it."""
    return {"kind": str(error.kind), "message": error.message, "next_step": error.next_step}


def write_error(error: PhotogramError) -> Json:
    """Returns what the user is told of an exception."""
    said = "; ".join(error.problems) if isinstance(error, BadParams) else error.message
    kind = type(error).__name__
    written = {"kind": kind, "message": said, "next_step": error.next_step, "top_up": False}
    if isinstance(error, InsufficientCoins):
        facts = {"need": error.need_micros / 1000, "have": error.have_micros / 1000}  # coins
        written |= {"top_up": True, "facts": facts}
    return written


def write_time(moment: datetime) -> int:
    """Returns milliseconds since 1970; a naive time is UTC."""
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return round(aware.timestamp() * 1000)


def write_params(params: Mapping[str, Any]) -> Json:
    """Returns what was set."""
    return {name: exact(value) for name, value in params.items()}


def exact(value: Any) -> Any:
    """Returns a whole number that JavaScript would round, such as some providers' seeds, as a text."""
    return str(value) if isinstance(value, int) and abs(value) > MAX_SAFE_INTEGER else value


def _said(values: Mapping[str, Any]) -> Json:
    return {name: value for name, value in values.items() if value is not None}
