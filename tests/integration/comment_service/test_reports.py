"""Reports over HTTP: making them, the moderators' queue, and what is made of them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from comment_service.moderation.records import ReportStatus
from livecomments.v1 import event_pb2
from tests.integration.comment_service.edges import ADA, VIDEO, Answer, Edges, bearer

MODERATOR, ADMIN, BOB = bearer("m-1", "moderator"), bearer("a-1", "admin"), bearer("u-2", "viewer")
QUEUE = "/moderation/reports"


async def report(edges: Edges, comment: Any, reason: object = "rude", **headers: str) -> Answer:
    return await edges.http.post(
        f"/comments/{VIDEO}/{comment['commentId']}/reports", {"reason": reason}, **(headers or BOB)
    )


async def queue(edges: Edges, query: str = "") -> Any:
    answer = await edges.http.get(QUEUE + query, **MODERATOR)
    assert answer.status == 200, answer
    return answer.json


async def reported(edges: Edges) -> tuple[Any, str]:
    """A comment of Ada's, and its report's path."""
    comment = await edges.http.comment("What a fool")
    assert (await report(edges, comment)).status == 202
    (entry,) = (await queue(edges))["reports"]
    return comment, f"{QUEUE}/{entry['reportId']}/resolve"


async def resolve(edges: Edges, path: str, action: object, **fields: object) -> Answer:
    return await edges.http.post(path, {"action": action, **fields}, **MODERATOR)


async def test_a_report_is_in_the_queue_with_the_comment_as_it_was(edges: Edges) -> None:
    comment = await edges.http.comment("What a fool")
    assert (await report(edges, comment, "  rude, and\r\nwrong")).status == 202
    await edges.http.patch(f"/comments/{VIDEO}/{comment['commentId']}", {"content": "What a goal"})
    page = await queue(edges)
    (entry,) = page["reports"]
    assert (page["nextCursor"], page["hasMore"]) == (None, False)
    assert entry.pop("createdAt") >= comment["createdAt"]
    assert int(entry.pop("reportId")) > int(comment["commentId"])
    assert entry == {
        "liveVideoId": VIDEO,
        "commentId": comment["commentId"],
        "authorId": ADA.user_id,
        "content": "What a fool",
        "reporterId": "u-2",
        "reason": "  rude, and\nwrong",
        "status": "open",
        "resolvedBy": None,
    }


async def test_a_user_reports_a_comment_once(edges: Edges) -> None:
    comment, other = await edges.http.comment("What a fool"), await edges.http.comment("Idiot")
    answers = [await report(edges, comment), await report(edges, comment, "again"), await report(edges, other)]
    assert [answer.status for answer in answers] == [202] * 3
    assert answers[0].body == answers[1].body == b"{}"
    assert [entry["reason"] for entry in (await queue(edges))["reports"]] == ["rude", "rude"]


async def test_what_is_not_there_cannot_be_reported(edges: Edges) -> None:
    comment = await edges.http.comment("gone")
    await edges.http.delete(f"/comments/{VIDEO}/{comment['commentId']}")
    for path in (comment["commentId"], "1", "abc", str(2**64)):
        assert (await report(edges, {"commentId": path})).status == 404
    assert (await report(edges, comment, Authorization="")).status == 401


@pytest.mark.parametrize(
    ("reason", "says"),
    [
        ("", "reason is empty"),
        (None, "is not a string"),
        (5, "is not a string"),
        ("x" * 501, "reason has 501 characters"),
    ],
)
async def test_a_report_needs_a_reason(edges: Edges, reason: object, says: str) -> None:
    answer = await report(edges, await edges.http.comment("x"), reason)
    assert (answer.status, says in answer.json["detail"]) == (400, True)
    assert (await queue(edges))["reports"] == []


async def test_the_queue_is_read_page_by_page(edges: Edges) -> None:
    for n in range(5):
        await report(edges, await edges.http.comment(f"comment {n}"))
    found, cursor = [], ""
    while True:
        page = await queue(edges, f"?status=open&pageSize=2{cursor}")
        found += [entry["content"] for entry in page["reports"]]
        if not page["hasMore"]:
            break
        cursor = f"&cursor={page['nextCursor']}"
    assert found == [f"comment {n}" for n in range(5)]
    assert (await queue(edges, "?status=dismissed"))["reports"] == []
    for query in ("?status=closed", "?cursor=x", "?pageSize=0", "?status=open&status=open"):
        assert (await edges.http.get(QUEUE + query, **MODERATOR)).status == 400


async def test_a_dismissed_report_leaves_the_comment(edges: Edges) -> None:
    comment, path = await reported(edges)
    answer = await resolve(edges, path, "dismiss")
    assert (answer.status, answer.json["status"], answer.json["resolvedBy"]) == (200, "dismissed", "m-1")
    assert [each.comment_id for each in await edges.stored()] == [int(comment["commentId"])]
    assert (await queue(edges))["reports"] == []
    assert (await queue(edges, "?status=dismissed"))["reports"] == [answer.json]
    assert (await report(edges, comment)).status == 202, "the same user again changes nothing"
    assert (await queue(edges))["reports"] == []


async def test_delete_takes_the_comment_from_everyone(edges: Edges) -> None:
    comment, path = await reported(edges)
    assert (await resolve(edges, path, "delete")).json["status"] == "deleted"
    assert await edges.stored() == []
    event = edges.published.events[-1]
    assert event.kind == event_pb2.Event.KIND_DELETE
    assert json.loads(event.data) == {"commentId": comment["commentId"]}
    assert (await edges.http.comment("Sorry"))["content"] == "Sorry"


async def test_ban_also_bans_the_author_in_that_video(edges: Edges) -> None:
    _, path = await reported(edges)
    assert (await resolve(edges, path, "ban", durationS=3600)).json["status"] == "banned"
    assert await edges.stored() == []
    answer = await edges.http.post(f"/comments/{VIDEO}", {"content": "x"})
    assert answer.status == 403
    assert answer.json["detail"].endswith("Z: rude")
    assert (await edges.http.comment("x", "other"))["content"] == "x"


async def test_and_everywhere_where_that_is_asked_for(edges: Edges) -> None:
    _, path = await reported(edges)
    await resolve(edges, path, "ban", everywhere=True)
    assert (await edges.http.post("/comments/other", {"content": "x"})).status == 403
    (made,) = await edges.store.bans.of_user(ADA.user_id)
    assert (made.live_video_id, made.until_ms, made.moderator_id, made.reason) == (None, None, "m-1", "rude")


async def test_all_open_reports_of_a_comment_are_resolved_together(edges: Edges) -> None:
    comment, path = await reported(edges)
    for n in range(3):
        await report(edges, comment, **bearer(f"u-{n + 10}"))
    await report(edges, await edges.http.comment("another"))
    await resolve(edges, path, "delete")
    assert [entry["content"] for entry in (await queue(edges))["reports"]] == ["another"]
    assert len((await queue(edges, "?status=deleted"))["reports"]) == 4


async def test_a_report_is_resolved_once(edges: Edges) -> None:
    _, path = await reported(edges)
    answers = await asyncio.gather(*[resolve(edges, path, "dismiss") for _ in range(4)])
    assert sorted(answer.status for answer in answers) == [200, 409, 409, 409]
    answer = await resolve(edges, path, "delete")
    assert (answer.status, "resolved already" in answer.json["detail"]) == (409, True)
    assert len(await edges.stored()) == 1
    assert edges.metric("requests_refused_total", edge="http", reason="resolved") == 4


async def test_a_comment_that_is_gone_by_then_is_no_trouble(edges: Edges) -> None:
    comment, path = await reported(edges)
    await edges.http.delete(f"/comments/{VIDEO}/{comment['commentId']}")
    assert (await resolve(edges, path, "ban")).status == 200
    assert (await edges.http.post(f"/comments/{VIDEO}", {"content": "x"})).status == 403


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({}, "action is missing"),
        ({"action": "burn"}, "action is none of dismiss, delete, ban"),
        ({"action": 5}, "action is not a string"),
        ({"action": "ban", "everywhere": "yes"}, "everywhere is neither true nor false"),
        ({"action": "ban", "durationS": -1}, "durationS is not a number from 1"),
    ],
)
async def test_an_action_that_is_none(edges: Edges, fields: dict[str, object], says: str) -> None:
    _, path = await reported(edges)
    answer = await edges.http.post(path, fields, **MODERATOR)
    assert (answer.status, says in answer.json["detail"]) == (400, True)
    assert len((await queue(edges))["reports"]) == 1


async def test_the_queue_is_for_moderators(edges: Edges) -> None:
    _, path = await reported(edges)
    for headers, status in (({"Authorization": ""}, 401), (BOB, 403)):
        assert (await edges.http.get(QUEUE, **headers)).status == status
        assert (await edges.http.post(path, {"action": "delete"}, **headers)).status == status
    for number in ("1", "abc", str(2**64)):
        assert (await resolve(edges, f"{QUEUE}/{number}/resolve", "dismiss")).status == 404
    assert len(await edges.store.reports.with_status(ReportStatus.OPEN, 0, 9)) == 1
    assert (await edges.http.get(QUEUE, **ADMIN)).status == 200
