"""Neural pipelines in this very process (see `provider`)."""

from .provider import Diffusers

__all__ = ["Diffusers"]
