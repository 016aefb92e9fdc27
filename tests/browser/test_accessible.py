"""Who cannot see the panel, or has no mouse: axe finds nothing serious, and every control is reached by Tab."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from .panels import Panel
from .settings import KINDS, Settings, a_file

THEMES = ("JupyterLab Dark", "JupyterLab Light")  # the last is how other tests find it
SETTLED = """() => document.querySelector('.pg').getAnimations({ subtree: true })
    .every(one => one.effect.getTiming().iterations === Infinity)"""
BODY_HAS_A_HEIGHT = "() => { document.body.style.minHeight = '100vh' }"
"""JupyterLab's has none and hides what overflows: axe takes all for hidden, and looks at the colours of no text."""
REACHED = """() => {
    const one = document.activeElement;
    if (!one.closest('.pg')) return null;
    window.unreached.delete(one);
    const styles = [one, one.closest('.pg-prompt, .pg-find')].filter(Boolean).map(box => getComputedStyle(box));
    const outlined = style => style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1;
    return {
        name: one.ariaLabel || one.innerText?.trim() || one.labels?.[0]?.innerText?.trim() || one.title
            || one.querySelector('img')?.alt || '',
        ring: styles.some(style => outlined(style) || style.boxShadow !== 'none'), at: one.outerHTML.slice(0, 120),
    };
}"""
COLLECT = """() => {
    window.unreached = new Set(['button', 'input', 'select', 'textarea', 'a[href]', '[tabindex]']
        .flatMap(kind => [...document.querySelectorAll(`.pg ${kind}`)])
        .filter(one => one.checkVisibility({ visibilityProperty: true }) && one.getClientRects().length)
        .filter(one => one.tabIndex >= 0 && !one.disabled && !one.closest('[inert]')));
    return window.unreached.size;
}"""
UNREACHED = "() => [...window.unreached].filter(one => one.isConnected).map(one => one.outerHTML.slice(0, 160))"


def serious(page: Page, where: str = ".pg") -> list[str]:
    """What axe finds in a state that has come to rest, and that is serious."""
    page.wait_for_function(SETTLED)
    page.evaluate(BODY_HAS_A_HEIGHT)
    found = Axe().run(page, context=where, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{one['id']}: {node['target']} {node.get('failureSummary', '')}"
        for one in found if one["impact"] in ("serious", "critical") for node in one["nodes"]
    ]  # fmt: skip


def in_both_themes(page: Page, check: Callable[[], list[str]]) -> None:
    for theme in THEMES:
        page.evaluate(
            "async theme => { await window.jupyterapp.commands.execute('apputils:change-theme', { theme }) }", theme
        )
        page.wait_for_function("dark => (document.body.dataset.jpThemeLight === 'false') === dark", arg="Dark" in theme)
        page.wait_for_function(
            "() => getComputedStyle(document.querySelector('.pg')).backgroundColor"
            " === getComputedStyle(document.querySelector('.jp-NotebookPanel-toolbar')).backgroundColor"
        )
        assert check() == [], theme


def fill(panel: Panel) -> None:
    """A batch that is there, one that failed, one that is going on, one that was cancelled."""
    made = panel.run(
        KINDS + "\nsize = {'model': 'kinds:all', 'width': 64, 'height': 64}\n"
        "studio.generate('a boat', n=3, **size).wait()\nstudio.generate('refuse this', n=2, **size).wait()\n"
        "gone = studio.generate('hold, and cancel', n=1, **size); gone.cancel(); gone.wait()\n"
        "going = studio.generate('hold this', n=2, **size)"
    )
    assert not made, made
    panel.await_pictures(3)
    expect(panel.page.locator(".pg-failed")).to_have_count(3)
    expect(panel.page.locator(".pg-wait")).to_have_count(2)


def test_axe_is_awake(panel: Panel) -> None:
    panel.open()
    panel.page.evaluate("""() => {
        document.querySelector('.pg-bar').append(document.createElement('button'));
        document.querySelector('.pg-label').style.color = 'var(--pg-line)';
    }""")
    found = serious(panel.page)
    assert any("button-name" in one for one in found)
    assert any("color-contrast" in one for one in found)


def test_axe_finds_nothing_in_an_empty_and_in_a_full_panel(panel: Panel) -> None:
    panel.open()
    page = panel.page
    in_both_themes(page, lambda: serious(page))
    fill(panel)
    page.locator(".pg-card").last.hover()
    in_both_themes(page, lambda: serious(page))
    panel.run("kinds.go.set()")


def test_axe_finds_nothing_in_what_opens_over_it(panel: Panel) -> None:
    panel.open()
    page = panel.page
    fill(panel)
    panel.button("Generate").click()  # an error is told
    expect(panel.toasts.get_by_role("alert")).to_contain_text("Please enter a prompt")

    def opened(open_: Callable[[], None], selector: str, holder: str = "") -> None:
        open_()
        page.locator(selector).first.wait_for()
        in_both_themes(page, lambda: serious(page))
        inside = "button, input, [tabindex]"
        page.locator(holder or selector).first.evaluate(
            f"one => (one.matches('{inside}') ? one : one.querySelector('{inside}')).focus()"
        )
        page.keyboard.press("Escape")
        expect(page.locator(selector)).to_have_count(0)

    def ask() -> None:
        page.locator("button.pg-topic").first.focus()
        page.keyboard.press("Delete")

    opened(ask, ".pg [role=alertdialog]")
    opened(page.locator(".pg-row .pg-more").first.click, ".pg [role=menu]")
    opened(lambda: page.locator(".pg-head").first.get_by_role("button", name="More actions").click(), ".pg [role=menu]")
    opened(lambda: page.get_by_role("button", name="Model:").click(), ".pg [role=listbox]", ".pg [role=combobox]")
    opened(page.locator(".pg-cost button").last.click, ".pg [role=dialog]")
    opened(page.locator(".pg-card[data-status=success] img").first.click, ".pg [role=dialog]")
    page.locator(".pg-topic").first.dblclick()
    in_both_themes(page, lambda: serious(page))
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": 800, "height": 1000})
    for side in ("settings", "topics"):
        opened(lambda side=side: panel.button(f"Show the {side}").click(), ".pg-shut")
    panel.run("kinds.go.set()")


