"""The panel with a long history, measured in a real JupyterLab: `python benchmarks/panel.py [images]` (10,000).

Needs the project's `test` extra and a Chromium on the PATH (or in PHOTOGRAM_CHROMIUM). Beside it, in the same run, the
same pictures as a plain tree of ipywidgets and, with `--gradio /path/to/python`, as a Gradio Gallery (`pip install
gradio` in a virtual environment of its own). Nothing needs a network. All times are what the page itself sees, with
whatever else the machine does: the load is printed.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from browser.cells import run_cell  # noqa: E402
from browser.panels import RUN  # noqa: E402
from history import batch_sizes, write_history  # noqa: E402
from panel_beside import Found, measure_gradio, measure_tree  # noqa: E402
from panel_lab import Received, heap_mb, open_lab, open_notebook, open_page, write_notebook  # noqa: E402

from photogram.studio import Studio  # noqa: E402

OPEN = f"import sys\nsys.path.insert(0, {str(ROOT / 'tests')!r})\nimport photogram as pg\nstudio = pg.Studio('many')"
OPENINGS = 3
JUMPS = (1.0, 0.45, 0.82, 0.18, 0.64, 0.27, 0.73)
WALKS = {
    "1,200 px/s": {"steps": 400, "pause": 50, "by": 60},
    "1,200 px/s back": {"steps": 400, "pause": 50, "by": -60},
    "4,000 px/s": {"steps": 200, "pause": 50, "by": 200},
}


def measure_opening(page: Page, address: str, received: Received) -> dict[str, float]:
    """Runs the cell that shows a studio in a new kernel, until every picture on the screen is drawn."""
    open_notebook(page, address)
    run_cell(page, 0)
    before = received.bytes
    run_cell(page, 1, wait=False)
    first = page.evaluate("() => window.settled()")
    sent = received.bytes - before
    page.wait_for_timeout(1500)
    return {
        "first pictures, ms": first, "received by then, kB": sent / 1e3,
        "received 1.5 s later, kB": (received.bytes - before) / 1e3,
    }  # fmt: skip


def measure_scrolling(page: Page) -> dict[str, float]:
    """To the far end and back, in jumps to where nobody was yet, and as a wheel does it."""
    far = [page.evaluate("part => window.jump(part)", part)["worst"] for part in JUMPS]
    found = {
        "blank after a jump to where nobody was, median, ms": statistics.median(far),
        "the same, worst of 7, ms": max(far),
        "blank after the jump back to the top, ms": page.evaluate("() => window.jump(0)")["worst"],
    }
    cells = 0
    for name, steps in WALKS.items():
        walked = page.evaluate("steps => window.walk(steps)", steps)
        found[f"blank while scrolling {name}, ms"] = walked["worst"]
        cells = max(cells, walked["cells"])
    return {**found, "cells in the DOM, most": cells}


def measure_memory(page: Page) -> dict[str, float]:
    """Scrolls until everything that is kept is full, and then 200 times more."""
    page.evaluate("times => window.roam(times)", 50)
    before = heap_mb(page)
    page.evaluate("times => window.roam(times)", 200)
    return {"heap before 200 scrolls, MB": before, "heap after them, MB": heap_mb(page)}


def measure_card(page: Page, received: Received) -> dict[str, float]:
    """One image is starred: what comes back, and how many cards are drawn again."""
    sizes, drawn = [], []
    for number in range(5):
        before = received.bytes
        drawn.append(page.evaluate("number => window.star(number)", number))
        sizes.append((received.bytes - before) / 1e3)
    return {"one card's update, kB": statistics.median(sizes), "cards drawn again by it": max(drawn)}


def measure_topics(page: Page) -> dict[str, float]:
    times = []
    for number in range(12):
        times.append(page.evaluate("title => window.switchTo(title)", ("Other", "Many")[number % 2]))
        page.wait_for_timeout(700)
    return {"topic switch, first time, ms": times[0], "topic switch, median of 10, ms": statistics.median(times[2:])}


def measure_press(page: Page) -> dict[str, float]:
    times = []
    for number in range(5):
        page.get_by_role("textbox", name="Prompt", exact=True).fill(f"a boat {number}")
        page.wait_for_timeout(400)
        times.append(page.evaluate("() => window.press()"))
        page.wait_for_function("() => !document.querySelector('.pg-feed .pg-wait')")
    return {"placeholders, median, ms": statistics.median(times)}


BURST = """
import threading, time
from history import write_history
from photogram.domain.events import Event, EventKind
def change(cur, table, changes, where, values):
    cur.execute(f"UPDATE {table} SET {changes}, revision = nextval('revision') WHERE {where}", values)
def unmake(cur, batches):
    for batch in batches:
        change(cur, 'tasks', "status = 'processing', asset_sha256 = NULL", 'batch_id = ?', [batch])
        change(cur, 'generations', 'asset_sha256 = NULL', 'batch_id = ?', [batch])
def make(cur, images):
    for image, task, sha in images:
        change(cur, 'tasks', "status = 'success'", 'id = ?', [task])
        change(cur, 'generations', 'asset_sha256 = ?', 'id = ?', [sha, image])
