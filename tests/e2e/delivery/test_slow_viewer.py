"""A viewer that stops reading costs bounded memory, delays nobody, and is closed or told to resync."""

from __future__ import annotations

from tests.support.cluster import Cluster
from tests.support.posting import Author
from tests.support.viewers import Audience, Viewer

# Of Envoy's and the kernel's buffers on the way, none holds as much for one viewer.
MORE_THAN_ANY_BUFFER_BYTES = 6 * 1024 * 1024


async def test_a_stalled_viewer_delays_nobody_and_is_resynced_or_closed(own_cluster: Cluster) -> None:
    cluster, video = own_cluster, "stalled"
    text = "x" * 500
    async with Audience([Viewer(cluster.url, video) for _ in range(12)]) as audience, Author(cluster) as author:
        stalled, reading = audience.viewers[:4], audience.viewers[4:]
        for viewer in stalled:
            viewer.pause()
        [node] = [node for node in cluster.rms.values() if (await node.samples()).total("livecomments_rms_viewers")]
        posted: list[int] = []
        while len(posted) * len(text) < MORE_THAN_ANY_BUFFER_BYTES:
            batch = await author.post_all(video, [text] * 500, at_once=64)
            posted += batch
            for viewer in reading:
                await viewer.until_last(batch[-1])
            if (await node.samples()).total("livecomments_rms_laggards") >= len(stalled):
                break
        assert all(viewer.ids == posted for viewer in reading)
        for viewer in stalled:
            viewer.resume()
        for viewer in stalled:
            await viewer.until_last_or_closed(posted[-1], timeout_s=30)
            resyncs = [event for event in viewer.events if event.event == "resync"]
            missing = set(posted) - set(viewer.ids)
            assert not missing or resyncs or viewer.closed, "what it missed it was told of"
            assert len(viewer.ids) == len(set(viewer.ids))
