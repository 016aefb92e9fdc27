"""What a view shows of the history: outlines, details by tens, pictures on demand, and what changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..domain.records import GenerationRecord
from ..domain.task import TaskStatus
from ..store.outline import Wanted, list_changes, load_batches, read_outline
from . import said
from .pictures import read_small
from .wire import Json, Reply, write_batch, write_image, write_row

if TYPE_CHECKING:
    from .controller import Controller

DETAILS = 10
"""Batches that come with an outline; more are asked for by as many."""

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
        """Shows another topic, or what a search finds; with `activate` new batches go there from now on."""
        topic_id = said.text(message, "topic") or None
        if message.get("activate"):
            self._studio.active_topic = topic_id
        wanted = Wanted(
            topic_id=topic_id, search=said.text(message, "search"), model=said.text(message, "model"),
            status=said.text(message, "status"), starred=bool(message.get("starred")),
        )  # fmt: skip
        return self.outline(message["view"], wanted, everywhere=bool(message.get("everywhere")), asked=True)

    def outline(self, view: str, wanted: Wanted, *, everywhere: bool = False, asked: bool = False) -> list[Reply]:
        """Lists the batches that are wanted, with the details of the first."""
        outline = self._studio._read(read_outline, self._studio.user, wanted)
        rows = outline.rows if wanted.topic_id or everywhere else []
        first = self._studio._read(load_batches, self._studio.user, [row.id for row in rows[:DETAILS]])
        return [
            Reply({
                "kind": "skeleton", "view": view, "topic": wanted.topic_id, "revision": outline.revision,
                "rows": [write_row(row) for row in rows], "batches": [write_batch(batch) for batch in first],
                "everywhere": everywhere, "asked": asked, **self._controller.say_around(unsent=False),
            })
        ]  # fmt: skip

    def changes(
        self, view: str, topic_id: str | None, since: int, *, everywhere: bool = False
    ) -> tuple[int, list[Reply]]:
        """Returns the newest revision, and what a view has to be told that knows everything up to `since`.

        A view shows the active topic, unless it looks `everywhere`: where that is another one now, it gets its outline.
        """
        if not everywhere and (active := self._controller.find_active()) != topic_id:
            replies = self.outline(view, Wanted(topic_id=active))
            return replies[0].message["revision"], replies
        found = self._studio._read(list_changes, self._studio.user, topic_id, since)
        if found.revision == since:
            return since, []
        message = {
            "kind": "changes", "view": view, "since": since, "revision": found.revision, "topic": topic_id,
            "rows": [write_row(row) for row in found.rows] if topic_id or everywhere else [],
            "batches": [write_batch(batch) for batch in found.batches] if topic_id or everywhere else [],
            "images": [write_image(one) for one in found.images] if topic_id or everywhere else [],
            **self._controller.say_around(unsent=False, since=since),
        }  # fmt: skip
        images = [*found.images, *(image for batch in found.batches for image in batch.generations)]
        return found.revision, [Reply(message), *self._glimpses(view, images)]

    def beat(self, message: Json, _: Sequence[bytes]) -> list[Reply]:
        """Tells a view what it may have missed."""
        topic_id, since = said.text(message, "topic") or None, said.whole(message, "since")
        everywhere = bool(message.get("everywhere"))
        revision, replies = self.changes(message["view"], topic_id, since, everywhere=everywhere)
        if replies:
            return replies
        around = self._controller.say_around(since=since)
        return [Reply({"kind": "beat", "view": message["view"], "revision": revision, **around})]

    def batches(self, message: Json, _: Sequence[bytes]) -> list[Reply]:
        """Sends the details of batches."""
        found = self._studio._read(load_batches, self._studio.user, said.ids(message, "bat", MOST_IDS))
        batches = {"kind": "batches", "view": message["view"], "batches": [write_batch(one) for one in found]}
        images = [image for batch in found for image in batch.generations]
        return [Reply(batches), *self._glimpses(message["view"], images)]

    def _glimpses(self, view: str, images: Sequence[GenerationRecord]) -> list[Reply]:
        """Sends what is seen already of images that are being drawn, by providers that show it."""
        drawn = {one.task_id: one.id for one in images if one.status is TaskStatus.PROCESSING}
        seen = self._studio._engine.glimpses(drawn) if drawn else {}
        ids = [drawn[task_id] for task_id in seen]
        return [Reply({"kind": "glimpses", "view": view, "ids": ids}, list(seen.values()))] if seen else []

    def thumbs(self, message: Json, _: Sequence[bytes]) -> list[Reply]:
        """Sends small pictures."""
        found = read_small(self._studio, said.texts(message, "ids", MOST_IDS), self._controller.form.references)
        thumbs = {"kind": "thumbs", "view": message["view"], "shas": list(found)}
        return [Reply(thumbs, list(found.values()))] if found else []
