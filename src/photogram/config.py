"""Settings and keys. The only file that reads the environment.

Precedence: argument > environment > the user's `config.toml` > default.
"""

from __future__ import annotations

import getpass
import os
import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from .domain.params import show
from .domain.secret import Secret
from .errors import BadParams

DEFAULT_WORKSPACE = "photogram-data"
DEFAULT_MODEL = "sketch:scene"


def config_path() -> Path:
    """Returns where the user's `config.toml` is looked for (`PHOTOGRAM_CONFIG` names another)."""
    named = os.environ.get("PHOTOGRAM_CONFIG")
    if named:
        return Path(named).expanduser()
    from platformdirs import user_config_path

    return user_config_path("photogram", appauthor=False) / "config.toml"


@cache
def _file_settings(path: Path, modified_ns: int) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise BadParams([f"{path} is not TOML: {error}"]) from error


def _setting(name: str) -> Any:
    path = config_path()
    try:
        modified_ns = path.stat().st_mtime_ns
    except OSError:
        return None
    return _file_settings(path, modified_ns).get(name)


def workspace(path: str | os.PathLike[str] | None = None) -> Path:
    """Returns the workspace's folder: argument, `PHOTOGRAM_HOME`, `workspace` of the config, or `./photogram-data`."""
    chosen = path or os.environ.get("PHOTOGRAM_HOME") or _setting("workspace") or DEFAULT_WORKSPACE
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
    return os.environ.get("PHOTOGRAM_MODEL") or _setting("model") or DEFAULT_MODEL


def busy_timeout_s() -> float:
    """Returns how long a busy workspace is waited for: `PHOTOGRAM_BUSY_TIMEOUT`, `busy_timeout_s`, or 30 s."""
    value = os.environ.get("PHOTOGRAM_BUSY_TIMEOUT") or _setting("busy_timeout_s") or 30.0
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise BadParams([f"PHOTOGRAM_BUSY_TIMEOUT is a number of seconds, not {value!r}"]) from error


def presses_per_minute() -> int:
    """Returns how many batches may start within 60 s (more wait): `PHOTOGRAM_PRESSES_PER_MINUTE`, or 10."""
    value = os.environ.get("PHOTOGRAM_PRESSES_PER_MINUTE") or _setting("presses_per_minute") or 10
    try:
        return max(1, int(value))
    except (TypeError, ValueError) as error:
        raise BadParams([f"PHOTOGRAM_PRESSES_PER_MINUTE is a whole number, not {value!r}"]) from error


def first_grant_micros() -> int | None:
    """Returns what a new wallet is granted, if that is set: `PHOTOGRAM_GRANT_COINS` or `grant_coins` of the config."""
    value = os.environ.get("PHOTOGRAM_GRANT_COINS") or _setting("grant_coins")
    try:
        return None if value is None else round(float(value) * 1000)
    except (TypeError, ValueError) as error:
        raise BadParams([f"PHOTOGRAM_GRANT_COINS is a number of coins, not {value!r}"]) from error


def find_key(provider: str, variables: Sequence[str]) -> Secret | None:
    """Returns a provider's key from the first of these environment variables that has one, or None."""
    for variable in variables:
        if value := os.environ.get(variable, "").strip():
            return Secret(value)
    return None


def base_url_of(provider: str, default: str, variables: Sequence[str] = ()) -> str:
    """Returns a provider's address, without a trailing slash.

    Args:
        provider: Its short name; `PHOTOGRAM_<PROVIDER>_BASE_URL` goes before everything else.
        default: Its built-in address, or "".
        variables: Other environment variables that people have for it.
    """
    own = f"PHOTOGRAM_{provider.upper().replace('-', '_')}_BASE_URL"
    found = next((os.environ[name] for name in (own, *variables) if os.environ.get(name)), default)
    return found.strip().rstrip("/")
