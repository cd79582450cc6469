"""Of hundreds who watch, some stop reading: what they are owed is bounded, and the others get everything.

What it costs in memory is ``ops.bench.stalled``'s to tell.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.cluster import Cluster, running_cluster
from tests.support.posting import Author
from tests.support.viewers import Audience, Viewer

VIEWERS, STALLED = 400, 40
TEXT = "語" * 500
RING_BYTES = 256 * 1024
CHOKE_BYTES = 1024 * 1024
AT_ONCE = 50
# Of Envoy's and the kernel's buffers on the way, none holds as much for one viewer.
MORE_THAN_ANY_BUFFER_BYTES = 6 * 1024 * 1024


@pytest.fixture
def small_ring(tmp_path_factory: pytest.TempPathFactory, rms_link: str) -> Iterator[Cluster]:
    """One node, whose rings are soon overtaken, and that waits for who takes nothing."""
    with running_cluster(
        tmp_path_factory.mktemp("small-ring"),
        rms=1,
        dispatchers=1,
        ENVOY_RMS_LINK=rms_link,
        RMS_RING_BYTES=str(RING_BYTES),
        RMS_H2_CHOKE_BYTES=str(CHOKE_BYTES),
        RMS_STALLED_AFTER_S="600",
        ENVOY_DEAD_VIEWER_TIMEOUT_S="600",
    ) as cluster:
        yield cluster


async def test_who_stalls_among_hundreds_is_told_and_the_others_get_everything(small_ring: Cluster) -> None:
    video = "many"
    node = small_ring.rms["rms-1"]
    audience = Audience([Viewer(small_ring.url, video) for _ in range(VIEWERS)])
    async with audience, Author(small_ring, at_once=AT_ONCE) as author:
        stalled, reading = audience.viewers[:STALLED], audience.viewers[STALLED:]
        posted: list[int] = []

        async def post(size_bytes: int) -> None:
            for _ in range(1 + size_bytes // len(TEXT.encode()) // AT_ONCE):
                posted.extend(await author.post_all(video, [TEXT] * AT_ONCE, at_once=AT_ONCE))
                for viewer in reading:
                    await viewer.until_last(posted[-1], timeout_s=60)

        for viewer in stalled:
            viewer.pause()
        # Where Envoy is slow, all fall behind for a while: they are stuck who still are two rings later.
        behind = [0.0]
        while min(behind[-2:]) < STALLED:
            assert len(posted) * len(TEXT.encode()) < MORE_THAN_ANY_BUFFER_BYTES, "who reads nothing falls behind"
            await post(1 if behind[-1] < STALLED else 2 * RING_BYTES)
            samples = await small_ring.admin_metrics(node.name)
            behind.append(samples.total("livecomments_rms_laggards"))

        assert samples.total("livecomments_rms_laggards") == STALLED
        assert samples.total("livecomments_rms_resyncs_total", reason="fell_behind") >= STALLED
        assert samples.total("livecomments_rms_link_buffered_bytes") <= CHOKE_BYTES
        assert samples.total("livecomments_rms_viewers") == VIEWERS
        assert samples.total("livecomments_rms_closed_total") == 0
        assert all(viewer.ids == posted for viewer in reading)

        for viewer in stalled:
            viewer.resume()
        await small_ring.until_none_is_behind(node.name)
        # What came before was skipped, up to the very last where the ring just then was overtaken.
        posted.extend(await author.post_all(video, ["on we go"], at_once=1))
        for viewer in stalled:
            await viewer.until_last(posted[-1], timeout_s=60)
            told = [event for event in viewer.events if event.event == "resync"]
            missed = set(posted) - set(viewer.ids)
            assert len(told) == 1
            assert min(missed) > int(told[0].json()["after"])
            assert len(viewer.ids) == len(set(viewer.ids))
