"""A batch as Python code that draws the same again."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from keyword import iskeyword
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import config
from ..domain.card import ModelCard
from ..domain.records import BatchRecord
from ..errors import UnknownModel
from .prepare import settle_seeds

if TYPE_CHECKING:
    from .studio import Studio

INDENT = "    "


def write_code(studio: Studio, record: BatchRecord, settings: Mapping[str, Any]) -> str:
    """Returns the Python code that makes a batch again, ready to be run in a cell.

    Args:
        studio: Whose.
        record: The batch.
        settings: The arguments that make it again (`Batch.settings`).
    """
    settings = dict(settings)
    prompt, first = settings.pop("prompt"), settings.pop("seed", None)
    card = _find_card(studio, record)
    takes_seed = first is not None and (card is None or "seed" in card.specs)
    seeds = [one.seed for one in record.generations if one.seed is not None]
    lines = ["import photogram as pg", "", f"studio = {_write_studio(studio)}"]
    given = [repr(prompt), *_write_arguments(studio, settings)]
    if takes_seed and not _in_a_row(card, record, first):  # such as of a provider that chooses them itself
        given = [one for one in given if not one.startswith("n=")]
        lines.append("# The seeds are not in a row: the same pictures come as a batch each.")
        lines += [f"seeds = {seeds}", "batches = ["]
        lines += [INDENT + line for line in _write_call([*given, "seed=seed"])]
        return "\n".join([*lines, f"{INDENT}for seed in seeds", "]", "batches[-1]", ""])
    if takes_seed:
        given.append(f"seed={first}")
    else:
        lines.append(f"# {record.address} takes no seed: the pictures will be others.")
    call = _write_call(given)
    return "\n".join([*lines, f"batch = {call[0]}", *call[1:], "batch", ""])


def _find_card(studio: Studio, record: BatchRecord) -> ModelCard | None:
    with suppress(UnknownModel):
        return studio._engine.registry.card(record.address)
    return None


def _in_a_row(card: ModelCard | None, record: BatchRecord, first: int) -> bool:
    """Tells whether one call with the first seed gives every image the seed it had."""
    expected = settle_seeds(card, first, record.n) if card else [first + step for step in range(record.n)]
    return first >= 0 and all(one.seed == expected[one.idx] for one in record.generations)


def _write_studio(studio: Studio) -> str:
    """Returns the call that opens this studio; what is the default here is left out."""
    arguments = [] if studio.workspace == config.workspace() else [repr(str(studio.workspace))]
    if studio.user != config.user():
        arguments.append(f"user={studio.user!r}")
    return f"pg.Studio({', '.join(arguments)})"


def _write_arguments(studio: Studio, given: Mapping[str, Any]) -> list[str]:
    plain = {name: value for name, value in given.items() if name.isidentifier() and not iskeyword(name)}
    others = {name: value for name, value in given.items() if name not in plain}
    written = [f"{name}={_write_value(studio, value)}" for name, value in plain.items()]
    return [*written, *([f"**{others!r}"] if others else [])]


def _write_value(studio: Studio, value: Any) -> str:
    """Returns a value as code; files of the workspace are found from there, wherever it is moved to."""
    if isinstance(value, list):
        return f"[{', '.join(_write_value(studio, one) for one in value)}]"
    if isinstance(value, Path):
        return f"studio.workspace / {value.relative_to(studio.workspace).as_posix()!r}"
    return repr(value)


def _write_call(arguments: list[str]) -> list[str]:
    return ["studio.generate(", *(f"{INDENT}{one}," for one in arguments), ")"]
