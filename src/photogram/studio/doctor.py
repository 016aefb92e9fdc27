"""Examines a workspace and this installation, and says what to do about each finding."""

from __future__ import annotations

import importlib.util
import platform
import sys
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version
from os import PathLike
from pathlib import Path

from .. import config
from ..domain.asset import EXTENSIONS
from ..engine.keys import KeyBook
from ..errors import PhotogramError
from ..providers.registry import default_registry
from ..store import assets
from .keys import list_keys
from .studio import Studio
from .waiting import wait_for

KEPT_DAYS = 7
"""Deleted things can be brought back for this long; then `--purge` removes them."""

LOW_DISK_BYTES = 500_000_000
PACKAGES = ("photogram", "duckdb", "pillow", "numpy", "pandas", "httpx2", "ipywidgets", "ipyvuetify", "jupyterlab")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        name: What was looked at.
        ok: Whether all is well.
        message: What was found.
        next_step: What to do about it, where something is to be done.
    """

    name: str
    ok: bool
    message: str
    next_step: str = ""


def examine(
    path: str | PathLike[str] | None = None, user: str | None = None, *, adopt: bool = False, purge: bool = False
) -> list[Finding]:
    """Looks at versions, keys, disk and workspace; a workspace that does not exist is not made.

    Args:
        path: The workspace.
        user: Whose rows.
        adopt: Whether to take over every row of a workspace that was copied from elsewhere.
        purge: Whether to remove for good what was deleted more than seven days ago.
    """
    findings = [_versions(), _jupyter()]
    workspace = config.workspace(path)
    if not (workspace / "history.duckdb").exists():
        nothing = f"{workspace} does not exist yet; the first picture makes it."
        return [*findings, *_models(workspace, user), Finding(name="workspace", ok=True, message=nothing)]
    try:
        with Studio(workspace, user=user) as studio:
            if adopt:
                findings.append(_adopt(studio))
            if purge:
                findings.append(_purge(studio))
            findings += [_rows(studio), _files(studio), _disk(studio), _unsent(studio), _others(studio)]
    except PhotogramError as error:
        findings.append(Finding(name="workspace", ok=False, message=error.message, next_step=error.next_step))
    return [*findings, *_models(workspace, user)]


def _versions() -> Finding:
    found = []
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    python = f"Python {platform.python_version()}"
    return Finding(name="versions", ok=sys.version_info >= (3, 11), message=", ".join([python, *found]))


def _jupyter() -> Finding:
    if importlib.util.find_spec("jupyterlab"):
        return Finding(name="jupyter", ok=True, message="JupyterLab is installed.")
    step = "pip install 'photogram[lab]'"
    return Finding(name="jupyter", ok=True, message="JupyterLab is not installed.", next_step=step)


def _models(workspace: Path, user: str | None) -> list[Finding]:
    """Looks at what models.toml adds, and at where keys come from."""
    registry = default_registry(config.models_path(), workspace / "models.toml")
    step = "Correct that file; everything else goes on without it."
    findings = [Finding(name="models", ok=False, message=problem, next_step=step) for problem in registry.problems]
    findings += [
        Finding(name=f"key of {place.provider}", ok=not place.problem, message=str(place))
        for place in list_keys(registry, KeyBook(), config.user(user))
    ]
    return findings


def _rows(studio: Studio) -> Finding:
    orphans = studio._read(assets.find_orphans)
    if not orphans:
        return Finding(name="rows", ok=True, message="Every row points to something, and every sum adds up.")
    said = "; ".join(
        f"{len(ids)} {what} ({', '.join(ids[:3])}{'…' if len(ids) > 3 else ''})" for what, ids in orphans.items()
    )
    step = "Please report this; nothing was changed."
    if loose := orphans.get(assets.HOLDS_OF_NOTHING):
        step += f" studio.wallet.settle({loose[0]!r}, billed=False) returns what is held, for each of those tasks."
    return Finding(name="rows", ok=False, message=said, next_step=step)


def _files(studio: Studio) -> Finding:
    missing = [
        f"{folder}/{sha256[:12]}…"
        for folder, sha256, mime, size in studio._read(assets.named_files)
        if not _is_whole(studio._files.path(sha256, extension=EXTENSIONS[mime], folder=folder), size)
    ]
    if not missing:
        return Finding(name="files", ok=True, message="Every image that a row names is there, whole.")
    said = f"{len(missing)} images are missing or damaged: {', '.join(missing[:5])}{'…' if len(missing) > 5 else ''}"
    return Finding(name="files", ok=False, message=said, next_step="Bring them back from a backup of the workspace.")


def _is_whole(path: Path, size_bytes: int) -> bool:
    try:
        return path.stat().st_size == size_bytes
    except OSError:
        return False


def _disk(studio: Studio) -> Finding:
    free = studio._files.free_bytes()
    ok = free >= LOW_DISK_BYTES
    step = "" if ok else "Free some space: below 500 MB no paid picture is sent."
    return Finding(name="disk", ok=ok, message=f"{free / 1e9:.1f} GB are free.", next_step=step)


def _unsent(studio: Studio) -> Finding:
    waiting = wait_for(studio._engine.unsent(studio.user))
    if not waiting:
        return Finding(name="unsent", ok=True, message="Nothing waits to be sent.")
    said = f"{len(waiting)} images were not sent when their process ended."
    step = "studio.resume() sends them, studio.discard_unsent() discards them."
    return Finding(name="unsent", ok=True, message=said, next_step=step)


def _others(studio: Studio) -> Finding:
    others = studio._read(assets.other_users, studio.user)
    if not others:
        return Finding(name="user", ok=True, message=f"Every row is {studio.user}'s.")
    said = f"{studio.user} is one of {len(others) + 1} users of this workspace."
    step = "If it was copied from elsewhere: photogram doctor --adopt."
    return Finding(name="user", ok=True, message=said, next_step=step)


def _adopt(studio: Studio) -> Finding:
    others = studio._write(assets.adopt_workspace, studio.user, studio._now())
    said = f"Took over what was {', '.join(others)}'s." if others else "There was nothing to take over."
    return Finding(name="adopt", ok=True, message=said)


def _purge(studio: Studio) -> Finding:
    before = studio._now() - timedelta(days=KEPT_DAYS)
    images, kept = studio._write(assets.purge_deleted, before)
    removed = studio._write(assets.remove_unnamed, studio._files)
    said = f"Forgot {images} images that were deleted over {KEPT_DAYS} days ago, and removed {removed} files."
    if not kept:
        return Finding(name="purge", ok=True, message=said)
    said += f" {kept} more stay: they are not over, or lost and hold coins."
    return Finding(name="purge", ok=True, message=said, next_step="photogram wallet lost lists those to be settled.")
