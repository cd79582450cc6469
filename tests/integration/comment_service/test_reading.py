"""Where reading needs a token too."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from livecomments.v1 import comment_service_pb2 as pb
from tests.integration.comment_service.edges import BEARER, TOKEN, VIDEO, Edges

COOKIE = {"Cookie": f"theme=dark; livecomments_token={TOKEN}"}
needs_token = pytest.mark.parametrize("read_needs_token", [True])


@needs_token
async def test_nobody_reads_without_a_token(edges: Edges) -> None:
    comment = await edges.http.comment("secret")
    for path in (f"/comments/{VIDEO}", f"/comments/{VIDEO}/{comment['commentId']}", "/comments/a%20b"):
        answer = await edges.http.get(path)
        assert answer.status == 401, path
        assert answer.headers["Www-Authenticate"] == 'Bearer realm="livecomments"'
        assert "secret" not in answer.body.decode()
        assert (await edges.http("HEAD", path)).status == 401


@needs_token
@pytest.mark.parametrize(
    "headers", [BEARER, COOKIE, {"Cookie": f'livecomments_token="{TOKEN}"'}], ids=["header", "cookie", "quoted"]
)
async def test_a_token_reads_by_header_and_by_cookie(edges: Edges, headers: dict[str, str]) -> None:
    comment = await edges.http.comment("secret")
    answer = await edges.http("GET", f"/comments/{VIDEO}", headers=headers)
    assert [each["content"] for each in answer.json["comments"]] == ["secret"]
    one = await edges.http("GET", f"/comments/{VIDEO}/{comment['commentId']}", headers=headers)
    for response in (answer, one):
        assert response.headers["Cache-Control"].startswith("private")
        assert "Authorization" in response.headers["Vary"]
    assert (await edges.http("HEAD", f"/comments/{VIDEO}", headers=headers)).status == 200


@needs_token
@pytest.mark.parametrize(
    "headers",
    [
        {"Cookie": "livecomments_token=abc"},
        {"Cookie": "other_livecomments_token=" + TOKEN},
        {"Authorization": "Bearer abc"},
        {"Authorization": "Bearer abc"} | COOKIE,  # what is said aloud counts
    ],
    ids=["bad-cookie", "other-cookie", "bad-header", "bad-header-good-cookie"],
)
async def test_a_bad_token_does_not_read(edges: Edges, headers: dict[str, str]) -> None:
    answer = await edges.http("GET", f"/comments/{VIDEO}", headers=headers)
    assert answer.status == 401
    assert TOKEN not in answer.body.decode()


@needs_token
async def test_the_page_and_signing_in_need_none(edges: Edges) -> None:
    assert (await edges.http.get("/")).status == 200
    assert (await edges.http.get("/assets/livecomments.js")).status == 200
    assert (await edges.http.get("/nowhere")).status == 404
    assert (await edges.http.post("/auth/dev-token", {"name": "Ada"}, Authorization="")).status == 200


@needs_token
async def test_grpc_reads_with_a_token_alone(edges: Edges) -> None:
    comment = await edges.http.comment("secret")
    requests: tuple[tuple[Any, object], ...] = (
        (edges.grpc.ListComments, pb.ListCommentsRequest(live_video_id=VIDEO)),
        (edges.grpc.GetComment, pb.GetCommentRequest(live_video_id=VIDEO, comment_id=int(comment["commentId"]))),
    )
    for method, request in requests:
        for metadata in ((), (("authorization", "Bearer abc"),)):
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await method(request, metadata=metadata)
            assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
        assert await method(request, metadata=(("authorization", f"Bearer {TOKEN}"),))


async def test_by_default_everybody_reads(edges: Edges) -> None:
    await edges.http.comment("open")
    answer = await edges.http.get(f"/comments/{VIDEO}", Authorization="Bearer abc")
    assert answer.status == 200
    assert "private" not in answer.headers["Cache-Control"]
    assert (await edges.grpc.ListComments(pb.ListCommentsRequest(live_video_id=VIDEO))).comments
