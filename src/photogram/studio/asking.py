"""Topics made, found and chosen, and the history read: what `Studio` is asked, carried out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..domain.events import Event, EventKind
from ..domain.ids import is_id, new_id
from ..domain.params import show
from ..errors import BadParams, NotFound
from ..store import history, settings, topics
from .prepare import check_filters, check_seconds
from .topic import Topic, clean_title

if TYPE_CHECKING:
    import pandas as pd

    from .studio import Studio

ACTIVE_TOPIC = "active_topic"
"""The setting that keeps the active topic's id."""


def make_topic(studio: Studio, title: str | None) -> Topic:
    """Makes a topic; without a title its first prompt names it."""
    topic_id, source = new_id("top"), "rule" if title is None else "user"
    name = "New topic" if title is None else clean_title(title)
    event = Event(kind=EventKind.TOPIC, user_id=studio.user, topic_id=topic_id)
    studio._write(topics.create_topic, studio.user, topic_id, name, source, studio._now(), event=event)
    return Topic(studio, topic_id)


def find_topic(studio: Studio, topic: Topic | str) -> Topic:
    """Returns a topic that is there and this user's; see `Studio.topic`."""
    title_or_id = topic.id if isinstance(topic, Topic) else topic
    if not isinstance(title_or_id, str):
        raise BadParams([f"a topic is named by its title or id, not {show(title_or_id)}"])
    if is_id(title_or_id, "top"):
        return Topic(studio, studio._read(topics.check_topic, studio.user, title_or_id))
    found = studio._read(topics.find_topic, studio.user, title_or_id)
    if found is None:
        raise NotFound(f"There is no topic {title_or_id!r}.", next_step="studio.topics() lists them.")
    return Topic(studio, found)


def find_active_topic(studio: Studio) -> Topic | None:
    """Returns the topic where `generate` puts new batches, or None; one that was deleted is none."""
    topic_id = studio._read(topics.find_remembered_topic, studio.user, ACTIVE_TOPIC)
    return Topic(studio, topic_id) if topic_id else None


def choose_active_topic(studio: Studio, topic: Topic | str | None) -> None:
    """Settles where `generate` puts new batches."""
    topic_id = None if topic is None else find_topic(studio, topic).id
    event = Event(kind=EventKind.TOPIC, user_id=studio.user, topic_id=topic_id or "")
    studio._write(settings.set_setting, studio.user, ACTIVE_TOPIC, topic_id, event=event)


def read_history(studio: Studio, *, topic: Topic | str | None, **filters: Any) -> pd.DataFrame:
    """Returns one row per image; see `Studio.df`."""
    check_filters(**filters)
    topic_id = None if topic is None else find_topic(studio, topic).id
    return read_frame(studio, history.list_history, str(studio.workspace), topic_id=topic_id, **filters)


def read_frame(studio: Studio, op: Callable[..., pd.DataFrame], *args: Any, **options: Any) -> pd.DataFrame:
    """Runs a reading operation of this user that gives a DataFrame."""
    import pandas as pd  # noqa: F401  half a second, once: not while we hold the turn, nor where an exit waits for us

    return studio._read(op, studio.user, *args, **options)


def run_query(
    studio: Studio, query: str, parameters: Sequence[Any] | Mapping[str, Any] | None, time_limit_s: float
) -> pd.DataFrame:
    """Runs one SELECT; see `Studio.sql`. An interrupt of the waiting thread stops the query."""
    limit_s = check_seconds("time_limit_s", time_limit_s, above_zero=True)
    if limit_s is None:
        raise BadParams(["time_limit_s must be a number of seconds, not None"])
    pending = studio._engine.store.query(query, parameters, user_id=studio.user, time_limit_s=limit_s)
    try:
        return pending.result()
    except KeyboardInterrupt:
        pending.interrupt()
        raise
