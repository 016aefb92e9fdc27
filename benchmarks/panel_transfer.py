"""What a person waits for in the panel, as the page itself sees it: `python benchmarks/panel_transfer.py [--runs 5]`.

A reference of 10 MB, from the file being chosen until its picture is in the form; a change of the settings, from the
click until the kernel's answer is drawn (300 ms of that are waited for further typing); another model. An image of
10 MB, from the click until the browser has all of it; one deleted, until the kernel has counted again; a ZIP of 50
images of 2 MB, and the longest that the page stood still meanwhile.
Needs the project's `test` extra and a Chromium on the PATH (or in PHOTOGRAM_CHROMIUM).
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

from panel import open_lab, open_notebook, write_notebook
from playwright.sync_api import Page, sync_playwright

WAIT = """
window.until = (isThere) => new Promise((resolve) => {
  const started = performance.now();
  const look = () => {
    if (isThere()) resolve(performance.now() - started);
    else if (performance.now() - started > 30000) resolve(NaN);
    else requestAnimationFrame(look);
  };
  look();
});
window.noisyPng = async (bytes, colour) => {  // a picture, and noise behind it that no decoder looks at
  const canvas = new OffscreenCanvas(1024, 768), draw = canvas.getContext('2d');
  draw.fillStyle = colour; draw.fillRect(0, 0, 1024, 768);
  const png = await canvas.convertToBlob({ type: 'image/png' }), noise = new Uint8Array(bytes - png.size);
  for (let at = 0; at < noise.length; at += 65536) crypto.getRandomValues(noise.subarray(at, at + 65536));
  return new File([png, noise], `${colour}.png`, { type: 'image/png' });
};
window.landed = () => [...document.querySelectorAll('.pg-ref:not(.waiting, .sending, .failed)')];
"""

UPLOAD = """async (at) => {
  const file = await noisyPng(10 << 20, `hsl(${at * 47} 60% 50%)`), data = new DataTransfer();
  data.items.add(file);
  const field = document.querySelector('.pg-add input'), before = landed().length;
  const took = until(() => landed().length === before + 1 && landed().at(-1).querySelector('img')?.complete);
  field.files = data.files;
  field.dispatchEvent(new Event('change'));
  return took;
}"""

REMOVE = "() => { document.querySelector('.pg-ref .pg-out').click(); return until(() => landed().length === 0); }"

RATIO = """([ratio, width]) => {
  const tile = [...document.querySelectorAll('.pg-ratios .pg-tile')].find((one) => one.textContent.trim() === ratio);
  const took = until(() => document.querySelector('.pg-side.left input[aria-label=Width].num').value === width);
  tile.click();
  return took;
}"""

MODEL = """async (title) => {
  document.querySelector('.pg-chosen').click();
  await until(() => document.querySelector('.pg-option'));
  const line = [...document.querySelectorAll('.pg-option')].find((one) => one.textContent.includes(title));
  const chosen = document.querySelector('.pg-chosen');
  const took = until(() => chosen.textContent.includes(title) && chosen.ariaBusy === 'false');
  line.click();
  return took;
}"""


STUDIO = """import photogram as pg
studio = pg.Studio('transfer')
def make(n, size):
    batch = studio.generate(f'{n} of {size >> 20} MB', n=n, width=128, height=128).wait()
    for one in batch:
        data = one.path.read_bytes()
        one.path.write_bytes(data + bytes(size - len(data)))  # what no decoder looks at
make(50, 2 << 20)
make(4, 10 << 20)
studio"""

SAVED = """(isZip) => {
  const toasts = () => [...document.querySelectorAll('[data-toast]')];
  const known = new Set(toasts().map((one) => one.dataset.toast));
  const took = until(() => toasts().some((one) => !known.has(one.dataset.toast) && /downloaded/.test(one.textContent)));
  if (isZip) document.querySelector('.pg-item-zip').click();
  else document.querySelector('.pg-feed .mdi-tray-arrow-down').closest('button').click();
  return took;
}"""

DELETE = """() => {
  const count = document.querySelector('.pg-topic small'), before = count.textContent;
  const took = until(() => count.textContent !== before);
  document.querySelector('.pg-feed .mdi-delete-outline').closest('button').click();
  return took;
}"""

STILL = """() => {  // the longest between two frames
  let before = performance.now();
  window.still = 0;
  const look = () => {
    const now = performance.now();
    window.still = Math.max(window.still, now - before);
    before = now;
    requestAnimationFrame(look);
  };
  look();
}"""


def measure_upload(page: Page, at: int) -> float:
    """10 MB, from the file being chosen until it is in the form; then it is taken out again."""
    took = page.evaluate(UPLOAD, at)
    page.evaluate(REMOVE)
    return took


def measure_setting(page: Page, at: int) -> float:
    """Another proportion, until the kernel's pixels are in the fields."""
    return page.evaluate(RATIO, ["1:1", "1024"] if at % 2 else ["16:9", "1280"])


def measure_model(page: Page, at: int) -> float:
    """Another model, until its controls are drawn."""
    return page.evaluate(MODEL, "Sketch: scene" if at % 2 else "Sketch: abstract")


def measure_download(page: Page, at: int) -> float:
    """An image of 10 MB, until the browser has all of it."""
    return page.evaluate(SAVED, False)


def measure_delete(page: Page, at: int) -> float:
    """An image, until the kernel has counted again."""
    return page.evaluate(DELETE)


def measure_zip(page: Page, at: int) -> float:
    """50 images of 2 MB, until the browser has all of the ZIP; says how long the page stood still meanwhile."""
    head = page.locator(".pg-head").filter(has_text="50 of 2 MB")
    head.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Download ZIP").evaluate("item => item.classList.add('pg-item-zip')")
    page.evaluate(STILL)
    took = page.evaluate(SAVED, True)
    print(f"    longest time without a frame: {page.evaluate('() => window.still'):.0f} ms")
    return took


MEASURED: dict[str, Callable[[Page, int], float]] = {
    "10 MB reference uploaded": measure_upload,
    "setting changed": measure_setting,
    "model changed": measure_model,
    "10 MB image downloaded": measure_download,
    "ZIP of 50 x 2 MB": measure_zip,
    "image deleted": measure_delete,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        write_notebook(folder / "nb" / "transfer.ipynb", STUDIO)
        chromium = os.environ.get("PHOTOGRAM_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"])
        with open_lab(folder) as address:
            page = browser.new_page(viewport={"width": 1600, "height": 1000})
            open_notebook(page, address("transfer.ipynb"))
            page.evaluate("async () => { await window.jupyterapp.commands.execute('notebook:run-all-cells') }")
            page.locator(".pg-chosen").wait_for(timeout=60_000)
            page.evaluate(f"() => {{ {WAIT} }}")
            for what, measure in MEASURED.items():
                took = [measure(page, at) for at in range(runs)]
                print(f"{what:<28} median {statistics.median(took):6,.0f} ms, slowest {max(took):6,.0f} ms of {runs}")
        browser.close()


if __name__ == "__main__":
    main()
