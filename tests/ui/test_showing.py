"""What has to do with where a panel is shown: language, height, and the strip that stays in a saved notebook."""

from __future__ import annotations

import time

import pytest
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell

from photogram.errors import BadParams
from photogram.studio import Studio
from photogram.ui.controller import Controller
from photogram.ui.renderer import PanelRenderer
from photogram.ui.strip import Strip

from .conftest import Asked


@pytest.mark.parametrize(("given", "lang"), [("pt-BR", "pt-BR"), ("pt_PT", "pt-BR"), ("EN", "en"), (None, None)])
def test_a_studio_speaks_a_language(tmp_path, given, lang):
    with Studio(tmp_path, lang=given) as studio:
        assert studio.lang == lang
        state = Controller(studio).answer({"kind": "hello", "view": "v", "lang": "pt-BR"})[0].message
        assert state["lang"] == (lang or "pt-BR")


@pytest.mark.parametrize("given", ["de", "", "english please", 7, b"en"])
def test_a_language_that_we_do_not_speak_is_said(tmp_path, given):
    with pytest.raises(BadParams, match="lang must be one of en, pt-BR"):
        Studio(tmp_path, lang=given)


@pytest.mark.parametrize("given", [0, -1, 319, 4_001, "tall", 1e300, True])
def test_a_height_that_makes_no_sense_is_said(studio, given):
    with pytest.raises(BadParams, match="height must be"):
        studio.panel(height=given)


def test_the_height_is_remembered_and_folding_leaves_it_alone(ask, controller, studio):
    assert controller.settle_height(None) == 760
    ask("layout", layout={"height": 900})
    ask("layout", layout={"left": False, "right": True})
    assert Controller(studio).settle_height(None) == 900
    assert controller.settle_height(500) == 500
    assert ask("hello", lang="en")["state"]["layout"] == {"left": False, "right": True, "height": 500}


def test_of_two_notebooks_that_fold_at_once_neither_is_lost(ask, studio, open_studio, monkeypatch):
    other, write = Asked(Controller(open_studio())), studio._write

    def write_after_the_other(*args, **options):
        other("layout", layout={"right": False, "height": 620})
        return write(*args, **options)

    with monkeypatch.context() as patched:
        patched.setattr(studio, "_write", write_after_the_other)
        ask("layout", layout={"left": False})
    assert ask("hello")["state"]["layout"] == {"left": False, "right": False, "height": 620}


@pytest.mark.parametrize("height", [0, -7, 10**9, True, "900", None, 1.5, [900]])
def test_a_browser_cannot_set_a_height_that_makes_no_sense(ask, controller, height):
    ask("layout", layout={"height": height, "left": True})
    assert controller.settle_height(None) == 760


def test_the_strip_shows_the_last_pictures_small(ask, studio, monkeypatch):
    strip = Strip(studio)
    assert "<img" not in strip.draw()["text/html"]
    studio.batch(ask.press("first", n=3)).wait(20)
    studio.batch(ask.press("second", n=6)).wait(20)
    html = strip.draw()["text/html"]
    assert html.count("<img") == 8
    assert html.count('alt="second"') == 6
    assert "9 images" in html
    assert len(html.encode()) < 40_000
    with monkeypatch.context() as patched:
        patched.setattr("photogram.studio.pictures.make_thumb", None)  # each is made once, for every kernel
        assert Strip(studio).draw()["text/html"] == html
    studio.batches()[0].delete()
    assert Strip(studio).draw()["text/html"].count("<img") == 3


def test_the_strip_speaks_the_studio_s_language(tmp_path):
    with Studio(tmp_path, lang="pt-BR") as studio:
        assert "execute as células" in Strip(studio).draw()["text/html"]


class Published(DisplayPublisher):
    """Keeps what a front end would get."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.said: list[tuple[str, bool]] = []
        self.cells: dict[str, str] = {}

    def publish(self, data, *, transient=None, update=False, **_):
        html = data.get("text/html", "")
        self.said.append((html, update))
        self.cells[transient["display_id"]] = html

    def wait_for_pictures(self, count: int) -> None:
        """Waits for a strip that is drawn again with so many."""
        deadline = time.monotonic() + 20
        while not any(update and html.count("<img") == count for html, update in self.said):
            assert time.monotonic() < deadline, self.said
            time.sleep(0.01)


@pytest.fixture
def published(monkeypatch):
    monkeypatch.setattr("photogram.ui.strip.PAUSE_S", 0.01)
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    shell.display_pub = Published(shell=shell)
    yield shell.display_pub
    InteractiveShell.clear_instance()


def test_the_strip_is_drawn_again_when_pictures_land(ask, studio, published):
    Strip(studio).show()
    assert [update for _, update in published.said] == [False]
    studio.batch(ask.press(n=2)).wait(20)
    published.wait_for_pictures(2)


def test_of_several_cells_the_newest_alone_has_the_strip_s_pictures(ask, studio, published):
    """A notebook's file would hold them for each of them."""
    strip = Strip(studio)
    studio.batch(ask.press(n=2)).wait(20)
    for _ in range(3):
        strip.show()
    assert [published.cells[cell].count("<img") for cell in published.cells] == [0, 0, 2]
    assert all("run the notebook" in html for html in published.cells.values())
    studio.batch(ask.press()).wait(20)
    published.wait_for_pictures(3)
    assert [published.cells[cell].count("<img") for cell in published.cells] == [0, 0, 3]


def test_the_strip_is_drawn_again_as_long_as_any_studio_is_open(open_studio, published):
    panels, first, second = PanelRenderer(), open_studio(), open_studio()
    for studio in (first, second):
        panels.strip(studio).show()
    first.close()
    second.generate("a boat", n=2).wait(20)
    published.wait_for_pictures(2)
    second.close()
    while panels._strips:  # nothing holds what is closed
        time.sleep(0.01)
