"""``livecomments.v1.ModerationService``: moderation for internal services."""

from __future__ import annotations

from collections.abc import Sequence

from google.protobuf.timestamp_pb2 import Timestamp

from comment_service.content import clean_name
from comment_service.metrics import CommentServiceMetrics
from comment_service.moderation.bans import BanOrder
from comment_service.moderation.records import AuditEntry, Ban, Report, ReportStatus
from comment_service.moderation.reports import Action, Resolution
from comment_service.moderation.times import ban_end_ms, checked_end_ms
from comment_service.rates import Action as Rated
from comment_service.refusal import InvalidArgument
from comment_service.rpc.edge import Context, GrpcEdge, page_size, video
from comment_service.services import Services
from coordination.ids import clock_ms, id_time_ms
from livecomments.v1 import moderation_pb2 as pb
from livecomments.v1 import moderation_pb2_grpc
from service_kit.auth.tokens import MAX_USER_ID_CHARACTERS
from service_kit.grpc_server import GrpcService

_STATUSES = {
    pb.REPORT_STATUS_UNSPECIFIED: ReportStatus.OPEN,
    pb.REPORT_STATUS_OPEN: ReportStatus.OPEN,
    pb.REPORT_STATUS_DISMISSED: ReportStatus.DISMISSED,
    pb.REPORT_STATUS_DELETED: ReportStatus.DELETED,
    pb.REPORT_STATUS_BANNED: ReportStatus.BANNED,
}
_STATUS_NUMBERS = {status: number for number, status in _STATUSES.items()}
_ACTIONS = {
    pb.ResolveReportRequest.ACTION_DISMISS: Action.DISMISS,
    pb.ResolveReportRequest.ACTION_DELETE: Action.DELETE,
    pb.ResolveReportRequest.ACTION_BAN: Action.BAN,
}


class ModerationServicer(moderation_pb2_grpc.ModerationServiceServicer):
    """As ``CommentServicer``."""

    def __init__(self, services: Services, metrics: CommentServiceMetrics) -> None:
        self._services = services
        self._edge = GrpcEdge(services.verifier, metrics, rates=services.rates)

    def service(self) -> GrpcService:
        """What a ``GrpcServer`` serves."""
        return self._edge.serve(pb.DESCRIPTOR.services_by_name["ModerationService"], self)

    async def ReportComment(self, request: pb.ReportCommentRequest, context: Context) -> pb.ReportCommentResponse:  # noqa: N802
        return await self._edge.answer("ReportComment", self._report(request, context), context)

    async def ListReports(self, request: pb.ListReportsRequest, context: Context) -> pb.ListReportsResponse:  # noqa: N802
        return await self._edge.answer("ListReports", self._list_reports(request, context), context)

    async def ResolveReport(self, request: pb.ResolveReportRequest, context: Context) -> pb.ResolveReportResponse:  # noqa: N802
        return await self._edge.answer("ResolveReport", self._resolve(request, context), context)

    async def BanUser(self, request: pb.BanUserRequest, context: Context) -> pb.BanUserResponse:  # noqa: N802
        return await self._edge.answer("BanUser", self._ban(request, context), context)

    async def LiftBan(self, request: pb.LiftBanRequest, context: Context) -> pb.LiftBanResponse:  # noqa: N802
        return await self._edge.answer("LiftBan", self._lift(request, context), context)

    async def ListBans(self, request: pb.ListBansRequest, context: Context) -> pb.ListBansResponse:  # noqa: N802
        return await self._edge.answer("ListBans", self._list_bans(request, context), context)

    async def SetSlowMode(self, request: pb.SetSlowModeRequest, context: Context) -> pb.SetSlowModeResponse:  # noqa: N802
        return await self._edge.answer("SetSlowMode", self._set_slow_mode(request, context), context)

    async def ListAuditEntries(  # noqa: N802
        self, request: pb.ListAuditEntriesRequest, context: Context
    ) -> pb.ListAuditEntriesResponse:
        return await self._edge.answer("ListAuditEntries", self._list_audit(request, context), context)

    async def _report(self, request: pb.ReportCommentRequest, context: Context) -> pb.ReportCommentResponse:
        live_video_id = video(request.live_video_id)
        sender = self._edge.admitted(context, Rated.REPORT)
        await self._services.reports.report(sender, live_video_id, request.comment_id, request.reason)
        return pb.ReportCommentResponse()

    async def _list_reports(self, request: pb.ListReportsRequest, context: Context) -> pb.ListReportsResponse:
        sender = self._edge.sender(context)
        if request.status not in _STATUSES:
            raise InvalidArgument("status", "is none of REPORT_STATUS_OPEN, _DISMISSED, _DELETED, _BANNED")
        cursor, size = request.cursor if request.HasField("cursor") else None, page_size(request.page_size)
        reports, has_more = await self._services.reports.list(sender, _STATUSES[request.status], cursor, size)
        return pb.ListReportsResponse(
            reports=[report_message(report) for report in reports],
            next_cursor=reports[-1].report_id if has_more else None,
        )

    async def _resolve(self, request: pb.ResolveReportRequest, context: Context) -> pb.ResolveReportResponse:
        sender = self._edge.sender(context)
        if request.action not in _ACTIONS:
            raise InvalidArgument("action", "is none of ACTION_DISMISS, ACTION_DELETE, ACTION_BAN")
        resolution = Resolution(_ACTIONS[request.action], request.everywhere, _ban_end_ms(request))
        report = await self._services.reports.resolve(sender, request.report_id, resolution)
        return pb.ResolveReportResponse(report=report_message(report))

    async def _ban(self, request: pb.BanUserRequest, context: Context) -> pb.BanUserResponse:
        moderator = self._edge.sender(context).identity
        order = BanOrder(
            _user(request.user_id),
            _video_or_everywhere(request),
            _ban_end_ms(request),
            request.reason,
        )
        return pb.BanUserResponse(ban=ban_message(await self._services.bans.ban(moderator, order)))

    async def _lift(self, request: pb.LiftBanRequest, context: Context) -> pb.LiftBanResponse:
        moderator = self._edge.sender(context).identity
        await self._services.bans.lift(moderator, _user(request.user_id), _video_or_everywhere(request))
        return pb.LiftBanResponse()

    async def _list_bans(self, request: pb.ListBansRequest, context: Context) -> pb.ListBansResponse:
        moderator = self._edge.sender(context).identity
        bans: Sequence[Ban] = await self._services.bans.of_user(moderator, _user(request.user_id))
        return pb.ListBansResponse(bans=[ban_message(ban) for ban in bans])

    async def _set_slow_mode(self, request: pb.SetSlowModeRequest, context: Context) -> pb.SetSlowModeResponse:
        moderator = self._edge.sender(context).identity
        await self._services.slow_modes.set(moderator, video(request.live_video_id), request.seconds)
        return pb.SetSlowModeResponse()

    async def _list_audit(self, request: pb.ListAuditEntriesRequest, context: Context) -> pb.ListAuditEntriesResponse:
        admin = self._edge.sender(context).identity
        cursor, size = request.cursor if request.HasField("cursor") else None, page_size(request.page_size)
        entries, has_more = await self._services.audit.list(admin, cursor, size)
        return pb.ListAuditEntriesResponse(
            entries=[entry_message(entry) for entry in entries],
            next_cursor=entries[-1].entry_id if has_more else None,
        )


