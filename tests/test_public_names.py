"""What the package promises: its names, and that each of them says what it does."""

from __future__ import annotations

import inspect
import re

import pytest

import photogram

PROMISED = {
    "Batch", "Generation", "PhotogramError", "ProviderError", "StoreError", "Studio", "Topic", "UserError", "Wallet",
    "__version__", "load_ipython_extension",
}  # fmt: skip


def test_the_public_names_are_the_promised_ones():
    assert set(photogram.__all__) == PROMISED
    assert photogram.__all__ == sorted(photogram.__all__)
    assert set(dir(photogram)) >= PROMISED


@pytest.mark.parametrize("name", sorted(PROMISED))
def test_every_public_name_can_be_had(name):
    assert getattr(photogram, name) is not None


def test_a_name_that_is_none_is_an_attribute_error():
    with pytest.raises(AttributeError, match="Nothing"):
        _ = photogram.Nothing


def test_every_exception_is_a_photogram_error_with_a_docstring():
    from photogram import errors

    classes = [one for one in vars(errors).values() if inspect.isclass(one) and issubclass(one, Exception)]
    assert len(classes) > 25
    for one in classes:
        assert issubclass(one, photogram.PhotogramError)
        assert one.__doc__, one


def test_the_tree_of_errors_is_drawn_as_it_is():
    from photogram import errors

    drawn = set(re.findall(r"\b[A-Z][a-zA-Z]+\b", (errors.__doc__ or "").partition("```\n")[2].partition("```")[0]))
    there = {name for name, one in vars(errors).items() if inspect.isclass(one) and issubclass(one, Exception)}
    assert drawn == there


def documented() -> list[tuple[str, object]]:
    """Returns every public class, and every public method and property of it, by name."""
    found: list[tuple[str, object]] = []
    for name in sorted(PROMISED - {"__version__"}):
        value = getattr(photogram, name)
        found.append((name, value))
        if inspect.isclass(value) and not issubclass(value, Exception):
            found += [
                (f"{name}.{attribute}", member)
                for attribute, member in vars(value).items()
                if not attribute.startswith("_") and (callable(member) or isinstance(member, (property, classmethod)))
            ]
    return found


@pytest.mark.parametrize(("name", "value"), documented(), ids=lambda value: value if isinstance(value, str) else "")
def test_every_public_thing_is_documented_completely(name, value):
    doc = inspect.getdoc(value) or ""
    first = doc.partition("\n")[0]
    assert first.endswith((".", "?")), f"{name}: its first line is one sentence: {first!r}"
    function = value.fget if isinstance(value, property) else value
    if inspect.isclass(function):
        function = function.__init__ if not issubclass(function, Exception) else None
    if function is None or not hasattr(function, "__annotations__"):
        return
    if not inspect.isclass(value):
        assert "return" in function.__annotations__, f"{name}: its result has no type"
    public = [
        one for one in inspect.signature(function).parameters
        if one != "self" and not one.startswith("_") and one not in ("studio", "record", "topic_id", "generation_id")
    ]  # fmt: skip
    if len(public) > 1:
        for parameter in public:
            assert re.search(rf"^\s*\*{{0,2}}{parameter}: ", doc, re.MULTILINE), f"{name} does not document {parameter}"


def test_the_package_is_marked_as_typed():
    from importlib import resources

    assert resources.files("photogram").joinpath("py.typed").is_file()
