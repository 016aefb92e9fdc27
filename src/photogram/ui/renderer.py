"""Shows a studio as the living panel, where a kernel can talk to a browser."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakKeyDictionary

from ..display.card import render_studio
from ..display.renderer import Shown

if TYPE_CHECKING:
    from ..studio import Studio
    from .studio_panel import StudioPanel


class PanelRenderer:
    """A studio as the last line of a cell becomes its panel: one per studio, in as many views as are opened."""

    def __init__(self) -> None:
        self._panels: WeakKeyDictionary[Studio, StudioPanel] = WeakKeyDictionary()

    def mimebundle(self, studio: Shown) -> dict[str, Any]:
        """Returns the panel's view, and what a viewer without a kernel shows. Called on the thread that runs the cell.

        The latter holds no pictures: a saved notebook stays small.
        """
        panel = self.panel(cast("Studio", studio))
        strip = render_studio(replace(studio.summary(), newest=None, thumbs={}), now=datetime.now(UTC))
        return {**panel._repr_mimebundle_(), "text/html": strip, "text/plain": repr(studio)}

    def panel(self, studio: Studio) -> StudioPanel:
        """Returns the studio's panel, made if need be."""
        from .studio_panel import StudioPanel

        panel = self._panels.get(studio)
        if panel is None or panel.comm is None:
            panel = self._panels[studio] = StudioPanel(studio)
        return panel
