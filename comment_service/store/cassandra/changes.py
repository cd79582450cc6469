"""What was changed in a video after it was written."""

from __future__ import annotations

from comment_service.change import Change, ChangeKind
from comment_service.store.cassandra.database import CassandraDatabase
from comment_service.store.cassandra.statements import Bound
from comment_service.store.rows import MAX_ID

_NOTE = "INSERT INTO changes (live_video_id, change_id, kind, comment_id) VALUES (?, ?, ?, ?)"
_AFTER = "SELECT change_id, kind, comment_id FROM changes WHERE live_video_id = ? AND change_id > ? LIMIT ?"


class ChangeLog:
    def __init__(self, database: CassandraDatabase) -> None:
        self._database = database
        self._note = database.writing(_NOTE)
        self._after = database.reading(_AFTER)

    def note(self, live_video_id: str, change: Change) -> Bound:
        """The write, for whoever makes the change."""
        return self._note(live_video_id, change.change_id, change.kind.value, change.comment_id)

    async def after(self, live_video_id: str, cursor: int, limit: int) -> list[Change]:
        rows = await self._database.rows(self._after(live_video_id, min(cursor, MAX_ID), limit))
        return [Change(change_id, ChangeKind(kind), comment_id) for change_id, kind, comment_id in rows]