def report_message(report: Report) -> pb.Report:
    """The report as its proto."""
    return pb.Report(
        report_id=report.report_id,
        live_video_id=report.live_video_id,
        comment_id=report.comment_id,
        author_id=report.author_id,
        content=report.content,
        reporter_id=report.reporter_id,
        reason=report.reason,
        status=_STATUS_NUMBERS[report.status],
        resolved_by=report.resolved_by or "",
        created_at=_timestamp(id_time_ms(report.report_id)),
    )


def ban_message(ban: Ban) -> pb.Ban:
    """The ban as its proto."""
    return pb.Ban(
        user_id=ban.user_id,
        live_video_id=ban.live_video_id,
        until=None if ban.until_ms is None else _timestamp(ban.until_ms),
        reason=ban.reason,
        moderator_id=ban.moderator_id,
        created_at=_timestamp(ban.created_at_ms),
    )


def entry_message(entry: AuditEntry) -> pb.AuditEntry:
    """The entry as its proto."""
    return pb.AuditEntry(
        entry_id=entry.entry_id,
        moderator_id=entry.moderator_id,
        action=entry.action,
        subject=entry.subject,
        detail=entry.detail,
        at=_timestamp(id_time_ms(entry.entry_id)),
    )


def _timestamp(ms: int) -> Timestamp:
    timestamp = Timestamp()
    timestamp.FromMilliseconds(ms)
    return timestamp


def _user(user_id: str) -> str:
    if clean_name("user_id", user_id, max_characters=MAX_USER_ID_CHARACTERS) != user_id:
        raise InvalidArgument("user_id", "is not the id of a user")
    return user_id


def _video_or_everywhere(request: pb.BanUserRequest | pb.LiftBanRequest) -> str | None:
    return video(request.live_video_id) if request.HasField("live_video_id") else None


def _ban_end_ms(request: pb.BanUserRequest | pb.ResolveReportRequest) -> int | None:
    now_ms = clock_ms()
    duration_s = request.duration_s if request.HasField("duration_s") else None
    if not request.HasField("until"):
        return ban_end_ms(None, duration_s, now_ms)
    if duration_s is not None:
        raise InvalidArgument("duration_s", "and until are one too many: give either")
    return checked_end_ms(request.until.seconds * 1000 + request.until.nanos // 1_000_000, now_ms)
