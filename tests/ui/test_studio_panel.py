from __future__ import annotations

import asyncio
import gc
import gzip
import json
import re
import sys
import threading
import weakref
from types import SimpleNamespace

import pytest

import photogram
from photogram.display import renderer
from photogram.ui import PanelRenderer, front_end
from photogram.ui.front_end import HERE, ROOT, build_module, build_panel, keep_inside, read_components
from photogram.ui.strip import Strip
from photogram.ui.studio_panel import StudioPanel


@pytest.fixture
def panels():
    shown = PanelRenderer()
    yield shown
    for panel in list(shown._panels.values()):
        panel.close()


def test_a_studio_has_one_panel_however_often_it_is_shown(studio, panels):
    if panels.panel(studio).comm is None:
        pytest.skip("this ipywidgets makes no comm without a kernel")
    assert panels.panel(studio) is panels.panel(studio)
    bundle = panels.mimebundle(studio)
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"] == panels.panel(studio).model_id
    assert bundle["text/plain"] == repr(studio)
    assert set(bundle) == {"application/vnd.jupyter.widget-view+json", "text/plain"}


def test_a_panel_that_was_closed_is_made_again(studio, panels):
    first = panels.panel(studio)
    first.close()
    assert panels.panel(studio) is not first


def test_every_component_that_is_used_is_there_and_every_one_is_used():
    components = read_components()
    sources = "".join(one.template for one in components.values())
    assert set(re.findall(r"<(pg-[a-z-]+)", sources)) == set(components) - {ROOT}


def read_style() -> str:
    (written,) = re.findall(r"^ *style.textContent = (.*);$", build_panel(), re.MULTILINE)
    return json.loads(written)


def read_version() -> str:
    (version,) = set(re.findall(r"\.pg:where\(\.(pg-[0-9a-f]{8})\)", read_style()))
    return version


def test_two_versions_in_one_page_style_their_own_panels():
    """After an upgrade, or with two kernels: a page keeps every style that it was given."""
    style, version = read_style(), read_version()
    assert len(re.findall(r"\.pg(?![\w-])", style)) == style.count(f".pg:where(.{version})") > 200
    assert build_panel().count(f'class=\\"pg {version}\\"') == 1


def test_no_style_reaches_what_is_outside_a_panel():
    """A grid in another cell has classes of the same names."""
    written = read_style()
    rules = re.findall(r"[^{};]+(?=\{)", re.sub(r":where\(\.pg-[0-9a-f]{8}\)", "", written))
    assert len(rules) > 200
    for rule in rules:
        for selector in map(str.strip, re.split(r",(?![^(]*\))", rule)):
            inside = r"(:where\(\.pg\) |body\S* )?\.pg\b(?!-)|:where\(\.pg\) |\.jp-\S*|@|from$|to$|\d+%$"
            assert re.match(inside, selector), selector
    assert keep_inside("/* .pg-x */ .pg-a, b .pg-c{}.pg .pg-d{}") == " :where(.pg) .pg-a, b .pg-c{}.pg .pg-d{}"


def test_the_module_holds_every_part_of_every_component():
    code = build_panel()
    root = read_components()[ROOT]
    assert "@include" not in code
    for name in ("newId", "mergeRows", "Asking", "hearing", "doing"):
        assert re.search(rf"(function|class|const) {name}\b", root.script)
    for tag, one in read_components().items():
        assert one.template, tag
        assert "<script" not in one.template + one.script
        assert one.script.count("\nexport default {") + one.script.startswith("export default {") == 1, tag
        assert json.dumps(one.template).replace('class=\\"pg\\"', f'class=\\"pg {read_version()}\\"') in code
    assert code.count("export default") == 1


def test_what_is_saved_of_a_panel_is_small_and_asks_for_the_rest(studio):
    module = build_module()
    assert len(module.opening) < 6_000
    assert gzip.decompress(module.panel).decode() == build_panel()
    assert "@include" not in module.opening
    panel = StudioPanel(studio)
    assert len(json.dumps(panel.get_state())) < 1_000
    panel.close()


def test_another_panel_has_another_name(monkeypatch):
    name = build_module().name
    assert build_module().name == name
    monkeypatch.setattr(front_end, "build_panel", lambda: "export default {};")
    assert build_module.__wrapped__().name != name


def test_a_view_gets_the_code_that_it_asks_for_even_of_a_closed_studio(studio, monkeypatch):
    told = []
    monkeypatch.setattr(StudioPanel, "_send_message", lambda _, message, buffers: told.append((message, buffers)))
    panel = StudioPanel(studio)
    panel._end()
    told.clear()
    panel.vue_say({"kind": "hello", "view": "v", "code": True})
    panel.vue_say({"kind": "hello", "view": "v", "code": False})
    assert told[0] == ({"kind": "code", "view": "v"}, [build_module().panel])
    assert [message["kind"] for message, _ in told] == ["code", "closed", "closed"]
    panel.close()


