"""``/comments/{liveVideoId}/{commentId}/reports`` and ``/moderation/reports``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from comment_service.api.handler import ApiHandler
from comment_service.api.json_body import flag_field, integer_field, json_object, optional_text_field, text_field
from comment_service.api.moderation_json import page_json, report_document, to_json
from comment_service.api.query import choice, cursor_and_size, parse_id
from comment_service.moderation.records import ReportStatus
from comment_service.moderation.reports import Action, Resolution
from comment_service.moderation.times import ban_end_ms
from comment_service.rates import Action as Rated
from comment_service.refusal import InvalidArgument
from coordination.ids import clock_ms
from service_kit.problem import Problem


class ReportHandler(ApiHandler):
    operation = "report"

    async def post(self, live_video_id: str, comment_id: str) -> None:
        """202, also where this user has reported that comment before."""
        live_video_id, number = self.video(live_video_id), _id_in_path("commentId", comment_id)
        sender = self.admitted(Rated.REPORT)
        reason = text_field(json_object(self.request), "reason")
        await self.context.services.reports.report(sender, live_video_id, number, reason)
        self.set_status(202)
        self.set_header("Cache-Control", "no-store")
        await self.finish(b"{}")


class ReportsHandler(ApiHandler):
    operation = "reports"

    async def get(self) -> None:
        """200 and a page of the queue, oldest first."""
        sender, arguments = self.sender(), self.request.query_arguments
        status = choice(arguments, "status", ReportStatus.OPEN)
        cursor, size = cursor_and_size(arguments)
        reports, has_more = await self.context.services.reports.list(sender, status, cursor, size)
        self.set_header("Cache-Control", "no-store")
        last = reports[-1].report_id if reports else None
        await self.finish(page_json("reports", [report_document(report) for report in reports], last, has_more))

    head = get


class ResolveHandler(ApiHandler):
    operation = "resolve"

    async def post(self, report_id: str) -> None:
        """200 and the report as it now stands."""
        number = _id_in_path("reportId", report_id)
        sender = self.sender()
        resolution = resolution_of(json_object(self.request))
        report = await self.context.services.reports.resolve(sender, number, resolution)
        self.set_header("Cache-Control", "no-store")
        await self.finish(to_json(report_document(report)))


def resolution_of(body: Mapping[str, Any]) -> Resolution:
    """Raises ``InvalidArgument`` naming the field that is wrong."""
    text = text_field(body, "action")
    if text not in set(Action):
        raise InvalidArgument("action", f"is none of {', '.join(Action)}")
    until, duration_s = optional_text_field(body, "until"), integer_field(body, "durationS")
    return Resolution(
        Action(text),
        everywhere=flag_field(body, "everywhere"),
        until_ms=ban_end_ms(until, duration_s, clock_ms()),
    )


def _id_in_path(name: str, text: str) -> int:
    try:
        return parse_id(name, text)
    except InvalidArgument as error:
        raise Problem(404, error.detail()) from None
