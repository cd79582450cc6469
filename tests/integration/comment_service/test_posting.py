"""A comment goes in over HTTP: what comes back, what is stored and what is announced."""

from __future__ import annotations

import asyncio
import json
import re

from tests.integration.comment_service.edges import ADA, BEARER, VIDEO, Edges


async def test_a_post_is_answered_with_the_comment_once_it_is_stored(edges: Edges) -> None:
    answer = await edges.http.post(f"/comments/{VIDEO}", {"content": "What a goal"})
    assert answer.status == 201
    assert answer.headers["Content-Type"] == "application/json"
    comment = answer.json
    assert re.fullmatch(r"[1-9]\d{17,18}", comment.pop("commentId"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", comment.pop("createdAt"))
    assert comment == {
        "liveVideoId": VIDEO,
        "authorId": ADA.user_id,
        "authorName": ADA.name,
        "content": "What a goal",
        "replyTo": None,
        "media": [],
        "reactions": {},
        "editedAt": None,
    }
    stored = await edges.stored()
    assert [each.to_json() for each in stored] == [answer.body]
    one = await edges.http.get(answer.headers["Location"])
    assert (one.status, one.body) == (200, answer.body)


async def test_what_is_announced_is_the_answer_s_json(edges: Edges) -> None:
    answer = await edges.http.post(f"/comments/{VIDEO}", {"content": "Tor! ⚽\nTor!"})
    (event,) = edges.published.events
    assert event.data == answer.body
    assert b"\n" not in event.data
    assert (event.live_video_id, str(event.event_id)) == (VIDEO, answer.json["commentId"])
    assert event.Kind.Name(event.kind) == "KIND_COMMENT"


async def test_hundreds_at_once_are_announced_in_id_order_and_all_stored(edges: Edges) -> None:
    posted = await asyncio.gather(*[edges.http.comment(f"comment {n}") for n in range(300)])
    announced = [event.event_id for event in edges.published.events]
    assert announced == sorted(int(comment["commentId"]) for comment in posted)
    assert [comment.comment_id for comment in await edges.stored()] == announced
    assert edges.metric("comments_stored_total") == 300


async def test_content_is_kept_as_it_was_written(edges: Edges) -> None:
    for content in (
        "<script>alert(1)</script>",
        "'); DROP TABLE comments; --",
        "data: {}\n\nevent: end\n\n",
        "👩‍👩‍👧‍👦 🏴󠁧󠁢󠁥󠁮󠁧󠁿 ❤️",
        "مرحبا بالعالم",
        '"\\',
        "  spaced  ",
    ):
        assert (await edges.http.comment(content))["content"] == content


async def test_content_is_normalised(edges: Edges) -> None:
    assert (await edges.http.comment("Zoe\u0308"))["content"] == "Zo\u00eb"
    assert (await edges.http.comment("a\u0000b\u0007c\u009bd\u007f"))["content"] == "abcd"
    assert (await edges.http.comment("one\r\ntwo\rthree"))["content"] == "one\ntwo\nthree"


async def test_five_hundred_characters_are_counted_as_people_see_them(edges: Edges) -> None:
    family = "👩‍👩‍👧‍👦"
    assert (await edges.http.comment(family * 500))["content"] == family * 500
    too_long = await edges.http.post(f"/comments/{VIDEO}", {"content": family * 501})
    assert too_long.status == 400
    assert "content has 501 characters" in too_long.json["detail"]


async def test_a_reply_joins_the_thread(edges: Edges) -> None:
    first = await edges.http.comment("Was that offside?")
    reply = await edges.http.comment("No", replyTo=first["commentId"])
    reply_to_reply = await edges.http.comment("Yes", replyTo=reply["commentId"])
    assert reply["replyTo"] == first["commentId"]
    assert reply_to_reply["replyTo"] == first["commentId"]


async def test_a_reply_to_nothing_is_404_and_not_stored(edges: Edges) -> None:
    other = await edges.http.comment("elsewhere", video="other")
    for reply_to in (other["commentId"], "1", str(2**64 - 1)):
        answer = await edges.http.post(f"/comments/{VIDEO}", {"content": "hello?", "replyTo": reply_to})
        assert answer.status == 404
        assert "replyTo" in answer.json["detail"]
    assert await edges.stored() == []


async def test_fields_that_nobody_knows_are_ignored(edges: Edges) -> None:
    comment = await edges.http.comment("hello", media=[], replyTo=None, mood="great", authorId="u-1")
    assert comment["authorId"] == ADA.user_id


async def test_a_charset_of_utf_8_is_fine(edges: Edges) -> None:
    for content_type in ("application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"'):
        headers = BEARER | {"Content-Type": content_type}
        body = json.dumps({"content": "grüezi"}, ensure_ascii=False).encode()
        answer = await edges.http("POST", f"/comments/{VIDEO}", body, headers)
        assert (answer.status, answer.json["content"]) == (201, "grüezi")


async def test_percent_encoding_in_the_path_names_the_same_video(edges: Edges) -> None:
    comment = await edges.http.comment("hello", video="match%2D42")
    assert comment["liveVideoId"] == VIDEO
