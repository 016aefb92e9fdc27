"""The widget: one comm. It hands every message to the session, and sends what the session gives it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ipyvuetify.VuetifyTemplate import VuetifyTemplate
from traitlets import Int

from ..studio.showing import DEFAULT_PANEL_HEIGHT
from .controller import Controller
from .session import Session, as_content
from .wire import Json

if TYPE_CHECKING:
    from ..studio import Studio

HERE = Path(__file__).parent


def read_template() -> str:
    """Returns the root's template, with the plain scripts that it includes: a template can import none."""
    text = (HERE / "studio_panel.vue").read_text("utf-8")
    return re.sub(r"^//@include (\S+)$", lambda found: (HERE / found[1]).read_text("utf-8"), text, flags=re.M)


def read_components() -> dict[str, str]:
    """Returns the text of every child component by its tag: `panels/feed.vue` is `<pg-feed>`.

    ipyvue registers them for the root's template only; the root's `beforeCreate` makes them known to each other.
    """
    files = sorted([*HERE.glob("panels/*.vue"), *HERE.glob("parts/*.vue")])
    return {f"pg-{file.stem.replace('_', '-')}": _keep_inside(file.read_text("utf-8")) for file in files}


def _keep_inside(component: str) -> str:
    """Returns a component whose styles reach nothing outside a panel: grids in other cells have classes of such names.

    A browser puts every style into the whole page. `:where` changes no rule's weight.
    """

    def prefix(found: re.Match[str]) -> str:
        selectors = re.split(r",(?![^(]*\))", found[0])
        return ",".join(re.sub(r"^(\s*)(?=\.pg-)", r"\1:where(.pg) ", one) for one in selectors)

    def rewrite(style: re.Match[str]) -> str:
        rules = re.sub(r"/\*.*?\*/", "", style[0], flags=re.DOTALL)
        return re.sub(r"(?<=[>{};])[^<>{};@]*\.pg-[^{};@]*(?=\{)", prefix, rules)

    return re.sub(r"<style>.*?</style>", rewrite, component, flags=re.DOTALL)


class StudioPanel(VuetifyTemplate):
    """The panel of a studio.

    Args:
        studio: Whose.
        lang: Language of the texts; else the studio's, or the browser's.
    """

    frame_height = Int(DEFAULT_PANEL_HEIGHT).tag(sync=True)

    def __init__(self, studio: Studio, *, lang: str | None = None) -> None:
        self.controller = Controller(studio, lang=lang)
        height = self.controller.settle_height(None)
        super().__init__(template=read_template(), components=read_components(), frame_height=height)
        self.session = Session(self.controller, self._send_message)

    def set_height(self, height: int | None) -> None:
        """Sets the height of every view, in pixels; None sets the one that it was last dragged to."""
        self.frame_height = self.controller.settle_height(height)

    def vue_say(self, message: Any, buffers: Sequence[Any] = ()) -> None:
        """Takes a message of a view; on whichever thread the kernel likes."""
        self.session.receive(message, [bytes(one) for one in buffers])

    def _send_message(self, message: Json, buffers: Sequence[bytes]) -> None:
        self.send(as_content(message), list(buffers))

    def close(self) -> None:
        """Ends the panel; the studio stays."""
        self.session.close()
        super().close()
