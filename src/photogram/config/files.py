"""The user's own files: `config.toml`, and `models.toml` beside it."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ..errors import BadParams


def config_path() -> Path:
    """Returns where the user's `config.toml` is looked for (`PHOTOGRAM_CONFIG` names another)."""
    named = os.environ.get("PHOTOGRAM_CONFIG")
    if named:
        return Path(named).expanduser()
    from platformdirs import user_config_path

    return user_config_path("photogram", appauthor=False) / "config.toml"


def models_path() -> Path:
    """Returns where the user's `models.toml` is looked for: beside `config.toml`."""
    return config_path().with_name("models.toml")


def setting(name: str) -> Any:
    """Returns what `config.toml` says of something, or None.

    Raises:
        BadParams: The file is not TOML.
    """
    path = config_path()
    try:
        modified_ns = path.stat().st_mtime_ns
    except OSError:
        return None
    return _settings_in(path, modified_ns).get(name)


def provider_setting(provider: str, name: str) -> Any:
    """Returns what `[providers.<provider>]` of `config.toml` says of something, or None.

    Raises:
        BadParams: The file is not TOML.
    """
    found = setting("providers")
    table = found.get(provider) if isinstance(found, Mapping) else None
    return table.get(name) if isinstance(table, Mapping) else None


@cache
def _settings_in(path: Path, modified_ns: int) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadParams([f"{path} is not TOML: {error}"]) from error
