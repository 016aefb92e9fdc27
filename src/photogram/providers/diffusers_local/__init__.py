"""Neural pipelines in this very process, by the library `diffusers` (an extra), imported only when one runs."""

from __future__ import annotations

from .provider import Diffusers

__all__ = ["Diffusers"]
