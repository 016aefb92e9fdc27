"""An engine on a real workspace, a fast clock, and the faulty provider, told to behave."""

from __future__ import annotations

from faulty.conftest import engine, key, make_engine, server, small_disk, workspace

__all__ = ["engine", "key", "make_engine", "server", "small_disk", "workspace"]
