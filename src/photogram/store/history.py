"""The `history` view, for our own use: bound values instead of the user's text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .rows import Cursor, plain

if TYPE_CHECKING:
    import pandas as pd


def list_history(
    cur: Cursor, user_id: str, home: str,
    *, search: str | None = None, topic_id: str | None = None, batch_id: str | None = None,
    status: str | Sequence[str] | None = None, model: str | None = None, starred: bool | None = None,
    limit: int | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Returns rows of the `history` view, newest batch first, as a DataFrame.

    Args:
        cur: An open transaction on a cursor of its own.
        user_id: Whose rows.
        home: The workspace, for absolute paths.
        search: Text that the prompt contains, ignoring case.
        topic_id: Only this topic's.
        batch_id: Only this batch's.
        status: One status, or several.
        model: `provider:model`, or a model alone.
        starred: Only those that are (not) starred.
        limit: How many rows at most.
    """
    cur.execute("SET VARIABLE photogram_user = ?", [user_id])
    cur.execute("SET VARIABLE photogram_home = ?", [home])
    where: list[str] = ["true"]
    values: list[Any] = []

    def only(condition: str, *bound: Any) -> None:
        where.append(condition)
        values.extend(plain(one) if isinstance(one, str) else one for one in bound)

    if search:
        only("contains(lower(prompt), lower(?))", search)
    if topic_id:
        only("topic_id = ?", topic_id)
    if batch_id:
        only("batch_id = ?", batch_id)
    if status:
        wanted = [status] if isinstance(status, str) else list(status)
        only("list_contains(?::VARCHAR[], status)", [plain(str(one)) for one in wanted])
    if model:
        only("(model = ? OR provider || ':' || model = ?)", model, model)
    if starred is not None:
        only("starred = ?", starred)
    sql = f"SELECT * FROM history WHERE {' AND '.join(where)} ORDER BY created_at DESC, batch_id DESC, idx"
    if limit is not None:
        sql += " LIMIT ?"
        values.append(limit)
    return cur.execute(sql, values).df()
