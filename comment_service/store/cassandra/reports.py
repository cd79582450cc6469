"""``ReportStore`` on Cassandra."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from comment_service.moderation.records import Report, ReportStatus
from comment_service.store.cassandra.database import CassandraDatabase
from comment_service.store.rows import MAX_ID

_CLAIM = """
INSERT INTO reporters (live_video_id, comment_id, reporter_id, report_id) VALUES (?, ?, ?, ?) IF NOT EXISTS
"""
_ADD = """
INSERT INTO reports (report_id, live_video_id, comment_id, author_id, content, reporter_id, reason)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_ENQUEUE = "INSERT INTO reports_by_status (status, report_id) VALUES (?, ?)"
_DEQUEUE = "DELETE FROM reports_by_status WHERE status = ? AND report_id = ?"
_GET = """
SELECT report_id, live_video_id, comment_id, author_id, content, reporter_id, reason, status, resolved_by
FROM reports WHERE report_id = ?
"""
_QUEUE = "SELECT report_id FROM reports_by_status WHERE status = ? AND report_id > ? LIMIT ?"
_RESOLVE = "UPDATE reports SET status = ?, resolved_by = ? WHERE report_id = ? IF reporter_id != null AND status = null"
_NOTE = "INSERT INTO reports_of_comment (live_video_id, comment_id, report_id) VALUES (?, ?, ?)"
_OF_COMMENT = """
SELECT report_id FROM reports_of_comment WHERE live_video_id = ? AND comment_id = ? AND report_id > ? LIMIT ?
"""
_MAX_PARALLEL = 32


class CassandraReports:
    """A report's status is a transaction. It is in the queue of a status before it has that one; a queue that has it
    still, or too early, passes it over."""

    def __init__(self, database: CassandraDatabase) -> None:
        self._database = database
        self._claim = database.transaction(_CLAIM)
        self._add = database.writing(_ADD)
        self._enqueue = database.writing(_ENQUEUE)
        self._dequeue = database.writing(_DEQUEUE)
        self._get = database.reading(_GET)
        self._queue = database.reading(_QUEUE)
        self._resolve = database.transaction(_RESOLVE)
        self._note = database.writing(_NOTE)
        self._of_comment = database.reading(_OF_COMMENT)

    async def add(self, report: Report) -> bool:
        claim = self._claim(report.live_video_id, report.comment_id, report.reporter_id, report.report_id)
        there = await self._database.transact(claim)
        if there is not None:
            if await self.get(there["report_id"]) is not None:
                return False
            # Whoever has the claim was cut off before the report, or is about to write it.
            report = replace(report, report_id=there["report_id"])
        await self._database.write_all(
            [
                self._add(
                    report.report_id,
                    report.live_video_id,
                    report.comment_id,
                    report.author_id,
                    report.content,
                    report.reporter_id,
                    report.reason,
                ),
                self._enqueue(ReportStatus.OPEN.value, report.report_id),
                self._note(report.live_video_id, report.comment_id, report.report_id),
            ]
        )
        return there is None

    async def get(self, report_id: int) -> Report | None:
        if report_id > MAX_ID:
            return None
        rows = await self._database.rows(self._get(report_id))
        if not rows or rows[0][1] is None:
            return None
        *plain, status, resolved_by = rows[0]
        return replace(Report(*plain), status=ReportStatus(status or ReportStatus.OPEN), resolved_by=resolved_by)

    async def with_status(self, status: ReportStatus, cursor: int, limit: int) -> list[Report]:
        found: list[Report] = []
        cursor = min(cursor, MAX_ID)
        while len(found) < limit:
            asked = min(limit - len(found), _MAX_PARALLEL)
            rows = await self._database.rows(self._queue(status.value, cursor, asked))
            reports = await asyncio.gather(*(self.get(row[0]) for row in rows))
            found += [report for report in reports if report is not None and report.status is status]
            if len(rows) < asked:
                break
            cursor = rows[-1][0]
        return found

    async def resolve(self, report_id: int, status: ReportStatus, resolved_by: str) -> bool:
        if report_id > MAX_ID:
            return False
        await self._database.write(self._enqueue(status.value, report_id))
        there = await self._database.transact(self._resolve(status.value, resolved_by, report_id))
        stands = status.value if there is None else there.get("status")
        if stands is None:  # no such report
            return False
        left = {ReportStatus.OPEN.value, status.value} - {stands}
        await asyncio.gather(*(self._database.write(self._dequeue(each, report_id)) for each in left))
        return there is None

    async def resolve_others(self, live_video_id: str, comment_id: int, status: ReportStatus, resolved_by: str) -> int:
        resolved, cursor = 0, 0
        while True:
            query = self._of_comment(live_video_id, min(comment_id, MAX_ID), cursor, _MAX_PARALLEL)
            report_ids = [row[0] for row in await self._database.rows(query)]
            resolved += sum(
                await asyncio.gather(
                    *(self._resolve_if_open(report_id, status, resolved_by) for report_id in report_ids)
                )
            )
            if len(report_ids) < _MAX_PARALLEL:
                return resolved
            cursor = report_ids[-1]

    async def _resolve_if_open(self, report_id: int, status: ReportStatus, resolved_by: str) -> bool:
        # A transaction is dear; most reports of a comment were resolved with it, or none.
        report = await self.get(report_id)
        if report is None or report.status is not ReportStatus.OPEN:
            return False
        return await self.resolve(report_id, status, resolved_by)
