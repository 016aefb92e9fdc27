"""What the store gives back: rows as plain values, read whole. Nothing here is live."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .asset import Asset
from .task import RemoteHandle, TaskError, TaskStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationRecord:
    """One image of a batch, with its newest task.

    Attributes:
        id: `gen_…`.
        batch_id: `bat_…`.
        idx: Place in the batch, from 0.
        seed: The seed sent, or that the provider says it used; None for a model without seeds.
        status: Status of the newest task.
        task_id: The newest task, `tsk_…`.
        attempts: How many tasks there were.
        created_at: When the newest task was made (UTC, naive, like all times here).
        sent_at: When its submit left, or None.
        finished_at: When it ended, or None.
        progress: 0–1, or None.
        queue_position: Jobs before it at the provider, or None.
        note: Why it waits, or whether it may be billed, for people; or None.
        error: Why it failed, or None.
        asset: The image, or None.
        cost_micros: What all its attempts cost together, in micro-dollars.
        cost_source: reported, computed, estimated, free or unknown.
        starred: Whether the user starred it.
        deleted: Whether it is (softly) deleted.
    """

    id: str
    batch_id: str
    idx: int
    seed: int | None
    status: TaskStatus
    task_id: str
    attempts: int
    created_at: datetime
    sent_at: datetime | None = None
    finished_at: datetime | None = None
    progress: float | None = None
    queue_position: int | None = None
    note: str | None = None
    error: TaskError | None = None
    asset: Asset | None = None
    cost_micros: int = 0
    cost_source: str = "free"
    starred: bool = False
    deleted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRecord:
    """One press of Generate.

    Attributes:
        id: `bat_…`.
        topic_id: `top_…`.
        user_id: Whose it is.
        provider: Short name of the provider.
        model: Model id at the provider.
        prompt: As it was sent.
        params: What the user asked for (not the defaults), JSON values only; `seed` among them if the user gave one.
        n: Images asked for.
        created_at: UTC, naive.
        references: The input images, in order.
        mask: Where the first of them is changed, or None.
        generations: Its images, in order; deleted ones left out.
    """

    id: str
    topic_id: str
    user_id: str
    provider: str
    model: str
    prompt: str
    params: Mapping[str, Any]
    n: int
    created_at: datetime
    references: tuple[Asset, ...] = ()
    mask: Asset | None = None
    generations: tuple[GenerationRecord, ...] = ()

    @property
    def address(self) -> str:
        """`provider:model`."""
        return f"{self.provider}:{self.model}"

    @property
    def finished(self) -> bool:
        """Whether no image of it is pending or processing."""
        return all(generation.status.finished for generation in self.generations)


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicRecord:
    """A named collection of batches.

    Attributes:
        id: `top_…`.
        title: Its name.
        title_source: user, rule or model.
        cover_sha256: The cover image, or None.
        created_at: UTC, naive.
        last_activity_at: UTC, naive.
        batches: How many batches it holds.
        images: How many images (not deleted) it holds.
    """

    id: str
    title: str
    title_source: str
    cover_sha256: str | None
    created_at: datetime
    last_activity_at: datetime
    batches: int = 0
    images: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRecord:
    """What the engine needs to carry one task on.

    Attributes:
        id: `tsk_…`.
        generation_id: Its generation.
        batch_id: Its batch.
        topic_id: Its topic.
        user_id: Whose it is.
        provider: Short name of the provider.
        model: Model id at the provider.
        prompt: As it is sent.
        status: Where it stands.
        attempt: Which attempt at the generation, from 1.
        sends: How often its submit was sent.
        tries: How many of those count against the three it has.
        params: The checked params, complete; what goes out.
        seed: The seed to send, or None.
        references: The input images, in order.
        mask: Where to change the first of them, or None.
        handle: The provider's handle, or None.
        error_kind: Why it failed, or None.
        owner: Id of the process that sent it (`own_…`), or None.
        sent_at: When its submit left, or None.
        hold_micros: What is held for it in the wallet.
    """

    id: str
    generation_id: str
    batch_id: str
    topic_id: str
    user_id: str
    provider: str
    model: str
    prompt: str
    status: TaskStatus
    attempt: int = 1
    sends: int = 0
    tries: int = 0
    params: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    references: tuple[Asset, ...] = ()
    mask: Asset | None = None
    handle: RemoteHandle | None = None
    error_kind: str | None = None
    owner: str | None = None
    sent_at: datetime | None = None
    hold_micros: int = 0

    @property
    def address(self) -> str:
        """`provider:model`."""
        return f"{self.provider}:{self.model}"
