"""The same over gRPC."""

from __future__ import annotations

from collections.abc import AsyncIterator

import grpc
import pytest

from comment_service.reactions.reactions import MAX_COUNT
from livecomments.v1 import comment_service_pb2, reactions_pb2_grpc
from livecomments.v1 import reactions_pb2 as pb
from tests.integration.comment_service.edges import TOKEN, VIDEO, Edges
from tests.support.eventually import eventually

METADATA = (("authorization", f"Bearer {TOKEN}"),)


@pytest.fixture
async def stub(edges: Edges) -> AsyncIterator[reactions_pb2_grpc.ReactionServiceAsyncStub]:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{edges.grpc_port}") as channel:
        yield reactions_pb2_grpc.ReactionServiceStub(channel)


async def shown(edges: Edges, comment_id: int) -> dict[str, int]:
    request = comment_service_pb2.GetCommentRequest(live_video_id=VIDEO, comment_id=comment_id)
    return dict((await edges.grpc.GetComment(request)).comment.reactions)


async def test_a_reaction_to_a_comment(edges: Edges, stub: reactions_pb2_grpc.ReactionServiceAsyncStub) -> None:
    comment_id = int((await edges.http.comment("What a goal"))["commentId"])
    for kind in ("like", "wow", "wow"):
        request = pb.ReactToCommentRequest(live_video_id=VIDEO, comment_id=comment_id, kind=kind)
        await stub.ReactToComment(request, metadata=METADATA)
    assert await shown(edges, comment_id) == {"wow": 1}
    for kind in ("like", "wow", "wow"):
        removal = pb.RemoveReactionRequest(live_video_id=VIDEO, comment_id=comment_id, kind=kind)
        await stub.RemoveReaction(removal, metadata=METADATA)
        assert await shown(edges, comment_id) == ({"wow": 1} if kind == "like" else {})


async def test_a_page_over_grpc_has_totals(edges: Edges, stub: reactions_pb2_grpc.ReactionServiceAsyncStub) -> None:
    comment_id = int((await edges.http.comment("What a goal"))["commentId"])
    request = pb.ReactToCommentRequest(live_video_id=VIDEO, comment_id=comment_id, kind="sad")
    await stub.ReactToComment(request, metadata=METADATA)
    page = await edges.grpc.ListComments(comment_service_pb2.ListCommentsRequest(live_video_id=VIDEO))
    assert [dict(comment.reactions) for comment in page.comments] == [{"sad": 1}]


async def test_reactions_to_a_video_come_in_batches(
    edges: Edges, stub: reactions_pb2_grpc.ReactionServiceAsyncStub
) -> None:
    for count in (0, 1, MAX_COUNT):
        request = pb.ReactToVideoRequest(live_video_id=VIDEO, kind="love", count=count)
        await stub.ReactToVideo(request, metadata=METADATA)

    async def counted() -> bool:
        return await edges.store.reactions.of_video(VIDEO) == {"love": MAX_COUNT + 2}

    await eventually(counted)


@pytest.mark.parametrize(
    ("request_", "code", "named"),
    [
        (pb.ReactToVideoRequest(live_video_id=VIDEO, kind="boo"), "INVALID_ARGUMENT", "kind"),
        (pb.ReactToVideoRequest(live_video_id=VIDEO, kind="like", count=MAX_COUNT + 1), "INVALID_ARGUMENT", "count"),
        (pb.ReactToVideoRequest(live_video_id="no video", kind="like"), "INVALID_ARGUMENT", "live_video_id"),
        (pb.ReactToCommentRequest(live_video_id=VIDEO, comment_id=1), "INVALID_ARGUMENT", "kind"),
        (pb.ReactToCommentRequest(live_video_id=VIDEO, comment_id=1, kind="like"), "NOT_FOUND", "1"),
        (pb.ReactToCommentRequest(live_video_id=VIDEO, comment_id=2**64 - 1, kind="like"), "NOT_FOUND", ""),
        (pb.RemoveReactionRequest(live_video_id=VIDEO, comment_id=1, kind="like"), "NOT_FOUND", "1"),
        (pb.RemoveReactionRequest(live_video_id="", comment_id=1, kind="like"), "INVALID_ARGUMENT", "live_video_id"),
    ],
)
async def test_what_is_wrong_is_named(
    edges: Edges,
    stub: reactions_pb2_grpc.ReactionServiceAsyncStub,
    request_: pb.ReactToVideoRequest | pb.ReactToCommentRequest | pb.RemoveReactionRequest,
    code: str,
    named: str,
) -> None:
    method = getattr(stub, type(request_).__name__.removesuffix("Request"))
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await method(request_, metadata=METADATA)
    assert refused.value.code().name == code
    assert named in (refused.value.details() or "")
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await method(request_)
    assert refused.value.code().name in {"UNAUTHENTICATED", "INVALID_ARGUMENT"}
    assert edges.published.events == []
