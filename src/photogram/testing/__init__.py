"""For those who write a provider: a fake of its service on this machine, and the tests that every provider passes.

`providers/NEW_PROVIDER.md` shows how; it takes pytest.
"""

from .clock import FastClock
from .fake import FakeProvider, Job
from .kit import ProviderKit
from .server import Asked, Reply

__all__ = ["Asked", "FakeProvider", "FastClock", "Job", "ProviderKit", "Reply"]
