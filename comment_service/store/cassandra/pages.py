"""Pages of a video's history, over as many buckets as they take."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from comment_service.comment import Comment
from comment_service.store.cassandra.buckets import BucketIndex
from comment_service.store.cassandra.comment_rows import SELECT, comment_of
from comment_service.store.cassandra.database import CassandraDatabase
from comment_service.store.cassandra.statements import Statement
from comment_service.store.rows import MAX_ID
from coordination.ids import bucket_of_id

_BEFORE = SELECT + "< ? LIMIT ?"
_AFTER = SELECT + "> ? ORDER BY comment_id ASC LIMIT ?"
# Rows that one request asks for; deleted ones are among them.
_MAX_ROWS = 1_000
_INDEX_PAGE = 64
_MAX_PARALLEL = 16


class CommentPages:
    """Reads buckets in the direction of the walk: one, then two at a time, four, … as long as the page is not full."""

    def __init__(self, database: CassandraDatabase, buckets: BucketIndex) -> None:
        self._database = database
        self._buckets = buckets
        self._before = database.reading(_BEFORE)
        self._after = database.reading(_AFTER)

    async def before(self, live_video_id: str, cursor: int | None, limit: int) -> list[Comment]:
        """As ``CommentStore.before``, without totals and counts."""

        async def index(bucket: int | None) -> list[int]:
            return await self._buckets.below(live_video_id, bucket, _INDEX_PAGE)

        async def read(bucket: int, limit: int) -> list[Comment]:
            edge = MAX_ID if cursor is None else min(cursor, MAX_ID)
            return await self._bucket(self._before, live_video_id, bucket, edge, limit)

        if cursor is None:
            return await _walk(index, read, limit, [], await index(None))
        return await self._from(cursor, index, read, limit)

    async def after(self, live_video_id: str, cursor: int, limit: int) -> list[Comment]:
        """As ``CommentStore.after``, without totals and counts."""

        async def index(bucket: int | None) -> list[int]:
            return await self._buckets.above(live_video_id, -1 if bucket is None else bucket, _INDEX_PAGE)

        async def read(bucket: int, limit: int) -> list[Comment]:
            return await self._bucket(self._after, live_video_id, bucket, min(cursor, MAX_ID), limit)

        return await self._from(cursor, index, read, limit)

    async def _from(self, cursor: int, index: _Index, read: _Read, limit: int) -> list[Comment]:
        # The cursor's own bucket is most often all that a page needs; whether it is, the index need not say.
        own = bucket_of_id(min(cursor, MAX_ID))
        found, further = await asyncio.gather(read(own, limit), index(own))
        return await _walk(index, read, limit, found, further)

    async def _bucket(
        self, statement: Statement, live_video_id: str, bucket: int, edge: int, limit: int
    ) -> list[Comment]:
        found: list[Comment] = []
        size = min(limit, _MAX_ROWS)
        while True:
            rows = await self._database.rows(statement(live_video_id, bucket, edge, size))
            found += [comment for row in rows if (comment := comment_of(row)) is not None]
            if len(rows) < size or len(found) >= limit:
                return found[:limit]
            edge = rows[-1][0]
            size = min(4 * size, _MAX_ROWS)  # there may be a long row of deleted ones


_Index = Callable[[int | None], Awaitable[list[int]]]
_Read = Callable[[int, int], Awaitable[list[Comment]]]


async def _walk(index: _Index, read: _Read, limit: int, found: list[Comment], buckets: list[int]) -> list[Comment]:
    """Goes on from ``found`` through ``buckets``, and then through what the index has beyond them."""
    at_a_time = 1
    more = len(buckets) == _INDEX_PAGE
    while len(found) < limit and buckets:
        taken, rest = buckets[:at_a_time], buckets[at_a_time:]
        missing = limit - len(found)
        for part in await asyncio.gather(*(read(bucket, missing) for bucket in taken)):
            found += part
        at_a_time = min(2 * at_a_time, _MAX_PARALLEL)
        if not rest and more:
            rest = await index(taken[-1])
            more = len(rest) == _INDEX_PAGE
        buckets = rest
    return found[:limit]
