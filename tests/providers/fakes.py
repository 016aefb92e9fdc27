"""Every fake of a provider that a module beside this one tries with the kit."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

from photogram.testing import FakeProvider, ProviderKit

MODULES = sorted(
    path.stem
    for path in Path(__file__).parent.glob("test_*.py")
    if "(ProviderKit)" in path.read_text() and "fake_class = " in path.read_text()
)


def fakes_in(module: str, *, whole_kit: bool = True) -> list[type[FakeProvider]]:
    """Returns the fakes that a module tries with the kit, or also those that it tries otherwise."""
    found = importlib.import_module(f".{module}", __package__)
    tests = [one for _, one in inspect.getmembers(found, inspect.isclass) if one.__module__ == found.__name__]
    fakes = {
        test.fake_class: None
        for test in tests
        if hasattr(test, "fake_class") and (issubclass(test, ProviderKit) or not whole_kit)
    }
    return list(fakes)
