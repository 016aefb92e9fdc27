"""How a studio shows itself: through whichever renderer is registered.

Without a widget library it is static HTML. In a notebook the package registers the panel, and neither the studio nor
this module knows it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol

from .card import StudioSummary, render_studio, unsent_text


class Shown(Protocol):
    """What a renderer may ask of a studio; a renderer of a layer above may know more of it."""

    def summary(self) -> StudioSummary:
        """Returns what there is to show."""
        ...


class Renderer(Protocol):
    """Turns a studio into what a cell shows."""

    def mimebundle(self, studio: Shown) -> dict[str, Any]:
        """Returns the representations of the studio by mime type, as IPython's `_repr_mimebundle_` wants them.

        Called on the thread that runs the cell.
        """
        ...

    def show(self, studio: Shown, *, height: int | None = None, tab: bool = False) -> None:
        """Shows the studio in the cell that runs.

        Args:
            studio: Which.
            height: Of a panel, in pixels; None leaves it as it is.
            tab: Whether in a tab of its own beside the notebook, where there are tabs.
        """
        ...


class HtmlRenderer:
    """Shows a studio as static HTML; works in every viewer, with or without a kernel."""

    def mimebundle(self, studio: Shown) -> dict[str, Any]:
        """Returns the studio as HTML, and as a line of text or two."""
        summary = studio.summary()
        return {
            "text/html": render_studio(summary, now=datetime.now(UTC)),
            "text/plain": "\n".join(filter(None, (repr(studio), unsent_text(summary)))),
        }

    def show(self, studio: Shown, *, height: int | None = None, tab: bool = False) -> None:
        """Shows the studio as HTML; it is as high as it needs to be."""
        from IPython.display import display

        display(self.mimebundle(studio), raw=True)  # type: ignore[no-untyped-call]


class LateRenderer:
    """Loads the real renderer when something is shown for the first time: widgets take a moment to import.

    Args:
        load: Returns it; called once.
    """

    def __init__(self, load: Callable[[], Renderer]) -> None:
        self._load = load
        self._loaded: Renderer | None = None

    def mimebundle(self, studio: Shown) -> dict[str, Any]:
        """Returns what the real renderer says."""
        return self._renderer.mimebundle(studio)

    def show(self, studio: Shown, *, height: int | None = None, tab: bool = False) -> None:
        """Lets the real renderer show it."""
        self._renderer.show(studio, height=height, tab=tab)

    @property
    def _renderer(self) -> Renderer:
        if self._loaded is None:
            self._loaded = self._load()
        return self._loaded


_current: Renderer = HtmlRenderer()


def register_renderer(renderer: Renderer) -> Renderer:
    """Makes `renderer` the one that shows studios from now on, and returns the one before it."""
    global _current
    before, _current = _current, renderer
    return before


def current_renderer() -> Renderer:
    """Returns the renderer that shows studios now."""
    return _current
