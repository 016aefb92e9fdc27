"""A studio that was closed, a kernel that is gone or does not answer, and what a killed one left."""

from __future__ import annotations

import os
import re
import signal

import pytest
from playwright.sync_api import expect

from .panels import KERNEL, Panel
from .settings import KINDS
from .unsent import leave_some

COME_BACK = """() => {
    const root = document.querySelector('.pg');
    root.style.display = 'none';
    root.getBoundingClientRect();
    root.style.display = '';
    return [...root.querySelectorAll('.pg-feed .pg-view img')].map(img => getComputedStyle(img).opacity);
}"""


def test_a_closed_studio_and_a_restarted_kernel_say_so_and_what_to_do(panel: Panel) -> None:
    panel.open()
    page, notice = panel.page, panel.page.locator(".pg-notice")
    panel.shrink(2)
    panel.generate("a boat", 2)
    panel.prompt.fill("half a sentence")
    panel.await_value("studio.form.prompt", "half a sentence")  # 300 ms after it was typed
    panel.run("studio.close()")
    expect(notice).to_have_text(re.compile("The studio was closed. Run the cell again to go on."))
    assert page.evaluate("() => document.querySelector('.pg-prompt').closest('[inert]') !== null")
    assert page.evaluate(COME_BACK) == ["1", "1"], "its pictures stay, also after another tab was in front"
    panel.run(f"studio = pg.Studio({panel.workspace!r})")
    panel.show()
    expect(notice).to_have_count(0)
    expect(panel.prompt).to_have_value("half a sentence")

    panel.renew_kernel()
    page.evaluate(f"async () => {{ await {KERNEL}.restart() }}")
    expect(notice).to_have_text(re.compile("The kernel was restarted or shut down. Run the cell again to go on."))
    assert page.locator(".pg [inert]").count() > 0


def test_a_kernel_that_does_not_answer_is_named_until_it_does(panel: Panel) -> None:
    panel.open()
    notice = panel.page.locator(".pg-notice")
    kernel = int(panel.run("import os; print(os.getpid())"))
    os.kill(kernel, signal.SIGSTOP)
    try:
        expect(notice).to_contain_text("No answer from the kernel…", timeout=30_000)
        expect(panel.prompt).to_be_editable()
    finally:
        os.kill(kernel, signal.SIGCONT)
    expect(notice).to_have_count(0, timeout=15_000)


@pytest.mark.parametrize("choice", ["Send", "Discard"])
def test_what_a_killed_kernel_did_not_send_waits_for_a_press(choice: str, panel: Panel) -> None:
    panel.open()
    assert not panel.run(KINDS + "\nkinds.go.set()")
    leave_some(panel)
    bar = panel.page.locator(".pg-unsent")
    expect(bar).to_contain_text("not sent", timeout=20_000)  # seen by a beat; no cell is run
    left = panel.run("left = studio.unsent(); print(left.n, left.total_usd)").split()
    n, usd = int(left[0]), float(left[1])
    assert n >= 1
    assert usd == 2 * n
    expect(bar).to_contain_text(f"{n} not sent (${usd:.2f}):")
    assert panel.run("print(len(kinds.runs))") == "0\n", "nothing is spent without a press"
    bar.get_by_role("button", name=choice).click()
    images = "1 image" if n == 1 else f"{n} images"
    expect(panel.toasts).to_contain_text(f"{images} {'sent' if choice == 'Send' else 'discarded'}")
    expect(bar).to_have_count(0)
    if choice == "Send":
        panel.page.wait_for_function(
            "n => document.querySelectorAll('.pg-card[data-status=success]').length >= n", arg=n
        )
        assert int(panel.run("print(len(kinds.runs))")) == n
    else:
        expect(panel.page.locator(".pg-failed").get_by_text("Cancelled")).to_have_count(n)
        assert panel.run("print(len(kinds.runs))") == "0\n"
