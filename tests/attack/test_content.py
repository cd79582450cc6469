"""Content is data: whatever it looks like, it comes back as it was, by every way, and does nothing else."""

from __future__ import annotations

import json

import grpc
import pytest

from comment_service.content import clean_content
from comment_service.refusal import InvalidArgument
from livecomments.v1 import comment_service_pb2 as pb
from livecomments.v1 import comment_service_pb2_grpc
from ops.client import CommentsApi, HttpClient
from tests.attack.conftest import origin
from tests.support.attacks import TEXTS
from tests.support.cluster import Cluster
from tests.support.eventually import eventually
from tests.support.viewers import Audience, Viewer


def expected(text: str) -> str | None:
    """As it is kept, None where it is refused; NFC and control characters are the only changes."""
    try:
        return clean_content(text)
    except InvalidArgument:
        return None


KEPT = [text for text in TEXTS if expected(text) is not None]


@pytest.mark.parametrize("way", ["envoy", "direct", "grpc"])
async def test_what_was_said_is_what_is_read_and_seen_and_nothing_else(
    cluster: Cluster, channel: grpc.aio.Channel, way: str
) -> None:
    video, token = f"content-{way}", await cluster.token("mallory", "<b onclick='x'>Mallory\u202e';--")
    async with (
        Audience([Viewer(cluster.url, video)]) as audience,
        HttpClient(origin(cluster, "direct" if way == "grpc" else way)) as http,
    ):
        viewer = audience.viewers[0]
        for text in KEPT:
            if way == "grpc":
                await post_by_grpc(channel, video, text, token)
            else:
                body = json.dumps({"content": text}, ensure_ascii=False).encode()
                headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
                answer = await http.request("POST", f"/comments/{video}", headers=headers, body=body)
                assert answer.status == 201, (text, answer.body)
                assert json.loads(answer.body)["content"] == expected(text)
                assert b"\n" not in answer.body
        await eventually(lambda: len(viewer.comments) >= len(KEPT), timeout_s=30, what="all comments on the stream")
        history = [comment async for comment in CommentsApi(http).after(video, "0")]
    assert [comment["content"] for comment in history] == [expected(text) for text in KEPT]
    seen = [event for event in viewer.events if event.event != "viewers"]
    assert [event.event for event in seen] == ["comment"] * len(KEPT), "one event each, and no other"
    assert [event.json() for event in seen] == history
    assert [str(event.id) for event in seen] == [comment["commentId"] for comment in history]


async def post_by_grpc(channel: grpc.aio.Channel, video: str, text: str, token: str) -> None:
    stub = comment_service_pb2_grpc.CommentServiceStub(channel)
    request = pb.PostCommentRequest(live_video_id=video, content=text)
    await stub.PostComment(request, metadata=(("authorization", f"Bearer {token}"),))
