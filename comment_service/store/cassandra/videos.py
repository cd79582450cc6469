"""``VideoStore`` on Cassandra."""

from __future__ import annotations

from comment_service.change import Change, ChangeKind
from comment_service.store.cassandra.changes import ChangeLog
from comment_service.store.cassandra.database import CassandraDatabase
from comment_service.store.cassandra.statements import SERIAL_HERE
from comment_service.video import Video

_GET = "SELECT ended_at_ms, slow_mode_s FROM videos WHERE live_video_id = ?"
_END = "UPDATE videos SET ended_at_ms = ?, end_change_id = ? WHERE live_video_id = ? IF ended_at_ms = null"
_END_CHANGE = "SELECT end_change_id FROM videos WHERE live_video_id = ?"
_SET_SLOW_MODE = "INSERT INTO videos (live_video_id, slow_mode_s) VALUES (?, ?)"


class CassandraVideos:
    def __init__(self, database: CassandraDatabase, changes: ChangeLog) -> None:
        self._database = database
        self._changes = changes
        self._get = database.reading(_GET)
        self._end = database.transaction(_END)
        self._end_change = database.reading(_END_CHANGE, serial=SERIAL_HERE)
        self._set_slow_mode = database.writing(_SET_SLOW_MODE)

    async def get(self, live_video_id: str) -> Video:
        rows = await self._database.rows(self._get(live_video_id))
        if not rows:
            return Video(live_video_id)
        ended_at_ms, slow_mode_s = rows[0]
        return Video(live_video_id, ended_at_ms, slow_mode_s or 0)

    async def end(self, live_video_id: str, ended_at_ms: int, change_id: int) -> bool:
        ended_now = await self._database.transact(self._end(ended_at_ms, change_id, live_video_id)) is None
        if not ended_now:
            # Whoever ended it may have died before the change was noted.
            [(change_id,)] = await self._database.rows(self._end_change(live_video_id))
        await self._database.write(self._changes.note(live_video_id, Change(change_id, ChangeKind.END)))
        return ended_now

    async def set_slow_mode(self, live_video_id: str, seconds: int) -> None:
        await self._database.write(self._set_slow_mode(live_video_id, seconds))
