"""A dispatcher dies without a word: the publisher sends what was not acknowledged to the other one."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.cluster import Cluster
from tests.support.eventually import eventually
from tests.support.posting import Author
from tests.support.viewers import Audience, Viewer


@pytest.mark.parametrize("rms_link", ["h2"])  # what is killed is not on the link
async def test_nothing_is_lost_when_either_dispatcher_is_killed(own_cluster: Cluster) -> None:
    cluster = own_cluster
    videos = [f"video-{number}" for number in range(8)]
    posted: dict[str, list[int]] = {video: [] for video in videos}
    done = False

    async def chat(author: Author, video: str) -> None:
        while not done:
            posted[video].append(await author.post(video))

    async with Audience([Viewer(cluster.url, video) for video in videos]) as audience, Author(cluster) as author:
        tasks = [asyncio.create_task(chat(author, video)) for video in videos]
        for dispatcher in cluster.dispatchers.values():
            await _grows(posted[videos[0]])
            await dispatcher.kill9()
            await _grows(posted[videos[0]])
            await dispatcher.start()
        done = True
        await asyncio.gather(*tasks)
        for viewer, video in zip(audience.viewers, videos, strict=True):
            await viewer.until_count(len(posted[video]), timeout_s=20)
            assert viewer.ids == posted[video]
            assert not viewer.closed


async def _grows(posted: list[int]) -> None:
    enough = len(posted) + 30
    await eventually(lambda: len(posted) >= enough, what="30 more posts")
