"""A node at its limits sends viewers on while the proxy can still try another, and asks the others to come back."""

from __future__ import annotations

from rms.server import RmsServer
from tests.integration.rms.conftest import StartRms, Watch
from tests.integration.rms.node import CommentNode
from tests.support.eventually import eventually
from tests.support.http1 import Answer, exchange


async def ask(rms: RmsServer, video: str = "match-42", attempt: int | None = None) -> Answer:
    header = "" if attempt is None else f"x-envoy-attempt-count: {attempt}\r\n"
    return await exchange(rms.http.port, f"GET /comments/{video}/stream HTTP/1.1\r\nHost: x\r\n{header}\r\n")


async def test_a_full_video_spills(comment_node: CommentNode, start_rms: StartRms, watch: Watch) -> None:
    rms = await start_rms(max_viewers_per_video=2)
    viewers = [await watch(rms) for _ in range(2)]
    for attempt in (1, 2, 3):
        refused = await ask(rms, attempt=attempt)
        assert refused.status == 503
        assert b"video_full" in refused.body
        assert refused.headers["content-type"] == "application/problem+json"
    other = await watch(rms, "another")
    assert other.status == 200
    viewers[0].close()
    await eventually(lambda: rms.hub.viewers == 2)
    back = await watch(rms, headers={"x-envoy-attempt-count": "1"})
    assert back.status == 200
    assert not back.closed


async def test_the_last_attempt_and_direct_clients_are_asked_to_come_back(
    comment_node: CommentNode, start_rms: StartRms, watch: Watch
) -> None:
    rms = await start_rms(max_viewers=1)
    await watch(rms)
    for attempt in (4, 9, None):
        answer = await ask(rms, "other", attempt)
        assert answer.status == 200
        assert answer.headers["content-type"] == "text/event-stream"
        assert answer.body == b"retry: 30000\n\n"
    assert (await ask(rms, attempt=1)).status == 503


async def test_viewers_come_no_faster_than_they_may(
    comment_node: CommentNode, start_rms: StartRms, watch: Watch
) -> None:
    rms = await start_rms(joins_per_s=0.001, join_burst=3)
    for _ in range(3):
        assert not (await watch(rms)).closed
    refused = await ask(rms, attempt=1)
    assert refused.status == 503
    assert b"join_rate" in refused.body


async def test_a_node_serves_so_many_videos(comment_node: CommentNode, start_rms: StartRms, watch: Watch) -> None:
    rms = await start_rms(max_channels=2)
    await watch(rms, "one")
    await watch(rms, "two")
    assert b"channels_full" in (await ask(rms, "three", attempt=1)).body
    assert not (await watch(rms, "two")).closed
