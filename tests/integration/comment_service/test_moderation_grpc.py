"""Moderation over gRPC: the same use cases, by another edge."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any, TypeAlias

import grpc
import pytest

from livecomments.v1 import (
    comment_service_pb2,
    media_pb2,
    media_pb2_grpc,
    moderation_pb2_grpc,
    reactions_pb2,
    reactions_pb2_grpc,
)
from livecomments.v1 import moderation_pb2 as pb
from service_kit.auth.identity import Identity
from service_kit.auth.tokens import sign
from tests.integration.comment_service.edges import ADA, SECRET, TOKEN, VIDEO, Edges, retry_after_s
from tests.support.images import picture

Stub: TypeAlias = "moderation_pb2_grpc.ModerationServiceAsyncStub"
Metadata = tuple[tuple[str, str], ...]


def metadata(user_id: str, role: str) -> Metadata:
    token = sign(Identity(user_id, user_id, frozenset({role})), SECRET, lifetime_s=86_400).token
    return (("authorization", f"Bearer {token}"),)


VIEWER: Metadata = (("authorization", f"Bearer {TOKEN}"),)
MODERATOR, ADMIN = metadata("m-1", "moderator"), metadata("a-1", "admin")


@pytest.fixture
async def stub(edges: Edges) -> AsyncIterator[Stub]:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{edges.grpc_port}") as channel:
        yield moderation_pb2_grpc.ModerationServiceStub(channel)


async def refused(call: Any) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await call
    return error.value.code(), error.value.details() or ""


async def post(edges: Edges, content: str = "What a fool") -> int:
    request = comment_service_pb2.PostCommentRequest(live_video_id=VIDEO, content=content)
    return int((await edges.grpc.PostComment(request, metadata=VIEWER)).comment.comment_id)


async def test_from_a_report_to_a_ban(edges: Edges, stub: Stub) -> None:
    comment_id = await post(edges)
    request = pb.ReportCommentRequest(live_video_id=VIDEO, comment_id=comment_id, reason="rude")
    await stub.ReportComment(request, metadata=metadata("u-2", "viewer"))
    await stub.ReportComment(request, metadata=metadata("u-2", "viewer"))
    (report,) = (await stub.ListReports(pb.ListReportsRequest(), metadata=MODERATOR)).reports
    assert (report.comment_id, report.content, report.author_id) == (comment_id, "What a fool", ADA.user_id)
    assert (report.reporter_id, report.reason, report.status) == ("u-2", "rude", pb.REPORT_STATUS_OPEN)
    resolve = pb.ResolveReportRequest(
        report_id=report.report_id, action=pb.ResolveReportRequest.ACTION_BAN, duration_s=3600
    )
    resolved = (await stub.ResolveReport(resolve, metadata=MODERATOR)).report
    assert (resolved.status, resolved.resolved_by) == (pb.REPORT_STATUS_BANNED, "m-1")
    code, says = await refused(stub.ResolveReport(resolve, metadata=MODERATOR))
    assert (code, "resolved already" in says) == (grpc.StatusCode.FAILED_PRECONDITION, True)
    code, says = await refused(post(edges))
    assert (code, f"banned in {VIDEO} until" in says) == (grpc.StatusCode.PERMISSION_DENIED, True)
    assert await edges.stored() == []
    (ban,) = (await stub.ListBans(pb.ListBansRequest(user_id=ADA.user_id), metadata=MODERATOR)).bans
    assert 3_500 < ban.until.seconds - time.time() < 3_700


async def test_a_ban_is_made_and_lifted(edges: Edges, stub: Stub) -> None:
    request = pb.BanUserRequest(user_id=ADA.user_id, reason="spam")
    request.until.FromSeconds(32_472_144_000)
    ban = (await stub.BanUser(request, metadata=MODERATOR)).ban
    assert not ban.HasField("live_video_id")
    assert (ban.until.seconds, ban.reason, ban.moderator_id) == (32_472_144_000, "spam", "m-1")
    assert (await refused(post(edges)))[0] is grpc.StatusCode.PERMISSION_DENIED
    here = pb.LiftBanRequest(user_id=ADA.user_id, live_video_id=VIDEO)
    assert (await refused(stub.LiftBan(here, metadata=MODERATOR)))[0] is grpc.StatusCode.NOT_FOUND
    await stub.LiftBan(pb.LiftBanRequest(user_id=ADA.user_id), metadata=MODERATOR)
    assert await post(edges)


async def chunks(data: bytes) -> AsyncIterator[media_pb2.UploadMediaRequest]:
    yield media_pb2.UploadMediaRequest(chunk=data)


async def test_who_is_banned_takes_no_part(edges: Edges, stub: Stub) -> None:
    comment_id = await post(edges)
    await stub.BanUser(pb.BanUserRequest(user_id=ADA.user_id), metadata=MODERATOR)
    report = pb.ReportCommentRequest(live_video_id=VIDEO, comment_id=comment_id, reason="rude")
    like = reactions_pb2.ReactToCommentRequest(live_video_id=VIDEO, comment_id=comment_id, kind="like")
    love = reactions_pb2.ReactToVideoRequest(live_video_id=VIDEO, kind="love")
    async with grpc.aio.insecure_channel(f"127.0.0.1:{edges.grpc_port}") as channel:
        reactions = reactions_pb2_grpc.ReactionServiceStub(channel)
        media = media_pb2_grpc.MediaServiceStub(channel)
        for call in (
            stub.ReportComment(report, metadata=VIEWER),
            reactions.ReactToComment(like, metadata=VIEWER),
            reactions.ReactToVideo(love, metadata=VIEWER),
            media.UploadMedia(chunks(picture()), metadata=VIEWER),
        ):
            assert await refused(call) == (grpc.StatusCode.PERMISSION_DENIED, "you are banned everywhere for good")
        unlike = reactions_pb2.RemoveReactionRequest(live_video_id=VIDEO, comment_id=comment_id, kind="like")
        await reactions.RemoveReaction(unlike, metadata=VIEWER)
    assert edges.metric("requests_refused_total", edge="grpc", reason="banned") == 4


async def test_slow_mode_tells_when_to_come_back(edges: Edges, stub: Stub) -> None:
    await stub.SetSlowMode(pb.SetSlowModeRequest(live_video_id=VIDEO, seconds=60), metadata=MODERATOR)
    await post(edges)
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await post(edges)
    assert error.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert 58 <= retry_after_s(error.value) <= 60


async def test_the_trail_is_for_admins(edges: Edges, stub: Stub) -> None:
    for seconds in (1, 2, 3):
        await stub.SetSlowMode(pb.SetSlowModeRequest(live_video_id=VIDEO, seconds=seconds), metadata=MODERATOR)
    request = pb.ListAuditEntriesRequest(page_size=2)
    assert (await refused(stub.ListAuditEntries(request, metadata=MODERATOR)))[0] is grpc.StatusCode.PERMISSION_DENIED
    page = await stub.ListAuditEntries(request, metadata=ADMIN)
    request.cursor = page.next_cursor
    rest = await stub.ListAuditEntries(request, metadata=ADMIN)
    assert not rest.HasField("next_cursor")
    entries = [*page.entries, *rest.entries]
    assert [entry.detail["seconds"] for entry in entries] == ["3", "2", "1"]
    assert {(entry.moderator_id, entry.action, entry.subject) for entry in entries} == {("m-1", "slow_mode", VIDEO)}


BAN, RESOLVE = pb.BanUserRequest, pb.ResolveReportRequest
BAD: dict[str, tuple[str, Any, str]] = {
    "report: a video": ("ReportComment", pb.ReportCommentRequest(live_video_id="a b", reason="x"), "live_video_id"),
    "report: no reason": ("ReportComment", pb.ReportCommentRequest(live_video_id=VIDEO), "reason is empty"),
    "reports: a status": ("ListReports", pb.ListReportsRequest(status=9), "status"),  # type: ignore[arg-type]
    "reports: a large page": ("ListReports", pb.ListReportsRequest(page_size=1001), "page_size"),
    "resolve: no action": ("ResolveReport", RESOLVE(report_id=1), "action is none of"),
    "resolve: two ends": ("ResolveReport", RESOLVE(action=3, duration_s=5, until={"seconds": 9}), "give either"),  # type: ignore[arg-type]
    "ban: nobody": ("BanUser", BAN(), "user_id is empty"),
    "ban: controls": ("BanUser", BAN(user_id="a\nb"), "user_id"),
    "ban: a video": ("BanUser", BAN(user_id="u", live_video_id=""), "live_video_id"),
    "ban: the past": ("BanUser", BAN(user_id="u", until={"seconds": 1}), "until has passed"),  # type: ignore[arg-type]
    "ban: the end of time": ("BanUser", BAN(user_id="u", until={"seconds": 2**62}), "until is after"),  # type: ignore[arg-type]
    "ban: a long reason": ("BanUser", BAN(user_id="u", reason="x" * 501), "reason has 501"),
    "lift: a video": ("LiftBan", pb.LiftBanRequest(user_id="u", live_video_id="..."), "live_video_id"),
    "bans: nobody": ("ListBans", pb.ListBansRequest(user_id=" "), "user_id"),
    "slow mode: too slow": ("SetSlowMode", pb.SetSlowModeRequest(live_video_id=VIDEO, seconds=3601), "seconds"),
}


@pytest.mark.parametrize("name", BAD)
async def test_bad_input_is_invalid_argument_naming_the_field(edges: Edges, stub: Stub, name: str) -> None:
    method, request, says = BAD[name]
    code, detail = await refused(getattr(stub, method)(request, metadata=MODERATOR))
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert says in detail
    assert await edges.store.audit.before(None, 9) == []


@pytest.mark.parametrize(
    "method", ["ListReports", "ResolveReport", "BanUser", "LiftBan", "ListBans", "SetSlowMode", "ListAuditEntries"]
)
async def test_all_but_reporting_is_for_moderators(stub: Stub, method: str) -> None:
    request = {
        "ResolveReport": RESOLVE(action=1),  # type: ignore[arg-type]
        "BanUser": BAN(user_id="u"),
        "LiftBan": pb.LiftBanRequest(user_id="u"),
        "ListBans": pb.ListBansRequest(user_id="u"),
        "SetSlowMode": pb.SetSlowModeRequest(live_video_id=VIDEO),
    }.get(method, getattr(pb, method + "Request")())
    assert (await refused(getattr(stub, method)(request)))[0] is grpc.StatusCode.UNAUTHENTICATED
    assert (await refused(getattr(stub, method)(request, metadata=VIEWER)))[0] is grpc.StatusCode.PERMISSION_DENIED
