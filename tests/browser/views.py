"""The panel's view in a page of its own, without JupyterLab: a controller of this process answers what it says."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from jupyter_core.paths import jupyter_path
from playwright.sync_api import Locator, Page, expect

from photogram.studio import Batch, Studio
from photogram.ui.controller import Controller
from photogram.ui.front_end import build_module
from photogram.ui.wire import Json, Reply

PAGE = """<!doctype html><title>A view</title><div id=here></div><script>
    const any = class { static serializers = {}; };
    const widgets = new Proxy({}, { get: (_, name) => (name === '__esModule' ? true : any) });
    window.define = (names, make) => { window.vue = make({ uri: '' }, widgets); };
</script>"""
"""Vue is in the file that ipyvue has for notebooks; that asks for Jupyter's widgets, to make its own of them."""

MOUNT = """async opening => {
    const url = URL.createObjectURL(new Blob([opening], { type: 'text/javascript' }));
    const { default: opener } = await import(url);
    window.said = [];
    const say = message => { window.said.push(JSON.parse(JSON.stringify(message))); };
    const widget = { data: () => ({ frame_height: 760 }), methods: { say } };
    window.app = window.vue.createApp({ ...opener, mixins: [widget] });
    window.opened = window.app.mount('#here');
}"""
OPEN = """async packed => {
    const code = Uint8Array.from(atob(packed), letter => letter.charCodeAt(0));
    await window.opened.jupyter_take({ kind: 'code', view: window.opened.view }, [code]);
    await window.opened.$nextTick();
    window.pg = window.opened.$refs.panel;
}"""
TAKE = """async ([message, buffers]) => {
    const bytes = buffers.map(one => Uint8Array.from(atob(one), letter => letter.charCodeAt(0)));
    window.opened.jupyter_take(message, bytes);
    await window.opened.$nextTick();
}"""


BUSY = {"kind": "StoreBusy", "message": "Waited 30 s: the notebook of process 7 holds it.", "next_step": "Try again."}
"""What a kernel says whose workspace another process holds."""


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
        page.evaluate(MOUNT, build_module().opening)

    def open(self) -> None:
        """Gives it the panel's code, and answers what that asks for."""
        self.page.evaluate(OPEN, base64.b64encode(build_module().panel).decode())
        self.settle()
        self.pass_s(1)  # by then the keyring was asked

    def settle(self) -> list[Json]:
        """Answers what was said, and what is said to that; returns all of it."""
        all_said: list[Json] = []
        while new := self.page.evaluate("() => window.said.splice(0)"):
            all_said += new
            for message in new:
                if message["kind"] not in self.lost:
                    self.give(*self.answer(message))
        self.said += all_said
        return all_said

    def answer(self, message: Json) -> list[Reply]:
        """Returns what the kernel answers, and does what it asks for."""
        return self._controller.answer(message)

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


def press(view: View, prompt: str) -> str:
    """Writes a prompt and presses Generate; returns the id of the press."""
    view.prompt.fill(prompt)
    view.button("Generate").click()
    view.settle()
    return view.heard("press")[-1]["id"]


def show(view: View, studio: Studio, n: int = 1) -> Batch:
    """Makes a batch, and shows it with its pictures."""
    batch = studio.generate("a boat", n=n).wait(20)
    view.pass_s(6)
    expect(view.cards).to_have_count(n)
    return batch


def refuse(view: View, what: str, error: dict[str, str] = BUSY, **facts: object) -> None:
    view.tell("refused", view=view.do("() => pg.view"), what=what, error=error, **facts)
