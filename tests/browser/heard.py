"""What a panel says to its kernel, as it leaves the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.sync_api import Page

LISTEN = r"""() => {
    const { send } = WebSocket.prototype;
    window.heard = [];
    window.deafen = () => { WebSocket.prototype.send = send; };
    WebSocket.prototype.send = function (data) {
        const text = typeof data === 'string' ? data : new TextDecoder().decode(data);
        const kind = /"kind":"(\w+)","view":"view_/.exec(text)?.[1];
        if (kind) window.heard.push([kind, /"seq":(\d+)/.exec(text)?.[1] ?? '']);
        return send.call(this, data);
    };
}"""


@contextmanager
def listening(page: Page) -> Iterator[Callable[[str], int]]:
    """Gives what counts the messages of a kind since now; a change of the form that was said again is one."""
    page.evaluate(LISTEN)

    def count(kind: str) -> int:
        heard = [tuple(one) for one in page.evaluate("() => window.heard") if one[0] == kind]
        return len(set(heard)) if kind == "form" else len(heard)

    yield count
    page.evaluate("() => window.deafen()")
