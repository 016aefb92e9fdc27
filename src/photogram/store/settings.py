"""Small things remembered per user and workspace, such as the active topic."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .rows import Cursor


def get_setting(cur: Cursor, user_id: str, key: str) -> Any:
    """Returns a remembered JSON value, or None."""
    row = cur.execute("SELECT value FROM settings WHERE user_id = ? AND key = ?", [user_id, key]).fetchone()
    return json.loads(row[0]) if row else None


def set_setting(cur: Cursor, user_id: str, key: str, value: Any) -> None:
    """Remembers a JSON value."""
    cur.execute(
        "INSERT INTO settings VALUES (?, ?, ?) ON CONFLICT (user_id, key) DO UPDATE SET value = excluded.value",
        [user_id, key, json.dumps(value)],
    )


def merge_setting(cur: Cursor, user_id: str, key: str, changes: Mapping[str, Any]) -> None:
    """Changes some entries of a remembered JSON object; the others stay as they are by then."""
    set_setting(cur, user_id, key, {**(get_setting(cur, user_id, key) or {}), **changes})
