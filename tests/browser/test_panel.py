"""The panel in a real JupyterLab: the flows that a person tries first."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from .cells import NOTEBOOK, errors, is_busy, run_cell
from .conftest import OpenNotebook

OPEN = "import photogram as pg\nstudio = pg.Studio({name!r})"
LANDED = "n => document.querySelectorAll('.pg-card[data-status=success] img').length === n"


@pytest.fixture
def open_panel(page: Page, open_notebook: OpenNotebook, request: pytest.FixtureRequest):
    """Opens a notebook whose second cell shows the panel of an empty workspace; further cells are not run."""
    console: list[str] = []
    page.on("console", lambda message: console.append(message.text) if message.type == "error" else None)

    def open_(*cells: str) -> None:
        page.set_viewport_size({"width": 1600, "height": 1000})
        open_notebook(OPEN.format(name=request.node.name), "studio", *cells)
        run_cell(page, 0)
        run_cell(page, 1)
        prompt(page).wait_for()

    yield open_
    assert errors(page) == []
    assert console == []


def prompt(page: Page):
    return page.get_by_role("textbox", name="Prompt", exact=True)


def choose_small_pictures(page: Page, n: int) -> None:
    page.get_by_role("spinbutton", name="Width").fill("128")
    page.get_by_role("group", name="Images").get_by_text(str(n), exact=True).click()


def test_first_generation_from_an_empty_workspace(page: Page, open_panel) -> None:
    open_panel()
    expect(page.get_by_text("No topics yet: describe something and press Generate.")).to_be_visible()
    choose_small_pictures(page, 4)
    prompt(page).fill("a lighthouse at dusk")
    shown = page.evaluate(
        """() => new Promise(resolve => {
            const started = performance.now();
            new MutationObserver(() => {
                if (document.querySelectorAll('.pg-feed .pg-wait').length === 4) resolve(performance.now() - started);
            }).observe(document.querySelector('.pg-feed'), { childList: true, subtree: true });
            document.querySelector('.pg-main').click();
        })"""
    )
    print(f"placeholders after {shown:.0f} ms")
    page.wait_for_function(LANDED, arg=4)
    assert [badge[:5] for badge in page.locator(".pg-feed .pg-badge").all_inner_texts()] == ["seed "] * 4
    expect(page.get_by_text("a lighthouse at dusk", exact=True)).to_be_visible()
    expect(page.locator(".pg-facts")).to_contain_text("128 × 128")
    expect(page.locator(".pg-topic b")).to_have_text("Lighthouse at dusk")
    expect(page.locator(".pg-topic small")).to_have_text("4 images")
    expect(prompt(page)).to_have_value("")


def test_ctrl_enter_generates_what_was_just_typed(page: Page, open_panel) -> None:
    open_panel()
    choose_small_pictures(page, 2)
    prompt(page).fill("a boat")
    prompt(page).press("End")
    page.keyboard.type(" at sea")  # not yet 300 ms ago
    prompt(page).press("Control+Enter")
    page.wait_for_function(LANDED, arg=2)
    expect(page.locator(".pg-said")).to_have_text("a boat at sea")
    assert page.evaluate(f"() => {NOTEBOOK}.widgets.length") == 2, "no cell was run or added"


def test_an_empty_prompt_is_asked_for(page: Page, open_panel) -> None:
    open_panel()
    page.get_by_role("button", name="Generate", exact=True).click()
    expect(page.locator(".pg-toasts")).to_contain_text("Please enter a prompt")
    assert page.locator(".pg-line").count() == 0


def test_a_double_click_is_one_batch(page: Page, open_panel) -> None:
    open_panel("print(len(studio.batches()))")
    choose_small_pictures(page, 1)
    prompt(page).fill("a boat")
    page.get_by_role("button", name="Generate", exact=True).dblclick()
    page.wait_for_function(LANDED, arg=1)
    run_cell(page, 2)
    expect(page.locator(".jp-OutputArea-output pre")).to_have_text("1\n")


def test_keys_pressed_in_the_panel_do_not_reach_the_notebook(page: Page, open_panel) -> None:
    open_panel()
    for key in ("d", "d", "b", "a", "x", "Escape", "Shift+Enter"):
        for place in (page.locator(".pg-feed"), page.get_by_role("button", name="Roll a seed"), prompt(page)):
            place.focus()
            place.press(key)
    assert page.evaluate(f"() => {NOTEBOOK}.widgets.length") == 2


def test_a_batch_of_a_cell_appears_by_itself(page: Page, open_panel) -> None:
    open_panel("batch = studio.generate('from a cell', n=3, width=128, height=128)")
    run_cell(page, 2)
    page.wait_for_function(LANDED, arg=3)
    expect(page.locator(".pg-said")).to_have_text("from a cell")


def test_a_press_while_a_cell_runs_says_so_and_is_made_after_it(page: Page, open_panel) -> None:
    open_panel("sum(range(3 * 10**8))")  # one call that lets no other thread of the kernel run
    choose_small_pictures(page, 1)
    prompt(page).fill("a boat")
    run_cell(page, 2, wait=False)
    expect(page.locator(".jp-CodeCell").nth(2).locator(".jp-InputPrompt")).to_have_text("[*]:")
    page.get_by_role("button", name="Generate", exact=True).click()
    expect(page.locator(".pg-feed .pg-wait").first).to_have_text("the kernel is busy with a cell")
    assert is_busy(page)
    page.wait_for_function(LANDED, arg=1)


def test_the_panel_is_there_again_after_a_reload(page: Page, open_panel) -> None:
    open_panel()
    choose_small_pictures(page, 2)
    prompt(page).fill("a boat")
    prompt(page).press("Control+Enter")
    page.wait_for_function(LANDED, arg=2)
    prompt(page).fill("half a sen")
    page.wait_for_timeout(600)  # past the 300 ms after which it is kept
    page.evaluate("async () => { await window.jupyterapp.commands.execute('docmanager:save') }")
    page.reload()
    page.wait_for_function(LANDED, arg=2)
    expect(prompt(page)).to_have_value("half a sen")


@pytest.mark.parametrize("width", [1600, 800])
@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_it_follows_the_theme_at_any_width(theme: str, width: int, page: Page, open_panel, tmp_path) -> None:
    open_panel()
    choose_small_pictures(page, 4)
    prompt(page).fill("a lighthouse at dusk, two boats, watercolor")
    prompt(page).press("Control+Enter")
    page.wait_for_function(LANDED, arg=4)
    page.set_viewport_size({"width": width, "height": 1000})
    page.evaluate(
        "async theme => { await window.jupyterapp.commands.execute('apputils:change-theme', {theme}) }", theme
    )
    page.wait_for_function("dark => (document.body.dataset.jpThemeLight === 'false') === dark", arg="Dark" in theme)
    ground = page.evaluate("() => getComputedStyle(document.querySelector('.pg')).backgroundColor")
    lab = page.evaluate("() => getComputedStyle(document.querySelector('.jp-NotebookPanel-toolbar')).backgroundColor")
    assert ground == lab
    drawers = page.locator(".pg-side").count()
    assert drawers == (2 if width == 1600 else 0)
    page.screenshot(path=tmp_path / f"panel-{width}.png")
    if width == 800:
        page.get_by_role("button", name="Show the settings").click()
        expect(page.get_by_role("complementary", name="Settings")).to_be_visible()
