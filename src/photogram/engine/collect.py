"""Gets what a provider has made: from its answer, or from where it has put it; and says what became of it if not."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from ..domain.card import ModelCard
from ..domain.records import TaskRecord
from ..domain.request import MadeImage
from ..domain.secret import mask
from ..errors import BadResponse, DeadlineExceeded, Expired, ProviderError
from ..providers.base import RemoteAdapter
from ..providers.wire import Access, Ready
from .clock import Clock
from .finish import Finisher, bill_of
from .progress import ProgressBook
from .retry import Action, Phase, decide, poll_pause_s
from .talk import Talk, checked


class Collector:
    """Collects images. Engine's thread only.

    Attributes:
        bills: What images that are made, but not yet here, cost, and how we know, by task id.
    """

    def __init__(self, *, clock: Clock, finisher: Finisher, progress: ProgressBook, talk: Talk) -> None:
        self._clock, self._finisher, self._progress, self._talk = clock, finisher, progress, talk
        self.bills: dict[str, tuple[int, str]] = {}

    async def collect(
        self, task: TaskRecord, card: ModelCard, adapter: RemoteAdapter, access: Access, ready: Ready, deadline: float
    ) -> None:
        """Gets the image's bytes, asking as often as it takes until the deadline, and ends the task.

        Raises:
            ProviderError: The address is gone (`Expired`), the deadline passed, or what came is no image; with what it
                cost, for it was made.
        """
        told = ready.cost_micros
        if told is None and task.handle:
            told = task.handle.cost_micros
        bill = self.bills[task.id] = bill_of(task, card, told, ready.cost_source)

        came = b""

        async def keep(data: bytes) -> None:
            nonlocal came
            came = data
            made = MadeImage(data=data, seed=ready.seed, cost_micros=told, cost_source=ready.cost_source)
            await self._finisher.succeed(task, card, made, foreign=True)

        try:
            if ready.data is None:
                await self._download(task, adapter, access, ready, deadline, keep)
            else:
                await keep(ready.data)
        except ProviderError as error:
            shown = error
            if isinstance(error, BadResponse):
                shown = _spoilt(task, error, await self._finisher.set_aside(task, came))
            shown.cost_micros, shown.cost_source = bill
            raise shown from (None if shown is error else error)
        finally:
            del self.bills[task.id]

    async def _download(
        self, task: TaskRecord, adapter: RemoteAdapter, access: Access, ready: Ready, deadline: float,
        keep: Callable[[bytes], Coroutine[Any, Any, None]],
    ) -> None:  # fmt: skip
        """Fetches the image's bytes, asking as often as it takes until the deadline, and stores them."""
        tries = spoilt = 0
        while True:
            try:
                answer = await self._talk.download(task, adapter, access, ready)
                self._progress.reached(task.provider)
                if answer.status in (403, 404, 410):
                    said = "The image was made and billed, but its address has expired."
                    raise Expired(said, next_step="Retry makes, and bills, it anew.", detail=answer.excerpt())
                try:
                    return await keep(checked(adapter, answer).content)
                except BadResponse as error:  # a page of a delivery network, or the first half of a file
                    error.accepted = True
                    raise
            except ProviderError as error:
                spoilt += isinstance(error, BadResponse)
                if decide(Phase.FETCH, error, tries=spoilt, idempotent=True) is not Action.GO_ON:
                    raise
                if self._clock.awake_s() >= deadline:
                    said = "The image was made and billed, but could not be fetched within the deadline."
                    raise DeadlineExceeded(said, detail=f"{error.message}\n{error.detail}") from error
                said = mask(self._progress.trouble(task.provider, error), [access.key])
                self._progress.note(task, said=said)
                await self._clock.sleep(poll_pause_s(tries))
                tries += 1


def _spoilt(task: TaskRecord, error: BadResponse, kept: str) -> ProviderError:
    """Says what it means that an image was made and billed, but did not come whole; and where it is kept."""
    said, detail = f"{error.message} It was made and billed.", f"{kept}\n{error.detail}".strip()
    if task.handle is None:
        return BadResponse(said, next_step="Retry makes, and bills, it anew.", detail=detail)
    if task.error_kind == error.kind:  # Retry asked again already: the next one must lead somewhere else
        return Expired(said, next_step="Retry makes, and bills, it anew.", detail=detail)
    return BadResponse(said, next_step="Retry fetches it once more, without paying.", detail=detail)
