"""Carrying on with what ended processes left: what was never sent, and what goes on at its providers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from ..domain.records import TaskRecord
from ..errors import NotFound, UnknownModel
from .prepare import Quote
from .waiting import wait_for

if TYPE_CHECKING:
    from .batch import Batch
    from .studio import Studio


def quote_unsent(studio: Studio) -> Quote | None:
    """Returns how many images wait to be sent or discarded, and what they may cost; None where there are none."""
    tasks = wait_for(studio._engine.unsent(studio.user))
    if not tasks:
        return None
    held = sum(task.hold_micros for task in tasks)
    unknown = any(_has_unknown_price(studio, task) for task in tasks)
    source = "unknown" if unknown else "estimated" if held else "free"
    return Quote(n=len(tasks), total_usd=None if unknown and not held else held / 1e6, cost_source=source)


def quote_all_unsent(studio: Studio) -> Quote | None:
    """Returns what `quote_unsent` does, after the whole of what ended processes left was taken over.

    A local image that such a process had begun is unsent again only then: a number that is shown, and pressed, must
    hold it already.
    """
    if quote_unsent(studio) is None:
        return None
    wait_for(studio._engine.adopt(studio.user))
    return quote_unsent(studio)


def _has_unknown_price(studio: Studio, task: TaskRecord) -> bool:
    if task.hold_micros:
        return False
    with suppress(UnknownModel):
        card = studio._engine.registry.card(task.address)
        return card.estimate_micros(task.params, task.references) is None
    return False


def take_stock(studio: Studio, say: Callable[[list[str]], None] = lambda hosts: None) -> None:
    """Takes over what ended processes had sent, so that `unsent` holds all that `resume` would send.

    Args:
        studio: Whose.
        say: Called with the names of other computers, if it must be waited for (30 s at most) whether they still live.
    """
    engine = studio._engine
    if hosts := wait_for(engine.call(engine.presence.doubtful(studio.user))):
        say(hosts)
        wait_for(engine.call(engine.presence.known(studio.user)))
    wait_for(engine.adopt(studio.user))


def pick_up(studio: Studio) -> tuple[list[TaskRecord], list[TaskRecord]]:
    """Sends what was left unsent.

    Returns:
        The tasks that are sent now, and those that this process took over from ended ones since it began: they go on
        at their providers, or have ended meanwhile.
    """
    sent = wait_for(studio._engine.resume(studio.user))
    taken = wait_for(studio._engine.taken_over(studio.user))
    return sent, _without(taken, sent)


def discard(studio: Studio) -> tuple[list[TaskRecord], list[TaskRecord]]:
    """Cancels what was left unsent; returns those tasks, and those taken over, as `pick_up` does."""
    taken = wait_for(studio._engine.taken_over(studio.user))
    gone = wait_for(studio._engine.discard(studio.user))
    return gone, _without(taken, gone)


def carry_on(studio: Studio) -> list[Batch]:
    """Sends all that was left unsent; returns the batches of that, and of what goes on; see `Studio.resume`."""
    take_stock(studio)
    sent, taken = pick_up(studio)
    return batches_of(studio, [*sent, *(task for task in taken if not task.status.finished)])


def discard_all(studio: Studio) -> int:
    """Cancels all that was left unsent; returns how many images."""
    take_stock(studio)
    return len(discard(studio)[0])


def batches_of(studio: Studio, tasks: Iterable[TaskRecord]) -> list[Batch]:
    """Returns the batches of these tasks, each once; deleted ones are left out."""
    batches = []
    for batch_id in dict.fromkeys(task.batch_id for task in tasks):
        with suppress(NotFound):
            batches.append(studio.batch(batch_id))
    return batches


def _without(tasks: Sequence[TaskRecord], others: Sequence[TaskRecord]) -> list[TaskRecord]:
    known = {task.id for task in others}
    return [task for task in tasks if task.id not in known]
