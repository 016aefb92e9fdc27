"""From a model's id to a pipeline in memory: found, checked, downloaded where needed, and put on its device."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from ...errors import AuthFailed, BadRequest, RemoteFailed, Unreachable
from . import source
from .call import names_of_call
from .kit import Kit

TASKS = {False: "AutoPipelineForText2Image", True: "AutoPipelineForImage2Image"}
"""What diffusers calls the pipelines without and with a reference image."""


@dataclass
class Loaded:
    """A model in memory.

    Attributes:
        kit: What it was loaded with.
        pipeline: The pipeline that the model names.
        model: The model's id.
    """

    kit: Kit
    pipeline: Any
    model: str
    _by_task: dict[bool, Any] = field(default_factory=dict)

    def for_task(self, *, image: bool) -> Any:
        """Returns the pipeline that starts from a reference image, or from text alone; both share every weight.

        Raises:
            BadRequest: The model has none for that.
        """
        if image not in self._by_task:
            self._by_task[image] = self._derive(image)
            self._by_task[image].set_progress_bar_config(disable=True)
        return self._by_task[image]

    def _derive(self, image: bool) -> Any:
        derived = self._linked(image)
        if derived is not None:
            return derived
        takes = names_of_call(self.pipeline)
        kind = type(self.pipeline).__name__
        if image and not {"prompt", "image"} <= takes:
            raise BadRequest(
                f"{self.model} ({kind}) makes pictures from text only.", next_step="Leave images out, or use another."
            )
        if not image and ("prompt" not in takes or self._linked(True) is not None):
            raise BadRequest(
                f"{self.model} ({kind}) makes no picture from text alone.",
                next_step="Give it images=…, or use another.",
            )
        return self.pipeline

    def _linked(self, image: bool) -> Any | None:
        """Returns the pipeline that diffusers links to this one for a task, or None where it links none."""
        try:
            return getattr(self.kit.diffusers, TASKS[image]).from_pipe(self.pipeline)
        except ValueError:
            return None


def find_key(model: str) -> Hashable:
    """Returns what tells whether a model is the one in memory: a folder that was saved anew is another one.

    Raises:
        BadRequest: There is no such model.
    """
    folder = source.find_folder(model)
    return model if folder is None else (str(folder), (folder / source.INDEX).stat().st_mtime_ns)


def load(model: str, kit: Kit) -> Loaded:
    """Loads a model; minutes where it must be downloaded first. Worker threads.

    Raises:
        ProviderError: There is none, it may not be loaded, or it does not fit into memory.
    """
    folder = source.find_folder(model)
    path = _fetch_index(model) if folder is None else folder / source.INDEX
    index = source.read_index(path, model)
    source.check_index(index, model, lambda name: hasattr(kit.diffusers.pipelines, name))
    dtype = kit.dtype(transformer="transformer" in index)
    half = dtype is not kit.torch.float32
    if folder is None:
        folder = _fetch(model, kit, half=half)
    names = source.list_files(folder)
    source.check_files(index, names, model)
    try:
        with kit.no_bars():
            pipeline = kit.diffusers.DiffusionPipeline.from_pretrained(
                str(folder), dtype=dtype, variant=source.pick_variant(names, half=half), use_safetensors=True,
                trust_remote_code=False,
            )  # fmt: skip
        return Loaded(kit=kit, pipeline=pipeline.to(kit.device), model=model)
    except (
        AttributeError,
        ImportError,
        LookupError,
        MemoryError,
        OSError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as error:
        if kit.is_out_of_memory(error):
            raise kit.out_of_memory("The model does not fit into", "Use a smaller model.", error) from error
        raise RemoteFailed(
            f"diffusers could not load {model}: {type(error).__name__}: {error}".split("\n")[0],
            next_step="Check that the folder is complete, and that diffusers is new enough for it.",
            detail=str(error),
        ) from error


def _fetch_index(model: str) -> Path:
    """Downloads a hub model's index, or finds it in the cache.

    Raises:
        ProviderError: There is no such model, it is not open to this user, or the hub is out of reach.
    """
    from huggingface_hub import hf_hub_download

    return Path(_at_hub(model, partial(hf_hub_download, model, source.INDEX)))


def _fetch(model: str, kit: Kit, *, half: bool) -> Path:
    """Downloads what a hub model needs, as safetensors, or finds it in the cache; returns its folder.

    Raises:
        ProviderError: It cannot be had.
    """
    download = kit.diffusers.DiffusionPipeline.download
    refused: Exception | None = None
    for variant in ("fp16", None) if half else (None, "fp16"):
        try:
            return Path(_at_hub(model, partial(download, model, variant=variant, use_safetensors=True)))
        except _NoSafetensors as error:
            refused = error
        except ValueError as error:
            if variant is None:
                raise RemoteFailed(f"{model} could not be downloaded: {error}", detail=str(error)) from error
            # else the model has no such variant
    raise source.pickles_refused(model) from refused


class _NoSafetensors(Exception):  # noqa: N818  (a fact about one variant of a model, not yet a failure)
    """A variant of a model has no safetensors; diffusers says so with a bare OSError."""


def _at_hub(model: str, ask: Callable[..., Any]) -> Any:
    """Asks the hub, or its cache where it is out of reach, and says what came of it in our own words.

    Args:
        model: The model's id.
        ask: Takes `local_files_only`. The clients turn to their cache by themselves after some failures, but not after
            a time-out or a broken connection (diffusers 0.42.1).
    """
    import httpx2
    from huggingface_hub import errors

    try:
        try:
            return ask()
        except httpx2.TransportError:
            return ask(local_files_only=True)
    except errors.HFValidationError as error:
        raise BadRequest(f"{model} cannot be the name of a model: {error}", next_step="Check its name.") from error
    except errors.GatedRepoError as error:
        raise AuthFailed(
            f"{model} is open only to those who accepted its terms.",
            next_step=f"Accept them at huggingface.co/{model}, then set HF_TOKEN or run `hf auth login`.",
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise BadRequest(
            f"The hub has no model {model}, or it is private.",
            next_step="Check its name; for a private one set HF_TOKEN or run `hf auth login`.",
        ) from error
    except errors.RemoteEntryNotFoundError as error:
        raise BadRequest(
            f"{model} is no diffusers pipeline: it has no {source.INDEX}.", next_step="Use a model in that format."
        ) from error
    except errors.HfHubHTTPError as error:
        raise RemoteFailed(f"The hub answered for {model}: {error}".split("\n")[0], detail=str(error)) from error
    except (errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled) as error:
        raise Unreachable(
            f"{model} is not on this machine, and the hub cannot be reached.", sent=False, detail=str(error)
        ) from error
    except OSError as error:
        if "safetensors" in str(error):
            raise _NoSafetensors(str(error)) from error
        raise RemoteFailed(f"{model} could not be downloaded: {error}".split("\n")[0], detail=str(error)) from error
