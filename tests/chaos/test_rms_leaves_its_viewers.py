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
async def _chat(cluster: Cluster) -> AsyncIterator[list[int]]:
    """A chat that goes on throughout the block; the ids of what was acknowledged, in order."""
    posted: list[int] = []
    over = False

    async def post(author: Author) -> None:
        while not over:
            posted.append(await author.post(VIDEO, f"comment {len(posted)} " + "x" * 400))

    async with Author(cluster) as author:
        task = asyncio.create_task(post(author))
        try:
            await _grows(posted)
            yield posted
        finally:
            over = True
            await task


async def _grows(posted: list[int], by: int = 50) -> None:
    enough = len(posted) + by
    await eventually(lambda: len(posted) >= enough, what=f"{by} more posts")


async def _serving(cluster: Cluster) -> list[Node]:
    """The nodes that have viewers."""
    return [node for node in cluster.rms.values() if (await node.samples()).total("livecomments_rms_viewers")]


async def test_viewers_of_a_hung_node_find_everything_on_another(own_cluster: Cluster, rms_link: str) -> None:
    async with ReturningAudience(own_cluster.url, VIDEO, VIEWERS) as audience:
        async with _chat(own_cluster) as posted:
            [node] = await _serving(own_cluster)
            node.pause()
            if rms_link == "http1":  # nobody ends their streams
                await eventually(lambda: _healthy(own_cluster, 2), what="Envoy to pass the node over")
                for viewer in audience.viewers:
                    viewer.lose_patience()
            await audience.have_returned()
            during = posted[-1]
            await eventually(lambda: all(viewer.last_id > during for viewer in audience.viewers), timeout_s=30)
            node.resume()
            await _grows(posted)
        await audience.have(posted)


async def test_links_that_are_reset_in_the_middle_of_a_flush_lose_nothing(own_cluster: Cluster) -> None:
    async with ReturningAudience(own_cluster.url, VIDEO, VIEWERS) as audience:
        async with _chat(own_cluster) as posted:
            for cut in (1, 2, 3):
                for node in await _serving(own_cluster):
                    assert node.process.pid is not None
                    assert reset_connections(node.process.pid, node.ports["HTTP_PORT"])
                await audience.have_returned(cut)
                await _grows(posted)
        await audience.have(posted)


async def test_viewers_of_a_node_that_drains_under_load_find_everything_on_another(own_cluster: Cluster) -> None:
    async with ReturningAudience(own_cluster.url, VIDEO, VIEWERS) as audience:
        async with _chat(own_cluster) as posted:
            [node] = await _serving(own_cluster)
            await node.stop()
            assert node.process.returncode == 0
            await audience.have_returned()
            await _grows(posted)
        await audience.have(posted)
        for viewer in audience.viewers:
            assert "reconnect" in {event.event for event in viewer.events}, "it was told, not cut off"


async def _healthy(cluster: Cluster, count: int) -> bool:
    gauge = f"cluster.{RMS}.membership_healthy"
    return (await cluster.envoy.stats(gauge)).get(gauge) == count
