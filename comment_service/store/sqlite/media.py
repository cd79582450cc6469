"""``MediaStore`` on SQLite."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence

from comment_service.comment import Media
from comment_service.store.sqlite.database import SqliteDatabase

_ADD = """
INSERT INTO media (media_id, content_type, width, height, uploader_id, created_at_ms) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING
"""
_GET = "SELECT media_id, content_type, width, height FROM media WHERE media_id IN ({marks})"
_USE = "INSERT INTO media_uses (media_id, live_video_id, comment_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_RELEASE = "DELETE FROM media_uses WHERE media_id = ? AND live_video_id = ? AND comment_id = ?"
_FORGET = """
DELETE FROM media WHERE media_id = ?1 AND NOT EXISTS (SELECT 1 FROM media_uses WHERE media_id = ?1)
"""


class SqliteMedia:
    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def add(self, media: Media, uploader_id: str, created_at_ms: int) -> None:
        row = (media.media_id, media.content_type, media.width, media.height, uploader_id, created_at_ms)

        def insert(connection: sqlite3.Connection) -> None:
            connection.execute(_ADD, row)

        await asyncio.shield(self._database.write(insert))

    async def get(self, media_ids: Sequence[str]) -> dict[str, Media]:
        sql = _GET.format(marks=",".join("?" * len(media_ids)))
        rows = await self._database.rows(sql, tuple(media_ids))
        return {row[0]: Media(*row) for row in rows}

    async def use(self, media_ids: Sequence[str], live_video_id: str, comment_id: int) -> None:
        def insert(connection: sqlite3.Connection) -> None:
            connection.executemany(_USE, [(media_id, live_video_id, comment_id) for media_id in media_ids])

        await asyncio.shield(self._database.write(insert))

    async def release(self, media_ids: Sequence[str], live_video_id: str, comment_id: int) -> list[str]:
        def remove(connection: sqlite3.Connection) -> list[str]:
            connection.executemany(_RELEASE, [(media_id, live_video_id, comment_id) for media_id in media_ids])
            return [media_id for media_id in media_ids if connection.execute(_FORGET, (media_id,)).rowcount]

        return await asyncio.shield(self._database.write(remove))
