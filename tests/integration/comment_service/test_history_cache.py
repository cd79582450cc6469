"""What is kept of the history between requests, over HTTP on a real store."""

from __future__ import annotations

import asyncio

import pytest

from comment_service.comment import Comment
from comment_service.history.page_cache import CacheLimits
from coordination.ids import first_id_at_ms
from coordination.ids.comment_ids import clock_ms
from livecomments.v1 import comment_service_pb2 as pb
from tests.integration.comment_service.edges import VIDEO, Answer, Edges, bearer

AN_HOUR_MS = 3_600_000
PATH = f"/comments/{VIDEO}"


@pytest.fixture
def history_limits() -> CacheLimits:
    """Long, so that a slow machine makes no difference."""
    return CacheLimits(recent_s=60.0, settled_s=60.0)


@pytest.fixture
async def old(edges: Edges) -> list[int]:
    """Ten comments of an hour ago."""
    ids = [first_id_at_ms(clock_ms() - AN_HOUR_MS) + number for number in range(10)]
    await asyncio.gather(*[edges.store.comments.add(Comment(id, VIDEO, "u-17", "Ada", f"old {id}")) for id in ids])
    return ids


def reads(edges: Edges, operation: str = "page") -> float:
    return edges.metric("store_seconds_count", operation=operation)


def texts(answer: Answer) -> list[str]:
    assert answer.status == 200, answer
    return [comment["content"] for comment in answer.json["comments"]]


async def test_two_hundred_readers_of_one_cold_video_cause_one_read(edges: Edges, old: list[int]) -> None:
    before = reads(edges)
    answers = await asyncio.gather(*[edges.http.get(PATH) for _ in range(200)])
    assert {answer.body for answer in answers} == {answers[0].body}
    assert len(texts(answers[0])) == 10
    assert reads(edges) - before == 1
    of_all = sum(edges.metric("history_reads_total", result=result) for result in ("hit", "miss", "wait"))
    assert of_all == 200
    assert edges.metric("history_answers") == 1
    assert edges.metric("history_answers_bytes") > len(answers[0].body)


async def test_who_posts_reads_it_at_once(edges: Edges) -> None:
    for number in range(5):
        await edges.http.comment(f"comment {number}")
        assert texts(await edges.http.get(PATH))[0] == f"comment {number}"


async def test_an_edit_a_deletion_and_a_reaction_made_here_show_at_once(edges: Edges, old: list[int]) -> None:
    recent = await edges.http.comment("recent")
    for comment_id in (recent["commentId"], str(old[4])):
        page, one = f"{PATH}?cursor={int(comment_id) + 1}&pageSize=1", f"{PATH}/{comment_id}"
        await edges.http.get(page), await edges.http.get(one)
        await edges.http("PUT", f"{one}/reactions/love", headers=bearer("u-2"))
        assert (await edges.http.get(page)).json["comments"][0]["reactions"] == {"love": 1}
        assert (await edges.http.get(one)).json["reactions"] == {"love": 1}
        await edges.http.patch(one, {"content": "edited"}, **bearer("u-3", "moderator"))
        assert texts(await edges.http.get(page)) == ["edited"]
        assert (await edges.http.get(one)).json["content"] == "edited"
        await edges.http.delete(one, **bearer("u-3", "moderator"))
        assert comment_id not in str((await edges.http.get(page)).json)
        assert (await edges.http.get(one)).status == 404


async def test_a_reply_shows_at_once_and_so_does_how_many_there_are(edges: Edges, old: list[int]) -> None:
    thread = f"{PATH}/{old[0]}"
    assert texts(await edges.http.get(f"{thread}/replies")) == []
    assert "replyCount" not in (await edges.http.get(thread)).json
    reply = await edges.http.comment("a reply", replyTo=str(old[0]))
    assert texts(await edges.http.get(f"{thread}/replies")) == ["a reply"]
    assert (await edges.http.get(thread)).json["replyCount"] == 1
    await edges.http.delete(f"{PATH}/{reply['commentId']}")
    assert texts(await edges.http.get(f"{thread}/replies")) == []
    assert "replyCount" not in (await edges.http.get(thread)).json


async def test_who_walks_towards_the_new_gets_what_is_there_now(edges: Edges, old: list[int]) -> None:
    # After `resync` a client reads on from a cursor: no page of a moment ago may end its walk. The comments are
    # written past this comment service, as by another.
    path = f"{PATH}?cursor={old[-1]}&direction=after&sort=asc"
    for number in range(5):
        await edges.store.comments.add(Comment(first_id_at_ms(clock_ms()) + number, VIDEO, "u-1", "Ada", str(number)))
        answer = await edges.http.get(path)
        assert texts(answer)[-1] == str(number)
        assert answer.headers["Cache-Control"] == "no-cache"


async def test_no_cache_asks_for_what_is_there_now(edges: Edges, old: list[int]) -> None:
    await edges.http.get(PATH)
    await edges.store.comments.add(Comment(first_id_at_ms(clock_ms()), VIDEO, "u-1", "Ada", "elsewhere"))
    assert texts(await edges.http.get(PATH, **{"Cache-Control": "no-cache"}))[0] == "elsewhere"


async def test_grpc_has_what_is_there_now(edges: Edges, old: list[int]) -> None:
    # An RMS that repairs a hole asks for what was published a moment ago.
    request = pb.ListCommentsRequest(live_video_id=VIDEO)
    for number in range(3):
        await edges.http.get(PATH)
        await edges.grpc.ListComments(request)
        await edges.store.comments.add(Comment(first_id_at_ms(clock_ms()) + number, VIDEO, "u-1", "Ada", str(number)))
        assert (await edges.grpc.ListComments(request)).comments[0].content == str(number)


@pytest.mark.parametrize("path", [PATH, f"{PATH}?cursor=%d", f"{PATH}/%d", f"{PATH}/%d/replies"])
async def test_a_client_that_has_it_gets_304(edges: Edges, old: list[int], path: str) -> None:
    path = path.replace("%d", str(old[3]))
    first = await edges.http.get(path)
    assert first.status == 200
    again = await edges.http.get(path, **{"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Cache-Control"] == first.headers["Cache-Control"]
    await edges.http("PUT", f"{PATH}/{old[2]}/reactions/wow", headers=bearer("u-2"))
    await edges.http("PUT", f"{PATH}/{old[3]}/reactions/wow", headers=bearer("u-2"))
    await edges.http.comment("a reply", replyTo=str(old[3]))
    assert (await edges.http.get(path, **{"If-None-Match": first.headers["ETag"]})).status == 200


async def test_what_a_cdn_may_keep(edges: Edges, old: list[int]) -> None:
    newest = await edges.http.get(PATH)
    settled = await edges.http.get(f"{PATH}?cursor={old[5]}")
    assert newest.headers["Cache-Control"] == "public, max-age=1"
    assert settled.headers["Cache-Control"] == "public, max-age=1, stale-while-revalidate=1"


class TestWithATokenToRead:
    @pytest.fixture
    def read_needs_token(self) -> bool:
        return True

    async def test_no_cache_may_give_it_to_another(self, edges: Edges, old: list[int]) -> None:
        assert (await edges.http.get(PATH)).status == 401
        for path in (PATH, f"{PATH}?cursor={old[5]}", f"{PATH}/{old[5]}"):
            answer = await edges.http.get(path, **bearer("u-2"))
            assert answer.headers["Cache-Control"] == "private, no-cache"
        assert (await edges.http.get(PATH)).status == 401
