"""Selecting images, and what is done with all that are selected."""

from __future__ import annotations

import zipfile

from playwright.sync_api import expect

from .boats import bar, card, cards, tick
from .cells import NOTEBOOK
from .panels import Panel
from .settings import KINDS


def test_images_are_selected_one_by_one_in_ranges_and_all(panel: Panel, fill) -> None:
    fill(14, 2)
    page = panel.page
    assert panel.run("print(studio.selected)") == "[]\n"
    card(panel, 13, 2).hover()
    tick(panel, 13, 2).click()
    expect(bar(panel)).to_contain_text("1 selected")
    card(panel, 12, 1).click(modifiers=["Control"])
    expect(bar(panel)).to_contain_text("2 selected")
    tick(panel, 13, 2).click()
    expect(bar(panel)).to_contain_text("1 selected")
    tick(panel, 11, 1).click(modifiers=["Shift"])
    expect(bar(panel)).to_contain_text("4 selected")  # from the last one that was clicked
    expect_selected(panel, "[made[12][0].id, made[13][1].id, made[12][1].id, made[11][0].id]")

    page.locator(".pg-feed").evaluate("box => { box.scrollTop = box.scrollHeight }")
    tick(panel, 0, 2).click(modifiers=["Shift"])  # over batches whose details were never loaded
    expect(bar(panel)).to_contain_text("27 selected")
    page.keyboard.press("Escape")
    expect(bar(panel)).to_have_count(0)
    expect_selected(panel, "[]")

    page.locator(".pg-feed").focus()
    page.keyboard.press("Meta+a")  # as on a Mac
    expect(bar(panel)).to_contain_text("28 selected")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+a")
    expect(bar(panel)).to_contain_text("28 selected")
    expect_selected(panel, "[one.id for batch in reversed(made) for one in batch]")
    panel.run("made[13][0].delete()")
    expect(bar(panel)).to_contain_text("27 selected")
    panel.button("New topic").click()
    expect(bar(panel)).to_have_count(0)
    expect_selected(panel, "[]")


def expect_selected(panel: Panel, ids: str) -> None:
    panel.await_value(f"[one.id for one in studio.selected] == {ids}", True)


def test_what_the_bar_does_with_all_that_are_selected(panel: Panel, fill) -> None:
    fill(2, 3)
    page = panel.page
    card(panel, 1, 2).hover()
    tick(panel, 1, 2).click()
    tick(panel, 0, 2).click(modifiers=["Shift"])
    expect(bar(panel)).to_contain_text("4 selected")
    feed, below = page.locator(".pg-feed").bounding_box(), bar(panel).bounding_box()
    assert feed
    assert below
    assert feed["y"] + feed["height"] <= below["y"], "it hides nothing"

    bar(panel).get_by_role("button", name="Star").click()
    expect(bar(panel).get_by_role("button", name="Take the star off")).to_be_visible()
    panel.await_value("sum(one.record.starred for batch in made for one in batch)", 4)
    with page.expect_download() as download:
        bar(panel).get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "photogram_4_images.zip"
    with zipfile.ZipFile(download.value.path()) as archive:
        assert len(archive.namelist()) == 4
    expect(panel.toasts).to_contain_text("4 images downloaded as ZIP")
    bar(panel).get_by_role("button", name="Use as reference").click()
    expect(panel.toasts).to_contain_text("4 added as references")
    bar(panel).get_by_role("button", name="Delete").click()
    expect(panel.toasts).to_contain_text("4 images deleted")
    expect(cards(panel)).to_have_count(2)
    expect(bar(panel)).to_have_count(0)
    expect(page.locator(".pg-feed")).to_be_focused()
    panel.toasts.get_by_role("button", name="Undo").click()
    expect(page.locator(".pg-feed")).to_be_focused()  # not lost with the toast
    expect(cards(panel)).to_have_count(6)
    expect_selected(panel, "[]")

    page.keyboard.press("Control+a")
    panel.run("studio.form.images = []")
    bar(panel).get_by_role("button", name="Use as reference").click()
    expect(panel.toasts).to_contain_text("4 of 6 added as references: Sketch: scene takes 4 at most.")
    panel.run(KINDS + "\nstudio.form.images = []\nstudio.form.model = 'kinds:few'")
    bar(panel).get_by_role("button", name="Use as reference").click()
    expect(panel.toasts).to_contain_text("1 of 6 added as references: A few takes 1 at most.")


def test_two_views_have_one_selection(panel: Panel, fill) -> None:
    fill(1, 2)
    page = panel.page
    panel.run("from IPython.display import display; display(studio)")
    page.evaluate(f"() => {{ {NOTEBOOK}.widgets[0].model.sharedModel.setSource('display(studio); display(studio)') }}")
    page.evaluate("async () => { await window.jupyterapp.commands.execute('notebook:run-cell') }")
    views = page.locator(".pg")
    expect(views).to_have_count(2)
    page.wait_for_function("() => document.querySelectorAll('.pg-card[data-status=success] img').length === 4")
    views.nth(0).get_by_role("checkbox", name="Select image 1: boat 0").check()
    expect_selected(panel, "[made[0][0].id]")
    views.nth(1).get_by_role("checkbox", name="Select image 2: boat 0").check()
    expect(views.nth(0).get_by_role("toolbar")).to_have_count(0)
    expect(views.nth(1).get_by_role("toolbar")).to_contain_text("1 selected")
    expect_selected(panel, "[made[0][1].id]")
