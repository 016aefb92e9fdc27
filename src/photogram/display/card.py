"""One image, one topic, the whole studio: static HTML views for the last line of a cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ..domain.records import BatchRecord, GenerationRecord, TopicRecord
from .grid import batch_body, generation_cell
from .markup import escape, frame, image_tag, meta_line, prompt_block, table_of
from .words import cost_text, count_text, proportions, time_text


@dataclass(frozen=True, slots=True, kw_only=True)
class StudioSummary:
    """What a studio shows of itself without a widget.

    Attributes:
        workspace: Where the workspace is, for people.
        user: Whose rows these are.
        topics: The newest topics, in the order to show them.
        active_topic_id: The active topic, or None.
        newest: The newest batch, or None.
        thumbs: Thumbnail bytes by asset sha256: covers, and the newest batch's images and references.
        model: Address of the model that is used where none is named.
        unsent: How many images an ended process left unsent.
        unsent_micros: What they may cost, in micro-dollars.
        unsent_source: How that is known: estimated, free or unknown.
    """

    workspace: str
    user: str = ""
    topics: Sequence[TopicRecord] = ()
    active_topic_id: str | None = None
    newest: BatchRecord | None = None
    thumbs: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    model: str = "sketch:scene"
    unsent: int = 0
    unsent_micros: int = 0
    unsent_source: str = "estimated"


def render_generation(batch: BatchRecord, generation: GenerationRecord, thumb: bytes | None, *, now: datetime) -> str:
    """Returns one image of a batch with its facts. Pure; any thread.

    Args:
        batch: The batch it belongs to.
        generation: The image.
        thumb: Its thumbnail, or None where there is none (yet).
        now: The time to count from (naive means UTC).
    """
    thumbs = {generation.asset.sha256: thumb} if generation.asset and thumb is not None else {}
    width, height = (generation.asset.width, generation.asset.height) if generation.asset else proportions(batch)
    ratio = min(3.0, max(0.5, width / height))
    cell = table_of(
        [generation_cell(batch, generation, thumbs, now=now)],
        css_class="pg-grid",
        style=f"--pg-ratio:{ratio:.4g};--pg-wide:384px",
    )
    facts = meta_line(
        batch.address,
        f"{width} × {height}" if generation.asset else "",
        f"image {generation.idx + 1} of {batch.n}",
        time_text(batch.created_at),
        cost_text(generation.cost_micros, source=generation.cost_source),
    )
    return frame(prompt_block(batch.prompt) + facts + cell, label=f"Image of: {batch.prompt[:120]}")


def render_topic(
    topic: TopicRecord, batches: Sequence[BatchRecord], thumbs: Mapping[str, bytes], *, now: datetime
) -> str:
    """Returns a topic with its newest batches. Pure; any thread.

    Args:
        topic: The topic.
        batches: The batches to show, in the order to show them; the rest is counted.
        thumbs: Thumbnail bytes by asset sha256.
        now: The time to count from (naive means UTC).
    """
    facts = meta_line(
        count_text(topic.images, "image"),
        count_text(topic.batches, "batch"),
        f"last used {time_text(topic.last_activity_at)}",
    )
    shown = "".join(f'<div class="pg-rule"></div>{batch_body(batch, thumbs, now=now)}' for batch in batches)
    hidden = topic.batches - len(batches)
    more = meta_line(f"and {count_text(hidden, 'earlier batch')}") if batches and hidden > 0 else ""
    empty = (
        ""
        if batches
        else _invitation(f'studio.generate("a lighthouse at dusk", topic={topic.title!r})', "Nothing here yet")
    )
    return frame(
        f'<div class="pg-title">{escape(topic.title)}</div>{facts}{shown}{more}{empty}',
        label=f"Topic {topic.title}",
    )


def render_studio(summary: StudioSummary, *, now: datetime) -> str:
    """Returns the studio: its topics and its newest batch, or how to begin. Pure; any thread.

    Args:
        summary: What to show.
        now: The time to count from (naive means UTC).
    """
    images = sum(topic.images for topic in summary.topics)
    head = '<div class="pg-title">Photogram</div>' + meta_line(
        summary.workspace,
        count_text(len(summary.topics), "topic") if summary.topics else "",
        count_text(images, "image") if summary.topics else "",
        summary.model,
    )
    head += meta_line(unsent_text(summary)) if summary.unsent else ""
    if not summary.topics:
        start = _invitation('studio.generate("a lighthouse at dusk, watercolor", n=4)', "No topics yet")
        return frame(head + start, label="Photogram studio")
    topics = table_of([_topic_cell(topic, summary) for topic in summary.topics], css_class="pg-topics")
    newest = (
        f'<div class="pg-rule"></div>{batch_body(summary.newest, summary.thumbs, now=now)}' if summary.newest else ""
    )
    return frame(head + topics + newest, label="Photogram studio")


def unsent_text(summary: StudioSummary) -> str:
    """Returns what waits to be sent, what it may cost and what to do about it; nothing where nothing waits."""
    if not summary.unsent:
        return ""
    cost = cost_text(summary.unsent_micros, source=summary.unsent_source)
    what = "it" if summary.unsent == 1 else "them"
    return (
        f"{summary.unsent:,} not sent ({cost}): studio.resume() sends {what}, studio.discard_unsent() discards {what}."
    )


def _topic_cell(topic: TopicRecord, summary: StudioSummary) -> str:
    cover = summary.thumbs.get(topic.cover_sha256 or "")
    picture = (
        image_tag(cover, alt="", width=42, height=42, css_class="pg-cover")
        if cover
        else '<span class="pg-cover"></span>'
    )
    active = " pg-on" if topic.id == summary.active_topic_id else ""
    title = escape(topic.title)
    return (
        f'<div class="pg-topic{active}">{picture}<div><span class="pg-name" title="{title}">{title}</span>'
        f"<br><small>{count_text(topic.images, 'image')}</small></div></div>"
    )


def _invitation(code: str, heading: str) -> str:
    how = "Describe a picture in a line like this one, and run it:"
    return f'<div class="pg-empty"><b>{escape(heading)}</b><p>{how}</p><code>{escape(code)}</code></div>'
