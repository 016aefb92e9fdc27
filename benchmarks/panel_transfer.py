"""What a person waits for in the panel, as the page itself sees it: `python benchmarks/panel_transfer.py [--runs 5]`.

A reference of 10 MB, from the file being chosen until its picture is in the form; a change of the settings, from the
click until the kernel's answer is drawn (300 ms of that are waited for further typing); another model.
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


MEASURED: dict[str, Callable[[Page, int], float]] = {
    "10 MB reference uploaded": measure_upload,
    "setting changed": measure_setting,
    "model changed": measure_model,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        write_notebook(folder / "nb" / "transfer.ipynb", "import photogram as pg\npg.Studio('transfer')")
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
