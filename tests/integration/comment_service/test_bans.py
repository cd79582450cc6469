"""Bans over HTTP: who may make them, what they keep from, and until when."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from comment_service.account import Account
from comment_service.audit import no_audit
from comment_service.metrics import CommentServiceMetrics
from comment_service.moderation.bans import Bans
from comment_service.moderation.records import Ban, ReportStatus
from comment_service.reactions.announcements import ReactionLimits
from comment_service.refusal import Banned
from comment_service.sender import Sender
from comment_service.services import ModerationParts
from service_kit.auth.identity import Identity
from tests.integration.comment_service.edges import ADA, BEARER, VIDEO, Answer, Clock, Edges, bearer
from tests.support.eventually import eventually
from tests.support.images import FORM, form, part, picture

MODERATOR, ADMIN = bearer("m-1", "moderator"), bearer("a-1", "admin")
BANS = f"/moderation/bans/{ADA.user_id}"


async def ban(edges: Edges, user_id: str = ADA.user_id, by: dict[str, str] = MODERATOR, **fields: object) -> Any:
    """The JSON of the new ban."""
    answer = await edges.http.put(f"/moderation/bans/{user_id}", fields, **by)
    assert answer.status == 200, answer
    return answer.json


async def post(edges: Edges, video: str = VIDEO, **headers: str) -> Answer:
    return await edges.http.post(f"/comments/{video}", {"content": "hello"}, **headers)


async def test_who_is_banned_in_a_video_can_post_elsewhere(edges: Edges) -> None:
    made = await ban(edges, liveVideoId=VIDEO, until="2999-01-01T12:00:00.5+01:00", reason="spam")
    assert made["createdAt"].startswith("20")
    del made["createdAt"]
    assert made == {
        "userId": ADA.user_id,
        "liveVideoId": VIDEO,
        "until": "2999-01-01T11:00:00.500Z",
        "reason": "spam",
        "moderatorId": "m-1",
    }
    answer = await post(edges)
    assert answer.status == 403
    assert answer.json["detail"] == f"you are banned in {VIDEO} until 2999-01-01T11:00:00.500Z: spam"
    assert await edges.stored() == []
    assert edges.published.events == []
    assert edges.metric("requests_refused_total", edge="http", reason="banned") == 1
    assert (await post(edges, "other")).status == 201
    assert (await post(edges, **bearer("u-18"))).status == 201


async def test_a_ban_everywhere_is_for_good_where_nothing_else_is_said(edges: Edges) -> None:
    made = await ban(edges)
    assert (made["liveVideoId"], made["until"], made["reason"]) == (None, None, "")
    for video in (VIDEO, "other"):
        answer = await post(edges, video)
        assert (answer.status, answer.json["detail"]) == (403, "you are banned everywhere for good")


async def test_of_several_bans_the_longest_is_told(edges: Edges) -> None:
    await ban(edges, liveVideoId=VIDEO, durationS=3600)
    await ban(edges, until="2998-01-01T00:00:00Z")
    assert "everywhere until 2998" in (await post(edges)).json["detail"]


async def test_a_ban_ends_by_itself(edges: Edges) -> None:
    now_ms = time.time_ns() // 1_000_000
    await edges.store.bans.put(Ban(ADA.user_id, VIDEO, now_ms - 1, "", "m-1", 0))
    assert (await post(edges)).status == 201
    assert (await edges.http.get(BANS, **MODERATOR)).json == {"bans": []}


async def test_a_ban_is_lifted_where_it_is(edges: Edges) -> None:
    await ban(edges)
    here = await ban(edges, liveVideoId=VIDEO)
    assert (await edges.http.delete(BANS, **MODERATOR)).status == 204
    assert (await edges.http.get(BANS, **MODERATOR)).json == {"bans": [here]}
    answer = await edges.http.delete(BANS, **MODERATOR)
    assert (answer.status, answer.json["detail"]) == (404, f"{ADA.user_id} is not banned everywhere")
    assert (await edges.http.delete(f"{BANS}?liveVideoId={VIDEO}", **MODERATOR)).status == 204
    assert (await edges.http.delete(f"{BANS}?liveVideoId={VIDEO}", **MODERATOR)).status == 404
    assert (await post(edges)).status == 201


async def test_who_is_banned_cannot_edit_but_may_take_back(edges: Edges) -> None:
    comment = await edges.http.comment("before")
    await ban(edges)
    path = f"/comments/{VIDEO}/{comment['commentId']}"
    assert (await edges.http.patch(path, {"content": "worse"})).status == 403
    assert (await edges.stored())[0].content == "before"
    assert (await edges.http.delete(path)).status == 204


async def take_part(edges: Edges, comment_id: str, image: bytes) -> list[Answer]:
    """Tries, in ``VIDEO``: a reply, a reaction to a comment, one to the video, a report, an upload."""
    http, comment = edges.http, f"/comments/{VIDEO}/{comment_id}"
    return [
        await http.post(f"/comments/{VIDEO}", {"content": "hello", "replyTo": comment_id}),
        await http("PUT", f"{comment}/reactions/like", headers=BEARER),
        await http.post(f"/videos/{VIDEO}/reactions", {"kind": "love"}),
        await http.post(f"{comment}/reports", {"reason": "rude"}),
        await http("POST", "/media", form(part(image)), BEARER | FORM),
    ]


async def test_who_is_banned_in_a_video_takes_no_part_in_it(edges: Edges) -> None:
    comment = await edges.http.comment("before")
    assert (await edges.http.comment("elsewhere", "other"))["liveVideoId"] == "other"
    await ban(edges, liveVideoId=VIDEO, reason="spam")
    *refused, upload = await take_part(edges, comment["commentId"], picture())
    assert [answer.status for answer in refused] == [403] * 4
    assert {answer.json["detail"] for answer in refused} == {f"you are banned in {VIDEO} for good: spam"}
    assert edges.metric("requests_refused_total", edge="http", reason="banned") == 4
    assert upload.status == 201, "an image is in no video"
    await edges.services.drain()
    assert [each.content for each in await edges.stored()] == ["before"]
    assert (await edges.http.get(f"/comments/{VIDEO}/{comment['commentId']}")).json["reactions"] == {}
    assert await edges.store.reactions.of_video(VIDEO) == {}
    assert await edges.store.reports.with_status(ReportStatus.OPEN, 0, 9) == []
    assert (await edges.http.post("/videos/other/reactions", {"kind": "love"})).status == 202


async def test_who_is_banned_everywhere_takes_no_part_in_anything(edges: Edges) -> None:
    comment = await edges.http.comment("before")
    await ban(edges)
    answers = await take_part(edges, comment["commentId"], picture())
    assert [(answer.status, answer.json["detail"]) for answer in answers] == [
        (403, "you are banned everywhere for good")
    ] * 5
    assert edges.metric("media_uploads") == 0
    assert (await edges.http.delete(BANS, **MODERATOR)).status == 204
    assert [answer.status for answer in await take_part(edges, comment["commentId"], picture())] == [
        *(201, 204, 202, 202, 201)
    ]


@pytest.mark.parametrize("reaction_limits", [ReactionLimits(gather_s=30, drain_s=0.1)])
async def test_while_the_store_cannot_say_who_is_banned_nobodys_reaction_to_a_video_is_lost(edges: Edges) -> None:
    await edges.store.aclose()
    assert (await edges.http.post(f"/videos/{VIDEO}/reactions", {"kind": "love"})).status == 202
    assert (await post(edges)).status == 503
    assert edges.metric("reactions_uncounted") == 1


async def test_who_is_banned_takes_a_reaction_back(edges: Edges) -> None:
    comment = await edges.http.comment("before")
    path = f"/comments/{VIDEO}/{comment['commentId']}/reactions/like"
    assert (await edges.http("PUT", path, headers=BEARER)).status == 204
    await ban(edges, liveVideoId=VIDEO)
    assert (await edges.http.delete(path)).status == 204
    assert (await edges.http.get(f"/comments/{VIDEO}/{comment['commentId']}")).json["reactions"] == {}


@pytest.mark.parametrize(
    ("headers", "status"), [({"Authorization": ""}, 401), (bearer("u-1", "viewer"), 403)], ids=["nobody", "viewer"]
)
async def test_bans_are_for_moderators(edges: Edges, headers: dict[str, str], status: int) -> None:
    for answer in (
        await edges.http.put(BANS, {}, **headers),
        await edges.http.delete(BANS, **headers),
        await edges.http.get(BANS, **headers),
    ):
        assert answer.status == status
    assert await edges.store.bans.of_user(ADA.user_id) == []


async def test_nobody_judges_their_own_case(edges: Edges) -> None:
    assert (await edges.http.put("/moderation/bans/m-1", {}, **MODERATOR)).status == 403
    await ban(edges, "m-1", ADMIN)
    assert (await edges.http.delete("/moderation/bans/m-1", **MODERATOR)).status == 403
    assert (await post(edges, **MODERATOR)).status == 403


async def test_an_admin_is_never_banned_and_a_moderator_by_an_admin_alone(edges: Edges) -> None:
    for user_id, role in (("m-2", "moderator"), ("a-2", "admin")):
        await edges.store.accounts.add(Account(user_id, user_id, user_id, "-", frozenset({role}), 0))
    answer = await edges.http.put("/moderation/bans/m-2", {}, **MODERATOR)
    assert (answer.status, answer.json["detail"]) == (403, "a moderator is banned by an admin")
    await ban(edges, "m-2", ADMIN)
    for by in (MODERATOR, ADMIN):
        answer = await edges.http.put("/moderation/bans/a-2", {}, **by)
        assert (answer.status, answer.json["detail"]) == (403, "an admin cannot be banned")
    # Of an outside issuer's users only their tokens tell that they are admins.
    await ban(edges, "a-9")
    assert (await post(edges, **bearer("a-9", "admin"))).status == 201


@pytest.mark.parametrize("user_id", ["a%2Fb", "%C3%BC", "a%20b", "%27%3B%20DROP%20TABLE%20bans%3B%20--", "x" * 128])
async def test_any_user_id_can_be_banned(edges: Edges, user_id: str) -> None:
    made = await ban(edges, user_id)
    assert (await edges.http.get(f"/moderation/bans/{user_id}", **MODERATOR)).json == {"bans": [made]}
    assert (await edges.http.delete(f"/moderation/bans/{user_id}", **MODERATOR)).status == 204


@pytest.mark.parametrize("user_id", ["", "%20", "%00", "a%0Ab", "%FF%FE" * 100, "x" * 129, "%E2%80%8B"])
async def test_what_is_no_user_id_is_not_found(edges: Edges, user_id: str) -> None:
    assert (await edges.http.put(f"/moderation/bans/{user_id}", {}, **MODERATOR)).status == 404


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"liveVideoId": "a b"}, "liveVideoId is not 1 to 64"),
        ({"liveVideoId": 5}, "liveVideoId is not a string"),
        ({"until": "tomorrow"}, "until is not a time like"),
        ({"until": 5}, "until is not a string"),
        ({"until": "2020-01-01T00:00:00Z"}, "until has passed already"),
        ({"durationS": 0}, "durationS is not a number from 1"),
        ({"durationS": 1.5}, "durationS is not a whole number"),
        ({"durationS": True}, "durationS is not a whole number"),
        ({"durationS": 10**40}, "durationS is not a number from 1"),
        ({"durationS": 5, "until": "2999-01-01T00:00:00Z"}, "give either"),
        ({"reason": "x" * 501}, "reason has 501 characters"),
        ({"reason": " "}, "reason is empty"),
        ({"reason": ["x"]}, "reason is not a string"),
    ],
    ids=str,
)
async def test_a_ban_that_is_asked_for_wrongly(edges: Edges, fields: dict[str, object], says: str) -> None:
    answer = await edges.http.put(BANS, fields, **MODERATOR)
    assert (answer.status, says in answer.json["detail"]) == (400, True), answer.json
    assert await edges.store.bans.of_user(ADA.user_id) == []
    assert await edges.store.audit.before(None, 9) == []


@pytest.mark.parametrize("moderation", [ModerationParts(ban_cache_s=3_600, ban_cache=50)])
async def test_bans_are_remembered_so_that_not_every_post_asks(edges: Edges) -> None:
    await asyncio.gather(*[edges.http.comment(f"comment {n}") for n in range(20)])
    assert edges.metric("store_seconds_count", operation="bans") == 1
    await edges.store.bans.put(Ban(ADA.user_id, None, None, "", "m-1", 0))  # as another comment service would
    assert (await post(edges)).status == 201
    await ban(edges, liveVideoId="other")
    assert (await post(edges)).status == 403, "one made here counts at once"
    reads = edges.metric("store_seconds_count", operation="bans")
    for path in ("/videos/other/reactions", f"/videos/{VIDEO}/reactions"):
        await asyncio.gather(*[edges.http.post(path, {"kind": "love"}, **bearer("u-18")) for _ in range(20)])
    assert edges.metric("store_seconds_count", operation="bans") == reads + 1, "nor does every reaction"
    for n in range(100):
        await post(edges, **bearer(f"u-{n}"))
    assert edges.services.bans.cached == 50


@pytest.mark.parametrize("moderation", [ModerationParts(ban_cache_s=0.05)])
async def test_a_ban_made_elsewhere_counts_a_moment_later(edges: Edges) -> None:
    await edges.http.comment("before")
    await edges.store.bans.put(Ban(ADA.user_id, None, None, "", "m-1", 0))

    async def refused() -> bool:
        return (await post(edges)).status == 403

    await eventually(refused)


@pytest.fixture
def clock() -> Clock:
    return Clock(time.time())


@pytest.fixture
def bans(edges: Edges, clock: Clock) -> Bans:
    """Of another comment service on the same store, that asks it each time whose bans have changed."""
    metrics = CommentServiceMetrics(CollectorRegistry())
    return Bans(edges.store, no_audit, metrics, cache_s=0, clock_ms=lambda: int(clock() * 1000))


async def is_banned(bans: Bans, user_id: str = ADA.user_id) -> bool:
    try:
        await bans.check(Sender(Identity(user_id, user_id)), VIDEO)
    except Banned:
        return True
    return False


async def test_only_whose_bans_have_changed_are_read_again(
    edges: Edges, bans: Bans, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    of_user = edges.store.bans.of_user

    async def noting(user_id: str) -> list[Ban]:
        read.append(user_id)
        return await of_user(user_id)

    monkeypatch.setattr(edges.store.bans, "of_user", noting)
    for _ in range(3):
        assert not await is_banned(bans)
        assert not await is_banned(bans, "u-18")
    assert read == [ADA.user_id, "u-18"]
    await ban(edges)
    assert await is_banned(bans)
    assert not await is_banned(bans, "u-18")
    await edges.http.delete(BANS, **MODERATOR)
    assert not await is_banned(bans)
    assert "u-18" not in read[2:]


@pytest.mark.parametrize("away_s", [0, 29, 3_000, 4_000, 100_000])
async def test_whoever_has_not_asked_for_long_misses_nothing(
    edges: Edges, bans: Bans, clock: Clock, away_s: float
) -> None:
    assert not await is_banned(bans)
    clock.now_s -= away_s + 1  # the last time that this one asked is as long ago
    assert not await is_banned(bans)
    await ban(edges)
    clock.now_s += away_s + 1
    assert await is_banned(bans)


async def test_many_who_are_banned_at_once_are_all_kept_out(edges: Edges, bans: Bans) -> None:
    users = [f"u-{n}" for n in range(1_100)]
    for user in users:
        assert not await is_banned(bans, user)
    await asyncio.gather(*[edges.store.bans.put(Ban(user, None, None, "", "m-1", 0)) for user in users])
    assert all([await is_banned(bans, user) for user in users])
