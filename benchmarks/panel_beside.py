"""The same pictures as a plain tree of ipywidgets and as a Gradio Gallery, for panel.py."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from browser.cells import run_cell
from panel_lab import Received, heap_mb, open_lab, open_notebook, open_page, write_notebook
from playwright.sync_api import Browser, Error, Response

GIVE_UP_S = 60
Found = dict[str, float] | str

TREE = """
import ipywidgets as w
from itertools import cycle, islice
from pathlib import Path
bases = [path.read_bytes() for path in sorted(Path('many/thumbs').glob('base-*'))[:12]]
def card(data, number):
    buttons = w.HBox([w.Button(description=name) for name in ('Star', 'Save', 'Delete')])
    return w.VBox([w.Image(value=data, format='webp', width=230), w.Label(f'seed {number}'), buttons])
tree = w.GridBox([card(data, number) for number, data in enumerate(islice(cycle(bases), IMAGES))],
                 layout=w.Layout(grid_template_columns='repeat(4, 1fr)'))
"""
COUNT = "() => document.querySelectorAll('.jp-OutputArea img').length"


def measure_tree(browser: Browser, folder: Path, images: int) -> Found:
    """A card is an image, a label and three buttons; all of them are drawn."""
    write_notebook(folder / "nb" / "tree.ipynb", TREE.replace("IMAGES", str(images)), "tree")
    with open_lab(folder) as address:
        page = open_page(browser, give_up_s=GIVE_UP_S)
        received, said = Received(page), list[str]()
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        open_notebook(page, address("tree.ipynb"))
        before, started = received.bytes, time.perf_counter()
        try:
            run_cell(page, 0, wait=False)
            run_cell(page, 1, wait=False)
            page.wait_for_function("n => document.querySelectorAll('.jp-OutputArea img').length >= n", arg=images)
            took = time.perf_counter() - started
            return {
                "all drawn after, s": took, "received, MB": (received.bytes - before) / 1e6,
                "cards in the DOM": page.evaluate(COUNT), "heap, MB": heap_mb(page),
            }  # fmt: skip
        except Error:
            why = f" ({said[0].splitlines()[0]})" if said else ""
            return f"gave up after {GIVE_UP_S} s: {page.evaluate(COUNT):,} of {images:,} drawn{why}"
        finally:
            page.context.close()


GALLERY = """
import sys
from itertools import cycle, islice
from pathlib import Path
import gradio as gr
folder, n = Path(sys.argv[1]), int(sys.argv[2])
out = folder / 'gallery'
out.mkdir(exist_ok=True)
bases = [path.read_bytes() for path in sorted((folder / 'nb' / 'many' / 'thumbs').glob('base-*'))[:12]]
files = []
for number, base in enumerate(islice(cycle(bases), n)):
    path = out / f'{number}.webp'
    path.write_bytes(base)
    files.append((str(path), f'seed {number}'))
with gr.Blocks(analytics_enabled=False) as demo:
    gr.Gallery(files, columns=4, height=760)
demo.launch(server_name='127.0.0.1', server_port=int(sys.argv[3]), allowed_paths=[str(out)], quiet=True, share=False)
"""
THERE = """n => {
    const all = [...document.querySelectorAll('img')].filter((one) => /file=/.test(one.src));
    const seen = all.filter((one) => one.getBoundingClientRect().top < innerHeight); // others may wait to be seen
    return all.length >= n && seen.every((one) => one.complete);
}"""


def measure_gradio(browser: Browser, folder: Path, images: int, python: str, port: int) -> Found:
    """A page of its own with nothing but the gallery."""
    script = folder / "gallery.py"
    script.write_text(GALLERY)
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment = {**kept, "GRADIO_ANALYTICS_ENABLED": "False", "GRADIO_TEMP_DIR": str(folder / "gradio")}
    quiet = subprocess.DEVNULL
    begun = time.perf_counter()
    process = subprocess.Popen(
        [python, str(script), str(folder), str(images), str(port)], env=environment, stdout=quiet, stderr=quiet
    )
    page, got = open_page(browser, give_up_s=GIVE_UP_S), [0]

    def count(response: Response) -> None:
        got[0] += int(response.headers.get("content-length", 0))

    page.on("response", count)
    try:
        while True:
            try:
                page.goto(f"http://127.0.0.1:{port}/", wait_until="commit", timeout=5000)
                break
            except Error:
                if time.perf_counter() - begun > GIVE_UP_S:
                    return f"gave up after {GIVE_UP_S} s: its server did not answer"
                time.sleep(0.2)
        served, started = time.perf_counter() - begun, time.perf_counter()
        page.wait_for_function(THERE, arg=images)
        return {
            "server ready after, s": served, "all in the page after that, s": time.perf_counter() - started,
            "received, MB": got[0] / 1e6, "heap, MB": heap_mb(page),
            "cards in the DOM": page.evaluate("() => document.querySelectorAll('img').length"),
        }  # fmt: skip
    except Error:
        there = page.evaluate("() => document.querySelectorAll('img').length")
        return f"gave up after {GIVE_UP_S} s: {there:,} of {images:,} in the page"
    finally:
        page.context.close()
        process.terminate()
        process.wait(30)
