from __future__ import annotations

import gc
import os
import threading
import weakref

import pytest

from photogram.providers.base import Stopped
from photogram.providers.diffusers_local.provider import Shelf


class Maker:
    """Loads models that are just names, and remembers what it did."""

    def __init__(self):
        self.shelf, self.done = Shelf(), []

    def borrow(self, key, cancelled=lambda: False, load=None):
        def make():
            self.done.append(f"load {key}")
            return load() if load else key

        return self.shelf.borrow(key, make, lambda: self.done.append("drop"), cancelled)


@pytest.fixture
def maker():
    return Maker()


def test_a_model_is_loaded_once_and_dropped_before_the_next(maker):
    for key in ("a", "a", "b", "a"):
        with maker.borrow(key) as held:
            assert held == key
    assert maker.done == ["load a", "drop", "load b", "drop", "load a"]


def test_the_first_model_is_out_of_memory_before_the_second_is_loaded():
    class Model: ...

    shelf, seen, alive = Shelf(), [], []

    def load():
        alive.append([one() is not None for one in seen])
        model = Model()
        seen.append(weakref.ref(model))
        return model

    def drop():
        gc.collect()
        alive.append([one() is not None for one in seen])

    for key in ("a", "b"):
        with shelf.borrow(key, load, drop, lambda: False) as model:
            del model
    assert alive == [[], [False], [False]]


def test_a_model_that_could_not_be_loaded_leaves_the_shelf_empty(maker):
    def fail():
        raise ValueError("broken")

    with maker.borrow("a"):
        pass
    with pytest.raises(ValueError, match="broken"), maker.borrow("b", load=fail):
        pass
    with maker.borrow("a") as held:
        assert held == "a"
    assert maker.done == ["load a", "drop", "load b", "load a"]


def test_what_fails_while_it_is_borrowed_gives_it_back(maker):
    with pytest.raises(KeyError), maker.borrow("a"):
        raise KeyError
    with maker.borrow("a"):
        pass
    assert maker.done == ["load a"]


def test_one_uses_it_at_a_time_and_who_waits_can_be_cancelled(maker):
    stop, waiting, ended = threading.Event(), threading.Event(), []

    def cancelled():
        waiting.set()
        return stop.is_set()

    def second():
        try:
            with maker.borrow("b", cancelled):
                ended.append("got it")
        except Stopped:
            ended.append("stopped")

    with maker.borrow("a"):
        thread = threading.Thread(target=second)
        thread.start()
        assert waiting.wait(60)
        assert ended == []
        stop.set()
        thread.join(60)
    assert ended == ["stopped"]
    assert maker.done == ["load a"]


def test_a_cancel_is_heeded_before_and_after_loading(maker):
    with pytest.raises(Stopped), maker.borrow("a", lambda: True):
        pass
    assert maker.done == []
    answers = iter([False, True])
    with pytest.raises(Stopped), maker.borrow("a", lambda: next(answers)):
        pass
    with maker.borrow("a"):  # what was loaded is kept
        pass
    assert maker.done == ["load a"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_has_a_shelf_of_its_own(maker):
    with maker.borrow("a"):  # held, as by a thread that the child does not have
        child = os.fork()
        if child == 0:
            with maker.borrow("a"):
                os._exit(0 if maker.done == ["load a", "load a"] else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
