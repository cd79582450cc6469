"""Images over gRPC."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import grpc
import pytest

from livecomments.v1 import comment_service_pb2, media_pb2, media_pb2_grpc
from tests.integration.comment_service.edges import BEARER, VIDEO, Edges
from tests.support.eventually import eventually
from tests.support.images import picture

METADATA = (("authorization", BEARER["Authorization"]),)
MIB = 1024 * 1024


@pytest.fixture
def media_settings() -> dict[str, object]:
    return {"media_upload_timeout_s": 5.0}


@pytest.fixture
async def media(edges: Edges) -> AsyncIterator[media_pb2_grpc.MediaServiceAsyncStub]:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{edges.grpc_port}") as channel:
        yield media_pb2_grpc.MediaServiceStub(channel)


async def pieces(data: bytes, size: int = 1_000) -> AsyncIterator[media_pb2.UploadMediaRequest]:
    for at in range(0, len(data), size):
        yield media_pb2.UploadMediaRequest(chunk=data[at : at + size])


async def test_an_image_in_pieces_and_a_comment_with_it(
    edges: Edges, media: media_pb2_grpc.MediaServiceAsyncStub
) -> None:
    stored = (await media.UploadMedia(pieces(picture("WEBP", (30, 20))), metadata=METADATA)).media
    assert (stored.content_type, stored.width, stored.height) == ("image/webp", 30, 20)
    assert (await media.GetMedia(media_pb2.GetMediaRequest(media_id=stored.media_id))).media == stored
    assert (await edges.http.get(f"/media/{stored.media_id}")).status == 200
    request = comment_service_pb2.PostCommentRequest(live_video_id=VIDEO, content="look", media_ids=[stored.media_id])
    posted = (await edges.grpc.PostComment(request, metadata=METADATA)).comment
    assert list(posted.media) == [stored]
    listed = await edges.grpc.ListComments(comment_service_pb2.ListCommentsRequest(live_video_id=VIDEO))
    assert list(listed.comments[0].media) == [stored]


async def beginning() -> AsyncIterator[media_pb2.UploadMediaRequest]:
    yield media_pb2.UploadMediaRequest(chunk=picture()[:500])
    await asyncio.Event().wait()


REFUSED: dict[str, tuple[Callable[[], AsyncIterator[media_pb2.UploadMediaRequest]], grpc.StatusCode, str]] = {
    "nothing": (lambda: pieces(b""), grpc.StatusCode.INVALID_ARGUMENT, "file is empty"),
    "no image": (lambda: pieces(b"<svg/>"), grpc.StatusCode.INVALID_ARGUMENT, "neither PNG"),
    "half an image": (lambda: pieces(picture()[:1_000]), grpc.StatusCode.INVALID_ARGUMENT, "ends too early"),
    "too large": (lambda: pieces(bytes(5 * MIB + 1), 64 * 1024), grpc.StatusCode.RESOURCE_EXHAUSTED, "over 5242880"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_refused(edges: Edges, media: media_pb2_grpc.MediaServiceAsyncStub, name: str) -> None:
    requests, code, says = REFUSED[name]
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await media.UploadMedia(requests(), metadata=METADATA)
    assert (refused.value.code(), says in str(refused.value.details())) == (code, True), refused.value
    await nothing_is_under_way(edges)


async def nothing_yet() -> AsyncIterator[media_pb2.UploadMediaRequest]:
    """Sends nothing and waits: to a client that is about to send, gRPC may tell an error of its own instead."""
    await asyncio.Event().wait()
    yield media_pb2.UploadMediaRequest()


async def test_without_a_token(edges: Edges, media: media_pb2_grpc.MediaServiceAsyncStub) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await asyncio.wait_for(media.UploadMedia(nothing_yet()), 60)
    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_what_is_unknown(media: media_pb2_grpc.MediaServiceAsyncStub) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await media.GetMedia(media_pb2.GetMediaRequest(media_id="0" * 64))
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND


async def test_bytes_that_are_no_request(edges: Edges) -> None:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{edges.grpc_port}") as channel:
        call = channel.stream_unary("/livecomments.v1.MediaService/UploadMedia", bytes, bytes)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call(iter([b"\xff\xff\xff"]), metadata=METADATA)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    await nothing_is_under_way(edges)


async def test_who_goes_in_the_middle_leaves_nothing(edges: Edges, media: media_pb2_grpc.MediaServiceAsyncStub) -> None:
    call = media.UploadMedia(beginning(), metadata=METADATA)
    assert edges.services.media is not None
    spool = edges.services.media.spool
    await eventually(lambda: spool.bytes == 500)
    call.cancel()
    await nothing_is_under_way(edges)


async def test_who_sends_no_more_is_told_so(edges: Edges, media: media_pb2_grpc.MediaServiceAsyncStub) -> None:
    call = media.UploadMedia(beginning(), metadata=METADATA)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await asyncio.wait_for(call, 60)
    assert refused.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    await nothing_is_under_way(edges)


async def nothing_is_under_way(edges: Edges) -> None:
    assert edges.services.media is not None
    spool = edges.services.media.spool
    await eventually(lambda: (spool.uploads, spool.bytes) == (0, 0))
    assert list(edges.store.path.parent.glob("media-spool/*/*")) == []
