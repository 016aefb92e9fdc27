"""The kernel that a panel lives in, and the mending of those that can miss what a browser says."""

from __future__ import annotations

import sys
from typing import Any


def mend_kernel() -> None:
    """Makes this process' kernel hear every request, where it is an ipykernel 7.0 to 7.3; else does nothing.

    They write a reply straight to the socket that a stream reads the requests from. That takes the stream's wake-up
    with it: a request that came at this moment is not read until something else comes. The first one after a page
    reload may be it, and then the page waits for its widgets for good. 7.4 writes replies to the stream; so do these
    from now on.

    Source: ipython/ipykernel#1554 (what happens), ipython/ipykernel#1529 (what 7.4 does).
    """
    kernel = _find_kernel()
    manager: Any = getattr(getattr(kernel, "shell_channel_thread", None), "manager", None)
    if hasattr(manager, "_shell_socket"):
        manager._shell_socket = kernel.shell_stream


def _find_kernel() -> Any:
    """Returns the kernel of this process, or None: where there is one, IPython was imported."""
    ipython = sys.modules.get("IPython")
    return getattr(ipython.get_ipython(), "kernel", None) if ipython else None
