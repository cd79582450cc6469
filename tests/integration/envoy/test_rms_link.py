"""What only viewers as streams of one HTTP/2 connection have: the connection's own life."""

from __future__ import annotations

import asyncio

from tests.support.envoy import Edge
from tests.support.eventually import eventually


async def test_all_viewers_of_a_node_share_one_connection(edge: Edge) -> None:
    for number in range(60):
        await edge.watch(f"/comments/video-{number}/stream")
    assert [len(backend.connections) for backend in edge.rms] == [1, 1, 1]


async def test_a_node_that_says_goaway_keeps_its_viewers_and_gets_new_ones_on_another_connection(edge: Edge) -> None:
    node, before = await edge.watch("/comments/match/stream")
    backend = edge.rms_named(node)
    backend.connections[0].go_away()
    assert (await edge.watch("/comments/match/stream"))[0] == node
    await eventually(lambda: len(backend.connections) == 2)
    backend.send(b"data: to all\n\n")
    await asyncio.wait_for(before.readuntil(b"to all"), 10)
    assert sorted(len(connection.streams) for connection in backend.connections) == [1, 1]


async def test_a_reset_connection_ends_its_viewers_who_find_another_node_at_once(edge: Edge) -> None:
    """Envoy takes it for a death and passes the node over for a while."""
    node, stream = await edge.watch("/comments/match/stream")
    backend = edge.rms_named(node)
    backend.connections[0].abort()
    await asyncio.wait_for(stream.read(-1), 10)
    assert (await edge.watch("/comments/match/stream"))[0] != node
    assert not backend.streams


async def test_thousands_that_leave_at_once_do_not_cost_the_others_their_connection(edge: Edge) -> None:
    """Their RST_STREAM frames are more than Envoy's limit on control frames that wait to be sent."""
    node, stream = await edge.watch("/comments/match/stream")
    backend = edge.rms_named(node)
    for _ in range(30):
        await asyncio.gather(*(edge.watch("/comments/match/stream") for _ in range(100)))
    edge.envoy.process.pause()  # so that it sees them all leave in one turn
    for client in edge.clients[1:]:
        client.transport.abort()
    edge.envoy.process.resume()
    await eventually(lambda: len(backend.streams) == 1)
    backend.send(b"data: still here\n\n")
    await asyncio.wait_for(stream.readuntil(b"still here"), 10)
    assert len(backend.connections) == 1
