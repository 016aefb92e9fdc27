"""The `abstract` model: designed prints, painted from nothing but a prompt and a seed."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from .abstract_bauhaus import paint_bauhaus
from .abstract_canvas import Watch
from .abstract_constellations import paint_constellations
from .abstract_contours import paint_contours
from .abstract_flow import paint_flow
from .abstract_forms import ABSTRACT_STYLES
from .abstract_gradient import paint_gradient
from .abstract_plan import Plan, build_plan
from .abstract_reference import keep_reference, make_guide, open_reference, read_palette
from .abstract_rings import paint_rings
from .abstract_stripes import paint_stripes
from .abstract_terrazzo import paint_terrazzo
from .abstract_waves import paint_waves

if TYPE_CHECKING:
    from PIL import Image

    from ...domain.request import GenerationRequest

__all__ = ["ABSTRACT_STYLES", "paint_abstract"]

_GUIDED = frozenset({"flow", "terrazzo"})
"""Forms that take their colours, place by place, from a reference."""

_MOST_DOUBLED_PX = 1280 * 1280
"""Up to this size `hd` paints four pixels for one; beyond, a picture is fine enough and doubling takes gigabytes."""

_PAINTERS: dict[str, Callable[[Plan, Watch], Image.Image]] = {
    "flow": paint_flow,
    "gradient": paint_gradient,
    "bauhaus": paint_bauhaus,
    "waves": paint_waves,
    "rings": paint_rings,
    "terrazzo": paint_terrazzo,
    "contours": paint_contours,
    "constellations": paint_constellations,
    "stripes": paint_stripes,
}


def paint_abstract(
    request: GenerationRequest, progress: Callable[[float], None], cancelled: Callable[[], bool]
) -> Image.Image:
    """Returns one abstract picture, RGB, exactly as large as asked.

    The same prompt, params, seed and reference give the same pixels on every machine. Any thread; keeps no state.

    Args:
        request: `params` holds `width` and `height` in pixels (64–2048), and may hold `quality` (standard or hd),
            `style`, `negative_prompt` and `strength` (0 keeps the reference, 1 only its palette; 0.6 by default).
        progress: Told 0–1 about ten times.
        cancelled: Asked just as often.

    Raises:
        Stopped: It was cancelled.
        BadRequest: The reference cannot be opened.
    """
    watch = Watch(progress, cancelled)
    watch.at(0.0)
    params = request.params
    references = [open_reference(reference.data) for reference in request.references[:1]]
    plan = build_plan(request.prompt, params, request.seed or 0, [read_palette(image) for image in references])
    shown = float(params.get("strength", 0.6))
    if references and plan.style in _GUIDED and shown < 1.0:
        plan = replace(plan, guide=make_guide(references[0], (plan.width, plan.height)))
        shown = math.sqrt(shown)  # forms in the reference's own colours already show it
    watch.at(0.05)
    picture = _paint(plan, watch)
    for reference in references:
        picture = keep_reference(picture, reference, shown)
    watch.at(1.0)
    return picture


def _paint(plan: Plan, watch: Watch) -> Image.Image:
    """Paints a plan; in `hd` twice as large, where memory allows it, and then drawn together."""
    painter = _PAINTERS[plan.style]
    if not plan.fine or plan.width * plan.height > _MOST_DOUBLED_PX:
        return painter(plan, watch)
    return painter(replace(plan, width=plan.width * 2, height=plan.height * 2), watch).reduce(2)
