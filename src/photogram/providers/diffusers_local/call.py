"""From a request to a pipeline's call, and from its result to bytes. No heavy import."""

from __future__ import annotations

import inspect
import io
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ...errors import BadRequest, BadResponse, Refused
from ..base import Stopped

if TYPE_CHECKING:
    from PIL.Image import Image

    from ...domain.request import GenerationRequest, ReferenceImage

NAMES: Mapping[str, str] = {
    "width": "width", "height": "height", "steps": "num_inference_steps", "guidance_scale": "guidance_scale",
    "negative_prompt": "negative_prompt", "strength": "strength",
}  # fmt: skip
"""Our parameters, by what pipelines call them."""
USUAL_SIDE_PX = 1024
"""Side of a model's own size, where the pipeline does not state it."""


def names_of_call(pipeline: Any) -> frozenset[str]:
    """Returns the names of what a pipeline's call takes."""
    return frozenset(inspect.signature(type(pipeline).__call__).parameters) - {"self"}


def check_request(request: GenerationRequest) -> None:
    """Checks what can be told before a model is loaded.

    Raises:
        BadRequest: `strength` was given without a reference image.
    """
    if "strength" in request.params and not request.references:
        raise BadRequest(
            "strength says how far to go from a reference image, and there is none.",
            next_step="Give images=…, or leave strength out.",
        )


def build_call(
    pipeline: Any, request: GenerationRequest, progress: Callable[[float], None], cancelled: Callable[[], bool]
) -> dict[str, Any]:
    """Returns the arguments of a pipeline's call, but for the generator.

    Raises:
        BadRequest: The pipeline does not take what was asked for; the message names all of it.
    """
    takes = names_of_call(pipeline)
    given = {name: value for name, value in request.params.items() if value is not None}
    call: dict[str, Any] = {"prompt": request.prompt}
    size = (given["width"], given["height"]) if {"width", "height"} <= given.keys() else None
    problems = _size_problems(size, pixel_grain(pipeline))
    if request.references and "image" not in takes:
        problems.append("it takes no reference image")
    elif request.references:
        call["image"] = open_reference(request.references[0])
        takes_size = {"width", "height"} <= takes
        if "strength" in takes or not takes_size:  # the picture is laid over the reference, and is of its size
            call["image"] = fit(call["image"], size, native_side(pipeline), pixel_grain(pipeline))
            sides = {"width": call["image"].width, "height": call["image"].height}
            given = {name: value for name, value in given.items() if name not in sides} | (sides if takes_size else {})
    for name, value in given.items():
        theirs = NAMES.get(name)
        if theirs is None or theirs not in takes:
            problems.append(f"it takes no {name}")
        else:
            call[theirs] = value
    if "negative_prompt" in call and _ignores_negative(pipeline):
        problems.append("it makes nothing of negative_prompt, having been trained without")
    if problems:
        raise BadRequest(f"{type(pipeline).__name__} cannot make this: {'; '.join(problems)}.")
    return call | _callbacks(pipeline, takes, call.get("num_inference_steps"), progress, cancelled)


