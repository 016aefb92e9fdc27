"""Paints a scene: reads the prompt, composes, paints back to front, and finishes in the asked style."""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image

from ...domain.request import GenerationRequest
from ..base import Stopped
from .canvas import Canvas
from .compose import compose
from .noise import stable_seed
from .palettes import palette_for
from .reading import Scene, read_prompt
from .repaint import PAINTED_FROM, lead_towards_prompt, open_references, show_reference
from .styles import finish
from .tint import tint_picture

FLAT_STYLES = frozenset({"ink", "blueprint"})
SMALLEST_SIDE = 480
MOST_PIXELS = 9_500_000


def paint_scene(
    request: GenerationRequest, progress: Callable[[float], None], cancelled: Callable[[], bool]
) -> Image.Image:
    """Returns the RGB picture of a request, exactly of the asked size.

    Raises:
        Stopped: It was cancelled.
    """

    def step(share: float) -> None:
        if cancelled():
            raise Stopped
        progress(share)

    params = request.params
    size = int(params.get("width", 1024)), int(params.get("height", 1024))
    scene = read_prompt(request.prompt, str(params.get("negative_prompt", "")))
    style = str(params.get("style") or scene.style or "painting")
    step(0.02)
    fine = params.get("quality") == "hd"
    width, height = _working_size(size, fine)
    seed = stable_seed(request.seed or 0, *scene.unknown, *scene.places, *(thing.name for thing in scene.things))
    time = scene.time or _time_of(scene, seed)
    canvas = Canvas(width, height, scene, palette_for(scene, time), seed, flat=style in FLAT_STYLES)
    canvas.variant = request.seed or 0
    strength = float(params.get("strength", 0.6))
    reference = open_references(request.references, (width, height)) if request.references else None
    if reference is None or strength > PAINTED_FROM:
        compose(canvas, step)
    step(0.8)
    tint_picture(canvas)
    if reference:
        lead_towards_prompt(canvas, reference, strength)
    image = finish(canvas, style, size, fine)
    if reference:
        image = show_reference(image, reference, strength)
    if image.size != size:
        image = image.resize(size, Image.Resampling.LANCZOS)
    step(0.95)
    return image


def _working_size(size: tuple[int, int], fine: bool) -> tuple[int, int]:
    width, height = size
    scale = 2.0 if fine else 1.0
    scale = max(scale, min(4.0, SMALLEST_SIDE / min(size)))
    scale = min(scale, max(1.0, (MOST_PIXELS / (width * height)) ** 0.5))
    return round(width * scale), round(height * scale)


def _time_of(scene: Scene, seed: int) -> str:
    """Returns a time of day for a scene that names none."""
    if (
        scene.weather & {"aurora"}
        or scene.thing("moon", "crescent", "stars", "meteor")
        or "space" in scene.places
        or scene.thing("planet", "rocket")
    ):
        return "night"
    if "gloomy" in scene.moods:
        return "dusk"
    return ("morning", "golden", "afternoon", "sunset", "noon", "dawn")[seed % 6]
