"""``RequestStore`` on Cassandra."""

from __future__ import annotations

from comment_service.store.cassandra.database import CassandraDatabase
from comment_service.store.requests import RequestClaim

# The table's default TTL makes it 24 hours.
_CLAIM = "INSERT INTO requests (user_id, key, digest, comment_id) VALUES (?, ?, ?, ?) IF NOT EXISTS"
_FIND = "SELECT digest, comment_id FROM requests WHERE user_id = ? AND key = ?"


class CassandraRequests:
    def __init__(self, database: CassandraDatabase) -> None:
        self._database = database
        self._claim = database.transaction(_CLAIM)
        self._find = database.reading(_FIND)

    async def find(self, user_id: str, key: str) -> RequestClaim | None:
        rows = await self._database.rows(self._find(user_id, key))
        return RequestClaim(*rows[0]) if rows else None

    async def claim(self, user_id: str, key: str, claim: RequestClaim) -> RequestClaim:
        there = await self._database.transact(self._claim(user_id, key, claim.digest, claim.comment_id))
        return claim if there is None else RequestClaim(there["digest"], there["comment_id"])
