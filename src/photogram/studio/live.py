"""A batch's grid in a cell: static HTML with a display id, drawn again while images arrive. No widget, no script.

What a saved notebook holds is always what was last seen.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ..domain.events import Event
from ..errors import PhotogramError

if TYPE_CHECKING:
    from .batch import Batch

log = logging.getLogger("photogram")

MIN_PAUSE_S = 0.5
"""Updates come at most twice a second."""

TICK_S = 1.0
"""While something runs, elapsed times are drawn again this often."""


def show_live(batch: Batch) -> None:
    """Shows a batch in the current cell and keeps the grid up to date until no image is under way."""
    from IPython.display import HTML, display

    html, finished = batch._draw()
    handle: Any = display(HTML(html), display_id=True)  # type: ignore[no-untyped-call]
    if handle is not None and not finished:
        batch._grids.append(handle)
        batch._studio._engine.call(_follow(batch, handle, html))


def redraw(batch: Batch) -> None:
    """Draws a batch's grids once more, from the cell that waited for it: some front ends take no update from elsewhere.

    (nbclient 0.10, which `jupyter nbconvert --execute` uses, drops what does not come from the running cell.)
    """
    grids, batch._grids = batch._grids, []
    if grids:
        from IPython.display import HTML

        html, _ = batch._draw()
        for handle in grids:
            handle.update(HTML(html))  # type: ignore[no-untyped-call]


async def _follow(batch: Batch, handle: Any, shown: str) -> None:
    """Draws again after changes. Runs on the engine's thread; reading and drawing happen on a worker."""
    from IPython.display import HTML

    engine = batch._studio._engine
    changed = asyncio.Event()

    def note(event: Event) -> None:
        if event.batch_id == batch.id:
            changed.set()

    unsubscribe = engine.bus.subscribe(note)
    try:
        finished = False
        while not finished:
            with suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), TICK_S)
            changed.clear()
            try:
                html, finished = await asyncio.wrap_future(engine.workers.submit(batch._draw))
            except PhotogramError as error:  # deleted meanwhile, or the workspace is busy: the last picture stays
                log.debug("the grid of %s is not drawn again: %s", batch.id, error)
                return
            if html != shown:
                handle.update(HTML(html))  # type: ignore[no-untyped-call]
                shown = html
            await asyncio.sleep(MIN_PAUSE_S)
    finally:
        unsubscribe()
