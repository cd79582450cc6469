"""Polling asks for what is not routed, no faster than it may."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from prometheus_client import CollectorRegistry

from rms.channel import Channel
from rms.feed import Feed
from rms.history import History, HistoryPage
from rms.metrics import ServiceMetrics
from rms.polling import Polling
from rms.pump import Pump
from rms.wheel import Wheel
from tests.support.eventually import eventually


class Store(History):
    """Remembers which videos it was asked for; has nothing."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def after(
        self, video: str, cursor: int, limit: int = 1000, *, changes_after: int | None = None
    ) -> HistoryPage:
        self.asked.append(video)
        return HistoryPage([], complete=True)


def polling_of(store: Store, unannounced: Iterable[Feed], *, per_s: float) -> Polling:
    metrics = ServiceMetrics(CollectorRegistry())
    return Polling(store, metrics, unannounced=lambda: unannounced, concurrent=4, per_s=per_s)


def feed(video: str) -> Feed:
    metrics = ServiceMetrics(CollectorRegistry())
    channel = Channel(video, pump=Pump(), wheel=Wheel(), metrics=metrics)
    feed = Feed(channel, covered_to=0, max_held=10, metrics=metrics, on_hole=lambda feed: None)
    feed.open([], complete=True)
    return feed


async def test_what_was_unannounced_is_asked_for_once_more() -> None:
    store, unannounced = Store(), [feed("a"), feed("b")]
    polling = polling_of(store, unannounced, per_s=1_000_000)
    await polling.poll()
    assert sorted(store.asked) == ["a", "b"]
    unannounced.pop()
    await polling.poll()
    assert sorted(store.asked) == ["a", "a", "b", "b"]
    await polling.poll()
    assert sorted(store.asked) == ["a", "a", "a", "b", "b"]


async def test_no_more_are_asked_for_than_the_rate_allows() -> None:
    store = Store()
    polling = polling_of(store, [feed("a"), feed("b"), feed("c")], per_s=0.001)
    round_ = asyncio.create_task(polling.poll())
    await eventually(lambda: store.asked)
    for _ in range(20):  # turns of the loop in which the others would have been asked for long ago
        await asyncio.sleep(0)
    assert len(store.asked) == 1
    round_.cancel()
    await asyncio.gather(round_, return_exceptions=True)
