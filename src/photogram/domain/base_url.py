"""Addresses of providers, as users write them."""

from __future__ import annotations

from urllib.parse import urlsplit

from ..errors import BadSettings


def read_base_url(text: object, place: str) -> str:
    """Returns an address without its trailing slash.

    Args:
        text: As the user wrote it: `https://gateway.example/openai`.
        place: Where it was written, for the message.

    Raises:
        BadSettings: It is no plain address of http or https. It is not repeated: it may hold a password.
    """
    wrong = _find_fault(text) if isinstance(text, str) else f"is a {type(text).__name__}, not a text"
    if wrong:
        raise BadSettings(
            f"The address in {place} {wrong}.", next_step="Write it like https://host:8000/path, without a query."
        )
    return str(text).strip().rstrip("/")


def _find_fault(text: str) -> str:
    text = text.strip()
    if any(char.isspace() or not char.isprintable() or char == "\\" for char in text):
        return "has a space or another character that no address has"
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is none"
    if parts.scheme not in ("http", "https"):
        return "does not begin with http:// or https://"
    if not host or not host.strip("."):
        return "names no host"
    if "@" in parts.netloc:
        return "has a user name or a password in it; give a password as the provider's key"
    if "?" in text or "#" in text:
        return "has a query or a fragment"
    return ""
