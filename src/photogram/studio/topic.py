"""A named collection of batches, as a handle."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from ..display.card import render_topic
from ..domain.events import Event, EventKind
from ..domain.params import show
from ..domain.records import TopicRecord
from ..errors import BadParams
from ..store import batches, topics
from .batch import Batch
from .waiting import wait_for

if TYPE_CHECKING:
    import pandas as pd

    from .studio import Studio

MAX_TITLE = 200


class Topic:
    """A named collection of batches. Every attribute reads the row as it is now. Any thread.

    Attributes:
        id: `top_…`.
    """

    def __init__(self, studio: Studio, topic_id: str) -> None:
        self._studio = studio
        self.id = topic_id

    @property
    def record(self) -> TopicRecord:
        """Everything its row says now.

        Raises:
            NotFound: It was deleted.
            NotYours: It is another user's.
        """
        return self._studio._read(topics.get_topic, self._studio.user, self.id)

    @property
    def title(self) -> str:
        """Its name."""
        return self.record.title

    @property
    def images(self) -> int:
        """How many images it holds."""
        return self.record.images

    @property
    def last_activity_at(self) -> datetime:
        """When something was last made in it (UTC, without a zone)."""
        return self.record.last_activity_at

    def batches(self, *, limit: int = 1000) -> list[Batch]:
        """Returns its batches, newest first."""
        user, _ = self._studio.user, self.record
        records = wait_for(self._studio._engine.read(batches.page_batches, user, self.id, limit=limit))
        return [Batch(self._studio, record) for record in records]

    def __iter__(self) -> Iterator[Batch]:
        return iter(self.batches())

    def df(self) -> pd.DataFrame:
        """Returns one row per image, with the columns of the `history` view."""
        return self._studio.df(topic=self)

    def activate(self) -> Topic:
        """Makes it the active topic: `generate` puts new batches there."""
        self._studio.active_topic = self
        return self

    def rename(self, title: str) -> Topic:
        """Gives it another title (1–200 characters).

        Raises:
            BadParams: The title is empty or too long.
        """
        self._studio._write(topics.rename_topic, self._studio.user, self.id, clean_title(title), event=self._event())
        return self

    def suggest_title(self, *, provider: str | None = None) -> str:
        """Asks a text model for a title of at most ten words, in the language of the topic's first prompt.

        The topic is renamed to it, unless a person named the topic. What it cost is in the ledger.

        Args:
            provider: Whose text model: a provider's short name; else one that the topic's images came from, else any
                that has a key.

        Raises:
            MissingKey: No provider with a text model has a key.
            NotFound: The topic has no prompt yet.
            ProviderError: It could not be had; the title is as it was.
        """
        return wait_for(self._studio._engine.suggest_title(self._studio.user, self.id, provider))

    def delete(self) -> int:
        """Deletes it with everything in it (softly), and returns how many images that hid.

        Running work is cancelled first. What was spent stays in the ledger. `undelete()` brings it back for seven days.
        """
        engine, user = self._studio._engine, self._studio.user
        _ = self.record
        wait_for(engine.cancel(wait_for(engine.read(topics.unfinished_of_topic, user, self.id))))
        images = self._studio._write(topics.delete_topic, user, self.id, self._studio._now(), event=self._event())
        wait_for(engine.cancel(wait_for(engine.read(topics.unfinished_of_topic, user, self.id))))  # begun meanwhile
        return images

    def undelete(self) -> Topic:
        """Undoes `delete()`."""
        self._studio._write(topics.restore_topic, self._studio.user, self.id, event=self._event())
        return self

    def _event(self) -> Event:
        return Event(kind=EventKind.TOPIC, user_id=self._studio.user, topic_id=self.id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Topic) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def _repr_html_(self) -> str:
        newest = wait_for(self._studio._engine.read(batches.page_batches, self._studio.user, self.id, limit=5))
        generations = [generation for batch in newest for generation in batch.generations]
        thumbs = self._studio._thumbs(generations, [asset for batch in newest for asset in batch.references])
        return render_topic(self.record, newest, thumbs, now=self._studio._now())

    def __repr__(self) -> str:
        return f"<Topic {self.id}: {self.title!r}>"


def clean_title(title: str) -> str:
    """Returns a title without control characters and double spaces.

    Raises:
        BadParams: It is empty or longer than 200 characters.
    """
    if not isinstance(title, str):
        raise BadParams([f"a title is text, not {show(title)}"])
    cleaned = " ".join("".join(char if char.isprintable() else " " for char in title).split())
    if not cleaned or len(cleaned) > MAX_TITLE:
        raise BadParams([f"a title has 1–{MAX_TITLE} characters, not {len(cleaned)}"])
    return cleaned
