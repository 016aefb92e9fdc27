"""What a view shows: a topic or everything, and of it what a search and filters let through."""

from __future__ import annotations

from dataclasses import dataclass

from ..store.outline import Wanted
from . import said
from .wire import Json

STATUSES = {"busy": ("pending", "processing")}
"""A status as the panel names it: the rows' own. Others are named as in the rows."""

LONGEST_SEARCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a view shows. The view says it with every question, so that nothing hangs on what the kernel remembers.

    Attributes:
        topic_id: The topic it is in; new batches go there.
        everywhere: Whether it shows batches of all topics.
        search: Text that the prompt contains.
        model: `provider:model`.
        status: Only images of this status; `busy` is on their way.
        starred: Only starred images.
    """

    topic_id: str | None = None
    everywhere: bool = False
    search: str = ""
    model: str = ""
    status: str = ""
    starred: bool = False

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing to list: no topic, and no look at all of them."""
        return not self.topic_id and not self.everywhere

    def wanted(self) -> Wanted:
        """Returns the rows that it asks for."""
        return Wanted(
            topic_id=None if self.everywhere else self.topic_id, search=self.search, model=self.model,
            statuses=STATUSES.get(self.status, (self.status,)) if self.status else (), starred=self.starred,
        )  # fmt: skip

    def as_json(self) -> Json:
        """Returns it as it crosses; a filter that is off is left out."""
        names = ("everywhere", "search", "model", "status", "starred")
        on = {name: getattr(self, name) for name in names if getattr(self, name)}
        return {"topic": self.topic_id, "filter": on}


def read_shown(message: Json) -> Shown:
    """Returns what a message says is shown."""
    on = said.table(message, "filter")
    return Shown(
        topic_id=said.text(message, "topic") or None, everywhere=on.get("everywhere") is True,
        search=said.text(on, "search")[:LONGEST_SEARCH], model=said.text(on, "model"), status=said.text(on, "status"),
        starred=on.get("starred") is True,
    )  # fmt: skip
