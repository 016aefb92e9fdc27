"""One press of Generate, as a handle: awaitable, and a live grid in a cell."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from ..display.grid import render_batch
from ..domain.events import Event, EventKind
from ..domain.records import BatchRecord
from ..domain.task import TaskStatus
from ..errors import WaitTimeout
from ..store import batches as rows
from ..store import history
from . import export
from .code import write_code
from .generation import Generation
from .live import redraw, show_live
from .prepare import check_seconds
from .waiting import wait_for, wait_turning

if TYPE_CHECKING:
    import pandas as pd

    from .studio import Studio


class Batch:
    """A prompt, a model, its params and n images, each of them made or not yet. Any thread.

    `await batch` and `batch.wait()` both finish it and return it; neither raises for a failed image.

    Attributes:
        id: `bat_…`.
        topic_id: `top_…`.
        prompt: As it was sent.
        model: Address of the model, `provider:model`.
        params: What was asked for, defaults left out.
        created_at: UTC, without a zone.
    """

    def __init__(self, studio: Studio, record: BatchRecord) -> None:
        self._studio = studio
        self._grids: list[Any] = []  # display handles of grids that are still followed
        self._ids = [generation.id for generation in record.generations]
        self.id = record.id
        self.topic_id = record.topic_id
        self.prompt = record.prompt
        self.model = record.address
        self.params: dict[str, Any] = dict(record.params)
        self.created_at = record.created_at

    @property
    def record(self) -> BatchRecord:
        """Everything its rows say now.

        Raises:
            NotFound: It was deleted.
            NotYours: It is another user's.
        """
        return self._studio._read(rows.get_batch, self._studio.user, self.id)

    @property
    def generations(self) -> list[Generation]:
        """Its images, in order."""
        return [Generation(self._studio, generation_id) for generation_id in self._ids]

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[Generation]:
        return iter(self.generations)

    @overload
    def __getitem__(self, index: int) -> Generation: ...
    @overload
    def __getitem__(self, index: slice) -> list[Generation]: ...
    def __getitem__(self, index: int | slice) -> Generation | list[Generation]:
        return self.generations[index]

    # ── Waiting ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def __await__(self) -> Generator[Any, None, Batch]:
        """Waits on the caller's own event loop until no image is under way."""
        yield from asyncio.wrap_future(self._studio._engine.finished(self._studio.user, self.id)).__await__()
        redraw(self)
        return self

    def wait(self, timeout_s: float | None = None) -> Batch:
        """Blocks until no image is under way, and returns the batch. Not from the engine's thread.

        Args:
            timeout_s: Seconds to wait at most; None waits as long as it takes.

        Raises:
            BadParams: It is no number of seconds.
            WaitTimeout: The time ran out; the work goes on.
            KeyboardInterrupt: The cell was interrupted; the work goes on.
        """
        timeout_s = check_seconds("timeout_s", timeout_s)
        future = self._studio._engine.finished(self._studio.user, self.id)
        try:
            wait_turning(future, timeout_s, interrupted=self._what_goes_on)
        except TimeoutError:
            raise WaitTimeout(
                f"{self._what_goes_on(f'Stopped waiting after {timeout_s:g} s')}",
                next_step="Wait again with batch.wait(), or later with `photogram resume`.",
            ) from None
        finally:
            future.cancel()
        redraw(self)
        return self

    def _what_goes_on(self, how: str = "Stopped waiting") -> str:
        record = self.record
        open_ = sum(not generation.status.finished for generation in record.generations)
        return f"{how}. {open_} of {len(record.generations)} images of {self.id} go on; batch.cancel() stops them."

    # ── Results ─────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def cost_usd(self) -> float:
        """What it cost so far, in US dollars."""
        return sum(generation.cost_micros for generation in self.record.generations) / 1e6

    def df(self) -> pd.DataFrame:
        """Returns one row per image, with the columns of the `history` view."""
        _ = self.record  # refuses what was deleted, or is another's
        return wait_for(self._studio._engine.read(
            history.list_history, self._studio.user, str(self._studio.workspace), batch_id=self.id
        ))  # fmt: skip

    def save_zip(self, path: str | Path | None = None) -> Path:
        """Writes its images into a ZIP, as `image_{i}_seed_{seed}.{extension}`, and returns where it is.

        Args:
            path: A file or a folder; by default `batch_{id}_{time}.zip` in the current folder.

        Raises:
            BadParams: That is no path.
            NotReady: It has no image yet.
        """
        return export.save_zip(self.record, self._studio._files, path)

    def settings(self) -> dict[str, Any]:
        """Returns the arguments that make it again: `studio.generate(**batch.settings())`.

        The seed is the first image's, also where it was chosen at random; references are paths of the stored copies.
        """
        record = self.record
        settings: dict[str, Any] = {"prompt": record.prompt, "model": record.address, "n": record.n, **record.params}
        first = next((one for one in record.generations if one.seed is not None), None)
        if first is not None and first.seed is not None and "seed" not in settings:
            settings["seed"] = first.seed - first.idx
        for name, assets in (("images", record.references), ("mask", (record.mask,) if record.mask else ())):
            paths = [
                self._studio._files.path(asset.sha256, extension=asset.extension, folder="references")
                for asset in assets
            ]
            if paths:
                settings[name] = paths if name == "images" else paths[0]
        return settings

    def code(self) -> str:
        """Returns Python code that makes it again, with the same pictures where its model takes a seed."""
        return write_code(self._studio, self.record, self.settings())

    def more(self, n: int | None = None) -> Batch:
        """Makes more of it, in its topic: the same model, prompt, references and params, and new seeds.

        Args:
            n: How many images, 1–50; None for as many as it asked for.

        Raises:
            BadParams, UnknownModel, MissingKey, InsufficientCoins, CapExceeded: Nothing was written or sent.
            StorageFailed: A reference is missing from the workspace.
        """
        from .press import press_again  # which makes batches

        return press_again(self._studio, self.record, n=n)

    # ── Changing ────────────────────────────────────────────────────────────────────────────────────────────────────

    def cancel(self) -> None:
        """Stops every image that is not over, in whichever process it runs.

        Raises:
            StorageFailed, StoreBusy: It is stopped, but that could not be written down yet.
        """
        under_way = [one.task_id for one in self.record.generations if not one.status.finished]
        wait_for(self._studio._engine.cancel(under_way))

    def retry(self) -> Batch:
        """Makes every image again that failed, was cancelled or lost."""
        for generation in self.record.generations:
            if generation.status.finished and generation.status is not TaskStatus.SUCCESS:
                Generation(self._studio, generation.id).retry()
        return self

    def delete(self) -> None:
        """Deletes it with its images (softly: `undelete()` brings it back for seven days). Work is cancelled first."""
        self.cancel()
        self._studio._write(rows.delete_batch, self._studio.user, self.id, self._studio._now(), event=self._event())

    def undelete(self) -> None:
        """Undoes `delete()`."""
        self._studio._write(rows.restore_batch, self._studio.user, self.id, event=self._event())

    def _event(self) -> Event:
        return Event(kind=EventKind.BATCH, user_id=self._studio.user, topic_id=self.topic_id, batch_id=self.id)

    # ── Showing ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _draw(self) -> tuple[str, bool]:
        """Returns its grid as it is now, and whether no image is under way."""
        record = self._with_notes(self.record)
        thumbs = self._studio._thumbs(record.generations, record.references)
        thumbs |= self._studio._engine.glimpses(one.task_id for one in record.generations)
        return render_batch(record, thumbs, now=self._studio._now()), record.finished

    def _with_notes(self, record: BatchRecord) -> BatchRecord:
        """Returns it with what its rows cannot be told, on a disk that takes nothing."""
        if not (held_up := self._studio._engine.held_up()):
            return record
        images = (replace(one, note=held_up.get(one.task_id, one.note)) for one in record.generations)
        return replace(record, generations=tuple(images))

    def _repr_html_(self) -> str:
        return self._draw()[0]

    def _ipython_display_(self) -> None:
        show_live(self)

    def __repr__(self) -> str:
        return f"<Batch {self.id}: {len(self)} × {self.model}, {self.prompt[:40]!r}>"
