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
        await eventually(lambda: _every_video_routed(cluster), what="every dispatcher to know every route")
        sent_before = await _sent(cluster)
        posted = await asyncio.gather(*(author.post_all(video, ["hi"] * COMMENTS_EACH, at_once=1) for video in VIDEOS))
        for video, ids in zip(VIDEOS, posted, strict=True):
            for viewer in viewers[video]:
                await viewer.until_count(len(ids))
        for video, ids in zip(VIDEOS, posted, strict=True):
            for viewer in viewers[video]:
                assert viewer.ids == ids
        sent = await _sent(cluster)
    assert sum(sent.values()) - sum(sent_before.values()) == len(VIDEOS) * COMMENTS_EACH, (
        "each comment goes to one node: that which serves its video"
    )
    assert all(sent[node] > sent_before[node] for node in sent), "the videos are spread over all nodes"


async def test_the_query_string_never_changes_the_node(cluster: Cluster) -> None:
    await eventually(lambda: _nobody_watches(cluster), what="the viewers of other tests to be gone")
    for number in range(12):
        video = f"queried-{number}"
        viewers = [Viewer(cluster.url, video, query=query) for query in ("", "?backlog=0", "?clientId=7&backlog=5")]
        async with Audience(viewers):
            per_node = await _viewers_per_node(cluster)
            assert sorted(per_node.values()) == [0, 0, len(viewers)], f"{video}'s viewers: {per_node}"
        await eventually(lambda: _nobody_watches(cluster), what="the viewers to be gone")


async def _nobody_watches(cluster: Cluster) -> bool:
    return not any((await _viewers_per_node(cluster)).values())


async def _viewers_per_node(cluster: Cluster) -> dict[str, float]:
    return {name: (await node.samples()).total("livecomments_rms_viewers") for name, node in cluster.rms.items()}


async def _every_video_routed(cluster: Cluster) -> bool:
    answers = [await cluster.describe_routes(dispatcher) for dispatcher in cluster.dispatchers]
    return all({route.live_video_id for route in answer.routes} >= set(VIDEOS) for answer in answers)


async def _sent(cluster: Cluster) -> dict[str, float]:
    """Events that went to each RMS, from all dispatchers."""
    samples = [await node.samples() for node in cluster.dispatchers.values()]
    return {
        rms: sum(sample.total("livecomments_dispatcher_events_sent_total", rms=rms) for sample in samples)
        for rms in cluster.rms
    }
