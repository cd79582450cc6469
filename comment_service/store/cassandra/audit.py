"""``AuditStore`` on Cassandra."""

from __future__ import annotations

from comment_service.moderation.records import AuditEntry
from comment_service.store.cassandra.database import CassandraDatabase
from comment_service.store.rows import MAX_ID, audit_entry, audit_row

_NOTE = "INSERT INTO audit_buckets (trail, bucket) VALUES (?, ?)"
_BUCKETS = "SELECT bucket FROM audit_buckets WHERE trail = ? AND bucket <= ?"
_ADD = "INSERT INTO audit (bucket, entry_id, moderator_id, action, subject, detail) VALUES (?, ?, ?, ?, ?, ?)"
_BEFORE = """
SELECT entry_id, moderator_id, action, subject, detail FROM audit WHERE bucket = ? AND entry_id < ? LIMIT ?
"""
_TRAIL = "all"
# Of an id: 22 bits below its milliseconds, and 2^31 of those are about 25 days.
_BUCKET_SHIFT = 22 + 31


class CassandraAudit:
    def __init__(self, database: CassandraDatabase) -> None:
        self._database = database
        self._note = database.writing(_NOTE)
        self._buckets = database.reading(_BUCKETS)
        self._add = database.writing(_ADD)
        self._before = database.reading(_BEFORE)
        self._noted: int | None = None

    async def add(self, entry: AuditEntry) -> None:
        bucket = entry.entry_id >> _BUCKET_SHIFT
        if bucket != self._noted:
            await self._database.write(self._note(_TRAIL, bucket))
            self._noted = bucket
        await self._database.write(self._add(bucket, *audit_row(entry)))

    async def before(self, cursor: int | None, limit: int) -> list[AuditEntry]:
        edge = MAX_ID if cursor is None else min(cursor, MAX_ID)
        found: list[AuditEntry] = []
        for (bucket,) in await self._database.rows(self._buckets(_TRAIL, edge >> _BUCKET_SHIFT)):
            rows = await self._database.rows(self._before(bucket, edge, limit - len(found)))
            found += [audit_entry(row) for row in rows]
            if len(found) >= limit:
                break
        return found