topic = write_history(studio, [50] * 4, title='Burst')
batches = studio.topic(topic).batches()
made = [(one.id, one.record.task_id, one.record.asset.sha256) for batch in batches for one in batch]
event = Event(kind=EventKind.TASK, user_id=studio.user, topic_id=topic)
studio._write(unmake, [batch.id for batch in batches], event=event)
studio.active_topic = topic
def burst():
    global took
    started = time.time()
    for at in range(0, 200, 10):
        studio._write(make, made[at:at + 10], event=event)
        time.sleep(max(0, started + (at + 10) / 100 - time.time()))
    took = time.time() - started
"""
MADE = """
import threading, time
from dataclasses import replace
from ui.kinds import Kinds, add_kinds
class Many(Kinds):
    def cards(self):
        return [replace(card, concurrency=50) for card in super().cards()]
kinds = add_kinds(studio, Many())
studio.new_topic('Made')
held = [studio.generate(f'hold {n}', n=50, model='kinds:all', width=128, height=128) for n in range(4)]
def burst():
    global took
    started = time.time()
    kinds.go.set()
    for one in held:
        one.wait(120)
    took = time.time() - started
"""
BURSTS = {"written past the engine": BURST, "made by the engine": MADE}
LET_GO = "thread = threading.Thread(target=burst)\nthread.start()\nthread.join()\nprint(took)"


def measure_bursts(page: Page) -> dict[str, float]:
    """200 images land; the topics are folded and unfolded meanwhile."""
    return {
        f"{name}, {how}": value for how, code in BURSTS.items() for name, value in measure_burst(page, code).items()
    }


def measure_burst(page: Page, code: str) -> dict[str, float]:
    said = page.evaluate(RUN, code)
    assert not said, said
    page.wait_for_function("() => document.querySelectorAll('.pg-feed .pg-wait').length > 8")
    page.wait_for_timeout(1000)
    page.evaluate("() => { window.clickAway() }")
    page.wait_for_timeout(1500)
    quiet = page.evaluate("() => { const all = window.latencies; window.latencies = []; return all }")
    started = time.perf_counter()
    took = float(page.evaluate(RUN, LET_GO))
    page.wait_for_function("() => !document.querySelector('.pg-feed .pg-wait')")
    ended = time.perf_counter() - started
    busy = page.evaluate("() => { window.clicking = false; return window.latencies }")
    return {
        "200 images, s": took, "right on the screen after, s": ended,
        "a click before, median, ms": statistics.median(quiet),
        "a click meanwhile, median, ms": statistics.median(busy),
        "a click meanwhile, slowest, ms": max(busy),
    }  # fmt: skip


def measure_panel(browser: Browser, folder: Path, images: int) -> dict[str, float]:
    """Measures all of it; of the opening, the median of three."""
    with Studio(folder / "nb" / "many") as studio:
        write_history(studio, [1, 2, 4], title="Other")
        write_history(studio, batch_sizes(images), title="Many")
        studio.active_topic = "Many"
    write_notebook(folder / "nb" / "panel.ipynb", OPEN, "studio")
    with open_lab(folder) as address:
        openings = []
        for number in range(OPENINGS):
            page = open_page(browser)
            received = Received(page)
            openings.append(measure_opening(page, address("panel.ipynb"), received))
            if number < OPENINGS - 1:
                page.evaluate("async () => { await window.jupyterapp.shell.currentWidget.sessionContext.shutdown() }")
                page.context.close()
        found = {name: statistics.median(one[name] for one in openings) for name in openings[0]}
        found |= measure_scrolling(page) | measure_memory(page) | measure_card(page, received)
        found |= measure_topics(page) | measure_press(page) | measure_bursts(page)
        page.context.close()
    return found


def show(title: str, found: Found) -> None:
    load = f"load {os.getloadavg()[0]:.1f}"
    print(f"\n{title} ({load})" if isinstance(found, dict) else f"\n{title}: {found} ({load})")
    for name, value in found.items() if isinstance(found, dict) else ():
        print(f"  {name:58} {format(value, ',.1f' if value < 100 else ',.0f')}")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images", nargs="?", type=int, default=10_000)
    parser.add_argument("--gradio", help="the Python that has gradio")
    parser.add_argument("--only-panel", action="store_true")
    asked = parser.parse_args()
    chromium = os.environ.get("PHOTOGRAM_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    folder = Path(tempfile.mkdtemp(prefix="panel-"))
    try:
        with sync_playwright() as playwright:
            quiet = ["--no-sandbox", "--disable-dev-shm-usage"]
            browser = playwright.chromium.launch(executable_path=chromium, args=quiet)
            print(
                f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
            )
            print(f"Chromium {browser.version}, load {os.getloadavg()[0]:.1f}")
            title = f"The panel, a topic of {asked.images:,} images in batches of 1 to 50"
            show(title, measure_panel(browser, folder, asked.images))
            for number, count in enumerate(() if asked.only_panel else (100, 500, asked.images)):
                show(f"A tree of ipywidgets, {count:,} images", measure_tree(browser, folder, count))
                if asked.gradio:
                    beside = measure_gradio(browser, folder, count, asked.gradio, 7861 + number)
                    show(f"A Gradio Gallery, {count:,} images", beside)
            browser.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
