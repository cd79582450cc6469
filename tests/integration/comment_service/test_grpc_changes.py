"""Edits, deletions, threads, changes, the end and idempotency keys over gRPC."""

from __future__ import annotations

from collections.abc import Awaitable

import grpc
import pytest

from livecomments.v1 import comment_service_pb2 as pb
from tests.integration.comment_service.edges import TOKEN, VIDEO, Edges, bearer

Metadata = tuple[tuple[str, str], ...]
ADA: Metadata = (("authorization", f"Bearer {TOKEN}"),)


def metadata(header: dict[str, str]) -> Metadata:
    return (("authorization", header["Authorization"]),)


MODERATOR = metadata(bearer("m-1", "moderator"))
STRANGER = metadata(bearer("u-18", "viewer"))


async def post(edges: Edges, content: str = "hello", **fields: object) -> pb.Comment:
    request = pb.PostCommentRequest(live_video_id=VIDEO, content=content, **fields)  # type: ignore[arg-type]
    return (await edges.grpc.PostComment(request, metadata=ADA)).comment


async def refusal(call: Awaitable[object]) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call
    return refused.value.code(), refused.value.details() or ""


async def edit(edges: Edges, comment_id: int, content: str = "better", who: Metadata = ADA) -> pb.Comment:
    request = pb.EditCommentRequest(live_video_id=VIDEO, comment_id=comment_id, content=content)
    return (await edges.grpc.EditComment(request, metadata=who)).comment


async def delete(edges: Edges, comment_id: int, who: Metadata = ADA) -> None:
    await edges.grpc.DeleteComment(pb.DeleteCommentRequest(live_video_id=VIDEO, comment_id=comment_id), metadata=who)


async def end(edges: Edges, who: Metadata) -> None:
    await edges.grpc.EndVideo(pb.EndVideoRequest(live_video_id=VIDEO), metadata=who)


async def test_edit_and_delete(edges: Edges) -> None:
    comment = await post(edges)
    edited = await edit(edges, comment.comment_id, "better", MODERATOR)
    assert edited.content == "better"
    assert edited.edited_at.ToMilliseconds() >= comment.created_at.ToMilliseconds()
    shown = (await edges.http.get(f"/comments/{VIDEO}/{comment.comment_id}")).json
    assert shown["editedAt"] == edited.edited_at.ToJsonString()
    await delete(edges, comment.comment_id)
    assert await edges.stored() == []


async def test_what_is_refused(edges: Edges) -> None:
    comment_id = (await post(edges)).comment_id
    codes = grpc.StatusCode
    assert (await refusal(edit(edges, comment_id, who=STRANGER)))[0] is codes.PERMISSION_DENIED
    assert (await refusal(delete(edges, comment_id, who=STRANGER)))[0] is codes.PERMISSION_DENIED
    assert (await refusal(end(edges, STRANGER)))[0] is codes.PERMISSION_DENIED
    assert (await refusal(edit(edges, comment_id, who=())))[0] is codes.UNAUTHENTICATED
    assert await refusal(edit(edges, comment_id, " ")) == (codes.INVALID_ARGUMENT, "content is empty")
    assert (await refusal(edit(edges, 1)))[0] is codes.NOT_FOUND
    assert (await refusal(delete(edges, 1)))[0] is codes.NOT_FOUND
    assert (await refusal(edges.grpc.EditComment(pb.EditCommentRequest(), metadata=ADA)))[1].startswith("live_video_id")
    large = edges.grpc.ListChanges(pb.ListChangesRequest(live_video_id=VIDEO, page_size=1001))
    assert (await refusal(large))[1].startswith("page_size")
    assert [comment.content for comment in await edges.stored()] == ["hello"]


