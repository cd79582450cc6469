"""A viewer that stops reading delays nobody, and is closed or told to resync.

What it costs in memory is ``ops.bench.stalled``'s to tell.
"""

from __future__ import annotations

from tests.support.cluster import Cluster
from tests.support.posting import Author
from tests.support.viewers import Audience, Viewer

# Of Envoy's and the kernel's buffers on the way, none holds as much for one viewer.
MORE_THAN_ANY_BUFFER_BYTES = 6 * 1024 * 1024
STALLED = 20
# What is posted while they take nothing.
OWED_BYTES = 1024 * 1024


async def test_a_stalled_viewer_delays_nobody_and_is_resynced_or_closed(own_cluster: Cluster) -> None:
    cluster, video = own_cluster, "stalled"
    text = "x" * 500
    async with (
        Audience([Viewer(cluster.url, video) for _ in range(STALLED + 8)]) as audience,
        Author(cluster) as author,
    ):
        stalled, reading = audience.viewers[:STALLED], audience.viewers[STALLED:]
        for viewer in stalled:
            viewer.pause()
        [node] = await cluster.serving()
        posted: list[int] = []
        while len(posted) * len(text) < MORE_THAN_ANY_BUFFER_BYTES:
            batch = await author.post_all(video, [text] * 500, at_once=64)
            posted += batch
            for viewer in reading:
                await viewer.until_last(batch[-1])
            if (await cluster.admin_metrics(node.name)).total("livecomments_rms_laggards") >= len(stalled):
                break
        posted += await author.post_all(video, [text] * (OWED_BYTES // len(text)), at_once=64)
        for viewer in reading:
            await viewer.until_last(posted[-1], timeout_s=30)
        assert all(viewer.ids == posted for viewer in reading)
        for viewer in stalled:
            viewer.resume()
        await cluster.until_none_is_behind(node.name)
        # What came before was skipped, up to the very last where the ring just then was overtaken.
        posted += await author.post_all(video, ["on we go"])
        for viewer in stalled:
            await viewer.until_last_or_closed(posted[-1], timeout_s=60)
            resyncs = [event for event in viewer.events if event.event == "resync"]
            missing = set(posted) - set(viewer.ids)
            assert not missing or resyncs or viewer.closed, "what it missed it was told of"
            assert len(viewer.ids) == len(set(viewer.ids))
