from __future__ import annotations

import pytest
from PIL import Image

from .samples import encode


@pytest.fixture(scope="session")
def thumb() -> bytes:
    return encode(Image.new("RGB", (8, 6), "teal"), "WEBP")
