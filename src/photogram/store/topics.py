"""Topics: named collections of batches."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from ..domain.records import TopicRecord
from ..errors import NotFound, NotYours
from .rows import Cursor, marks, owned, plain
from .settings import get_setting

_SELECT = """
    SELECT t.id, t.title, t.title_source, t.cover_sha256, t.created_at, t.last_activity_at,
           (SELECT count(*) FROM batches b WHERE b.topic_id = t.id AND b.deleted_at IS NULL),
           (SELECT count(*) FROM generations g JOIN batches b ON b.id = g.batch_id
             WHERE b.topic_id = t.id AND b.deleted_at IS NULL AND g.deleted_at IS NULL)
    FROM topics t
"""


def _read(row: tuple[Any, ...]) -> TopicRecord:
    return TopicRecord(
        id=row[0], title=row[1], title_source=row[2], cover_sha256=row[3], created_at=row[4], last_activity_at=row[5],
        batches=row[6], images=row[7],
    )  # fmt: skip


def create_topic(cur: Cursor, user_id: str, topic_id: str, title: str, title_source: str, now: datetime) -> None:
    """Makes a topic; a second call with the same id does nothing."""
    cur.execute(
        "INSERT INTO topics (id, user_id, title, title_source, last_activity_at, created_at) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT DO NOTHING",
        [topic_id, user_id, title, title_source, now, now],
    )


def get_topic(cur: Cursor, user_id: str, topic_id: str) -> TopicRecord:
    """Returns one topic.

    Raises:
        NotFound: There is none, or it was deleted.
        NotYours: It is another user's.
    """
    owned(cur, "topics", topic_id, user_id, "topic")
    row = cur.execute(f"{_SELECT} WHERE t.id = ?", [topic_id]).fetchone()
    assert row is not None
    return _read(row)


def check_topic(cur: Cursor, user_id: str, topic_id: str) -> str:
    """Returns the id of a topic that is there, without counting what is in it.

    Raises:
        NotFound: There is none, or it was deleted.
        NotYours: It is another user's.
    """
    owned(cur, "topics", topic_id, user_id, "topic")
    return topic_id


def find_remembered_topic(cur: Cursor, user_id: str, setting: str) -> str | None:
    """Returns the id of the topic that a setting names, or None where that is not there (any more)."""
    topic_id = get_setting(cur, user_id, setting)
    with suppress(NotFound, NotYours):
        return check_topic(cur, user_id, topic_id) if topic_id else None
    return None


def find_topic(cur: Cursor, user_id: str, title: str) -> str | None:
    """Returns the id of the user's topic with this title (ignoring case; the newest of several), or None."""
    row = cur.execute(
        "SELECT id FROM topics WHERE user_id = ? AND lower(title) = lower(?) AND deleted_at IS NULL "
        "ORDER BY title = ? DESC, last_activity_at DESC LIMIT 1",
        [user_id, plain(title).strip(), plain(title).strip()],
    ).fetchone()
    return row[0] if row else None


def list_topics(cur: Cursor, user_id: str, *, limit: int = 1000) -> list[TopicRecord]:
    """Returns the user's topics, the last active first."""
    rows = cur.execute(
        f"{_SELECT} WHERE t.user_id = ? AND t.deleted_at IS NULL ORDER BY t.last_activity_at DESC, t.id DESC LIMIT ?",
        [user_id, limit],
    ).fetchall()
    return [_read(row) for row in rows]


def list_covers(cur: Cursor, user_id: str, topic_ids: Sequence[str]) -> list[str]:
    """Returns the sha256 of the covers of those of these topics that are there and this user's."""
    if not topic_ids:
        return []
    rows = cur.execute(
        "SELECT DISTINCT cover_sha256 FROM topics WHERE user_id = ? AND deleted_at IS NULL "
        f"AND cover_sha256 IS NOT NULL AND id IN ({marks(topic_ids)})",
        [user_id, *map(plain, topic_ids)],
    ).fetchall()
    return [row[0] for row in rows]


def list_changed_topics(cur: Cursor, user_id: str, since: int) -> tuple[list[TopicRecord], list[str]]:
    """Returns the user's topics that changed after a revision, and the ids of those that were deleted after it."""
    changed = cur.execute(
        f"{_SELECT} WHERE t.user_id = ? AND t.deleted_at IS NULL AND t.revision > ?", [user_id, since]
    ).fetchall()
    gone = cur.execute(
        "SELECT id FROM topics WHERE user_id = ? AND deleted_at IS NOT NULL AND revision > ?", [user_id, since]
    ).fetchall()
    return [_read(row) for row in changed], [row[0] for row in gone]


def rename_topic(cur: Cursor, user_id: str, topic_id: str, title: str, title_source: str = "user") -> None:
    """Gives a topic another title; one that a person typed is only replaced by a person.

    Raises:
        NotFound: There is none, or it was deleted.
        NotYours: It is another user's.
    """
    owned(cur, "topics", topic_id, user_id, "topic")
    cur.execute(
        "UPDATE topics SET title = ?, title_source = ?, revision = nextval('revision') "
        "WHERE id = ? AND (? = 'user' OR title_source <> 'user')",
        [title, title_source, topic_id, title_source],
    )


def delete_topic(cur: Cursor, user_id: str, topic_id: str, now: datetime) -> int:
    """Deletes a topic (softly) with everything in it, and returns how many images that hid. The ledger stays.

    Its batches need no mark of their own: nothing of a deleted topic is shown, and Undo brings back exactly what was
    there.

    Raises:
        NotFound: There is none, or it was deleted.
        NotYours: It is another user's.
    """
    images = get_topic(cur, user_id, topic_id).images
    cur.execute("UPDATE topics SET deleted_at = ?, revision = nextval('revision') WHERE id = ?", [now, topic_id])
    return images


def restore_topic(cur: Cursor, user_id: str, topic_id: str) -> None:
    """Undoes `delete_topic`.

    Raises:
        NotFound: There is none (any more).
        NotYours: It is another user's.
    """
    owned(cur, "topics", topic_id, user_id, "topic", deleted=True)
    cur.execute("UPDATE topics SET deleted_at = NULL, revision = nextval('revision') WHERE id = ?", [topic_id])


def choose_cover(cur: Cursor, topic_id: str) -> None:
    """Makes the topic's first image that is left its cover (none, if none is left)."""
    cur.execute(
        """
        UPDATE topics SET revision = nextval('revision'), cover_sha256 = (
            SELECT g.asset_sha256
            FROM generations g JOIN batches b ON b.id = g.batch_id JOIN tasks k ON k.id = g.task_id
            WHERE b.topic_id = ? AND g.asset_sha256 IS NOT NULL AND g.deleted_at IS NULL AND b.deleted_at IS NULL
            ORDER BY k.finished_at, b.created_at, g.idx LIMIT 1)
        WHERE id = ?
        """,
        [topic_id, topic_id],
    )


def unfinished_of_topic(cur: Cursor, user_id: str, topic_id: str) -> list[str]:
    """Returns the ids of the topic's tasks that are pending or processing."""
    rows = cur.execute(
        "SELECT k.id FROM tasks k JOIN batches b ON b.id = k.batch_id "
        "WHERE b.topic_id = ? AND k.user_id = ? AND k.status IN ('pending', 'processing') ORDER BY k.id",
        [topic_id, user_id],
    ).fetchall()
    return [row[0] for row in rows]
