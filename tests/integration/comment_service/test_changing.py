"""Edits, deletions and threads over HTTP: who may, what is stored, and what the viewers are told."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Any

import pytest

from comment_service.comment import Comment
from comment_service.store import StoreUnavailable
from comment_service.store.sqlite.comments import SqliteComments
from coordination.ids import first_id_at_ms
from livecomments.v1 import event_pb2
from tests.integration.comment_service.edges import ADA, VIDEO, Edges, bearer

STRANGER = bearer("u-18", "viewer")
MODERATOR = bearer("m-1", "moderator")
ADMIN = bearer("a-1", "admin")


async def an_old_comment(edges: Edges, age_s: float) -> str:
    """Of Ada's; returns its path."""
    comment_id = first_id_at_ms(time.time_ns() // 1_000_000 - int(age_s * 1000))
    await edges.store.comments.add(Comment(comment_id, VIDEO, ADA.user_id, ADA.name, "long ago"))
    return f"/comments/{VIDEO}/{comment_id}"


def path_of(comment: Mapping[str, str]) -> str:
    return f"/comments/{VIDEO}/{comment['commentId']}"


def told(edges: Edges) -> list[tuple[str, object]]:
    """Kind and data of what was announced, in order."""
    kinds = event_pb2.Event.Kind
    return [(kinds.Name(event.kind), json.loads(event.data)) for event in edges.published.events]


async def test_an_edit_is_answered_stored_and_announced_alike(edges: Edges) -> None:
    comment = await edges.http.comment("What a gaol")
    answer = await edges.http.patch(path_of(comment), {"content": "What a\r\ngoal"})
    assert answer.status == 200
    assert answer.json == comment | {"content": "What a\ngoal", "editedAt": answer.json["editedAt"]}
    assert comment["createdAt"] <= answer.json["editedAt"]
    assert (await edges.http.get(path_of(comment))).body == answer.body
    assert told(edges)[1:] == [("KIND_EDIT", answer.json)]
    posted, edit = edges.published.events
    assert edit.data == answer.body
    assert edit.event_id > posted.event_id


async def test_a_deletion_leaves_nothing(edges: Edges) -> None:
    kept, comment = await edges.http.comment("kept"), await edges.http.comment("gone")
    answer = await edges.http.delete(path_of(comment))
    assert (answer.status, answer.body) == (204, b"")
    assert (await edges.http.get(path_of(comment))).status == 404
    page = (await edges.http.get(f"/comments/{VIDEO}")).json
    assert page["comments"] == [kept]
    assert told(edges)[2:] == [("KIND_DELETE", {"commentId": comment["commentId"]})]
    for again in (
        await edges.http.delete(path_of(comment)),
        await edges.http.patch(path_of(comment), {"content": "back"}),
        await edges.http.post(f"/comments/{VIDEO}", {"content": "to it", "replyTo": comment["commentId"]}),
    ):
        assert again.status == 404
    assert len(edges.published.events) == 3


async def test_a_deletion_whose_answer_was_lost_is_told_to_the_viewers_when_it_is_asked_for_again(
    edges: Edges, monkeypatch: pytest.MonkeyPatch
) -> None:
    comment, delete = await edges.http.comment("gone"), SqliteComments.delete

    async def delete_and_lose(*args: Any) -> bool:
        await delete(*args)
        raise StoreUnavailable("the answer was lost")

    monkeypatch.setattr(SqliteComments, "delete", delete_and_lose)
    assert (await edges.http.delete(path_of(comment))).status == 503
    assert len(edges.published.events) == 1
    monkeypatch.setattr(SqliteComments, "delete", delete)
    for _ in range(2):
        assert (await edges.http.delete(path_of(comment))).status == 404
        _, told = edges.published.events
        assert (told.kind, json.loads(told.data)) == (
            event_pb2.Event.KIND_DELETE,
            {"commentId": comment["commentId"]},
        )


async def test_its_author_edits_for_five_minutes_and_deletes_at_any_time(edges: Edges) -> None:
    young, old = await an_old_comment(edges, 290), await an_old_comment(edges, 301)
    assert (await edges.http.patch(young, {"content": "x"})).status == 200
    refused = await edges.http.patch(old, {"content": "x"})
    assert refused.status == 403
    assert "300 s" in refused.json["detail"]
    assert (await edges.http.get(old)).json["content"] == "long ago"
    assert (await edges.http.delete(old)).status == 204


@pytest.mark.parametrize("who", [MODERATOR, ADMIN], ids=["moderator", "admin"])
async def test_who_moderates_may_at_any_time(edges: Edges, who: dict[str, str]) -> None:
    comment, old = path_of(await edges.http.comment("x")), await an_old_comment(edges, 9_999)
    for path in (comment, old):
        edited = await edges.http.patch(path, {"content": "[removed]"}, **who)
        assert (edited.status, edited.json["content"], edited.json["authorId"]) == (200, "[removed]", ADA.user_id)
        assert (await edges.http.delete(path, **who)).status == 204


async def test_nobody_else_may(edges: Edges) -> None:
    comment = await edges.http.comment("mine")
    for who in (STRANGER, bearer("u-19", "Moderator", "superuser"), bearer("u-20", videos=[VIDEO])):
        assert (await edges.http.patch(path_of(comment), {"content": "x"}, **who)).status == 403
        assert (await edges.http.delete(path_of(comment), **who)).status == 403
    for nobody in ({"Authorization": ""}, {"Authorization": "Bearer x"}):
        assert (await edges.http.patch(path_of(comment), {"content": "x"}, **nobody)).status == 401
        assert (await edges.http.delete(path_of(comment), **nobody)).status == 401
    assert (await edges.http.get(path_of(comment))).json == comment
    assert len(edges.published.events) == 1


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"content": "x" * 501}, 400, "content has 501 characters"),
        ({"content": " \u200b"}, 400, "content is empty"),
        ({"contnet": "x"}, 400, "content is missing"),
        ({"content": 5}, 400, "content is not a string"),
        (["content"], 400, "body is not a JSON object"),
    ],
)
async def test_a_bad_edit_changes_nothing(edges: Edges, body: object, status: int, says: str) -> None:
    comment = await edges.http.comment("as it was")
    refused = await edges.http.patch(path_of(comment), body)
    assert refused.status == status
    assert says in refused.json["detail"]
    assert (await edges.http.get(path_of(comment))).json == comment


