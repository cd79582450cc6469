"""Bans, reports and the audit trail as the HTTP API shows them. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence

from comment_service.comment import iso_time
from comment_service.moderation.records import AuditEntry, Ban, Report
from coordination.ids import id_time_ms

Document = dict[str, object]


def ban_document(ban: Ban) -> Document:
    """``liveVideoId`` null: everywhere. ``until`` null: for good."""
    return {
        "userId": ban.user_id,
        "liveVideoId": ban.live_video_id,
        "until": None if ban.until_ms is None else iso_time(ban.until_ms),
        "reason": ban.reason,
        "moderatorId": ban.moderator_id,
        "createdAt": iso_time(ban.created_at_ms),
    }


def report_document(report: Report) -> Document:
    """``content`` and ``authorId`` are the comment's at the time of the report."""
    return {
        "reportId": str(report.report_id),
        "liveVideoId": report.live_video_id,
        "commentId": str(report.comment_id),
        "authorId": report.author_id,
        "content": report.content,
        "reporterId": report.reporter_id,
        "reason": report.reason,
        "status": report.status.value,
        "resolvedBy": report.resolved_by,
        "createdAt": iso_time(id_time_ms(report.report_id)),
    }


def audit_document(entry: AuditEntry) -> Document:
    return {
        "entryId": str(entry.entry_id),
        "at": iso_time(id_time_ms(entry.entry_id)),
        "moderatorId": entry.moderator_id,
        "action": entry.action,
        "subject": entry.subject,
        "detail": dict(entry.detail),
    }


def page_json(name: str, documents: Sequence[Document], last_id: int | None, has_more: bool) -> bytes:
    """``{"<name>": [...], "nextCursor": id or null, "hasMore": bool}``; ``last_id``: of the last document."""
    cursor = str(last_id) if has_more else None
    return to_json({name: list(documents), "nextCursor": cursor, "hasMore": has_more})


def to_json(document: Document) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
