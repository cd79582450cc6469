"""``ReactionStore`` on SQLite."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from comment_service.store.reactions import Totals
from comment_service.store.rows import MAX_ID
from comment_service.store.sqlite.database import SqliteDatabase

_KIND = "SELECT kind FROM reactions WHERE live_video_id = ? AND comment_id = ? AND user_id = ?"
_PUT = """
INSERT INTO reactions (live_video_id, comment_id, user_id, kind) VALUES (?, ?, ?, ?)
ON CONFLICT DO UPDATE SET kind = excluded.kind
"""
_REMOVE = "DELETE FROM reactions WHERE live_video_id = ? AND comment_id = ? AND user_id = ?"
_OF_COMMENT = "SELECT reactions FROM comments WHERE live_video_id = ? AND comment_id = ?"
_SET_OF_COMMENT = "UPDATE comments SET reactions = ? WHERE live_video_id = ? AND comment_id = ?"
_TOTALS = """
SELECT comment_id, reactions FROM comments
WHERE live_video_id = ? AND reactions != '{{}}' AND deleted = 0 AND comment_id IN ({marks})
"""
_OF_VIDEO = "SELECT reactions FROM videos WHERE live_video_id = ?"
_SET_OF_VIDEO = """
INSERT INTO videos (live_video_id, reactions) VALUES (?, ?) ON CONFLICT DO UPDATE SET reactions = excluded.reactions
"""


class SqliteReactions:
    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def react(self, live_video_id: str, comment_id: int, user_id: str, kind: str) -> bool:
        return await self._change(_Reaction(live_video_id, comment_id, user_id), None, kind)

    async def unreact(self, live_video_id: str, comment_id: int, user_id: str, kind: str) -> bool:
        return await self._change(_Reaction(live_video_id, comment_id, user_id), kind, None)

    async def totals(self, live_video_id: str, comment_ids: Sequence[int]) -> dict[int, Totals]:
        sql = _TOTALS.format(marks=",".join("?" * len(comment_ids)))
        wanted = (min(comment_id, MAX_ID) for comment_id in comment_ids)
        rows = await self._database.rows(sql, (live_video_id, *wanted))
        return {comment_id: _totals(reactions) for comment_id, reactions in rows}

    async def count_for_video(self, live_video_id: str, added: Totals) -> Totals:
        def count(connection: sqlite3.Connection) -> Totals:
            found = connection.execute(_OF_VIDEO, (live_video_id,)).fetchone()
            totals = _totals(found[0]) if found else {}
            for kind, number in added.items():
                totals[kind] = totals.get(kind, 0) + number
            connection.execute(_SET_OF_VIDEO, (live_video_id, json.dumps(totals, sort_keys=True)))
            return totals

        return await self._database.write(count)

    async def of_video(self, live_video_id: str) -> Totals:
        rows = await self._database.rows(_OF_VIDEO, (live_video_id,))
        return _totals(rows[0][0]) if rows else {}

    async def _change(self, reaction: _Reaction, only: str | None, kind: str | None) -> bool:
        """Makes it ``kind``, or none; where ``only`` is given, no other than that."""
        if reaction.comment_id > MAX_ID:
            return False

        def change(connection: sqlite3.Connection) -> bool:
            found = connection.execute(_KIND, reaction).fetchone()
            before = found[0] if found else None
            if before == kind or (only is not None and before != only):
                return False
            if kind is None:
                connection.execute(_REMOVE, reaction)
            else:
                connection.execute(_PUT, (*reaction, kind))
            _move_total(connection, reaction, before, kind)
            return True

        return await self._database.write(change)


class _Reaction(NamedTuple):
    """Whose, and to what."""

    live_video_id: str
    comment_id: int
    user_id: str


def _move_total(connection: sqlite3.Connection, reaction: _Reaction, before: str | None, after: str | None) -> None:
    where = (reaction.live_video_id, reaction.comment_id)
    found = connection.execute(_OF_COMMENT, where).fetchone()
    if found is None:
        return
    totals = _totals(found[0])
    for kind, by in ((before, -1), (after, +1)):
        if kind is not None:
            totals[kind] = totals.get(kind, 0) + by
    text = json.dumps({kind: number for kind, number in sorted(totals.items()) if number > 0})
    connection.execute(_SET_OF_COMMENT, (text, *where))


def _totals(text: str) -> dict[str, int]:
    totals: dict[str, int] = json.loads(text)
    return totals
