"""For those who write a provider: a fake of its service on this machine, and the tests that every provider passes.

`providers/NEW_PROVIDER.md` shows how; it takes pytest.
"""

import pytest

_PROMISES = ("base", "kit", "kit_carried", "kit_made", "kit_refused")
pytest.register_assert_rewrite(*(f"{__name__}.{name}" for name in _PROMISES))  # before they are imported

from .base import open_studio, wait_until  # noqa: E402
from .clock import FastClock  # noqa: E402
from .fake import AT_ONCE, FakeProvider, Job  # noqa: E402
from .kit import ProviderKit  # noqa: E402
from .server import Asked, Reply  # noqa: E402

__all__ = ["AT_ONCE", "Asked", "FakeProvider", "FastClock", "Job", "ProviderKit", "Reply", "open_studio", "wait_until"]
