"""``RequestStore`` on SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from comment_service.store.requests import RequestClaim
from comment_service.store.sqlite.database import SqliteDatabase
from coordination.ids import clock_ms

LIFETIME_MS = 24 * 3600 * 1000
# Old claims are dropped on the way of new ones, twice as fast as those come.
_DROPPED_EACH_TIME = 2
_FIND = "SELECT digest, comment_id FROM requests WHERE user_id = ? AND key = ? AND claimed_at_ms > ?"
_PUT = "INSERT OR REPLACE INTO requests (user_id, key, digest, comment_id, claimed_at_ms) VALUES (?, ?, ?, ?, ?)"
_DROP_OLD = """
DELETE FROM requests WHERE (user_id, key) IN
(SELECT user_id, key FROM requests WHERE claimed_at_ms <= ? ORDER BY claimed_at_ms LIMIT ?)
"""


class SqliteRequests:
    """``clock_ms`` gives milliseconds since 1970."""

    def __init__(self, database: SqliteDatabase, *, clock_ms: Callable[[], int] = clock_ms) -> None:
        self._database = database
        self._clock_ms = clock_ms

    async def find(self, user_id: str, key: str) -> RequestClaim | None:
        rows = await self._database.rows(_FIND, (user_id, key, self._clock_ms() - LIFETIME_MS))
        return RequestClaim(*rows[0]) if rows else None

    async def claim(self, user_id: str, key: str, claim: RequestClaim) -> RequestClaim:
        now_ms = self._clock_ms()
        oldest_ms = now_ms - LIFETIME_MS

        def find_or_put(connection: sqlite3.Connection) -> RequestClaim:
            connection.execute(_DROP_OLD, (oldest_ms, _DROPPED_EACH_TIME))
            found = connection.execute(_FIND, (user_id, key, oldest_ms)).fetchone()
            if found is not None:
                return RequestClaim(*found)
            connection.execute(_PUT, (user_id, key, claim.digest, claim.comment_id, now_ms))
            return claim

        return await self._database.write(find_or_put)
