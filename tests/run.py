"""Sets up and runs every check and test, from anywhere and with no environment activated.

    python3 tests/run.py              all of it: format, lint, types, layers, tests, notebooks
    python3 tests/run.py --check      only format, lint, types, layers
    python3 tests/run.py -k sql       only pytest, with these arguments
    python3 tests/run.py --diffusers  the tests that need torch, which no other run includes
    python3 tests/run.py --kernels    the panel with every ipykernel that it is made for; other runs have one

It makes its own environment in `.venv-test` (again only when pyproject.toml changes; `.venv-diffusers` for torch, some
gigabytes; `.venv-kernel-…` for each kernel). It needs a Chromium for the browser tests and a Node for the mock server
of tests/aimock: those that PHOTOGRAM_CHROMIUM and PHOTOGRAM_NODE name, those on the PATH, or those that it installs.
Standard library only.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import venv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv-test"
DIFFUSERS_VENV = ROOT / ".venv-diffusers"
KERNELS = ("6.31", "7.3", "7.4")
"""Versions of ipykernel that call a widget on different threads, at different times."""
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PIP_ATTEMPTS = 3
PYTEST = ("-m", "pytest", "-p", "no:nbval")
"""The plugin for notebooks takes seconds to load, in each of its workers."""
TOGETHER = ("-n", "6", "--dist", "loadfile", "--no-loadscope-reorder")
"""How most of the suite runs: files side by side, more than there are cores, as much of their time is waiting."""
LONGEST = tuple(
    f"tests/{name}.py"
    for name in (
        "store/test_turn", "providers/test_keys_stay", "faulty/test_lines", "cli/test_generate", "test_kernel",
        "faulty/test_two_processes",
    )
)  # fmt: skip
"""The files that take a worker longest come first, so that none works alone at the end."""
ALONE = ("tests/crash", "tests/store/test_exit.py")
"""Processes that are killed at random moments, or must end within seconds: they want a core of their own."""
BROWSER = ("tests/browser/test_truth.py", "tests/browser")
"""The longest file first, likewise."""
BROWSERS = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")


def say(text: str) -> None:
    print(f"\n\033[1m▸ {text}\033[0m" if sys.stdout.isatty() else f"\n▸ {text}", flush=True)


def run(*command: str | Path, quiet: bool = False, **env: str) -> bool:
    """Runs a command in the repository and returns whether it succeeded; a quiet one's output is thrown away."""
    say(" ".join(Path(part).name if isinstance(part, Path) else part for part in command))
    compiled_once = {"PYTHONDONTWRITEBYTECODE": ""}  # hundreds of processes import the same
    env = {**os.environ, **compiled_once, **env}
    try:
        output = subprocess.DEVNULL if quiet else None
        return subprocess.run(list(map(str, command)), cwd=ROOT, env=env, stdout=output, check=False).returncode == 0
    except FileNotFoundError:
        print(f"{command[0]} is not installed")
        return False


# ── The environment ───────────────────────────────────────────────────────────────────────────────────────────────


def set_up(folder: Path = VENV, extras: str = "lab,test", *others: str) -> Path:
    """Makes an environment with the package (editable) and everything its tests need; returns its Python."""
    python = folder / PYTHON.relative_to(VENV)
    recipe = (ROOT / "pyproject.toml").read_bytes() + f"{sys.version} {ROOT}".encode() + " ".join(others).encode()
    stamp, wanted = folder / "photogram-recipe", hashlib.sha256(recipe).hexdigest()
    if python.exists() and stamp.exists() and stamp.read_text() == wanted:
        return python
    say(f"making {folder.name} (a few minutes, once)")
    try:
        venv.create(folder, clear=True, with_pip=True)
    except (subprocess.CalledProcessError, ImportError):
        if not install_with_apt("python3-venv"):
            sys.exit("This Python cannot make environments. On Debian or Ubuntu: apt-get install python3-venv")
        # The running interpreter does not see a module that was just installed; a fresh one does.
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    (folder / ".gitignore").write_text("*\n")
    # What is never imported need not be compiled.
    pip = (python, "-m", "pip", "install", "--disable-pip-version-check", "-q", "--no-compile", "--retries", "5")
    for attempt in range(1, PIP_ATTEMPTS + 1):
        if run(*pip, "-e", f".[{extras}]" if extras else ".", *others):
            stamp.write_text(wanted)
            return python
        if attempt < PIP_ATTEMPTS:
            print(f"pip failed; again in {10 * attempt} s ({attempt} of {PIP_ATTEMPTS - 1})")
            time.sleep(10 * attempt)
    sys.exit("pip could not install the test environment; its messages are above.")


