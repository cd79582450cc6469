"""Reports: who finds that a comment should not stand, and what a moderator makes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from comment_service.audit import Audit
from comment_service.comments import Comments
from comment_service.metrics import CommentServiceMetrics
from comment_service.moderation.bans import BanOrder, Bans
from comment_service.moderation.records import Report, ReportStatus, clean_reason
from comment_service.refusal import NotFound, Resolved
from comment_service.roles import require_moderator
from comment_service.sender import Sender
from comment_service.store import Store
from comment_service.store_calls import StoreCalls


class Action(StrEnum):
    """What a moderator does about a report."""

    DISMISS = "dismiss"
    DELETE = "delete"
    BAN = "ban"


_STATUS_AFTER = {
    Action.DISMISS: ReportStatus.DISMISSED,
    Action.DELETE: ReportStatus.DELETED,
    Action.BAN: ReportStatus.BANNED,
}


@dataclass(frozen=True, slots=True)
class Resolution:
    """``BAN`` also deletes the comment. The rest is of the ban: in the comment's video unless ``everywhere``.

    ``until_ms``: milliseconds since 1970, None: for good.
    """

    action: Action
    everywhere: bool = False
    until_ms: int | None = None


class Deletes(Protocol):
    """Deletes comments, with all that belongs to it."""

    async def delete(self, sender: Sender, live_video_id: str, comment_id: int) -> None:
        """Raises ``NotFound`` and ``Forbidden``."""


class Reports:
    """Every method raises ``StoreDown`` and ``StoreBusy``."""

    def __init__(
        self,
        store: Store,
        comments: Comments,
        deletes: Deletes,
        bans: Bans,
        *,
        next_id: Callable[[], int],
        audit: Audit,
        metrics: CommentServiceMetrics,
    ) -> None:
        self._store = store
        self._comments = comments
        self._deletes = deletes
        self._bans = bans
        self._next_id = next_id
        self._audit = audit
        self._calls = StoreCalls(metrics)

    async def report(self, sender: Sender, live_video_id: str, comment_id: int, reason: str) -> None:
        """Notes it, once a user and comment; the second time changes nothing.

        Raises ``InvalidArgument`` (reason), ``NotFound`` and ``Banned``.
        """
        reason = clean_reason(reason)
        await self._bans.check(sender, live_video_id)
        comment = await self._comments.get(live_video_id, comment_id)
        report = Report(
            report_id=self._next_id(),
            live_video_id=live_video_id,
            comment_id=comment_id,
            author_id=comment.author_id,
            content=comment.content,
            reporter_id=sender.identity.user_id,
            reason=reason,
        )
        await self._calls.ask("report", lambda: self._store.reports.add(report))

    async def list(
        self, sender: Sender, status: ReportStatus, cursor: int | None, limit: int
    ) -> tuple[Sequence[Report], bool]:
        """Up to ``limit`` with ids above ``cursor``, oldest first, and whether there are more. Raises ``Forbidden``."""
        require_moderator(sender.identity)
        found = await self._calls.ask(
            "reports", lambda: self._store.reports.with_status(status, cursor or 0, limit + 1)
        )
        return found[:limit], len(found) > limit

    async def resolve(self, sender: Sender, report_id: int, resolution: Resolution) -> Report:
        """Does what is asked and resolves all open reports of that comment; the report as it now stands.

        Raises ``Forbidden``, ``NotFound``, ``Resolved`` where it is not open, and what a ban raises.
        """
        moderator = sender.identity
        require_moderator(moderator)
        report = await self._open(report_id)
        detail = {"action": resolution.action.value, "comment": f"{report.live_video_id}/{report.comment_id}"}
        await self._audit(moderator, "resolve_report", str(report_id), detail)
        # Done before it counts as resolved: what fails half-way is still in the queue.
        await self._act(sender, report, resolution)
        status = _STATUS_AFTER[resolution.action]
        done = await self._calls.ask(
            "resolve", lambda: self._store.reports.resolve(report_id, status, moderator.user_id)
        )
        if not done:
            raise _resolved(report_id)
        await self._calls.ask(
            "resolve_others",
            lambda: self._store.reports.resolve_others(
                report.live_video_id, report.comment_id, status, moderator.user_id
            ),
        )
        return await self._get(report_id)

    async def _act(self, sender: Sender, report: Report, resolution: Resolution) -> None:
        if resolution.action is Action.DISMISS:
            return
        if resolution.action is Action.BAN:
            video = None if resolution.everywhere else report.live_video_id
            order = BanOrder(report.author_id, video, resolution.until_ms, report.reason)
            await self._bans.ban(sender.identity, order)
        try:
            await self._deletes.delete(sender, report.live_video_id, report.comment_id)
        except NotFound:
            return  # its author, or another moderator, was faster

    async def _open(self, report_id: int) -> Report:
        report = await self._get(report_id)
        if report.status is not ReportStatus.OPEN:
            raise _resolved(report_id)
        return report

    async def _get(self, report_id: int) -> Report:
        report = await self._calls.ask("get_report", lambda: self._store.reports.get(report_id))
        if report is None:
            raise NotFound(f"there is no report {report_id}")
        return report


def _resolved(report_id: int) -> Resolved:
    return Resolved(f"report {report_id} is resolved already")
