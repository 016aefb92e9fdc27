"""The list of models in a real JupyterLab: found, named, marked, gone and refused."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect


def test_a_model_is_found_by_its_words_and_chosen_by_keyboard(settings) -> None:
    form = settings("")
    models = form.open_list()
    assert models.get_by_role("group").first.get_by_text("on this machine").is_visible()
    assert models.get_by_role("option").count() > 120
    chosen = models.get_by_role("option", selected=True)
    expect(chosen).to_have_text("Sketch: scenefree")
    expect(chosen).to_be_in_viewport()
    form.search.press_sequentially("flux sch")
    titles = models.get_by_role("option").all_text_contents()
    assert titles
    assert all("schnell" in one.lower() for one in titles if "FLUX" in one)
    expect(models.get_by_role("option").last).to_contain_text("no key")  # what only the keyring knows comes after
    active = form.search.get_attribute("aria-activedescendant")
    form.search.press("ArrowDown")
    form.search.press("ArrowDown")
    form.search.press("ArrowUp")
    assert form.search.get_attribute("aria-activedescendant") != active
    wanted = form.page.locator(f"#{form.search.get_attribute('aria-activedescendant')}")
    address = wanted.get_attribute("title")
    form.search.press("Enter")
    expect(form.model).to_be_focused()
    form.await_form(f"studio.form.model == {address!r}")
    expect(form.model).to_have_attribute("aria-busy", "false")

    form.model.press("ArrowDown")  # opens it too
    form.search.press("Escape")
    expect(form.search).to_have_count(0)
    expect(form.model).to_be_focused()
    form.open_list()
    chosen = models.get_by_role("option", selected=True)
    expect(form.search).to_have_attribute("aria-activedescendant", chosen.get_attribute("id"))
    form.search.fill("no such thing at all?")
    expect(models.get_by_role("option").first).to_have_text("Use “no such thing at all?” of diffusers")
    expect(form.page.get_by_text("No model fits “no such thing at all?”")).to_be_visible()
    assert form.search.get_attribute("aria-activedescendant") is None, "what is a slip is chosen by nobody"
    form.search.press("Enter")
    expect(form.search).to_be_focused()
    form.panel.prompt.click()  # elsewhere
    expect(form.search).to_have_count(0)


def test_any_model_of_a_provider_is_used_by_its_id(settings) -> None:
    form = settings("")
    form.open_list()
    form.page.get_by_role("option", name="Another model of openai-compatible…").click()
    expect(form.search).to_have_value("openai-compatible:")
    expect(form.search).to_be_focused()
    expect(form.page.get_by_text("Type the id of any model of openai-compatible")).to_be_visible()
    form.search.press_sequentially("My/Own-Model")
    form.search.press("Enter")
    form.await_form("studio.form.model == 'openai-compatible:My/Own-Model'")
    expect(form.model).to_contain_text("My/Own-Model")


def test_marks_say_no_key_and_retiring_and_a_model_that_is_gone(settings) -> None:
    form = settings("")
    form.panel.run("""
from dataclasses import replace
from datetime import timedelta
from photogram.domain.card import ModelCard
soon = (studio._now() + timedelta(days=9)).date().isoformat()
class Old:
    name = 'old'
    def cards(self): return [ModelCard(provider='old', model='one', title='Old one', local=True, price_micros=1500,
                                       deprecated_on=soon, successor='sketch:scene')]
studio._engine.registry.add(Old())
""")
    form.open_list()
    form.search.fill("old one")
    line = form.page.get_by_role("option", name="Old one")
    expect(line).to_contain_text("retiring")
    expect(line).to_contain_text("$0.0015")
    assert "sketch:scene" in (line.get_by_text("retiring").get_attribute("title") or "")
    form.search.press("Enter")
    expect(form.side.get_by_text("Its provider retires it on")).to_be_visible()
    form.choose("fal:flux")
    expect(form.side.get_by_text("No key yet: set studio.keys['fal'] in a cell.")).to_be_visible()
    form.choose("old one")
    form.await_form("studio.form.model == 'old:one'")
    form.panel.run("del studio._engine.registry._cards['old:one']")
    form.panel.close()
    form.panel.open()
    expect(form.side.get_by_text("There is no model old:one any more")).to_be_visible()
    expect(form.model).to_contain_text("This model is gone")
    form.choose("sketch: scene")
    expect(form.side.get_by_text("There is no model")).to_have_count(0)


def test_a_model_of_free_sizes_has_one_place_for_them(settings) -> None:
    form = settings("")
    form.choose("openai gpt image 2")
    expect(form.side.get_by_role("group", name="Aspect ratio")).to_be_visible()
    expect(form.side.get_by_text("Size", exact=True)).to_have_count(0)
    form.panel.run("studio.form.update(aspect_ratio='16:9', size=None)")
    expect(form.group("Aspect ratio").get_by_text("16:9")).to_have_attribute("aria-pressed", "true")
    assert int(form.number("Width").input_value()) > 64, "it is said in pixels, not as a proportion"


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("google:imagen-4.0-generate-001", "was retired by its provider"),
        ("diffusers:./mine", "Name it in a cell: studio.form.model = 'diffusers:./mine'"),
    ],
)
def test_a_model_that_is_refused_leaves_the_form_as_it_is_and_says_why(settings, query, why) -> None:
    form = settings()
    form.number("Seed").fill("7")
    form.open_list()
    form.search.fill(query)
    form.search.press("Enter")
    expect(form.panel.toasts.get_by_role("alert")).to_contain_text(why)
    expect(form.model).to_contain_text("Every kind")
    expect(form.model).to_have_attribute("aria-busy", "false")
    expect(form.panel.button("Generate")).to_be_enabled()
    form.await_form("(studio.form.model, studio.form.params) == ('kinds:all', {'seed': 7})")
