"""Shows a studio as the living panel, where a kernel can talk to a browser."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakKeyDictionary

from ..display.renderer import HtmlRenderer, Shown
from .tab import Tab

if TYPE_CHECKING:
    from ..engine.engine import Engine
    from ..studio import Studio
    from .strip import Strip
    from .studio_panel import StudioPanel


class PanelRenderer:
    """A studio as the last line of a cell becomes its panel: one per studio, in as many views as are opened.

    Below it goes a strip of the last pictures, which the living panel hides: a viewer without a kernel shows that.
    """

    def __init__(self) -> None:
        # An open panel holds its studio (it may be on the screen long after the cell's variable is another one), a
        # closed one does not.
        self._panels: WeakKeyDictionary[Studio, StudioPanel] = WeakKeyDictionary()
        self._strips: dict[tuple[Engine, str, str | None], Strip] = {}
        self._tabs: WeakKeyDictionary[Studio, Tab] = WeakKeyDictionary()

    def mimebundle(self, studio: Shown) -> dict[str, Any]:
        """Returns the panel's view, and a line of text. Called on the thread that runs the cell."""
        panel = self.panel(cast("Studio", studio))
        return {**(panel._repr_mimebundle_() or {}), "text/plain": repr(studio)}

    def show(self, studio: Shown, *, height: int | None = None, tab: bool = False) -> None:
        """Shows the panel and its strip in the cell that runs, or the panel in a tab beside the notebook."""
        from IPython.display import display

        panel = self.panel(cast("Studio", studio))
        if panel.comm is None:  # no browser can be talked to
            panel.close()
            HtmlRenderer().show(studio)
            return
        if tab:
            with self._tabs.setdefault(cast("Studio", studio), Tab()).open():
                display(self.mimebundle(studio), raw=True)  # type: ignore[no-untyped-call]
            return
        panel.set_height(height)
        display(self.mimebundle(studio), raw=True)  # type: ignore[no-untyped-call]
        self.strip(cast("Studio", studio)).show()

    def panel(self, studio: Studio) -> StudioPanel:
        """Returns the studio's panel, made if need be."""
        from .studio_panel import StudioPanel

        panel = self._panels.get(studio)
        if panel is None or panel.comm is None:
            if panel:
                panel.close()
            panel = self._panels[studio] = StudioPanel(studio)
        return panel

    def strip(self, studio: Studio) -> Strip:
        """Returns the strip of the user's studios on this workspace, made if need be: one draws for all of them."""
        from .strip import Strip

        key = (studio._engine, studio.user, studio.lang)
        strip = self._strips.get(key)
        if strip is None:
            strip = self._strips[key] = Strip(studio, at_end=partial(self._strips.pop, key, None))
        return strip