async def test_the_end(edges: Edges) -> None:
    assert not (await edges.grpc.ListComments(pb.ListCommentsRequest(live_video_id=VIDEO))).ended
    await end(edges, metadata(bearer("u-1", videos=[VIDEO])))
    await end(edges, MODERATOR)
    assert (await refusal(post(edges)))[0] is grpc.StatusCode.FAILED_PRECONDITION
    assert (await edges.grpc.ListComments(pb.ListCommentsRequest(live_video_id=VIDEO))).ended


async def test_an_idempotency_key(edges: Edges) -> None:
    first = await post(edges, idempotency_key="k-1")
    assert await post(edges, idempotency_key="k-1") == first
    assert (await refusal(post(edges, "another", idempotency_key="k-1")))[0] is grpc.StatusCode.INVALID_ARGUMENT
    assert (await refusal(post(edges, idempotency_key="a b")))[1].startswith("idempotency_key")
    assert len(await edges.stored()) == 1
    plain = [await post(edges, idempotency_key="") for _ in range(2)]
    assert plain[0].comment_id != plain[1].comment_id, "an empty key is none"


async def test_a_thread(edges: Edges) -> None:
    first = await post(edges)
    replies = [await post(edges, f"reply {n}", reply_to=first.comment_id) for n in range(3)]
    request = pb.ListRepliesRequest(live_video_id=VIDEO, comment_id=first.comment_id, page_size=2)
    page = await edges.grpc.ListReplies(request)
    assert (list(page.comments), page.next_cursor, page.has_more) == (replies[:2], replies[1].comment_id, True)
    request.cursor = page.next_cursor
    page = await edges.grpc.ListReplies(request)
    assert (list(page.comments), page.HasField("next_cursor"), page.has_more) == (replies[2:], False, False)
    found = await edges.grpc.GetComment(pb.GetCommentRequest(live_video_id=VIDEO, comment_id=first.comment_id))
    assert found.comment.reply_count == 3
    unknown = edges.grpc.ListReplies(pb.ListRepliesRequest(live_video_id=VIDEO, comment_id=1))
    assert (await refusal(unknown))[0] is grpc.StatusCode.NOT_FOUND


async def test_changes_tell_what_stands_now(edges: Edges) -> None:
    first, second = await post(edges, "first"), await post(edges, "second")
    await edit(edges, first.comment_id, "better")
    best = await edit(edges, first.comment_id, "best")
    await edit(edges, second.comment_id)
    await delete(edges, second.comment_id)
    await end(edges, MODERATOR)
    told = [(event.event_id, event.kind) for event in edges.published.events[2:]]
    page = await edges.grpc.ListChanges(pb.ListChangesRequest(live_video_id=VIDEO, page_size=3))
    assert page.has_more
    rest = await edges.grpc.ListChanges(pb.ListChangesRequest(live_video_id=VIDEO, after=page.changes[-1].change_id))
    assert not rest.has_more
    changes = [*page.changes, *rest.changes]
    assert [change.change_id for change in changes] == [event_id for event_id, _ in told]
    kinds = pb.Change
    assert [change.kind for change in changes] == [
        kinds.KIND_EDIT,
        kinds.KIND_EDIT,
        kinds.KIND_EDIT,
        kinds.KIND_DELETE,
        kinds.KIND_END,
    ]
    assert [change.comment for change in changes[:2]] == [best, best]
    assert not changes[2].HasField("comment")


async def test_a_page_comes_with_what_was_changed_since(edges: Edges) -> None:
    comments = [await post(edges, f"comment {n}") for n in range(3)]
    request = pb.ListCommentsRequest(live_video_id=VIDEO)
    assert not (await edges.grpc.ListComments(request)).changes
    for _ in range(201):
        await edit(edges, comments[0].comment_id)
    assert not (await edges.grpc.ListComments(request)).changes, "only where it is asked for"
    request.changes_after = edges.published.events[3].event_id
    page = await edges.grpc.ListComments(request)
    assert (len(page.changes), page.more_changes) == (200, False)
    request.changes_after = 0
    page = await edges.grpc.ListComments(request)
    assert (len(page.changes), page.more_changes) == (200, True)
