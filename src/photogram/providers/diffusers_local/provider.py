"""The provider: takes the model off the shelf, runs it, and says what went wrong in our own words."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...domain.card import ModelCard
from ...domain.request import GenerationRequest, MadeImage
from ...errors import BadRequest, RemoteFailed
from .call import build_call, check_request, read_result
from .card import CARDS, NAME
from .kit import import_kit
from .loading import Loaded, find_key, load
from .shelf import Shelf

SHELF: Shelf[Loaded] = Shelf()
"""One for the process: two studios on two workspaces do not load a model twice."""


class Diffusers:
    """Runs pipelines in this process. Making one imports nothing heavy."""

    name = NAME
    """Short name, the part of an address before the colon."""

    def __init__(self, shelf: Shelf[Loaded] = SHELF) -> None:
        self._shelf = shelf

    def cards(self) -> Sequence[ModelCard]:
        """Returns the models it has. Any thread."""
        return CARDS

    def run(
        self, request: GenerationRequest, progress: Callable[[float], None], cancelled: Callable[[], bool]
    ) -> MadeImage:
        """Makes one picture; one at a time in this process. Any thread.

        Args:
            request: What to make; its model is a hub id or a folder.
            progress: Called after every step.
            cancelled: Asked before and after loading and after every step; a download that has begun goes on.

        Raises:
            Stopped: It was cancelled.
            ProviderError: It could not be made.
        """
        check_request(request)
        key = find_key(request.model)
        kit = import_kit()
        with self._shelf.borrow(key, lambda: load(request.model, kit), kit.free_memory, cancelled) as loaded:
            pipeline = loaded.for_task(image=bool(request.references))
            call = build_call(pipeline, request, progress, cancelled)
            if request.seed is not None:
                call["generator"] = kit.generator(request.seed)
            try:
                data = read_result(pipeline(**call))
            except (TypeError, ValueError) as error:
                raise BadRequest(f"{type(pipeline).__name__} did not take this: {error}") from error
            except (ArithmeticError, AttributeError, LookupError, MemoryError, RuntimeError) as error:
                if kit.is_out_of_memory(error):
                    step = "Use a smaller size, or a smaller model."
                    raise kit.out_of_memory("The picture does not fit into", step, error) from error
                raise RemoteFailed(f"{type(pipeline).__name__} failed: {type(error).__name__}: {error}") from error
        progress(1.0)
        return MadeImage(data=data, seed=request.seed)
