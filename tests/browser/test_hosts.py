"""The panel elsewhere than in a cell of JupyterLab: Notebook 7, Voilà, a tab of its own; and one session with cells."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from .cells import NOTEBOOK, run_cell
from .labs import Lab, write_notebook
from .panels import LANDED, RUN, Panel, Watch

OPEN = "import photogram as pg\nstudio = pg.Studio({name!r})"
ASKED = re.compile(r"https://[^/]+/.*(font-?awesome.*\.css|/mathjax/.*\.js.*)")
"""What Voilà's own page asks other hosts for, of every notebook: icons and formulas that the panel does not use."""

SAID = re.compile(
    r"page error: Cannot read properties of undefined \(reading 'schema'\)"  # Notebook 7.6
    r"|page error: MathJax is not defined"  # Voilà, of what was not asked for in the end
    r"|console: .*#RUNTIME-012.*@jupyterlab/docregistry.*",  # Voilà beside Notebook 7: it loads that one's extension
    re.DOTALL,
)
"""What the hosts' own pages say of every notebook, also of one without a studio."""


@pytest.fixture
def visit(browser: Browser, lab: Lab, request: pytest.FixtureRequest) -> Iterator[Callable[..., Page]]:
    """Opens a page of the server that is no JupyterLab; nothing but what is allowed may be asked for elsewhere."""
    context = browser.new_context(viewport={"width": 1600, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(60_000)
    elsewhere: list[str] = []

    def answer(route: Route) -> None:
        if route.request.url.startswith(lab.own):
            route.continue_()
        else:  # answered here: a machine without internet runs the same test
            elsewhere.append(route.request.url)
            kind = "text/css" if ".css" in route.request.url else "text/javascript"
            route.fulfill(status=200, content_type=kind, body="")

    page.route("**", answer)
    watch = Watch(page, (*lab.own, "https://"))

    def visit_(path: str, *cells: str, allowed: re.Pattern[str] | None = None) -> Page:
        visit_.allowed = allowed
        name = f"{request.node.name}.ipynb"
        write_notebook(lab.folder / name, *(cell.format(name=request.node.name) for cell in cells))
        page.goto(f"{lab.url}/{path}/{name}?token={lab.token}")
        return page

    visit_.allowed = None
    yield visit_
    context.close()
    assert [said for said in watch.wrong if not SAID.fullmatch(said)] == []
    assert [url for url in elsewhere if not (visit_.allowed and visit_.allowed.fullmatch(url))] == []


def generate(page: Page, text: str, n: int) -> None:
    """Makes n small pictures as a person does."""
    page.get_by_role("spinbutton", name="Width").fill("128")
    page.get_by_role("group", name="Images").get_by_text(str(n), exact=True).click()
    page.get_by_role("textbox", name="Prompt", exact=True).fill(text)
    page.keyboard.press("Control+Enter")
    page.wait_for_function(LANDED, arg=n)


def run_by_key(page: Page, cell: Locator) -> None:
    """Presses Shift+Enter in a cell until it has run: a page that is still being made does not listen."""
    prompt, began = cell.locator(".jp-InputPrompt"), re.compile(r"\[(\*|\d+)\]")
    for _ in range(10):
        cell.locator(".cm-content").click()
        page.keyboard.press("Shift+Enter")
        try:
            expect(prompt).to_have_text(began, timeout=5_000)
            break
        except AssertionError:
            continue
    expect(prompt).to_have_text(re.compile(r"\[\d+\]"))


def test_notebook_7_shows_it_and_generates(visit, lab: Lab, request: pytest.FixtureRequest) -> None:
    page = visit("notebooks", OPEN, "studio")
    for at in range(2):
        run_by_key(page, page.locator(".jp-CodeCell").nth(at))
    generate(page, "a boat", 2)
    cells = page.locator(".jp-Notebook .jp-CodeCell").count()
    page.locator(".pg-feed").focus()
    page.keyboard.press("d")
    page.keyboard.press("d")
    assert page.locator(".jp-Notebook .jp-CodeCell").count() == cells
    expect(page.locator(".photogram-strip")).to_be_hidden()
    page.locator(".jp-CodeCell .cm-content").first.click()
    page.keyboard.press("Control+s")
    saved = lab.folder / f"{request.node.name}.ipynb"
    expect(page.locator(".jp-NotebookCheckpoint")).to_contain_text(re.compile("now|ago"))
    assert saved.stat().st_size < 50_000


def test_voila_shows_it_and_generates(visit) -> None:
    page = visit("voila/render", OPEN, "studio", allowed=ASKED)
    generate(page, "a boat", 2)
    expect(page.locator(".photogram-strip")).to_be_hidden()
    assert page.locator(".pg").bounding_box()["width"] > 900


def test_two_views_of_one_studio_are_both_right(panel: Panel) -> None:
    panel.open()
    panel.generate("first", 1)
    page = panel.page
    run_cell(page, 0)
    page.evaluate("async () => { await window.jupyterapp.commands.execute('notebook:create-output-view') }")
    tab, cell = page.locator(".jp-LinkedOutputView .pg"), page.locator(".jp-Notebook .pg")
    expect(tab.locator(".pg-card[data-status=success] img")).to_have_count(1)
    tab.get_by_role("textbox", name="Prompt", exact=True).fill("second")
    expect(cell.get_by_role("textbox", name="Prompt", exact=True)).to_have_value("second")
    tab.get_by_role("button", name="Generate", exact=True).click()
    for view in (tab, cell):
        expect(view.locator(".pg-card[data-status=success] img")).to_have_count(2)
        expect(view.get_by_role("textbox", name="Prompt", exact=True)).to_have_value("")
    room = page.locator(".jp-LinkedOutputView").bounding_box()
    assert tab.bounding_box()["height"] == pytest.approx(room["height"], abs=1), "in a tab it fills the height"
    expect(tab.get_by_role("separator", name="Height of the panel")).to_be_hidden()
    page.evaluate("async () => { await window.jupyterapp.commands.execute('application:close') }")
    expect(tab).to_have_count(0)
    assert panel.run("print(len(studio.batches()))") == "2\n"


def test_its_lower_edge_is_dragged_and_remembered(panel: Panel) -> None:
    panel.open()
    page, frame = panel.page, panel.page.locator(".pg")
    assert frame.bounding_box()["height"] == 760
    edge = page.get_by_role("separator", name="Height of the panel")
    edge.scroll_into_view_if_needed()
    box = edge.bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 3)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 3 - 160, steps=4)
    page.mouse.up()
    assert frame.bounding_box()["height"] == 600
    page.keyboard.press("ArrowDown")
    assert frame.bounding_box()["height"] == 620
    panel.show()
    assert frame.bounding_box()["height"] == 620
    edge.focus()
    page.keyboard.press("Home")
    assert frame.bounding_box()["height"] == 760
    for _ in range(3):
        page.keyboard.press("PageUp")
    assert frame.bounding_box()["height"] == 320
    assert "raised" not in panel.run("studio.panel(height=500)._ipython_display_()")
    page.wait_for_function("() => document.querySelector('.pg').getBoundingClientRect().height === 500")


