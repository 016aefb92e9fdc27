"""What dead processes left behind.

What was sent with a handle is polled on. What was sent without one is lost, unless it ran here or sending it twice is
harmless. What was never sent stays `pending` and waits for `resume()`: a kernel that starts again must not send
yesterday's pictures beside today's.
"""

from __future__ import annotations

import asyncio
import logging
import math
from contextlib import suppress
from dataclasses import replace

from ..domain.records import TaskRecord
from ..domain.task import RemoteHandle, TaskStatus
from ..errors import Lost, PhotogramError, UnknownModel, UnknownProvider
from ..providers.base import LocalProvider
from ..providers.registry import Registry
from ..store import Store
from ..store import tasks as task_rows
from ..store.owners import Owner
from ..store.sending import adopt, reopen, send_again_later
from ..store.stopping import discard_pending
from .cancel import is_starved
from .clock import Clock
from .finish import Finisher
from .follow import known_until_s
from .run import Runner

log = logging.getLogger("photogram")

LOOK_EVERY_S = 10.0

ASKED_AGAIN = frozenset(
    {"deadline", "unreachable", "rate_limited", "bad_response", "auth", "lost", "internal", "storage"}
)
"""Kinds of errors after which the job may still be running, or done, at the provider."""


class Resumer:
    """Looks for orphans, at start and from time to time. Engine's thread only."""

    def __init__(
        self, store: Store, registry: Registry, owner: Owner, clock: Clock, runner: Runner, finisher: Finisher
    ) -> None:
        self._store, self._registry, self._owner, self._clock = store, registry, owner, clock
        self._runner, self._finisher = runner, finisher
        self._users: set[str] = set()
        self._taken: dict[str, None] = {}
        self._adopting = asyncio.Lock()

    async def watch(self) -> None:
        """Adopts orphans now and then, for ever. Costs nothing while nobody died, or wrote: the files say so."""
        seen = self._store.foreign_writes()
        while True:
            await self._clock.sleep(LOOK_EVERY_S)
            try:
                now = self._store.foreign_writes()
                if self._owner.dead() or (now != seen and not await is_starved()):  # one may have been released
                    for user_id in sorted(self._users):
                        await self.adopt(user_id)
                    seen = now
            except PhotogramError:
                continue  # a busy store: the next look will do
            except Exception:  # an edge: whatever it was, orphans are to be looked for again
                log.exception("looking for what dead processes left failed")

    async def adopt(self, user_id: str) -> None:
        """Takes over what this user's dead processes had already sent."""
        self._users.add(user_id)
        async with self._adopting:
            await self._adopt(user_id)

    async def _adopt(self, user_id: str) -> None:
        dead = set(self._owner.dead())
        tasks = await asyncio.wrap_future(self._store.read(task_rows.unfinished_tasks, user_id))
        poller = self._runner.remote.follower.poller
        sent = [task for task in tasks if task.sent_at and task.status is TaskStatus.PROCESSING]
        late = await asyncio.wrap_future(self._store.read(task_rows.late_tasks, user_id))
        dead |= {task.owner for task in sent if task.owner and self._owner.is_dead(task.owner)}  # its lock may be gone
        handles = {task_id: handle for owner_id in dead for task_id, handle in self._owner.handles_of(owner_id)}
        for task in sent:
            if task.owner in dead or (task.owner is None and not poller.has(task.id)):
                await self._take_over(task, handles)
        for task in late:
            known = known_until_s(task, self._clock) > self._clock.now_s()
            if known and not poller.has(task.id) and self._owner.is_dead(task.owner):
                await self._ask_now_and_then(task)
        left = {task.owner for task in tasks if task.status is TaskStatus.PENDING}
        for owner_id in sorted(dead):
            if owner_id not in left and not await self._others_need(owner_id, user_id):
                self._owner.forget(owner_id)

    async def _others_need(self, owner_id: str, user_id: str) -> bool:
        """Tells whether another user of this workspace still has something of that process."""
        return bool(await asyncio.wrap_future(self._store.read(task_rows.others_of_owner, owner_id, user_id)))

    async def _take_over(self, task: TaskRecord, handles: dict[str, RemoteHandle]) -> None:
        handle = task.handle or handles.get(task.id)
        if not await asyncio.wrap_future(self._store.write(adopt, task.id, task.owner, self._owner.id, handle)):
            return
        self._taken[task.id] = None
        try:
            provider, card = self._registry.provider(task.provider), self._registry.card(task.address)
        except UnknownModel as error:
            await self._finisher.fail(task, Lost(f"{error.message} It was sent by a process that is gone."))
            return
        if isinstance(provider, LocalProvider) or (handle is None and provider.idempotent):
            await self._finisher.evidence(send_again_later, task.id)
            self._finisher.announce(task)
        elif handle is not None:
            self._runner.poll_on(replace(task, handle=handle), card, provider)
        else:
            lost = Lost(
                "The process that sent this is gone, and nobody knows whether it was made. It may have been billed."
            )
            await self._finisher.fail(task, lost)

    async def _ask_now_and_then(self, task: TaskRecord) -> None:
        """Asks on about a lost task, for as long as its provider may know the job: what comes late is taken."""
        with suppress(UnknownModel):
            provider, card = self._registry.provider(task.provider), self._registry.card(task.address)
            if isinstance(provider, LocalProvider):
                return
            taking = self._store.write(adopt, task.id, task.owner, self._owner.id, status=TaskStatus.LOST)
            if await asyncio.wrap_future(taking):
                self._runner.remote.follower.follow(task, card, provider, overdue=True)

    async def ask_again(self, task: TaskRecord) -> bool:
        """Asks once more about an ended task whose handle we have; returns whether that was possible.

        A job that the provider itself ended (refused, failed) is not asked about: it would say the same.
        """
        if task.handle is None or task.error_kind not in ASKED_AGAIN:
            return False
        provider, card = self._registry.provider(task.provider), self._registry.card(task.address)
        if isinstance(provider, LocalProvider) or (task.handle.expires_at or math.inf) < self._clock.now_s():
            return False
        if not await asyncio.wrap_future(self._store.write(reopen, task.id, self._owner.id)):
            return False
        self._runner.remote.follower.poller.drop(task.id)
        self._finisher.announce(task)
        self._runner.poll_on(task, card, provider)
        return True

    async def unsent(self, user_id: str) -> list[TaskRecord]:
        """Returns the user's pending tasks that no living process will send by itself."""
        tasks = await asyncio.wrap_future(self._store.read(task_rows.unfinished_tasks, user_id))
        pending = [task for task in tasks if task.status is TaskStatus.PENDING and not self._runner.queues.has(task.id)]
        dead = {owner for owner in {task.owner for task in pending} if self._owner.is_dead(owner)}
        return [task for task in pending if task.owner in dead or task.owner == self._owner.id]

    async def discard(self, user_id: str) -> list[TaskRecord]:
        """Cancels what dead processes left unsent, and returns those tasks."""
        tasks = await self.unsent(user_id)
        ids = [task.id for task in tasks]
        gone = await asyncio.wrap_future(self._store.write(discard_pending, user_id, ids, self._clock.now()))
        discarded = [task for task in tasks if task.id in gone]
        for task in discarded:
            self._finisher.announce(task)
        return discarded

    async def taken_over(self, user_id: str) -> list[TaskRecord]:
        """Returns what this process took over from dead ones, also what has ended since."""
        await self.adopt(user_id)
        tasks = await asyncio.wrap_future(self._store.read(task_rows.load_tasks, list(self._taken)))
        return [task for task in tasks if task.user_id == user_id]

    async def resume(self, user_id: str) -> list[TaskRecord]:
        """Sends what dead processes left unsent, and what waits here until the user has acted; returns those tasks.

        What can be sent no more, because what added its model is gone, ends.
        """
        await self.adopt(user_id)
        tasks = await self.unsent(user_id)
        waited = await self._runner.remote.go_on()
        self._runner.queues.push(*[task for task in tasks if not await self._end_unknown(task)])
        return [*(task for task in waited if task.user_id == user_id), *tasks]

    async def _end_unknown(self, task: TaskRecord) -> bool:
        """Ends an unsent task whose provider or model is gone; returns whether it is."""
        try:
            self._registry.card(task.address)
        except UnknownModel as error:
            await self._finisher.fail(task, UnknownProvider(f"{error.message} It was not sent."))
            return True
        return False
