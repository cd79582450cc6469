"""ZooKeeper goes away in the middle of a chat: nobody is disconnected and nothing is lost."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from tests.support.cluster import Cluster
from tests.support.eventually import eventually
from tests.support.posting import Author
from tests.support.viewers import Audience, Viewer


async def _post_until(author: Author, video: str, posted: list[int], stop: asyncio.Event) -> None:
    while not stop.is_set():
        posted.append(await author.post(video, f"comment {len(posted)}"))


@pytest.mark.parametrize("rms_link", ["h2"])  # what is killed is not on the link
async def test_a_restart_in_the_middle_of_a_chat(own_cluster: Cluster) -> None:
    cluster, video, new_video = own_cluster, "before-outage", "opened-in-outage"
    posted: list[int] = []
    stop = asyncio.Event()
    async with Audience([Viewer(cluster.url, video) for _ in range(30)]) as audience, Author(cluster) as author:
        chat = asyncio.create_task(_post_until(author, video, posted, stop))
        await eventually(lambda: len(posted) >= 50)
        await cluster.zookeeper.process.kill9()

        during = len(posted)
        await eventually(lambda: len(posted) >= during + 50, what="posts to go on without ZooKeeper")
        async with Audience([Viewer(cluster.url, new_video) for _ in range(3)]) as late:
            first = await author.post(new_video, "is anybody here?")
            for viewer in late.viewers:
                await viewer.until_last(first)
                assert viewer.ids == [first]

            await cluster.zookeeper.start()
            await eventually(lambda: _all_connected(cluster), timeout_s=30, what="every node to be back")
            await eventually(lambda: _routed(cluster, new_video), timeout_s=30, what="the new video's route")
            second = await author.post(new_video, "back again")
            for viewer in late.viewers:
                await viewer.until_last(second)
                assert viewer.ids == [first, second]

        after = len(posted)
        await eventually(lambda: len(posted) >= after + 50)
        stop.set()
        with contextlib.suppress(asyncio.CancelledError):
            await chat
        for viewer in audience.viewers:
            await viewer.until_count(len(posted))
            assert viewer.ids == posted
            assert not viewer.closed
        assert await author.stored(video) == posted


async def _all_connected(cluster: Cluster) -> bool:
    return all([await node.is_ready() for node in cluster.nodes.values()])


async def _routed(cluster: Cluster, video: str) -> bool:
    """All dispatchers know the video's route."""
    routes = [await cluster.describe_routes(name, video) for name in cluster.dispatchers]
    return all(answer.session_state == "CONNECTED" and answer.routes for answer in routes)
