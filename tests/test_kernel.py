"""A studio in a real IPython kernel: cells that wait, block, await and are interrupted."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Empty

import pytest
from jupyter_client.manager import KernelManager

SETUP = """
import asyncio, io, time
import photogram as pg
from PIL import Image
from photogram.domain.card import ModelCard
from photogram.domain.request import MadeImage
from photogram.providers.base import Stopped

class Slow:
    "Needs a second for a picture, and stops when it is told to."
    name = "slow"
    def cards(self):
        return [ModelCard(provider="slow", model="one", title="Slow", local=True, price_micros=0, concurrency=2)]
    def run(self, request, progress, cancelled):
        for step in range(20):
            if cancelled():
                raise Stopped
            time.sleep(0.05)
            progress(step / 20)
        buffer = io.BytesIO()
        Image.new("RGB", (64, 48), (request.seed % 256, 90, 120)).save(buffer, "PNG")
        return MadeImage(data=buffer.getvalue())

studio = pg.Studio({path!r})
studio._engine.registry.add(Slow())
ticks = 0
async def neighbour():
    global ticks
    while True:
        await asyncio.sleep(0.01)
        ticks += 1
mine = asyncio.ensure_future(neighbour())
"""


class Kernel:
    def __init__(self, manager: KernelManager) -> None:
        self.manager = manager
        self.client = manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(60)

    def start(self, code: str) -> str:
        return self.client.execute(code)

    def messages(self, msg_id: str, timeout_s: float = 60.0) -> Iterator[tuple[float, dict]]:
        """Yields (seconds since the call, message) until the cell is over."""
        begun = time.monotonic()
        while time.monotonic() - begun < timeout_s:
            try:
                message = self.client.get_iopub_msg(timeout=1)
            except Empty:
                continue
            yield time.monotonic() - begun, message
            done = message["msg_type"] == "status" and message["content"]["execution_state"] == "idle"
            if done and message["parent_header"].get("msg_id") == msg_id:
                return
        raise AssertionError("the cell did not end in time")

    def run(self, code: str) -> str:
        """Runs a cell and returns what it printed; an error fails the test."""
        printed = ""
        for _, message in self.messages(self.start(code)):
            if message["msg_type"] == "stream":
                printed += message["content"]["text"]
            if message["msg_type"] == "error":
                raise AssertionError("\n".join(message["content"]["traceback"]))
        return printed.strip()


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[Kernel]:
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(tmp_path))
    kernel = Kernel(manager)
    kernel.run(SETUP.format(path=str(tmp_path / "ws")))
    yield kernel
    kernel.client.stop_channels()
    manager.shutdown_kernel(now=True)


def test_wait_in_a_cell_keeps_the_users_other_tasks_running(kernel: Kernel) -> None:
    said = kernel.run("b = studio.generate('x', model='slow:one', n=2); t0 = ticks; b.wait(30); print(ticks - t0)")
    assert int(said) > 20
    assert kernel.run("print([str(g.status) for g in b])") == "['success', 'success']"


def test_await_in_a_cell_finishes_the_batch(kernel: Kernel) -> None:
    assert kernel.run("b = await studio.generate('x', model='slow:one', n=3); print(len(b.df()))") == "3"


def test_interrupt_of_wait_stops_only_the_wait_and_says_so(kernel: Kernel) -> None:
    kernel.run("b = studio.generate('x', model='slow:one', n=8)")
    msg_id = kernel.start("b.wait()")
    time.sleep(0.7)
    kernel.manager.interrupt_kernel()
    errors = [message["content"] for _, message in kernel.messages(msg_id) if message["msg_type"] == "error"]
    assert [error["ename"] for error in errors] == ["KeyboardInterrupt"]
    assert "Stopped waiting" in errors[0]["evalue"]
    assert "go on" in errors[0]["evalue"]
    assert kernel.run("t0 = ticks; await asyncio.sleep(0.3); print(mine.done(), ticks - t0 > 5)") == "False True"
    assert kernel.run("b.wait(30); print({str(g.status) for g in b})") == "{'success'}"


def test_interrupt_of_await_stops_only_the_wait(kernel: Kernel) -> None:
    kernel.run("b = studio.generate('x', model='slow:one', n=6)")
    msg_id = kernel.start("await b")
    time.sleep(0.7)
    kernel.manager.interrupt_kernel()
    assert [message["msg_type"] for _, message in kernel.messages(msg_id)].count("error") == 1
    assert kernel.run("b.wait(30); print({str(g.status) for g in b})") == "{'success'}"


def test_timeout_of_wait_leaves_the_work_going(kernel: Kernel) -> None:
    code = """
    b = studio.generate('x', model='slow:one', n=4)
    try:
        b.wait(timeout_s=0.3)
    except pg.UserError as error:
        print(type(error).__name__, 'photogram resume' in str(error))
    """
    assert kernel.run(textwrap.dedent(code)) == "WaitTimeout True"
    assert kernel.run("b.wait(30); print({str(g.status) for g in b})") == "{'success'}"


def test_grid_fills_in_while_the_next_cell_blocks(kernel: Kernel) -> None:
    shown = [m for _, m in kernel.messages(kernel.start("b = studio.generate('x', model='slow:one', n=4); b"))]
    display_ids = [m["content"]["transient"]["display_id"] for m in shown if m["msg_type"] == "display_data"]
    assert len(display_ids) == 1
    updates = [
        (at, message["content"]["data"]["text/html"].count("data:image/"))
        for at, message in kernel.messages(kernel.start("time.sleep(5)"))
        if message["msg_type"] == "update_display_data"
        and message["content"]["transient"]["display_id"] == display_ids[0]
    ]
    assert [images for _, images in updates][-1] == 4
    assert updates[-1][0] < 4.5  # while the cell still blocked
    assert len({images for _, images in updates}) > 1  # it filled in, not all at once
    assert len(updates) <= 11  # at most twice a second


def until_dead(kernel: Kernel, timeout_s: float) -> float:
    begun = time.monotonic()
    while kernel.manager.is_alive():
        assert time.monotonic() - begun < timeout_s, "the kernel did not end"
        time.sleep(0.05)
    return time.monotonic() - begun


@pytest.mark.parametrize("busy", [False, True])
def test_shutdown_of_the_kernel_is_clean_and_quick(kernel: Kernel, busy: bool, tmp_path: Path) -> None:
    kernel.run("b = studio.generate('x', model='slow:one', n=6)" if busy else "pass")
    kernel.client.shutdown()
    assert until_dead(kernel, 10.0) < 5.0
    import photogram as pg

    with pg.Studio(tmp_path / "ws") as studio:  # local pictures go back, and wait for resume()
        until = time.monotonic() + 20.0
        while not (left := set(studio.df()["status"])) <= {"success", "pending"}:  # until they are adopted
            assert time.monotonic() < until, left
            time.sleep(0.05)


def test_the_widgets_are_loaded_between_two_cells(kernel: Kernel) -> None:
    loaded = "'photogram.ui.studio_panel' in __import__('sys').modules"
    wait = f"for _ in range(600):\n    if {loaded}: break\n    await asyncio.sleep(0.1)\nprint({loaded})"
    assert kernel.run(wait) == "True"
