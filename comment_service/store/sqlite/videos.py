"""``VideoStore`` on SQLite."""

from __future__ import annotations

import sqlite3

from comment_service.change import Change, ChangeKind
from comment_service.store.sqlite.comments import note_change
from comment_service.store.sqlite.database import SqliteDatabase
from comment_service.video import Video

_GET = "SELECT live_video_id, ended_at_ms, slow_mode_s FROM videos WHERE live_video_id = ?"
_END = """
INSERT INTO videos (live_video_id, ended_at_ms) VALUES (?, ?)
ON CONFLICT DO UPDATE SET ended_at_ms = excluded.ended_at_ms WHERE ended_at_ms IS NULL
"""
_SET_SLOW_MODE = """
INSERT INTO videos (live_video_id, slow_mode_s) VALUES (?, ?)
ON CONFLICT DO UPDATE SET slow_mode_s = excluded.slow_mode_s
"""


class SqliteVideos:
    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def get(self, live_video_id: str) -> Video:
        rows = await self._database.rows(_GET, (live_video_id,))
        return Video(*rows[0]) if rows else Video(live_video_id)

    async def end(self, live_video_id: str, ended_at_ms: int, change_id: int) -> bool:
        def update(connection: sqlite3.Connection) -> bool:
            if not connection.execute(_END, (live_video_id, ended_at_ms)).rowcount:
                return False
            note_change(connection, live_video_id, Change(change_id, ChangeKind.END))
            return True

        return await self._database.write(update)

    async def set_slow_mode(self, live_video_id: str, seconds: int) -> None:
        await self._database.execute(_SET_SLOW_MODE, (live_video_id, seconds))
