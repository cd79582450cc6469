"""Which buckets of a video hold comments: noted before the first comment of each."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from comment_service.store.cassandra.comment_rows import MAX_BUCKET
from comment_service.store.cassandra.database import CassandraDatabase

_NOTE = "INSERT INTO comment_buckets (live_video_id, bucket) VALUES (?, ?)"
_BELOW = "SELECT bucket FROM comment_buckets WHERE live_video_id = ? AND bucket < ? LIMIT ?"
_ABOVE = "SELECT bucket FROM comment_buckets WHERE live_video_id = ? AND bucket > ? ORDER BY bucket ASC LIMIT ?"
_Key = tuple[str, int]


class BucketIndex:
    """Remembers what it has noted, the last ``remembered_buckets`` of them, so that a comment costs no extra write."""

    def __init__(self, database: CassandraDatabase) -> None:
        self._database = database
        self._note = database.writing(_NOTE)
        self._below = database.reading(_BELOW)
        self._above = database.reading(_ABOVE)
        self._noted: OrderedDict[_Key, None] = OrderedDict()
        self._under_way: dict[_Key, asyncio.Future[None]] = {}

    def note(self, live_video_id: str, bucket: int) -> asyncio.Future[None] | None:
        """None where the bucket is noted; else what is done, with the failure if any, once it is."""
        key = (live_video_id, bucket)
        if key in self._noted:
            self._noted.move_to_end(key)
            return None
        noting = self._under_way.get(key)
        if noting is None:
            noting = self._under_way[key] = self._database.send([self._note(*key)])
            noting.add_done_callback(lambda done: self._ended(key, done))
        return noting

    async def below(self, live_video_id: str, bucket: int | None, limit: int) -> list[int]:
        """Up to ``limit`` of the video's buckets before ``bucket`` (None: all), the latest first."""
        edge = MAX_BUCKET + 1 if bucket is None else bucket
        return [row[0] for row in await self._database.rows(self._below(live_video_id, edge, limit))]

    async def above(self, live_video_id: str, bucket: int, limit: int) -> list[int]:
        """Up to ``limit`` of the video's buckets after ``bucket``, the earliest first."""
        return [row[0] for row in await self._database.rows(self._above(live_video_id, bucket, limit))]

    def _ended(self, key: _Key, done: asyncio.Future[None]) -> None:
        del self._under_way[key]
        if done.exception() is None:
            self._noted[key] = None
            if len(self._noted) > self._database.options.remembered_buckets:
                self._noted.popitem(last=False)
