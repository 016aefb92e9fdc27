"""What is done to many images at once: one look at the rows and one commit, however many they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..domain.events import Event, EventKind
from ..store import batches as rows
from ..store.outline import load_images
from ..store.picked import keep_present
from .waiting import wait_for

if TYPE_CHECKING:
    from .studio import Studio


def delete_images(studio: Studio, image_ids: Sequence[str]) -> None:
    """Deletes images (softly) that are there; what is still being made is cancelled first.

    Raises:
        NotFound, NotYours: None of them is there, or they are another user's.
    """
    there = _present(studio, image_ids)
    images = studio._read(load_images, studio.user, there)
    under_way = [one.task_id for one in images if not one.status.finished]
    if under_way:
        wait_for(studio._engine.cancel(under_way))
    studio._write(rows.delete_generations, studio.user, there, studio._now(), event=_event(studio))


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
