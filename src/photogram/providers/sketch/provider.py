"""The provider: hands a request to the right painter, and its picture to the encoder."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...domain.card import ModelCard
from ...domain.request import GenerationRequest, MadeImage
from .card import CARDS


class Sketch:
    """Paints on this machine, without weights, network or keys."""

    name = "sketch"
    """Short name, the part of an address before the colon."""

    def cards(self) -> Sequence[ModelCard]:
        """Returns the models it has. Any thread."""
        return CARDS

    def run(
        self, request: GenerationRequest, progress: Callable[[float], None], cancelled: Callable[[], bool]
    ) -> MadeImage:
        """Paints one picture; the same request gives the same bytes. Any thread.

        Args:
            request: What to paint; `params` are checked and complete.
            progress: Called with 0–1 several times.
            cancelled: Asked several times.

        Raises:
            Stopped: It was cancelled.
        """
        from .encode import encode_png

        if request.model == "abstract":
            from .abstract import paint_abstract as paint
        else:
            from .scene import paint_scene as paint
        image = paint(request, progress, cancelled)
        data = encode_png(image)
        progress(1.0)
        return MadeImage(data=data, seed=request.seed)
