"""The panel of an empty workspace, in a notebook that stays warm for all tests, and a kernel for those of a file."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.sync_api import Dialog, Locator, Page, expect

from .cells import NOTEBOOK, await_kernel, run_cell

ARRIVES_S = 30.0
LANDED = "n => document.querySelectorAll('.pg-feed .pg-card[data-status=success] img').length === n"
KERNEL = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"
SHUT_DOWN = "async () => { await window.jupyterapp?.shell?.currentWidget?.sessionContext?.shutdown?.() }"
RUN = f"""async code => {{
    const said = [];
    const future = {KERNEL}.requestExecute({{ code, store_history: false }});
    future.onIOPub = message => {{
        const {{ header, content }} = message;
        if (header.msg_type === 'stream') said.push(content.text);
        if (header.msg_type === 'error') said.push(`raised ${{content.ename}}: ${{content.evalue}}`);
    }};
    await future.done;
    return said.join('');
}}"""

COUNT_BLOBS = """() => {
    const { createObjectURL, revokeObjectURL } = URL;
    window.blobs = new Set();
    URL.createObjectURL = blob => {
        const url = createObjectURL.call(URL, blob);
        window.blobs.add(url);
        return url;
    };
    URL.revokeObjectURL = url => { window.blobs.delete(url); revokeObjectURL.call(URL, url); };
    window.uncount = () => { Object.assign(URL, { createObjectURL, revokeObjectURL }); };
}"""
"""Keeps the addresses of pictures in memory that were made since, and not let go of."""

OWN_WORDS = (
    "Canceled future for",
    "Could not restore the debugger state",
    "Command 'filebrowser:open-path' not registered",
    "widget model not found",
)
"""JupyterLab's own errors, of any notebook: its debugger's when a kernel is restarted, its file browser's when a page
is opened while another one loads, and its widget manager's when a notebook with widgets is opened with a new kernel."""


class Watch:
    """What must not happen on a page: errors, dialogs, requests to anywhere but its server."""

    def __init__(self, page: Page, own: tuple[str, ...]) -> None:
        self.wrong: list[str] = []
        page.on("pageerror", lambda error: self._note(f"page error: {error}"))
        page.on("dialog", self._answer)
        page.on("request", lambda request: None if request.url.startswith(own) else self.wrong.append(request.url))
        page.on("console", lambda said: self._note(f"console: {said.text}") if said.type == "error" else None)

    def _note(self, said: str) -> None:
        if not any(words in said for words in OWN_WORDS):
            self.wrong.append(said)

    def _answer(self, dialog: Dialog) -> None:
        if dialog.type == "beforeunload":  # JupyterLab asks about unsaved changes when a page is left
            dialog.accept()
        else:
            self.wrong.append(f"{dialog.type}: {dialog.message}")
            dialog.dismiss()


class Panel:
    """A studio's panel in the first cell of a warm notebook.

    Attributes:
        page: The browser's page.
        watch: What went wrong on it. A test that causes errors on purpose takes them out.
        workspace: The folder that `open` takes where it is told none.

    Args:
        page: The page.
        watch: Watches it.
        visit: Opens the notebook anew, with a new kernel.
    """

    def __init__(self, page: Page, watch: Watch, visit: Callable[[], None]) -> None:
        self.page = page
        self.watch = watch
        self.workspace = "workspace"
        self._visit = visit
        self._fresh = False
        self._kernel_known = True

    def open(
        self, workspace: str = "", *, width: int = 1600, height: int = 1000, studio: str = "pg.Studio({name!r})",
        before: str = "",
    ) -> None:  # fmt: skip
        """Shows the panel of a workspace, made if need be.

        Args:
            workspace: Its folder, beside the notebook; else one of its own for each test.
            width: Of the browser's window, in pixels.
            height: Likewise.
            studio: How the studio is made; `{name!r}` is the workspace.
            before: What the kernel runs first.
        """
        self.page.set_viewport_size({"width": width, "height": height})
        if not self._fresh:
            self._visit()
            self._fresh = self._kernel_known = True
        if not self._kernel_known:
            self.page.evaluate(f"async () => {{ await {KERNEL}.restart() }}")
            await_kernel(self.page)
            self._kernel_known = True
        made = self.run(f"{before}\nimport photogram as pg\nstudio = {studio.format(name=workspace or self.workspace)}")
        assert not made, made
        self.show()

    def show(self) -> None:
        """Runs the cell whose last line is the studio, and waits for the panel."""
        self.page.evaluate(f"() => {{ {NOTEBOOK}.widgets[0].model.sharedModel.setSource('studio') }}")
        run_cell(self.page, 0)
        self.prompt.wait_for()

    def close(self) -> None:
        """Takes the panel off the page, and closes its studio."""
        self.run("studio.close()\ndel studio")
        self.page.evaluate(f"() => {{ {NOTEBOOK}.widgets[0].outputArea.model.clear() }}")
        expect(self.page.locator(".pg")).to_have_count(0)

    @property
    def is_open(self) -> bool:
        """Whether a panel is shown that is to be closed after the test."""
        return self._fresh and self.page.locator(".pg").count() > 0

    def spoil(self) -> None:
        """Tells that the page or the kernel is not what the next test expects: it gets new ones."""
        self._fresh = False

    @property
    def is_spoilt(self) -> bool:
        return not self._fresh

    def renew_kernel(self) -> None:
        """Gives the next panel that is opened another kernel, in the same page."""
        self._kernel_known = False

    def run(self, code: str) -> str:
        """Runs code in the kernel, in no cell; returns what it printed, or what it raised."""
        return self.page.evaluate(RUN, code)

    def await_value(self, expression: str, wanted: object) -> None:
        """Waits until the kernel prints an expression so: what the panel shows already may be on its way there."""
        end = time.monotonic() + ARRIVES_S
        while (said := self.run(f"print({expression})")) != f"{wanted}\n":
            assert time.monotonic() < end, said

    # ── What is done with it ────────────────────────────────────────────────────────────────────────────────────

    @property
    def prompt(self) -> Locator:
        return self.page.get_by_role("textbox", name="Prompt", exact=True)

    @property
    def toasts(self) -> Locator:
        return self.page.locator(".pg-toasts")

    def button(self, name: str) -> Locator:
        return self.page.locator(".pg").get_by_role("button", name=name, exact=True)

    def shrink(self, n: int = 1) -> None:
        """Sets the form to n small pictures, which sketch paints in no time."""
        self.page.get_by_role("spinbutton", name="Width").fill("128")
        self.page.get_by_role("group", name="Images").get_by_text(str(n), exact=True).click()

    def generate(self, text: str, n: int = 1) -> None:
        """Writes a prompt, presses Generate, and waits for as many more pictures in the feed."""
        there = self.page.locator(".pg-feed .pg-card[data-status=success] img").count()
        self.prompt.fill(text)
        self.button("Generate").click()
        self.await_pictures(there + n)

    def await_pictures(self, n: int) -> None:
        """Waits until so many pictures are drawn in the feed."""
        self.page.wait_for_function(LANDED, arg=n)


@contextmanager
def warm_notebook(page: Page, own: tuple[str, ...], address: str) -> Iterator[Panel]:
    """Gives the panel of a notebook that is opened when it is first needed; shuts its kernel down at the end."""
    page.set_default_timeout(60_000)

    def visit() -> None:
        page.evaluate(SHUT_DOWN)
        page.goto(address)
        page.wait_for_function("() => window.jupyterapp?.shell?.currentWidget?.sessionContext")
        await_kernel(page)

    yield Panel(page, Watch(page, own), visit)
    page.evaluate(SHUT_DOWN)
