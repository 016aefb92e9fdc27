"""From a model's id to a pipeline in memory. Imported on first use: it, and nothing else, imports heavy libraries."""

from __future__ import annotations

import gc
import traceback
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any

import diffusers
import httpx2
import huggingface_hub as hub
import torch
import transformers
from huggingface_hub import errors

from ...errors import AuthFailed, BadRequest, ProviderError, RemoteFailed, Unreachable
from .source import INDEX, check_files, check_index, find_folder, list_files, pick_variant, read_index

FAILURES = (ArithmeticError, AttributeError, ImportError, LookupError, MemoryError, OSError, RuntimeError, TypeError,
            ValueError)  # fmt: skip
"""What the libraries raise for whatever does not work."""


DEVICE = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
"""The best device there is."""


def free_memory() -> None:
    """Gives back what dropped pipelines held."""
    gc.collect()
    if DEVICE != "cpu":
        getattr(torch, DEVICE).empty_cache()


def load(model: str) -> Any:
    """Loads a model's pipeline; minutes where it must be downloaded first. Worker threads.

    Raises:
        ProviderError: There is none, it may not be loaded, or it does not fit into memory.
    """
    given, half = find_folder(model), DEVICE != "cpu"
    try:
        folder = given or Path(_ask_hub(partial(hub.hf_hub_download, model, INDEX))).parent
        index = read_index(folder / INDEX, model)
        check_index(index, model, partial(hasattr, diffusers.pipelines))
        names = list_files(folder, index) if given else _list_at_hub(model, folder, index)
        check_files(index, names, model)
        options = {"variant": pick_variant(names, half=half), "use_safetensors": True, "trust_remote_code": False}
        if given is None:  # of the very commit that was checked
            download = partial(diffusers.DiffusionPipeline.download, model, revision=folder.name, **options)
            folder = Path(_ask_hub(download))
            check_files(index, list_files(folder, index), model)
        dtype = torch.float16 if half else torch.float32
        if half and "transformer" in index and (DEVICE == "mps" or torch.cuda.is_bf16_supported()):
            dtype = torch.bfloat16  # what transformers are trained in; in float16 they overflow
        with ExitStack() as afterwards:
            for log in (diffusers.utils.logging, transformers.utils.logging):
                if log.is_progress_bar_enabled():  # bars of loading are not for whatever cell happens to run
                    log.disable_progress_bar()
                    afterwards.callback(log.enable_progress_bar)
            pipeline = diffusers.DiffusionPipeline.from_pretrained(str(folder), dtype=dtype, **options)
        return pipeline.to(DEVICE)
    except FAILURES as error:
        raise _read_load_failure(error, model) from error


def for_task(pipeline: Any, *, image: bool) -> Any:
    """Returns the pipeline that starts from a reference image, or from text alone, with the weights of this one."""
    kind = diffusers.AutoPipelineForImage2Image if image else diffusers.AutoPipelineForText2Image
    with suppress(ValueError):  # there is none; whether this one can do it is seen when it is called
        pipeline = kind.from_pipe(pipeline)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def _list_at_hub(model: str, cached: Path, index: Mapping[str, Any]) -> list[str]:
    """Returns every file of the parts that a hub model's index names; where the hub is out of reach, those cached."""
    try:
        return [name for name in hub.list_repo_files(model, revision=cached.name) if name.rpartition("/")[0] in index]
    except (OSError, httpx2.TransportError):
        return list_files(cached, index)


def _ask_hub(ask: Callable[..., str]) -> str:
    """Asks the hub, or its cache after a time-out or a broken connection (after other failures the clients do so)."""
    try:
        return ask()
    except httpx2.TransportError:
        return ask(local_files_only=True)


def _read_load_failure(error: Exception, model: str) -> ProviderError:
    """Returns what it means that a model could not be fetched or loaded."""
    sign_in = "set HF_TOKEN or run `hf auth login`"
    match error:
        case errors.GatedRepoError():
            step = f"Accept them at huggingface.co/{model}, then {sign_in}."
            return AuthFailed(f"{model} is open only to those who accepted its terms.", next_step=step)
        case errors.RepositoryNotFoundError():
            step = f"Check its name; for a private one {sign_in}."
            return BadRequest(f"The hub has no model {model}, or it is private.", next_step=step)
        case errors.RemoteEntryNotFoundError():
            return BadRequest(f"{model} is no diffusers pipeline: it has no {INDEX}.", next_step="Use another model.")
        case errors.LocalEntryNotFoundError() | errors.OfflineModeIsEnabled():
            message = f"{model} is not on this machine, and the hub cannot be reached."
            return Unreachable(message, sent=False, detail=str(error))
    return read_failure(error, f"diffusers could not load {model}", "Use a smaller model.")


def read_failure(error: Exception, what: str, smaller: str) -> RemoteFailed:
    """Returns the libraries' failure in our words; of a full memory, what the traceback keeps alive is let go."""
    said = f"{type(error).__name__}: {error}"
    if isinstance(error, MemoryError) or any(word in said for word in ("out of memory", "can't allocate memory")):
        traceback.clear_frames(error.__traceback__)
        free_memory()
        where = "memory" if DEVICE == "cpu" else "the GPU's memory"
        return RemoteFailed(f"{what}: it does not fit into {where}.", next_step=smaller, detail=said)
    return RemoteFailed(f"{what}: {said}".split("\n")[0], detail=said)
