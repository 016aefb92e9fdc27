from __future__ import annotations

import pytest

from photogram.display.card import StudioSummary, render_generation, render_studio, render_topic, unsent_text
from photogram.display.renderer import HtmlRenderer, current_renderer, register_renderer
from photogram.domain.records import TopicRecord
from photogram.domain.task import TaskStatus

from .samples import NOW, make_batch, make_generation
from .test_grid import ATTACK, assert_harmless


def make_topic(title: str = "Lighthouses", **facts: object) -> TopicRecord:
    return TopicRecord(
        **{
            "id": "top_1", "title": title, "title_source": "user", "cover_sha256": None, "created_at": NOW,
            "last_activity_at": NOW, "batches": 3, "images": 12, **facts,
        }
    )  # fmt: skip


def test_a_card_shows_one_image_of_its_batch(thumb: bytes) -> None:
    batch = make_batch(*(make_generation(i) for i in range(4)))
    page = assert_harmless(render_generation(batch, batch.generations[2], thumb, now=NOW))
    assert len(page.images) == 1
    assert "image 3 of 4" in page.text
    assert "seed 9" in page.text


@pytest.mark.parametrize("status", list(TaskStatus))
def test_a_card_shows_every_status(status: TaskStatus) -> None:
    generation = make_generation(0, status)
    assert assert_harmless(render_generation(make_batch(generation), generation, None, now=NOW)).text


def test_an_empty_studio_says_how_to_begin() -> None:
    page = assert_harmless(render_studio(StudioSummary(workspace="~/photogram-data"), now=NOW))
    assert "No topics yet" in page.text
    assert "studio.generate(" in page.text


def test_a_studio_shows_topics_covers_and_the_newest_batch(thumb: bytes) -> None:
    cover = f"{0:064x}"
    summary = StudioSummary(
        workspace=ATTACK,
        topics=[make_topic(cover_sha256=cover), make_topic(ATTACK, id="top_2", images=1)],
        active_topic_id="top_2",
        newest=make_batch(make_generation(0), prompt=ATTACK),
        thumbs={cover: thumb},
    )
    page = assert_harmless(render_studio(summary, now=NOW))
    assert [image["class"] for image in page.images] == ["pg-cover", "pg-img"]
    assert page.text.count(ATTACK) == 3
    assert "13 images" in page.text


def test_a_topic_shows_its_batches_or_how_to_fill_it(thumb: bytes) -> None:
    full = assert_harmless(render_topic(make_topic(), [make_batch(make_generation(0))], {f"{0:064x}": thumb}, now=NOW))
    assert "and 2 earlier batches" in full.text
    empty = assert_harmless(render_topic(make_topic(ATTACK, batches=0, images=0), [], {}, now=NOW))
    assert "Nothing here yet" in empty.text
    assert f"topic='{ATTACK}'" in empty.text


class FakeStudio:
    def summary(self) -> StudioSummary:
        return StudioSummary(workspace="here")


def test_a_studio_is_html_until_something_else_is_registered() -> None:
    assert isinstance(current_renderer(), HtmlRenderer)
    assert "No topics yet" in current_renderer().mimebundle(FakeStudio())["text/html"]

    class Panel:
        def mimebundle(self, studio: object) -> dict[str, object]:
            return {"panel": studio}

    before = register_renderer(Panel())
    try:
        assert "panel" in current_renderer().mimebundle(FakeStudio())
    finally:
        register_renderer(before)


@pytest.mark.parametrize(
    ("unsent", "micros", "source", "said"),
    [
        (3, 120_000, "estimated",
         "3 not sent (about $0.12): studio.resume() sends them, studio.discard_unsent() discards them."),
        (1, 0, "free", "1 not sent (free): studio.resume() sends it, studio.discard_unsent() discards it."),
        (1_200, 0, "unknown", "1,200 not sent (price unknown): "),
        (0, 0, "free", ""),
    ],
)  # fmt: skip
def test_studio_says_what_was_not_sent(unsent: int, micros: int, source: str, said: str) -> None:
    summary = StudioSummary(workspace="w", unsent=unsent, unsent_micros=micros, unsent_source=source)
    assert unsent_text(summary).startswith(said)
    html = render_studio(summary, now=NOW)
    assert ("not sent" in html) is bool(unsent)
    assert said in html
