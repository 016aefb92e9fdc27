"""One press of Generate: every check first, then one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .. import config
from ..domain.ids import is_id, new_id
from ..domain.records import BatchRecord
from ..domain.secret import Secret
from ..errors import NotFound, PhotogramError
from ..store import ledger
from ..store.batches import NewBatch
from .asking import ACTIVE_TOPIC
from .batch import Batch
from .catalogue import require_access, warn_of_retirement
from .prepare import Quote, hold_for, plan_batch
from .references import (
    check_mask,
    list_references,
    measure_references,
    read_mask,
    read_reference,
    store_references,
)
from .topic import Topic, clean_title
from .waiting import wait_for

if TYPE_CHECKING:
    from .studio import Studio


def press(
    studio: Studio, prompt: str, *, model: str | None, n: int, topic: str | Topic | None, images: Any, dry_run: bool,
    key: Secret | None, params: Mapping[str, Any], batch_id: str | None = None,
) -> Batch | Quote:  # fmt: skip
    """Checks a call, then writes and queues its batch (or, dry, only says what it may cost); see `Studio.generate`.

    With a `batch_id` of the caller's own the same call twice makes one batch: the second returns the first's.
    """
    engine = studio._engine
    card = engine.registry.card(model or config.default_model())
    given = list_references(images)
    mask = params.get("mask")
    params = {name: value for name, value in params.items() if name != "mask"}
    plan = plan_batch(card, prompt, n, given, params, mask=mask)
    key = require_access(engine, studio.user, card, key)
    warn_of_retirement(card, studio._now().date())
    read = [read_reference(engine, one, card, f"Reference {place}") for place, one in enumerate(given, 1)]
    read += [read_mask(engine, mask, card)] if mask is not None else []
    measured = measure_references(read, masked=mask is not None)
    if mask is not None:
        check_mask(card, measured[-1], measured[0], read[-1][0])
    shown = measured[: len(given)]
    if dry_run:
        return Quote.of(card, plan, have_micros=studio._read(ledger.balance, studio.user), references=shown)
    stored = store_references(engine, read, measured)
    topic_id, title = _topic_for(studio, topic)
    batch = NewBatch(
        id=batch_id or new_id("bat"), topic_id=topic_id, new_topic=title is not None, title=title or "",
        provider=card.provider, model=card.model, prompt=plan.prompt, params=plan.requested,
        references=stored[: len(given)], mask=stored[-1] if mask is not None else None,
        tasks=hold_for(card, plan, shown), owner=engine.owner.id, local=card.local, created_at=studio._now(),
        remember_as=ACTIVE_TOPIC if title == "" else "",
    )  # fmt: skip
    if key:
        engine.keys.lend(batch.id, card.provider, key)
    try:
        record = wait_for(engine.generate(studio.user, batch))
    except PhotogramError:
        engine.keys.take_back(batch.id)
        raise
    return Batch(studio, record)


def press_again(studio: Studio, record: BatchRecord, *, n: int | None = None, batch_id: str | None = None) -> Batch:
    """Presses a batch again in its topic: the same model, prompt, references and params, and new seeds.

    Args:
        studio: Whose.
        record: The batch.
        n: How many images; None for as many as it asked for.
        batch_id: The new batch's id, where the caller made one.

    Raises:
        BadParams, UnknownModel, MissingKey, InsufficientCoins, CapExceeded: As of any press.
        StorageFailed: A reference is missing from the workspace.
    """
    assets = [*record.references, *([record.mask] if record.mask else [])]
    kept = [studio._files.read(one.sha256, extension=one.extension, folder="references") for one in assets]
    params = {name: value for name, value in record.params.items() if name != "seed"}
    if record.mask:
        params["mask"] = kept.pop()
    made = press(
        studio, record.prompt, model=record.address, n=record.n if n is None else n,
        topic=Topic(studio, record.topic_id), images=kept or None, dry_run=False, key=None, params=params,
        batch_id=batch_id,
    )  # fmt: skip
    assert isinstance(made, Batch)
    return made


def _topic_for(studio: Studio, topic: str | Topic | None) -> tuple[str, str | None]:
    """Returns the topic's id and, if it is to be made together with the batch, its title ("": from the prompt)."""
    if topic is None:
        active = studio.active_topic
        return (active.id, None) if active else (new_id("top"), "")
    if isinstance(topic, Topic):
        return topic.id, None
    try:
        return studio.topic(topic).id, None
    except NotFound:
        if is_id(topic, "top"):
            raise
        return new_id("top"), clean_title(topic)
