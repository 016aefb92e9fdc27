"""The provider on this machine that these tests speak to: it is the faulty one, told to behave."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from faulty.adapter import LoopbackAdapter
from faulty.server import Server, png

__all__ = ["LoopbackAdapter", "Server", "png"]
