"""A cell that computes, and never lets go of the interpreter, in one process; another generates meanwhile."""

from __future__ import annotations

import time

import pytest

from photogram.domain.task import TaskStatus

from .children import Child
from .conftest import check_workspace, statuses


@pytest.mark.slow
def test_a_cell_that_holds_the_interpreter_keeps_no_other_process_from_generating(workspace, tmp_path, open_studio):
    child = Child(
        """
        import ctypes
        import time

        studio = open_studio()
        assert studio.generate("a cat").wait(20)[0].status == "success"
        held = studio.generate("hold on")
        dots.started.wait(10)
        time.sleep(1)  # its row is written by now, and the file given back
        say("computing")
        while not os.path.exists(sys.argv[2]):
            ctypes.PyDLL(None).sleep(2)  # as a long sum would: no other thread of this process runs meanwhile
        say("computed", len(studio.df()))
        dots.go.set()
        assert held.wait(20)[0].status == "success"
        """,
        workspace,
        tmp_path / "enough",
    )
    child.await_line("computing")
    studio = open_studio()
    batches = []
    for _ in range(3):
        batches.append(studio.generate("a dog", n=3).wait(60))
        time.sleep(1.5)  # and so it looks whether one of its own was cancelled, between two of its computations
    assert {one.status for batch in batches for one in batch} == {TaskStatus.SUCCESS}
    assert len(studio.df(status="success")) == 10
    (tmp_path / "enough").touch()
    assert child.await_line("computed") == "computed 11"
    assert child.end() == 0, child.errors
    assert statuses(studio) == {"success": 11}
    check_workspace(studio)