def test_every_message_of_the_kernel_is_heard(controller):
    """What the controller and the session send, the view has a method for."""
    from pathlib import Path

    here = Path(sys.modules["photogram.ui"].__file__).parent
    sent = {
        kind
        for file in ("controller.py", "feed.py", "references.py", "session.py")
        for kind in re.findall(r'"kind": "([a-z]+)"', (here / file).read_text("utf-8"))
    }
    heard = set(re.findall(r"\bon_([a-z]+)\(", read_components()[ROOT].script))
    assert sent - heard <= {"full", "part", "uploaded", "internal"}, "heard where they were asked for; a kind of error"
    asked = set(
        re.findall(r"tell\('([a-z]+)'", "".join(one.script + one.template for one in read_components().values()))
    )
    assert asked - set(controller._answers) == set()


def test_nothing_that_a_person_sees_is_a_trait(studio):
    panel = StudioPanel(studio)
    own = {name for name in panel.keys if not name.startswith("_")} - {
        "template", "components", "events", "layout", "tooltip", "tabbable", "frame_height",
    }  # fmt: skip
    assert own == set()
    panel.close()


@pytest.mark.parametrize(("kernel", "late"), [(object(), True), (None, False)])
def test_the_panel_is_registered_only_where_there_is_a_kernel(monkeypatch, kernel, late):
    shell = SimpleNamespace(kernel=kernel)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    before = renderer.current_renderer()
    try:
        photogram._show_panels()
        assert isinstance(renderer.current_renderer(), renderer.LateRenderer) is late
    finally:
        renderer.register_renderer(before)


def test_the_renderer_is_loaded_once_and_late():
    loads = []

    class Shown:
        def mimebundle(self, studio):
            return {"text/plain": str(studio)}

    late = renderer.LateRenderer(lambda: loads.append(1) or Shown())
    assert loads == []
    assert [late.mimebundle("a"), late.mimebundle("b")] == [{"text/plain": "a"}, {"text/plain": "b"}]
    assert loads == [1]


def test_no_two_components_style_one_class():
    """All their styles are in the page at once; which comes last, nobody should have to know."""
    shared = set(re.findall(r"\.(pg-[\w-]+)", (HERE / "theme.css").read_text("utf-8"))) | {"pg-card"}
    styled: dict[str, set[str]] = {}
    for tag, one in read_components().items():
        for rule in re.findall(r"[^{};]+(?=\{)", re.sub(r"/\*.*?\*/", "", one.style, flags=re.DOTALL)):
            for selector in map(str.strip, re.split(r",(?![^(]*\))", rule)):
                if found := re.match(r"(?:\.pg )?\w*\.(pg-[\w-]+)", selector):
                    styled.setdefault(found[1], set()).add(tag)
    assert len(styled) > 50
    assert {name: tags for name, tags in styled.items() if len(tags) > 1 and name not in shared} == {}


def test_a_cell_that_is_run_again_piles_nothing_up(open_studio, panels, monkeypatch):
    """`studio = pg.Studio()` and `studio`: each run makes another one, and the earlier ones are not closed."""
    monkeypatch.setattr(Strip, "show", lambda _: None)
    first = open_studio()
    panels.panel(first)
    strip, threads, listeners = panels.strip(first), threading.active_count(), len(first._engine.bus._listeners)
    for _ in range(20):
        studio = open_studio()
        assert panels.strip(studio) is strip
        panels.panel(studio)
    assert threading.active_count() == threads
    for one in [*panels._panels][1:]:
        one.close()
    assert len(first._engine.bus._listeners) == listeners


def test_a_closed_studio_ends_its_panel_while_another_one_keeps_the_engine(open_studio, panels, monkeypatch):
    told = []
    monkeypatch.setattr(StudioPanel, "_send_message", lambda self, message, _: told.append((self, message)))
    studio, other = open_studio(), open_studio()
    panel, kept = panels.panel(studio), panels.panel(other)
    left = weakref.ref(panel._controller)
    studio.close()
    other._engine.call(asyncio.sleep(0)).result(20)
    assert [(one, message["kind"]) for one, message in told] == [(panel, "closed")]
    panel.vue_say({"kind": "hello", "view": "v"})
    assert told[-1][1]["error"]["kind"] == "StoreClosed"
    while left():  # what is on the screen holds nothing of a closed studio
        other._engine.call(asyncio.sleep(0.01)).result(20)
        gc.collect()
    kept.vue_say({"kind": "models", "view": "v"})
    while told[-1][1]["kind"] != "models":
        other._engine.call(asyncio.sleep(0.01)).result(20)