def install_with_apt(package: str) -> bool:
    """Installs a Debian package if this machine has apt-get and lets us; returns whether it did."""
    if not shutil.which("apt-get"):
        return False
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    sudo = [] if is_root else ["sudo", "-n"]
    if sudo and not shutil.which("sudo"):
        return False
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    run(*sudo, "apt-get", "update", "-qq", **quiet)
    return run(*sudo, "apt-get", "install", "-y", "-qq", "--no-install-recommends", package, **quiet)


# ── The browser ───────────────────────────────────────────────────────────────────────────────────────────────────


def works(browser: str | None) -> bool:
    """Returns whether this browser starts at all (on Ubuntu, a "chromium" may be only a hint to install a snap)."""
    if not browser:
        return False
    try:
        return subprocess.run([browser, "--version"], capture_output=True, timeout=60, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def find_chromium() -> str | None:
    """Returns a Chromium that starts: the one that is named, one on the PATH, or the one Playwright installed."""
    candidates = [os.environ.get("PHOTOGRAM_CHROMIUM"), *map(shutil.which, CHROMIUM_NAMES), playwright_chromium()]
    return next((browser for browser in candidates if works(browser)), None)


def playwright_chromium() -> str | None:
    """Returns where Playwright keeps its Chromium, whether or not it is there."""
    code = "from playwright.sync_api import sync_playwright as s\nwith s() as p: print(p.chromium.executable_path)"
    asked = subprocess.run([str(PYTHON), "-c", code], capture_output=True, text=True, check=False)
    return asked.stdout.strip() or None


def get_chromium() -> str:
    """Finds or installs Chromium.

    Raises:
        SystemExit: There is none and none could be installed: browser tests are never skipped silently.
    """
    found = find_chromium()
    if not found:
        say("no Chromium found: installing one for the browser tests")
        install_with_apt("chromium")
        found = find_chromium()
    if not found:
        is_root = hasattr(os, "geteuid") and os.geteuid() == 0
        run(PYTHON, "-m", "playwright", "install", *(["--with-deps"] if is_root else []), "chromium")
        found = find_chromium()
    if not found:
        sys.exit("No Chromium could be found or installed. Install one and set PHOTOGRAM_CHROMIUM to its path.")
    print(f"browser tests use {found}")
    return found


# ── The mock server ───────────────────────────────────────────────────────────────────────────────────────────────────


def get_aimock() -> None:
    """Finds or installs the mock server, and a Node to run it.

    Raises:
        SystemExit: It could not be installed: its tests are never skipped silently.
    """
    if not run(PYTHON, ROOT / "tests" / "aimock" / "install.py"):
        sys.exit("The tests in tests/aimock cannot run; why is said above.")


# ── The steps ─────────────────────────────────────────────────────────────────────────────────────────────────────


def check() -> dict[str, bool]:
    """Runs what reads the code without running it; beside the types, which have one core, the layers and the tests.

    To collect these compiles them, too: their workers would do so all at once, each for itself.
    """
    results = {
        "format": run(PYTHON, "-m", "ruff", "format", "--check", "."),
        "lint": run(PYTHON, "-m", "ruff", "check", "."),
    }
    with ThreadPoolExecutor() as both:
        types = both.submit(run, PYTHON, "-m", "mypy")
        results["layers"] = run(BIN / "lint-imports")
        results["collected"] = run(PYTHON, *PYTEST, "--collect-only", "-q", quiet=True)
    return {**results, "types": types.result()}


def run_pytest(*arguments: str) -> bool:
    """Runs the tests."""
    get_aimock()
    return run(PYTHON, *PYTEST, *arguments, PHOTOGRAM_CHROMIUM=get_chromium())


def run_diffusers(*arguments: str) -> bool:
    """Runs the tests that need torch, in an environment of their own, with no download of any model."""
    python = set_up(DIFFUSERS_VENV, "test,diffusers")
    return run(python, *PYTEST, "tests/providers/diffusers_local", "-m", "diffusers", *arguments)


def run_kernels(*arguments: str) -> dict[str, bool]:
    """Runs the panel's first flows, cuts and restarts with each kernel, in an environment of its own."""
    tests = arguments or tuple(
        f"tests/browser/test_{name}.py" for name in ("kernel_channel", "kernels", "panel", "truth")
    )
    chromium, results = get_chromium(), {}
    for version in KERNELS:
        python = set_up(ROOT / f".venv-kernel-{version}", "", f"ipykernel=={version}.*")
        named = {"PHOTOGRAM_KERNEL_PYTHON": str(python), "PHOTOGRAM_KERNEL_VERSION": f"{version}."}
        results[f"ipykernel {version}"] = run(PYTHON, *PYTEST, *tests, PHOTOGRAM_CHROMIUM=chromium, **named)
    return results


def run_notebooks() -> bool:
    """Runs every notebook and compares its outputs with the saved ones, in a workspace that is thrown away."""
    notebooks = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "notebooks").glob("*.ipynb"))
    sanitize = ("--nbval-sanitize-with", "tests/nbval_sanitize.cfg")
    with tempfile.TemporaryDirectory(prefix="photogram-notebooks-") as home:
        return run(
            PYTHON,
            "-m",
            "pytest",
            "-q",
            "--nbval",
            "--nbval-current-env",
            *sanitize,
            *notebooks,
            PHOTOGRAM_HOME=f"{home}/photogram-data",
        )


