"""The feed that `fill` makes (boat 0, boat 1 …): its cards, what is looked at, what is selected."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Download, Locator

from .panels import Panel

FILL = """
studio.new_topic('Boats')
made = [studio.generate(f'boat {{at}}', n={n}, seed=7, width=128, height=160) for at in range({batches})]
for one in made: one.wait()
"""


def cards(panel: Panel) -> Locator:
    return panel.page.locator(".pg-feed .pg-card[data-status=success]")


def card(panel: Panel, batch: int, image: int) -> Locator:
    return panel.page.get_by_role("button", name=f"Image {image}: boat {batch}", exact=True)


def tick(panel: Panel, batch: int, image: int) -> Locator:
    return panel.page.get_by_role("checkbox", name=f"Select image {image}: boat {batch}", exact=True)


def light(panel: Panel) -> Locator:
    return panel.page.get_by_role("dialog", name="Image, with everything that made it")


def bar(panel: Panel) -> Locator:
    return panel.page.get_by_role("toolbar", name="Selected images")


def whole(panel: Panel) -> list[int]:
    """How wide and high the full image was decoded that is shown now."""
    return (
        light(panel)
        .locator("img.full")
        .evaluate("async image => { await image.decode(); return [image.naturalWidth, image.naturalHeight] }")
    )


def read(download: Download) -> bytes:
    return Path(download.path()).read_bytes()
