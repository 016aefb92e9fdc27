"""One image of a batch, as a handle: it holds an id and reads its row when asked."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from ..display.card import render_generation
from ..domain.asset import Asset
from ..domain.events import Event, EventKind
from ..domain.ids import new_id
from ..domain.records import BatchRecord, GenerationRecord
from ..domain.task import TaskError, TaskStatus
from ..errors import NotReady
from ..store import batches as rows
from ..store import tasks as task_rows
from ..store.batches import NewTask
from .export import read_target, write_out
from .waiting import wait_for

if TYPE_CHECKING:
    from PIL import Image

    from .studio import Studio


class Generation:
    """One image, made or not yet. Every attribute reads the row as it is now. Any thread.

    Attributes:
        id: `gen_…`.
    """

    def __init__(self, studio: Studio, generation_id: str) -> None:
        self._studio = studio
        self.id = generation_id

    @property
    def record(self) -> GenerationRecord:
        """Everything its row says.

        Raises:
            NotFound: It was deleted.
            NotYours: It is another user's.
        """
        return self._batch().generations[0]

    def _batch(self) -> BatchRecord:
        return self._studio._read(rows.get_generation, self._studio.user, self.id)

    @property
    def status(self) -> TaskStatus:
        """Where its newest task stands."""
        return self.record.status

    @property
    def seed(self) -> int | None:
        """The seed that was sent, or that the provider says it used."""
        return self.record.seed

    @property
    def error(self) -> TaskError | None:
        """Why it failed, or None."""
        return self.record.error

    @property
    def cost_usd(self) -> float:
        """What all its attempts cost together, in US dollars."""
        return self.record.cost_micros / 1e6

    @property
    def asset(self) -> Asset | None:
        """What is known of its image (type, size, sha256), or None."""
        return self.record.asset

    @property
    def path(self) -> Path:
        """Where its file is: the provider's bytes, unchanged.

        Raises:
            NotReady: There is no image yet, or it was cancelled.
            ProviderError: It failed; this is why.
        """
        record = self.record
        if record.asset and record.status is TaskStatus.SUCCESS:
            return self._studio._files.path(record.asset.sha256, extension=record.asset.extension)
        if record.error:
            raise record.error.exception()
        steps = {
            TaskStatus.CANCELLED: ("was cancelled", "retry() makes it."),
            TaskStatus.PENDING: ("is still waiting", "`await batch` or batch.wait() waits for it."),
        }
        what, next_step = steps.get(record.status, ("is not ready yet", "`await batch` or batch.wait() waits for it."))
        raise NotReady(f"The image {self.id} {what}.", next_step=next_step)

    @property
    def image(self) -> Image.Image:
        """The image, as PIL opens it.

        Raises:
            NotReady: There is no image yet, or it was cancelled; or it is an SVG, which has no pixels.
            ProviderError: It failed; this is why.
        """
        from PIL import Image

        if self.path.suffix == ".svg":
            raise NotReady("This image is an SVG, which has no pixels.", next_step="Use its path, or save() it.")
        with Image.open(self.path) as opened:
            opened.load()
            return opened.copy()

    def save(self, path: str | Path | None = None) -> Path:
        """Copies the file, bytes unchanged, and returns where it is now.

        Args:
            path: A file, or a folder; the current one where none is given. In a folder it is called
                `generation_{id}_{time}.{extension}`, time in milliseconds since 1970.
        """
        source = self.path
        target = read_target(path, f"generation_{self.id}_{time.time_ns() // 1_000_000}{source.suffix}")
        return write_out(target, source.read_bytes())

    def retry(self) -> Generation:
        """Makes it once more, with the same seed and params; earlier attempts stay in the record.

        Nothing is paid twice that need not be: an image that could not be stored is stored, and a job that its provider
        may still have is asked about, before a new one is sent.

        Raises:
            InsufficientCoins: The wallet holds less than it may cost.
            UnknownModel: Its model is gone.
        """
        batch = self._batch()
        card = self._studio._engine.registry.card(batch.address)
        params = wait_for(self._studio._engine.read(task_rows.load_tasks, [batch.generations[0].task_id]))[0].params
        task = NewTask(
            id=new_id("tsk"), generation_id=self.id, idx=batch.generations[0].idx, seed=batch.generations[0].seed,
            params=params, hold_micros=card.estimate_micros(params, batch.references) or 0,
        )  # fmt: skip
        wait_for(self._studio._engine.retry(self._studio.user, task))
        return self

    def cancel(self) -> None:
        """Stops it, if it is not over, in whichever process it runs.

        Raises:
            StorageFailed, StoreBusy: It is stopped, but that could not be written down yet.
        """
        wait_for(self._studio._engine.cancel([self.record.task_id]))

    def star(self, starred: bool = True) -> None:
        """Stars it, or takes the star off."""
        self._studio._write(rows.star_generations, self._studio.user, [self.id], starred, event=self._event())

    def delete(self) -> None:
        """Deletes it (softly: `undelete()` brings it back for seven days). Work on it is cancelled first."""
        if not self.status.finished:
            self.cancel()
        now = self._studio._now()
        self._studio._write(rows.delete_generations, self._studio.user, [self.id], now, event=self._event())

    def undelete(self) -> None:
        """Undoes `delete()`."""
        self._studio._write(rows.restore_generations, self._studio.user, [self.id], event=self._event())

    def _event(self) -> Event:
        return Event(kind=EventKind.TASK, user_id=self._studio.user, generation_id=self.id)

    def _repr_html_(self) -> str:
        batch = self._batch()
        thumbs = self._studio._thumbs(batch.generations)
        asset = batch.generations[0].asset
        thumb = thumbs.get(asset.sha256) if asset else None
        return render_generation(batch, batch.generations[0], thumb, now=self._studio._now())

    def __repr__(self) -> str:
        return f"<Generation {self.id}>"
