"""An RMS hangs, loses its links, or drains, in the middle of a chat: whoever comes back has everything."""

from __future__ import annotations

import asyncio
from types import TracebackType

import pytest

from lb.envoy.clusters import RMS
from tests.support.cluster import Cluster
from tests.support.cut import reset_connections
from tests.support.eventually import eventually
from tests.support.posting import Author
from tests.support.returning import ReturningAudience

VIDEO = "crowded"
VIEWERS = 60


class _Chat:
    """One author who goes on and on throughout the block, but for a while after so many comments where told so."""

    def __init__(self, cluster: Cluster) -> None:
        self.stored: list[int] = []
        """Once it is over, the history."""
        self._author = Author(cluster)
        self._until: int | None = None
        self._over = False
        self._task: asyncio.Task[None] | None = None

    @property
    def posted(self) -> dict[int, float]:
        """What was acknowledged, in order, and when it was sent."""
        return self._author.sent_at

    def rest_after(self, more: int | None) -> None:
        """Posts so many more, and then no more until told otherwise; without end where None."""
        self._until = None if more is None else len(self.posted) + more

    async def grows(self, by: int = 50) -> None:
        enough = len(self.posted) + by
        await eventually(lambda: len(self.posted) >= enough, timeout_s=60, what=f"{by} more posts")

    async def __aenter__(self) -> _Chat:
        self._task = asyncio.create_task(self._post())
        await self.grows()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over = True
        async with self._author:
            if self._task is not None:
                await self._task
            self.stored = await self._author.stored(VIDEO)

    async def _post(self) -> None:
        while not self._over:
            if self._until is None or len(self.posted) < self._until:
                await self._author.post(VIDEO, f"comment {len(self.posted)} " + "x" * 400)
            else:
                await eventually(lambda: self._over or self._until is None, timeout_s=60)


@pytest.mark.parametrize("missed", [800, None], ids=["few_missed", "many_missed"])
async def test_viewers_of_a_hung_node_find_everything_on_another(
    own_cluster: Cluster, rms_link: str, missed: int | None
) -> None:
    """A resume replays 1,000; whoever missed more is told so."""
    async with ReturningAudience(own_cluster.url, VIDEO, VIEWERS) as audience:
        async with _Chat(own_cluster) as chat:
            await chat.grows(900)
            [node] = await own_cluster.serving()
            node.pause()
            chat.rest_after(missed)
            if rms_link == "http1":  # nobody ends their streams
                await eventually(lambda: _healthy(own_cluster, 2), what="Envoy to pass the node over")
                for viewer in audience.viewers:
                    viewer.lose_patience()
            await audience.have_returned()
            chat.rest_after(None)
            during = max(chat.posted)
            await eventually(lambda: all(viewer.last_id > during for viewer in audience.viewers), timeout_s=30)
            node.resume()
            await chat.grows()
        await audience.have(chat.posted, chat.stored)


async def test_links_that_are_reset_in_the_middle_of_a_flush_lose_nothing(own_cluster: Cluster) -> None:
    async with ReturningAudience(own_cluster.url, VIDEO, VIEWERS) as audience:
        async with _Chat(own_cluster) as chat:
            for cut in (1, 2, 3):
                for node in await own_cluster.serving():
                    assert node.process.pid is not None
                    assert reset_connections(node.process.pid, node.ports["HTTP_PORT"])
                await audience.have_returned(cut)
                await chat.grows()
        await audience.have(chat.posted, chat.stored)


async def test_viewers_of_a_node_that_drains_under_load_find_everything_on_another(own_cluster: Cluster) -> None:
    async with ReturningAudience(own_cluster.url, VIDEO, VIEWERS) as audience:
        async with _Chat(own_cluster) as chat:
            [node] = await own_cluster.serving()
            await node.stop()
            assert node.process.returncode == 0
            await audience.have_returned()
            await chat.grows()
        await audience.have(chat.posted, chat.stored)
        for viewer in audience.viewers:
            assert "reconnect" in {event.event for event in viewer.events}, "it was told, not cut off"


async def _healthy(cluster: Cluster, count: int) -> bool:
    gauge = f"cluster.{RMS}.membership_healthy"
    return (await cluster.envoy.stats(gauge)).get(gauge) == count
