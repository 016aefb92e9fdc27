"""The panel in the notebook: settings | prompt and feed | topics. The only layer that knows widgets."""

from .renderer import PanelRenderer

__all__ = ["PanelRenderer"]
