"""An RMS's port as a proxy sees it that speaks HTTP/2: the same answers, streams instead of connections."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from rms.links import h2_frames as frames
from rms.reasons import LinkEnd
from rms.server import RmsServer
from tests.integration.rms.conftest import Connect, StartRms, Watch
from tests.integration.rms.node import VIDEO, CommentNode, Writer
from tests.support.eventually import eventually
from tests.support.h2_client import H2Client, H2Peer
from tests.support.http1 import exchange

Dial = Callable[[RmsServer], Awaitable[H2Client]]


@pytest.fixture
async def dial() -> AsyncIterator[Dial]:
    """Opens a connection of HTTP/2 with prior knowledge to an RMS."""
    clients: list[H2Client] = []

    async def dial(server: RmsServer) -> H2Client:
        client = H2Client()
        clients.append(client)
        await asyncio.get_running_loop().create_connection(lambda: client, "127.0.0.1", server.http.port)
        return client

    yield dial
    for client in clients:
        client.close()


def get(client: H2Client, target: str, *, method: str = "GET", **headers: str) -> H2Peer:
    pseudo = [(":method", method), (":scheme", "http"), (":authority", "x"), (":path", target)]
    return client.request(pseudo + [(name.replace("_", "-"), value) for name, value in headers.items()])


async def answered(peer: H2Peer) -> H2Peer:
    await eventually(lambda: peer.ended, what="the answer's end")
    return peer


@pytest.mark.parametrize(
    ("method", "target", "headers", "status", "named"),
    [
        ("GET", "/", {}, 404, "path"),
        ("GET", "/comments/match%2042/stream", {}, 404, "liveVideoId"),
        ("POST", "/comments/match-42/stream", {}, 405, "GET"),
        ("DELETE", "/comments/match-42/stream", {}, 405, "GET"),
        ("GET", "/comments/match-42/stream?backlog=1001", {}, 400, "backlog"),
        ("GET", "/comments/match-42/stream?lastEventId=1&lastEventId=2", {}, 400, "lastEventId"),
        ("GET", "/comments/match-42/stream", {"last_event_id": "1x"}, 400, "Last-Event-ID"),
        ("GET", f"/comments/match-42/stream?x={'y' * 9000}", {}, 414, "URL"),
        ("GET", "/comments/match-42/stream", {"x_big": "y" * 17000}, 431, "headers"),
    ],
)
async def test_a_bad_request_is_a_problem(
    rms: RmsServer, dial: Dial, method: str, target: str, headers: dict[str, str], status: int, named: str
) -> None:
    client = await dial(rms)
    peer = await answered(get(client, target, method=method, **headers))
    assert peer.status == status
    assert peer.headers["content-type"] == "application/problem+json"
    assert int(peer.headers["content-length"]) == len(peer.received)
    problem = json.loads(peer.received)
    assert problem["status"] == status
    assert named in problem["detail"]
    assert ("allow" in peer.headers) == (status == 405)
    stream = get(client, f"/comments/{VIDEO}/stream")
    await eventually(lambda: b"retry:" in stream.received)


async def test_head_has_no_body(rms: RmsServer, dial: Dial) -> None:
    peer = await answered(get(await dial(rms), "/comments/match-42/stream", method="HEAD"))
    assert (peer.status, peer.received) == (405, b"")
    assert peer.headers["allow"] == "GET"


async def test_a_request_with_a_body_is_told_so_before_its_end(rms: RmsServer, dial: Dial) -> None:
    client = await dial(rms)
    peer = client.request(end_stream=False)
    client.connection.send_data(peer.stream_id, b"x" * 2000)
    client.flush()
    await answered(peer)
    assert peer.status == 400
    assert b"body" in peer.received
    assert peer.reset_by == 0


async def test_comments_reach_viewers_of_both_protocols_on_one_port(
    rms: RmsServer, dial: Dial, watch: Watch, connect: Connect, comment_node: CommentNode
) -> None:
    writer = Writer()
    old = writer.comments(3)
    await comment_node.store_all(old)
    client = await dial(rms)
    first = get(client, f"/comments/{VIDEO}/stream?backlog=2")
    plain = await watch(rms)
    await plain.until_count(3)
    new = writer.comment()
    await connect(rms).deliver([writer.event(new)])
    await plain.until_last(new.comment_id)
    await eventually(lambda: str(new.comment_id).encode() in first.received)
    ids = [int(line[4:]) for line in first.received.split(b"\n") if line.startswith(b"id: ")]
    assert ids == [comment.comment_id for comment in (*old[1:], new)]
    assert (first.status, first.headers["content-type"]) == (200, "text/event-stream")
    resumed = get(client, f"/comments/{VIDEO}/stream", last_event_id=str(old[0].comment_id))
    await eventually(lambda: resumed.received.count(b"id: ") == 3)
    assert rms.hub.viewers == 3
    client.reset(first.stream_id)
    await eventually(lambda: rms.hub.viewers == 2)


async def test_a_full_node_sends_on_and_the_last_attempt_comes_back(
    comment_node: CommentNode, start_rms: StartRms, dial: Dial
) -> None:
    rms = await start_rms(max_viewers=1)
    client = await dial(rms)
    viewer = get(client, f"/comments/{VIDEO}/stream")
    await eventually(lambda: viewer.received)
    refused = await answered(get(client, f"/comments/{VIDEO}/stream", x_envoy_attempt_count="1"))
    assert refused.status == 503
    assert b"node_full" in refused.received
    last = await answered(get(client, f"/comments/{VIDEO}/stream", x_envoy_attempt_count="4"))
    assert (last.status, last.received) == (200, b"retry: 30000\n\n")


async def test_viewers_of_h2_are_not_bounded_by_open_files(
    comment_node: CommentNode, start_rms: StartRms, dial: Dial, watch: Watch
) -> None:
    rms = await start_rms()
    rms.http1._max_viewers = 1  # as where the process may open few files
    await watch(rms)
    answer = await exchange(rms.http.port, "GET /comments/a/stream HTTP/1.1\r\nx-envoy-attempt-count: 1\r\n\r\n")
    assert answer.status == 503
    viewer = get(await dial(rms), f"/comments/{VIDEO}/stream")
    await eventually(lambda: b"retry:" in viewer.received)


async def test_draining_by_goaway(comment_node: CommentNode, start_rms: StartRms, dial: Dial) -> None:
    rms = await start_rms(grace_s=5, drain_viewers_per_s=20)
    client = await dial(rms)
    viewers = [get(client, f"/comments/{VIDEO}/stream") for _ in range(10)]
    await eventually(lambda: all(viewer.received for viewer in viewers))
    client.send(b"")
    draining = asyncio.create_task(rms.drain())
    await eventually(lambda: client.frames[-1][0] == frames.PING)
    late = frames.pack(
        frames.HEADERS, frames.END_HEADERS | frames.END_STREAM, 21, b"\x82\x86\x84"
    )  # on its way when it was told
    client.send(late + frames.pack(frames.PING, frames.ACK, 0, client.frames[-1][3]))
    await draining
    await eventually(lambda: client.closed)
    assert client.goaways[:2] == [(frames.MAX_STREAM_ID, 0), (21, 0)]
    told = [payload for kind, _, _, payload in client.frames if kind == frames.DATA and b"reconnect" in payload]
    ended = [stream for kind, flags, stream, _ in client.frames if kind == frames.DATA and flags & frames.END_STREAM]
    assert len(told) == 10
    assert set(ended) >= {viewer.stream_id for viewer in viewers}
    assert not [frame for frame in client.frames if frame[0] == frames.RST_STREAM]


@pytest.mark.parametrize("first", [b"P", b"PRI * HTTP/2.0\r\n\r\nSM", b"PRI * HTTP/1.1\r\n\r\n"])
async def test_what_does_not_go_on_is_closed(
    comment_node: CommentNode, start_rms: StartRms, watch: Watch, first: bytes
) -> None:
    rms = await start_rms(header_timeout_s=1)
    reader, writer = await asyncio.open_connection("127.0.0.1", rms.http.port)
    writer.write(first)
    with contextlib.suppress(ConnectionResetError):
        async with asyncio.timeout(10):
            await reader.read()
    writer.close()
    assert (await watch(rms)).status == 200


async def test_a_preface_in_pieces_is_one(rms: RmsServer) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", rms.http.port)
    for byte in frames.PREFACE + frames.settings([]):
        writer.write(bytes([byte]))
        await writer.drain()
    async with asyncio.timeout(10):
        answer = await reader.readexactly(9)
    assert answer[3] == frames.SETTINGS
    writer.close()


async def test_there_are_only_so_many_links(comment_node: CommentNode, start_rms: StartRms, dial: Dial) -> None:
    rms = await start_rms(h2_max_links=1)
    first = await dial(rms)
    stream = get(first, f"/comments/{VIDEO}/stream")
    await eventually(lambda: stream.received)
    second = await dial(rms)
    await eventually(lambda: second.closed)
    assert not first.closed
    metrics = await exchange(rms.admin.port, "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert f'reason="{LinkEnd.TOO_MANY_LINKS}"'.encode() in metrics.body
    assert b"livecomments_rms_links 1.0" in metrics.body


async def test_closing_the_node_ends_streams_in_order(
    comment_node: CommentNode, start_rms: StartRms, dial: Dial
) -> None:
    rms = await start_rms()
    client = await dial(rms)
    viewer = get(client, f"/comments/{VIDEO}/stream")
    await eventually(lambda: viewer.received)
    await rms.aclose()
    await eventually(lambda: client.closed)
    assert viewer.ended
    assert viewer.reset_by is None
