"""A post that comes twice under one Idempotency-Key is one comment."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from comment_service.comment import Comment
from comment_service.idempotency import digest_of
from comment_service.store import StoreUnavailable
from comment_service.store.requests import RequestClaim
from coordination.ids import first_id_at_ms
from tests.integration.comment_service.edges import ADA, VIDEO, Edges, bearer

PATH = f"/comments/{VIDEO}"


async def post(edges: Edges, content: str = "once", key: str = "k-1", path: str = PATH, **fields: object) -> Any:
    return await edges.http.post(path, {"content": content, **fields}, **{"Idempotency-Key": key})


async def test_the_same_again_is_the_same_comment(edges: Edges) -> None:
    answers = [await post(edges) for _ in range(3)]
    assert [answer.status for answer in answers] == [201] * 3
    assert len({answer.body for answer in answers}) == 1
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert len(await edges.stored()) == len(edges.published.events) == 1


async def test_many_at_once_are_one_comment(edges: Edges) -> None:
    answers = await asyncio.gather(*[post(edges) for _ in range(50)])
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body for answer in answers}) == 1
    assert len(await edges.stored()) == len(edges.published.events) == 1


async def test_another_request_under_the_key_is_refused(edges: Edges) -> None:
    said = await edges.http.comment("first")
    await post(edges)
    for other in (
        await post(edges, "another"),
        await post(edges, path="/comments/other"),
        await post(edges, replyTo=said["commentId"]),
    ):
        assert other.status == 422
        assert "key" in other.json["detail"]
    at_once = await asyncio.gather(post(edges, "a", "k-2"), post(edges, "b", "k-2"))
    assert sorted(answer.status for answer in at_once) == [201, 422]
    assert len(await edges.stored()) == 3


async def test_a_key_is_a_user_s_own(edges: Edges) -> None:
    mine = await post(edges)
    theirs = await edges.http.post(PATH, {"content": "once"}, **{"Idempotency-Key": "k-1"}, **bearer("u-18"))
    assert theirs.status == 201
    assert theirs.json["commentId"] != mine.json["commentId"]


async def test_what_was_edited_or_deleted_since_comes_as_it_stands(edges: Edges) -> None:
    comment = (await post(edges)).json
    await edges.http.patch(f"{PATH}/{comment['commentId']}", {"content": "better"})
    assert (await post(edges)).json["content"] == "better"
    await edges.http.delete(f"{PATH}/{comment['commentId']}")
    again = await post(edges)
    assert (again.status, again.json["commentId"]) == (201, comment["commentId"])
    assert await edges.stored() == []
    assert len(edges.published.events) == 3, "what was deleted is not announced again"


@pytest.mark.parametrize("ago_ms", [0, 3_600_000])
async def test_after_a_crash_the_comment_gets_the_id_that_was_claimed(edges: Edges, ago_ms: int) -> None:
    """The first attempt claimed the key and did not live to store the comment."""
    comment_id = first_id_at_ms(time.time_ns() // 1_000_000 - ago_ms) + 1
    digest = digest_of(VIDEO, "once", None, [])
    await edges.store.requests.claim(ADA.user_id, "k-1", RequestClaim(digest, comment_id))
    later = await edges.http.comment("later")
    answers = [await post(edges) for _ in range(2)]
    assert {answer.json["commentId"] for answer in answers} == {str(comment_id)}
    assert [comment.content for comment in await edges.stored()] == ["once", "later"]
    assert [event.event_id for event in edges.published.events] == [int(later["commentId"]), comment_id]


async def test_what_was_stored_though_the_store_said_no_is_announced_by_the_next_attempt(
    edges: Edges, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = edges.store.comments.add

    def add_and_fail(comment: Comment) -> asyncio.Future[None]:
        async def fail() -> None:
            await add(comment)
            raise StoreUnavailable("the answer was lost")

        return asyncio.ensure_future(fail())

    monkeypatch.setattr(edges.store.comments, "add", add_and_fail)
    assert (await post(edges)).status == 503
    assert edges.published.events == []
    monkeypatch.undo()
    answers = [await post(edges) for _ in range(3)]
    assert {answer.status for answer in answers} == {201}
    assert [event.data for event in edges.published.events] == [answers[0].body]
    assert len(await edges.stored()) == 1


async def test_keyed_and_plain_posts_are_announced_in_id_order(edges: Edges) -> None:
    await asyncio.gather(
        *[post(edges, f"keyed {n}", f"k-{n}") for n in range(100)],
        *[edges.http.comment(f"plain {n}") for n in range(100)],
    )
    ids = [event.event_id for event in edges.published.events]
    assert len(ids) == 200
    assert ids == sorted(ids)


async def test_what_was_refused_can_be_sent_again(edges: Edges) -> None:
    assert (await post(edges, "x" * 501)).status == 400
    assert (await post(edges, replyTo="1")).status == 404
    assert (await post(edges)).status == 201


async def test_after_the_end_the_same_again_is_still_the_same(edges: Edges) -> None:
    first = await post(edges)
    await edges.http.post(f"/videos/{VIDEO}/end", {}, **bearer("m-1", "moderator"))
    assert (await post(edges)).body == first.body
    assert (await post(edges, "new", "k-2")).status == 409


@pytest.mark.parametrize("key", ["", "a b", "k" * 256, "schlüssel", "a\tb"])
async def test_what_is_no_key(edges: Edges, key: str) -> None:
    refused = await post(edges, key=key)
    assert refused.status == 400
    assert "Idempotency-Key" in refused.json["detail"]
    assert await edges.stored() == []


async def test_the_longest_key(edges: Edges) -> None:
    assert (await post(edges, key="~" * 255)).status == 201
