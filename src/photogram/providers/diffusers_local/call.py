"""From a request to a pipeline's call, and from its result to bytes."""

from __future__ import annotations

import inspect
import io
import math
from collections.abc import Callable
from typing import Any

from PIL import Image, ImageOps

from ...domain.request import GenerationRequest, ReferenceImage
from ...errors import BadRequest, BadResponse, Refused
from ..base import Stopped

USUAL_SIDE_PX = 1024
"""Side of a model's own size, where the pipeline does not state it."""


def build_call(
    pipeline: Any, request: GenerationRequest, progress: Callable[[float], None], cancelled: Callable[[], bool]
) -> dict[str, Any]:
    """Returns the arguments of a pipeline's call, but for the generator.

    Raises:
        BadRequest: The pipeline does not take what was asked for; the message names all of it.
    """
    takes, grain = inspect.signature(type(pipeline).__call__).parameters, pixel_grain(pipeline)
    call: dict[str, Any] = {}
    given, problems = {"prompt": request.prompt, **request.params}, []
    for name in ("width", "height"):
        if rest := given.get(name, 0) % grain:
            near = [str(side) for side in (given[name] - rest, given[name] - rest + grain) if side]
            problems.append(f"{name} must be a multiple of {grain} px: try {' or '.join(near)}")
    if request.references and "image" not in takes:
        problems.append("it takes no reference image")
    elif request.references:
        image = open_reference(request.references[0])
        if "strength" in takes or "width" not in takes:  # the picture is laid over the reference, and is of its size
            size = (given.pop("width"), given.pop("height")) if "width" in given else None
            image = fit(image, size, native_side(pipeline), grain)
            given |= {"width": image.width, "height": image.height} if "width" in takes else {}
        call["image"] = image
    for name, value in given.items():
        theirs = {"steps": "num_inference_steps"}.get(name, name)
        if theirs not in takes:
            problems.append(f"it takes no {name}")
        call[theirs] = value
    true_cfg = takes["true_cfg_scale"].default if "true_cfg_scale" in takes else None
    if "negative_prompt" in call and isinstance(true_cfg, (int, float)) and true_cfg <= 1:  # FLUX: off by default
        problems.append("it makes nothing of negative_prompt, having been trained without")
    if problems:
        raise BadRequest(f"{type(pipeline).__name__} cannot make this: {'; '.join(problems)}.")

    def look(step: int) -> None:
        if cancelled():
            raise Stopped  # leaves the pipeline at once; its _interrupt would still decode the picture
        # Once it runs it knows how many steps it makes; image to image makes fewer than it was asked for.
        if steps := getattr(pipeline, "num_timesteps", None) or given.get("steps"):
            progress(min((step + 1) / (steps + 1), 1.0))  # decoding the picture is as long as about one step

    def after_step(_pipeline: Any, step: int, _time: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        look(step)
        return tensors

    if "callback_on_step_end" in takes:
        call["callback_on_step_end"] = after_step
    elif "callback" in takes and "callback_steps" in takes:  # the form before
        call |= {"callback": lambda step, _time, _latents: look(step), "callback_steps": 1}
    return call


def pixel_grain(pipeline: Any) -> int:
    """Returns the number of which a pipeline's sides must be multiples, in pixels."""
    config = getattr(getattr(pipeline, "image_processor", None), "config", None)
    grain = getattr(config, "vae_scale_factor", None) or getattr(pipeline, "vae_scale_factor", None)
    return grain if isinstance(grain, int) and grain > 0 else 8


def native_side(pipeline: Any) -> int:
    """Returns the side of a model's own (square) size in pixels."""
    configs = [getattr(getattr(pipeline, part, None), "config", None) for part in ("unet", "transformer")]
    sizes = [*(getattr(config, "sample_size", None) for config in configs), getattr(pipeline, "default_sample_size", 0)]
    latent = next((size for size in sizes if isinstance(size, int)), 0)
    factor = getattr(pipeline, "vae_scale_factor", None)
    return latent * factor if latent and isinstance(factor, int) else USUAL_SIDE_PX


def open_reference(reference: ReferenceImage) -> Image.Image:
    """Returns a reference image as RGB, upright; what is transparent becomes white."""
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(reference.data)))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def fit(image: Image.Image, size: tuple[int, int] | None, side: int, grain: int) -> Image.Image:
    """Returns an image of a size that is filled (and cut in the middle where the proportions differ).

    Without a size it keeps its proportions, and its size up to as many pixels as a square of `side` has; both sides
    are then multiples of `grain`.
    """
    if size is None:
        scale = min(1.0, side / math.sqrt(image.width * image.height))
        width, height = (max(grain, round(one * scale / grain) * grain) for one in image.size)
        size = (width, height)
    return image if image.size == size else ImageOps.fit(image, size, Image.Resampling.LANCZOS)


def read_result(result: Any) -> bytes:
    """Returns the picture of a pipeline's result as a PNG.

    Raises:
        Refused: The model's own safety checker took it away.
        BadResponse: There is no picture.
    """
    if any(getattr(result, "nsfw_content_detected", None) or ()):
        raise Refused("The model's own safety checker declined the picture.", next_step="Rephrase, or change the seed.")
    images = getattr(result, "images", None)
    if not isinstance(images, list) or not images or not isinstance(images[0], Image.Image):
        raise BadResponse("The pipeline gave no picture.", next_step="Use a pipeline that makes one image.")
    images[0].save(buffer := io.BytesIO(), "PNG")
    return buffer.getvalue()
