"""For those who write a provider: a fake of its service on this machine, and the tests that every provider passes.

`providers/NEW_PROVIDER.md` shows how; it takes pytest.
"""

import pytest

pytest.register_assert_rewrite("photogram.testing.kit")  # before it is imported: a failing promise says how

from .clock import FastClock  # noqa: E402
from .fake import FakeProvider, Job  # noqa: E402
from .kit import ProviderKit  # noqa: E402
from .server import Asked, Reply  # noqa: E402

__all__ = ["Asked", "FakeProvider", "FastClock", "Job", "ProviderKit", "Reply"]
