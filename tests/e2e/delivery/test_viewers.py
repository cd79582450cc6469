"""Everybody who watches sees how many do, on whichever node they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AsyncExitStack
from functools import partial

import pytest

from tests.support.cluster import Cluster, running_cluster
from tests.support.eventually import eventually
from tests.support.viewers import Audience, Viewer


@pytest.fixture
def quick_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two nodes that take two viewers of a video each, and count without waiting long."""
    with running_cluster(
        tmp_path_factory.mktemp("quick-cluster"),
        rms=2,
        RMS_MAX_VIEWERS_PER_VIDEO="2",
        RMS_VIEWERS_REPORT_EVERY_S="0.1",
        RMS_VIEWERS_GAP_S="0.1",
        RMS_RIDER_WAIT_S="0.1",
        DISPATCHER_VIEWERS_EVERY_S="0.1",
    ) as cluster:
        yield cluster


def counts(viewer: Viewer) -> list[int]:
    return [event.json()["count"] for event in viewer.events if event.event == "viewers"]


async def all_know(viewers: list[Viewer], count: int) -> None:
    """Waits until the last that each was told is ``count``."""
    for viewer in viewers:
        await eventually(partial(_knows, viewer, count), what=f"a viewer knows of {count}")


def _knows(viewer: Viewer, count: int) -> bool:
    return counts(viewer)[-1:] == [count]


async def test_viewers_on_two_nodes_are_counted_together_up_and_down(quick_cluster: Cluster) -> None:
    video = "counted"
    async with AsyncExitStack() as stack:
        viewers: list[Viewer] = []
        for count in (1, 2, 3):
            audience = await stack.enter_async_context(Audience([Viewer(quick_cluster.url, video)]))
            viewers += audience.viewers
            await all_know(viewers, count)
        nodes = [await quick_cluster.admin_metrics(name) for name in ("rms-1", "rms-2")]
        assert sorted(node.total("livecomments_rms_viewers") for node in nodes) == [1, 2], "spread by the limit"
        while len(viewers) > 1:
            viewers.pop(0).close()
            await all_know(viewers, len(viewers))
        assert counts(viewers[0])[-3:] == [3, 2, 1]


async def test_who_joins_is_told_before_anything_changes(quick_cluster: Cluster) -> None:
    video = "joined"
    async with Audience([Viewer(quick_cluster.url, video)]) as first:
        await all_know(first.viewers, 1)
        async with Audience([Viewer(quick_cluster.url, video)]) as second:
            await eventually(lambda: bool(counts(second.viewers[0])))
            assert counts(second.viewers[0])[0] == 1
            await all_know(first.viewers + second.viewers, 2)
