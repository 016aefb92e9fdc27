"""Scenes of the panel for a person to look at: what is made for them, and what is opened in each window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Locator, expect

from .loopback import LOOPBACK, SLOW, WORKING
from .panels import Panel
from .settings import KINDS, Settings, a_file, picture
from .unsent import leave_some

WIDTHS = (1600, 1200, 800)
SOME = """
studio.generate("a city street at night in the rain", n=2, width=512, height=288).wait(120)
made = studio.generate("a lighthouse at dusk, two boats, watercolor", n=3, width=512, height=384).wait(120)
"""
BUSY = f"""
going = ask("a mountain lake at dawn, mist, pine trees", n=4, poll={WORKING})
ask("northern lights over a snowy village", n=2, poll={WORKING})
"""
FAILED = """
class Each:  # another answer for every image
    def __init__(self): self.places = {}
    def submit(self, task_id):
        answers = retry_later(0), (200, {}, b'{"refused": true}'), (500, {}, b"oops"), "cut"
        return answers[self.places.setdefault(task_id, len(self.places)) % 4]
    def poll(self, job): return None
    def fetch(self, job): return None
server.faults = Each()
ask("a mountain lake at dawn, mist, pine trees", n=4).wait(60)
server.faults = None
stopped = ask("northern lights over a snowy village", n=2, poll=lambda count: Reply(body=b'{"status": "working"}'))
stopped.cancel()
stopped.wait(60)
"""
FULL = """
prompts = {
    "Character designs": "an abstract figure, bold shapes", "Logo ideas": "a sun over hills, minimal",
    "Product photos": "a mountain lake at dawn", "Abstract art": "waves of colour", "Landscapes": "a desert at noon",
}
for at, (title, prompt) in enumerate(prompts.items()):
    studio.new_topic(title)
    studio.generate(prompt, n=5 * at + 4, width=256, height=256).wait(120)
"""
UPLOADS = """
from threading import Event
from photogram.errors import BadReference
from photogram.ui.references import References
from photogram.ui.uploads import Uploads
added, taken, go = References.add, Uploads.take, Event()
def add(self, data):
    if len(data) % 2: raise BadReference('The disk is full.', next_step='Free some room.')
    return added(self, data)
def take(self, upload_id, **said):
    if said['part'] == 2: go.wait(600)
    return taken(self, upload_id, **said)
References.add, Uploads.take = add, take
"""
"""Files of an odd size fail, and what is larger than two parts waits for `go` after them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A picture of a state, taken in both themes.

    Attributes:
        show: What is done for it in each window.
        leave: What takes it away again.
        widths: Of the windows, in pixels.
    """

    show: Callable[[Panel], None] = lambda panel: None
    leave: Callable[[Panel], None] = lambda panel: None
    widths: tuple[int, ...] = WIDTHS


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A workspace.

    Attributes:
        make: What is done in its panel first.
        scenes: Pictures of it, by their names.
        lang: Of its texts.
    """

    make: Callable[[Panel], None]
    scenes: dict[str, Scene]
    lang: str = "en"


def run(panel: Panel, code: str) -> None:
    said = panel.run(code)
    assert not said, said


def pictures(panel: Panel) -> Locator:
    return panel.page.locator(".pg-feed .pg-card[data-status=success]")


def escape(panel: Panel) -> None:
    panel.page.keyboard.press("Escape")


# ── What is made ────────────────────────────────────────────────────────────────────────────────────────────────────


def make_empty(panel: Panel) -> None:
    """Nothing yet."""


def make_busy(panel: Panel) -> None:
    """Some that take long and some in line; what is made stands below."""
    run(panel, LOOPBACK.format(price=40_000) + SOME + BUSY + SLOW)
    expect(panel.page.locator(".pg-slow").first).to_be_visible()
    panel.prompt.fill("a harbour in the morning, fishing boats, oil painting")


def make_failed(panel: Panel) -> None:
    """Ways of not being made."""
    run(panel, LOOPBACK.format(price=40_000) + SOME + FAILED)
    expect(panel.page.locator(".pg-failed").nth(5)).to_be_visible()


def make_full(panel: Panel) -> None:
    """Topics, references in the form and beside a batch, and some images selected."""
    run(panel, FULL + SOME)
    run(panel, "studio.generate('in another light', n=2, width=512, height=384, images=[made[0]]).wait(120)")
    form = Settings(panel)
    form.add(a_file("sea.png", picture("teal", (300, 200))), a_file("sand.png", picture("khaki", (200, 300))))
    expect(form.previews).to_have_count(2)
    panel.prompt.fill("a harbour in the morning, fishing boats, oil painting")
    for at in (0, 1):
        pictures(panel).nth(at).hover()
        pictures(panel).nth(at).locator(".pg-pick").click()
    panel.toasts.get_by_role("button", name="Dismiss").click()


def make_unsent(panel: Panel) -> None:
    assert not panel.run(KINDS)
    leave_some(panel)
    expect(panel.page.locator(".pg-unsent")).to_contain_text("not sent", timeout=30_000)


