from __future__ import annotations

import time
from pathlib import Path

from playwright.sync_api import Page

from .cells import errors, is_busy, outputs, picture_widths, run_all, run_cell, save
from .conftest import OpenNotebook

ATTACK = "<img src=x onerror=alert(1)>"


def test_a_grid_fills_in_while_the_next_cell_blocks(page: Page, open_notebook: OpenNotebook) -> None:
    path = open_notebook(
        "import time, photogram as pg\nstudio = pg.Studio('live')\nstudio.df()",
        "batch = studio.generate('a lighthouse at dusk', n=8, seed=7, width=1024, height=1024)\nbatch",
        "time.sleep(8)",
    )
    run_cell(page, 0)
    run_cell(page, 1)
    run_cell(page, 2, wait=False)
    seen_while_busy = set()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and len(picture_widths(page)) < 8:
        shown = len(picture_widths(page))
        if is_busy(page):
            seen_while_busy.add(shown)
        time.sleep(0.1)
    assert len(seen_while_busy) >= 2, "the grid did not change while the cell was blocked"
    assert picture_widths(page) == [384] * 8
    page.wait_for_function("() => !document.querySelector('.photogram .pg-busy')")
    assert errors(page) == []
    save(page)
    assert path.read_text("utf-8").count("data:image/webp") == 8, "the saved notebook holds what was last seen"


def test_a_prompt_is_text_and_nothing_else(page: Page, open_notebook: OpenNotebook) -> None:
    maths = r"costs $\href{javascript:alert(1)}{5}$ and \(x\)"
    open_notebook(
        "import photogram as pg\nstudio = pg.Studio('attack')",
        f"batch = await studio.generate({ATTACK!r}, n=2, seed=1, width=64, height=64)\nbatch",
        f"await studio.generate({maths!r}, n=1, seed=1, width=64, height=64)",
        "batch[0]",
        "studio",
        "studio.df()[['prompt', 'status']]",
        "studio.topics()[0]",
    )
    run_all(page)
    assert errors(page) == []
    assert all(cell for cell in outputs(page)[1:])
    prompts = page.locator(".photogram .pg-prompt").all_inner_texts()
    assert prompts.count(ATTACK) >= 3
    assert maths in prompts
    assert page.locator(".photogram img[src='x']").count() == 0
    time.sleep(1)  # MathJax comes late
    assert page.locator(".photogram a, .photogram mjx-container").count() == 0


def test_a_failure_says_what_to_do(page: Page, open_notebook: OpenNotebook, tmp_path: Path) -> None:
    open_notebook(
        "import photogram as pg\nstudio = pg.Studio('fails')",
        "batch = studio.generate('a storm', n=12, seed=1, width=2048, height=2048)\nbatch.cancel()\nbatch",
    )
    run_all(page)
    assert errors(page) == []
    page.wait_for_function("() => document.querySelector('.photogram .pg-note')")
    assert "retry()" in page.locator(".photogram .pg-note").first.inner_text()
    page.screenshot(path=tmp_path / "cancelled.png", clip={"x": 0, "y": 0, "width": 1280, "height": 900})
