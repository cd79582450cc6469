"""An RMS hangs, loses its links, or drains, in the middle of a chat: whoever comes back has everything."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from lb.envoy.clusters import RMS
from ops.local_cluster.node import Node
from tests.support.cluster import Cluster
from tests.support.cut import reset_connections
from tests.support.eventually import eventually
from tests.support.posting import Author
from tests.support.returning import ReturningAudience

VIDEO = "crowded"
VIEWERS = 60


@contextlib.asynccontextmanager
async def _chat(author: Author) -> AsyncIterator[None]:
    """A chat that goes on throughout the block."""
    over = False

    async def post() -> None:
        while not over:
            await author.post(VIDEO, f"comment {len(author.sent_at)} " + "x" * 400)

    task = asyncio.create_task(post())
    try:
        await _grows(author)
        yield
    finally:
        over = True
        await task


async def _grows(author: Author, by: int = 50) -> None:
    enough = len(author.sent_at) + by
    await eventually(lambda: len(author.sent_at) >= enough, what=f"{by} more posts")


async def _serving(cluster: Cluster) -> list[Node]:
    """The nodes that have viewers."""
    return [node for node in cluster.rms.values() if (await node.samples()).total("livecomments_rms_viewers")]


async def test_viewers_of_a_hung_node_find_everything_on_another(own_cluster: Cluster, rms_link: str) -> None:
    async with Author(own_cluster) as author, ReturningAudience(own_cluster.url, VIDEO, VIEWERS) as audience:
        async with _chat(author):
            [node] = await _serving(own_cluster)
            node.pause()
            if rms_link == "http1":  # nobody ends their streams
                await eventually(lambda: _healthy(own_cluster, 2), what="Envoy to pass the node over")
                for viewer in audience.viewers:
                    viewer.lose_patience()
            await audience.have_returned()
            during = max(author.sent_at)
            await eventually(lambda: all(viewer.last_id > during for viewer in audience.viewers), timeout_s=30)
            node.resume()
            await _grows(author)
        await audience.have(author.sent_at, await author.stored(VIDEO))


async def test_links_that_are_reset_in_the_middle_of_a_flush_lose_nothing(own_cluster: Cluster) -> None:
    async with Author(own_cluster) as author, ReturningAudience(own_cluster.url, VIDEO, VIEWERS) as audience:
        async with _chat(author):
            for cut in (1, 2, 3):
                for node in await _serving(own_cluster):
                    assert node.process.pid is not None
                    assert reset_connections(node.process.pid, node.ports["HTTP_PORT"])
                await audience.have_returned(cut)
                await _grows(author)
        await audience.have(author.sent_at, await author.stored(VIDEO))


async def test_viewers_of_a_node_that_drains_under_load_find_everything_on_another(own_cluster: Cluster) -> None:
    async with Author(own_cluster) as author, ReturningAudience(own_cluster.url, VIDEO, VIEWERS) as audience:
        async with _chat(author):
            [node] = await _serving(own_cluster)
            await node.stop()
            assert node.process.returncode == 0
            await audience.have_returned()
            await _grows(author)
        await audience.have(author.sent_at, await author.stored(VIDEO))
        for viewer in audience.viewers:
            assert "reconnect" in {event.event for event in viewer.events}, "it was told, not cut off"


async def _healthy(cluster: Cluster, count: int) -> bool:
    gauge = f"cluster.{RMS}.membership_healthy"
    return (await cluster.envoy.stats(gauge)).get(gauge) == count
