"""The same use cases over gRPC."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import Any

import grpc
import pytest

from comment_service.store.sqlite import SqliteLimits
from livecomments.v1 import comment_service_pb2 as pb
from tests.integration.comment_service.edges import ADA, TOKEN, VIDEO, Edges
from tests.support.eventually import eventually

METADATA = (("authorization", f"Bearer {TOKEN}"),)


async def post(edges: Edges, content: str = "hello", **fields: object) -> pb.Comment:
    request = pb.PostCommentRequest(**({"live_video_id": VIDEO, "content": content} | fields))  # type: ignore[arg-type]
    return (await edges.grpc.PostComment(request, metadata=METADATA)).comment


async def test_a_comment_posted_by_grpc_is_the_one_that_http_shows(edges: Edges) -> None:
    comment = await post(edges, "What a goal")
    shown = (await edges.http.get(f"/comments/{VIDEO}/{comment.comment_id}")).json
    assert shown["content"] == comment.content == "What a goal"
    assert (shown["authorId"], shown["authorName"]) == (ADA.user_id, ADA.name)
    assert shown["createdAt"] == comment.created_at.ToJsonString()
    assert not comment.HasField("reply_to")
    assert not comment.HasField("edited_at")
    (event,) = edges.published.events
    assert event.event_id == comment.comment_id


async def test_a_reply_and_one_comment(edges: Edges) -> None:
    first = await post(edges)
    reply = await post(edges, "yes", reply_to=(await post(edges, "no", reply_to=first.comment_id)).comment_id)
    assert reply.reply_to == first.comment_id
    found = await edges.grpc.GetComment(pb.GetCommentRequest(live_video_id=VIDEO, comment_id=reply.comment_id))
    assert found.comment == reply


async def test_pages(edges: Edges) -> None:
    ids = [(await post(edges, f"comment {n}")).comment_id for n in range(60)]

    async def page(**fields: object) -> tuple[list[int], int, bool]:
        request = pb.ListCommentsRequest(live_video_id=VIDEO, **fields)  # type: ignore[arg-type]
        answer = await edges.grpc.ListComments(request)
        assert answer.HasField("next_cursor") == answer.has_more
        return [comment.comment_id for comment in answer.comments], answer.next_cursor, answer.has_more

    assert await page() == (ids[:9:-1], ids[10], True)
    assert await page(page_size=1000, sort=pb.SORT_ASC) == (ids, 0, False)
    assert await page(page_size=2, cursor=ids[5], direction=pb.DIRECTION_AFTER) == ([ids[7], ids[6]], ids[7], True)
    assert await page(page_size=9, cursor=0, direction=pb.DIRECTION_AFTER, sort=pb.SORT_ASC) == (ids[:9], ids[8], True)
    assert await page(page_size=2, cursor=ids[1]) == ([ids[0]], 0, False)
    assert await page(cursor=0) == ([], 0, False)


POST, GET, LIST = pb.PostCommentRequest, pb.GetCommentRequest, pb.ListCommentsRequest
BAD = {
    "no video": (POST(content="x"), "live_video_id"),
    "a bad video": (POST(live_video_id="a b", content="x"), "live_video_id"),
    "a line end": (POST(live_video_id=VIDEO + "\n", content="x"), "live_video_id"),
    "no content": (POST(live_video_id=VIDEO), "content is empty"),
    "white content": (POST(live_video_id=VIDEO, content=" \n\u200b"), "content is empty"),
    "long content": (POST(live_video_id=VIDEO, content="x" * 501), "content has 501 characters"),
    "a pile": (POST(live_video_id=VIDEO, content="x" + "\u0489" * 31), "content piles more than 30 marks"),
    "heavy content": (POST(live_video_id=VIDEO, content="x" * 4_000_000), "content is over"),
    "media": (POST(live_video_id=VIDEO, content="x", media_ids=["m-1"]), "media_ids has an id that no image has"),
    "get: a bad video": (GET(live_video_id="..", comment_id=1), "live_video_id"),
    "list: a bad video": (LIST(live_video_id="v" * 65), "live_video_id"),
    "list: a large page": (LIST(live_video_id=VIDEO, page_size=1001), "page_size"),
    "list: a direction": (LIST(live_video_id=VIDEO, direction=7), "direction"),  # type: ignore[arg-type]
    "list: a sort": (LIST(live_video_id=VIDEO, sort=7), "sort"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("name", BAD)
async def test_bad_input_is_invalid_argument_naming_the_field(edges: Edges, name: str) -> None:
    request, says = BAD[name]
    methods: dict[type, Any] = {POST: edges.grpc.PostComment, GET: edges.grpc.GetComment, LIST: edges.grpc.ListComments}
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await methods[type(request)](request, metadata=METADATA)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert says in (refused.value.details() or "")
    assert await edges.stored() == []
    assert edges.published.events == []
    assert edges.metric("requests_refused_total", edge="grpc", reason="invalid_argument") == 1


@pytest.mark.parametrize("data", [b"\x0a\x02\xff\xfe", b"\x0a\xff", b"\xff" * 100], ids=repr)
@pytest.mark.parametrize("method", ["PostComment", "GetComment", "ListComments", "EndVideo"])
async def test_bytes_that_are_no_request_are_invalid_argument(edges: Edges, method: str, data: bytes) -> None:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{edges.grpc_port}") as channel:
        call: Any = channel.unary_unary(f"/livecomments.v1.CommentService/{method}", None, None)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call(data, metadata=METADATA)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "request cannot be parsed" in (refused.value.details() or "")
    assert edges.metric("requests_refused_total", edge="grpc", reason="invalid_argument") == 1


async def test_what_is_not_there_is_not_found(edges: Edges) -> None:
    for call in (
        edges.grpc.GetComment(pb.GetCommentRequest(live_video_id=VIDEO, comment_id=2**64 - 1)),
        edges.grpc.PostComment(POST(live_video_id=VIDEO, content="x", reply_to=1), metadata=METADATA),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call
        assert refused.value.code() is grpc.StatusCode.NOT_FOUND
    assert await edges.stored() == []


@pytest.mark.parametrize("store_limits", [SqliteLimits(busy_timeout_s=30)])
async def test_a_deadline_ends_the_call_and_the_comment_is_announced_all_the_same(edges: Edges) -> None:
    await post(edges, "before")
    other = sqlite3.connect(edges.store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(grpc.aio.AioRpcError) as ended:
        await edges.grpc.PostComment(POST(live_video_id=VIDEO, content="late"), metadata=METADATA, timeout=0.1)
    assert ended.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert len(edges.published.events) == 1
    other.execute("ROLLBACK")
    await eventually(lambda: len(edges.published.events) == 2)
    assert [comment.content for comment in await edges.stored()] == ["before", "late"]
    other.close()


async def test_a_thousand_at_once(edges: Edges) -> None:
    comments = await asyncio.gather(*[post(edges, f"comment {n}") for n in range(1_000)])
    announced = [event.event_id for event in edges.published.events]
    assert announced == sorted(comment.comment_id for comment in comments)
    assert edges.metric("write_batch_size_count") < 1_000, "a thousand at once share transactions"
