"""``BanStore`` on Cassandra."""

from __future__ import annotations

from collections.abc import Callable

from comment_service.moderation.records import Ban
from comment_service.store.cassandra.database import CassandraDatabase
from comment_service.store.cassandra.statements import Bound
from coordination.ids import clock_ms

_PUT = """
INSERT INTO bans (user_id, live_video_id, until_ms, reason, moderator_id, created_at_ms) VALUES (?, ?, ?, ?, ?, ?)
USING TTL ?
"""
_GET = "SELECT live_video_id FROM bans WHERE user_id = ? AND live_video_id = ?"
_REMOVE = "DELETE FROM bans WHERE user_id = ? AND live_video_id = ?"
_OF_USER = """
SELECT user_id, live_video_id, until_ms, reason, moderator_id, created_at_ms FROM bans WHERE user_id = ?
"""
_NOTE = "INSERT INTO ban_changes (hour, changed_at_ms, user_id) VALUES (?, ?, ?)"
_CHANGES = "SELECT user_id FROM ban_changes WHERE hour = ? AND changed_at_ms >= ? LIMIT ?"
_EVERYWHERE = ""
_HOUR_MS = 3_600_000
_FOR_GOOD = 0
_DAY_S = 24 * 3600
# Most Cassandras refuse a row that would go after January 2038. A longer ban stays, and runs out by its own date.
_LONGEST_TTL_S = 365 * _DAY_S


class CassandraBans:
    """A ban of up to a year is dropped a day after its end. ``clock_ms`` gives milliseconds since 1970."""

    def __init__(self, database: CassandraDatabase, *, clock_ms: Callable[[], int] = clock_ms) -> None:
        self._database = database
        self._clock_ms = clock_ms
        self._put = database.writing(_PUT)
        self._get = database.reading(_GET)
        self._remove = database.writing(_REMOVE)
        self._of_user = database.reading(_OF_USER)
        self._note = database.writing(_NOTE)
        self._changes = database.reading(_CHANGES)

    async def put(self, ban: Ban) -> None:
        video = ban.live_video_id or _EVERYWHERE
        values = (ban.user_id, video, ban.until_ms, ban.reason, ban.moderator_id, ban.created_at_ms)
        put = self._put(*values, self._lifetime_s(ban.until_ms))
        await self._database.write_all([put, self._noting(ban.user_id)])

    async def remove(self, user_id: str, live_video_id: str | None) -> bool:
        where = (user_id, live_video_id or _EVERYWHERE)
        if not await self._database.rows(self._get(*where)):
            return False
        await self._database.write_all([self._remove(*where), self._noting(user_id)])
        return True

    async def of_user(self, user_id: str) -> list[Ban]:
        rows = await self._database.rows(self._of_user(user_id))
        return [Ban(user, video or None, *rest) for user, video, *rest in rows]

    async def changed_since(self, since_ms: int, limit: int) -> list[str]:
        found: list[str] = []
        # One hour more: another's clock may be ahead.
        for hour in range(since_ms // _HOUR_MS, self._clock_ms() // _HOUR_MS + 2):
            rows = await self._database.rows(self._changes(hour, since_ms, limit - len(found)))
            found += [row[0] for row in rows]
            if len(found) >= limit:
                break
        return found

    def _noting(self, user_id: str) -> Bound:
        now_ms = self._clock_ms()
        return self._note(now_ms // _HOUR_MS, now_ms, user_id)

    def _lifetime_s(self, until_ms: int | None) -> int:
        if until_ms is None:
            return _FOR_GOOD
        lifetime_s = max(0, until_ms - self._clock_ms()) // 1000 + _DAY_S
        return lifetime_s if lifetime_s <= _LONGEST_TTL_S else _FOR_GOOD
