"""``MediaStore`` on SQLite. How many comments use an image is counted where comments are added and deleted."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from comment_service.comment import Media
from comment_service.store.media import PURGE_LEASE_MS
from comment_service.store.sqlite.database import SqliteDatabase

_ADD = """
INSERT INTO media (media_id, content_type, width, height, uploader_id, uploaded_at_ms) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET uploaded_at_ms = excluded.uploaded_at_ms, uploader_id = excluded.uploader_id
WHERE condemned_at_ms IS NULL
"""
_GET = """
SELECT media_id, content_type, width, height FROM media WHERE media_id IN ({marks}) AND condemned_at_ms IS NULL
"""
_HOLD = "INSERT INTO media_holds (media_id, hold_id, until_ms) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_UNHOLD = "DELETE FROM media_holds WHERE media_id = ? AND hold_id = ?"
_DROP_OLD_HOLDS = "DELETE FROM media_holds WHERE until_ms <= ?"
_USE = "UPDATE media SET uses = max(0, uses + ?) WHERE media_id = ?"
_MAY_GO = """
uses = 0 AND CASE WHEN condemned_at_ms IS NULL
    THEN uploaded_at_ms <= :uploaded_until_ms
        AND NOT EXISTS (SELECT 1 FROM media_holds WHERE media_id = media.media_id AND until_ms > :now_ms)
    ELSE condemned_at_ms <= :now_ms - :lease_ms END
"""
_ABANDONED = f"SELECT media_id FROM media WHERE {_MAY_GO} ORDER BY uploaded_at_ms LIMIT :limit"  # noqa: S608 (no input)
_CONDEMN = f"UPDATE media SET condemned_at_ms = :now_ms WHERE media_id = :media_id AND {_MAY_GO}"  # noqa: S608
_FORGET = "DELETE FROM media WHERE media_id = ? AND condemned_at_ms = ?"


class SqliteMedia:
    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def add(self, media: Media, uploader_id: str, uploaded_at_ms: int) -> bool:
        row = (media.media_id, media.content_type, media.width, media.height, uploader_id, uploaded_at_ms)
        return await self._database.execute(_ADD, row) > 0

    async def get(self, media_ids: Sequence[str]) -> dict[str, Media]:
        return _by_id(await self._database.rows(_get(media_ids), tuple(media_ids)))

    async def hold(self, media_ids: Sequence[str], hold_id: str, *, now_ms: int, until_ms: int) -> dict[str, Media]:
        def insert(connection: sqlite3.Connection) -> dict[str, Media]:
            connection.execute(_DROP_OLD_HOLDS, (now_ms,))
            known = _by_id(connection.execute(_get(media_ids), tuple(media_ids)).fetchall())
            connection.executemany(_HOLD, [(media_id, hold_id, until_ms) for media_id in known])
            return known

        return await self._database.write(insert)

    async def unhold(self, media_ids: Sequence[str], hold_id: str) -> None:
        def delete(connection: sqlite3.Connection) -> None:
            connection.executemany(_UNHOLD, [(media_id, hold_id) for media_id in media_ids])

        await self._database.write(delete)

    async def abandoned(self, *, uploaded_until_ms: int, now_ms: int, limit: int) -> list[str]:
        parameters = {"uploaded_until_ms": uploaded_until_ms, "now_ms": now_ms, "lease_ms": PURGE_LEASE_MS}
        return [row[0] for row in await self._database.rows(_ABANDONED, parameters | {"limit": limit})]

    async def condemn(self, media_id: str, *, uploaded_until_ms: int, now_ms: int) -> bool:
        parameters = {"uploaded_until_ms": uploaded_until_ms, "now_ms": now_ms, "lease_ms": PURGE_LEASE_MS}
        return await self._database.execute(_CONDEMN, parameters | {"media_id": media_id}) > 0

    async def forget(self, media_id: str, condemned_at_ms: int) -> None:
        await self._database.execute(_FORGET, (media_id, condemned_at_ms))


def count_uses(connection: sqlite3.Connection, media_ids: Sequence[str], change: int) -> None:
    """Within a write of another noun: so many comments more use each of them."""
    connection.executemany(_USE, [(change, media_id) for media_id in media_ids])


def _get(media_ids: Sequence[str]) -> str:
    return _GET.format(marks=",".join("?" * len(media_ids)))


def _by_id(rows: list[tuple[str, str, int, int]]) -> dict[str, Media]:
    return {row[0]: Media(*row) for row in rows}
