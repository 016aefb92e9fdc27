"""Shows a studio as the living panel, where a kernel can talk to a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from weakref import WeakKeyDictionary

from ..display.renderer import Shown

if TYPE_CHECKING:
    from ..studio import Studio
    from .studio_panel import StudioPanel


class PanelRenderer:
    """A studio as the last line of a cell becomes its panel: one per studio, in as many views as are opened."""

    def __init__(self) -> None:
        self._panels: WeakKeyDictionary[Studio, StudioPanel] = WeakKeyDictionary()

    def mimebundle(self, studio: Shown) -> dict[str, Any]:
        """Returns the panel's view, and a line of text. Called on the thread that runs the cell."""
        panel = self.panel(cast("Studio", studio))
        bundle = panel._repr_mimebundle_()
        return {**bundle, "text/plain": repr(studio)}

    def panel(self, studio: Studio) -> StudioPanel:
        """Returns the studio's panel, made if need be."""
        from .studio_panel import StudioPanel

        panel = self._panels.get(studio)
        if panel is None or panel.comm is None:
            panel = self._panels[studio] = StudioPanel(studio)
        return panel
