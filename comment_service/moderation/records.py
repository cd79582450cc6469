"""What moderation keeps: bans, reports, and the trail of who did what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from comment_service.content import clean_text

MAX_REASON_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class Ban:
    """Keeps a user from taking part in a video, or everywhere (``live_video_id`` None).

    Times are milliseconds since 1970; ``until_ms`` None: for good.
    """

    user_id: str
    live_video_id: str | None
    until_ms: int | None
    reason: str
    moderator_id: str
    created_at_ms: int


class ReportStatus(StrEnum):
    OPEN = "open"
    DISMISSED = "dismissed"
    DELETED = "deleted"
    BANNED = "banned"


@dataclass(frozen=True, slots=True)
class Report:
    """A user finds that a comment should not stand. ``report_id`` is made like a comment's id.

    ``content`` and ``author_id`` are the comment's at the time of the report.
    """

    report_id: int
    live_video_id: str
    comment_id: int
    author_id: str
    content: str
    reporter_id: str
    reason: str
    status: ReportStatus = ReportStatus.OPEN
    resolved_by: str | None = None


def clean_reason(text: str) -> str:
    """The reason of a report or a ban as it is kept. Raises ``InvalidArgument`` (reason)."""
    return clean_text("reason", text, max_characters=MAX_REASON_CHARACTERS)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Something that a moderator did. ``entry_id`` is made like a comment's id and tells when.

    ``action``: what, e.g. ``delete_comment``; ``subject``: to whom or what, e.g. ``match-42/7301458392012345344``.
    """

    entry_id: int
    moderator_id: str
    action: str
    subject: str
    detail: Mapping[str, str] = field(default_factory=dict)
