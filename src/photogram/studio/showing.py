"""What a studio has to do with being shown: the panel's form, its language and its height. Knows no widget."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from ..display.card import StudioSummary
from ..display.renderer import current_renderer
from ..domain.params import ParamKind, ParamSpec, show
from ..errors import BadParams
from .pictures import summarise
from .studio_form import StudioForm

if TYPE_CHECKING:
    from .studio import Studio

LANGUAGES = ("en", "pt-BR")
"""Languages of the panel's texts."""

PANEL_HEIGHT = ParamSpec(name="height", kind=ParamKind.INT, min=320, max=4_000, unit="px")
DEFAULT_PANEL_HEIGHT = 760


def find_language(wanted: str) -> str | None:
    """Returns that of our languages in which somebody wants to read: `pt`, `pt-PT` and `pt_BR` are `pt-BR`."""
    first = wanted.replace("_", "-").lower().split("-")[0]
    return next((one for one in LANGUAGES if one.split("-")[0] == first), None)


def check_language(lang: object) -> str | None:
    """Returns one of our languages; None means "as the browser".

    Raises:
        BadParams: We do not speak it.
    """
    found = find_language(lang) if isinstance(lang, str) else None
    if lang is not None and found is None:
        raise BadParams([f"lang must be one of {', '.join(LANGUAGES)}, or None for the browser's, not {show(lang)}"])
    return found


class Panel:
    """The panel of a studio as the last line of a cell. The studio itself is one too.

    Attributes:
        height: Its height in pixels; None leaves it as it is.
        tab: Whether in a tab of its own.
    """

    def __init__(self, studio: Studio, height: int | None, tab: bool) -> None:
        self._studio, self.height, self.tab = studio, height, tab

    def _ipython_display_(self) -> None:
        current_renderer().show(self._studio, height=self.height, tab=self.tab)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return current_renderer().mimebundle(self._studio)

    def __repr__(self) -> str:
        return f"<Panel of {self._studio!r}>"


class Showing:
    """The part of a studio that is about being shown."""

    _lang: str | None = None

    @property
    def form(self) -> StudioForm:
        """What the panel's form holds, to read and to set; it works without a panel too."""
        return StudioForm(cast("Studio", self))

    @property
    def lang(self) -> str | None:
        """Language of the panel, `en` or `pt-BR`; None is the browser's."""
        return self._lang

    def panel(self, *, height: int | None = None, tab: bool = False) -> Panel:
        """Returns the panel for the last line of a cell; `studio` alone shows it too.

        Args:
            height: Of its frame in pixels, 320–4000; else as it was last dragged to, or 760.
            tab: Whether in a tab of its own beside the notebook, as high as the window; JupyterLab with `sidecar` only.

        Raises:
            BadParams: It is no such height.
        """
        if height is not None:
            height, problem = PANEL_HEIGHT.check(height)
            if problem:
                raise BadParams([problem])
        return Panel(cast("Studio", self), height, tab)

    def summary(self) -> StudioSummary:
        """Returns what a static view of the studio shows."""
        return summarise(cast("Studio", self))

    def _ipython_display_(self) -> None:
        current_renderer().show(cast("Studio", self))

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return current_renderer().mimebundle(cast("Studio", self))
