"""Whatever is cut, restarted or open twice while images are made: the panel ends with the truth, paid for once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from faulty.server import Job, Reply, Server
from playwright.sync_api import Browser, expect

from .cells import await_kernel
from .labs import Lab, write_notebook
from .panels import KERNEL, Panel, warm_notebook
from .wire import Wire

TESTS = str(Path(__file__).parents[1])
WORKING = Reply(body=b'{"status": "working", "progress": 0.4}')
SUCCESS = ".pg-feed .pg-card[data-status=success] img"


class Patience:
    """Lets as many jobs end as it was told, those first that were asked about first.

    Attributes:
        ended: How many may.
    """

    def __init__(self) -> None:
        self.ended = 0
        self._order: dict[str, int] = {}

    def submit(self, task_id: str) -> None:
        """Takes all."""

    def poll(self, job: Job) -> Reply | None:
        place = self._order.setdefault(job.id, len(self._order))
        return None if place < self.ended else WORKING

    def fetch(self, job: Job) -> None:
        """Gives all."""


@pytest.fixture
def server() -> Iterator[Server]:
    """A provider that outlives the kernels."""
    made = Server()
    made.faults = Patience()
    yield made
    made.close()


@pytest.fixture
def join(server: Server, tmp_path: Path) -> str:
    """What a kernel runs first, so that the provider is installed there as a package of somebody would be."""
    info = tmp_path / "loopback-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: loopback\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[photogram.providers]\nloopback = loopback_here:Here\n")
    (tmp_path / "loopback_here.py").write_text(
        "from faulty.adapter import LoopbackAdapter\n"
        f"class Here(LoopbackAdapter):\n    def __init__(self): super().__init__({server.url!r})\n"
    )
    return (
        f"import os, sys; sys.path[:0] = [{TESTS!r}, {str(tmp_path)!r}]; os.environ['LOOPBACK_KEY'] = 'key-of-nobody'\n"
        "import photogram as pg"
    )


def open_joined(panel: Panel, join: str) -> None:
    panel.renew_kernel()  # one that has not looked for packages yet
    panel.open(before=join)
    assert not panel.run("studio.form.update(model='loopback:img', n=4)")
    expect(panel.page.locator(".pg-side.left")).to_contain_text("Loopback")


def let_go(server: Server, n: int) -> None:
    assert isinstance(server.faults, Patience)
    server.faults.ended = n


def await_jobs(server: Server, n: int) -> None:
    until = time.monotonic() + 60
    while len(server.jobs) < n and time.monotonic() < until:
        time.sleep(0.05)
    assert len(server.jobs) == n


def paid_once(server: Server, n: int) -> bool:
    return len(server.jobs) == n and set(server.accepted().values()) == {1}


def test_four_images_appear_one_after_the_other_and_a_reload_in_between_changes_nothing(
    panel: Panel, join: str, server: Server
) -> None:
    open_joined(panel, join)
    page = panel.page
    panel.prompt.fill("four at their own pace")
    panel.button("Generate").click()
    await_jobs(server, 4)
    for landed in (1, 2):
        let_go(server, landed)
        expect(page.locator(SUCCESS)).to_have_count(landed)
        expect(page.locator(".pg-feed .pg-card")).to_have_count(4)
    page.evaluate("async () => { await window.jupyterapp.commands.execute('docmanager:save') }")
    page.reload()
    expect(page.locator(SUCCESS)).to_have_count(2)
    expect(page.locator(".pg-feed .pg-card[data-status=processing]")).to_have_count(2)
    let_go(server, 4)
    expect(page.locator(SUCCESS)).to_have_count(4)
    assert paid_once(server, 4)


def test_a_kernel_that_is_restarted_during_a_run_goes_on_where_it_was(panel: Panel, join: str, server: Server) -> None:
    open_joined(panel, join)
    page = panel.page
    panel.prompt.fill("outlives its kernel")
    panel.button("Generate").click()
    await_jobs(server, 4)
    let_go(server, 1)
    expect(page.locator(SUCCESS)).to_have_count(1)
    page.evaluate(f"async () => {{ await {KERNEL}.restart() }}")
    expect(page.locator(".pg-notice")).to_contain_text("Run the cell again")
    await_kernel(page)
    assert not panel.run(join)
    assert not panel.run(f"studio = pg.Studio({panel.workspace!r})")
    panel.show()
    expect(page.locator(SUCCESS)).to_have_count(1)
    expect(page.locator(".pg-feed .pg-card")).to_have_count(4)
    let_go(server, 4)
    expect(page.locator(SUCCESS)).to_have_count(4)
    assert paid_once(server, 4)


def test_a_connection_that_is_cut_for_20_s_ends_with_the_truth(
    join: str, server: Server, browser: Browser, lab: Lab
) -> None:
    wire = Wire(urlsplit(lab.url).port or 0)
    through = replace(lab, url=f"http://localhost:{wire.port}")
    write_notebook(lab.folder / "cut.ipynb", "studio")
    context = browser.new_context()
    with warm_notebook(context.new_page(), through.own, through.address_of("cut.ipynb")) as panel:
        panel.workspace = "cut"
        open_joined(panel, join)
        page = panel.page
        panel.prompt.fill("made while nobody could see")
        panel.button("Generate").click()
        await_jobs(server, 4)
        expect(page.locator(".pg-feed .pg-card[data-status=processing]")).to_have_count(4)
        wire.cut()
        let_go(server, 3)
        panel.prompt.fill("pressed while cut")
        panel.button("Generate").click()
        expect(page.locator(".pg-feed .pg-line .pg-wait")).to_have_count(8)
        page.wait_for_timeout(20_000)  # the length of the cut is what is tried
        assert len(server.jobs) == 4
        wire.mend()
        expect(page.locator(SUCCESS)).to_have_count(3, timeout=90_000)  # JupyterLab's own pauses between two tries grow
        await_jobs(server, 8)
        let_go(server, 8)
        expect(page.locator(SUCCESS)).to_have_count(8, timeout=60_000)  # the oldest is asked about every 30 s by now
        expect(page.locator(".pg-said")).to_have_count(2)
        expect(panel.prompt).to_have_value("")
    context.close()
    wire.close()
    assert paid_once(server, 8)


GIVEN_UP = f"() => {KERNEL}.connectionStatus === 'disconnected'"
"""JupyterLab tries seven times, after pauses of a random length: with none of any, it is over at once."""


def test_a_connection_that_jupyterlab_gave_up_is_taken_up_again(browser: Browser, lab: Lab) -> None:
    wire = Wire(urlsplit(lab.url).port or 0)
    through = replace(lab, url=f"http://localhost:{wire.port}")
    write_notebook(lab.folder / "given-up.ipynb", "studio")
    context = browser.new_context()
    with warm_notebook(context.new_page(), through.own, through.address_of("given-up.ipynb")) as panel:
        panel.workspace = "given-up"
        panel.open()
        panel.shrink()
        page = panel.page
        page.evaluate("() => { window.random = Math.random; Math.random = () => 0; }")
        wire.cut()
        page.wait_for_function(GIVEN_UP)
        page.evaluate("() => { Math.random = window.random; }")
        wire.mend()
        panel.generate("pressed while nobody tried any more")
        expect(page.locator(".pg-notice")).to_have_count(0)
    context.close()
    wire.close()


def test_two_notebooks_on_one_workspace_show_the_same_each_in_the_language_of_its_browser(
    panel: Panel, join: str, server: Server, browser: Browser, lab: Lab
) -> None:
    open_joined(panel, join)
    write_notebook(lab.folder / "second.ipynb", "studio")
    context = browser.new_context(locale="pt-BR")
    with warm_notebook(context.new_page(), lab.own, lab.address_of("second.ipynb")) as second:
        second.open(panel.workspace, before=join)
        expect(second.page.locator(".pg")).to_have_attribute("lang", "pt-BR")
        second.button("Gerar").click()
        expect(second.toasts.get_by_role("alert")).to_contain_text("Digite um prompt")
        panel.prompt.fill("seen by both")
        panel.button("Generate").click()
        await_jobs(server, 4)
        both: tuple[Callable[[str], object], ...] = (panel.page.locator, second.page.locator)
        let_go(server, 4)
        for locate in both:
            expect(locate(SUCCESS)).to_have_count(4)
        second.prompt.fill("from the second")
        second.button("Gerar").click()
        await_jobs(server, 8)
        let_go(server, 8)
        for locate, count in zip(both, ("8 images", "8 imagens"), strict=True):
            expect(locate(SUCCESS)).to_have_count(8)
            expect(locate(".pg-topic.on")).to_contain_text(count)
        assert not second.watch.wrong
    context.close()
    assert paid_once(server, 8)
