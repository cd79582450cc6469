"""Reactions over HTTP: one a user and comment; to a video as many as one likes."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections import Counter
from typing import Any

import pytest

from comment_service.reactions.announcements import MAX_COMMENTS, ReactionLimits
from comment_service.store import StoreError, StoreOverloaded, StoreUnavailable
from comment_service.store.reactions import Totals
from comment_service.store.sqlite import SqliteLimits
from livecomments.v1 import event_pb2
from service_kit.auth.identity import Identity
from service_kit.auth.tokens import sign
from tests.integration.comment_service.edges import BEARER, SECRET, VIDEO, Answer, Edges
from tests.support.eventually import eventually

KINDS = ("like", "love", "haha", "wow", "sad", "angry")
SOON = ReactionLimits(gather_s=0.05)


def bearer(user: str) -> dict[str, str]:
    token = sign(Identity(user, user, frozenset({"viewer"})), SECRET, lifetime_s=3_600).token
    return {"Authorization": f"Bearer {token}"}


async def react(edges: Edges, comment: Any, kind: str, user: str = "ada", method: str = "PUT") -> Answer:
    path = f"/comments/{VIDEO}/{comment['commentId']}/reactions/{kind}"
    return await edges.http(method, path, headers=bearer(user))


async def heart(edges: Edges, kind: object = "love", video: str = VIDEO) -> Answer:
    return await edges.http.post(f"/videos/{video}/reactions", {"kind": kind})


async def shown(edges: Edges, comment: Any) -> dict[str, int]:
    """The totals of a comment as HTTP shows them."""
    reactions: dict[str, int] = (await edges.http.get(f"/comments/{VIDEO}/{comment['commentId']}")).json["reactions"]
    return reactions


def told(edges: Edges) -> list[dict[str, Any]]:
    events = [event for event in edges.published.events if event.kind == event_pb2.Event.KIND_REACTIONS]
    return [json.loads(event.data) for event in events]


def newest(edges: Edges) -> dict[str, Any]:
    """The totals that viewers have once all that was told has reached them."""
    merged: dict[str, Any] = {"video": {}, "comments": {}}
    for document in told(edges):
        merged["video"] |= document["video"]
        merged["comments"] |= document["comments"]
    return merged


async def test_a_reaction_shows_wherever_the_comment_does_and_viewers_hear_of_it(edges: Edges) -> None:
    comment = await edges.http.comment("What a goal")
    answer = await react(edges, comment, "like")
    assert (answer.status, answer.body) == (204, b"")
    assert await shown(edges, comment) == {"like": 1}
    [listed] = (await edges.http.get(f"/comments/{VIDEO}")).json["comments"]
    assert listed["reactions"] == {"like": 1}
    await eventually(lambda: told(edges) == [{"video": {}, "comments": {comment["commentId"]: {"like": 1}}}])


async def test_a_second_reaction_changes_the_first_and_the_same_again_changes_nothing(edges: Edges) -> None:
    comment = await edges.http.comment("What a goal")
    for kind in ("like", "love", "love"):
        assert (await react(edges, comment, kind)).status == 204
    assert (await react(edges, comment, "love", user="bob")).status == 204
    assert await shown(edges, comment) == {"love": 2}
    await eventually(lambda: newest(edges)["comments"] == {comment["commentId"]: {"love": 2}})
    assert edges.metric("reactions_total", to="comment") == 3

    before = len(told(edges))
    await react(edges, comment, "love")
    await edges.services.reactions.drain()
    assert len(told(edges)) == before


async def test_only_the_users_own_reaction_of_that_kind_is_taken_back(edges: Edges) -> None:
    comment = await edges.http.comment("What a goal")
    await react(edges, comment, "sad")
    assert (await react(edges, comment, "like", method="DELETE")).status == 204
    assert (await react(edges, comment, "sad", user="bob", method="DELETE")).status == 204
    assert await shown(edges, comment) == {"sad": 1}
    for _ in range(2):
        assert (await react(edges, comment, "sad", method="DELETE")).status == 204
    assert await shown(edges, comment) == {}
    await eventually(lambda: newest(edges)["comments"] == {comment["commentId"]: {}})


async def test_reacting_to_what_is_not_there_is_404(edges: Edges) -> None:
    comment = await edges.http.comment("What a goal")
    comment_id = comment["commentId"]
    for path in (
        f"/comments/{VIDEO}/1/reactions/like",
        f"/comments/other/{comment_id}/reactions/like",
        f"/comments/{VIDEO}/99999999999999999999/reactions/like",
        f"/comments/{VIDEO}/x/reactions/like",
        f"/comments/no%20video/{comment_id}/reactions/like",
        f"/comments/{VIDEO}/{comment_id}/reactions",
        f"/comments/{VIDEO}/{comment_id}/reactions/like/x",
    ):
        for method in ("PUT", "DELETE"):
            assert (await edges.http(method, path, headers=BEARER)).status == 404, path
    assert (await heart(edges, video="no%20video")).status == 404
    assert (await edges.http.get(f"/comments/{VIDEO}/{comment_id}")).json["reactions"] == {}


@pytest.mark.parametrize("kind", ["dislike", "LIKE", "like%20", "", "%00", "like'--"])
async def test_an_unknown_kind_is_400_and_names_the_field(edges: Edges, kind: str) -> None:
    comment = await edges.http.comment("What a goal")
    for method in ("PUT", "DELETE"):
        answer = await react(edges, comment, kind, method=method)
        assert answer.status == 400
        assert answer.json["detail"].startswith("kind ")
    assert await shown(edges, comment) == {}


@pytest.mark.parametrize("body", [{}, {"kind": 7}, {"kind": "boo"}, {"kind": None}, ["like"]])
async def test_a_malformed_reaction_to_a_video_is_400(edges: Edges, body: object) -> None:
    answer = await edges.http.post(f"/videos/{VIDEO}/reactions", body)
    assert answer.status == 400
    assert edges.metric("reactions_total", to="video") == 0


async def test_reacting_needs_a_token(edges: Edges) -> None:
    comment = await edges.http.comment("What a goal")
    path = f"/comments/{VIDEO}/{comment['commentId']}/reactions/like"
    assert (await edges.http("PUT", path)).status == 401
    assert (await edges.http("DELETE", path)).status == 401
    body = b'{"kind": "like"}'
    answer = await edges.http("POST", f"/videos/{VIDEO}/reactions", body, {"Content-Type": "application/json"})
    assert answer.status == 401
    assert await shown(edges, comment) == {}


async def test_other_methods_are_405_with_allow(edges: Edges) -> None:
    comment = await edges.http.comment("What a goal")
    answer = await edges.http.get(f"/comments/{VIDEO}/{comment['commentId']}/reactions/like")
    assert (answer.status, answer.headers["Allow"]) == (405, "DELETE, PUT")
    answer = await edges.http.get(f"/videos/{VIDEO}/reactions")
    assert (answer.status, answer.headers["Allow"]) == (405, "POST")


async def test_reactions_to_a_video_add_up_and_are_told_together(edges: Edges) -> None:
    answers = await asyncio.gather(*[heart(edges, KINDS[n % 6]) for n in range(60)])
    assert {answer.status for answer in answers} == {202}
    await eventually(lambda: newest(edges)["video"] == dict.fromkeys(KINDS, 10))
    assert await edges.store.reactions.of_video(VIDEO) == dict.fromkeys(KINDS, 10)
    assert edges.metric("reactions_total", to="video") == 60
    assert await edges.stored() == [], "they are no comments"


@pytest.mark.parametrize("reaction_limits", [ReactionLimits(gather_s=30)])
async def test_a_storm_makes_one_event_and_draining_loses_none_of_it(edges: Edges) -> None:
    comments = [await edges.http.comment(f"comment {n}") for n in range(3)]
    users = [f"u-{n}" for n in range(50)]
    await asyncio.gather(*[react(edges, comment, "wow", user) for comment in comments for user in users])
    await asyncio.gather(*[heart(edges) for _ in range(50)])
    assert told(edges) == []
    assert edges.metric("reactions_uncounted") == 50
    assert edges.metric("reaction_comments") == 3

    await edges.services.drain()

    assert told(edges) == [
        {"video": {"love": 50}, "comments": {comment["commentId"]: {"wow": 50} for comment in comments}}
    ]
    assert await edges.store.reactions.of_video(VIDEO) == {"love": 50}
    assert edges.metric("reaction_videos") == edges.metric("reaction_comments") == 0


@pytest.mark.parametrize("reaction_limits", [ReactionLimits(gather_s=0.05, confirm_s=0.3)])
async def test_totals_are_told_once_more_as_they_then_are(edges: Edges) -> None:
    comment = await edges.http.comment("What a goal")
    await react(edges, comment, "like")
    await heart(edges)
    await eventually(lambda: newest(edges)["video"] == {"love": 1})
    # As another comment service does, whose event is lost.
    await edges.store.reactions.react(VIDEO, int(comment["commentId"]), "bob", "sad")
    await edges.store.reactions.count_for_video(VIDEO, {"love": 1})
    totals = {"video": {"love": 2}, "comments": {comment["commentId"]: {"like": 1, "sad": 1}}}
    await eventually(lambda: newest(edges) == totals)
    await eventually(lambda: edges.metric("reaction_videos") == 0, what="nothing more to tell")


@pytest.mark.parametrize("reaction_limits", [ReactionLimits(gather_s=30)])
async def test_more_comments_than_an_event_may_hold_are_told_in_several(edges: Edges) -> None:
    posted = await asyncio.gather(*[edges.http.comment(f"comment {n}") for n in range(MAX_COMMENTS + 5)])
    await asyncio.gather(*[react(edges, comment, "haha") for comment in posted])
    await heart(edges)
    await edges.services.drain()
    assert [len(document["comments"]) for document in told(edges)] == [MAX_COMMENTS, 5]
    expected = {comment["commentId"]: {"haha": 1} for comment in posted}
    assert newest(edges) == {"video": {"love": 1}, "comments": expected}


@pytest.mark.parametrize("store_limits", [SqliteLimits(busy_timeout_s=0.3)])
async def test_what_the_store_refuses_is_counted_once_it_can_write(edges: Edges) -> None:
    comment = await edges.http.comment("What a goal")
    other = sqlite3.connect(edges.store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert (await heart(edges)).status == 202
    await eventually(lambda: edges.metric("reaction_retries_total") >= 2)
    assert (await heart(edges, "wow")).status == 202
    assert (await react(edges, comment, "like")).status == 503
    await eventually(lambda: edges.metric("reactions_uncounted") == 2)  # but while they are being tried
    other.execute("ROLLBACK")
    other.close()
    await eventually(lambda: newest(edges)["video"] == {"love": 1, "wow": 1})
    assert await shown(edges, comment) == {}


@pytest.mark.parametrize("store_limits", [SqliteLimits(busy_timeout_s=0.3)])
@pytest.mark.parametrize("reaction_limits", [ReactionLimits(gather_s=30, drain_s=0.3)])
async def test_what_the_store_refuses_to_the_end_is_given_up_and_counted(edges: Edges) -> None:
    other = sqlite3.connect(edges.store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    await heart(edges)
    await edges.services.drain()
    assert edges.metric("reaction_news_dropped_total", what="video", reason="drain_cut_off") == 1
    other.close()


NOT_NOW = StoreUnavailable("not now")
NO_ANSWER = StoreUnavailable("no answer", in_doubt=True)


@pytest.mark.parametrize(
    ("error", "counted", "total", "given_up"),
    [
        (StoreOverloaded("too much waits"), False, 2, 0),
        (NOT_NOW, False, 2, 0),
        (NO_ANSWER, False, 0, 2),
        (NO_ANSWER, True, 2, 2),
    ],
)
async def test_a_video_never_has_more_reactions_than_there_were(
    edges: Edges, monkeypatch: pytest.MonkeyPatch, error: StoreError, counted: bool, total: int, given_up: int
) -> None:
    reactions = edges.store.reactions
    count, failures = reactions.count_for_video, iter([error])

    async def count_or_fail(live_video_id: str, added: Totals) -> Totals:
        failure = next(failures, None)
        if failure is None:
            return await count(live_video_id, added)
        if counted:
            await count(live_video_id, added)
        raise failure

    monkeypatch.setattr(reactions, "count_for_video", count_or_fail)
    comment = await edges.http.comment("What a goal")
    answers = await asyncio.gather(heart(edges), heart(edges), react(edges, comment, "wow"))
    assert [answer.status for answer in answers] == [202, 202, 204]
    await eventually(lambda: newest(edges)["comments"] == {comment["commentId"]: {"wow": 1}})
    assert edges.metric("reaction_retries_total") == 1
    assert newest(edges)["video"] == await reactions.of_video(VIDEO) == ({"love": total} if total else {})
    assert edges.metric("reactions_uncounted") == 0
    assert edges.metric("reaction_news_dropped_total", what="video", reason="in_doubt") == given_up
    assert edges.metric("reaction_news_dropped_total", what="comment", reason="in_doubt") == 0

    assert (await heart(edges)).status == 202
    await eventually(lambda: newest(edges)["video"] == {"love": total + 1})


@pytest.mark.parametrize("reaction_limits", [ReactionLimits(gather_s=30, max_videos=2)])
async def test_more_videos_than_may_wait_get_503(edges: Edges) -> None:
    comment = await edges.http.comment("What a goal")
    assert [(await heart(edges, video=video)).status for video in ("a", "b", "a")] == [202, 202, 202]
    refused = await heart(edges, video="c")
    assert refused.status == 503
    assert refused.headers["Retry-After"]
    assert (await react(edges, comment, "like")).status == 204, "that is in the store"
    assert edges.metric("reaction_news_dropped_total", what="comment", reason="news_full") == 1
    assert await shown(edges, comment) == {"like": 1}


async def test_many_users_and_one_who_wavers_are_counted_exactly(edges: Edges) -> None:
    comment = await edges.http.comment("What a goal")

    async def waver() -> None:
        for kind in KINDS:
            await react(edges, comment, kind, "waverer")

    users = {f"u-{n}": KINDS[n % 6] for n in range(50)}
    await asyncio.gather(waver(), waver(), *[react(edges, comment, kind, user) for user, kind in users.items()])
    await react(edges, comment, "sad", "waverer")
    expected = Counter(users.values()) + Counter(["sad"])
    assert await shown(edges, comment) == expected
    await eventually(lambda: newest(edges)["comments"] == {comment["commentId"]: expected})
