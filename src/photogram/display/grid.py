"""A batch in a cell: a live grid of static HTML, readable in every viewer, saved as it was last seen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from ..domain.records import BatchRecord, GenerationRecord
from ..domain.task import ErrorKind, TaskStatus
from .markup import escape, frame, image_tag, meta_line, prompt_block, table_of
from .words import (
    batch_cost_text,
    cost_text,
    count_text,
    duration_text,
    elapsed_s,
    ordinal,
    proportions,
    size_text,
    time_text,
)

MANY = 16
"""A grid of more images than this is drawn denser; the caller gives it thumbnails of 256 px."""

SLOW_S = 30.0
"""Seconds after which a cell says that this takes longer than expected."""

_CELL_PX, _SMALLEST_CELL_PX = 384, 160  # widest cell, and the widest for pictures that are smaller still
_LONG_MESSAGE = 120  # characters of an error that are shown before it folds
_PLAIN_PX = 192  # width of an image where our style is stripped
_UNSAID_PARAMS = frozenset({"size", "width", "height", "aspect_ratio", "seed", "prompt", "n", "images"})


def render_batch(batch: BatchRecord, thumbs: Mapping[str, bytes], *, now: datetime) -> str:
    """Returns the batch as an HTML fragment without any script. Pure; any thread.

    Args:
        batch: The batch as the store gave it.
        thumbs: Thumbnail bytes by asset sha256, of images and references; above 16 images of 256 px. An image that is
            still being streamed has a glimpse of it by its task's id.
        now: The time to count from (naive means UTC).
    """
    return frame(batch_body(batch, thumbs, now=now), label=f"Images of: {batch.prompt[:120]}")


def batch_body(batch: BatchRecord, thumbs: Mapping[str, bytes], *, now: datetime) -> str:
    """Returns what is inside the frame, for views that show a batch among other things."""
    if not batch.generations:
        return _header(batch, thumbs, now) + meta_line("All images of this batch were deleted.")
    many = len(batch.generations) > MANY
    width, height = proportions(batch)
    ratio = min(3.0, max(0.5, width / height))
    widths = [generation.asset.width for generation in batch.generations if generation.asset]
    cell_px = min(_CELL_PX, max([_SMALLEST_CELL_PX, *widths])) if widths else _CELL_PX
    widest_px = len(batch.generations) * (cell_px + 8) - 8
    grid = table_of(
        [generation_cell(batch, generation, thumbs, now=now) for generation in batch.generations],
        css_class="pg-grid pg-many" if many else "pg-grid",
        style=f"--pg-ratio:{ratio:.4g};--pg-wide:{min(1240, widest_px)}px",
    )
    return _header(batch, thumbs, now) + grid


def generation_cell(
    batch: BatchRecord, generation: GenerationRecord, thumbs: Mapping[str, bytes], *, now: datetime
) -> str:
    """Returns one image's cell: the picture, how it is coming along, or why there is none."""
    match generation.status:
        case TaskStatus.SUCCESS:
            return _picture(batch, generation, thumbs)
        case TaskStatus.PENDING | TaskStatus.PROCESSING:
            return _busy(generation, thumbs.get(generation.task_id), now)
        case TaskStatus.CANCELLED:
            return _note("Cancelled", generation.note or "", generation, kind="pg-quiet", retry=True)
        case TaskStatus.LOST:
            said = generation.error.message if generation.error else ""
            what = said or "It was sent, but nobody can tell whether it ran; it may have been billed."
            next_step = (generation.error and generation.error.next_step) or "Look at the provider's dashboard first."
            return _note("Outcome unknown", f"{what} {next_step}", generation, kind="pg-lost", retry=True)
        case TaskStatus.ERROR:
            return _failure(generation)


def _header(batch: BatchRecord, thumbs: Mapping[str, bytes], now: datetime) -> str:
    params = [f"{name.replace('_', ' ')} {value}" for name, value in batch.params.items() if name not in _UNSAID_PARAMS]
    facts = meta_line(
        batch.address,
        size_text(batch),
        *params,
        count_text(len(batch.generations) or batch.n, "image"),
        *_progress_facts(batch, now),
        time_text(batch.created_at),
        batch_cost_text(batch),
    )
    return prompt_block(batch.prompt) + facts + _references(batch, thumbs)


def _progress_facts(batch: BatchRecord, now: datetime) -> list[str]:
    """How many are ready while it runs, how many were not made, and how long all of it took."""
    made = sum(generation.status is TaskStatus.SUCCESS for generation in batch.generations)
    if not batch.finished:
        return [f"{made} of {len(batch.generations)} ready"]
    facts = [] if made == len(batch.generations) else [f"{made} of {len(batch.generations)} made"]
    ends = [generation.finished_at for generation in batch.generations if generation.finished_at]
    return [*facts, f"took {duration_text(elapsed_s(batch.created_at, max(ends)))}"] if ends else facts


