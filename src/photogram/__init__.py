"""Photogram: the notebook's own image studio.

```python
import photogram as pg

studio = pg.Studio()
batch = studio.generate("a lighthouse at dusk, watercolor", n=4, seed=7)
batch                       # a live grid
```

Importing this package is light: the database, pandas and Pillow load on first use.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .errors import PhotogramError, ProviderError, StoreError, UserError
    from .studio import Batch, Generation, Studio, Topic, Wallet

__version__ = "0.1.0"

_SOON_S = 0.1
"""After the cell that first names the studio, the panel's widgets are loaded."""

_HOMES = {
    "Batch": "studio",
    "Generation": "studio",
    "PhotogramError": "errors",
    "ProviderError": "errors",
    "StoreError": "errors",
    "Studio": "studio",
    "Topic": "studio",
    "UserError": "errors",
    "Wallet": "studio",
}

__all__ = [
    "Batch",
    "Generation",
    "PhotogramError",
    "ProviderError",
    "StoreError",
    "Studio",
    "Topic",
    "UserError",
    "Wallet",
    "__version__",
    "load_ipython_extension",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    if name == "Studio":
        _show_panels()
    return value


def _show_panels() -> None:
    """Where a kernel can talk to a browser, makes a studio show itself as the panel.

    The widgets are loaded once the cell has run, in the moments in which somebody writes the next one.
    """
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if getattr(shell, "kernel", None) is not None:
        renderer = import_module(".display.renderer", __name__)
        renderer.register_renderer(renderer.LateRenderer(lambda: import_module(".ui", __name__).PanelRenderer()))
        asyncio = import_module("asyncio")
        with suppress(RuntimeError):  # no loop runs: they are loaded when they are needed
            asyncio.get_running_loop().call_later(_SOON_S, _load_panels)


def _load_panels() -> None:
    with suppress(ImportError):  # whoever shows a studio is told
        import_module(".ui.studio_panel", __name__)


def load_ipython_extension(ipython: Any) -> None:
    """Gives the notebook `%%imagine` and `%%photosql`; called by `%load_ext photogram`."""
    import_module(".magics", __name__).load_ipython_extension(ipython)


def __dir__() -> list[str]:
    return sorted(__all__)
