"""Single exchanges with a provider: build a request, send it, read the answer. What follows is decided in `remote`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeVar

from ..display.thumbs import make_thumb
from ..domain.card import ModelCard
from ..domain.records import TaskRecord
from ..domain.request import GenerationRequest
from ..domain.task import RemoteHandle
from ..errors import BadRequest, BadResponse, ProviderError, Unreachable
from ..providers.base import RemoteAdapter
from ..providers.wire import Access, Done, Partial, Ready, Submitted, WireAnswer, WireRequest, Working
from .clock import Clock
from .http import Http
from .progress import ProgressBook
from .workers import Workers

T = TypeVar("T")

STUMBLES = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What a reader raises over an answer that is not shaped as its protocol says."""

LARGE_BYTES = 200_000
"""Answers from this size on are read off the event loop."""

POLL_READ_S = 30.0
FETCH_READ_S = 60.0
WATCH_EVERY_S = 2.0
GLIMPSE_PX = 384


class Talk:
    """Speaks with providers through their adapters. Engine's thread only.

    Attributes:
        glimpses: Thumbnails of images that are still being streamed, by task id.
        sent: Ids of tasks whose submit may have reached their provider, until their row says what became of it.
        unanswered: Ids of tasks whose submit has left and has no answer yet.
    """

    def __init__(self, *, http: Http, workers: Workers, progress: ProgressBook, clock: Clock) -> None:
        self._http, self._workers, self._progress, self._clock = http, workers, progress, clock
        self.glimpses: dict[str, bytes] = {}
        self.sent: set[str] = set()
        self.unanswered: set[str] = set()

    async def upload(
        self, task: TaskRecord, adapter: RemoteAdapter, access: Access, request: GenerationRequest
    ) -> GenerationRequest:
        """Uploads the input images, for a provider that wants that; returns the request with what they are called.

        Raises:
            ProviderError: One could not be uploaded; nothing that costs was sent.
        """
        uploads = []
        for image in (*request.references, *((request.mask,) if request.mask else ())):
            wire = await self._aside(adapter.build_upload, image, access)
            if wire is None:
                uploads.append("")
                continue
            answer = await self._http.send(task.provider, wire, access, read_timeout_s=FETCH_READ_S)
            uploads.append(adapter.read_upload(checked(adapter, answer)))
        return replace(request, uploads=tuple(uploads)) if any(uploads) else request

    async def submit(
        self, task: TaskRecord, card: ModelCard, adapter: RemoteAdapter, access: Access, request: GenerationRequest
    ) -> Submitted | Ready:
        """Sends the request that starts one image, and reads the answer; meanwhile tells how far it is.

        Raises:
            ProviderError: What went wrong.
        """
        if request.references or request.mask:  # to be encoded
            wire = await self._aside(adapter.build_submit, request, access)
        else:
            wire = adapter.build_submit(request, access)
        asked = adapter.build_watch(request, access)
        watching = asyncio.create_task(self._watch(task, adapter, access, asked)) if asked else None
        self.sent.add(task.id)
        self.unanswered.add(task.id)
        try:
            answer = await self._http.send(
                task.provider, wire, access, read_timeout_s=card.deadline_s, total_s=card.deadline_s,
                on_event=lambda event: self._hear(task, adapter, event),
            )  # fmt: skip
        finally:
            if watching:
                watching.cancel()
            self.unanswered.discard(task.id)
            self.glimpses.pop(task.id, None)
        found = await self._read(adapter.read_submit, checked(adapter, answer), request)
        if isinstance(found, Ready):
            return found
        for url in (found.handle.poll_url, found.handle.result_url):
            await self._check_named(url, access)
        return Submitted(handle=replace(found.handle, model=task.model))

    async def _check_named(self, url: str | None, access: Access) -> None:
        """Makes sure that an address in the answer to a submit may be asked: by no other is the job to be found."""
        try:
            if url:
                await self._http.check(url, access)
        except Unreachable:
            return  # it may have an address by the time it is asked
        except BadResponse as error:
            error.accepted = True
            raise

    async def poll(
        self, task: TaskRecord, adapter: RemoteAdapter, access: Access, handle: RemoteHandle
    ) -> Working | Ready:
        """Asks how a job is; where it is done and its result is elsewhere, asks for that, too.

        Raises:
            ProviderError: It ended without an image, or could not be asked about.
        """
        if handle.image_url:  # the submit's answer said it all
            cost, source = handle.cost_micros, handle.cost_source or "reported"
            return Ready(url=handle.image_url, seed=handle.seed, cost_micros=cost, cost_source=source)
        request = adapter.build_poll(handle, access)
        found = await self._read(adapter.read_poll, await self._ask(task.provider, adapter, request, access), handle)
        if not isinstance(found, Done):
            return found
        request = adapter.build_fetch(handle, access)
        return await self._read(adapter.read_fetch, await self._ask(task.provider, adapter, request, access), handle)

    async def download(self, task: TaskRecord, adapter: RemoteAdapter, access: Access, ready: Ready) -> WireAnswer:
        """Gets the image's bytes from where the provider has put them; the answer may be any status.

        Raises:
            ProviderError: There is no such address, or it could not be asked.
        """
        try:
            request = adapter.build_download(ready, access)
        except ValueError as error:
            raise BadResponse("The address of the image is none.", detail=f"{ready.url}"[:200]) from error
        return await self._http.fetch(task.provider, request, access, read_timeout_s=FETCH_READ_S)

    async def cancel(self, adapter: RemoteAdapter, access: Access, handle: RemoteHandle) -> bool:
        """Asks the provider to stop a job; returns whether it said that it will."""
        told = False
        for request in adapter.build_cancel(handle, access):
            with suppress(ProviderError):
                answer = await self._http.send(adapter.name, request, access, read_timeout_s=POLL_READ_S)
                told = told or 200 <= answer.status < 300
        return told

    async def _ask(self, provider: str, adapter: RemoteAdapter, request: WireRequest, access: Access) -> WireAnswer:
        answer = await self._http.send(
            provider, request, access, read_timeout_s=POLL_READ_S, total_s=2 * POLL_READ_S
        )  # fmt: skip
        return checked(adapter, answer)

    async def _read(self, read: Callable[..., T], answer: WireAnswer, *facts: Any) -> T:
        """Reads an answer of success; a large one (an image in base64) off the event loop.

        Raises:
            BadResponse: It is not what the adapter expects, whether that says so or stumbles over it.
        """
        try:
            if len(answer.content) < LARGE_BYTES:
                return read(answer, *facts)
            return await self._aside(read, answer, *facts)
        except ProviderError as error:
            error.accepted = True
            raise
        except STUMBLES as error:
            said = f"{type(error).__name__}: {error}\n{answer.excerpt()}"
            odd = BadResponse("The provider's answer is not what its protocol says.", detail=said)
            odd.accepted = True
            raise odd from error

    async def _aside(self, work: Callable[..., T], *args: Any) -> T:
        return await asyncio.wrap_future(self._workers.submit(work, *args))

    async def _watch(self, task: TaskRecord, adapter: RemoteAdapter, access: Access, wire: WireRequest) -> None:
        """Notes how far a submit is that has no answer yet, until it is cancelled; a courtesy."""
        while True:
            await self._clock.sleep(WATCH_EVERY_S)
            with suppress(ProviderError, *STUMBLES):
                found = adapter.read_watch(await self._ask(task.provider, adapter, wire, access))
                self._progress.note(task, found.progress, found.queue_position)

    async def _hear(self, task: TaskRecord, adapter: RemoteAdapter, event: bytes) -> None:
        """Keeps a glimpse of an image that is being streamed; one that cannot be read is passed over."""

        def read() -> tuple[Partial | None, bytes | None]:
            body = WireAnswer(status=200, content=event).json()
            partial = adapter.read_event(body) if isinstance(body, dict) else None
            seen = partial.preview if partial else None
            return partial, make_thumb(seen, max_px=GLIMPSE_PX) if seen else None

        with suppress(ProviderError, OSError, *STUMBLES):
            partial, glimpse = await self._aside(read)
            if glimpse:
                self.glimpses[task.id] = glimpse
            if partial:
                self._progress.note(task, partial.progress)


def checked(adapter: RemoteAdapter, answer: WireAnswer) -> WireAnswer:
    """Returns an answer that is 2xx.

    Raises:
        ProviderError: What it says else.
    """
    if not 200 <= answer.status < 300:
        error = adapter.read_error(answer)
        if isinstance(error, BadRequest) and error.http_status is None:
            error.http_status = answer.status
        raise error
    return answer
