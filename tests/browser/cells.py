"""What the browser tests do with a notebook: run its cells, look at its outputs and pictures."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Page

HOLD = "import ctypes; ctypes.PyDLL(None).sleep({seconds})"
"""A line of Python that keeps the interpreter to itself for so long: no other thread of its process runs meanwhile."""

NOTEBOOK = "window.jupyterapp.shell.currentWidget.content"


def await_kernel(page: Page) -> None:
    """Waits until the notebook's kernel answers: shown as idle, a new one may still be on its way.

    Before its first panel ipykernel 7.3 can miss a request, and hears it with the next.
    """
    page.evaluate("""async () => {
        const {context, sessionContext} = window.jupyterapp.shell.currentWidget;
        await context.ready;
        await sessionContext.ready;
        const { kernel } = sessionContext.session;
        const again = setInterval(() => kernel.requestKernelInfo().catch(() => {}), 2000);
        try {
            await kernel.info;
            await kernel.requestKernelInfo();
        } finally {
            clearInterval(again);
        }
    }""")


def run_all(page: Page) -> None:
    """Runs every cell and waits until each has run."""
    await_kernel(page)
    page.evaluate("async () => { await window.jupyterapp.commands.execute('notebook:run-all-cells') }")
    cells = f"{NOTEBOOK}.widgets.filter(cell => cell.model.type === 'code' && cell.model.sharedModel.source.trim())"
    page.wait_for_function(f"() => {cells}.every(cell => cell.model.executionCount > 0)", timeout=120_000)


def run_cell(page: Page, index: int, *, wait: bool = True) -> None:
    """Runs one cell; without `wait` it only starts it."""
    finish = "await running" if wait else "void running"
    page.evaluate(
        f"""async index => {{
            {NOTEBOOK}.activeCellIndex = index;
            const running = window.jupyterapp.commands.execute('notebook:run-cell');
            {finish};
        }}""",
        index,
    )


def save(page: Page) -> None:
    page.evaluate("async () => { await window.jupyterapp.commands.execute('docmanager:save') }")


def outputs(page: Page) -> list[list[dict[str, Any]]]:
    """The outputs of every code cell."""
    script = f"() => JSON.stringify({NOTEBOOK}.widgets.map(cell => cell.model.outputs?.toJSON() ?? []))"
    return json.loads(page.evaluate(script))


def errors(page: Page) -> list[str]:
    return [
        f"{output['ename']}: {output['evalue']}"
        for cell in outputs(page) for output in cell if output["output_type"] == "error"
    ]  # fmt: skip


def picture_widths(page: Page, where: str = ".photogram") -> list[int]:
    """How wide the browser decoded each picture; 0 is one that does not show."""
    script = """async where => {
        const images = [...document.querySelectorAll(`${where} img`)];
        await Promise.all(images.map(image => image.decode().catch(() => null)));
        return images.map(image => image.naturalWidth);
    }"""
    return page.evaluate(script, where)


def is_busy(page: Page) -> bool:
    return page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'busy'")