def _references(batch: BatchRecord, thumbs: Mapping[str, bytes]) -> str:
    if not batch.references:
        return ""
    shown = [
        image_tag(thumbs[asset.sha256], alt=f"Reference {place}", width=40, height=40, css_class="pg-ref")
        for place, asset in enumerate(batch.references, 1)
        if asset.sha256 in thumbs
    ]
    count = count_text(len(batch.references), "reference")
    return f'<div class="pg-refs">{" ".join(shown)} <span>{count}</span></div>'


def _picture(batch: BatchRecord, generation: GenerationRecord, thumbs: Mapping[str, bytes]) -> str:
    asset = generation.asset
    seed = "" if generation.seed is None else f"seed {generation.seed}"
    if asset is None or asset.sha256 not in thumbs:
        return _note(
            "Made",
            f"The picture is stored; its preview is not ready yet. {seed}",
            generation,
            kind="pg-quiet",
        )
    facts = [f"{asset.width} × {asset.height}", asset.extension.upper(), f"{asset.size_bytes / 1000:,.0f} kB"]
    if generation.finished_at and generation.sent_at:
        facts.append(duration_text(elapsed_s(generation.sent_at, generation.finished_at)))
    facts += [cost_text(generation.cost_micros, source=generation.cost_source), generation.id]
    image = image_tag(
        thumbs[asset.sha256],
        alt=batch.prompt,
        title=" · ".join([seed, *facts] if seed else facts),
        width=_PLAIN_PX,
        height=max(1, round(_PLAIN_PX * asset.height / asset.width)),
    )
    chip = f'<br><span class="pg-seed">{seed}</span>' if seed else ""
    star = '<span class="pg-star" title="starred">★</span>' if generation.starred else ""
    return f'<div class="pg-cell">{image}{chip}{star}</div>'


def _busy(generation: GenerationRecord, glimpse: bytes | None, now: datetime) -> str:
    """A placeholder of the final proportions that says how long it has been and what is known; a glimpse behind it."""
    waited_s = elapsed_s(generation.created_at, now)
    seen = glimpse and image_tag(
        glimpse, alt="The unfinished picture", width=_PLAIN_PX, height=_PLAIN_PX, css_class="pg-glimpse"
    )
    lines = [f"{seen}<br>"] if seen else []
    lines += [f"<span>{duration_text(waited_s)}</span><br>"]
    if generation.progress is not None:
        percent = round(100 * min(1.0, max(0.0, generation.progress)))
        lines.append(
            f'<div class="pg-bar"><span style="width:{percent}%"></span></div><small>painting, {percent} %</small>'
        )
    elif generation.queue_position is not None:
        place = "next" if generation.queue_position <= 0 else ordinal(generation.queue_position + 1)
        lines.append(f"<small>{place} in the provider’s queue</small>")
    else:
        lines.append(f"<small>{'waiting' if generation.status is TaskStatus.PENDING else 'painting'}</small>")
    if note := generation.note or ("Taking longer than expected…" if waited_s > SLOW_S else None):
        lines.append(f'<br><small class="pg-slow">{escape(note)}</small>')
    return f'<div class="pg-cell pg-busy">{"".join(lines)}</div>'


def _failure(generation: GenerationRecord) -> str:
    error = generation.error
    if error is None:
        return _note("It failed", "No reason was recorded.", generation, retry=True)
    retry = error.kind not in (
        ErrorKind.REFUSED,
        ErrorKind.BAD_REQUEST,
        ErrorKind.OUT_OF_CREDIT,
        ErrorKind.AUTH,
    )
    return _note(error.message, error.next_step, generation, retry=retry)


def _note(heading: str, text: str, generation: GenerationRecord, *, kind: str = "", retry: bool = False) -> str:
    said = f"<br><span>{escape(text)}</span>" if text.strip() else ""
    code = f"<br><span><code>batch[{generation.idx}].retry()</code></span>" if retry else ""
    task = "" if kind == "pg-quiet" else f"<br><small>{escape(generation.task_id)}</small>"
    classes = f"pg-cell pg-note {kind}".strip()
    return f'<div class="{classes}"><b>{_folded(heading)}</b>{said}{code}{task}</div>'


def _folded(message: str) -> str:
    """A message in full; of a very long one the start, the rest behind a click."""
    if len(message) <= _LONG_MESSAGE:
        return escape(message)
    start = message[:_LONG_MESSAGE].rsplit(" ", 1)[0]
    return f"<details><summary>{escape(start)}…</summary>{escape(message)}</details>"
