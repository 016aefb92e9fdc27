"""The panel in a real JupyterLab: the flows that a person tries first."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from .cells import HOLD, NOTEBOOK
from .panels import COUNT_BLOBS, KERNEL, Panel
from .settings import Settings


def test_first_generation_from_an_empty_workspace(panel: Panel) -> None:
    page = panel.page
    panel.open()
    expect(page.get_by_text("No topics yet: describe something and press Generate.")).to_be_visible()
    form = Settings(panel)
    form.choose("sketch: scene")
    form.group("Aspect ratio").get_by_role("button", name="4:3").click()
    form.group("Quality").get_by_role("button", name="HD").click()
    form.side.get_by_label("Style", exact=True).select_option("watercolor")
    panel.shrink(4)
    expect(panel.prompt).to_have_attribute("placeholder", "Describe what you want to generate…")
    panel.prompt.fill("a lighthouse at dusk")
    shown = page.evaluate(
        """() => new Promise(resolve => {
            new MutationObserver(() => {
                const waiting = document.querySelectorAll('.pg-feed .pg-wait').length;
                if (waiting) resolve(waiting);
            }).observe(document.querySelector('.pg-feed'), { childList: true, subtree: true });
            document.querySelector('.pg-main').click();
        })"""
    )
    assert shown == 4
    panel.await_pictures(4)
    assert [badge[:5] for badge in page.locator(".pg-feed .pg-badge").all_inner_texts()] == ["seed "] * 4
    expect(page.get_by_text("a lighthouse at dusk", exact=True)).to_be_visible()
    expect(page.locator(".pg-facts")).to_contain_text("128 × 96")
    assert (
        panel.run("params = studio.batches()[0].params; print(params['quality'], params['style'])") == "hd watercolor\n"
    )
    expect(page.locator(".pg-topic b")).to_have_text("Lighthouse at dusk")
    expect(page.locator(".pg-topic small")).to_have_text("4 images")
    expect(page.locator(".pg-topic img")).to_be_visible()
    expect(panel.prompt).to_have_value("")


def test_ctrl_enter_generates_what_was_just_typed(panel: Panel) -> None:
    panel.open()
    panel.shrink(2)
    panel.prompt.fill("a boat")
    panel.prompt.press("End")
    panel.page.keyboard.type(" at sea")  # not yet 300 ms ago
    panel.prompt.press("Control+Enter")
    panel.await_pictures(2)
    expect(panel.page.locator(".pg-said")).to_contain_text("a boat at sea")
    assert panel.page.evaluate(f"() => {NOTEBOOK}.widgets.length") == 1, "no cell was run or added"


def test_an_empty_prompt_is_asked_for(panel: Panel) -> None:
    panel.open()
    panel.button("Generate").click()
    expect(panel.toasts).to_contain_text("Please enter a prompt")
    assert panel.page.locator(".pg-line").count() == 0
    panel.shrink(1)
    panel.generate("a boat")
    expect(panel.toasts).not_to_contain_text("Please enter a prompt")


def test_what_speaks_up_is_seen_where_the_frame_is_higher_than_the_window(panel: Panel) -> None:
    panel.open()
    page = panel.page
    panel.shrink(1)
    panel.generate("a boat")
    page.set_viewport_size({"width": 1366, "height": 640})
    page.wait_for_timeout(1_000)  # until a press is taken for no double click
    place = "block => document.querySelector('.pg').scrollIntoView({ block })"
    for block in ("start", "center", "end"):
        page.evaluate(place, block)
        panel.prompt.evaluate("one => one.focus({ preventScroll: true })")
        page.keyboard.press("Control+Enter")
        toast = panel.toasts.get_by_text("Please enter a prompt")
        expect(toast).to_be_in_viewport(ratio=1)
        toast.locator("..").get_by_role("button").evaluate("one => one.click()")
        expect(toast).to_have_count(0)
    page.evaluate(place, "start")
    panel.button("More actions").click()
    expect(page.get_by_role("menu")).to_be_in_viewport(ratio=1)
    page.get_by_role("menuitem", name="Delete").click()
    question = page.get_by_role("alertdialog")
    expect(question).to_be_in_viewport(ratio=1)
    question.press("Escape")
    page.set_viewport_size({"width": 1600, "height": 1000})


def test_a_double_click_is_one_batch(panel: Panel) -> None:
    panel.open()
    panel.shrink(1)
    panel.prompt.fill("a boat")
    panel.button("Generate").dblclick()
    panel.await_pictures(1)
    assert panel.run("print(len(studio.batches()))") == "1\n"


def test_keys_pressed_in_the_panel_do_not_reach_the_notebook(panel: Panel) -> None:
    panel.open()
    for key in ("d", "d", "b", "a", "x", "Escape", "Shift+Enter"):
        for place in (panel.page.locator(".pg-feed"), panel.button("Roll a seed"), panel.prompt):
            place.focus()
            place.press(key)
    assert panel.page.evaluate(f"() => {NOTEBOOK}.widgets.length") == 1


def test_a_batch_of_a_cell_appears_by_itself_and_run_again_the_cell_keeps_no_picture_twice(panel: Panel) -> None:
    panel.open()
    panel.page.evaluate(COUNT_BLOBS)
    panel.run("batch = studio.generate('from a cell', n=3, width=128, height=128)")
    panel.await_pictures(3)
    expect(panel.page.locator(".pg-said")).to_contain_text("from a cell")
    assert panel.page.evaluate("() => window.blobs.size") == 3
    panel.show()
    panel.await_pictures(3)
    panel.page.wait_for_function("() => window.blobs.size === 3")
    panel.page.evaluate("() => window.uncount()")


def test_a_press_while_a_cell_runs_says_so_and_is_made_after_it(panel: Panel) -> None:
    panel.open()
    panel.shrink(1)
    panel.prompt.fill("a boat")
    said = "import time; print('soon', flush=True); time.sleep(0.5)\n"  # while it holds, it cannot say that it is busy
    panel.page.evaluate(
        f"""async code => {{
            const future = {KERNEL}.requestExecute({{ code }});
            await new Promise(resolve => {{ future.onIOPub = one => one.header.msg_type === 'stream' && resolve(); }});
        }}""",
        said + HOLD.format(seconds=10),
    )
    panel.page.wait_for_timeout(1_000)  # until it holds: nothing can say so
    panel.button("Generate").click()
    expect(panel.page.locator(".pg-feed .pg-wait").first).to_have_text("the kernel is busy with a cell")
    panel.prompt.fill("a kite")
    expect(panel.page.locator(".pg-reason")).to_have_text(
        "The kernel is busy with a cell: your last press waits for it."
    )
    expect(panel.button("Generate")).to_be_disabled()
    panel.await_pictures(1)
    expect(panel.button("Generate")).to_be_enabled()
    assert panel.run("print(len(studio.batches()))") == "1\n"


def test_the_panel_is_there_again_after_a_reload(panel: Panel) -> None:
    page = panel.page
    panel.open()
    panel.shrink(2)
    panel.generate("a boat", 2)
    panel.prompt.fill("half a sen")
    panel.await_value("studio.form.prompt", "half a sen")
    page.evaluate("async () => { await window.jupyterapp.commands.execute('docmanager:save') }")
    page.reload()
    panel.await_pictures(2)
    expect(panel.prompt).to_have_value("half a sen")


def test_it_follows_the_theme_at_any_width(panel: Panel, tmp_path) -> None:
    page: Page = panel.page
    panel.open()
    panel.shrink(4)
    panel.generate("a lighthouse at dusk, two boats, watercolor", 4)
    for theme in ("JupyterLab Dark", "JupyterLab Light"):
        page.evaluate(
            "async theme => { await window.jupyterapp.commands.execute('apputils:change-theme', {theme}) }", theme
        )
        page.wait_for_function("dark => (document.body.dataset.jpThemeLight === 'false') === dark", arg="Dark" in theme)
        ground = page.evaluate("() => getComputedStyle(document.querySelector('.pg')).backgroundColor")
        lab = page.evaluate(
            "() => getComputedStyle(document.querySelector('.jp-NotebookPanel-toolbar')).backgroundColor"
        )
        assert ground == lab
        expect(page.locator(".pg-side")).to_have_count(2)
        page.screenshot(path=tmp_path / f"panel-{theme}.png")
    page.set_viewport_size({"width": 800, "height": 1000})
    expect(page.locator(".pg-side")).to_have_count(0)
    page.get_by_role("button", name="Show the settings").click()
    expect(page.get_by_role("complementary", name="Settings")).to_be_visible()
