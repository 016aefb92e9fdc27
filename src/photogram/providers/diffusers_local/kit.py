"""The heavy libraries, imported on first use, and what they say about this machine."""

from __future__ import annotations

import gc
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ...errors import BadRequest, ProviderError, RemoteFailed

EXTRA = frozenset({"accelerate", "diffusers", "huggingface_hub", "safetensors", "torch", "transformers"})
"""What the extra `diffusers` installs."""

_INSTALL = "pip install 'photogram[diffusers]'"


@dataclass(frozen=True)
class Kit:
    """torch and diffusers, and the device that is used.

    Attributes:
        torch: The module.
        diffusers: The module.
        transformers: The module.
    """

    torch: Any
    diffusers: Any
    transformers: Any

    @cached_property
    def device(self) -> str:
        """The best device there is: "cuda", "mps" or "cpu"."""
        if self.torch.cuda.is_available():
            return "cuda"
        return "mps" if self.torch.backends.mps.is_available() else "cpu"

    def dtype(self, *, transformer: bool) -> Any:
        """Returns the number type to compute in: 32 bits on a CPU, 16 elsewhere.

        Args:
            transformer: Whether the denoiser is a transformer; those are trained in bfloat16 and overflow in float16.
        """
        if self.device == "cpu":
            return self.torch.float32
        if not transformer or (self.device == "cuda" and not self.torch.cuda.is_bf16_supported()):
            return self.torch.float16
        return self.torch.bfloat16

    def generator(self, seed: int) -> Any:
        """Returns a source of noise that is the same on every device: it draws on the CPU."""
        return self.torch.Generator("cpu").manual_seed(seed)

    @contextmanager
    def no_bars(self) -> Iterator[None]:
        """Keeps the bars of loading out of whatever cell happens to run; those of a download stay."""
        bars = [library.utils.logging for library in (self.diffusers, self.transformers)]
        shown = [one for one in bars if one.is_progress_bar_enabled()]
        for one in shown:
            one.disable_progress_bar()
        try:
            yield
        finally:
            for one in shown:
                one.enable_progress_bar()

    def free_memory(self) -> None:
        """Gives back what dropped pipelines held."""
        gc.collect()
        if self.device == "cuda":
            self.torch.cuda.empty_cache()
        elif self.device == "mps":
            self.torch.mps.empty_cache()

    def is_out_of_memory(self, error: BaseException) -> bool:
        """Tells whether an exception says that a device's memory is full (MPS and the CPU only say it in words)."""
        if isinstance(error, (self.torch.OutOfMemoryError, MemoryError)):
            return True
        words = str(error).lower()
        return isinstance(error, RuntimeError) and ("out of memory" in words or "can't allocate memory" in words)

    def out_of_memory(self, what: str, next_step: str, error: BaseException) -> ProviderError:
        """Returns the failure of a device whose memory is full, and gives back what the failed work held.

        Args:
            what: What does not fit "into", as the message begins.
            next_step: What to do about it.
            error: What was raised; the tensors that its traceback keeps alive are let go.
        """
        traceback.clear_frames(error.__traceback__)
        self.free_memory()
        where = {"cuda": "the GPU's memory", "mps": "the GPU's share of memory"}.get(self.device, "memory")
        return RemoteFailed(f"{what} {where}.", next_step=next_step)


def import_kit() -> Kit:
    """Imports torch and diffusers (seconds, the first time).

    Raises:
        BadRequest: They are not installed, or do not work.
    """
    try:
        import accelerate  # noqa: F401  (without it, diffusers reads weights twice as large)
        import diffusers
        import torch
        import transformers
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in EXTRA:
            raise _broken(error) from error
        raise BadRequest(
            f"diffusers: models need packages that are not installed ({missing}).", next_step=f"Run: {_INSTALL}"
        ) from error
    except (ImportError, OSError, RuntimeError) as error:
        raise _broken(error) from error
    return Kit(torch=torch, diffusers=diffusers, transformers=transformers)


def _broken(error: Exception) -> BadRequest:
    return BadRequest(
        f"diffusers or torch is installed but does not load: {error}", next_step=f"Install them anew: {_INSTALL}"
    )
