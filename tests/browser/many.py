"""A long topic in the panel: writing it, scrolling in it, and counting what is drawn and kept."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

from .panels import Panel

TESTS = str(Path(__file__).parents[1])
ALL_DRAWN = """() => {
    const box = document.querySelector('.pg-feed').getBoundingClientRect();
    const seen = [...document.querySelectorAll('.pg-feed .pg-cell')].filter((cell) => {
        const { top, bottom } = cell.getBoundingClientRect();
        return bottom > box.top + 1 && top < box.bottom - 1;
    });
    return seen.length > 0 && seen.every((cell) => cell.querySelector('img')?.naturalWidth > 0);
}"""
SCROLL = "to => { const box = document.querySelector('.pg-feed'); box.scrollTop = to < 0 ? box.scrollHeight : to }"
CELLS = "() => document.querySelectorAll('.pg-feed .pg-cell').length"
TOP = "() => document.querySelector('.pg-feed').scrollTop"
# What is at the upper edge of the feed, and how far from it.
PLACE = """() => {
    const box = document.querySelector('.pg-feed').getBoundingClientRect();
    const heads = [...document.querySelectorAll('.pg-feed .pg-head')];
    const top = (head) => head.getBoundingClientRect().top - box.top;
    const places = heads.map((head) => [head.querySelector('span').textContent, top(head)]);
    return places.filter(([, top]) => top >= 0).sort(([, a], [, b]) => a - b)[0];
}"""
COUNT_URLS = """() => {
    const { createObjectURL, revokeObjectURL } = URL, pictures = window.pictures = new Set();
    URL.createObjectURL = (blob) => { const url = createObjectURL.call(URL, blob); pictures.add(url); return url; };
    URL.revokeObjectURL = (url) => { pictures.delete(url); return revokeObjectURL.call(URL, url); };
}"""


def seed(panel: Panel, images: int, *, title: str = "Many") -> None:
    said = panel.run(
        f"import sys\nsys.path.insert(0, {TESTS!r})\nfrom history import batch_sizes, write_history\n"
        f"studio.active_topic = write_history(studio, batch_sizes({images}), title={title!r})"
    )
    assert not said, said


def scroll(page: Page, to: int) -> None:
    """Scrolls there (-1: to the end) and waits until every picture on the screen is drawn."""
    page.evaluate(SCROLL, to)
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    page.wait_for_function(ALL_DRAWN)