UNSENT = """
from types import SimpleNamespace
from photogram.ui import controller
counted = controller.quote_all_unsent
controller.quote_all_unsent = lambda studio: SimpleNamespace(n=3, total_usd=0.12)
"""
DRAG = """kind => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(['x'], 'red.png', { type: 'image/png' }));
    document.querySelector('.pg-feed').dispatchEvent(new DragEvent(kind, { bubbles: true, dataTransfer }));
}"""


def refer(panel: Panel) -> None:
    """Adds a reference, and one whose upload fails."""
    form = Settings(panel)
    form.add(a_file("red.png"), a_file("fake.png", b"not an image at all"))
    expect(form.previews).to_have_count(1)
    expect(form.side.get_by_role("button", name="Upload fake.png again")).to_be_visible()


def test_axe_finds_nothing_in_what_is_seldom_seen(panel: Panel) -> None:
    panel.open()
    page, form = panel.page, Settings(panel)
    made = "studio.generate('a yacht', n=4, model='kinds:dear', width=64, height=64).wait()"
    assert not panel.run(f"{KINDS}\n{made}\nstudio.form.model = 'kinds:all'{UNSENT}")
    panel.await_pictures(4)
    expect(form.model).to_contain_text("Every kind")
    refer(panel)
    form.number("Width").fill("17")
    form.side.get_by_label("Negative prompt", exact=True).fill("x" * 2_001)
    expect(form.side.locator(".pg-problem")).to_be_visible()
    expect(form.side.locator(".pg-note")).to_have_text("It goes in steps of 16: 17 became 16")
    page.get_by_role("checkbox", name="Select image 1").check()
    page.get_by_role("searchbox").fill("yacht")
    expect(page.locator(".pg-found")).to_have_text("4 images")
    page.evaluate("() => window.dispatchEvent(new Event('focus'))")  # which asks what is new
    expect(page.locator(".pg-unsent")).to_contain_text("3 not sent ($0.12)")
    panel.button("More").click()
    panel.toasts.get_by_role("button", name="Top up").focus()  # which keeps it there
    expect(page.get_by_role("toolbar", name="Selected images")).to_contain_text("1 selected")
    in_both_themes(page, lambda: serious(page))

    page.get_by_role("searchbox").fill("a bicycle")
    expect(page.get_by_text("Nothing found")).to_be_visible()
    in_both_themes(page, lambda: serious(page, ".pg-middle"))
    page.evaluate(DRAG, "dragover")
    expect(page.get_by_text("Drop to use as reference")).to_be_visible()
    in_both_themes(page, lambda: serious(page, ".pg-dropping"))
    page.evaluate(DRAG, "dragleave")
    assert not panel.run("controller.quote_all_unsent = counted\nstudio.close()")
    expect(page.get_by_role("alert").filter(has_text="The studio was closed.")).to_be_visible()
    in_both_themes(page, lambda: serious(page))


def test_every_control_is_reached_by_tab_named_and_seen_there(panel: Panel) -> None:
    panel.open()
    page = panel.page
    fill(panel)
    refer(panel)
    page.get_by_role("checkbox", name="Select image 1").check()
    expect(page.get_by_role("toolbar", name="Selected images")).to_be_visible()
    assert page.evaluate(COLLECT) > 30
    page.evaluate("() => document.querySelector('.pg').focus()")
    for _ in range(300):
        page.keyboard.press("Tab")
        one = page.evaluate(REACHED)
        if one is None:
            break
        assert one["name"], one
        assert one["ring"], one
    else:
        pytest.fail("Tab does not come out of the panel")
    assert page.evaluate(UNREACHED) == []
    panel.run("kinds.go.set()")


def test_pictures_have_words_and_states_are_read_aloud(panel: Panel) -> None:
    panel.open()
    page = panel.page
    fill(panel)
    for picture in page.locator(".pg-card[data-status=success] img").all():
        assert "a boat" in (picture.get_attribute("alt") or "")
    expect(page.locator(".pg-toasts > [role=status]")).to_have_attribute("aria-live", "polite")
    expect(page.locator(".pg-toasts > [role=alert]")).to_have_attribute("aria-live", "assertive")
    assert page.locator(".pg img:not([alt])").count() == 0
    assert page.locator(".pg i.mdi:not([aria-hidden=true])").count() == 0
    panel.run("kinds.go.set()")


def test_who_wants_no_motion_gets_none(panel: Panel) -> None:
    panel.open()
    page = panel.page
    fill(panel)
    running = "() => document.querySelector('.pg').getAnimations({ subtree: true }).length"
    assert page.evaluate(running) > 0
    page.emulate_media(reduced_motion="reduce")
    try:
        page.wait_for_function(f"() => ({running})() === 0")
    finally:
        page.emulate_media(reduced_motion="no-preference")
    panel.run("kinds.go.set()")