def main(arguments: list[str]) -> int:
    if sys.version_info < (3, 11):  # noqa: UP036  (this file may be started by any Python)
        sys.exit(f"Photogram needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
    # A shell's background job starts with Ctrl-C ignored, and hands that on: tests that press it would see nothing.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    started = time.monotonic()
    if "--diffusers" not in arguments:
        set_up()
    if arguments == ["--check"]:
        results = check()
    elif "--diffusers" in arguments:
        results = {"diffusers": run_diffusers(*(one for one in arguments if one != "--diffusers"))}
    elif "--kernels" in arguments:
        results = run_kernels(*(one for one in arguments if one != "--kernels"))
    elif arguments:
        results = {"tests": run_pytest(*arguments)}
    else:
        results = {
            **check(),
            "tests": run_pytest(
                *TOGETHER, *LONGEST, "tests", *(f"--ignore={path}" for path in (*ALONE, "tests/browser"))
            ),
            "tests alone": run_pytest("-n", "2", "--dist", "loadfile", *ALONE),
            "browser": run_pytest(*BROWSERS, *BROWSER),
            "notebooks": run_notebooks(),
        }
    say(f"{time.monotonic() - started:.0f} s")
    for name, passed in results.items():
        print(f"  {'✔' if passed else '✘'} {name}")
    if "tests" in results:
        print("  – diffusers: not part of this run (python3 tests/run.py --diffusers)")
        print("  – other kernels than this one: not part of this run (python3 tests/run.py --kernels)")
    return 0 if all(results.values()) else 1


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
