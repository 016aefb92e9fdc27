"""Settings and keys. Only this package reads the environment.

Precedence: argument > environment > the user's `config.toml` > default; for keys: argument > session > environment >
the system's keyring.
"""

from .addresses import base_url_of, base_url_variable
from .files import config_path, models_path
from .keys import FoundKey, check_key, find_key, forget_key, is_asked, keep_key, known_keys, name_keyring
from .settings import (
    DEFAULT_MODEL,
    DEFAULT_WORKSPACE,
    busy_timeout_s,
    default_model,
    first_grant_micros,
    presses_per_minute,
    user,
    workspace,
)

__all__ = [
    "DEFAULT_MODEL",
    "DEFAULT_WORKSPACE",
    "FoundKey",
    "base_url_of",
    "base_url_variable",
    "busy_timeout_s",
    "check_key",
    "config_path",
    "default_model",
    "find_key",
    "first_grant_micros",
    "forget_key",
    "is_asked",
    "keep_key",
    "known_keys",
    "models_path",
    "name_keyring",
    "presses_per_minute",
    "user",
    "workspace",
]
