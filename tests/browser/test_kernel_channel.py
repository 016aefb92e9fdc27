"""A kernel that shows a panel hears every request, also one that comes while it answers another.

Runs with this environment's kernel, or with the one of `run.py --kernels`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager
from jupyter_client.session import Session

from .kernels import wanted_version, write_kernelspec

SLOW_TO_ANSWER = """
import time
channel = get_ipython().kernel.shell_channel_thread
answer = channel.manager._send_on_shell_channel
def answer_late(message):
    time.sleep(0.3)
    answer(message)
channel.io_loop.add_callback(channel.manager._main_to_shell_channel.on_recv, channel.io_loop, answer_late)
"""


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KernelManager]:
    write_kernelspec(tmp_path / "data")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "data"))
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(tmp_path))
    yield manager
    manager.shutdown_kernel(now=True)


def connect(manager: KernelManager) -> BlockingKernelClient:
    client = manager.client()
    client.session = Session(key=manager.session.key)  # another page
    client.start_channels()
    client.wait_for_ready(60)
    return client


@pytest.mark.skipif(wanted_version().startswith("6."), reason="ipykernel 6 answers on the thread that reads")
def test_a_request_that_comes_during_an_answer_is_heard(kernel: KernelManager) -> None:
    one, other = connect(kernel), connect(kernel)
    for cell in ("import photogram as pg; studio = pg.Studio('ws'); studio.panel()", SLOW_TO_ANSWER):
        ran = one.execute_interactive(cell, timeout=60)["content"]
        assert ran["status"] == "ok", ran
    for _ in range(5):
        one.kernel_info()
        time.sleep(0.15)  # the answer is under way
        asked = other.comm_info()
        assert other.get_shell_msg(timeout=10)["parent_header"]["msg_id"] == asked
    one.stop_channels()
    other.stop_channels()
