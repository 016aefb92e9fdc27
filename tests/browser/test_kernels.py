"""What differs from kernel to kernel: on which thread a panel's message arrives, and when, while a cell runs."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from .cells import NOTEBOOK, run_cell
from .kernels import wanted_version
from .panels import Panel

SLOW = {"sync": "import time; time.sleep(3)", "await": "import asyncio; await asyncio.sleep(3)"}


def test_the_kernel_is_the_one_that_is_meant(panel: Panel) -> None:
    panel.open()
    assert panel.run("import ipykernel; print(ipykernel.__version__)").startswith(wanted_version())


@pytest.mark.parametrize("kind", SLOW)
def test_what_is_pressed_while_a_cell_runs_is_done(panel: Panel, kind: str) -> None:
    panel.open()
    panel.shrink(2)
    page = panel.page
    page.evaluate(f"() => {NOTEBOOK}.activeCellIndex = 0")
    page.evaluate("async () => { await window.jupyterapp.commands.execute('notebook:insert-cell-below') }")
    page.evaluate(f"code => {{ {NOTEBOOK}.widgets[1].model.sharedModel.setSource(code) }}", SLOW[kind])
    try:
        run_cell(page, 1, wait=False)
        expect(page.locator(".jp-CodeCell").nth(1).locator(".jp-InputPrompt")).to_have_text("[*]:")
        panel.prompt.fill("a boat")
        panel.button("Generate").click()
        panel.await_pictures(2)
        expect(page.locator(".jp-CodeCell").nth(1).locator(".jp-InputPrompt")).not_to_have_text("[*]:")
    finally:
        page.evaluate(f"() => {{ {NOTEBOOK}.activeCellIndex = 1 }}")
        page.evaluate("async () => { await window.jupyterapp.commands.execute('notebook:delete-cell') }")
    assert panel.run("print(len(studio.batches()))") == "1\n"
