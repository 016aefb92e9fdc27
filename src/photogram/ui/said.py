"""Reading what a browser says: of the wanted type, or nothing. A page may say anything."""

from __future__ import annotations

from ..domain.ids import is_id
from .wire import Json


def text(message: Json, name: str) -> str:
    """Returns a text; empty where it is none."""
    value = message.get(name)
    return value if isinstance(value, str) else ""


def whole(message: Json, name: str) -> int:
    """Returns a whole number; 0 where it is none that a row could hold."""
    value = message.get(name)
    return value if isinstance(value, int) and abs(value) < 2**62 else 0


def table(message: Json, name: str) -> Json:
    """Returns an object; an empty one where it is none."""
    value = message.get(name)
    return value if isinstance(value, dict) else {}


def texts(message: Json, name: str, most: int) -> list[str]:
    """Returns the texts of a list, so many at most, each once."""
    value = message.get(name)
    return list(dict.fromkeys(one for one in (value if isinstance(value, list) else []) if isinstance(one, str)))[:most]


def ids(message: Json, prefix: str, most: int) -> list[str]:
    """Returns those of the message's `ids` that are written as ids of this prefix are."""
    return [one for one in texts(message, "ids", most) if is_id(one, prefix)]
