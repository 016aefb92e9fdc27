"""The panel in a tab of its own beside the notebook, by Jupyter's own package `sidecar` (the extra `lab`)."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, cast

from ..errors import BadSettings


class Tab:
    """One tab of JupyterLab; opened again it is closed first, so that there is one."""

    def __init__(self) -> None:
        self._shown: Any = None

    def open(self) -> AbstractContextManager[object]:
        """Opens the tab; what is displayed inside the context is shown in it.

        Raises:
            BadSettings: The package is not installed.
        """
        try:
            from sidecar import Sidecar
        except ImportError as error:
            step = (
                "pip install sidecar, then reload the page. Or right-click the panel: "
                "“Create New View for Cell Output” opens the same without it."
            )
            raise BadSettings("A tab of its own needs the package sidecar.", next_step=step) from error
        if self._shown is not None:
            self._shown.close()
        self._shown = Sidecar(title="Photogram", anchor="split-right")
        return cast("AbstractContextManager[object]", self._shown)
