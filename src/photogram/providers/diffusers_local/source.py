"""Where a model is, and whether what lies there may be loaded: no code that came with it, and no pickles."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from ...domain.card import names_folder
from ...errors import BadRequest

INDEX = "model_index.json"
"""The file that names a pipeline's parts."""

_HUB_ID = re.compile(r"(?!.*(?:--|\.\.))[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")
_PICKLES = frozenset({".bin", ".ckpt", ".pt", ".pth", ".pkl"})


def find_folder(model: str) -> Path | None:
    """Returns the folder that a model's id names, or None for an id of the hub.

    What begins like a path (`/`, `~`, `./`, `../`, a drive) is a folder; `org/name` is always the hub's, also where a
    folder of that name lies in the working directory, so that no download can take a known model's place.

    Raises:
        BadRequest: It is neither, or the folder holds no pipeline.
    """
    if _HUB_ID.fullmatch(model):
        return None
    if not names_folder(model):
        raise BadRequest(
            f"{model!r} is neither a model of the hub nor a folder.",
            next_step="Write diffusers:org/name, or a folder as diffusers:/path, diffusers:~/path or diffusers:./path.",
        )
    folder = Path(os.path.expanduser(model)).absolute()  # Path's own would raise for a ~user who is not here
    if folder.is_file():
        step = "Load it once with diffusers' from_single_file, and save it as a folder with save_pretrained."
        raise BadRequest(f"{model} is one file, and a pipeline is a folder.", next_step=step)
    if not folder.is_dir():
        raise BadRequest(f"There is no folder {model}.", next_step="Check the path; it is looked for from here.")
    if not (folder / INDEX).is_file():
        raise BadRequest(f"{model} is no diffusers pipeline: it has no {INDEX}.", next_step="Check the path.")
    return folder


def find_key(model: str) -> Hashable:
    """Returns what tells whether a model is the one in memory: a folder that was saved anew is another one."""
    folder = find_folder(model)
    return model if folder is None else (str(folder), (folder / INDEX).stat().st_mtime_ns)


def read_index(path: Path, model: str) -> dict[str, Any]:
    """Reads a pipeline's `model_index.json`; `BadRequest` if it is damaged or names no pipeline."""
    try:
        index: dict[str, Any] = json.loads(path.read_text("utf-8"))
        if not isinstance(index, dict) or "_class_name" not in index:
            raise ValueError("it names no pipeline")
    except (OSError, ValueError) as error:
        step = "Fetch or save the model again."
        raise BadRequest(f"{INDEX} of {model} is damaged: {error}", next_step=step) from error
    return index


def check_index(index: Mapping[str, Any], model: str, has_module: Callable[[str], bool]) -> None:
    """Refuses a pipeline with other parts than the libraries' own: no code that came with a model is run.

    diffusers has its own check; CVE-2026-44513 showed ways around it, and it came late for local folders. `has_module`
    tells whether diffusers has a pipeline module of a name.
    """
    foreign = [] if isinstance(index["_class_name"], str) else ["the pipeline"]
    for name, part in index.items():
        library = part[0] if isinstance(part, list) and part and not name.startswith("_") else None
        known = isinstance(library, str) and (library in {"diffusers", "transformers"} or has_module(library))
        if library is not None and not known:
            foreign.append(name)
    _refuse_code(model, foreign)


def check_files(index: Mapping[str, Any], names: Collection[str], model: str) -> None:
    """Refuses code in a part's folder, and parts with no weights but pickles; a folder that is no part is not read.

    diffusers looks for `unet/diffusers.py` before it turns to the library of that name; and a pickle is a program.
    `names` are the files, relative to the model's folder.
    """

    def folders_with(kinds: Collection[str]) -> set[str]:
        return {str(path.parent) for path in map(PurePosixPath, names) if path.suffix in kinds} & index.keys()

    _refuse_code(model, sorted(folders_with({".py"})))
    if pickled := sorted(folders_with(_PICKLES) - folders_with({".safetensors"})):
        raise BadRequest(
            f"{model} has weights only as pickled files ({', '.join(pickled)}), which can run code when they are read.",
            next_step="Use a version with .safetensors files, or convert one you trust with save_pretrained.",
        )


def _refuse_code(model: str, parts: Collection[str]) -> None:
    if parts:
        named = ", ".join(parts)
        step = "Use a model made of diffusers' and transformers' own parts."
        raise BadRequest(f"{model} brings code of its own ({named}), which is never run here.", next_step=step)


def list_files(folder: Path, index: Iterable[str]) -> list[str]:
    """Returns every file of the parts that a model's index names, as `part/file`."""
    return [f"{part}/{path.name}" for part in index for path in (folder / part).glob("*")]


def pick_variant(names: Iterable[str], *, half: bool) -> str | None:
    """Returns which weights to read: "fp16" where 16 bits are wanted and there, or a part has no others; else None."""
    weights = [PurePosixPath(name) for name in names if name.endswith(".safetensors")]
    small = {path.parent for path in weights if re.search(r"\.fp16[.-]", path.name)}
    large = {path.parent for path in weights if not re.search(r"\.fp16[.-]", path.name)}
    return "fp16" if (small if half else small - large) else None
