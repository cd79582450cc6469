"""``CommentStore`` on SQLite."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from dataclasses import replace
from typing import Any

from comment_service.change import Change, ChangeKind
from comment_service.comment import Comment
from comment_service.store.errors import StoreConflict
from comment_service.store.rows import MAX_ID, media_of, media_text
from comment_service.store.sqlite.database import SqliteDatabase
from comment_service.store.sqlite.media import count_uses

_INSERT = """
INSERT INTO comments (comment_id, live_video_id, author_id, author_name, content, reply_to, edited_at_ms, media)
VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
_AUTHOR_AND_THREAD = "SELECT author_id, reply_to FROM comments WHERE live_video_id = ? AND comment_id = ?"
_COUNT_REPLY = "UPDATE comments SET reply_count = reply_count + ? WHERE live_video_id = ? AND comment_id = ?"
_SELECT = """
SELECT comment_id, live_video_id, author_id, author_name, content, reply_to, edited_at_ms,
       media, reactions, reply_count
FROM comments WHERE live_video_id = ? AND deleted = 0
"""
_GET = _SELECT + " AND comment_id = ?"
_BEFORE = _SELECT + " AND comment_id < ? ORDER BY comment_id DESC LIMIT ?"
_AFTER = _SELECT + " AND comment_id > ? ORDER BY comment_id ASC LIMIT ?"
_REPLIES = _SELECT + " AND reply_to = ? AND comment_id > ? ORDER BY comment_id ASC LIMIT ?"
_EDIT = """
UPDATE comments
SET content = CASE WHEN coalesce(edited_at_ms, 0) <= ?2 THEN ?1 ELSE content END,
    edited_at_ms = max(coalesce(edited_at_ms, 0), ?2)
WHERE live_video_id = ?3 AND comment_id = ?4 AND deleted = 0
"""
_TO_DELETE = "SELECT reply_to, media FROM comments WHERE live_video_id = ? AND comment_id = ? AND deleted = 0"
# The flag stays, so that the same comment added once more is not back.
_DELETE = "UPDATE comments SET deleted = 1, content = '', media = '[]' WHERE live_video_id = ? AND comment_id = ?"
_ADD_CHANGE = "INSERT INTO changes (live_video_id, change_id, kind, comment_id) VALUES (?, ?, ?, ?)"
_CHANGES = """
SELECT change_id, kind, comment_id FROM changes
WHERE live_video_id = ? AND change_id > ? ORDER BY change_id LIMIT ?
"""


class SqliteComments:
    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    def add(self, comment: Comment) -> asyncio.Future[None]:
        row = (
            comment.comment_id,
            comment.live_video_id,
            comment.author_id,
            comment.author_name,
            comment.content,
            comment.reply_to,
            comment.edited_at_ms,
            media_text(comment.media),
        )

        def insert(connection: sqlite3.Connection) -> None:
            if not connection.execute(_INSERT, row).rowcount:
                _require_same(connection, comment)
                return
            if comment.reply_to is not None:
                connection.execute(_COUNT_REPLY, (1, comment.live_video_id, comment.reply_to))
            if comment.media:
                count_uses(connection, [each.media_id for each in comment.media], 1)

        return self._database.write(insert)

    async def get(self, live_video_id: str, comment_id: int) -> Comment | None:
        if comment_id > MAX_ID:
            return None
        found = await self._select(_GET, live_video_id, comment_id)
        return found[0] if found else None

    async def before(self, live_video_id: str, cursor: int | None, limit: int) -> list[Comment]:
        newest = MAX_ID if cursor is None else min(cursor, MAX_ID)
        return await self._select(_BEFORE, live_video_id, newest, limit)

    async def after(self, live_video_id: str, cursor: int, limit: int) -> list[Comment]:
        return await self._select(_AFTER, live_video_id, min(cursor, MAX_ID), limit)

    async def replies(self, live_video_id: str, comment_id: int, cursor: int, limit: int) -> list[Comment]:
        return await self._select(_REPLIES, live_video_id, min(comment_id, MAX_ID), min(cursor, MAX_ID), limit)

    async def edit(self, live_video_id: str, comment_id: int, content: str, edited_at_ms: int, change_id: int) -> bool:
        if comment_id > MAX_ID:
            return False

        def update(connection: sqlite3.Connection) -> bool:
            row = (content, edited_at_ms, live_video_id, comment_id)
            if not connection.execute(_EDIT, row).rowcount:
                return False
            note_change(connection, live_video_id, Change(change_id, ChangeKind.EDIT, comment_id))
            return True

        return await self._database.write(update)

    async def delete(self, live_video_id: str, comment_id: int, change_id: int) -> bool:
        if comment_id > MAX_ID:
            return False

        def update(connection: sqlite3.Connection) -> bool:
            found = connection.execute(_TO_DELETE, (live_video_id, comment_id)).fetchone()
            if found is None:
                return False
            thread, media = found
            connection.execute(_DELETE, (live_video_id, comment_id))
            if thread is not None:
                connection.execute(_COUNT_REPLY, (-1, live_video_id, thread))
            count_uses(connection, [each.media_id for each in media_of(media)], -1)
            note_change(connection, live_video_id, Change(change_id, ChangeKind.DELETE, comment_id))
            return True

        return await self._database.write(update)

    async def changes(self, live_video_id: str, cursor: int, limit: int) -> list[Change]:
        rows = await self._database.rows(_CHANGES, (live_video_id, min(cursor, MAX_ID), limit))
        return [Change(change_id, ChangeKind(kind), comment_id) for change_id, kind, comment_id in rows]

    async def _select(self, sql: str, *parameters: Any) -> list[Comment]:
        return [_comment(row) for row in await self._database.rows(sql, parameters)]


def note_change(connection: sqlite3.Connection, live_video_id: str, change: Change) -> None:
    """Within a write, also one of another noun."""
    connection.execute(_ADD_CHANGE, (live_video_id, change.change_id, change.kind, change.comment_id))


def _require_same(connection: sqlite3.Connection, comment: Comment) -> None:
    found = connection.execute(_AUTHOR_AND_THREAD, (comment.live_video_id, comment.comment_id)).fetchone()
    if found != (comment.author_id, comment.reply_to):
        raise StoreConflict(f"{comment.comment_id} in {comment.live_video_id} is another comment")


def _comment(row: tuple[Any, ...]) -> Comment:
    *plain, media, reactions, reply_count = row
    comment = Comment(*plain)
    if media == "[]" and reactions == "{}" and not reply_count:  # most are so
        return comment
    return replace(comment, media=media_of(media), reactions=json.loads(reactions), reply_count=reply_count)
