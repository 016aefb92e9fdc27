"""How a task ends: its bytes stored first, then its row, then whoever waits is told."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Callable, Sequence
from typing import Concatenate, ParamSpec, TypeVar

from ..display.thumbs import check_whole, image_size, make_thumb
from ..domain.asset import EXTENSIONS, Asset, sniff_mime
from ..domain.card import ModelCard
from ..domain.events import Event, EventKind
from ..domain.price import read_micros
from ..domain.records import TaskRecord
from ..domain.request import MadeImage
from ..domain.secret import Secret, mask
from ..domain.task import TaskError, TaskStatus
from ..errors import BadResponse, FileMissing, InternalFailure, Lost, ProviderError, StorageFailed, StorageFull
from ..store import Cursor, Store
from ..store.ending import Made, finish_failed, finish_success
from ..store.files import BROKEN
from .clock import Clock
from .workers import Workers

P = ParamSpec("P")
T = TypeVar("T")
log = logging.getLogger("photogram")

THUMB_PX = 384
STORE_TRIES = 3
"""So often the disk may refuse before anybody is told of it."""


def bill_of(task: TaskRecord, card: ModelCard, told_micros: int | None, source: str) -> tuple[int, str]:
    """Returns what an image cost in micro-dollars, and how we know: reported, computed, estimated, free or unknown.

    Args:
        task: The task that made it.
        card: Its model.
        told_micros: What the provider said it cost, or its usage tells; None where neither is known. An amount that no
            image costs counts as not known.
        source: "reported" or "computed", where it is known.
    """
    if (told := read_micros(told_micros)) is not None:
        return told, source if told else "free"
    estimate = card.estimate_micros(task.params, task.references)
    return (0, "unknown") if estimate is None else (estimate, "estimated" if estimate else "free")


def _seed_of(made: MadeImage) -> int | None:
    """Returns the seed that a provider says it used, if a row can keep it."""
    whole = isinstance(made.seed, int) and not isinstance(made.seed, bool)
    return made.seed if whole and made.seed is not None and -(2**63) <= made.seed < 2**63 else None


def blame_us(task: TaskRecord, error: Exception, *, sent: bool) -> ProviderError:
    """Returns how a task ends over a defect of ours: one that may have been sent is lost, and its hold stays."""
    said, report = f"Photogram failed: {type(error).__name__}: {error}", InternalFailure.default_next_step
    failure: ProviderError = InternalFailure(said)
    if sent:
        step = "Retry asks about the job before it sends it anew." if task.handle else Lost.default_next_step
        failure = Lost(f"{said.rstrip('.')}. It may have been made, and billed.", next_step=f"{step} {report}")
    failure.__cause__ = error
    return failure


def _is_defect(cause: BaseException | None) -> bool:
    return cause is not None and not isinstance(cause, ProviderError)


class Finisher:
    """Ends tasks. Engine's thread only.

    Attributes:
        on_success: Told of every task that has its image.
        on_held_up: Told of what cannot be written down just now: its task's id, and why with the next step.
        held_up: The same, for as long as it is so.
    """

    def __init__(self, store: Store, workers: Workers, clock: Clock, publish: Callable[[Event], None]) -> None:
        self._store = store
        self._workers = workers
        self._clock = clock
        self._publish = publish
        self.on_success: Callable[[TaskRecord], None] = lambda task: None
        self.on_held_up: Callable[[str, str], None] = lambda task_id, why: None
        self.held_up: dict[str, str] = {}

    async def succeed(self, task: TaskRecord, card: ModelCard, made: MadeImage, *, foreign: bool = False) -> None:
        """Stores an image and books it.

        Args:
            task: The task.
            card: Its model.
            made: The image.
            foreign: Whether it came over a network: then it is decoded once, to be sure that it is whole.

        Raises:
            BadResponse: The bytes are no image, or not a whole one.
            StorageFull: They could not be stored in three tries; they are in `spill/`; the error has their cost.
        """
        cost, source = bill_of(task, card, made.cost_micros, made.cost_source)
        try:
            asset = await self._store_and_book(task, made, foreign, cost, source)
        except ProviderError as error:
            error.cost_micros, error.cost_source = cost, source
            raise
        self.announce(task)
        self.on_success(task)
        self._workers.submit(self._make_thumb, asset, later=True)
        if task.error_kind == BadResponse.kind:  # it has come whole at last
            self._workers.submit(self._store.files.delete_spilled, f"{BROKEN}{task.id}", later=True)

    async def fail(
        self, task: TaskRecord, error: ProviderError, *, secrets: Sequence[Secret | None] = (), lost: bool = False
    ) -> None:  # fmt: skip
        """Ends a task with an error that its row keeps, every key masked; as lost if nobody knows how it ended."""
        defect = isinstance(error, InternalFailure) or (isinstance(error, Lost) and _is_defect(error.__cause__))
        shown = "".join(traceback.format_exception(error)) if defect else ""
        kept = TaskError.of(error, task_id=task.id, extra=shown)
        kept = TaskError(
            kind=kept.kind, message=mask(kept.message, secrets), next_step=mask(kept.next_step, secrets),
            detail=mask(kept.detail, secrets), task_id=task.id,
        )  # fmt: skip
        status = TaskStatus.LOST if lost or kept.kind == "lost" else TaskStatus.ERROR
        cost = read_micros(error.cost_micros) or 0
        await self.evidence(
            finish_failed, task.id, status, self._clock.now(), error=kept, cost_micros=cost,
            cost_source=error.cost_source if cost else "free",
        )  # fmt: skip
        self.announce(task)

    async def cancelled(self, task: TaskRecord, note: str | None = None) -> None:
        """Ends a task that the user stopped; the note says whether it may be billed."""
        await self.evidence(finish_failed, task.id, TaskStatus.CANCELLED, self._clock.now(), note=note)
        self.announce(task)

    async def store_spilled(self, task: TaskRecord) -> bool:
        """Stores what could not be stored when it came; returns whether there was anything that can be stored."""
        data = await asyncio.wrap_future(self._workers.submit(self._store.files.read_spilled, task.id))
        if data is None:
            return False
        try:
            asset = await asyncio.wrap_future(self._workers.submit(self._put, data, False))
        except BadResponse:  # damaged since: it must not stand in the way of every Retry
            await self.set_aside(task, data)
            await asyncio.wrap_future(self._workers.submit(self._store.files.delete_spilled, task.id))
            return False
        path = str(self._store.files.path(asset.sha256, extension=asset.extension))
        stored = Made(task_id=task.id, asset=asset, path=path, now=self._clock.now())
        await self.evidence(finish_success, stored)
        self.announce(task)
        self._workers.submit(self._store.files.delete_spilled, task.id, later=True)
        return True

    async def set_aside(self, task: TaskRecord, data: bytes) -> str:
        """Keeps what was paid for and is no image that we can read, beside what `store_spilled` looks for.

        Returns:
            Where it is, for an error's detail; nothing for a page or words, which nobody paid for.
        """
        if not data or (sniff_mime(data) is None and data[:64].lstrip()[:1] in (b"<", b"{", b"[")):
            return ""
        return await asyncio.wrap_future(self._workers.submit(self._spill, f"{BROKEN}{task.id}", data))

    async def evidence(self, op: Callable[Concatenate[Cursor, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Writes what must not be lost: waits for the file for ever, and for room on a full disk, too.

        Where that takes long, `held_up` tells of the task that the arguments begin with (its id, or what has one).

        Raises:
            FileMissing: The file of an image is gone, which waiting does not mend.
        """
        about, tries = str(getattr(args[0], "task_id", args[0]) if args else ""), 0
        try:
            while True:
                try:
                    return await asyncio.wrap_future(self._store.write_evidence(op, *args, **kwargs))
                except FileMissing:
                    raise
                except StorageFailed as error:
                    log.warning("what is known of %s waits to be written down: %s", about, error)
                    tries += 1
                    if tries >= STORE_TRIES:
                        self._hold_up(about, error)
                    await self._clock.sleep(min(2.0 ** (tries - 1), 30.0))
        finally:
            if self.held_up.pop(about, None) and not self.held_up:
                self._publish(Event(kind=EventKind.STORE))

    def _hold_up(self, task_id: str, error: StorageFailed) -> None:
        news = not self.held_up
        self.held_up[task_id] = f"This cannot be written down yet: {error.message} {error.next_step}".strip()
        self.on_held_up(task_id, self.held_up[task_id])
        if news:
            self._publish(Event(kind=EventKind.STORE))

    def announce(self, task: TaskRecord) -> None:
        """Tells whoever listens that the task's row changed."""
        self._publish(
            Event(kind=EventKind.TASK, user_id=task.user_id, topic_id=task.topic_id, batch_id=task.batch_id,
                  generation_id=task.generation_id, task_id=task.id)
        )  # fmt: skip

    async def _store_and_book(self, task: TaskRecord, made: MadeImage, foreign: bool, cost: int, source: str) -> Asset:
        """Stores the bytes, then the row that names them; bytes that somebody removes in between are stored again."""
        for attempt in range(1, STORE_TRIES + 1):
            try:
                asset = await asyncio.wrap_future(self._workers.submit(self._put, made.data, foreign))
                path = str(self._store.files.path(asset.sha256, extension=asset.extension))
                await self.evidence(
                    finish_success,
                    Made(task_id=task.id, asset=asset, path=path, now=self._clock.now(), seed=_seed_of(made),
                         cost_micros=cost, cost_source=source),
                )  # fmt: skip
                return asset
            except StorageFailed as error:
                failure = error
                if attempt < STORE_TRIES:
                    await self._clock.sleep(0.2 * attempt)
        spilled = await asyncio.wrap_future(self._workers.submit(self._spill, task.id, made.data))
        said, next_step = f"The image could not be stored: {failure.message}", failure.next_step or None
        raise StorageFull(said, next_step=next_step, detail=spilled) from failure

    def _put(self, data: bytes, foreign: bool) -> Asset:
        try:
            width, height, mime = image_size(data)
            if foreign:
                check_whole(data)
        except ValueError as error:
            said = f"{type(error).__name__}: {error} {data[:200]!r}"
            raise BadResponse("What came is not a whole image.", detail=said) from error
        sha256 = self._store.files.put(data, extension=EXTENSIONS[mime])
        return Asset(sha256=sha256, mime=mime, width=width, height=height, size_bytes=len(data))

    def _spill(self, task_id: str, data: bytes) -> str:
        try:
            extension = EXTENSIONS.get(sniff_mime(data) or "", "bin")
            return f"The bytes are in {self._store.files.spill(task_id, data, extension=extension)}."
        except StorageFailed:
            return "The bytes could not be kept anywhere on this disk."

    def _make_thumb(self, asset: Asset) -> None:
        """Makes a thumbnail after the commit; one that fails is made when it is first shown, or not at all."""
        if not self._store.files.thumb_path(asset.sha256, size_px=THUMB_PX).exists():
            data = self._store.files.read(asset.sha256, extension=asset.extension)  # not kept in line: that adds up
            self._store.files.put_thumb(asset.sha256, make_thumb(data, max_px=THUMB_PX), size_px=THUMB_PX)