def _callbacks(
    pipeline: Any, takes: frozenset[str], asked: int | None, progress: Callable[[float], None],
    cancelled: Callable[[], bool],
) -> dict[str, Any]:  # fmt: skip
    """Returns the arguments by which a pipeline tells of each step, in today's form or the one before.

    Args:
        pipeline: Knows, once it runs, how many steps it makes (image to image makes fewer than it was asked for).
        takes: The names of what its call takes.
        asked: How many steps were asked for, if any.
        progress: Told after every step.
        cancelled: Asked after every step.
    """

    def look(step: int) -> None:
        if cancelled():
            raise Stopped  # leaves the pipeline at once; its _interrupt would still decode the picture
        steps = getattr(pipeline, "num_timesteps", None) or asked
        if steps:
            progress(min((step + 1) / (steps + 1), 1.0))  # decoding the picture is as long as about one step

    def after_step(_pipeline: Any, step: int, _time: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        look(step)
        return tensors

    if "callback_on_step_end" in takes:
        return {"callback_on_step_end": after_step}
    if {"callback", "callback_steps"} <= takes:
        return {"callback": lambda step, _time, _latents: look(step), "callback_steps": 1}
    return {}


def _ignores_negative(pipeline: Any) -> bool:
    """Tells whether a pipeline heeds a negative prompt only with a second guidance, which is off by default (FLUX)."""
    true_cfg = inspect.signature(type(pipeline).__call__).parameters.get("true_cfg_scale")
    return true_cfg is not None and isinstance(true_cfg.default, (int, float)) and true_cfg.default <= 1


def pixel_grain(pipeline: Any) -> int:
    """Returns the number of which a pipeline's sides must be multiples, in pixels."""
    processor = getattr(pipeline, "image_processor", None)
    grain = getattr(getattr(processor, "config", None), "vae_scale_factor", None)
    grain = grain or getattr(pipeline, "vae_scale_factor", None)
    return grain if isinstance(grain, int) and grain > 0 else 8


def native_side(pipeline: Any) -> int:
    """Returns the side of a model's own (square) size in pixels."""
    parts = (getattr(pipeline, name, None) for name in ("unet", "transformer"))
    stated = [getattr(getattr(part, "config", None), "sample_size", None) for part in parts]
    latent = next((one for one in (*stated, getattr(pipeline, "default_sample_size", None)) if isinstance(one, int)), 0)
    factor = getattr(pipeline, "vae_scale_factor", None)
    return latent * factor if latent and isinstance(factor, int) else USUAL_SIDE_PX


def _size_problems(size: tuple[int, int] | None, grain: int) -> list[str]:
    problems = []
    for name, side in zip(("width", "height"), size or (), strict=False):
        if side % grain:
            below = side - side % grain
            near = f"{below} or {below + grain}" if below else f"{grain}"
            problems.append(f"{name} must be a multiple of {grain} px: try {near}")
    return problems


def open_reference(reference: ReferenceImage) -> Image:
    """Returns a reference image as RGB, upright; what is transparent becomes white."""
    from PIL import Image as pillow  # noqa: N813
    from PIL import ImageOps

    image = ImageOps.exif_transpose(pillow.open(io.BytesIO(reference.data)))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = pillow.alpha_composite(pillow.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def fit(image: Image, size: tuple[int, int] | None, side: int, grain: int) -> Image:
    """Returns a reference image in the size that the picture is to have.

    Args:
        image: The reference.
        size: What the user asked for: filled, and cut in the middle where the proportions differ. None keeps the
            reference's own proportions, and its size up to as many pixels as the model's own size has.
        side: Side of the model's own size, in pixels.
        grain: What both sides must be multiples of, in pixels.
    """
    from PIL import Image as pillow  # noqa: N813
    from PIL import ImageOps

    if size is None:
        scale = min(1.0, side / math.sqrt(image.width * image.height))
        width, height = (max(grain, round(one * scale / grain) * grain) for one in image.size)
        size = (width, height)
    return image if image.size == size else ImageOps.fit(image, size, pillow.Resampling.LANCZOS)


def read_result(result: Any) -> bytes:
    """Returns the picture of a pipeline's result as a PNG.

    Raises:
        Refused: The model's own safety checker took it away.
        BadResponse: There is no picture.
    """
    from PIL import Image as pillow  # noqa: N813

    if any(getattr(result, "nsfw_content_detected", None) or ()):
        raise Refused("The model's own safety checker declined the picture.", next_step="Rephrase, or change the seed.")
    images = getattr(result, "images", None)
    if not isinstance(images, list) or not images or not isinstance(images[0], pillow.Image):
        raise BadResponse("The pipeline gave no picture.", next_step="Use a pipeline that makes one image.")
    buffer = io.BytesIO()
    images[0].save(buffer, "PNG")
    return buffer.getvalue()