def make_uploads(panel: Panel) -> None:
    """A reference that is there, one that failed, one on its way and one that waits."""
    form = Settings(panel)
    form.add(a_file("sea.png", picture("teal", (300, 200))))
    expect(form.previews).to_have_count(1)
    run(panel, UPLOADS)
    whole = [picture(colour, (200, 300)) for colour in ("khaki", "salmon", "plum")]
    failing = whole[0] + bytes(1 - len(whole[0]) % 2)
    form.add(
        a_file("failing.png", failing), a_file("slow.png", whole[1] + bytes(4 << 20)), a_file("next.png", whole[2])
    )
    expect(form.side.get_by_role("progressbar", name="Uploading slow.png")).to_have_attribute("aria-valuenow", "2")


def make_portuguese(panel: Panel) -> None:
    """Every kind of card in Portuguese."""
    run(panel, LOOPBACK.format(price=40_000) + SOME + FAILED + BUSY + SLOW)
    expect(panel.page.locator(".pg-slow").first).to_be_visible()
    run(panel, "studio.new_topic('Ideias de logotipo', activate=False)")


# ── What is opened ──────────────────────────────────────────────────────────────────────────────────────────────────


def complain(panel: Panel) -> None:
    panel.button("Generate").click()
    expect(panel.toasts.get_by_role("alert")).to_contain_text("Please enter a prompt")


def open_drawer(name: str) -> Callable[[Panel], None]:
    return lambda panel: panel.button(name).click()


def hover(panel: Panel) -> None:
    for clear in panel.page.get_by_role("button", name="Clear the selection").all():
        clear.click()
    pictures(panel).first.hover()


def look(panel: Panel) -> None:
    pictures(panel).nth(1).locator(".pg-view").click()
    panel.page.locator(".pg-light img.full").wait_for()


def ask(panel: Panel) -> None:
    panel.page.evaluate("() => document.querySelector('.pg').focus()")
    panel.page.locator(".pg-head").first.get_by_role("button", name="More actions").click()
    panel.page.get_by_role("menuitem", name="Delete").click()
    panel.page.get_by_role("alertdialog").wait_for()


def search(panel: Panel) -> None:
    panel.page.get_by_role("button", name="Everything").click()
    panel.page.get_by_role("searchbox").fill("at")
    expect(panel.page.locator(".pg-found")).to_contain_text("images")


def search_in_vain(panel: Panel) -> None:
    panel.page.get_by_role("searchbox").fill("a red bicycle")
    panel.page.get_by_text("Nothing found").wait_for()


def clear_search(panel: Panel) -> None:
    panel.page.get_by_role("searchbox").fill("")
    panel.page.get_by_role("button", name="This topic").click()
    panel.page.locator(".pg-found").wait_for(state="hidden")


def scroll(top_px: int) -> Callable[[Panel], None]:
    return lambda panel: panel.page.locator(".pg-feed").evaluate("(box, top) => { box.scrollTop = top }", top_px)


def look_at_last(panel: Panel) -> None:
    scroll(100_000)(panel)
    look(panel)


def set_wrong(panel: Panel) -> None:
    form = Settings(panel)
    form.number("Width").fill("17")
    form.side.get_by_label("Negative prompt", exact=True).fill("x" * 3_000)
    form.side.locator(".pg-problem").first.wait_for()


def set_right(panel: Panel) -> None:
    form = Settings(panel)
    form.side.get_by_role("button", name="Reset the size").click()
    form.side.get_by_label("Negative prompt", exact=True).fill("")


def open_models(panel: Panel) -> None:
    Settings(panel).open_list()


def open_menu(name: str) -> Callable[[Panel], None]:
    return lambda panel: panel.page.locator(".pg-head").first.get_by_role("button", name=name).click()


def open_wallet(panel: Panel) -> None:
    panel.page.locator(".pg-cost button").last.click()


STATES = {
    "empty": State(
        make=make_empty,
        scenes={
            "": Scene(),
            "models": Scene(show=open_models, leave=escape, widths=(1200,)),
            "wrong": Scene(show=set_wrong, leave=set_right, widths=(1200,)),
        },
    ),
    "busy": State(make=make_busy, scenes={"": Scene()}),
    "failed": State(make=make_failed, scenes={"": Scene(show=complain)}),
    "full": State(
        make=make_full,
        scenes={
            "": Scene(),
            "settings": Scene(show=open_drawer("Show the settings"), leave=escape, widths=(800,)),
            "topics": Scene(show=open_drawer("Show the topics"), leave=escape, widths=(800,)),
            "question": Scene(show=ask, leave=escape, widths=(1200, 800)),
            "lightbox": Scene(show=look, leave=escape, widths=(1600, 800)),
            "found": Scene(show=search, leave=clear_search, widths=(1600, 800)),
            "nothing": Scene(show=search_in_vain, leave=clear_search, widths=(1200,)),
            "hover": Scene(show=hover, widths=(1600, 800)),
        },
    ),
    "unsent": State(make=make_unsent, scenes={"": Scene(widths=(1600, 800))}),
    "uploads": State(make=make_uploads, scenes={"": Scene(widths=(1600, 1200))}),
    "portuguese": State(
        make=make_portuguese,
        scenes={
            "": Scene(),
            "settings": Scene(show=open_drawer("Mostrar os ajustes"), leave=escape, widths=(800,)),
            "menu": Scene(show=open_menu("Mais ações"), leave=escape, widths=(1200,)),
            "failed": Scene(show=scroll(560), leave=scroll(0), widths=(1600, 800)),
            "lightbox": Scene(show=look_at_last, leave=escape, widths=(1200,)),
            "wallet": Scene(show=open_wallet, leave=escape, widths=(1200,)),
        },
        lang="pt-BR",
    ),
}
