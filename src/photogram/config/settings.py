"""What a user sets once: workspace, name, default model, limits."""

from __future__ import annotations

import getpass
import os
from pathlib import Path

from ..domain.params import show
from ..errors import BadParams
from .files import setting

DEFAULT_WORKSPACE = "photogram-data"
DEFAULT_MODEL = "sketch:scene"


def workspace(path: str | os.PathLike[str] | None = None) -> Path:
    """Returns the workspace's folder: argument, `PHOTOGRAM_HOME`, `workspace` of the config, or `./photogram-data`."""
    chosen = path or os.environ.get("PHOTOGRAM_HOME") or setting("workspace") or DEFAULT_WORKSPACE
    try:
        path = Path(chosen).expanduser().absolute()
        os.fspath(path).encode()
    except (TypeError, ValueError, RuntimeError) as error:
        raise BadParams([f"a workspace is the path of a folder, not {show(chosen)}"]) from error
    if "\0" in str(path):
        raise BadParams([f"a workspace is the path of a folder, not {show(chosen)}"])
    return path


def user(name: str | None = None) -> str:
    """Returns whose rows these are: the argument, `PHOTOGRAM_USER`, `JUPYTERHUB_USER`, or the system's user."""
    chosen = name or os.environ.get("PHOTOGRAM_USER") or os.environ.get("JUPYTERHUB_USER")
    if chosen:
        if not isinstance(chosen, str):
            raise BadParams([f"user must be a name, not {show(chosen)}"])
        return chosen.encode("utf-8", "replace").decode()  # a variable of the system may hold any bytes
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user without a name
        return f"uid-{os.getuid()}" if hasattr(os, "getuid") else "user"


def default_model() -> str:
    """Returns the model used where none is named: `PHOTOGRAM_MODEL`, `model` of the config, or `sketch:scene`."""
    return os.environ.get("PHOTOGRAM_MODEL") or setting("model") or DEFAULT_MODEL


def busy_timeout_s() -> float:
    """Returns how long a busy workspace is waited for: `PHOTOGRAM_BUSY_TIMEOUT`, `busy_timeout_s`, or 30 s."""
    value = os.environ.get("PHOTOGRAM_BUSY_TIMEOUT") or setting("busy_timeout_s") or 30.0
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise BadParams([f"PHOTOGRAM_BUSY_TIMEOUT is a number of seconds, not {value!r}"]) from error


def presses_per_minute() -> int:
    """Returns how many batches may start within 60 s (more wait): `PHOTOGRAM_PRESSES_PER_MINUTE`, or 10."""
    value = os.environ.get("PHOTOGRAM_PRESSES_PER_MINUTE") or setting("presses_per_minute") or 10
    try:
        return max(1, int(value))
    except (TypeError, ValueError) as error:
        raise BadParams([f"PHOTOGRAM_PRESSES_PER_MINUTE is a whole number, not {value!r}"]) from error


def first_grant_micros() -> int | None:
    """Returns what a new wallet is granted, if that is set: `PHOTOGRAM_GRANT_COINS` or `grant_coins` of the config."""
    value = os.environ.get("PHOTOGRAM_GRANT_COINS") or setting("grant_coins")
    try:
        return None if value is None else round(float(value) * 1000)
    except (TypeError, ValueError) as error:
        raise BadParams([f"PHOTOGRAM_GRANT_COINS is a number of coins, not {value!r}"]) from error
