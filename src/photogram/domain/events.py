"""Events say *that* something changed, never what: whoever cares reads the row again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class EventKind(StrEnum):
    """What kind of row changed."""

    TOPIC = "topic"
    BATCH = "batch"
    TASK = "task"
    WALLET = "wallet"
    FORM = "form"
    STORE = "store"
    """The store's own state, which is everybody's: it takes nothing just now, or does again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something changed and is committed.

    Attributes:
        kind: Which sort of row.
        user_id: Whose row.
        topic_id: The topic it belongs to, where known.
        batch_id: The batch it belongs to, where it has one.
        generation_id: The generation, where it is about one.
        task_id: The task, where it is about one.
    """

    kind: EventKind
    user_id: str = ""
    topic_id: str = ""
    batch_id: str = ""
    generation_id: str = ""
    task_id: str = ""
