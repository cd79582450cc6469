"""Blocked words, slow mode and the audit trail over HTTP."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from comment_service.moderation.words.word_list import WordList
from comment_service.services import ModerationParts
from comment_service.store.sqlite import SqliteLimits
from tests.integration.comment_service.edges import ADA, VIDEO, Answer, Edges, bearer
from tests.support.eventually import eventually

MODERATOR, ADMIN = bearer("m-1", "moderator"), bearer("a-1", "admin")
SLOW = f"/moderation/slow-mode/{VIDEO}"


@pytest.fixture
def words_file(tmp_path: Path) -> Path:
    path = tmp_path / "words.txt"
    path.write_text("bad\ngo away\n")
    return path


@pytest.fixture
def moderation(words_file: Path) -> ModerationParts:
    return ModerationParts(WordList(words_file), ban_cache_s=0.0)


async def post(edges: Edges, content: str = "hello", video: str = VIDEO, **fields: object) -> Answer:
    return await edges.http.post(f"/comments/{video}", {"content": content, **fields})


async def slow_mode(edges: Edges, seconds: object) -> Answer:
    return await edges.http.put(SLOW, {"seconds": seconds}, **MODERATOR)


async def trail(edges: Edges, query: str = "") -> list[Any]:
    answer = await edges.http.get(f"/moderation/audit{query}", **ADMIN)
    assert answer.status == 200, answer
    entries: list[Any] = answer.json["entries"]
    return entries


@pytest.mark.parametrize("content", ["bad", "What a B4D day", "b.a d", "Go... away!"])
async def test_a_comment_with_a_blocked_word_is_refused_without_naming_it(edges: Edges, content: str) -> None:
    answer = await post(edges, content)
    assert (answer.status, answer.json["detail"]) == (403, "content has a word that is not allowed here")
    assert await edges.stored() == []
    assert edges.metric("requests_refused_total", edge="http", reason="blocked_word") == 1
    comment = await edges.http.comment("badminton")
    assert (await edges.http.patch(f"/comments/{VIDEO}/{comment['commentId']}", {"content": content})).status == 403
    assert [each.content for each in await edges.stored()] == ["badminton"]


async def test_a_file_of_words_can_change_meanwhile(edges: Edges, words_file: Path) -> None:
    assert (await post(edges, "bad")).status == 403
    assert (await post(edges, "awful")).status == 201
    words_file.write_text("awful\n")  # noqa: ASYNC240

    async def allowed() -> bool:
        return (await post(edges, "bad")).status == 201

    await eventually(allowed)
    assert (await post(edges, "awful")).status == 403


async def test_slow_mode_lets_a_user_comment_once_in_a_while(edges: Edges) -> None:
    assert (await post(edges)).status == 201, "what was posted before counts for nothing"
    answer = await slow_mode(edges, 30)
    assert (answer.status, answer.json) == (200, {"liveVideoId": VIDEO, "seconds": 30})
    assert (await edges.http.get(SLOW)).json == {"liveVideoId": VIDEO, "seconds": 30}
    assert (await post(edges)).status == 201
    answer = await post(edges)
    assert answer.status == 429
    assert 28 <= int(answer.headers["Retry-After"]) <= 30
    assert answer.headers["RateLimit-Policy"] == "1;w=30"
    assert "slow mode: one comment in 30 s" in answer.json["detail"]
    assert edges.metric("requests_refused_total", edge="http", reason="slow_mode") == 1
    assert (await post(edges, video="other")).status == 201
    assert (await edges.http.post(f"/comments/{VIDEO}", {"content": "x"}, **bearer("u-2"))).status == 201
    for _ in range(2):
        assert (await edges.http.post(f"/comments/{VIDEO}", {"content": "x"}, **MODERATOR)).status == 201
    assert (await slow_mode(edges, 0)).status == 200
    assert (await post(edges)).status == 201


async def test_of_many_at_once_one_gets_through(edges: Edges) -> None:
    await slow_mode(edges, 30)
    answers = await asyncio.gather(*[post(edges) for _ in range(10)])
    assert sorted(answer.status for answer in answers) == [201] + [429] * 9


async def test_a_comment_that_was_refused_has_not_taken_the_turn(edges: Edges) -> None:
    await slow_mode(edges, 30)
    assert (await post(edges, replyTo="1")).status == 404
    assert (await post(edges, " ")).status == 400
    assert (await post(edges)).status == 201


@pytest.mark.parametrize("store_limits", [SqliteLimits(busy_timeout_s=0.05)])
async def test_nor_has_one_that_the_store_did_not_take(edges: Edges) -> None:
    await slow_mode(edges, 30)
    other = sqlite3.connect(edges.store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert (await post(edges)).status == 503
    other.execute("ROLLBACK")
    other.close()
    assert (await post(edges)).status == 201
    assert (await post(edges)).status == 429


@pytest.mark.parametrize(
    ("seconds", "says"),
    [(-1, "from 0 to 3600"), (3601, "from 0 to 3600"), ("5", "whole number"), (1.5, "whole number"), (None, "missing")],
)
async def test_slow_mode_out_of_range(edges: Edges, seconds: object, says: str) -> None:
    answer = await slow_mode(edges, seconds)
    assert (answer.status, says in answer.json["detail"]) == (400, True)
    assert (await edges.store.videos.get(VIDEO)).slow_mode_s == 0


async def test_slow_mode_is_for_moderators(edges: Edges) -> None:
    for headers, status in (({"Authorization": ""}, 401), (bearer("u-1"), 403)):
        assert (await edges.http.put(SLOW, {"seconds": 5}, **headers)).status == status
    assert (await edges.http.put("/moderation/slow-mode/a.b", {"seconds": 5}, **MODERATOR)).status == 404


async def test_everything_a_moderator_does_is_in_the_trail(edges: Edges) -> None:
    first, second, third = [await edges.http.comment(f"comment {n}") for n in range(3)]
    await edges.http.put(f"/moderation/bans/{ADA.user_id}", {"reason": "spam", "durationS": 60}, **MODERATOR)
    await edges.http.delete(f"/moderation/bans/{ADA.user_id}", **MODERATOR)
    await slow_mode(edges, 5)
    await edges.http.patch(f"/comments/{VIDEO}/{first['commentId']}", {"content": "better"}, **MODERATOR)
    await edges.http.delete(f"/comments/{VIDEO}/{second['commentId']}", **MODERATOR)
    await edges.http.post(f"/comments/{VIDEO}/{third['commentId']}/reports", {"reason": "rude"}, **bearer("u-2"))
    (report,) = (await edges.http.get("/moderation/reports", **MODERATOR)).json["reports"]
    await edges.http.post(f"/moderation/reports/{report['reportId']}/resolve", {"action": "ban"}, **MODERATOR)
    await edges.http.post(f"/videos/{VIDEO}/end", {}, **MODERATOR)
    entries = (await trail(edges))[::-1]
    assert [entry["action"] for entry in entries] == [
        "ban",
        "unban",
        "slow_mode",
        "edit_comment",
        "delete_comment",
        "resolve_report",
        "ban",
        "delete_comment",
        "end_video",
    ]
    assert {entry["moderatorId"] for entry in entries} == {"m-1"}
    banned, _, slowed, edited, _, resolved, *_ = entries
    assert (banned["subject"], banned["detail"]["reason"]) == (ADA.user_id, "spam")
    assert banned["detail"]["until"] > banned["at"]
    assert (slowed["subject"], slowed["detail"]) == (VIDEO, {"seconds": "5"})
    assert edited["subject"] == f"{VIDEO}/{first['commentId']}"
    assert resolved["detail"] == {"action": "ban", "comment": f"{VIDEO}/{third['commentId']}"}
    assert [entry["at"] for entry in entries] == sorted(entry["at"] for entry in entries)


async def test_the_trail_is_read_page_by_page_by_admins(edges: Edges) -> None:
    for n in range(1, 6):
        await slow_mode(edges, n)
    first = (await edges.http.get("/moderation/audit?pageSize=3", **ADMIN)).json
    assert first["hasMore"]
    rest = (await edges.http.get(f"/moderation/audit?pageSize=3&cursor={first['nextCursor']}", **ADMIN)).json
    assert (rest["nextCursor"], rest["hasMore"]) == (None, False)
    assert [entry["detail"]["seconds"] for entry in first["entries"] + rest["entries"]] == list("54321")
    for headers, status in (({"Authorization": ""}, 401), (bearer("u-1"), 403), (MODERATOR, 403)):
        assert (await edges.http.get("/moderation/audit", **headers)).status == status


@pytest.mark.parametrize("store_limits", [SqliteLimits(busy_timeout_s=0.05)])
async def test_what_cannot_be_noted_is_not_done(edges: Edges) -> None:
    comment = await edges.http.comment("hello")
    other = sqlite3.connect(edges.store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    path = f"/comments/{VIDEO}/{comment['commentId']}"
    for answer in (
        await edges.http.put(f"/moderation/bans/{ADA.user_id}", {}, **MODERATOR),
        await edges.http.delete(path, **MODERATOR),
        await slow_mode(edges, 5),
    ):
        assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    other.execute("ROLLBACK")
    other.close()
    assert await edges.store.bans.of_user(ADA.user_id) == []
    assert await trail(edges) == []
    assert (await edges.http.get(path)).status == 200
