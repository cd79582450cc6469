"""Where only who is watching may post."""

from __future__ import annotations

import time
from typing import Any

import grpc
import pytest

from livecomments.v1 import comment_service_pb2 as pb
from service_kit.auth.identity import Identity
from service_kit.auth.tickets import Tickets
from service_kit.auth.tokens import sign
from tests.integration.comment_service.edges import SECRET, TOKEN, VIDEO, Edges

TICKETS = Tickets(["a secret of the tests, long enough for tickets"])
BOT = sign(Identity("bot", "Bot", frozenset({"service"})), SECRET, lifetime_s=3_600).token
needs_ticket = pytest.mark.parametrize("tickets", [TICKETS])


def ticket(video: str = VIDEO, *, lasts_s: int = 60) -> str:
    return TICKETS.make(video, int(time.time()) + lasts_s)


@needs_ticket
async def test_a_ticket_of_the_video_s_stream_lets_one_post(edges: Edges) -> None:
    answer = await edges.http.post(f"/comments/{VIDEO}", {"content": "here"}, **{"Livecomments-Ticket": ticket()})
    assert answer.status == 201
    metadata = (("authorization", f"Bearer {TOKEN}"), ("livecomments-ticket", ticket()))
    assert await edges.grpc.PostComment(pb.PostCommentRequest(live_video_id=VIDEO, content="here"), metadata=metadata)
    assert len(await edges.stored()) == 2


@needs_ticket
@pytest.mark.parametrize(
    ("shown", "says"),
    [
        (None, "send the ticket"),
        ("", "send the ticket"),
        ("abc", "is malformed"),
        (ticket("another-video"), "not for this video"),
        (ticket(lasts_s=-1), "has expired"),
        (Tickets(["x" * 32]).make(VIDEO, 2**33), "not from here"),
    ],
    ids=["none", "empty", "malformed", "other-video", "expired", "foreign"],
)
async def test_without_a_good_one_nobody_posts(edges: Edges, shown: str | None, says: str) -> None:
    headers = {} if shown is None else {"Livecomments-Ticket": shown}
    answer = await edges.http.post(f"/comments/{VIDEO}", {"content": "away"}, **headers)
    assert answer.status == 403
    assert says in answer.json["detail"]
    metadata: Any = [("authorization", f"Bearer {TOKEN}")]
    metadata += [] if shown is None else [("livecomments-ticket", shown)]
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await edges.grpc.PostComment(pb.PostCommentRequest(live_video_id=VIDEO, content="x"), metadata=metadata)
    assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED
    assert await edges.stored() == []
    assert edges.metric("requests_refused_total", edge="http", reason="not_watching") == 1


@needs_ticket
async def test_an_internal_service_watches_nothing_and_posts(edges: Edges) -> None:
    answer = await edges.http.post(f"/comments/{VIDEO}", {"content": "beep"}, Authorization=f"Bearer {BOT}")
    assert answer.status == 201


@needs_ticket
async def test_a_ticket_is_no_token(edges: Edges) -> None:
    headers = {"Authorization": "", "Livecomments-Ticket": ticket()}
    assert (await edges.http.post(f"/comments/{VIDEO}", {"content": "x"}, **headers)).status == 401


async def test_by_default_nobody_needs_one(edges: Edges) -> None:
    await edges.http.comment("hello")
