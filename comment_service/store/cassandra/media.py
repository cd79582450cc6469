"""``MediaStore`` on Cassandra."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from comment_service.comment import Media
from comment_service.store.cassandra.database import CassandraDatabase
from comment_service.store.cassandra.faults import CassandraFault
from comment_service.store.cassandra.statements import SERIAL_HERE, Bound
from comment_service.store.errors import StoreUnavailable

_GET = "SELECT DISTINCT media_id, content_type, width, height FROM media WHERE media_id = ?"
_USES = "SELECT version, live_video_id, comment_id FROM media WHERE media_id = ? LIMIT 2"
_KNOW = """
UPDATE media SET content_type = ?, width = ?, height = ?, uploader_id = ?, created_at_ms = ?, version = ?
WHERE media_id = ? IF version = ?
"""
_TOUCH = "UPDATE media SET version = ? WHERE media_id = ? IF version = ?"
_FORGET = """
UPDATE media SET content_type = null, width = null, height = null, uploader_id = null, version = ?
WHERE media_id = ? IF version = ?
"""
_USE = "INSERT INTO media (media_id, live_video_id, comment_id) VALUES (?, ?, ?)"
_RELEASE = "DELETE FROM media WHERE media_id = ? AND live_video_id = ? AND comment_id = ?"
_ATTEMPTS = 20


class CassandraMedia:
    """All that changes an image or its uses is a transaction on the image's version, so a use and the release of the
    last other one never both believe that they were alone."""

    def __init__(self, database: CassandraDatabase) -> None:
        self._database = database
        self._get = database.reading(_GET)
        self._uses = database.reading(_USES, serial=SERIAL_HERE)
        self._know = database.transaction(_KNOW)
        self._touch = database.transaction(_TOUCH)
        self._forget = database.transaction(_FORGET)
        self._use = database.transaction(_USE)
        self._release = database.transaction(_RELEASE)

    async def add(self, media: Media, uploader_id: str, created_at_ms: int) -> None:
        values = (media.content_type, media.width, media.height, uploader_id, created_at_ms)
        for _ in range(_ATTEMPTS):
            version, _uses = await self._state(media.media_id)
            if await self._change(self._know(*values, (version or 0) + 1, media.media_id, version)):
                return
        raise self._contention(media.media_id)

    async def get(self, media_ids: Sequence[str]) -> dict[str, Media]:
        found = await asyncio.gather(*(self._database.rows(self._get(media_id)) for media_id in media_ids))
        return {row[0]: Media(*row) for rows in found for row in rows if row[1] is not None}

    async def use(self, media_ids: Sequence[str], live_video_id: str, comment_id: int) -> None:
        await asyncio.gather(*(self._use_one(each, live_video_id, comment_id) for each in media_ids))

    async def release(self, media_ids: Sequence[str], live_video_id: str, comment_id: int) -> list[str]:
        gone = await asyncio.gather(*(self._release_one(each, live_video_id, comment_id) for each in media_ids))
        return [media_id for media_id, forgotten in zip(media_ids, gone, strict=True) if forgotten]

    async def _use_one(self, media_id: str, *comment: str | int) -> None:
        for _ in range(_ATTEMPTS):
            version, _uses = await self._state(media_id)
            touch = self._touch((version or 0) + 1, media_id, version)
            if await self._change(touch, self._use(media_id, *comment)):
                return
        raise self._contention(media_id)

    async def _release_one(self, media_id: str, *comment: str | int) -> bool:
        for _ in range(_ATTEMPTS):
            version, uses = await self._state(media_id)
            if version is None:
                return False
            unused = not [use for use in uses if use != comment]
            change = (self._forget if unused else self._touch)(version + 1, media_id, version)
            if await self._change(change, self._release(media_id, *comment)):
                return unused
        raise self._contention(media_id)

    async def _state(self, media_id: str) -> tuple[int | None, list[tuple[str, int]]]:
        """Its version, None where it was never heard of, and two of the comments that show it."""
        rows = await self._database.rows(self._uses(media_id))
        uses = [(video, number) for _version, video, number in rows if video is not None]
        return (rows[0][0] if rows else None), uses

    async def _change(self, *queries: Bound) -> bool:
        return await self._database.transact(*queries) is None

    def _contention(self, media_id: str) -> StoreUnavailable:
        self._database.metrics.failed(CassandraFault.CONTENTION)
        return StoreUnavailable(f"the image {media_id} was changed by others {_ATTEMPTS} times")
