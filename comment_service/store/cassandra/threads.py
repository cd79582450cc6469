"""Replies: which comments a thread has, and their rows."""

from __future__ import annotations

import asyncio

from comment_service.comment import Comment
from comment_service.store.cassandra.batches import OnEnd, PartitionBatches
from comment_service.store.cassandra.comment_rows import SELECT, by_bucket, comment_of, written_at_us
from comment_service.store.cassandra.database import CassandraDatabase
from comment_service.store.cassandra.statements import Bound
from comment_service.store.rows import MAX_ID
from coordination.ids import bucket_of_id

_INSERT = "INSERT INTO replies (live_video_id, bucket, thread_id, comment_id) VALUES (?, ?, ?, ?) USING TIMESTAMP ?"
_REMOVE = """
DELETE FROM replies USING TIMESTAMP ? WHERE live_video_id = ? AND bucket = ? AND thread_id = ? AND comment_id = ?
"""
_IDS = """
SELECT comment_id FROM replies
WHERE live_video_id = ? AND bucket = ? AND thread_id = ? AND comment_id > ? LIMIT ?
"""
_ROWS = SELECT + "IN ?"
_ROW_BYTES = 100
_MAX_PARALLEL = 32


class Threads:
    def __init__(self, database: CassandraDatabase, batches: PartitionBatches) -> None:
        self._database = database
        self._batches = batches
        self._insert = database.writing(_INSERT)
        self._remove = database.writing(_REMOVE)
        self._ids = database.reading(_IDS)
        self._rows = database.reading(_ROWS)

    def add(self, reply: Comment, on_end: OnEnd) -> None:
        """Notes that the thread has it. The caller has it admitted."""
        key = _key(reply)
        query = self._insert(*key, reply.comment_id, written_at_us(reply.comment_id))
        self._batches.write(("replies", *key[:2]), query, _ROW_BYTES, on_end)

    def removal(self, reply: Comment, at_us: int) -> Bound:
        return self._remove(at_us, *_key(reply), reply.comment_id)

    async def page(self, live_video_id: str, thread_id: int, cursor: int, limit: int) -> list[Comment]:
        """As ``CommentStore.replies``, without totals."""
        found: list[Comment] = []
        cursor = min(cursor, MAX_ID)
        while len(found) < limit:
            missing = limit - len(found)
            query = self._ids(live_video_id, bucket_of_id(thread_id), thread_id, cursor, missing)
            ids = [row[0] for row in await self._database.rows(query)]
            found += await self._comments(live_video_id, ids)
            if len(ids) < missing:
                break
            cursor = ids[-1]  # some may have no row yet: their writes are under way
        return found

    async def _comments(self, live_video_id: str, ids: list[int]) -> list[Comment]:
        groups = list(by_bucket(ids).items())
        found: list[Comment] = []
        for start in range(0, len(groups), _MAX_PARALLEL):
            part = groups[start : start + _MAX_PARALLEL]
            reads = (self._database.rows(self._rows(live_video_id, bucket, numbers)) for bucket, numbers in part)
            for rows in await asyncio.gather(*reads):
                found += [comment for row in rows if (comment := comment_of(row)) is not None]
        return sorted(found, key=lambda comment: comment.comment_id)


def _key(reply: Comment) -> tuple[str, int, int]:
    assert reply.reply_to is not None
    return reply.live_video_id, bucket_of_id(reply.reply_to), reply.reply_to
