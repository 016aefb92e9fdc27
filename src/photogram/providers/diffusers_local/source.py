"""Where a model is: which folder on this machine, and whether what lies there may be loaded."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from ...errors import BadRequest

INDEX = "model_index.json"
"""The file that names a pipeline's parts."""

_HUB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")
_FOLDER = re.compile(r"[/~\\]|\.{1,2}(?:[/\\]|$)|[A-Za-z]:[/\\]")
_PICKLES = frozenset({".bin", ".ckpt", ".pt", ".pth", ".pkl"})
_LIBRARIES = frozenset({"diffusers", "transformers"})


def find_folder(model: str) -> Path | None:
    """Returns the folder that a model's id names, or None for an id of the hub.

    What begins like a path (`/`, `~`, `./`, `../`, a drive) is a folder; `org/name` is always the hub's, also where a
    folder of that name lies in the working directory, so that no download can take a known model's place.

    Raises:
        BadRequest: It is neither, or the folder holds no pipeline.
    """
    if not _FOLDER.match(model):
        if _HUB_ID.fullmatch(model):
            return None
        raise BadRequest(
            f"{model!r} is neither a model of the hub nor a folder.",
            next_step="Write diffusers:org/name, or a folder as diffusers:/path, diffusers:~/path or diffusers:./path.",
        )
    try:
        folder = Path(model).expanduser().absolute()
    except RuntimeError as error:  # a ~user who is not here
        raise BadRequest(f"There is no folder {model}.", next_step="Check the path.") from error
    if folder.is_file():
        raise BadRequest(
            f"{model} is one file, and a pipeline is a folder.",
            next_step="Load it once with diffusers' from_single_file, and save it as a folder with save_pretrained.",
        )
    if not folder.is_dir():
        raise BadRequest(f"There is no folder {model}.", next_step="Check the path; it is looked for from here.")
    if not (folder / INDEX).is_file():
        raise BadRequest(f"{model} is no diffusers pipeline: it has no {INDEX}.", next_step="Check the path.")
    return folder


def read_index(path: Path, model: str) -> dict[str, Any]:
    """Reads a pipeline's `model_index.json`.

    Raises:
        BadRequest: It is not JSON, or names no pipeline.
    """
    try:
        index = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BadRequest(
            f"{INDEX} of {model} is damaged: {error}", next_step="Fetch or save the model again."
        ) from error
    if not isinstance(index, dict) or "_class_name" not in index:
        raise BadRequest(f"{INDEX} of {model} names no pipeline.", next_step="Fetch or save the model again.")
    return index


def check_index(index: Mapping[str, Any], model: str, has_module: Callable[[str], bool]) -> None:
    """Makes sure that a pipeline is made of the libraries' own parts only: no code that came with the model is run.

    diffusers has its own check; CVE-2026-44513 showed ways around it, and it came late for local folders.

    Args:
        index: The model's index.
        model: Its id, for the message.
        has_module: Tells whether diffusers has a pipeline module of this name.

    Raises:
        BadRequest: A part is not theirs.
    """
    foreign = [] if isinstance(index["_class_name"], str) else ["the pipeline"]
    for name, part in index.items():
        if name.startswith("_") or not isinstance(part, list):
            continue
        library = part[0] if part else None
        if library is None or (isinstance(library, str) and (library in _LIBRARIES or has_module(library))):
            continue
        foreign.append(name)
    if foreign:
        raise _code_refused(model, foreign)


def _code_refused(model: str, parts: Iterable[str]) -> BadRequest:
    return BadRequest(
        f"{model} brings code of its own ({', '.join(parts)}), which is never run here.",
        next_step="Use a model made of diffusers' and transformers' own parts.",
    )


def check_files(index: Mapping[str, Any], names: Iterable[str], model: str) -> None:
    """Makes sure that nothing of a model can run when it is read: no code in a part's folder, and no pickled weights.

    diffusers looks for `unet/diffusers.py` before it turns to the library of that name; and a pickle is a program.

    Args:
        index: The model's index; folders that it does not name are not read, whatever they hold.
        names: Every file, relative to the model's folder, with `/`.
        model: The model's id, for the message.

    Raises:
        BadRequest: There is code, or some weights are only there as pickles.
    """
    safe: set[str] = set()
    pickled: set[str] = set()
    code: set[str] = set()
    for path in map(PurePosixPath, names):
        if path.suffix == ".py":
            code.add(str(path.parent))
        elif path.suffix == ".safetensors":
            safe.add(str(path.parent))
        elif path.suffix in _PICKLES:
            pickled.add(str(path.parent))
    if foreign := sorted(code & index.keys()):
        raise _code_refused(model, foreign)
    if missing := sorted((pickled - safe) & index.keys()):
        raise pickles_refused(model, missing)


def pickles_refused(model: str, parts: Iterable[str] = ()) -> BadRequest:
    """Returns the refusal of weights that are only there as pickles."""
    named = f" ({', '.join(parts)})" if parts else ""
    return BadRequest(
        f"{model} has weights only as pickled files{named}, which can run code when they are read.",
        next_step="Use a version with .safetensors files, or convert one you trust with save_pretrained.",
    )


def list_files(folder: Path) -> list[str]:
    """Returns every file of a model's folder and its parts' folders, relative to it."""
    return [path.relative_to(folder).as_posix() for pattern in ("*", "*/*") for path in folder.glob(pattern)]


def pick_variant(names: Iterable[str], *, half: bool) -> str | None:
    """Returns which set of weights to read: "fp16" where there is one and it is wanted, or the only one.

    Args:
        names: Every file of the model.
        half: Whether the model will run in 16 bits.
    """
    weights = [PurePosixPath(name).name for name in names if name.endswith(".safetensors")]
    small = [name for name in weights if ".fp16." in name or ".fp16-" in name]
    return "fp16" if small and (half or len(small) == len(weights)) else None