@pytest.mark.parametrize("comment_id", ["1", "0", "x", str(2**64 - 1), str(2**64), "-1", "%00"])
async def test_what_is_not_there_is_404(edges: Edges, comment_id: str) -> None:
    path = f"/comments/{VIDEO}/{comment_id}"
    assert (await edges.http.patch(path, {"content": "x"})).status == 404
    assert (await edges.http.delete(path)).status == 404
    assert (await edges.http.get(f"{path}/replies")).status == 404


async def test_changes_at_once_are_told_in_the_order_of_their_ids(edges: Edges) -> None:
    comments = [await edges.http.comment(f"comment {n}") for n in range(20)]
    await asyncio.gather(
        *[edges.http.patch(path_of(comment), {"content": f"edit {n}"}) for n in range(3) for comment in comments],
        *[edges.http.comment(f"more {n}") for n in range(20)],
        *[edges.http.delete(path_of(comment)) for comment in comments[:10]],
    )
    ids = [event.event_id for event in edges.published.events]
    assert ids == sorted(set(ids))
    deleted = [data for kind, data in told(edges) if kind == "KIND_DELETE"]
    assert len(deleted) == 10
    for comment in comments[10:]:
        now = (await edges.http.get(path_of(comment))).json
        edits = [data for kind, data in told(edges) if kind == "KIND_EDIT"]
        assert [edit for edit in edits if edit["commentId"] == comment["commentId"]][-1] == now  # type: ignore[index]


async def test_of_two_who_delete_it_at_once_one_did(edges: Edges) -> None:
    comment = await edges.http.comment("x")
    answers = await asyncio.gather(*[edges.http.delete(path_of(comment)) for _ in range(10)])
    assert sorted(answer.status for answer in answers) == [204] + [404] * 9
    assert [kind for kind, _ in told(edges)].count("KIND_DELETE") == 1


async def test_a_thread_page_by_page(edges: Edges) -> None:
    first = await edges.http.comment("Was that offside?")
    assert "replyCount" not in first
    replies = [await edges.http.comment(f"reply {n}", replyTo=first["commentId"]) for n in range(5)]
    to_a_reply = await edges.http.comment("to a reply", replyTo=replies[0]["commentId"])
    path = f"{path_of(first)}/replies"
    page = (await edges.http.get(f"{path}?pageSize=4")).json
    assert page == {"comments": replies[:4], "nextCursor": replies[3]["commentId"], "hasMore": True}
    page = (await edges.http.get(f"{path}?pageSize=4&cursor={page['nextCursor']}")).json
    assert page == {"comments": [replies[4], to_a_reply], "nextCursor": None, "hasMore": False}
    assert (await edges.http.get(path_of(first))).json["replyCount"] == 6
    await edges.http.delete(path_of(replies[2]))
    assert (await edges.http.get(path_of(first))).json["replyCount"] == 5
    assert len((await edges.http.get(path)).json["comments"]) == 5
    none = (await edges.http.get(f"{path_of(replies[0])}/replies")).json
    assert none == {"comments": [], "nextCursor": None, "hasMore": False}


async def test_a_thread_outlives_its_first_comment(edges: Edges) -> None:
    first = await edges.http.comment("first")
    reply = await edges.http.comment("reply", replyTo=first["commentId"])
    await edges.http.delete(path_of(first))
    assert (await edges.http.get(f"{path_of(first)}/replies")).json["comments"] == [reply]


@pytest.mark.parametrize("query", ["cursor=x", "cursor=-1", "pageSize=0", "pageSize=201", "cursor=1&cursor=2"])
async def test_a_bad_page_of_a_thread(edges: Edges, query: str) -> None:
    first = await edges.http.comment("first")
    refused = await edges.http.get(f"{path_of(first)}/replies?{query}")
    assert refused.status == 400
    assert query.partition("=")[0] in refused.json["detail"]
