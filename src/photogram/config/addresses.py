"""Where providers are."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ..domain.base_url import read_base_url
from ..errors import BadSettings
from .files import config_path, provider_setting


def base_url_variable(provider: str) -> str:
    """Returns the environment variable that moves a provider: `PHOTOGRAM_OPENAI_BASE_URL`."""
    return f"PHOTOGRAM_{provider.upper().replace('-', '_')}_BASE_URL"


def base_url_of(provider: str, default: str, variables: Sequence[str] = ()) -> str:
    """Returns a provider's address, without a trailing slash.

    The order: `PHOTOGRAM_<PROVIDER>_BASE_URL`, the other variables, `[providers.<provider>] base_url` of `config.toml`,
    the built-in one.

    Args:
        provider: Its short name.
        default: Its built-in address, or "" for one that everybody has elsewhere.
        variables: Other environment variables in which people have it.

    Raises:
        BadSettings: It is no plain address of http or https, or there is none.
    """
    own = base_url_variable(provider)
    for variable in (own, *variables):
        if found := os.environ.get(variable, "").strip():
            return read_base_url(found, variable)
    if (found := provider_setting(provider, "base_url")) not in (None, ""):
        return read_base_url(found, f"[providers.{provider}] of {config_path()}")
    if not default.strip():
        raise BadSettings(
            f"Nobody said where {provider} is.",
            next_step=f"Set the environment variable {' or '.join((own, *variables))} to its address, "
            f"or base_url in [providers.{provider}] of {config_path()}.",
        )
    return default.strip().rstrip("/")
