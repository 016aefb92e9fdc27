"""What a view shows of the history: outlines, details by tens, pictures on demand, and what changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..domain.records import GenerationRecord
from ..domain.task import TaskStatus
from ..errors import NotFound, NotYours
from ..store.outline import Changes, list_changes, list_used_models, load_batches, open_outline
from . import said
from .pictures import Small, read_small, read_small_of
from .shown import Shown, read_shown
from .wire import Json, Reply, write_batch, write_image, write_row

if TYPE_CHECKING:
    from .controller import Controller

DETAILS = 10
"""Batches that come with an outline; more are asked for by as many."""

FIRST_PICTURES = 12
"""Pictures that come with the first outline, before they are asked for: about a screenful."""

MOST_IDS = 60
"""Ids that one message may ask for."""


class Feed:
    """Answers what views ask about the history.

    Args:
        controller: Whose.
    """

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self._studio = controller.studio

    def look(self, message: Json, _: Sequence[bytes]) -> list[Reply]:
        """Shows another topic, or what a search finds; with `activate` new batches go there from now on.

        Where that topic was deleted meanwhile, it shows the active one.
        """
        shown, since, asked = read_shown(message), said.whole(message, "since"), True
        if message.get("activate"):
            try:
                self._studio.active_topic = shown.topic_id
            except (NotFound, NotYours):
                shown, asked = Shown(topic_id=self._controller.find_active()), False
        return self.outline(message["view"], shown, since=since or None, asked=asked)

    def outline(
        self, view: str, shown: Shown, *, since: int | None = None, asked: bool = False, pictures: int = 0
    ) -> list[Reply]:  # fmt: skip
        """Lists what a view shows, with the details of the first batches.

        Args:
            view: Who is told.
            shown: What it shows.
            since: The revision up to which it knows the topics; None for not at all.
            asked: Whether it asked for it; else it follows.
            pictures: How many of the first pictures come before it.
        """
        outline, first = self._studio._read(open_outline, self._studio.user, shown.wanted(), DETAILS)
        rows, first = ([], []) if shown.is_nothing else (outline.rows, first)
        made = [image for batch in first for image in batch.generations if image.asset][:pictures]
        skeleton = {
            "kind": "skeleton", "view": view, **shown.as_json(), "revision": outline.revision,
            "rows": [write_row(row) for row in rows], "batches": [write_batch(batch) for batch in first],
            "asked": asked, **self._controller.say_around(unsent=False, since=since),
        }  # fmt: skip
        return [*self._pictures(view, made), Reply(skeleton)]

    def changes(self, view: str, shown: Shown, since: int) -> tuple[int, list[Reply]]:
        """Returns the newest revision, and what a view has to be told that knows everything up to `since`.

        A view shows the active topic: where that is another one now, it gets its outline. One that looks everywhere
        stays where it is.
        """
        if (active := self._controller.find_active()) != shown.topic_id:
            if not shown.everywhere:
                replies = self.outline(view, Shown(topic_id=active), since=since)
                return replies[0].message["revision"], replies
            shown = replace(shown, topic_id=active)
        found = self._studio._read(list_changes, self._studio.user, shown.wanted(), since)
        if found.revision == since:
            return since, []
        if shown.is_nothing:
            found = Changes(revision=found.revision)
        message = {
            "kind": "changes", "view": view, "since": since, "revision": found.revision, **shown.as_json(),
            "rows": [write_row(row) for row in found.rows], "batches": [write_batch(one) for one in found.batches],
            "images": [write_image(one) for one in found.images], "others": list(found.others),
            **self._controller.say_around(unsent=False, since=since),
        }  # fmt: skip
        images = [*found.images, *(image for batch in found.batches for image in batch.generations)]
        return found.revision, [Reply(message), *self._glimpses(view, images)]

    def beat(self, message: Json, _: Sequence[bytes]) -> list[Reply]:
        """Tells a view what it may have missed."""
        shown, since = read_shown(message), said.whole(message, "since")
        revision, replies = self.changes(message["view"], shown, since)
        if replies:
            return replies
        around = self._controller.say_around(since=since)
        return [Reply({"kind": "beat", "view": message["view"], **shown.as_json(), "revision": revision, **around})]

    def used(self, message: Json, _: Sequence[bytes]) -> list[Reply]:
        """Lists the models that something was made with, to choose from."""
        models = self._studio._read(list_used_models, self._studio.user)
        return [Reply({"kind": "used", "view": message["view"], "models": models})]

    def batches(self, message: Json, _: Sequence[bytes]) -> list[Reply]:
        """Sends the details of batches, and the small pictures of what the view shows of them (`seen`)."""
        ids = said.ids(message, "bat", MOST_IDS)
        found = self._studio._read(load_batches, self._studio.user, ids)
        written = [write_batch(one) for one in found]
        batches = {"kind": "batches", "view": message["view"], "ids": ids, "batches": written}
        images = [image for batch in found for image in batch.generations]
        seen = said.table(message, "seen")
        made = [image for batch in found for image in _cut(batch.generations, seen.get(batch.id)) if image.asset]
        batches["coming"] = [image.id for image in made[:MOST_IDS]]
        pictures = self._pictures(message["view"], made[:MOST_IDS])
        return [Reply(batches), *pictures, *self._glimpses(message["view"], images)]

    def _pictures(self, view: str, images: Sequence[GenerationRecord]) -> list[Reply]:
        ids = [image.id for image in images]
        return [_write_small(view, ids, read_small_of(self._studio, images))] if images else []

    def _glimpses(self, view: str, images: Sequence[GenerationRecord]) -> list[Reply]:
        """Sends what is seen already of images that are being drawn, by providers that show it."""
        drawn = {one.task_id: one.id for one in images if one.status is TaskStatus.PROCESSING}
        seen = self._studio._engine.glimpses(drawn) if drawn else {}
        ids = [drawn[task_id] for task_id in seen]
        return [Reply({"kind": "glimpses", "view": view, "ids": ids}, list(seen.values()))] if seen else []

    def thumbs(self, message: Json, _: Sequence[bytes]) -> list[Reply]:
        """Sends small pictures, and says which cannot be had."""
        ids = said.texts(message, "ids", MOST_IDS)
        return [_write_small(message["view"], ids, read_small(self._studio, ids, self._controller.form.references))]


def _write_small(view: str, ids: Sequence[str], small: Small) -> Reply:
    unread = {"unread": dict(small.unread)} if small.unread else {}
    thumbs = {"kind": "thumbs", "view": view, "ids": list(ids), "shas": list(small.thumbs), **unread}
    return Reply(thumbs, list(small.thumbs.values()))


def _cut(images: Sequence[GenerationRecord], part: object) -> Sequence[GenerationRecord]:
    """Returns the images from one to before another; none where the page says no such thing."""
    if not isinstance(part, list) or len(part) != 2 or not all(isinstance(one, int) and one >= 0 for one in part):
        return ()
    return images[part[0] : part[1]]
