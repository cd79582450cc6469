"""The end of a video over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from comment_service.comments import Draft
from comment_service.metrics import CommentServiceMetrics
from comment_service.refusal import VideoEnded
from comment_service.sender import Sender
from comment_service.services import Services, build_services
from comment_service.store import StoreUnavailable
from comment_service.store.sqlite import SqliteStore
from comment_service.store.sqlite.videos import SqliteVideos
from coordination.ids import CommentIds
from livecomments.v1 import event_pb2
from service_kit.auth.keys import OneKey
from service_kit.auth.tokens import TokenVerifier
from tests.integration.comment_service.edges import ADA, SECRET, VIDEO, Edges, Published, bearer
from tests.support.eventually import eventually

END = f"/videos/{VIDEO}/end"


@pytest.mark.parametrize(
    "who",
    [bearer("m-1", "moderator"), bearer("a-1", "admin"), bearer("u-1", "viewer", videos=["other", VIDEO])],
    ids=["moderator", "admin", "a token that names it"],
)
async def test_after_the_end_nobody_can_post_and_everybody_can_read(edges: Edges, who: dict[str, str]) -> None:
    said = await edges.http.comment("What a match")
    answer = await edges.http.post(END, {}, **who)
    assert (answer.status, answer.json) == (202, {})
    refused = await edges.http.post(f"/comments/{VIDEO}", {"content": "late"})
    assert refused.status == 409
    assert "ended" in refused.json["detail"]
    assert (await edges.http.get(f"/comments/{VIDEO}")).json["comments"] == [said]
    event = edges.published.events[-1]
    assert (event.kind, event.data) == (event_pb2.Event.KIND_END, b"{}")
    assert event.event_id > int(said["commentId"])
    assert edges.metric("requests_refused_total", edge="http", reason="video_ended") == 1


async def test_a_second_end_changes_nothing(edges: Edges) -> None:
    moderator = bearer("m-1", "moderator")
    answers = await asyncio.gather(*[edges.http.post(END, {}, **moderator) for _ in range(5)])
    assert [answer.status for answer in answers] == [202] * 5
    assert len(edges.published.events) == 1


async def test_who_did_not_hear_that_it_has_ended_ends_it_again(edges: Edges, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store did what was asked, and its answer was lost."""
    end = SqliteVideos.end

    async def end_and_lose(*args: Any) -> bool:
        await end(*args)
        raise StoreUnavailable("the answer was lost")

    moderator = bearer("m-1", "moderator")
    monkeypatch.setattr(SqliteVideos, "end", end_and_lose)
    assert (await edges.http.post(END, {}, **moderator)).status == 503
    assert edges.published.events == []
    monkeypatch.setattr(SqliteVideos, "end", end)
    for _ in range(2):
        assert (await edges.http.post(END, {}, **moderator)).status == 202
        assert [event.kind for event in edges.published.events] == [event_pb2.Event.KIND_END]


async def test_only_who_may_ends_it(edges: Edges) -> None:
    assert (await edges.http.post(END, {})).status == 403
    assert (await edges.http.post(END, {}, **bearer("u-1", videos=["other"]))).status == 403
    assert (await edges.http.post(END, {}, Authorization="")).status == 401
    assert (await edges.http.post("/videos/a.b/end", {}, **bearer("m-1", "moderator"))).status == 404
    await edges.http.comment("it goes on")


async def test_other_videos_go_on(edges: Edges) -> None:
    await edges.http.post(END, {}, **bearer("m-1", "moderator"))
    assert (await edges.http.comment("still here", video="other"))["liveVideoId"] == "other"


async def test_what_was_said_can_still_be_edited_and_deleted(edges: Edges) -> None:
    first, second = await edges.http.comment("first"), await edges.http.comment("second")
    await edges.http.post(END, {}, **bearer("m-1", "moderator"))
    path = f"/comments/{VIDEO}/{first['commentId']}"
    assert (await edges.http.patch(path, {"content": "better"})).status == 200
    assert (await edges.http.delete(path, **bearer("m-1", "moderator"))).status == 204
    assert (await edges.http.get(f"/comments/{VIDEO}")).json["comments"] == [second]


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[list[Services]]:
    """Two comment services' use cases on one store."""
    store = SqliteStore(tmp_path / "comments.sqlite3")
    await store.start()
    metrics = CommentServiceMetrics(CollectorRegistry())
    verifier = TokenVerifier(OneKey.from_secret(SECRET))
    yield [build_services(store, CommentIds(0, n).next, Published(), verifier, metrics) for n in (1, 2)]
    await store.aclose()


async def test_every_comment_service_learns_of_it(services: list[Services]) -> None:
    here, there = services
    draft = Draft(VIDEO, "still here")
    await there.comments.post(Sender(ADA), draft)
    moderator = ADA.__class__("m-1", "M", frozenset({"moderator"}))
    await here.videos.end(moderator, VIDEO)

    async def refused() -> bool:
        try:
            await there.comments.post(Sender(ADA), draft)
        except VideoEnded:
            return True
        return False

    await eventually(refused, timeout_s=5)
