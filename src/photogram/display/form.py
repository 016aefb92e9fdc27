"""The form of a studio as a cell shows it: what the next press would ask for. Static HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..domain.asset import Asset
from ..domain.params import show
from .markup import escape, frame, image_tag, meta_line, prompt_block
from .words import cost_text, count_text


@dataclass(frozen=True, slots=True, kw_only=True)
class FormSummary:
    """What is shown of a form.

    Attributes:
        model: Its address.
        title: Its name for people; empty where the model is gone.
        prompt: The draft.
        n: Images.
        params: What was set.
        references: The input images.
        thumbs: Their thumbnails by sha256.
        size: (width, height) of the images in pixels, or None.
        cost_micros: What it may cost in micro-dollars; None where unknown.
        problems: What is wrong with it.
    """

    model: str
    title: str = ""
    prompt: str = ""
    n: int = 1
    params: Mapping[str, Any] = field(default_factory=dict)
    references: Sequence[Asset] = ()
    thumbs: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    size: tuple[int, int] | None = None
    cost_micros: int | None = None
    problems: Sequence[str] = ()


def render_form(form: FormSummary) -> str:
    """Returns the form with what it may cost and what is wrong with it. Pure; any thread."""
    prompt = prompt_block(form.prompt) if form.prompt.strip() else '<div class="pg-prompt"><i>No prompt yet</i></div>'
    source = "unknown" if form.cost_micros is None else "estimated"
    facts = meta_line(
        " · ".join(filter(None, (form.title, form.model))),
        "{} × {}".format(*form.size) if form.size else "",
        count_text(form.n, "image"),
        "" if form.problems else cost_text(form.cost_micros or 0, source=source),
    )
    params = " ".join(f"<code>{escape(name)}={escape(show(value))}</code>" for name, value in form.params.items())
    wrong = "".join(f'<div class="pg-cell pg-note"><b>{escape(problem)}</b></div>' for problem in form.problems)
    pictures = "".join(
        image_tag(form.thumbs[one.sha256], alt="A reference image", width=40, height=40, css_class="pg-ref")
        for one in form.references
        if one.sha256 in form.thumbs
    )
    references = f'<div class="pg-refs">{pictures}{count_text(len(form.references), "reference")}</div>'
    body = prompt + facts + (references if form.references else "") + (f"<div>{params}</div>" if params else "") + wrong
    return frame(body, label="The form of the studio")
