"""Neural pipelines in this very process, by the library `diffusers` (an extra), imported only when one runs."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from ...domain.card import ModelCard
from ...domain.request import GenerationRequest, MadeImage
from ...errors import BadRequest
from ..base import Stopped
from ..cards import load_facts
from .source import find_key

LIBRARIES = ("accelerate", "diffusers", "torch", "transformers", "huggingface_hub", "safetensors")
"""What the extra `diffusers` installs; without accelerate, diffusers reads weights twice as large."""

LOOK_S = 0.1
"""Seconds after which somebody who waits for the model looks whether that was cancelled."""


class Shelf:
    """Room for one loaded model: used by one caller at a time, and dropped before another one is loaded.

    A pipeline is not thread-safe (its scheduler counts steps), and two large models rarely fit into one memory. Any
    thread. A forked child has a shelf of its own: a model that lies on a GPU is of no use there.
    """

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._pid, self._lock = os.getpid(), threading.Lock()
        self._key: Hashable = None
        self._held: Any = None

    @contextmanager
    def borrow(
        self, key: Hashable, load: Callable[[], Any], drop: Callable[[], None], cancelled: Callable[[], bool]
    ) -> Iterator[Any]:
        """Hands out the model of this key until the block is left, after `load` if it is not there.

        `drop` is called once another model is off the shelf, to give its memory back. A cancel is heeded while waiting,
        and before and after loading.
        """

        def check() -> None:
            if cancelled():
                raise Stopped

        if self._pid != os.getpid():
            self._clear()
        lock = self._lock
        while not lock.acquire(timeout=LOOK_S):
            check()
        try:
            check()
            if self._held is not None and self._key != key:
                self._held = None
                drop()
            if self._held is None:
                self._held, self._key = load(), key
            check()
            yield self._held
        finally:
            lock.release()


SHELF = Shelf()
"""One for the process: two studios on two workspaces do not load a model twice."""


class Diffusers:
    """Runs pipelines in this process. Making one imports nothing heavy."""

    name = "diffusers"

    def __init__(self, shelf: Shelf = SHELF) -> None:
        self._shelf = shelf

    def cards(self) -> Sequence[ModelCard]:
        """Returns the models it has: one for any pipeline, and those whose own defaults are wrong for them."""
        return load_facts(self.name).cards

    def run(
        self, request: GenerationRequest, progress: Callable[[float], None], cancelled: Callable[[], bool]
    ) -> MadeImage:
        """Makes one picture; one at a time in this process. A download that has begun goes on after a cancel."""
        from .call import build_call, read_result

        key = find_key(request.model)
        check_libraries()
        import torch

        from .loading import FAILURES, for_task, free_memory, load, read_failure

        with self._shelf.borrow(key, lambda: load(request.model), free_memory, cancelled) as loaded:
            pipeline = for_task(loaded, image=bool(request.references))
            call, kind = build_call(pipeline, request, progress, cancelled), type(pipeline).__name__
            if request.seed is not None:  # drawn on the CPU: the same noise on every device
                call["generator"] = torch.Generator("cpu").manual_seed(request.seed)
            try:
                data = read_result(pipeline(**call))
            except (TypeError, ValueError) as error:
                raise BadRequest(f"{kind} did not take this: {error}") from error
            except FAILURES as error:
                raise read_failure(error, f"{kind} failed", "Use a smaller size, or a smaller model.") from error
        progress(1.0)
        return MadeImage(data=data, seed=request.seed)


def check_libraries() -> None:
    """Imports them (seconds, the first time); `BadRequest` if they are not installed, or do not work."""
    install = "pip install 'photogram[diffusers]'"
    try:
        for library in LIBRARIES:
            import_module(library)
    except (ImportError, OSError, RuntimeError) as error:
        if isinstance(error, ModuleNotFoundError) and error.name in LIBRARIES:
            message = f"diffusers: models need packages that are not installed ({error.name})."
            raise BadRequest(message, next_step=f"Run: {install}") from error
        message = f"diffusers or torch is installed but does not load: {error}"
        raise BadRequest(message, next_step=f"Install them anew: {install}") from error
