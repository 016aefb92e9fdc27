"""The talk with the views of one panel: who sees what, what each knows already, and one sender."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import partial
from time import monotonic
from typing import Any

from ..domain.events import Event, EventKind
from ..engine.engine import Engine
from ..engine.workers import Workers
from ..errors import PhotogramError, StorageFailed, StoreBusy, StoreClosed, StoreForked
from .actions import ACTIONS
from .controller import Controller
from .lanes import close_lanes, open_lanes
from .shown import Shown, read_shown
from .wire import Json, Reply, write_error

log = logging.getLogger("photogram")

PAUSE_S = 0.1
"""Changes are told ten times a second at most: above 1,000 messages a second Jupyter drops them silently."""

LOOK_S = 1.0
"""How often is looked for what other processes wrote, while a view is open."""

HELD_S = 3.0
"""A view whose beat is not answered for so long is told where another process holds the workspace."""

GONE_S = 12.0
"""A view that did not beat for so long (it does every 5 s) is forgotten until it beats again: its page may be gone."""

IN_ORDER = frozenset({"hello", "press", "form", "layout", "upload", "look", "select"})
"""What a view says in order, and that must be done in order: a view that is opened sees what another one just set."""

ONCE = frozenset({"press", "act"})
"""What has an id of its own and is sent again until it is answered."""

Send = Callable[[Json, Sequence[bytes]], None]


@dataclass(slots=True)
class View:
    """One place in the browser that shows the panel.

    Attributes:
        seen_at: When it was last heard of.
        shown: What it shows.
        since: The revision up to which it was told everything of it; None before it has the list.
    """

    seen_at: float
    shown: Shown = field(default_factory=Shown)
    since: int | None = None


class Session:
    """Hands messages to the controller, off the engine's thread, and tells every view what changed.

    Everything but `receive` and `close` runs on the engine's thread.

    Args:
        controller: Answers.
        send: Sends one message to every view; called on the engine's thread only.
        now: A monotonic clock, in seconds.
    """

    def __init__(self, controller: Controller, send: Send, *, now: Callable[[], float] = monotonic) -> None:
        self._controller = controller
        self._engine: Engine = controller.studio._engine
        self._send = send
        self._now = now
        self._views: dict[str, View] = {}
        self._changed = asyncio.Event()
        self._foreign = 0
        self._form_due = False
        self._closed = False
        self._lanes = open_lanes(self._engine)
        self._under_way: set[tuple[str, str]] = set()
        self._unsubscribe = controller.studio.subscribe(self._note)
        self._lanes.readers.submit(controller.warm_up)
        self._engine.thread.call(self._start, self._tell(), "panel")

    def receive(self, message: object, buffers: Sequence[bytes] = ()) -> None:
        """Takes a message from a view, and returns at once. Any thread."""
        if not isinstance(message, dict) or not isinstance(message.get("view"), str):
            return
        try:
            self._engine.call(self._take(message, buffers))
        except (StoreClosed, StoreForked) as error:  # nobody is left who could send it from the right thread
            self._send(write_closed(error, view=message["view"]), ())

    def close(self) -> None:
        """Ends it; its views are told nothing more. Closing twice does nothing. Any thread."""
        if not self._closed:
            self._closed = True
            self._unsubscribe()
            self._engine.thread.call(self._changed.set)
            close_lanes(self._engine)

    def end(self) -> None:
        """Ends it because its studio was closed, and tells its views so. Any thread."""
        if not self._closed:
            self.close()
            self._engine.thread.call(self._send, write_closed(), ())

    # ── On the engine's thread ──────────────────────────────────────────────────────────────────────────────────────

    def _start(self, talk: Coroutine[Any, Any, None], what: str) -> None:
        self._engine.thread.spawn(talk, what)

    async def _take(self, message: Json, buffers: Sequence[bytes]) -> None:
        """Hears a message; messages are handed on in the order in which they came."""
        if self._closed:
            return
        if not self._views:
            self._changed.set()  # somebody is there again who wants to be told
        view = self._views.setdefault(message["view"], View(seen_at=self._now()))
        view.seen_at = self._now()
        if message.get("kind") == "bye":
            self._views.pop(message["view"], None)
        if message.get("kind") in ("look", "beat") and (shown := read_shown(message)) != view.shown:
            view.shown, view.since = shown, None  # what it showed before is told no more
        told = (str(message.get("kind")), str(message.get("id") or ""))
        if told[0] in ONCE and told[1]:
            if told in self._under_way:  # sent again meanwhile: its answer comes
                return
            self._under_way.add(told)
        answers = self._lane_of(message).submit(self._controller.answer, message, buffers)
        self._start(self._reply(answers, told), f"answer to {message.get('kind')}")
        if told[0] in ("hello", "beat"):
            self._start(self._say_if_held(answers, message["view"]), "who holds the workspace")

    def _lane_of(self, message: Json) -> Workers:
        """Returns who answers: actions have a lane of their own, and so have those that may wait for a provider."""
        lanes, kind, action = self._lanes, message.get("kind"), ACTIONS.get(str(message.get("action")))
        if kind != "act":
            return lanes.in_order if kind in IN_ORDER else lanes.readers
        if action is None:
            return lanes.actors
        if action.form:
            return lanes.in_order
        return lanes.deleters if action.deletes else lanes.waiters if action.waits else lanes.actors

    async def _reply(self, answers: Future[list[Reply]], told: tuple[str, str]) -> None:
        try:
            replies: list[Reply] = await asyncio.wrap_future(answers)
        finally:
            self._under_way.discard(told)
        self._deliver(replies)

    async def _say_if_held(self, answers: Future[list[Reply]], view: str) -> None:
        """Tells a view that the workspace is held, while it waits: it must not take the kernel for busy or gone."""
        await asyncio.sleep(HELD_S)
        if not answers.done() and not self._closed and (holder := self._engine.store.busy()):
            next_step = "It goes on when that one is done; if it stays so, restart the other notebook's kernel."
            error = StoreBusy(f"{holder[0].upper()}{holder[1:]}", next_step=next_step)
            self._send({"kind": "busy", "view": view, "error": write_error(error)}, ())

    def _deliver(self, replies: Iterable[Reply]) -> None:
        """Sends replies; what they tell a view, it knows."""
        for reply in () if self._closed else replies:
            view = self._views.get(reply.message.get("view") or "")
            if view and "filter" in reply.message:
                shown, follows = read_shown(reply.message), not reply.message.get("asked", True)
                here = replace(view.shown, topic_id=shown.topic_id) if shown.everywhere else view.shown
                if shown == here or follows:
                    view.shown, view.since = shown, reply.message["revision"]
            self._send(reply.message, reply.buffers)

    def _note(self, event: Event) -> None:
        if event.kind is EventKind.STORE:
            self._tell_held_up()
        self._form_due = self._form_due or event.kind is EventKind.FORM
        self._changed.set()

    async def _tell(self) -> None:
        """Tells the open views what changed, again and again until the session is closed. Without one, it sleeps."""
        while not self._closed:
            self._forget_gone()
            try:
                await asyncio.wait_for(self._changed.wait(), LOOK_S if self._views else None)
            except TimeoutError:
                if not self._look_elsewhere():
                    continue
            self._changed.clear()
            try:
                await self._tell_form()
                await self.tell_changes()
            except Exception:  # an edge (STYLE): whatever went wrong this time, the views are told the next time
                log.exception("the views could not be told")
            await asyncio.sleep(PAUSE_S)

    def _look_elsewhere(self) -> bool:
        """Tells whether another process may have written since the last look (file times only)."""
        before, self._foreign = self._foreign, self._engine.store.foreign_writes()
        return self._foreign != before

    def _tell_held_up(self) -> None:
        """Tells every view what the disk does not let its row say."""
        if why := next(iter(self._engine.held_up().values()), None):
            self._send({"kind": "refused", "what": "store", "error": write_error(StorageFailed(why))}, ())

    async def _tell_form(self) -> None:
        """Tells every view the form, if a cell or another panel changed it."""
        if self._form_due and self._open_views():
            self._form_due = False
            telling = self._lanes.readers.submit(self._controller.tell_new_form)
            replies = await asyncio.wrap_future(telling)
            self._deliver(replies)

    async def tell_changes(self) -> None:
        """Tells every open view what changed since it was last told; views that know the same are one question."""
        asking: dict[tuple[Shown, int], list[str]] = {}
        for name, view in self._open_views().items():
            asking.setdefault((view.shown, view.since or 0), []).append(name)
        for asked, names in asking.items():
            changes = self._lanes.readers.submit(partial(self._controller.feed.changes, names[0], *asked))
            try:
                _, replies = await asyncio.wrap_future(changes)
            except PhotogramError as error:  # the workspace is busy: the next change, or the view's beat, tries again
                log.debug("a view is not told: %s", error)
                continue
            except Exception:  # one view's trouble is not the others'
                log.exception("a view is not told")
                continue
            for name in names:
                now = self._views.get(name)
                if now and (now.shown, now.since or 0) == asked:
                    self._deliver(reply.to(name) for reply in replies)
                else:  # it was told something else meanwhile: its beat sorts that out
                    self._changed.set()

    def _open_views(self) -> Mapping[str, View]:
        self._forget_gone()
        return {name: view for name, view in self._views.items() if view.since is not None}

    def _forget_gone(self) -> None:
        now = self._now()
        self._views = {name: view for name, view in self._views.items() if now - view.seen_at < GONE_S}


def write_closed(error: PhotogramError | None = None, *, view: str | None = None) -> Json:
    """Returns what tells a view, or all of them, that nobody answers any more."""
    closed = {"kind": "closed", "error": write_error(error or StoreClosed("The studio was closed."))}
    return {**closed, "view": view} if view else closed


def as_content(message: Json) -> dict[str, Any]:
    """Returns a message as ipyvue hands it to the template's method `jupyter_take`."""
    return {"method": "take", "args": [message]}
