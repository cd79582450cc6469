"""Many posts in one stream: each has its own outcome, and requests are answered in their order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

import grpc
import pytest

from livecomments.v1 import comment_service_pb2 as pb
from tests.integration.comment_service.edges import TOKEN, VIDEO, Edges

METADATA = [("authorization", f"Bearer {TOKEN}")]


def batch(*contents: str, **fields: Any) -> pb.PostCommentsRequest:
    posts = [pb.PostCommentRequest(live_video_id=VIDEO, content=content, **fields) for content in contents]
    return pb.PostCommentsRequest(posts=posts)


async def post(edges: Edges, requests: Iterable[pb.PostCommentsRequest]) -> list[pb.PostCommentsResponse]:
    async def stream() -> AsyncIterator[pb.PostCommentsRequest]:
        for request in requests:
            yield request

    return [response async for response in edges.grpc.PostComments(stream(), metadata=METADATA)]


async def test_every_post_of_a_stream_is_stored_and_announced(edges: Edges) -> None:
    requests = [batch(*[f"{number} {index}" for index in range(50)]) for number in range(20)]
    responses = await post(edges, requests)
    comments = [outcome.comment for response in responses for outcome in response.outcomes]
    assert [comment.content for comment in comments] == [post.content for each in requests for post in each.posts]
    stored = await edges.stored()
    assert {comment.comment_id for comment in stored} == {comment.comment_id for comment in comments}
    assert [event.event_id for event in edges.published.events] == [comment.comment_id for comment in stored]
    # Group commit: far fewer transactions than posts.
    assert edges.metric("write_batch_size_count") <= len(comments) / 10


async def test_a_post_that_is_refused_takes_nothing_from_the_others(edges: Edges) -> None:
    request = batch("first", "", "x" * 501, "last")
    request.posts.add(live_video_id="no such id", content="hello")
    request.posts.add(live_video_id=VIDEO, content="a reply", reply_to=1)
    [response] = await post(edges, [request])
    kinds = [outcome.WhichOneof("outcome") for outcome in response.outcomes]
    assert kinds == ["comment", "refusal", "refusal", "comment", "refusal", "refusal"]
    refusals = [outcome.refusal for outcome in response.outcomes if outcome.HasField("refusal")]
    assert [refusal.reason for refusal in refusals] == ["invalid_argument"] * 3 + ["not_found"]
    assert refusals[0].detail == "content is empty"
    assert [comment.content for comment in await edges.stored()] == ["first", "last"]
    assert edges.metric("requests_refused_total", edge="grpc", reason="invalid_argument") == 3


async def test_the_same_key_is_posted_once(edges: Edges) -> None:
    request = pb.PostCommentRequest(live_video_id=VIDEO, content="once", idempotency_key="k-1")
    other = pb.PostCommentRequest(live_video_id=VIDEO, content="another", idempotency_key="k-1")
    same = pb.PostCommentsRequest(posts=[request, request])
    responses = await post(edges, [same, pb.PostCommentsRequest(posts=[request, other])])
    outcomes = [outcome for response in responses for outcome in response.outcomes]
    assert len({outcome.comment.comment_id for outcome in outcomes[:3]}) == 1
    assert outcomes[3].refusal.reason == "key_reused"
    assert [comment.content for comment in await edges.stored()] == ["once"]


async def test_a_request_is_bounded(edges: Edges) -> None:
    for request in (batch(), batch(*["hello"] * 201)):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await post(edges, [request])
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert "posts" in str(caught.value.details())
    assert await edges.stored() == []


async def test_a_stream_without_a_token_is_refused(edges: Edges) -> None:
    async def stream() -> AsyncIterator[pb.PostCommentsRequest]:
        yield batch("hello")
        await asyncio.Event().wait()  # a client that ends a stream while it is refused may say INTERNAL instead

    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await anext(aiter(edges.grpc.PostComments(stream())))
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert await edges.stored() == []


async def test_what_cannot_be_parsed_ends_the_stream_after_what_came_before(edges: Edges) -> None:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{edges.grpc_port}") as channel:
        call = channel.stream_stream(
            "/livecomments.v1.CommentService/PostComments",
            request_serializer=None,
            response_deserializer=pb.PostCommentsResponse.FromString,
        )

        async def stream() -> AsyncIterator[bytes]:
            yield batch("hello").SerializeToString()
            yield b"\xff\xff"

        answers = call(stream(), metadata=METADATA)
        first = await answers.read()
        assert isinstance(first, pb.PostCommentsResponse)
        assert first.outcomes[0].comment.content == "hello"
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await answers.read()
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
