"""Follows jobs at their providers until they end, wait for the user, or are forgotten there.

A job that has no result within its deadline is `lost`, with its hold: it may still be made, and billed. It is asked
about now and then, by whoever has the workspace open, for as long as its provider may know it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC
from typing import Any

from ..domain.card import ModelCard
from ..domain.records import TaskRecord
from ..errors import (
    AuthFailed,
    BadResponse,
    DeadlineExceeded,
    Expired,
    OutOfCredit,
    ProviderError,
    Refused,
    RemoteFailed,
)
from ..providers.base import RemoteAdapter
from ..providers.wire import Access, Ready, Working
from ..store.owners import Owner
from ..store.sending import carry_on, release
from .clock import Clock
from .collect import Collector
from .finish import Finisher, bill_of
from .keys import KeyBook, name_key
from .poll import Poller, Polling
from .progress import ProgressBook
from .queue import Queues
from .retry import Action, Phase, decide
from .talk import Talk

KNOWN_S = 24 * 3600.0
"""For so long after its submit a job that missed its deadline is asked about, where its provider does not say how long
it knows it. Retry asks also later."""


class Follower:
    """Asks about jobs. Engine's thread only.

    Attributes:
        poller: Knows when to ask about which.
    """

    def __init__(
        self, *, clock: Clock, owner: Owner, finisher: Finisher, progress: ProgressBook, queues: Queues, keys: KeyBook,
        talk: Talk, collector: Collector, spawn: Callable[[TaskRecord, Coroutine[Any, Any, bool]], None],
        access: Callable[[TaskRecord, RemoteAdapter], Awaitable[Access]],
    ) -> None:  # fmt: skip
        self._clock, self._owner, self._finisher, self._progress = clock, owner, finisher, progress
        self._queues, self._keys, self._talk, self._collector, self._access = queues, keys, talk, collector, access
        self.poller = Poller(clock, lambda polling: spawn(polling.task, self._poll(polling)))

    def follow(self, task: TaskRecord, card: ModelCard, adapter: RemoteAdapter, *, overdue: bool = False) -> None:
        """Starts asking about a task that has a handle.

        Args:
            task: The task.
            card: Its model.
            adapter: Who reads the answers.
            overdue: Whether it missed its deadline already: then it is asked about only now and then.
        """
        assert task.handle
        self.poller.add(
            Polling(
                task=task, card=card, adapter=adapter, handle=task.handle, overdue=overdue,
                deadline_awake_s=self._clock.awake_s() + card.deadline_s,
                known_until_s=known_until_s(task, self._clock),
            )
        )  # fmt: skip

    async def _poll(self, polling: Polling) -> bool:
        """Asks once; returns whether the task is over here (False: it is asked about again)."""
        task, overdue, said = polling.task, polling.overdue, None
        last = not overdue and not polling.waits and self._clock.awake_s() >= polling.deadline_awake_s
        polling.polls, polling.slow_polls = polling.polls + 1, polling.slow_polls + 1
        key = self._keys.name(polling.adapter, task.user_id, task.batch_id)
        try:
            access = await self._access(task, polling.adapter)
            key = name_key(access.key)
            found = await self._talk.poll(task, polling.adapter, access, polling.handle)
        except ProviderError as error:
            self._keys.hide(polling.adapter, error)
            if isinstance(error, Expired) and error.cost_micros is None:  # made, and billed, all the same
                bill = bill_of(task, polling.card, polling.handle.cost_micros, "reported")
                error.cost_micros, error.cost_source = bill
            action = decide(Phase.POLL, error, tries=0, idempotent=True)
            if action is Action.WAIT:
                return await self._wait_for_user(polling, error, key)
            if action is Action.FAIL and overdue and not polling.expired and not _says_the_end(error):
                return True  # it cannot be asked about any more, and nobody knows how it ended: it stays lost
            if action is Action.FAIL:
                raise (polling.expired or error) from error
            found, said = Working(), self._progress.trouble(task.provider, error)
        else:
            self._progress.reached(task.provider)
        if isinstance(found, Ready):
            card = polling.card
            deadline = self._clock.awake_s() + card.deadline_s if overdue else polling.deadline_awake_s
            try:
                await self._collector.collect(task, card, polling.adapter, access, found, deadline)
                return True
            except (AuthFailed, OutOfCredit) as error:
                return await self._wait_for_user(polling, error, key)
            except Expired as error:
                if polling.expired or polling.handle.image_url:
                    raise
                polling.expired, found = error, Working()  # asked, once, for another address
                polling.polls = polling.slow_polls = 0
        if polling.waits and said is None and not await self._go_on(polling):
            return True
        if last:
            await self._give_up(polling)
        elif not polling.overdue and not polling.waits:
            self._progress.note(task, found.progress, found.queue_position, said)
        if polling.overdue and self._clock.now_s() > polling.known_until_s:
            return True
        return self._ask_again(polling)

    def _ask_again(self, polling: Polling) -> bool:
        """Plans the next poll; returns whether there is none."""
        if polling.dropped:
            return not self.poller.has(polling.task.id)  # Retry may ask anew about the same job
        self.poller.add(polling)
        return False

    async def _give_up(self, polling: Polling) -> None:
        """Ends the wait for a job that missed its deadline; that one is lost, and only asked about now and then."""
        task, gone = polling.task, polling.expired
        polling.overdue, polling.slow_polls = True, 1
        self._progress.forget(task.id)
        late = DeadlineExceeded(
            "No result within the deadline. The provider has the job, which may still be made, and billed.",
            next_step="It is asked about now and then. Retry asks at once, and pays only if there is nothing to be "
            "had.", detail=f"job {polling.handle.remote_id}",
        )  # fmt: skip
        await self._finisher.fail(task, gone or late, lost=gone is None)
        self._queues.done(task)

    async def _wait_for_user(self, polling: Polling, error: ProviderError, key: str) -> bool:
        """Says what the user has to do, and lets go: whoever has what is missing may carry the task.

        Its place is free meanwhile, and its deadline does not run.

        Returns:
            Whether it is over here: it has ended, or another process carries it.
        """
        task = polling.task
        self._progress.trouble(task.provider, error)
        if not polling.overdue:
            self._progress.forget(task.id)
            if not await self._finisher.evidence(release, task.id, self._owner.id, say_what_to_do(error)):
                return True
            self._finisher.announce(task)
            if not polling.waits:
                polling.waits, polling.slow_polls = True, 1
                polling.left_s = max(0.0, polling.deadline_awake_s - self._clock.awake_s())
                self._queues.done(task)
            polling.trying = self._keys.name(polling.adapter, task.user_id, task.batch_id) != key
            if polling.trying:  # the user was quicker than the answer
                polling.slow_polls = 0
        return self._ask_again(polling)

    async def _go_on(self, polling: Polling) -> bool:
        """Carries on with a task that waited for the user; returns False if another process does."""
        task = polling.task
        if not await self._finisher.evidence(carry_on, task.id, self._owner.id):
            return False
        polling.waits = polling.trying = False
        polling.deadline_awake_s = self._clock.awake_s() + polling.left_s
        self._queues.hold_place(task)
        self._progress.watch(task)
        self._finisher.announce(task)
        return True


def known_until_s(task: TaskRecord, clock: Clock) -> float:
    """Returns until when a task's provider may know its job, in Unix seconds."""
    if task.handle and task.handle.expires_at is not None:
        return task.handle.expires_at
    return (task.sent_at.replace(tzinfo=UTC).timestamp() if task.sent_at else clock.now_s()) + KNOWN_S


def say_what_to_do(error: ProviderError) -> str:
    """Returns the note of what waits until the user has acted."""
    return f"{error.message} {error.next_step} Then studio.resume() goes on."


def _says_the_end(error: ProviderError) -> bool:
    """Tells whether an error says how a job ended, and not only that it cannot be asked about."""
    said = error.accepted and not isinstance(error, BadResponse)
    return said or isinstance(error, (Expired, Refused, RemoteFailed))
