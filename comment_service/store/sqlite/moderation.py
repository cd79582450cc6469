"""``BanStore``, ``ReportStore`` and ``AuditStore`` on SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from comment_service.moderation.records import AuditEntry, Ban, Report, ReportStatus
from comment_service.store.rows import MAX_ID, audit_entry, audit_row
from comment_service.store.sqlite.database import SqliteDatabase
from coordination.ids import clock_ms

_PUT_BAN = """
INSERT OR REPLACE INTO bans (user_id, live_video_id, until_ms, reason, moderator_id, created_at_ms)
VALUES (?, ?, ?, ?, ?, ?)
"""
_REMOVE_BAN = "DELETE FROM bans WHERE user_id = ? AND live_video_id = ?"
_BANS = "SELECT user_id, live_video_id, until_ms, reason, moderator_id, created_at_ms FROM bans WHERE user_id = ?"
_NOTE_BAN_CHANGE = "INSERT OR REPLACE INTO ban_changes (user_id, changed_at_ms) VALUES (?, ?)"
_BAN_CHANGES = "SELECT user_id FROM ban_changes WHERE changed_at_ms >= ? LIMIT ?"
_EVERYWHERE = ""
_ADD_REPORT = """
INSERT INTO reports (report_id, live_video_id, comment_id, author_id, content, reporter_id, reason, status)
VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (live_video_id, comment_id, reporter_id) DO NOTHING
"""
_REPORTS = """
SELECT report_id, live_video_id, comment_id, author_id, content, reporter_id, reason, status, resolved_by
FROM reports WHERE
"""
_RESOLVE = "UPDATE reports SET status = ?, resolved_by = ? WHERE report_id = ? AND status = 'open'"
_RESOLVE_OTHERS = """
UPDATE reports SET status = ?, resolved_by = ? WHERE live_video_id = ? AND comment_id = ? AND status = 'open'
"""
_ADD_ENTRY = "INSERT INTO audit (entry_id, moderator_id, action, subject, detail) VALUES (?, ?, ?, ?, ?)"
_ENTRIES = """
SELECT entry_id, moderator_id, action, subject, detail FROM audit WHERE entry_id < ? ORDER BY entry_id DESC LIMIT ?
"""


class SqliteBans:
    def __init__(self, database: SqliteDatabase, *, clock_ms: Callable[[], int] = clock_ms) -> None:
        self._database = database
        self._clock_ms = clock_ms

    async def put(self, ban: Ban) -> None:
        video = ban.live_video_id or _EVERYWHERE
        row = (ban.user_id, video, ban.until_ms, ban.reason, ban.moderator_id, ban.created_at_ms)
        await self._change(ban.user_id, _PUT_BAN, row)

    async def remove(self, user_id: str, live_video_id: str | None) -> bool:
        return await self._change(user_id, _REMOVE_BAN, (user_id, live_video_id or _EVERYWHERE))

    async def of_user(self, user_id: str) -> list[Ban]:
        rows = await self._database.rows(_BANS, (user_id,))
        return [Ban(user, video or None, *rest) for user, video, *rest in rows]

    async def changed_since(self, since_ms: int, limit: int) -> list[str]:
        return [row[0] for row in await self._database.rows(_BAN_CHANGES, (since_ms, limit))]

    async def _change(self, user_id: str, sql: str, row: tuple[Any, ...]) -> bool:
        now_ms = self._clock_ms()

        def change(connection: sqlite3.Connection) -> bool:
            if not connection.execute(sql, row).rowcount:
                return False
            connection.execute(_NOTE_BAN_CHANGE, (user_id, now_ms))
            return True

        return await self._database.write(change)


class SqliteReports:
    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def add(self, report: Report) -> bool:
        row = (
            report.report_id,
            report.live_video_id,
            report.comment_id,
            report.author_id,
            report.content,
            report.reporter_id,
            report.reason,
            report.status,
        )
        return await self._database.execute(_ADD_REPORT, row) > 0

    async def get(self, report_id: int) -> Report | None:
        found = await self._select("report_id = ?", min(report_id, MAX_ID))
        return found[0] if found else None

    async def with_status(self, status: ReportStatus, cursor: int, limit: int) -> list[Report]:
        condition = "status = ? AND report_id > ? ORDER BY report_id LIMIT ?"
        return await self._select(condition, status, min(cursor, MAX_ID), limit)

    async def resolve(self, report_id: int, status: ReportStatus, resolved_by: str) -> bool:
        return await self._database.execute(_RESOLVE, (status, resolved_by, min(report_id, MAX_ID))) > 0

    async def resolve_others(self, live_video_id: str, comment_id: int, status: ReportStatus, resolved_by: str) -> int:
        return await self._database.execute(_RESOLVE_OTHERS, (status, resolved_by, live_video_id, comment_id))

    async def _select(self, condition: str, *parameters: Any) -> list[Report]:
        rows = await self._database.rows(_REPORTS + condition, parameters)
        return [_report(row) for row in rows]


class SqliteAudit:
    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def add(self, entry: AuditEntry) -> None:
        await self._database.execute(_ADD_ENTRY, audit_row(entry))

    async def before(self, cursor: int | None, limit: int) -> list[AuditEntry]:
        newest = MAX_ID if cursor is None else min(cursor, MAX_ID)
        rows = await self._database.rows(_ENTRIES, (newest, limit))
        return [audit_entry(row) for row in rows]


def _report(row: tuple[Any, ...]) -> Report:
    *plain, status, resolved_by = row
    return replace(Report(*plain), status=ReportStatus(status), resolved_by=resolved_by)