def test_what_a_cell_sets_is_seen_at_once_and_what_is_typed_is_read(panel: Panel) -> None:
    panel.open()
    said = panel.run("studio.form.update(prompt='from a cell', n=3, width=256, height=128, seed=0)")
    assert said == ""
    expect(panel.prompt).to_have_value("from a cell")
    expect(panel.page.get_by_role("spinbutton", name="Width")).to_have_value("256")
    panel.prompt.fill("typed here")
    panel.await_value("studio.form.prompt", "typed here")
    assert json.loads(panel.run("import json; print(json.dumps(studio.form.settings()))")) == {
        "prompt": "typed here", "model": "sketch:scene", "n": 3, "width": 256, "height": 128, "seed": 0,
    }  # fmt: skip


def test_what_a_cell_sets_while_somebody_types_takes_nothing_away(panel: Panel) -> None:
    panel.open()
    panel.prompt.focus()
    panel.page.keyboard.type("half a")
    assert panel.run("studio.form.update(n=8, seed=0)") == ""  # what was typed is still in the browser
    panel.page.keyboard.type(" sentence")
    eight = panel.page.get_by_role("group", name="Images").get_by_text("8", exact=True)
    expect(eight).to_have_attribute("aria-pressed", "true")
    expect(panel.prompt).to_have_value("half a sentence")
    panel.await_value("(studio.form.prompt, studio.form.n)", ("half a sentence", 8))


DRAG_MEANWHILE = f"""async code => {{
    const slider = document.querySelector('.pg-side.left input[type=range][aria-label=Width]');
    let said;
    void ({RUN})(code).then(all => {{ said = all; }});
    for (let at = 0; said === undefined || at % 2; at++) {{ // nothing leaves before the cell has run
        slider.value = at % 2 ? 512 : 448;
        slider.dispatchEvent(new Event('input', {{ bubbles: true }}));
        await new Promise(done => setTimeout(done, 50));
    }}
    return said;
}}"""


def test_a_parameter_that_a_cell_sets_while_another_one_is_dragged_stays(panel: Panel) -> None:
    panel.open()
    assert panel.page.evaluate(DRAG_MEANWHILE, "studio.form.update(seed=5)") == ""
    panel.await_value("[studio.form.params.get(name) for name in ('width', 'seed')]", [512, 5])
    expect(panel.page.get_by_role("spinbutton", name="Width")).to_have_value("512")
    expect(panel.page.get_by_role("spinbutton", name="Seed")).to_have_value("5")


def test_a_studio_in_portuguese(panel: Panel) -> None:
    panel.open(studio="pg.Studio({name!r}, lang='pt-BR')")
    expect(panel.button("Gerar")).to_be_visible()


def test_a_tab_of_its_own_beside_the_notebook(panel: Panel) -> None:
    panel.open()
    page, tab = panel.page, panel.page.locator(".jupyterlab-sidecar .pg")
    for _ in range(2):  # opened again, it is one
        page.evaluate(f"() => {NOTEBOOK}.widgets[0].model.sharedModel.setSource('studio.panel(tab=True)')")
        run_cell(page, 0)
        expect(tab).to_have_count(1)
    tab.get_by_role("textbox", name="Prompt", exact=True).fill("a boat")
    tab.get_by_role("button", name="Generate", exact=True).click()
    expect(tab.locator(".pg-card[data-status=success] img")).to_have_count(1)
    room = page.locator(".jupyterlab-sidecar").bounding_box()
    assert tab.bounding_box()["height"] == pytest.approx(room["height"], abs=1), "it fills the height"
    page.locator(".lm-TabBar-tab", has_text="Photogram").locator(".lm-TabBar-tabCloseIcon").click()
    expect(tab).to_have_count(0)
