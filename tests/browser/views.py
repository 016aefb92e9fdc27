"""The panel's view in a page of its own, without JupyterLab: a controller of this process answers what it says."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from jupyter_core.paths import jupyter_path
from playwright.sync_api import Locator, Page

from photogram.ui.controller import Controller
from photogram.ui.front_end import build_module
from photogram.ui.wire import Json, Reply

PAGE = """<!doctype html><title>A view</title><div id=here></div><script>
    const any = class { static serializers = {}; };
    const widgets = new Proxy({}, { get: (_, name) => (name === '__esModule' ? true : any) });
    window.define = (names, make) => { window.vue = make({ uri: '' }, widgets); };
</script>"""
"""Vue is in the file that ipyvue has for notebooks; that asks for Jupyter's widgets, to make its own of them."""

MOUNT = """async code => {
    const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
    const { default: panel } = await import(url);
    window.said = [];
    const say = message => { window.said.push(JSON.parse(JSON.stringify(message))); };
    const widget = { data: () => ({ frame_height: 760 }), methods: { say } };
    window.app = window.vue.createApp({ ...panel, mixins: [widget] });
    window.pg = window.app.mount('#here');
}"""
TAKE = """async ([message, buffers]) => {
    const bytes = buffers.map(one => Uint8Array.from(atob(one), letter => letter.charCodeAt(0)));
    window.pg.jupyter_take(message, bytes);
    await window.pg.$nextTick();
}"""


class View:
    """A view, mounted in an empty page whose clock is the test's.

    Attributes:
        said: What it said, in order.
        lost: Kinds of messages that nobody answers.

    Args:
        page: The page.
        controller: Answers the rest, when the test says `settle`.
    """

    def __init__(self, page: Page, controller: Controller) -> None:
        self.page = page
        self.said: list[Json] = []
        self.lost: set[str] = set()
        self._controller = controller
        page.clock.install()
        page.set_content(PAGE)
        files = [Path(folder, "jupyter-vue", "index.js") for folder in jupyter_path("nbextensions")]
        page.add_script_tag(path=next(one for one in files if one.exists()))
        page.evaluate(MOUNT, build_module()[1])
        self.settle()

    def settle(self) -> list[Json]:
        """Answers what was said, and what is said to that; returns all of it."""
        all_said: list[Json] = []
        while new := self.page.evaluate("() => window.said.splice(0)"):
            all_said += new
            for message in new:
                if message["kind"] not in self.lost:
                    self.give(*self._controller.answer(message))
        self.said += all_said
        return all_said

    def give(self, *replies: Reply) -> None:
        """Hands the view what a kernel says."""
        for reply in replies:
            buffers = [base64.b64encode(one).decode() for one in reply.buffers]
            self.page.evaluate(TAKE, [reply.message, buffers])

    def tell(self, kind: str, **body: Any) -> None:
        """Hands the view one message of the kernel."""
        self.give(Reply({"kind": kind, **body}))

    def pass_s(self, seconds: int) -> None:
        """Lets time go by on the page, and answers what is said meanwhile."""
        for _ in range(seconds):
            self.page.clock.run_for(1000)
            self.settle()

    def heard(self, kind: str) -> list[Json]:
        """Returns what it said of a kind."""
        return [one for one in self.said if one["kind"] == kind]

    def do(self, script: str, *args: Any) -> Any:
        """Runs a script in the page; `pg` is the view."""
        return self.page.evaluate(script, *args)

    @property
    def prompt(self) -> Locator:
        return self.page.get_by_role("textbox", name="Prompt", exact=True)

    @property
    def toasts(self) -> Locator:
        return self.page.locator(".pg-toast")

    @property
    def cards(self) -> Locator:
        return self.page.locator(".pg-feed .pg-card[data-status=success]")

    def button(self, name: str) -> Locator:
        return self.page.locator(".pg").get_by_role("button", name=name, exact=True)
