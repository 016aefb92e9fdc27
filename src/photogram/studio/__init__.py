"""The façade that notebooks use, and the handles it returns."""

from .batch import Batch
from .generation import Generation
from .studio import Studio
from .topic import Topic
from .wallet import Wallet

__all__ = ["Batch", "Generation", "Studio", "Topic", "Wallet"]
