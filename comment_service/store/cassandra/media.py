"""``MediaStore`` on Cassandra."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from comment_service.comment import Comment, Media
from comment_service.store.cassandra.database import CassandraDatabase
from comment_service.store.cassandra.faults import CassandraFault
from comment_service.store.cassandra.media_checks import MediaCheck, MediaChecks, check_of
from comment_service.store.cassandra.statements import SERIAL_HERE, Bound
from comment_service.store.errors import StoreUnavailable
from comment_service.store.media import PURGE_LEASE_MS
from coordination.ids import bucket_of_id, id_time_ms

_GET = "SELECT DISTINCT media_id, content_type, width, height, condemned_at_ms FROM media WHERE media_id = ?"
_STATE = """
SELECT version, content_type, width, height, uploaded_at_ms, condemned_at_ms, holder, until_ms
FROM media WHERE media_id = ? LIMIT 50
"""
_KNOW = """
UPDATE media SET content_type = ?, width = ?, height = ?, uploader_id = ?, uploaded_at_ms = ?, version = ?
WHERE media_id = ? IF version = ?
"""
_TOUCH = "UPDATE media SET version = ? WHERE media_id = ? IF version = ?"
_CONDEMN = "UPDATE media SET condemned_at_ms = ?, version = ? WHERE media_id = ? IF version = ?"
_FORGET = """
UPDATE media SET content_type = null, width = null, height = null, uploader_id = null, condemned_at_ms = null,
version = ? WHERE media_id = ? IF version = ?
"""
_USE = "INSERT INTO media (media_id, holder) VALUES (?, ?)"
_HOLD = "INSERT INTO media (media_id, holder, until_ms) VALUES (?, ?, ?) USING TTL ?"
_LET_GO = "DELETE FROM media WHERE media_id = ? AND holder = ?"
_COMMENT = "SELECT author_id, deleted FROM comments WHERE live_video_id = ? AND bucket = ? AND comment_id = ?"
_ATTEMPTS = 20
_HELD = "+"
# A hold is over when it says so; after this its row goes too, however the clocks differ.
_HOLD_ROW_S = 3_600


@dataclass(frozen=True)
class _Image:
    """What its partition says; of its holders the first, with the holds before all uses."""

    media: Media
    version: int | None
    known: bool = False
    uploaded_at_ms: int = 0
    condemned_at_ms: int | None = None
    holds_until_ms: Sequence[int] = ()
    uses: Sequence[str] = ()

    def is_held(self, now_ms: int) -> bool:
        return any(until_ms > now_ms for until_ms in self.holds_until_ms)


class CassandraMedia:
    """All that changes an image is a transaction on its version, so nobody condemns what another begins to use."""

    def __init__(self, database: CassandraDatabase) -> None:
        self._database = database
        self._checks = MediaChecks(database)
        self._get = database.reading(_GET)
        self._state = database.reading(_STATE, serial=SERIAL_HERE)
        self._know = database.transaction(_KNOW)
        self._touch = database.transaction(_TOUCH)
        self._condemn = database.transaction(_CONDEMN)
        self._forget = database.transaction(_FORGET)
        self._use = database.transaction(_USE)
        self._hold = database.transaction(_HOLD)
        self._let_go = database.transaction(_LET_GO)
        self._comment = database.reading(_COMMENT)

    async def add(self, media: Media, uploader_id: str, uploaded_at_ms: int) -> bool:
        await self._checks.note(check_of("unused", uploaded_at_ms, media.media_id))
        values = (media.content_type, media.width, media.height, uploader_id, uploaded_at_ms)
        for _ in range(_ATTEMPTS):
            image = await self._read(media.media_id)
            if image.condemned_at_ms is not None:
                return False
            if await self._change(image, lambda *version: self._know(*values, *version)):
                return True
        raise self._contention(media.media_id)

    async def get(self, media_ids: Sequence[str]) -> dict[str, Media]:
        found = await asyncio.gather(*(self._database.rows(self._get(media_id)) for media_id in media_ids))
        rows = [row for rows in found for row in rows]
        return {row[0]: Media(*row[:4]) for row in rows if row[1] is not None and row[4] is None}

    async def hold(self, media_ids: Sequence[str], hold_id: str, *, now_ms: int, until_ms: int) -> dict[str, Media]:
        ttl_s = _HOLD_ROW_S + max(0, until_ms - now_ms) // 1000

        async def hold_one(media_id: str) -> Media | None:
            for _ in range(_ATTEMPTS):
                image = await self._read(media_id)
                if not image.known:
                    return None
                if await self._change(image, self._touch, self._hold(media_id, _HELD + hold_id, until_ms, ttl_s)):
                    return image.media
            raise self._contention(media_id)

        held = await asyncio.gather(*(hold_one(media_id) for media_id in media_ids))
        return {media.media_id: media for media in held if media is not None}

    async def unhold(self, media_ids: Sequence[str], hold_id: str) -> None:
        await asyncio.gather(*(self._hold_on(each, self._let_go(each, _HELD + hold_id)) for each in media_ids))

    async def use(self, comment: Comment) -> None:
        """Before the comment is written; where it never is, this counts for nothing."""
        holder = f"{comment.live_video_id}/{comment.comment_id}"
        await asyncio.gather(
            *(self._hold_on(each.media_id, self._use(each.media_id, holder)) for each in comment.media)
        )

    async def releasing(self, comment: Comment, change_id: int) -> list[Bound]:
        """Writes that go with the comment's deletion: its images are to be looked at."""
        at_ms = id_time_ms(change_id)
        checks = [check_of("unused", at_ms, media.media_id) for media in comment.media]
        return [await self._checks.noting(check) for check in checks]

    async def abandoned(self, *, uploaded_until_ms: int, now_ms: int, limit: int) -> list[str]:
        found: dict[str, None] = {}
        left_since_ms = now_ms - PURGE_LEASE_MS
        async for check in self._checks.until("condemned", left_since_ms):
            image = await self._read(check.media_id)
            if image.condemned_at_ms is None:
                await self._checks.drop(check)
            elif image.condemned_at_ms <= left_since_ms and len(found) < limit:
                found[check.media_id] = None
        async for check in self._checks.until("unused", uploaded_until_ms):
            if len(found) >= limit:
                break
            if await self._may_go(check, uploaded_until_ms, now_ms):
                found[check.media_id] = None
        return list(found)

    async def condemn(self, media_id: str, *, uploaded_until_ms: int, now_ms: int) -> bool:
        for _ in range(_ATTEMPTS):
            image = await self._read(media_id)
            if not await self._is_free(image, uploaded_until_ms, now_ms):
                return False
            if image.uses:  # by comments that are gone; there may be more of them than were read
                await self._change(image, self._touch, *(self._let_go(media_id, holder) for holder in image.uses))
                continue
            await self._checks.note(check_of("condemned", now_ms, media_id))
            if await self._change(image, lambda *version: self._condemn(now_ms, *version)):
                return True
        raise self._contention(media_id)

    async def forget(self, media_id: str, condemned_at_ms: int) -> None:
        for _ in range(_ATTEMPTS):
            image = await self._read(media_id)
            if image.condemned_at_ms != condemned_at_ms:
                return
            if await self._change(image, self._forget):
                await self._checks.drop(check_of("condemned", condemned_at_ms, media_id))
                return
        raise self._contention(media_id)

    async def _may_go(self, check: MediaCheck, uploaded_until_ms: int, now_ms: int) -> bool:
        """Whether ``condemn`` would take it. Drops the check where it would not until there is a new one."""
        image = await self._read(check.media_id)
        if not image.known:
            over = True
        elif image.uploaded_at_ms > uploaded_until_ms:
            over = check.hour < check_of("unused", image.uploaded_at_ms, check.media_id).hour
        elif not (over := await self._is_used(image)):
            return not image.is_held(now_ms)
        if over:
            await self._checks.drop(check)
        return False

    async def _is_free(self, image: _Image, uploaded_until_ms: int, now_ms: int) -> bool:
        if image.condemned_at_ms is not None:
            return image.condemned_at_ms <= now_ms - PURGE_LEASE_MS
        if not image.known or image.uploaded_at_ms > uploaded_until_ms or image.is_held(now_ms):
            return False
        return not await self._is_used(image)

    async def _is_used(self, image: _Image) -> bool:
        for holder in image.uses:
            video, _, number = holder.rpartition("/")
            comment_id = int(number)
            rows = await self._database.rows(self._comment(video, bucket_of_id(comment_id), comment_id))
            if rows and rows[0][0] is not None and not rows[0][1]:
                return True
        return False

    async def _hold_on(self, media_id: str, *changes: Bound) -> None:
        for _ in range(_ATTEMPTS):
            if await self._change(await self._read(media_id), self._touch, *changes):
                return
        raise self._contention(media_id)

    async def _read(self, media_id: str) -> _Image:
        rows = await self._database.rows(self._state(media_id))
        if not rows:
            return _Image(Media(media_id, "", 0, 0), None)
        version, content_type, width, height, uploaded_at_ms, condemned_at_ms, *_ = rows[0]
        holders = [(holder, until_ms) for *_, holder, until_ms in rows if holder is not None]
        return _Image(
            Media(media_id, content_type, width, height),
            version,
            known=content_type is not None and condemned_at_ms is None,
            uploaded_at_ms=uploaded_at_ms or 0,
            condemned_at_ms=condemned_at_ms,
            holds_until_ms=[until_ms for holder, until_ms in holders if holder.startswith(_HELD)],
            uses=[holder for holder, _ in holders if not holder.startswith(_HELD)],
        )

    async def _change(self, image: _Image, change: Callable[[int, str, int | None], Bound], *others: Bound) -> bool:
        """Whether nobody else has changed it since it was read."""
        first = change((image.version or 0) + 1, image.media.media_id, image.version)
        return await self._database.transact(first, *others) is None

    def _contention(self, media_id: str) -> StoreUnavailable:
        message = f"the image {media_id} was changed by others {_ATTEMPTS} times"
        return self._database.gave_up(CassandraFault.CONTENTION, message)
