from __future__ import annotations

import json
from datetime import UTC, timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from photogram.display.grid import batch_body, render_batch
from photogram.display.thumbs import grid_budget, make_thumb
from photogram.domain.task import TaskError, TaskStatus

from .samples import NOW, encode, make_asset, make_batch, make_generation, noise

ATTACK = "<img src=x onerror=alert(1)>"
TAGS = {
    "style", "div", "table", "tbody", "tr", "td", "img", "span", "br", "b", "i", "small", "code", "details",
    "summary", "p",
}  # fmt: skip


class Page(HTMLParser):
    """What a browser would make of it: tags, attributes, visible text."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += "" if self.tags[-1][0] == "style" and data.startswith(".photogram") else data

    @property
    def images(self) -> list[dict[str, str]]:
        return [attributes for tag, attributes in self.tags if tag == "img"]


def assert_harmless(source: str) -> Page:
    page = Page(source)
    for tag, attributes in page.tags:
        assert tag in TAGS
        assert not [name for name in attributes if name.startswith("on") or name in ("href", "srcdoc")]
        assert attributes.get("src", "data:image/").startswith("data:image/")
    return page


def draw(*generations: object, thumbs: dict[str, bytes] | None = None, **facts: object) -> Page:
    return assert_harmless(render_batch(make_batch(*generations, **facts), thumbs or {}, now=NOW))


def test_pictures_carry_prompt_seed_and_bytes(thumb: bytes) -> None:
    page = draw(make_generation(0), make_generation(1), thumbs={f"{i:064x}": thumb for i in range(2)})
    assert [image["alt"] for image in page.images] == ["a lighthouse at dusk"] * 2
    assert all(image["src"].startswith("data:image/webp;base64,") for image in page.images)
    assert "seed 7" in page.text
    assert "seed 8" in page.text
    assert "took 2.4 s" in page.text
    assert "free" in page.text


@pytest.mark.parametrize("field", ["prompt", "model", "provider", "params", "name", "message", "next_step", "task_id"])
def test_nothing_anybody_wrote_runs(field: str, thumb: bytes) -> None:
    error = TaskError(kind="remote_failed", message="m", next_step="n")
    generation = make_generation(1, TaskStatus.ERROR, error=error)
    facts: dict[str, object] = {}
    if field in ("message", "next_step"):
        error = TaskError(**{"kind": "remote_failed", "message": "m", "next_step": "n", field: ATTACK})
        generation = make_generation(1, TaskStatus.ERROR, error=error)
    elif field == "task_id":
        generation = make_generation(1, TaskStatus.ERROR, error=error, task_id=ATTACK)
    else:
        facts = (
            {"params": {"style": ATTACK}}
            if field == "params"
            else {"params": {ATTACK: 1}}
            if field == "name"
            else {field: ATTACK}
        )
    page = draw(make_generation(0), generation, thumbs={f"{0:064x}": thumb}, **facts)
    assert ATTACK in page.text
    assert len(page.images) == 1


@given(prompt=st.text(min_size=1, max_size=400), message=st.text(max_size=300), model=st.text(max_size=40))
def test_any_text_stays_text(prompt: str, message: str, model: str) -> None:
    error = TaskError(kind="internal", message=message, next_step=prompt)
    broken = make_generation(1, TaskStatus.ERROR, error=error)
    one = b"\x89PNG\r\n\x1a\n"
    page = draw(make_generation(0), broken, thumbs={f"{0:064x}": one}, prompt=prompt, model=model)
    assert len(page.images) == 1


@given(prompt=st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=120))
def test_the_prompt_is_shown_letter_by_letter(prompt: str) -> None:
    assert draw(make_generation(0, TaskStatus.PENDING), prompt=prompt).text.startswith(prompt)


def test_a_long_prompt_folds_and_stays_whole() -> None:
    prompt = "one line\n" + "word " * 100 + "<b>end</b>"
    page = draw(make_generation(0, TaskStatus.PENDING), prompt=prompt)
    assert "details" in [tag for tag, _ in page.tags]
    assert prompt in page.text


def test_waiting_images_have_the_final_proportions_and_say_how_long() -> None:
    source = render_batch(
        make_batch(make_generation(0, TaskStatus.PENDING), params={"aspect_ratio": "16:9"}), {}, now=NOW
    )
    assert "--pg-ratio:1.778" in source
    assert "2.4 s" in source
    assert "waiting" in source
    assert "0 of 1 ready" in source


@pytest.mark.parametrize(
    ("params", "ratio"),
    [({"size": "1536x1024"}, "1.5"), ({"width": 64, "height": 2048}, "0.5"), ({"size": "auto"}, "1"), ({}, "1")],
)
def test_proportions_come_from_what_was_asked(params: dict[str, object], ratio: str) -> None:
    batch = make_batch(make_generation(0, TaskStatus.PENDING), params=params)
    assert f"--pg-ratio:{ratio};" in render_batch(batch, {}, now=NOW)


def test_progress_and_queue_are_told() -> None:
    page = draw(
        make_generation(0, TaskStatus.PROCESSING, progress=0.62),
        make_generation(1, TaskStatus.PROCESSING, queue_position=2),
        make_generation(2, TaskStatus.PROCESSING, queue_position=0),
    )
    assert "painting, 62 %" in page.text
    assert "3rd in the provider’s queue" in page.text
    assert "next in the provider’s queue" in page.text
    assert ("span", {"style": "width:62%"}) in page.tags


def test_glimpse_of_an_unfinished_picture_is_shown_with_its_progress(thumb: bytes) -> None:
    generation = make_generation(0, TaskStatus.PROCESSING, progress=0.66)
    html = render_batch(make_batch(generation), {generation.task_id: thumb}, now=NOW)
    assert 'class="pg-glimpse"' in html
    assert "66 %" in html
    assert "pg-glimpse" not in batch_body(make_batch(generation), {}, now=NOW)


@pytest.mark.parametrize(("age_s", "slow"), [(29, False), (31, True)])
def test_after_half_a_minute_it_says_so(age_s: float, slow: bool) -> None:
    page = draw(make_generation(0, TaskStatus.PROCESSING, created_at=NOW - timedelta(seconds=age_s)))
    assert ("Taking longer than expected" in page.text) is slow


def test_a_failure_says_what_what_next_and_which_task() -> None:
    error = TaskError(kind="rate_limited", message="Rate limit exceeded.", next_step="Try again later.")
    page = draw(make_generation(1, TaskStatus.ERROR, error=error))
    for said in ("Rate limit exceeded.", "Try again later.", "tsk_1", "batch[1].retry()", "0 of 1 made"):
        assert said in page.text


def test_a_refusal_does_not_invite_the_same_again() -> None:
    error = TaskError(kind="refused", message="Declined.", next_step="Rephrase the prompt.")
    assert "retry" not in draw(make_generation(0, TaskStatus.ERROR, error=error)).text


def test_lost_and_cancelled_say_what_to_do() -> None:
    page = draw(make_generation(0, TaskStatus.LOST), make_generation(1, TaskStatus.CANCELLED))
    assert "may have been billed" in page.text
    assert "Cancelled" in page.text
    assert "batch[1].retry()" in page.text


@pytest.mark.parametrize("status", list(TaskStatus))
def test_every_status_is_drawn_without_any_other_fact(status: TaskStatus) -> None:
    assert draw(make_generation(0, status, asset=None, error=None, seed=None)).text


def test_an_empty_batch_says_why() -> None:
    assert "were deleted" in draw().text


def test_references_are_shown_small(thumb: bytes) -> None:
    reference = make_asset(99)
    page = draw(make_generation(0, TaskStatus.PENDING), references=(reference,), thumbs={reference.sha256: thumb})
    assert [image["class"] for image in page.images] == ["pg-ref"]
    assert "1 reference" in page.text


def test_money_is_added_up() -> None:
    page = draw(
        make_generation(0, cost_micros=53_000, cost_source="reported"),
        make_generation(1, cost_micros=3_500, cost_source="reported"),
    )
    assert "$0.0565" in page.text


def test_an_svg_is_shown_only_as_an_image() -> None:
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    page = draw(make_generation(0, asset=make_asset(0, mime="image/svg+xml")), thumbs={f"{0:064x}": svg})
    assert page.images[0]["src"].startswith("data:image/svg+xml;base64,")


def test_aware_and_naive_times_are_the_same() -> None:
    batch = make_batch(make_generation(0, TaskStatus.PENDING))
    assert render_batch(batch, {}, now=NOW) == render_batch(batch, {}, now=NOW.replace(tzinfo=UTC))


def test_maths_in_a_prompt_is_left_alone() -> None:
    source = render_batch(make_batch(make_generation(0), prompt=r"$\href{javascript:alert(1)}{x}$"), {}, now=NOW)
    assert 'class="photogram tex2jax_ignore mathjax_ignore"' in source


@pytest.mark.parametrize("grainy", [True, False])
def test_a_notebook_with_a_hundred_large_pictures_stays_small(grainy: bool) -> None:
    max_px, max_bytes = grid_budget(100)
    picture = noise() if grainy else encode(Image.linear_gradient("L").resize((1024, 1024)))
    small = make_thumb(picture, max_px=max_px, max_bytes=max_bytes)
    batch = make_batch(*(make_generation(i, asset=make_asset(i, 1024, 1024)) for i in range(100)), prompt="p" * 2000)
    source = render_batch(batch, {f"{i:064x}": small for i in range(100)}, now=NOW)
    notebook = {"cells": [{"outputs": [{"data": {"text/html": source.splitlines(keepends=True)}}]}]}
    assert len(json.dumps(notebook)) < 2_500_000


def test_why_an_image_waits_is_said_and_escaped() -> None:
    reason = "Rate limit exceeded. <b>Waiting</b> until 12:03:20 UTC."
    page = draw(make_generation(status=TaskStatus.PENDING, note=reason))
    assert reason in page.text  # with its brackets: it is text
