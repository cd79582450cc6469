"""An RMS dies without a word: its viewers find what they missed elsewhere, its routes go, nothing stale stays."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.cluster import Cluster
from tests.support.eventually import eventually
from tests.support.posting import Author
from tests.support.viewers import Audience, Viewer

VIDEOS = [f"crowd-{number}" for number in range(5_000)]
RETURNING = VIDEOS[:50]


async def _routes_of(cluster: Cluster, dispatcher: str, rms: str) -> dict[str, str]:
    """video → boot id of the life that registered it, as a dispatcher knows it."""
    answer = await cluster.describe_routes(dispatcher)
    assert not answer.truncated
    return {route.live_video_id: route.boot_id for route in answer.routes if route.rms_id == rms}


async def _boots(cluster: Cluster, rms: str, videos: list[str]) -> set[str]:
    """The lives of ``rms`` behind its routes, once every dispatcher knows exactly those of ``videos``; else nothing."""
    tables = [await _routes_of(cluster, dispatcher, rms) for dispatcher in cluster.dispatchers]
    return set(tables[0].values()) if all(set(table) == set(videos) for table in tables) else set()


@pytest.mark.timeout(180)
async def test_an_rms_with_5000_videos_is_killed_and_restarted_at_once(own_cluster: Cluster) -> None:
    cluster, node = own_cluster, own_cluster.rms["rms-1"]
    url = f"http://{node.address('HTTP_PORT')}"
    async with Audience([Viewer(url, video) for video in VIDEOS], at_once=100) as audience:
        before = await eventually(lambda: _boots(cluster, "rms-1", VIDEOS), timeout_s=60, what="5,000 routes")
        await node.kill9()
        for viewer in audience.viewers:
            await viewer.until_closed()
    await node.start()
    async with Audience([Viewer(url, video) for video in RETURNING]) as audience, Author(cluster) as author:
        after = await eventually(
            lambda: _boots(cluster, "rms-1", RETURNING), timeout_s=30, what="the routes of the new life and no others"
        )
        assert len(before) == len(after) == 1
        assert before != after
        posted = [await author.post(video) for video in RETURNING]
        for viewer, comment_id in zip(audience.viewers, posted, strict=True):
            await viewer.until_last(comment_id)
            assert viewer.ids == [comment_id]


async def test_viewers_of_a_killed_rms_find_everything_on_another(own_cluster: Cluster) -> None:
    cluster, video = own_cluster, "rerouted"
    posted: list[int] = []
    done = False

    async def chat(author: Author) -> None:
        while not done:
            posted.append(await author.post(video, f"comment {len(posted)}"))

    async with Audience([Viewer(cluster.url, video) for _ in range(30)]) as audience, Author(cluster) as author:
        task = asyncio.create_task(chat(author))
        await eventually(lambda: len(posted) >= 50)
        [node] = await cluster.serving()
        await node.kill9()
        for viewer in audience.viewers:
            await viewer.until_closed()
        returned = [
            Viewer(cluster.url, video, headers={"Last-Event-ID": str(viewer.ids[-1])}) for viewer in audience.viewers
        ]
        async with Audience(returned):
            count = len(posted)
            await eventually(lambda: len(posted) >= count + 50)
            done = True
            await task
            for first, second in zip(audience.viewers, returned, strict=True):
                await second.until_last(posted[-1])
                assert first.ids == posted[: len(first.ids)]
                new = [comment_id for comment_id in second.ids if comment_id > first.ids[-1]]
                assert new == posted[len(first.ids) :]
