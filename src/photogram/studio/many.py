"""What is done to many images at once: one look at the rows and one commit, however many they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..domain.events import Event, EventKind
from ..errors import NotFound
from ..store import batches as rows
from ..store.outline import load_images
from ..store.picked import keep_present
from ..store.rows import check_known
from .waiting import wait_for

if TYPE_CHECKING:
    from .studio import Studio


def delete_images(studio: Studio, image_ids: Sequence[str]) -> None:
    """Deletes images (softly); what is still being made is cancelled first, and what was deleted already is done.

    Raises:
        NotFound, NotYours: None of them is there, and some never were, or are another user's.
    """
    there = studio._read(keep_present, studio.user, list(image_ids))
    if not there:
        studio._read(check_known, "generations", image_ids, studio.user, "image")
        return
    images = studio._read(load_images, studio.user, there)
    under_way = [one.task_id for one in images if not one.status.finished]
    if under_way:
        wait_for(studio._engine.cancel(under_way))
    studio._write(rows.delete_generations, studio.user, there, studio._now(), event=_event(studio))


def delete_batches(studio: Studio, batch_ids: Sequence[str]) -> None:
    """Deletes batches (softly) with their images; what was deleted already is done.

    Raises:
        NotFound, NotYours: One of them never was, or is another user's.
    """
    for one in batch_ids:
        try:
            studio.batch(one).delete()
        except NotFound:
            studio._read(check_known, "batches", [one], studio.user, "batch")


def delete_topic(studio: Studio, topic_id: str) -> int:
    """Deletes a topic (softly) with everything in it, and returns how many images that hid: none, if it was already.

    Raises:
        NotFound, NotYours: It never was, or is another user's.
    """
    try:
        return studio.topic(topic_id).delete()
    except NotFound:
        studio._read(check_known, "topics", [topic_id], studio.user, "topic")
        return 0


def restore_images(studio: Studio, image_ids: Sequence[str]) -> None:
    """Undoes `delete_images`."""
    studio._write(rows.restore_generations, studio.user, list(image_ids), event=_event(studio))


def star_images(studio: Studio, image_ids: Sequence[str], starred: bool) -> None:
    """Stars those that are there, or takes the stars off.

    Raises:
        NotFound, NotYours: None of them is there, or they are another user's.
    """
    there = _present(studio, image_ids)
    studio._write(rows.star_generations, studio.user, there, starred, event=_event(studio))


def _present(studio: Studio, image_ids: Sequence[str]) -> list[str]:
    """Returns those that are there: one of many may have been deleted elsewhere meanwhile."""
    there = studio._read(keep_present, studio.user, list(image_ids))
    if image_ids and not there:
        _ = studio.generation(image_ids[0])  # says why not
    return there


def _event(studio: Studio) -> Event:
    return Event(kind=EventKind.TASK, user_id=studio.user)
