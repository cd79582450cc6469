"""Who joins late sees what was said before; who breaks off and returns misses nothing, on whichever node."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from tests.support.cluster import Cluster
from tests.support.eventually import eventually
from tests.support.posting import Author
from tests.support.viewers import Audience, Viewer


@contextlib.asynccontextmanager
async def _chatter(author: Author, video: str, posted: list[int]) -> AsyncIterator[None]:
    """Posts one comment after the other while the block runs."""
    stop = False

    async def post() -> None:
        while not stop:
            posted.append(await author.post(video, f"comment {len(posted)}"))

    task = asyncio.create_task(post())
    try:
        yield
    finally:
        stop = True
        await task


async def test_who_joins_during_a_chat_sees_the_last_100_and_then_everything(cluster: Cluster) -> None:
    video = "joined-late"
    posted: list[int] = []
    async with Author(cluster) as author:
        async with _chatter(author, video, posted):
            await eventually(lambda: len(posted) >= 150)
            late = [await Viewer(cluster.url, video).open() for _ in range(20)]
            await eventually(lambda: len(posted) >= 300)
        stored = await author.stored(video)
        async with Audience([]) as audience:
            audience.viewers += late
            for viewer in late:
                await viewer.until_last(stored[-1])
                first = stored.index(viewer.ids[0])
                assert viewer.ids == stored[first:], "nothing is missing and nothing comes twice"
                assert len(viewer.ids) >= 100, "the backlog is 100 comments"


async def test_the_backlog_is_as_long_as_asked_for(cluster: Cluster) -> None:
    video = "backlogs"
    async with Author(cluster) as author:
        ids = await author.post_all(video, [f"comment {number}" for number in range(130)])
        for query, backlog in (("", 100), ("?backlog=0", 0), ("?backlog=7", 7), ("?backlog=1000", 1000)):
            async with Audience([Viewer(cluster.url, video, query=query)]) as audience:
                viewer = audience.viewers[0]
                last = await author.post(video, "live")
                await viewer.until_last(last)
                assert viewer.ids == [*ids[max(0, len(ids) - backlog) :], last]
            ids.append(last)


async def test_who_returns_to_the_same_node_gets_what_it_missed_once(cluster: Cluster) -> None:
    video = "returned"
    async with Author(cluster) as author:
        viewer = await Viewer(cluster.url, video).open()
        before = await author.post_all(video, ["before"] * 20)
        await eventually(lambda: viewer.ids == before)
        viewer.close()
        missed = await author.post_all(video, ["missed"] * 50)
        for headers, query in (({"Last-Event-ID": str(before[-1])}, ""), ({}, f"?lastEventId={before[-1]}")):
            async with Audience([Viewer(cluster.url, video, headers=headers, query=query)]) as audience:
                again = audience.viewers[0]
                live = await author.post(video, "live")
                await again.until_last(live)
                assert again.ids == [*missed, live]
                missed.append(live)


async def test_who_returns_to_another_node_misses_nothing(cluster: Cluster) -> None:
    """Straight at the nodes, since Envoy would bring it to the same one."""
    video = "moved"
    urls = [f"http://{node.address('HTTP_PORT')}" for node in cluster.rms.values()]
    async with Author(cluster) as author:
        viewer = await Viewer(urls[0], video).open()
        before = await author.post_all(video, ["before"] * 20)
        await eventually(lambda: viewer.ids == before)
        viewer.close()
        missed = await author.post_all(video, ["missed"] * 50)
        for url in urls[1:]:
            async with Audience([Viewer(url, video, headers={"Last-Event-ID": str(before[-1])})]) as audience:
                again = audience.viewers[0]
                live = await author.post(video, "live")
                await again.until_last(live)
                new = [comment_id for comment_id in again.ids if comment_id > before[-1]]
                assert new == [*missed, live], "nothing is missing, nothing of it comes twice"
                assert set(again.ids) - set(new) <= set(before), "2 s from before may come again, nothing else"
                missed.append(live)


async def test_who_missed_more_than_a_thousand_is_told_to_read_the_rest(cluster: Cluster) -> None:
    video = "long-away"
    async with Author(cluster) as author:
        ids = await author.post_all(video, [f"comment {number}" for number in range(1_205)], at_once=64)
        headers = {"Last-Event-ID": str(ids[0])}
        async with Audience([Viewer(cluster.url, video, headers=headers)]) as audience:
            viewer = audience.viewers[0]
            await eventually(lambda: len(viewer.ids) >= 1_000)
            resync = viewer.events[0]
            assert resync.event == "resync"
            assert int(resync.json()["after"]) <= ids[0]
            assert viewer.ids[-1] == ids[-1]
            rest = [int(comment["commentId"]) async for comment in author.api.after(video, resync.json()["after"])]
            assert sorted({*rest, *viewer.ids} - {ids[0]}) == ids[1:]
