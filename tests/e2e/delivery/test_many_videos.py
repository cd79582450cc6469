"""Two hundred videos: a comment reaches the viewers of its video, and goes only to the node that serves it."""

from __future__ import annotations

import asyncio

from tests.support.cluster import Cluster
from tests.support.eventually import eventually
from tests.support.posting import Author
from tests.support.viewers import Audience, Viewer

VIDEOS = [f"many-{number}" for number in range(200)]
VIEWERS_EACH = 3
COMMENTS_EACH = 5


async def test_every_comment_reaches_exactly_the_viewers_of_its_video(cluster: Cluster) -> None:
    viewers = {video: [Viewer(cluster.url, video) for _ in range(VIEWERS_EACH)] for video in VIDEOS}
    everyone = Audience([viewer for group in viewers.values() for viewer in group])
    async with everyone, Author(cluster) as author:
        await _routed(cluster, len(VIDEOS))
        sent_before = await _sent(cluster)
        posted = await asyncio.gather(*(author.post_all(video, ["hi"] * COMMENTS_EACH, at_once=1) for video in VIDEOS))
        for video, ids in zip(VIDEOS, posted, strict=True):
            for viewer in viewers[video]:
                await eventually(lambda viewer=viewer, ids=ids: len(viewer.ids) >= len(ids), what=f"all of {video}")
        for video, ids in zip(VIDEOS, posted, strict=True):
            for viewer in viewers[video]:
                assert viewer.ids == ids
        sent = await _sent(cluster)
    assert sum(sent.values()) - sum(sent_before.values()) == len(VIDEOS) * COMMENTS_EACH, (
        "each comment goes to one node: that which serves its video"
    )
    assert all(sent[node] > sent_before[node] for node in sent), "the videos are spread over all nodes"


async def test_the_query_string_never_changes_the_node(cluster: Cluster) -> None:
    for number in range(12):
        video = f"queried-{number}"
        viewers = [Viewer(cluster.url, video, query=query) for query in ("", "?backlog=0", "?clientId=7&backlog=5")]
        before = await _viewers_per_node(cluster)
        async with Audience(viewers):
            after = await _viewers_per_node(cluster)
            grown = {node: after[node] - before[node] for node in after if after[node] != before[node]}
            assert list(grown.values()) == [len(viewers)], f"{video}'s viewers are on several nodes: {grown}"
        await eventually(lambda before=before: _is(cluster, before), what="the viewers to be gone")


async def _is(cluster: Cluster, per_node: dict[str, float]) -> bool:
    return await _viewers_per_node(cluster) == per_node


async def _viewers_per_node(cluster: Cluster) -> dict[str, float]:
    return {name: (await node.samples()).total("livecomments_rms_viewers") for name, node in cluster.rms.items()}


async def _routed(cluster: Cluster, videos: int) -> None:
    async def known() -> bool:
        samples = [await node.samples() for node in cluster.dispatchers.values()]
        return all(sample.total("livecomments_dispatcher_routes") >= videos for sample in samples)

    await eventually(known, what="every dispatcher to know every route")


async def _sent(cluster: Cluster) -> dict[str, float]:
    """Events that went to each RMS, from all dispatchers."""
    samples = [await node.samples() for node in cluster.dispatchers.values()]
    return {
        rms: sum(sample.total("livecomments_dispatcher_events_sent_total", rms=rms) for sample in samples)
        for rms in cluster.rms
    }
