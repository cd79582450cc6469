"""Bans, reports and the audit trail."""

from __future__ import annotations

from typing import Protocol

from comment_service.moderation.records import AuditEntry, Ban, Report, ReportStatus


class BanStore(Protocol):
    """One ban a user and video, and one everywhere."""

    async def put(self, ban: Ban) -> None:
        """In place of the one that the user has there."""

    async def remove(self, user_id: str, live_video_id: str | None) -> bool:
        """False where there was none."""

    async def of_user(self, user_id: str) -> list[Ban]:
        """All, also those that have run out unless the store has dropped them."""

    async def changed_since(self, since_ms: int, limit: int) -> list[str]:
        """Users of whom a ban was put or removed since then; at most ``limit``, in any order, perhaps some twice.

        ``since_ms``: milliseconds since 1970 by the clock of whoever did it, less than a day ago.
        """


class ReportStore(Protocol):
    async def add(self, report: Report) -> bool:
        """False where ``reporter_id`` has reported that comment before; nothing is changed then."""

    async def get(self, report_id: int) -> Report | None: ...

    async def with_status(self, status: ReportStatus, cursor: int, limit: int) -> list[Report]:
        """Up to ``limit`` with ids above ``cursor``, oldest first."""

    async def resolve(self, report_id: int, status: ReportStatus, resolved_by: str) -> bool:
        """False where it is not open; of two at once one is true."""

    async def resolve_others(self, live_video_id: str, comment_id: int, status: ReportStatus, resolved_by: str) -> int:
        """Resolves all open reports of that comment; how many there were."""


class AuditStore(Protocol):
    async def add(self, entry: AuditEntry) -> None: ...

    async def before(self, cursor: int | None, limit: int) -> list[AuditEntry]:
        """Up to ``limit`` with ids below ``cursor`` (None: the newest), newest first."""
