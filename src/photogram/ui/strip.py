"""The strip below the panel: what is left of it in a saved notebook. It is drawn again while pictures land."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING
from uuid import uuid4

from ..display.strip import MOST_PICTURES, StripPicture, render_strip
from ..domain.events import Event, EventKind
from ..errors import PhotogramError, StoreClosed
from ..studio.pictures import read_newest
from .texts import choose_language, read_texts

if TYPE_CHECKING:
    from ..studio import Studio

log = logging.getLogger("photogram")

PAUSE_S = 1.0
"""It is drawn again once a second at most: nobody sees it while the panel lives."""

SHOWN = frozenset({EventKind.TASK, EventKind.BATCH, EventKind.TOPIC})


class Strip:
    """The strip of a workspace. The cell that showed it last has the pictures, earlier ones a line: a file holds one.

    Args:
        studio: One of its studios; another one keeps the strip up to date when that is closed.
        at_end: Called when the last one is closed. Any thread.
    """

    def __init__(self, studio: Studio, at_end: Callable[[], object] = lambda: None) -> None:
        self._studio, self._at_end = studio, at_end
        self._id = ""  # of the newest cell's display
        self._moving = Lock()
        self._shown: dict[str, str] = {}
        self._follows = False

    def draw(self) -> dict[str, str]:
        """Returns it as it is now, by mime type. Any thread but the engine's."""
        images, pictures = read_newest(self._studio, MOST_PICTURES)
        return self._write("strip.one" if images == 1 else "strip.title" if images else "strip.empty", images, pictures)

    def _write(self, title: str, images: int = 0, pictures: Sequence[StripPicture] = ()) -> dict[str, str]:
        texts = read_texts(choose_language(self._studio.lang))
        said, how = texts[title].format(n=images), texts["strip.how"]
        return {"text/html": render_strip(pictures, title=said, how=how), "text/plain": f"{said}. {how}"}

    def show(self) -> None:
        """Shows it in the cell that runs, and keeps it up to date as long as the engine lives, and so any studio."""
        from IPython.display import DisplayHandle, display

        try:
            self._shown = self.draw()
        except PhotogramError as error:  # the panel itself is there, and says what is wrong
            log.debug("the strip of %r is not drawn: %s", self._studio, error)
        with self._moving:
            left, self._id = self._id, f"photogram-{uuid4()}"
            display(self._shown, raw=True, display_id=self._id)  # type: ignore[no-untyped-call]
            if left:
                DisplayHandle(left).update(self._write("strip.elsewhere"), raw=True)  # type: ignore[no-untyped-call]
        if not self._follows:
            with suppress(StoreClosed):
                self._studio._engine.call(self._follow()).add_done_callback(lambda _: self._at_end())
                self._follows = True

    async def _follow(self) -> None:
        """Draws it again after changes. Runs on the engine's thread; reading and drawing happen on a worker."""
        from IPython.display import DisplayHandle

        studio, changed = self._studio, asyncio.Event()

        def note(event: Event) -> None:
            if event.kind in SHOWN:
                changed.set()

        unsubscribe = studio.subscribe(note)
        try:
            while True:
                await changed.wait()
                await asyncio.sleep(PAUSE_S)
                changed.clear()
                try:
                    drawn = await asyncio.wrap_future(studio._engine.workers.submit(self.draw))
                except PhotogramError as error:  # the workspace is busy: the next change draws it
                    log.debug("the strip of %r is not drawn again: %s", studio, error)
                    continue
                with self._moving:
                    if drawn != self._shown:
                        self._shown = drawn
                        DisplayHandle(self._id).update(drawn, raw=True)  # type: ignore[no-untyped-call]
        finally:
            unsubscribe()
