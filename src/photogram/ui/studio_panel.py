"""The widget: one comm. It hands every message to the session, and sends what the session gives it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ipyvue import Template, define_module
from ipyvuetify.VuetifyTemplate import VuetifyTemplate
from traitlets import Int

from ..studio.showing import DEFAULT_PANEL_HEIGHT
from .controller import Controller
from .front_end import build_module
from .kernel import mend_kernel
from .session import Session, as_content, write_closed
from .wire import Json

if TYPE_CHECKING:
    from ..studio import Studio


class StudioPanel(VuetifyTemplate):
    """The panel of a studio.

    Args:
        studio: Whose.
        lang: Language of the texts; else the studio's, or the browser's.
    """

    frame_height = Int(DEFAULT_PANEL_HEIGHT).tag(sync=True)

    def __init__(self, studio: Studio, *, lang: str | None = None) -> None:
        mend_kernel()
        controller = Controller(studio, lang=lang)
        module = build_module()
        define_module(module.name, code=module.opening, dependencies=[])  # sent once, for all panels of this kernel
        super().__init__(template=Template(esm_module=module.name), frame_height=controller.settle_height(None))
        self._controller: Controller | None = controller
        self._session: Session | None = Session(controller, self._send_message)
        studio._at_close.callback(self._end)

    def set_height(self, height: int | None) -> None:
        """Sets the height of every view, in pixels; None sets the one that it was last dragged to."""
        if self._controller:
            self.frame_height = self._controller.settle_height(height)

    def vue_say(self, message: Any, buffers: Sequence[Any] = ()) -> None:
        """Takes a message of a view; on whichever thread the kernel likes."""
        if isinstance(message, dict) and message.get("code") is True:  # a view that is only being opened
            self._send_message({"kind": "code", "view": message.get("view")}, [build_module().panel])
        if session := self._session:
            session.receive(message, [bytes(one) for one in buffers])
        else:
            self._send_message(write_closed(), ())

    def _send_message(self, message: Json, buffers: Sequence[bytes]) -> None:
        self.send(as_content(message), list(buffers))

    def _end(self) -> None:
        """The studio was closed. The widget stays, so that its views can say so; of the studio it keeps nothing."""
        if self._session:
            self._session.end()
        self._session = self._controller = None

    def close(self) -> None:
        """Ends the panel; the studio stays."""
        if self._session:
            self._session.close()
        self._session = self._controller = None
        self.template.close()
        super().close()
