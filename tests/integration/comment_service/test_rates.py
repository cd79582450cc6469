"""Rate limits over both edges: what the answers say, and what counts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

import grpc
import pytest

from comment_service.rates import Action, Allowances, Rates, SlidingWindows
from comment_service.rates.allowance import parse_allowance
from livecomments.v1 import comment_service_pb2 as pb
from tests.integration.comment_service.edges import TOKEN, VIDEO, Answer, Clock, Edges, bearer, retry_after_s

BOB = bearer("u-2", "viewer")
METADATA = (("authorization", f"Bearer {TOKEN}"),)


@pytest.fixture
def rates(clock: Clock) -> Rates:
    """Three posts, two reports and one reaction a minute and user, five in all an address, nine a video."""
    allowances = Allowances(
        per_user={
            Action.POST: parse_allowance("3/minute"),
            Action.REPORT: parse_allowance("2/minute"),
            Action.REACTION: parse_allowance("1/minute"),
        },
        per_address=parse_allowance("5/minute"),
        per_video=parse_allowance("9/minute"),
    )
    return Rates(allowances, SlidingWindows(1_000, now_s=clock))


async def post(edges: Edges, video: str = VIDEO, **headers: str) -> Answer:
    return await edges.http.post(f"/comments/{video}", {"content": "hello"}, **headers)


def limits(headers: Mapping[str, str]) -> tuple[str, str, str]:
    return headers["RateLimit-Limit"], headers["RateLimit-Remaining"], headers["RateLimit-Policy"]


async def test_every_answer_tells_what_is_left(edges: Edges, clock: Clock) -> None:
    answers = [await post(edges) for _ in range(4)]
    assert [answer.status for answer in answers] == [201, 201, 201, 429]
    assert [limits(answer.headers) for answer in answers] == [("3", left, "3;w=60") for left in ("2", "1", "0", "0")]
    refused = answers[-1]
    assert 1 <= int(refused.headers["Retry-After"]) == int(refused.headers["RateLimit-Reset"]) <= 120
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert "too many posts by you: 3 are possible in 60 s" in refused.json["detail"]
    assert edges.metric("requests_refused_total", edge="http", reason="rate_limited") == 1
    assert len(await edges.stored()) == 3
    clock.now_s += int(refused.headers["Retry-After"])
    assert (await post(edges)).status == 201


async def test_edits_count_with_posts_and_reports_for_themselves(edges: Edges) -> None:
    comment = await edges.http.comment("hello")
    path = f"/comments/{VIDEO}/{comment['commentId']}"
    for content in ("better", "best"):
        answer = await edges.http.patch(path, {"content": content})
        assert answer.status == 200
    assert answer.headers["RateLimit-Remaining"] == "0"
    assert (await edges.http.patch(path, {"content": "worse"})).status == 429
    reports = [await edges.http.post(f"{path}/reports", {"reason": "x"}) for _ in range(3)]
    assert [answer.status for answer in reports] == [202, 202, 429]
    assert (await edges.http.delete(path)).status == 204, "taking back is always possible"


async def test_reactions_count_for_themselves(edges: Edges) -> None:
    comment = await edges.http.comment("hello")
    reaction = f"/comments/{VIDEO}/{comment['commentId']}/reactions/like"
    first = await edges.http.put(reaction, {})
    assert (first.status, first.headers["RateLimit-Remaining"]) == (204, "0")
    for answer in (
        await edges.http.delete(reaction),
        await edges.http.post(f"/videos/{VIDEO}/reactions", {"kind": "like"}),
    ):
        assert (answer.status, limits(answer.headers)) == (429, ("1", "0", "1;w=60"))
    assert (await post(edges)).status == 201


async def test_what_is_malformed_counts_and_what_has_no_token_does_not(edges: Edges) -> None:
    for _ in range(5):
        assert (await edges.http.post(f"/comments/{VIDEO}", {"content": "x"}, Authorization="")).status == 401
    for _ in range(3):
        assert (await edges.http.post(f"/comments/{VIDEO}", {})).status == 400
    assert (await post(edges)).status == 429
    assert (await edges.http.get(f"/comments/{VIDEO}")).status == 200, "reading is not counted"


async def test_an_address_that_envoy_names_is_counted(edges: Edges) -> None:
    here, there = {"X-Envoy-External-Address": "192.0.2.1"}, {"X-Envoy-External-Address": "192.0.2.2"}
    for n in range(5):
        assert (await post(edges, f"v-{n}", **bearer(f"w-{n}"), **here)).status == 201
    refused = await post(edges, "other", **BOB, **here)
    assert (refused.status, limits(refused.headers)) == (429, ("5", "0", "5;w=60"))
    assert (await post(edges, "other", **BOB, **there)).status == 201
    assert (await post(edges, "other", **BOB)).status == 201, "without it, it is an internal service"


async def test_grpc_says_when_to_come_back(edges: Edges) -> None:
    request = pb.PostCommentRequest(live_video_id=VIDEO, content="hello")
    for _ in range(3):
        await edges.grpc.PostComment(request, metadata=METADATA)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await edges.grpc.PostComment(request, metadata=METADATA)
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert 1 <= retry_after_s(refused.value) <= 120
    assert (await post(edges)).status == 429, "both edges count together"


async def test_a_video_is_protected_from_everyone_together(edges: Edges) -> None:
    answers = [await post(edges, **bearer(f"w-{n}")) for n in range(10)]
    assert [answer.status for answer in answers] == [201] * 9 + [429]
    assert "in this video" in answers[-1].json["detail"]
    assert (await post(edges, "other", **bearer("w-9"))).status == 201


async def test_of_a_batch_as_many_are_posted_as_would_be_one_by_one(edges: Edges) -> None:
    posts = [pb.PostCommentRequest(live_video_id=VIDEO, content=f"{number}") for number in range(5)]
    posts.insert(1, pb.PostCommentRequest(live_video_id="no such id", content="counts for nothing"))

    async def stream() -> AsyncIterator[pb.PostCommentsRequest]:
        yield pb.PostCommentsRequest(posts=posts)

    [response] = [response async for response in edges.grpc.PostComments(stream(), metadata=METADATA)]
    reasons = [outcome.refusal.reason for outcome in response.outcomes]
    assert reasons == ["", "invalid_argument", "", "", "rate_limited", "rate_limited"]
    assert [comment.content for comment in await edges.stored()] == ["0", "1", "2"]
