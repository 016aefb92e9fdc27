"""Keys that outlive the session: from the environment, or from the system's keyring where `keyring` is installed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..domain.secret import Secret
from ..errors import BadSettings, KeyringFailed

SERVICE = "photogram"
"""The name under which keys stand in the keyring; the account is the provider's short name."""

_from_keyring: dict[str, Secret | None] = {}
"""What the keyring last said, by provider: asking it may take a second, or put up a window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundKey:
    """A key, and where it came from.

    Attributes:
        secret: The key.
        source: "argument", "session", the environment variable's name, or "keyring".
    """

    secret: Secret
    source: str


def check_key(key: str | Secret, place: str) -> Secret:
    """Returns a key without the spaces around it.

    Args:
        key: The key.
        place: Where it came from, for the message.

    Raises:
        BadSettings: It is empty, or has a character that no key has; the key itself is never repeated.
    """
    key = key if isinstance(key, Secret) else Secret(key)  # no traceback that shows variables shows the text
    if fault := _find_fault(key):
        raise BadSettings(f"The key in {place} {fault}.", next_step="Copy it once more from the provider's page.")
    return Secret(key.reveal().strip())


def _find_fault(key: Secret) -> str:
    value: object = key.reveal()
    if not isinstance(value, str):
        return f"is a {type(value).__name__}, not a text"
    for at, char in enumerate(value.strip(), 1):
        if not " " <= char <= "~":  # such as the … of a shortened copy; a header could not carry it
            return f"has a character that no key has, at position {at}"
    return "" if value.strip() else "is empty"


def find_key(provider: str, variables: Sequence[str], *, keyring: bool = True, afresh: bool = False) -> FoundKey | None:
    """Returns a provider's key from the first of these environment variables that has one, else from the keyring.

    Args:
        provider: Its short name.
        variables: Environment variables that people have for it; without any it has no key.
        keyring: Whether the keyring is asked, too. That may block: not on the engine's loop.
        afresh: Whether the keyring is asked also where its answer is known.

    Raises:
        BadSettings: What is there is no key.
    """
    for variable in variables:
        if os.environ.get(variable, "").strip():
            return FoundKey(secret=check_key(Secret(os.environ[variable]), variable), source=variable)
    if not variables or not keyring:
        return None
    if afresh or provider not in _from_keyring:
        _from_keyring[provider] = _read_keyring(provider)
    found = _from_keyring[provider]
    return FoundKey(secret=found, source="keyring") if found else None


def is_asked(provider: str) -> bool:
    """Tells whether the keyring's answer for a provider is known, so that `find_key` does not block."""
    return provider in _from_keyring


def known_keys(provider: str, variables: Sequence[str]) -> list[Secret]:
    """Returns every key of a provider that is at hand without asking, so that it can be masked."""
    found = [Secret(value) for name in variables if (value := os.environ.get(name, "").strip())]
    kept = _from_keyring.get(provider)
    return [*found, kept] if kept else found


def keep_key(provider: str, key: Secret) -> str:
    """Stores a key in the system's keyring; returns the keyring's name.

    Raises:
        KeyringFailed: There is none, or it refused.
    """
    keyring = _import_keyring()
    if keyring is None:
        raise KeyringFailed("The package keyring is not installed.", next_step="pip install 'photogram[keyring]'")
    try:
        keyring.set_password(SERVICE, provider, key.reveal())
        kept = keyring.get_password(SERVICE, provider)
    except Exception as error:  # noqa: BLE001  backends raise what their system raises
        raise KeyringFailed(f"The keyring did not take it: {_say(error)}.") from None  # its traceback may hold the key
    if kept != key.reveal():
        raise KeyringFailed("This system's keyring keeps nothing.")
    _from_keyring[provider] = key
    return name_keyring() or "keyring"


def forget_key(provider: str) -> bool:
    """Takes a provider's key out of the keyring; returns whether one was there.

    Raises:
        KeyringFailed: It refused.
    """
    keyring = _import_keyring()
    _from_keyring.pop(provider, None)
    if keyring is None or _read_keyring(provider) is None:
        return False
    try:
        keyring.delete_password(SERVICE, provider)
    except Exception as error:  # noqa: BLE001  as above
        raise KeyringFailed(f"The keyring did not delete it: {_say(error)}.") from None
    return True


def name_keyring() -> str | None:
    """Returns what the system's keyring is called, or None where there is none to use."""
    keyring = _import_keyring()
    if keyring is None:
        return None
    try:
        backend = keyring.get_keyring()
        return str(backend.name) if backend.priority > 0 else None
    except Exception:  # noqa: BLE001  as above
        return None


def _read_keyring(provider: str) -> Secret | None:
    keyring = _import_keyring()
    if keyring is None:
        return None
    try:
        found = Secret(keyring.get_password(SERVICE, provider) or "")
    except Exception:  # noqa: BLE001  no keyring (NoKeyringError), a locked one, a system bus that is not there
        return None
    return check_key(found, "the keyring") if found.reveal().strip() else None


def _import_keyring() -> Any:
    try:
        import keyring
    except ImportError:
        return None
    return keyring


def _say(error: Exception) -> str:
    """Returns an error's kind; its words might hold the key."""
    return type(error).__name__
